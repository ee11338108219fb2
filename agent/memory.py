"""What a source remembers between looks, kept in the outbox beside the result it belongs to."""

import threading
from typing import Protocol

from checks.codec import JsonValue


class Kept(Protocol):
    """Where remembered values lie."""

    def remembered(self, key: str) -> JsonValue | None:
        """The value stored with the last recorded look."""


MOST_AT_HAND = 64  # values; of a plan with more the others are read from the outbox


class Recent:
    """Values of looks that have ended but are not on disk yet, over those that are.

    Those stored last are kept at hand: to read one from the outbox costs half of the look that wants it.
    """

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self._fresh: dict[str, JsonValue] = {}
        self._at_hand: dict[str, JsonValue] = {}
        self._lock = threading.Lock()

    def get(self, key: str) -> JsonValue | None:
        """The newest value."""
        with self._lock:
            for values in (self._fresh, self._at_hand):
                if key in values:
                    return values[key]
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
                self._at_hand.pop(key, None)
                self._at_hand[key] = value
            while len(self._at_hand) > MOST_AT_HAND:
                del self._at_hand[next(iter(self._at_hand))]


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
