"""What is wrong with chains, retention and copies, and with what came under the wrong date."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Unpack

from checks.artefacts.levels import Level
from checks.china import start_of
from collector.backups.assign import Series
from collector.backups.calendar import expires, promised_from
from collector.backups.case import Case, Details
from collector.backups.copies import Copied
from collector.backups.ledger import CopyWord, Outcome, Problem, Retention
from collector.backups.observed import Record
from collector.backups.policy import DAY_MS, HOUR_MS
from collector.backups.runs import CHAINED, Runs, where

_MODIFIED = attrgetter("modified")

_COPY_WORDS = {
    CopyWord.MISSING: "copy_missing",
    CopyWord.BEHIND: "copy_behind",
    CopyWord.DIFFERS: "copy_differs",
    CopyWord.NOT_ELSEWHERE: "copy_not_elsewhere",
}


def old_inside(case: Case) -> Iterator[Problem]:
    """Something came where a slot's run was due, and what is inside was made for an earlier one."""
    for series in case.series:
        if not series.ids and -1 in series.picks:
            yield from _stale(case, series, list(where(series.picks, -1)))


def _stale(case: Case, series: Series, empty: Sequence[int]) -> Iterator[Problem]:
    records, starts, table = case.runs.records, case.runs.starts, series.table
    # Changed a good while after it was begun: a long run, or one that was laid there anew.
    since = min(table.opens[slot] for slot in empty)
    laid = [
        run
        for run, at in enumerate(map(_MODIFIED, records))
        if at >= since
        and at - starts[run] > HOUR_MS
        and records[run].start is not None
        and records[run].kind != "log"
    ]
    for slot in empty:
        opens, until = table.opens[slot], table.deadlines[slot]
        for run in laid:
            record = case.runs.records[run]
            if opens <= record.modified < until and starts[run] < opens and _taken(case, series, slot, run):
                yield case.about(run, "old_inside", record.first_ms, until_ms=record.gone_ms)


def _taken(case: Case, series: Series, slot: int, run: int) -> bool:
    """It is nobody else's lateness: its own slot has another run, or this slot is over, and it was done."""
    end = case.runs.records[run].end
    if end is not None and end > series.table.opens[slot]:
        return False
    held = case.slot_of(run)
    doubled = held is not None and (bool(held[0].more.get(held[1])) or held[0].picks[held[1]] != run)
    return doubled or case.now >= series.table.deadlines[slot]


def chain_problems(case: Case, elsewhere: Mapping[str, str]) -> Iterator[Problem]:
    """Orphans and incrementals of another full. `elsewhere`: ids of others' fulls -> their object."""
    runs = case.runs
    if not runs.parents:
        return
    lost = {day for days in case.days.lost.values() for day in days}
    fulls: list[int] = []
    for run, record in enumerate(runs.records):
        if record.kind not in CHAINED:
            if record.kind != "log":
                fulls.append(run)
        elif runs.parents[run] is None:
            yield _no_parent(case, run, record, elsewhere)
        elif runs.causes[run] not in (run, -1) and _matters(case, run, lost):
            path, gone = runs.path(run), record.gone_ms
            first = path.lost_ms or record.first_ms
            yield case.about(run, "orphan", first, last_good_ms=path.maybe_ms, until_ms=gone)
        elif fulls and fulls[-1] != runs.roots[run] and (full := _foreign(case, run, fulls)) is not None:
            numbers = (("behind", fulls[::-1].index(full)),)
            yield case.about(run, "wrong_parent", record.read_ms or record.first_ms, numbers=numbers)


def _matters(case: Case, run: int, lost: set[int]) -> bool:
    """Its day is lost by that, or it still lies there and its day is still owed."""
    if case.runs.records[run].gone_ms is not None and not lost:
        return False
    held = case.slot_of(run)
    if held is None:
        return case.runs.records[run].gone_ms is None
    day = held[0].table.days[held[1]]
    if case.runs.records[run].gone_ms is None and day >= promised_from(case.today, held[0].schedule.keep):
        return True
    return day in lost


def _no_parent(case: Case, run: int, record: Record, elsewhere: Mapping[str, str]) -> Problem:
    reason = "wrong_parent" if record.parent in elsewhere else "orphan"
    return case.about(run, reason, record.read_ms or record.first_ms, until_ms=record.gone_ms)


def _foreign(case: Case, run: int, fulls: Sequence[int]) -> int | None:
    """The full its chain ends in, where that is older than the newest good full of a slot before it."""
    root, start = case.runs.roots[run], case.runs.starts[run]
    if root is None:
        return None
    for full in reversed(fulls):
        if full == root:
            return None
        ended = case.runs.records[full].end or case.runs.starts[full]
        if ended <= start and case.runs.ever(full) and case.slot_of(full) is not None:
            return root if root in fulls else None
    return None


