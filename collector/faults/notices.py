"""What an inspection record says about findings: what is bad in it, and what became of what was bad before.

A record of thousands of looks gives a row or two; the collector keeps these rows beside the record, the
verifier makes them anew. Pure.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collector.inspection.record import Record


Key = tuple[str, str, str]
"""(check, target, name of the reading)"""


class What(StrEnum):
    """What a record says of a key.

    GOOD: a reading of that name that is well; ABSENT: a look that could tell and no longer names it;
    UNSEEN: not looked at, or nobody could tell.
    """

    BAD = "bad"
    GOOD = "good"
    ABSENT = "absent"
    UNSEEN = "unseen"


@dataclass(frozen=True, slots=True)
class Notice:
    """One key in one record. `at_ms`: of the look (UTC ms), of the record for what was not looked at; `by`:
    the agent, empty for people; `entry`, `line`: where the look stands."""

    check: str
    target: str
    name: str
    what: What
    state: str
    at_ms: int
    asset: str | None = None
    by: str = ""
    entry: int = 0
    line: int = 0

    @property
    def key(self) -> Key:
        """What it is about."""
        return self.check, self.target, self.name


@dataclass(frozen=True, slots=True)
class Inspected:
    """What a record (entry `entry`) says of findings. `closed_ms`: when it was closed."""

    entry: int
    window: str
    closed_ms: int
    notices: tuple[Notice, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """A look that shows a fix: its state, when and where it stands."""

    check: str
    target: str
    state: str
    at_ms: int
    by: str
    entry: int
    line: int


def inspected(records: "Iterable[tuple[int, Record]]") -> tuple[Inspected, ...]:
    """All records by entry, each with what it says of everything that was bad in it or before it."""
    known: set[Key] = set()
    made = []
    for entry, record in sorted(records, key=lambda one: one[0]):
        found = notices(record, known)
        known |= {one.key for one in found if one.what is What.BAD}
        made.append(Inspected(entry, record.window.id, record.closed_ms, found))
    return tuple(made)


def notices(record: "Record", known: Collection[Key]) -> tuple[Notice, ...]:
    """What is bad in it, and what became of `known`, which was bad in a record before it."""
    bad = {(p.check, p.target, p.reading.name): p for p in record.problems}
    places = {(item.check, item.target): (item.t_ms, item.agent, item.state) for item in record.items}
    for look in record.human.items:
        if look.entry is not None and look.t_ms is not None:
            places[look.check, look.target] = (look.t_ms, "", look.state)
    made = []
    for key, problem in bad.items():
        at, by, _ = places.get(key[:2], (record.closed_ms, "", ""))
        place = problem.evidence
        state = problem.reading.state
        made.append(Notice(*key, What.BAD, state, at, problem.asset, by, place.entry, place.line))
    made += _became(record, [key for key in known if key not in bad], places)
    return tuple(sorted(made, key=lambda one: one.key))


def _became(
    record: "Record", keys: list[Key], places: dict[tuple[str, str], tuple[int, str, str]]
) -> Iterator[Notice]:
    if not keys:
        return
    unclear = {(p.check, p.target, p.reading.name) for p in record.unclear}
    missing = {(one.check, one.target) for one in record.not_inspected}
    evidence = {(item.check, item.target): item for item in record.items}
    for key in keys:
        pair = key[:2]
        if pair in missing or key in unclear:
            yield Notice(*key, What.UNSEEN, "", record.closed_ms)
        elif pair in places and places[pair][2] != "unknown":
            at, by, state = places[pair]
            item = evidence.get(pair)
            named = item is None or any(reading.name == key[2] for reading in item.readings)
            what = What.GOOD if named else What.ABSENT
            place = (0, 0) if item is None else (item.evidence.entry, item.evidence.line)
            yield Notice(*key, what, state, at, None, by, *place)


def looks(record: "Record", pairs: Collection[tuple[str, str]]) -> Iterator[Look]:
    """Looks of (check, target) in a record."""
    for item in record.items:
        if (item.check, item.target) in pairs:
            place = (item.evidence.entry, item.evidence.line)
            yield Look(item.check, item.target, item.state, item.t_ms, item.agent, *place)
