"""How each run stands, and each path: what looks, comparisons and drills say together, link by link."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

from checks.artefacts.levels import Outcome, Verdict
from collector.backups.grades import Grade, Standing, breaks, grade, standing
from collector.backups.observed import Record
from collector.backups.policy import To
from collector.backups.runs import CHAINED, GOOD, LOST, NEVER, UNPROVEN, Runs, where

_VERDICTS, _GONE = attrgetter("verdicts"), attrgetter("gone_ms")


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
    grades = runs.grades = _grades(runs, required)
    aside = {*words, *runs.mates}
    runs.lost = list(map(_GONE, runs.records))
    runs.own = [
        NEVER if not held.good else GOOD if gone is None else LOST
        for held, gone in zip(grades, runs.lost, strict=True)
    ]
    aside.update(where(runs.own, NEVER))
    for run in aside:
        told = words.get(run, ())
        if told or runs.own[run] != GOOD:
            level = level_at(required, runs.starts[run])
            runs.grades[run], stands = _together(runs, run, level, told)
            _set(runs, run, stands)
    for run, later in renamed.items():
        _set(runs, run, runs.standing(later))


def _grades(runs: Runs, required: Sequence[tuple[int, int]]) -> list[Grade]:
    """By the looks of the first place alone. Looks that say the same share one tuple: by identity."""
    if len({level for _, level in required}) > 1:
        pairs = zip(runs.records, runs.starts, strict=True)
        return [grade(record.verdicts, level_at(required, start)) for record, start in pairs]
    level = required[0][1] if required else 0
    keys = list(map(id, map(_VERDICTS, runs.records)))
    by_key = dict(zip(keys, runs.records, strict=True))
    known = {key: grade(record.verdicts, level) for key, record in by_key.items()}
    return list(map(known.__getitem__, keys))


def _set(runs: Runs, run: int, stands: Standing) -> None:
    good = {True: GOOD, None: UNPROVEN}.get(stands.good, LOST if stands.ever else NEVER)
    runs.own[run], runs.lost[run] = good, stands.lost_ms
    if stands.good is False:
        runs.odd[run] = stands


def level_at(required: Sequence[tuple[int, int]], start: int) -> int:
    """The level demanded of a run, by when it began."""
    held = required[0][1] if required else 0
    for from_ms, level in required:
        if from_ms <= start:
            held = level
    return held


def _together(runs: Runs, run: int, required: int, words: Sequence[Word]) -> tuple[Grade, Standing]:
    """The best of all places: a run counts as long as one of them can give it back."""
    first, held = runs.records[run], runs.grades[run]
    mates = runs.mates.get(run, ())
    if (
        not words
        and held.good
        and all(m.verdicts is first.verdicts and m.gone_ms == first.gone_ms for m in mates)
    ):
        return held, standing(first, True, run)
    found = [_with_words(record, run, required, words) for record in runs.all_records(run)]
    return max(found, key=_rank)


def _with_words(record: Record, run: int, required: int, words: Sequence[Word]) -> tuple[Grade, Standing]:
    told = record.verdicts
    if any(word.verdict.outcome is Outcome.GOOD for word in words):
        # What was restored was opened and read: what nobody could tell before is told by that, unless that
        # was too long ago as well.
        old = {turn.verdict for turn in record.lapsed}
        told = tuple(one for one in told if one.outcome is not Outcome.COULD_NOT_TELL or one in old)
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
    """Fills in codes and causes of the paths: parents start before their children, so one pass does.

    An incremental builds on what it names, or, where it names nothing, on what the policy says. Ids are
    labels or LSNs: after a restore of production they may come again, so the newest before it counts, and
    none from before that restore.
    """
    count = len(runs.records)
    runs.codes, runs.causes = runs.own, range(count)
    if not runs.kinds & CHAINED:
        return
    codes, causes = list(runs.own), list(range(count))
    newest: dict[str, int] = {}
    last: int | None = None
    full: int | None = None
    for run, record in enumerate(runs.records):
        if record.kind in CHAINED:
            usual = full if to is To.FULL or record.kind == "differential" else last
            parent = newest.get(record.parent) if record.parent else usual
            if epochs and parent is not None and _another_epoch(epochs, runs.starts, parent, run):
                parent = None
            runs.parents[run] = parent
            runs.roots[run] = None if parent is None else runs.roots.get(parent, parent)
            _join_path(runs, codes, causes, run, parent)
        elif record.kind != "log":
            full = run
        if record.kind != "log":
            last = run
        if record.id:
            newest[record.id] = run
    runs.codes, runs.causes = codes, causes


def _another_epoch(epochs: Sequence[int], starts: Sequence[int], parent: int, run: int) -> bool:
    return any(starts[parent] < at <= starts[run] for at in epochs)


def _join_path(runs: Runs, codes: list[int], causes: list[int], run: int, parent: int | None) -> None:
    """The run with the path below it: where both are broken, what was first."""
    if parent is None:
        # Nobody ever saw what it builds on: it restores to nothing, and never did as far as is known.
        codes[run], causes[run] = NEVER, -1
        return
    own, above = codes[run], codes[parent]
    if above == GOOD:
        return
    ever = own in _EVER and above in _EVER
    if own in _STANDING and above in _STANDING:
        codes[run] = UNPROVEN
        return
    codes[run] = LOST if ever else NEVER
    cause = causes[parent]
    if above == UNPROVEN or (own in _BROKEN and _first(runs, run, cause)):
        return
    causes[run] = cause


_EVER, _STANDING, _BROKEN = (GOOD, LOST), (GOOD, UNPROVEN), (LOST, NEVER)


def _first(runs: Runs, run: int, cause: int) -> bool:
    """Whether the run itself was lost before what its parent's path was lost by."""
    return cause >= 0 and (runs.lost[run] or 0) <= (runs.lost[cause] or 0)