def lost_problems(case: Case, kept: Retention) -> Iterator[Problem]:
    """Points that went before their time: one by one, or by a purge that begins with the oldest."""
    purged: list[tuple[int, list[int]]] = []
    for cause, days in sorted(case.days.lost.items()):
        if cause < 0 or not case.runs.standing(cause).gone:
            continue
        if _oldest_first(case.runs, cause):
            purged.append((cause, days))
        else:
            stands = case.runs.standing(cause)
            yield case.about(
                cause,
                "vanished",
                stands.lost_ms or case.now,
                last_good_ms=stands.maybe_ms,
                until_ms=_owed_until(case, days),
                numbers=(("days", len(days)),),
            )
    if purged:
        yield _short(case, purged, kept)
    elif kept.fulls_set is not None and kept.fulls_set < kept.fulls_needed:
        yield _will_be_short(case, kept)


def _owed_until(case: Case, days: Sequence[int]) -> int | None:
    """When the last of these days was owed no more; None while one still is."""
    until = start_of(max(expires(day, case.days.keep(day)) for day in days))
    return until if until <= case.now else None


def _oldest_first(runs: Runs, cause: int) -> bool:
    """Whether nothing good that is older stood longer: that is a purge, else something was taken out."""
    at = runs.lost[cause] or 0
    for run in range(cause):
        lost = runs.lost[run]
        if runs.ever(run) and (lost is None or lost > at):
            return False
    return True


def _short(case: Case, purged: Sequence[tuple[int, list[int]]], kept: Retention) -> Problem:
    first, _ = min(purged, key=lambda item: case.runs.standing(item[0]).lost_ms or 0)
    every = [day for _, lost in purged for day in lost]
    stands = case.runs.standing(first)
    return case.about(
        first,
        "retention_short",
        stands.lost_ms or case.now,
        last_good_ms=stands.maybe_ms,
        until_ms=_owed_until(case, every),
        numbers=(
            ("days", len(every)),
            ("short", kept.short_days),
            ("need", kept.fulls_needed),
            ("have", kept.fulls_have if kept.fulls_set is None else kept.fulls_set),
        ),
    )


def _will_be_short(case: Case, kept: Retention) -> Problem:
    policy = case.one.policies[-1]
    return case.itself(
        policy,
        "retention_short",
        max(policy.from_ms, case.one.since_ms),
        outcome=Outcome.WARN,
        numbers=(("need", kept.fulls_needed), ("have", kept.fulls_set or 0)),
    )


def eaten_problems(case: Case, eaten: Sequence[tuple[int, int, int | None]]) -> Iterator[Problem]:
    """Purging while everything newer is bad; one problem a stretch."""
    for relief, group in groupby(eaten, key=lambda item: item[2]):
        held = list(group)
        run, at, _ = min(held, key=lambda item: item[1])
        yield case.about(run, "eating_good", at, until_ms=relief, numbers=(("points", len(held)),))


def copy_problems(case: Case, copied: Sequence[Copied]) -> Iterator[Problem]:
    """Copies that lack, lag, differ, or lie where the first lies (that one once, for all); those of which
    nobody could tell for a day (once as well)."""
    beside = [held for held in copied if held.owed and held.state.state is CopyWord.NOT_ELSEWHERE]
    if beside:
        yield _copy(case, beside[0], "copy_not_elsewhere", numbers=(("copies", len(beside)),))
    dark = [held for held in copied if held.owed and _untold(held, case.now)]
    if dark:
        numbers = (("copies", len(dark)),)
        due = dark[0].state.due_ms
        yield _copy(case, dark[0], "not_read", since=due, numbers=numbers, outcome=Outcome.COULD_NOT_TELL)
    for held in copied:
        word = held.state.state
        if held.owed and word in _COPY_WORDS and word is not CopyWord.NOT_ELSEWHERE:
            yield _copy(case, held, _COPY_WORDS[word])
        elif held.late_ms is not None:
            yield _copy(case, held, "copy_behind", until_ms=held.late_ms, since=held.state.due_ms)


def _untold(held: Copied, now: int) -> bool:
    return held.state.state is CopyWord.UNTOLD and now - held.state.due_ms > DAY_MS


def _copy(
    case: Case,
    held: Copied,
    reason: str,
    *,
    since: int | None = None,
    **more: Unpack[Details],
) -> Problem:
    first = since if since is not None else held.state.since_ms or held.state.due_ms
    more["place"] = held.state.place
    return case.about(held.run, reason, first, level=Level.PLACED, **more)
