"""What a source remembers between two looks: the last sample, a log cursor, the boot seen."""

from collections.abc import MutableMapping
from typing import Protocol

from checks.codec import JsonValue


class Memory(Protocol):
    """Keeps one plain JSON value per key; the runner gives each item its own key prefix."""

    def swap(self, key: str, value: JsonValue) -> JsonValue | None:
        """Store `value` and return what was stored before (None: nothing)."""


class Transient:
    """A memory that ends with the process, for a single look from the command line."""

    def __init__(self, kept: MutableMapping[str, JsonValue] | None = None) -> None:
        self._kept: MutableMapping[str, JsonValue] = {} if kept is None else kept

    def swap(self, key: str, value: JsonValue) -> JsonValue | None:
        """Store `value` and return what was stored before."""
        before = self._kept.get(key)
        self._kept[key] = value
        return before
