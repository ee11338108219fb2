"""The ledger of drills: which are due, which point each should take, how long they took."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from itertools import islice

from checks.artefacts.levels import Level, Outcome, untold
from checks.china import day_of, start_of
from collector.backups.assign import excused
from collector.backups.calendar import iso, periods
from collector.backups.copies import policy_at
from collector.backups.ledger import DrillDue, Rpo, Rto
from collector.backups.observed import Drill, Excuse
from collector.backups.policy import HOUR_MS, BackupObject, DrillRule, Pick, Policy
from collector.backups.runs import CHAINED, Runs
from collector.backups.success import verdict_of

ROTATION = (Pick.NEWEST, Pick.OLDEST, Pick.MIDDLE, Pick.RANDOM)
_UNSEEN = "/unseen"  # a first attempt that only its retry tells of
_SAME = 95  # per cent of the whole: from here on a drill is of the same size, and its time needs no scaling


@dataclass(frozen=True, slots=True)
class Turn:
    """One due drill with the policy that asks for it."""

    due: DrillDue
    policy: Policy


@dataclass(frozen=True, slots=True)
class _Known:
    """Of the object `name`, what all its turns are made of; `seeds` as in `Observed`."""

    name: str
    runs: Runs
    excuses: Sequence[Excuse]
    seeds: Mapping[str, tuple[str, str]]
    now: int


def turns(
    one: BackupObject,
    runs: Runs,
    drills: Sequence[Drill],
    excuses: Sequence[Excuse],
    seeds: Mapping[str, tuple[str, str]],
    now: int,
) -> list[Turn]:
    """What was and is due, by period. A period that had begun when service started owes nothing."""
    known = _Known(one.name, runs, excuses, seeds, now)
    found: list[Turn] = []
    for index, policy in enumerate(one.policies):
        if policy.drill is None:
            continue
        begin = max(policy.from_ms, one.since_ms)
        until = one.policies[index + 1].from_ms if index + 1 < len(one.policies) else now + 1
        last = day_of(min(until, now + 1)) + 1
        for first, following in _periods(policy.drill.every, day_of(begin), last):
            from_ms, to_ms = start_of(first), start_of(following)
            if begin <= from_ms < min(until, now + 1):
                if not (drills or excuses) and now >= to_ms:
                    pick = _pick(policy.drill, len(found))
                    found.append(Turn(_idle(iso(first), to_ms, "missed", pick.value), policy))
                    continue
                mine = [drill for drill in drills if from_ms <= drill.begun_ms < to_ms]
                due = _turn(known, policy.drill, len(found), (from_ms, to_ms), mine)
                found.append(Turn(due, policy))
    return found


@lru_cache(maxsize=256)
def _periods(every: str, first: int, last: int) -> tuple[tuple[int, int], ...]:
    return tuple(periods(every, first, last))


@lru_cache(maxsize=4096)
def _idle(period: str, due_ms: int, state: str, pick: str) -> DrillDue:
    """A turn that nobody drilled in; of 200 objects they are alike."""
    return DrillDue(period, due_ms, state, pick)


def with_unseen(one: BackupObject, drills: Sequence[Drill]) -> list[Drill]:
    """Drills (by begin) with a first attempt before each retry whose period shows none: it was begun, and no
    result of it ever came. The agent numbers attempts anew in each period of its plan; where a policy changed
    the period, an attempt in any of them is enough."""
    spans = sorted({policy.drill.every for policy in one.policies if policy.drill is not None})
    firsts = [drill.begun_ms for drill in drills if drill.attempt == 1 and not drill.real]
    made: list[Drill] = []
    for drill in drills:
        begins = [_begin(every, drill.begun_ms) for every in spans] if drill.attempt > 1 else []
        if begins and not any(min(begins) <= at <= drill.begun_ms for at in firsts):
            firsts.append(drill.begun_ms)
            made.append(_unseen(drill))
        made.append(drill)
    return made


def _begin(every: str, at: int) -> int:
    """First instant of the period that holds another one (UTC epoch ms)."""
    day = day_of(at)
    return start_of(next(periods(every, day, day + 1))[0])


def _unseen(retry: Drill) -> Drill:
    verdict = untold(Level.RESTORABLE, "not_read", "1")
    return Drill(
        id=retry.id + _UNSEEN,
        object=retry.object,
        begun_ms=retry.begun_ms,
        ended_ms=retry.begun_ms,
        place=retry.place,
        verdicts=(verdict,),
        aborted="not_read",
        received_ms=retry.received_ms,
    )


def _pick(rule: DrillRule, number: int) -> Pick:
    return ROTATION[number % len(ROTATION)] if rule.pick is Pick.ROTATING else rule.pick


def _turn(
    known: _Known, rule: DrillRule, number: int, span: tuple[int, int], mine: Sequence[Drill]
) -> DrillDue:
    """Turn `number` of the object, due in `span`, with the drills that were begun in it."""
    runs, now = known.runs, known.now
    period = iso(day_of(span[0]))
    pick = _pick(rule, number)
    ended = [drill for drill in mine if drill.ended_ms is not None]
    state = "done" if ended else "excused" if excused(known.excuses, span[0]) else _open(now, span[1])
    if not mine and now >= span[1]:
        # Of a turn that went by undrilled nobody needs to know which point it would have been.
        return _idle(period, span[1], state, pick.value)
    at = min((drill.begun_ms for drill in mine), default=now)
    seed, who = known.seeds.get(period, known.seeds.get(period[:7], ("", "")))
    # A draw without a seed is nobody's draw.
    asked = pick is not Pick.RANDOM or seed
    wanted = picked(runs, pick, at, f"{seed}/{known.name}/{period}") if asked else None
    first = min(ended, key=lambda drill: (drill.begun_ms, drill.attempt), default=None)
    return DrillDue(
        period=period,
        due_ms=span[1],
        state=state,
        pick=pick.value,
        wanted="" if wanted is None else runs.records[wanted].name,
        chosen_by=who if pick is Pick.RANDOM else "",
        drills=tuple(drill.id for drill in mine if not drill.id.endswith(_UNSEEN)),
        outcome="" if first is None else verdict_of(first),
        as_picked=_as_picked(runs, wanted, ended),
    )


def _open(now: int, due: int) -> str:
    return "due" if now < due else "missed"


def _as_picked(runs: Runs, wanted: int | None, ended: Sequence[Drill]) -> bool | None:
    if wanted is None or not ended:
        return None
    return any(drill.artefact == runs.records[wanted].name for drill in ended)


def picked(runs: Runs, pick: Pick, at: int, seed: str) -> int | None:
    """The point a turn asks for, of those that stood at an instant."""
    there = [
        run
        for run, record in enumerate(islice(runs.records, bisect_right(runs.starts, at)))
        if (record.gone_ms is None or record.gone_ms > at) and record.first_ms <= at
        if runs.ever(run) and record.kind != "log"
    ]
    if not there:
        return None
    if pick is Pick.MIDDLE:
        return _middle(runs, there)
    if pick is Pick.RANDOM:
        return there[int.from_bytes(sha256(seed.encode()).digest(), "big") % len(there)]
    return there[0 if pick is Pick.OLDEST else -1]


def _middle(runs: Runs, there: Sequence[int]) -> int:
    """The middle of the longest chain that stands (the newest of equals); of fulls alone, the middle one."""
    chains: dict[int, list[int]] = {}
    for run in there:
        path = runs.ancestors(run) if runs.records[run].kind in CHAINED else (run,)
        if path is not None:
            chains.setdefault(path[-1], []).append(run)
    longest = max(chains.values(), key=lambda chain: (len(chain), chain[0]), default=list(there))
    chosen = longest if len(longest) > 1 else there
    return chosen[len(chosen) // 2]


def drilled(drills: Sequence[Drill]) -> tuple[tuple[int, str], ...]:
    """(begun_ms, verdict) of each drill that ended; not of a first attempt that only its retry tells of."""
    ended = (one for one in drills if one.ended_ms is not None and not one.id.endswith(_UNSEEN))
    return tuple((one.begun_ms, verdict_of(one)) for one in ended)


def rtos(one: BackupObject, drills: Sequence[Drill]) -> tuple[Rto, ...]:
    """Time to restore by each ended drill and real recovery: decision to the first right answer, plus the
    allowance for people. A smaller one gives a rate, and an estimate by it."""
    found = []
    for drill in drills:
        rule = policy_at(one, drill.begun_ms).drill
        if rule is not None and drill.ended_ms is not None:
            found.append(_rto(drill, rule))
    return tuple(found)


def _rto(drill: Drill, rule: DrillRule) -> Rto:
    whole = drill.whole or drill.bytes
    allowed = allowed_ms(rule, whole)
    begin = drill.decided_ms if drill.decided_ms is not None else drill.begun_ms
    if drill.answered_ms is None or verdict_of(drill) == "bad":
        return Rto(drill.id, None, rule.reaction_ms, allowed, False, None, None, drill.real)
    took = max(drill.answered_ms - begin, 1)
    rate = drill.bytes * HOUR_MS // took if drill.bytes else None
    estimate = drill.bytes * 100 < whole * _SAME
    if estimate and rate:
        took = -(-whole * HOUR_MS // rate)
    total = took + rule.reaction_ms
    within = None if estimate and not rate else total <= allowed
    return Rto(drill.id, total, rule.reaction_ms, allowed, estimate, rate, within, drill.real)


def allowed_ms(rule: DrillRule, size: int) -> int:
    """How long a restore of so many bytes may take, by the signed table where there is one."""
    for up_to, within in rule.allowed:
        if size <= up_to:
            return within
    return max([rule.restore_within_ms, *(within for _, within in rule.allowed)])


def rpo(runs: Runs, at: int, drill: str = "") -> Rpo:
    """Age of the newest point that could be restored at an instant, by the time inside it."""
    for run in range(len(runs.records) - 1, -1, -1):
        record, path = runs.records[run], runs.path(run)
        if not path.ever or record.kind == "log" or record.first_ms > at or runs.starts[run] > at:
            continue
        if path.lost_ms is None or path.lost_ms > at:
            return Rpo(at, record.name, at - runs.starts[run], drill)
    return Rpo(at, "", None, drill)


def tested(one: BackupObject, due: Sequence[Turn]) -> str:
    """How the newest finished turn ended; never, where no drill was ever asked for or made."""
    if all(policy.drill is None for policy in one.policies):
        return "never"
    for turn in reversed(due):
        if turn.due.state == "done":
            return turn.due.outcome
        if turn.due.state == "missed":
            return "missed" if any(held.due.state == "done" for held in due) else "never"
    return "due"


def drill_findings(drill: Drill) -> list[tuple[Level, str, Outcome]]:
    """(level, reason, outcome) of everything a drill found that is not good."""
    return [
        (one.level, one.reason, one.outcome)
        for one in drill.verdicts
        if one.outcome is not Outcome.GOOD and one.level >= Level.UNCHANGED
    ]
