"""Runs: the artefacts of one object, all places together, by start; and the paths they make.

Columns instead of one object each: two years of 200 objects are 150 000 runs.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from checks.artefacts.levels import Outcome, Verdict
from collector.backups.grades import GOOD, NEVER, Grade, Standing, breaks, grade, standing
from collector.backups.observed import Place, Record
from collector.backups.policy import To

WHOLE = frozenset({"full", "snapshot", "", "log"})  # "": only listed, never read
CHAINED = frozenset({"incremental", "differential"})
_SLACK_MS = 5 * 60_000


@dataclass(frozen=True, slots=True)
class Path:
    """A run and its ancestors. `good`: None unproven; `lost_ms`, `maybe_ms` as in Standing; `cause`: the run
    that broke it (itself or an ancestor), -1 for a parent that nobody knows; `ever`: it was good once."""

    good: bool | None
    ever: bool
    parent: int | None = None
    lost_ms: int | None = None
    maybe_ms: int | None = None
    cause: int = -1
    gone: bool = False


_FINE = Path(True, True)


@dataclass(slots=True)
class Runs:
    """`records`: of the place that is looked at first for each; `mates`: the others, by run. `starts` are
    corrected for the clock; a run without a time inside has the file's."""

    records: list[Record]
    starts: list[int]
    grades: list[Grade]
    standings: list[Standing]
    mates: dict[int, list[Record]] = field(default_factory=dict)
    paths: list[Path] = field(default_factory=list)

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
            parent = self.paths[found[-1]].parent
            if parent is None:
                return None
            found.append(parent)
        return tuple(found)


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
    starts = [one.start if one.start is not None else started(one) for one in records]
    if any(a > b for a, b in pairwise(starts)):
        ranked = sorted(range(len(starts)), key=starts.__getitem__)
        records, starts = [records[i] for i in ranked], [starts[i] for i in ranked]
    mates: dict[int, list[Record]] = {}
    for name in rest:
        if name in places:
            records, starts, mates = _join(records, starts, mates, places[name].records)
    return Runs(records, starts, [], [], mates)


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


@dataclass(frozen=True, slots=True)
class Word:
    """A verdict from outside the looks: a drill's, or a comparison's. `at_ms`: since when it stands."""

    verdict: Verdict
    at_ms: int


Words = Mapping[int, Sequence[Word]]
"""By run."""


def judge(runs: Runs, required: Sequence[tuple[int, int]], words: Words, renamed: Mapping[int, int]) -> None:
    """Fills in grades and standings. `required`: (from_ms, level) by version, ascending; `renamed`: runs that
    went on under another name."""
    levels = {level for _, level in required}
    one_level = levels.pop() if len(levels) == 1 else None
    known: dict[tuple[int, int], Grade] = {}  # by identity: looks that say the same share one tuple
    for index, record in enumerate(runs.records):
        level = _required(required, runs.starts[index]) if one_level is None else one_level
        key = id(record.verdicts), level
        held = known.get(key)
        if held is None:
            held = known[key] = grade(record.verdicts, level)
        stands = GOOD
        if index in words or index in runs.mates:
            held, stands = _together(runs.all_records(index), level, words.get(index, ()))
        elif held.good is not True or record.gone_ms is not None:
            stands = standing(record, held.good)
        runs.grades.append(held)
        runs.standings.append(stands)
    for index, later in renamed.items():
        runs.standings[index] = runs.standings[later]


def _required(required: Sequence[tuple[int, int]], start: int) -> int:
    held = required[0][1] if required else 0
    for from_ms, level in required:
        if from_ms <= start:
            held = level
    return held


