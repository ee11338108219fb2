"""Runs: the artefacts of one object, all places together, by start; and the paths they make.

Columns instead of one object each: two years of 200 objects are 150 000 runs.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from checks.artefacts.levels import Outcome, Verdict
from collector.backups.grades import GOOD, Grade, Standing, breaks, grade, standing
from collector.backups.observed import Place, Record
from collector.backups.policy import To

WHOLE = frozenset({"full", "snapshot", "", "log"})  # "": only listed, never read
CHAINED = frozenset({"incremental", "differential"})
_SLACK_MS = 5 * 60_000


@dataclass(slots=True)
class Runs:
    """`records`: of the place that is looked at first for each; `mates`: the others, by run. `starts` are
    corrected for the clock; a run without a time inside has the file's. `standings` are the runs' own,
    `paths` those of the runs with all their ancestors; `parents` and `roots` of incrementals only."""

    records: list[Record]
    starts: list[int]
    grades: list[Grade]
    standings: list[Standing]
    mates: dict[int, list[Record]] = field(default_factory=dict)
    paths: list[Standing] = field(default_factory=list)
    parents: dict[int, int | None] = field(default_factory=dict)
    roots: dict[int, int | None] = field(default_factory=dict)

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
    if starts != sorted(starts):
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
    grades, standings, special = runs.grades, runs.standings, {*words, *runs.mates}
    for run, record in enumerate(runs.records):
        level = _required(required, runs.starts[run]) if one_level is None else one_level
        key = id(record.verdicts), level
        held = known.get(key)
        if held is None:
            held = known[key] = grade(record.verdicts, level)
        if run in special:
            held, stands = _together(runs, run, level, words.get(run, ()), held)
        elif held.good is True and record.gone_ms is None:
            stands = GOOD
        else:
            stands = standing(record, held.good, run)
        grades.append(held)
        standings.append(stands)
    for run, later in renamed.items():
        standings[run] = standings[later]


def _required(required: Sequence[tuple[int, int]], start: int) -> int:
    held = required[0][1] if required else 0
    for from_ms, level in required:
        if from_ms <= start:
            held = level
    return held


def _together(
    runs: Runs, run: int, required: int, words: Sequence[Word], first: Grade
) -> tuple[Grade, Standing]:
    """The best of all places: a run counts as long as one of them can give it back. `first`: the grade of the
    first record by its own looks."""
    if not words and first.good is True and runs.records[run].gone_ms is None:
        return first, GOOD
    found = [_with_words(record, run, required, words) for record in runs.all_records(run)]
    return max(found, key=_rank)


def _with_words(record: Record, run: int, required: int, words: Sequence[Word]) -> tuple[Grade, Standing]:
    told = record.verdicts
    if any(word.verdict.outcome is Outcome.GOOD for word in words):
        # What was restored was opened and read: what nobody could tell before is told by that.
        told = tuple(one for one in told if one.outcome is not Outcome.COULD_NOT_TELL)
    held = grade((*told, *(word.verdict for word in words)), required)
    against = [word.at_ms for word in words if breaks(word.verdict)]
    if not against:
        return held, standing(record, held.good, run)
    own = standing(record, grade(record.verdicts, required).good, run)
    return held, _struck(own, record, run, min(against))


def _struck(own: Standing, record: Record, run: int, at: int) -> Standing:
    """Broken by a word from outside at that instant; by its own looks before, if so."""
    if own.lost_ms is not None and own.lost_ms <= at:
        return own
    if not own.ever or (record.read_ms is not None and at <= record.read_ms):
        return Standing(False, False, cause=run)
    before = record.told_ms if record.told_ms is not None and record.told_ms < at else None
    return Standing(False, True, at, before, False, run)


def _rank(found: tuple[Grade, Standing]) -> tuple[int, bool, int, int]:
    held, stands = found
    now = 2 if stands.good else 1 if stands.good is None else 0
    return now, stands.ever, stands.lost_ms or 0, held.restore


def chain(runs: Runs, to: To, epochs: Sequence[int]) -> None:
    """Fills in `runs.paths`: parents start before their children, so one pass does."""
    if not any(record.kind in CHAINED for record in runs.records):
        runs.paths = runs.standings
        return
    by_id: dict[str, list[int]] = {}
    last = full = None
    paths = runs.paths
    for run, record in enumerate(runs.records):
        own = runs.standings[run]
        if record.kind in CHAINED:
            parent = _parent(runs, run, by_id, full if _on_full(record, to) else last, epochs)
            runs.parents[run] = parent
            runs.roots[run] = None if parent is None else runs.roots.get(parent, parent)
            paths.append(_ORPHAN if parent is None else _joined(own, paths[parent]))
        else:
            paths.append(own)
        if record.kind != "log":
            last = run
            full = run if record.kind not in CHAINED else full
        if record.id:
            by_id.setdefault(record.id, []).append(run)


# Nobody ever saw what it builds on: it restores to nothing, and never did as far as is known.
_ORPHAN = Standing(False, False)


def _joined(own: Standing, above: Standing) -> Standing:
    """A run's standing and that of the path below it: the first loss counts."""
    if own.good is True:
        return above
    if own.good is None:
        return above._replace(ever=False) if above.good is False else own
    if above.good is not False or (above.ever and (own.lost_ms or 0) <= (above.lost_ms or 0)):
        return own if above.ever else own._replace(ever=False)
    return above if own.ever else above._replace(ever=False)


def _on_full(record: Record, to: To) -> bool:
    return record.kind == "differential" or to is To.FULL


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
