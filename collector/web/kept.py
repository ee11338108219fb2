"""Figures that several requests share: made once, and behind the pages once they are a little old.

What people say, a seal, or an estate changes figures at a stroke: what was made before is never shown again.
Results come every second: a figure that stands on fewer of them is shown while a thread of the server makes
the next one, with the instant as of which it was made on the page. A page of many figures waits for none of
them: it tells which are not ready, and the thread makes those before all else. Without that thread everything
is made by whoever asks.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Mark = tuple[int, int, int]
"""The newest entries of what changes figures at a stroke: said, sealed, applied; -1 for none."""
Name = tuple[str, ...]
Seen = Callable[[], tuple[Mark, int]]
"""The mark and the instant (UTC ms) at which somebody asks."""
MOST = 96
SHOWN_MS, _SHOWN = 120_000, 3
"""So old a figure is still shown while it is made anew, or so many times as long as it is fresh."""
FAILED_MS = 60_000
"""For so long nobody tries again what could not be made, unless something is said meanwhile."""


@dataclass(frozen=True, slots=True)
class Held:
    """A figure: on which mark it stands, when it was begun (UTC ms)."""

    mark: Mark
    at_ms: int
    value: Any


@dataclass(frozen=True, slots=True)
class Failed:
    """What could not be made behind the pages: on which mark it was begun, when (UTC ms), why not."""

    mark: Mark
    at_ms: int
    error: Exception


@dataclass(frozen=True, slots=True)
class Waited:
    """A figure that a page lacks."""

    name: Name
    make: Callable[[], Any]
    fresh_ms: int


def stands(made: Mark, now: Mark) -> bool:
    """Whether what was made at one mark has seen everything of another."""
    return all(one >= other for one, other in zip(made, now, strict=True))


class Kept:
    """Figures by name, the one that was made longest ago first out."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[Name, Held] = {}
        self._making: dict[Name, threading.Lock] = {}
        self._asked: dict[Name, int] = {}
        self._failed: dict[Name, Failed] = {}
        self._waited: dict[Name, Waited] = {}
        self.renewing: Callable[[Name], None] | None = None
        """Whom to tell that something old or nothing was shown; None: nobody makes it behind the pages."""

    def get(self, name: Name) -> Held | None:
        """What there is, however old."""
        return self._held.get(name)

    def asked(self, name: Name) -> int | None:
        """When a page last wanted it (UTC ms); None: no page did."""
        return self._asked.get(name)

    def glance(self, name: Name, seen: Seen, fresh_ms: int) -> Held | None:
        """What there is, however old; where it should be newer it is made anew behind the page."""
        mark, now = seen()
        self._asked[name] = now
        renewing = self.renewing
        if renewing is not None and self._fit(name, mark, now, fresh_ms) is None:
            renewing(name)
        return self._held.get(name)

    def ready(self, wanted: Waited, seen: Seen) -> Held | Failed | None:
        """What can be shown without waiting; None: it is made behind the page, before what nobody waits for.

        Where nobody makes figures behind the pages it is made here.
        """
        name, fresh_ms, renewing = wanted.name, wanted.fresh_ms, self.renewing
        if renewing is None:
            value = self.of(name, wanted.make, seen, fresh_ms)
            return Held(*seen(), value)
        mark, now = seen()
        self._asked[name] = now
        known = self._fit(name, mark, now, fresh_ms)
        if known is None:
            known = self._fit(name, mark, now, max(SHOWN_MS, _SHOWN * fresh_ms))
            if known is None:
                failed = self._failed.get(name)
                if failed and stands(failed.mark, mark) and 0 <= now - failed.at_ms < FAILED_MS:
                    return failed
                with self._lock:
                    if len(self._waited) < MOST:
                        self._waited.setdefault(name, wanted)  # else the next poll asks again
            renewing(name)
        return known

    def waited(self) -> Waited | None:
        """What somebody has waited for longest; it is taken off."""
        with self._lock:
            return self._waited.pop(next(iter(self._waited))) if self._waited else None

    def is_waited(self) -> bool:
        """Whether a page lacks a figure."""
        return bool(self._waited)

    def fail(self, name: Name, failed: Failed) -> None:
        """It could not be made: pages that do not wait for it tell why."""
        with self._lock:
            self._held.pop(name, None)
            self._failed[name] = failed
            while len(self._failed) > MOST:
                self._failed.pop(next(iter(self._failed)))

    def of(
        self, name: Name, make: Callable[[], Any], seen: Seen, fresh_ms: int, *, behind: bool = False
    ) -> Any:
        """The figure of this name.

        Several who ask at a time wait for the one that makes it. `behind`: it may be shown for a while when
        it is no longer fresh, if somebody is there to make it anew.
        """
        mark, now = seen()
        self._asked[name] = now
        known = self._fit(name, mark, now, fresh_ms)
        if known is not None:
            return known.value
        renewing = self.renewing
        if behind and renewing is not None:
            known = self._fit(name, mark, now, max(SHOWN_MS, _SHOWN * fresh_ms))
            if known is not None:
                renewing(name)
                return known.value
        with self._turn(name):
            known = self._fit(name, *seen(), fresh_ms)
            return self._make(name, make, seen) if known is None else known.value

    def renew(self, name: Name, make: Callable[[], Any], seen: Seen) -> None:
        """Make it anew, whatever is held; one that cannot be made is held no more."""
        with self._turn(name):
            try:
                self._make(name, make, seen)
            except BaseException:
                with self._lock:
                    self._held.pop(name, None)
                raise

    def _fit(self, name: Name, mark: Mark, now: int, most_ms: int) -> Held | None:
        known = self._held.get(name)
        if known is None or not stands(known.mark, mark) or not 0 <= now - known.at_ms < most_ms:
            return None
        return known

    def _make(self, name: Name, make: Callable[[], Any], seen: Seen) -> Any:
        mark, now = seen()  # before it is made: what comes meanwhile makes it old, never the other way round
        value = make()
        with self._lock:
            self._held.pop(name, None)
            self._failed.pop(name, None)
            self._held[name] = Held(mark, now, value)
            while len(self._held) > MOST:
                gone = next(iter(self._held))
                self._held.pop(gone)
                self._making.pop(gone, None)
                self._asked.pop(gone, None)
        return value

    def _turn(self, name: Name) -> threading.Lock:
        with self._lock:
            return self._making.setdefault(name, threading.Lock())

    def forget(self) -> None:
        """Make everything anew from now on."""
        with self._lock:
            self._held.clear()