def _together(own: Sequence[Record], required: int, words: Sequence[Word]) -> tuple[Grade, Standing]:
    """The best of all places: a run counts as long as one of them can give it back."""
    best: tuple[Grade, Standing] | None = None
    proven = [word.verdict for word in words if word.verdict.outcome is Outcome.GOOD]
    against = [word for word in words if breaks(word.verdict)]
    for record in own:
        told = record.verdicts
        if proven:
            # What was restored was opened and read: what nobody could tell before is told by that.
            told = tuple(one for one in told if one.outcome is not Outcome.COULD_NOT_TELL)
        held = grade((*told, *(word.verdict for word in words)), required)
        stands = standing(record, grade(record.verdicts, required).good if against else held.good)
        if against:
            stands = _struck(stands, record, min(word.at_ms for word in against))
        if best is None or _rank((held, stands)) > _rank(best):
            best = held, stands
    assert best is not None  # noqa: S101  # a run has a record
    return best


def _struck(stands: Standing, record: Record, at: int) -> Standing:
    """Broken by a word from outside at that instant; by its own looks before, if so."""
    if stands.lost_ms is not None and stands.lost_ms <= at:
        return stands
    if not stands.ever or (record.read_ms is not None and at <= record.read_ms):
        return NEVER
    before = [t for t in (record.told_ms,) if t is not None and t < at]
    return Standing(False, True, at, max(before, default=None))


def _rank(found: tuple[Grade, Standing]) -> tuple[int, int, int, int]:
    held, stands = found
    now = {True: 2, None: 1, False: 0}[stands.now]
    return now, int(stands.ever), stands.lost_ms or 0, held.restore


def chain(runs: Runs, to: To, epochs: Sequence[int]) -> None:
    """Fills in `runs.paths`: parents start before their children, so one pass does."""
    by_id: dict[str, list[int]] = {}
    last = full = None
    paths: list[Path] = []
    for index, record in enumerate(runs.records):
        if record.kind in CHAINED:
            parent = _parent(runs, index, by_id, full if _on_full(record, to) else last, epochs)
            paths.append(_path(runs, paths, index, parent))
        else:
            stands = runs.standings[index]
            paths.append(_FINE if stands is GOOD else _alone(stands, index))
            full = index
        last = index
        if record.id:
            by_id.setdefault(record.id, []).append(index)
    runs.paths = paths


def _on_full(record: Record, to: To) -> bool:
    return record.kind == "differential" or to is To.FULL


def _alone(stands: Standing, index: int) -> Path:
    return Path(stands.now, stands.ever, None, stands.lost_ms, stands.maybe_ms, index, stands.gone)


def _parent(
    runs: Runs, index: int, by_id: Mapping[str, Sequence[int]], usual: int | None, epochs: Sequence[int]
) -> int | None:
    """The run it builds on: by its own word; by the policy's where it has none.

    Ids are labels or LSNs: after a restore of production they may come again, so the newest before it counts.
    """
    named = runs.records[index].parent
    if not named:
        return usual
    found = by_id.get(named, ())
    began = max((at for at in epochs if at <= runs.starts[index]), default=None)
    for candidate in reversed(found):
        if began is None or runs.starts[candidate] >= began:
            return candidate
    return None


def _path(runs: Runs, paths: Sequence[Path], index: int, parent: int | None) -> Path:
    own = runs.standings[index]
    if parent is None:
        # Nobody ever saw what it builds on: it restores to nothing, and never did as far as is known.
        return Path(False, False, None, None, None, -1)
    above = paths[parent]
    if own is GOOD and above.good is True:
        return Path(True, True, parent)
    good = False if own.now is False or above.good is False else own.now and above.good
    ever = own.ever and above.ever
    if good is not False:
        return Path(good, ever, parent)
    return _first_loss(own, above, index, parent, ever)


def _first_loss(own: Standing, above: Path, index: int, parent: int, ever: bool) -> Path:
    """What broke it first, itself or something above."""
    mine, theirs = own.now is False, above.good is False
    if mine and (not theirs or (own.lost_ms or 0) <= (above.lost_ms or 0)):
        return Path(False, ever, parent, own.lost_ms, own.maybe_ms, index, own.gone)
    return Path(False, ever, parent, above.lost_ms, above.maybe_ms, above.cause, above.gone)
