"""Batches that say again what one before said: taken in whole, their series followed in one piece.

Most batches of an agent hold the same looks at the same targets with the same outcome as one a minute
before; only the times differ. Looks that again say nothing of their target (an error, or unknown) are among
them: they prolong no run, but are the newest looks. A `Group` is the series of such a batch, line by line.
While another batch names the same (byte for byte, `Packed.who`) and each of its looks prolongs its run or
again says nothing, the group keeps the newest times and counts; the series hear of it (`settle`) when
somebody looks at them. Whatever touches one of the series in another way ends the group first (`dissolve`).
"""

from array import array
from collections.abc import Sequence
from operator import le, sub

from collector.evidence.accepted import Accepted
from collector.evidence.rows import LINE_TIMES, Packed
from collector.jobs.derive_series import Series, Span

MOST_GROUPS = 8  # of one agent
_NO_LIMIT = 1 << 62


class Group:
    """Series that a batch prolongs, in the order of its lines."""

    __slots__ = ("_batch", "_count", "_dirty", "_last", "_places", "_rooms", "_series", "_span", "who")

    def __init__(self, who: bytes, series: Sequence[Series], span: Span, dirty: list[Series]) -> None:
        self.who = who
        self._span: Span | None = span
        self._series = series
        self._dirty = dirty  # the memory's list, to which series are added that have changed
        self._last: Sequence[int] = array("q", [one.t if one.idle else one.last for one in series])
        self._places = _places(series)
        self._rooms = [_NO_LIMIT if one.idle else one.room for one in series]
        self._batch: Accepted | None = None
        self._count = 0
        for one in series:
            one.group = self

    @property
    def ended(self) -> bool:
        """Whether its series go their own ways again."""
        return self._span is None

    def take(self, batch: Accepted, times: Sequence[int], span: Span, end: int) -> bool:
        """Prolong all runs by this batch, whose looks were at `times`; False if not each can be taken so.

        That is: within `span` and before `end`, later than the last, and not by more than its room.
        """
        if span is not self._span or max(times) >= end:
            return False
        before = map([*self._last, *times].__getitem__, self._places)
        gaps = list(map(sub, times, before))
        if min(gaps) <= 0 or not all(map(le, gaps, self._rooms)):
            return False
        self._last, self._batch = times, batch
        self._count += 1
        return True

    def settle(self) -> None:
        """Let each series know what was taken since."""
        batch, count = self._batch, self._count
        if batch is None:
            return
        self._batch, self._count = None, 0
        for number, (series, t) in enumerate(zip(self._series, self._last, strict=True)):
            if series.idle:
                series.t = t
            else:
                series.last = t
                series.n += count
            series.seen, series.seen_line = batch, number
            if not series.dirty:
                series.dirty = True
                self._dirty.append(series)

    def dissolve(self) -> None:
        """Settle and end."""
        self.settle()
        self._span = None
        for series in self._series:
            series.group = None
        self._series = ()


class Steady:
    """The groups of all agents, and which batches could become one: those that come a second time."""

    __slots__ = ("_agents", "_dirty")

    def __init__(self, dirty: list[Series]) -> None:
        self._agents: dict[str, dict[int, Group | None]] = {}
        self._dirty = dirty

    def take(
        self, batch: Accepted, packed: Packed, times: "array[int]", shift: int, span: Span, latest: int
    ) -> bool:
        """Whether a group took this batch, whose looks are `shift` ms too late by their clock."""
        group = self._agents.get(batch.agent, {}).get(hash(packed.who))
        if group is None or group.ended or group.who != packed.who:
            return False
        count = len(times) // 3
        looked: Sequence[int] = times[count : 2 * count]
        if shift:
            looked = [t - shift for t in looked]
        return group.take(batch, looked, span, min(span.midnight, latest + 1))

    def learn(self, batch: Accepted, packed: Packed, series: Sequence[Series], span: Span) -> None:
        """This batch went line by line: if it is one that comes again and only prolongs runs, make a group.

        `series` are those whose runs it prolonged, of each line.
        """
        known = self._agents.setdefault(batch.agent, {})
        key = hash(packed.who)
        if key not in known:
            if len(known) >= MOST_GROUPS:
                oldest = known.pop(next(iter(known)))
                if oldest is not None and not oldest.ended:
                    oldest.dissolve()
            known[key] = None
        elif len(series) == len(packed.times) // LINE_TIMES:
            was = known[key]
            if was is not None and not was.ended:
                was.dissolve()
            for one in series:
                if one.group is not None:
                    one.group.dissolve()
            known[key] = Group(packed.who, series, span, self._dirty)

    def settle(self) -> None:
        """Let every series know where it stands."""
        for known in self._agents.values():
            for group in known.values():
                if group is not None:
                    group.settle()


def _places(series: Sequence[Series]) -> list[int]:
    """For each line where the look before it at the same series is: in the last batch, or in this one.

    Counted through the lines of both; a series may be there more than once.
    """
    newest = {id(one): number for number, one in enumerate(series)}
    places = []
    for number, one in enumerate(series):
        places.append(newest[id(one)])
        newest[id(one)] = len(series) + number
    return places
