"""What is wrong with slots, artefacts, sizes and drills: since when provable, and what it breaks."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from checks.artefacts.levels import Level
from checks.artefacts.levels import Outcome as Told
from collector.backups.assign import Series, looked_after
from collector.backups.case import Case, slot_id
from collector.backups.copies import policy_at
from collector.backups.drills import Turn, drill_findings
from collector.backups.ledger import Outcome, Problem, SlotState
from collector.backups.observed import Drill, Record
from collector.backups.observed import Turn as Changed
from collector.backups.paths import Words, level_at
from collector.backups.runs import UNPROVEN, where
from collector.backups.sizes import Odd

_PASSING = frozenset({"unfinished", "moving"})  # true of every backup while it is made
_OUTCOMES = {Told.BAD: Outcome.BAD, Told.COULD_NOT_TELL: Outcome.COULD_NOT_TELL}


def slot_problems(case: Case) -> Iterator[Problem]:
    """Missed slots, one by one; stretches in which nobody looked; runs that ended after grace."""
    for series in case.series:
        if series.schedule.hours:
            yield from _late(case, series)
        odd = [
            slot
            for slot in where(series.picks, -1)
            if series.states[slot] in (SlotState.MISSED, SlotState.UNSEEN)
        ]
        for state, group in groupby(odd, key=series.states.__getitem__):
            held = list(group)
            if state is SlotState.MISSED:
                yield from (_missed(case, series, slot) for slot in held)
            else:
                yield _unseen(case, series, held)


def _late(case: Case, series: Series) -> Iterator[Problem]:
    """Begun in time, and not done by the end of grace: by its own word, else where a look since then did not
    show it yet. Without hours nobody said when it must be done."""
    for slot in where(series.states, SlotState.LATE):
        run = series.picks[slot]
        if run < 0:
            continue
        record, deadline = case.runs.records[run], series.table.deadlines[slot]
        done = record.end if record.end is not None else record.absent_ms
        if done is None or done <= deadline:
            continue
        over = (("over_min", -(-(done - deadline) // 60_000)),)
        if record.end is not None:
            first = until = max(record.read_ms or record.first_ms, deadline)
        else:
            first, until = looked_after(case.looks, deadline) or done, record.first_ms
        yield case.about(run, "late", first, until_ms=until, numbers=over)


def _missed(case: Case, series: Series, slot: int) -> Problem:
    deadline = series.table.deadlines[slot]
    stray = series.strays.get(slot)
    until = None if stray is None else case.runs.records[stray].first_ms
    return case.itself(
        series.policy,
        "missing",
        looked_after(case.looks, deadline) or deadline,
        slot=slot_id(series, slot),
        role=series.role,
        until_ms=None if until is None or until < deadline else until,
    )


def _unseen(case: Case, series: Series, held: Sequence[int]) -> Problem:
    return case.itself(
        series.policy,
        "not_read",
        series.table.deadlines[held[0]],
        slot=slot_id(series, held[0]),
        role=series.role,
        outcome=Outcome.COULD_NOT_TELL,
        last_good_ms=case.looks[-1] if case.looks else None,
        numbers=(("slots", len(held)),),
    )


def unasked_problems(case: Case, required: Sequence[tuple[int, int]]) -> Iterator[Problem]:
    """The newest run of which nobody looked at the level that is demanded: it is no point, and no look said
    why. (Where a look could not tell, that is said of it already.)"""
    runs = case.runs
    run = len(runs.records) - 1
    if run < 0 or runs.own[run] != UNPROVEN:
        return
    level = level_at(required, runs.starts[run])
    told = [one for record in runs.all_records(run) for one in record.verdicts]
    if all(one.level != level and one.outcome is not Told.COULD_NOT_TELL for one in told):
        first = runs.records[run].first_ms
        outcome = Outcome.COULD_NOT_TELL
        yield case.about(run, "not_read", first, outcome=outcome, level=Level(level))


def artefact_problems(case: Case, words: Words) -> Iterator[Problem]:
    """Every bad word on an artefact, standing or taken back; what could not be told, of the newest only."""
    runs = case.runs
    turned = [(run, record) for run, record in enumerate(runs.records) if record.turns]
    turned += [(run, mate) for run, mates in runs.mates.items() for mate in mates if mate.turns]
    for run, record in turned:
        yield from _turned(case, run, record)
    for run, word in ((run, word) for run, told in words.items() for word in told):
        if word.verdict.outcome is Told.BAD:
            gone = runs.records[run].gone_ms
            yield case.about(run, word.verdict.reason, word.at_ms, until_ms=gone, level=word.verdict.level)


def _turned(case: Case, run: int, record: Record) -> Iterator[Problem]:
    newest = run == len(case.runs.records) - 1
    for level, group in groupby(sorted(record.turns, key=lambda t: (t.verdict.level, t.at_ms)), _level):
        turns = list(group)
        for index, turn in enumerate(turns):
            until = turns[index + 1].at_ms if index + 1 < len(turns) else record.gone_ms
            outcome = _OUTCOMES.get(turn.verdict.outcome)
            if outcome is None or _passing(case, run, turn.verdict.reason, until):
                continue
            if outcome is Outcome.COULD_NOT_TELL and (
                until is not None or not (newest or turn in record.lapsed)
            ):
                continue
            yield case.about(
                run,
                turn.verdict.reason,
                turn.at_ms,
                record=record,
                outcome=outcome,
                last_good_ms=turn.last_good_ms,
                until_ms=until,
                level=level,
            )


def _level(turn: Changed) -> Level:
    return turn.verdict.level


def _passing(case: Case, run: int, reason: str, until: int | None) -> bool:
    """A backup being made is no finding while its slot is open, nor once it is done."""
    if reason not in _PASSING:
        return False
    held = case.slot_of(run)
    return until is not None or (held is not None and case.now < held[0].table.deadlines[held[1]])


def size_problems(case: Case, odd: Iterable[Odd]) -> Iterator[Problem]:
    """Sizes that do not fit."""
    for one in odd:
        record = case.runs.records[one.run]
        yield case.about(
            one.run,
            one.reason,
            record.read_ms or record.first_ms,
            outcome=Outcome.BAD if one.bad else Outcome.WARN,
            until_ms=record.gone_ms,
            numbers=(("bytes", record.bytes), ("usual", one.usual)),
        )


def turn_problems(case: Case, due: Sequence[Turn]) -> Iterator[Problem]:
    """Missed drills: unproven, and a breach of their own; no failure of the success rate."""
    policy = case.one.policies[-1]
    if policy.drill is None and policy.schedules:
        since = max(policy.from_ms, case.one.since_ms)
        yield case.itself(policy, "not_drilled", since, slot="drill/never", place="")
    for turn in due:
        if turn.due.state == "missed":
            slot = f"drill/{turn.due.period}"
            yield case.itself(turn.policy, "not_drilled", turn.due.due_ms, slot=slot, place="")


def made_drill_problems(case: Case, drills: Sequence[Drill]) -> Iterator[Problem]:
    """What drills found; a later good one ends it."""
    for index, drill in enumerate(drills):
        if drill.ended_ms is None:
            continue
        ended = [d.ended_ms for d in drills[index + 1 :] if d.ended_ms is not None and not drill_findings(d)]
        for level, reason, outcome in drill_findings(drill):
            yield case.itself(
                policy_at(case.one, drill.begun_ms),
                reason,
                drill.ended_ms,
                slot=f"drill/{drill.id}",
                level=level,
                outcome=_OUTCOMES[outcome],
                artefact=drill.artefact,
                place=drill.place,
                until_ms=min(ended, default=None),
            )
