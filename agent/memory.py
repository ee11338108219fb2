"""What a source remembers between looks, kept in the outbox beside the result it belongs to."""

import threading
from typing import Protocol

from checks.codec import JsonValue


class Kept(Protocol):
    """Where remembered values lie."""

    def remembered(self, key: str) -> JsonValue | None:
        """The value stored with the last recorded look."""


class Recent:
    """Values of looks that have ended but are not on disk yet, over those that are."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self._fresh: dict[str, JsonValue] = {}
        self._lock = threading.Lock()

    def get(self, key: str) -> JsonValue | None:
        """The newest value."""
        with self._lock:
            if key in self._fresh:
                return self._fresh[key]
        return self._kept.remembered(key)

    def ended(self, values: dict[str, JsonValue]) -> None:
        """A look has ended and its result counts: what it stored is in force."""
        with self._lock:
            self._fresh.update(values)

    def stored(self, values: dict[str, JsonValue]) -> None:
        """These are on disk now; newer ones stay."""
        with self._lock:
            for key, value in values.items():
                if self._fresh.get(key) is value:
                    del self._fresh[key]


class LookMemory:
    """The memory of one look: what it stores counts only with its result (an abandoned look forgets)."""

    def __init__(self, recent: Recent, prefix: str) -> None:
        self._recent = recent
        self._prefix = prefix
        self.values: dict[str, JsonValue] = {}

    def swap(self, key: str, value: JsonValue) -> JsonValue | None:
        """Store `value` and return what was stored before."""
        name = f"{self._prefix}/{key}"
        before = self.values[name] if name in self.values else self._recent.get(name)
        self.values[name] = value
        return before
