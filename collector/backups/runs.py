"""Runs: the artefacts of one object, all places together, by start.

Columns instead of one object each: two years of 200 objects are 150 000 runs.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from collector.backups.grades import Grade, Standing
from collector.backups.observed import Place, Record

WHOLE = frozenset({"full", "snapshot", "", "log"})  # "": only listed, never read
CHAINED = frozenset({"incremental", "differential"})
_SLACK_MS = 5 * 60_000
_KIND, _START = attrgetter("kind"), attrgetter("start")


# Codes of standing, for columns: LOST was good once.
NEVER, LOST, UNPROVEN, GOOD = range(4)


@dataclass(slots=True)
class Runs:
    """`records`: of the place that is looked at first for each; `mates`: the others, by run. `starts` are
    corrected for the clock; a run without a time inside has the file's.

    `own`: codes of the runs themselves, `codes` of their whole paths; `lost`: since when a run itself is
    provably no good; `causes`: the run that broke a path (itself, an ancestor, -1 one that nobody knows).
    `odd`: standings that were not just good until they went. `parents`, `roots`: of incrementals only.
    `kinds`: all that records are of.
    """

    records: list[Record]
    starts: list[int]
    mates: dict[int, list[Record]] = field(default_factory=dict)
    grades: list[Grade] = field(default_factory=list)
    own: list[int] = field(default_factory=list)
    lost: list[int | None] = field(default_factory=list)
    odd: dict[int, Standing] = field(default_factory=dict)
    codes: list[int] = field(default_factory=list)
    causes: Sequence[int] = ()
    parents: dict[int, int | None] = field(default_factory=dict)
    roots: dict[int, int | None] = field(default_factory=dict)
    kinds: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self.kinds = frozenset(map(_KIND, self.records))

    def standing(self, run: int) -> Standing:
        """How the run itself stands."""
        held = self.odd.get(run)
        if held is not None:
            return held
        if self.own[run] == LOST:
            return Standing(False, True, self.lost[run], self.records[run].last_ms, True, run)
        return STANDINGS[self.own[run]]

    def path(self, run: int) -> Standing:
        """How it stands with all that it builds on."""
        code = self.codes[run]
        if code in (GOOD, UNPROVEN):
            return STANDINGS[code]
        cause = self.causes[run]
        if cause < 0:
            return STANDINGS[NEVER]
        return self.standing(cause)._replace(ever=code == LOST, cause=cause)

    def ever(self, run: int) -> bool:
        """Whether the run itself was good at any time."""
        return self.own[run] in (GOOD, LOST)

    def all_records(self, index: int) -> tuple[Record, ...]:
        """The run's records at all places."""
        return (self.records[index], *self.mates.get(index, ()))

    def at(self, index: int, place: str) -> Record | None:
        """The run's record at one place."""
        for one in self.all_records(index):
            if one.place == place:
                return one
        return None

    def ancestors(self, index: int) -> tuple[int, ...] | None:
        """The run and its parents up to the full; None where one is missing."""
        found = [index]
        while self.records[found[-1]].kind in CHAINED:
            parent = self.parents[found[-1]]
            if parent is None:
                return None
            found.append(parent)
        return tuple(found)


STANDINGS = {
    GOOD: Standing(True, True),
    UNPROVEN: Standing(None, False),
    LOST: Standing(False, True),
    NEVER: Standing(False, False),
}


def where(column: Sequence[object], value: object) -> Iterator[int]:
    """Indices at which a column has that value: mostly few, and found without a look at each from here."""
    at = -1
    for _ in range(column.count(value)):
        at = column.index(value, at + 1)
        yield at


def started(record: Record) -> int:
    """When it was made, by its own word; else by the file's time, as far as looks allow that."""
    if record.start is not None:
        return record.start
    if record.absent_ms is not None and record.modified < record.absent_ms - _SLACK_MS:
        return record.first_ms
    return min(record.modified, record.first_ms)


def build(places: Mapping[str, Place], order: Sequence[str]) -> Runs:
    """Runs of an object, not judged yet. `order`: its places, the first copy's first."""
    first, rest = order[0] if order else "", order[1:]
    records = list(places[first].records) if first in places else []
    starts = list(map(_START, records))
    if None in starts:
        starts = list(map(started, records))
    if starts != sorted(starts):
        ranked = sorted(range(len(starts)), key=starts.__getitem__)
        records, starts = [records[i] for i in ranked], [starts[i] for i in ranked]
    mates: dict[int, list[Record]] = {}
    for name in rest:
        if name in places:
            records, starts, mates = _join(records, starts, mates, places[name].records)
    return Runs(records, starts, mates)


def _join(
    records: list[Record], starts: list[int], mates: dict[int, list[Record]], others: Iterable[Record]
) -> tuple[list[Record], list[int], dict[int, list[Record]]]:
    """Takes in the records of another place; what stands only there is a run of its own."""
    by_name: dict[str, list[int]] = {}
    by_sha: dict[str, int] = {}
    for held, one in enumerate(records):
        by_name.setdefault(one.name, []).append(held)
        if one.sha256:
            by_sha.setdefault(one.sha256, held)
    alone: list[Record] = []
    for other in others:
        index: int | None = _twin(records, by_name.get(other.name, ()), other)
        if index is None and other.sha256:
            index = by_sha.get(other.sha256)
        if index is None:
            alone.append(other)
        else:
            mates.setdefault(index, []).append(other)
    if not alone:
        return records, starts, mates
    joined = [*zip(starts, records, range(len(records)), strict=True)]
    joined += [(started(one), one, -1) for one in alone]
    joined.sort(key=lambda item: item[0])
    moved = {old: new for new, (_, _, old) in enumerate(joined) if old >= 0}
    return (
        [record for _, record, _ in joined],
        [start for start, _, _ in joined],
        {moved[old]: held_there for old, held_there in mates.items()},
    )


def _twin(records: Sequence[Record], named: Sequence[int], other: Record) -> int | None:
    """The run of that name that was made at the same time, as far as both say so."""
    for index in named:
        if records[index].start == other.start or records[index].sha256 == other.sha256 != "":
            return index
    for index in reversed(named):
        if records[index].start is None or other.start is None:
            return index
    # A file of an older date under today's name: a copy that is behind, or another file.
    return named[-1] if named else None
