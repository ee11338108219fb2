"""Second copies: each point's twin at the other place, judged for itself.

A day counts as restorable with one of the two; the contract's copy line only with both.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from checks.china import day_of
from collector.backups.assign import looked_after
from collector.backups.calendar import expires
from collector.backups.ledger import CopyState, CopyWord
from collector.backups.observed import Place, Record
from collector.backups.policy import BackupObject, CopyRule, Keep, Policy
from collector.backups.runs import NEVER, Runs


@dataclass(frozen=True, slots=True)
class Copied:
    """A run's copy. `owed`: its day still is. `late_ms`: it came, provably after its time (until then)."""

    run: int
    state: CopyState
    policy: Policy
    owed: bool
    late_ms: int | None = None


def policy_at(one: BackupObject, at: int) -> Policy:
    """The version in force at an instant; the first one before that."""
    held = one.policies[0]
    for policy in one.policies[1:]:
        if policy.from_ms <= at:
            held = policy
    return held


@dataclass(frozen=True, slots=True)
class Copies:
    """`held`: copies that are owed, and those something was wrong with; `counts`: all that ever were due."""

    held: tuple[Copied, ...] = ()
    counts: Mapping[CopyWord, int] = field(default_factory=dict)


def copies_of(one: BackupObject, runs: Runs, places: Mapping[str, Place], now: int) -> Copies:
    """The copy of every run that is, or was, worth one."""
    if all(policy.copy is None for policy in one.policies):
        return Copies()
    copied = [
        run for run in range(len(runs.records)) if any(_stands_at(runs, run, p.copy) for p in one.policies)
    ]
    keeps = {policy.version: _keeps_of(policy) for policy in one.policies}
    earlier: dict[str, int] = {}
    counts: Counter[CopyWord] = Counter()
    held: list[Copied] = []
    for run, record in enumerate(runs.records):
        policy = policy_at(one, runs.starts[run])
        if policy.copy is not None and runs.own[run] != NEVER and record.kind != "log":
            if _long_over(runs, run, policy.copy, keeps[policy.version]):
                counts[CopyWord.EQUAL] += 1
            else:
                found = _copied(runs, run, policy, policy.copy, places, now, (copied, earlier))
                counts[found.state.state] += 1
                held.append(found)
        if record.sha256:
            earlier.setdefault(record.sha256, run)
    return Copies(tuple(held), counts)


def _long_over(runs: Runs, run: int, rule: CopyRule, keeps: tuple[Keep, Keep]) -> bool:
    """Both went together long ago, were the same, and the second came in time: most of two years."""
    mates = runs.mates.get(run, ())
    first = runs.records[run]
    if len(mates) != 1 or first.gone_ms is None:
        return False
    twin = mates[0]
    return (
        twin.place == rule.to
        and twin.gone_ms == first.gone_ms
        and day_of(first.gone_ms) >= max(expires(day_of(runs.starts[run]), keep) for keep in keeps)
        and first.sha256 == twin.sha256 != ""
        and not twin.link_to
        and first.vantage != twin.vantage
        and not (twin.absent_ms is not None and twin.absent_ms >= _due(runs, run, rule))
    )


def _due(runs: Runs, run: int, rule: CopyRule) -> int:
    return (runs.records[run].end or runs.starts[run]) + rule.within_ms


def _keep_of(policy: Policy) -> Keep:
    """The longest that any of its schedules asks for."""
    keeps = [schedule.keep for schedule in policy.schedules] or [Keep()]
    return max(keeps, key=lambda keep: (keep.months, keep.days))


def _keeps_of(policy: Policy) -> tuple[Keep, Keep]:
    """How long the first copy must stand, and the second."""
    held = _keep_of(policy)
    rule = policy.copy
    return (held, held) if rule is None else (rule.first_keep or held, rule.keep or held)


def _stands_at(runs: Runs, run: int, rule: CopyRule | None) -> bool:
    record = runs.at(run, rule.to) if rule is not None else None
    return record is not None and record.gone_ms is None


def _copied(
    runs: Runs,
    run: int,
    policy: Policy,
    rule: CopyRule,
    places: Mapping[str, Place],
    now: int,
    known: tuple[Sequence[int], Mapping[str, int]],
) -> Copied:
    first = next((one for one in runs.all_records(run) if one.place != rule.to), None)
    twin = runs.at(run, rule.to)
    record = runs.records[run]
    due = _due(runs, run, rule)
    first_until, until = (expires(day_of(runs.starts[run]), keep) for keep in _keeps_of(policy))
    owed, place = day_of(now) < until, rule.to
    looks = places[rule.to].looks if rule.to in places else ()
    if twin is None:
        word, since = _absent(run, due, looks, now, known[0])
        seen, late = None, None
    else:
        word, since = _compared(first, twin, rule, known[1], runs)
        if twin.gone_ms is not None and day_of(twin.gone_ms) < until and _still_first(first, twin):
            word, since = CopyWord.MISSING, twin.gone_ms
        elif first is not None and _first_went(first, twin, first_until):
            # One of two is left, and it is the other one.
            word, since, place, owed = CopyWord.MISSING, first.gone_ms, first.place, day_of(now) < first_until
        seen = twin.first_ms
        late = twin.first_ms if twin.absent_ms is not None and twin.absent_ms >= due else None
    state = CopyState(record.name, place, word, due, seen, since)
    return Copied(run, state, policy, owed, late)


def _still_first(first: Record | None, twin: Record) -> bool:
    """The copy went before the first copy did."""
    return first is None or first.gone_ms is None or first.gone_ms >= (twin.gone_ms or 0)


def _first_went(first: Record, twin: Record, until: int) -> bool:
    """The first copy went before its time, and the second still stood."""
    if first.gone_ms is None or day_of(first.gone_ms) >= until:
        return False
    return twin.gone_ms is None or twin.gone_ms > first.gone_ms


def _absent(
    run: int, due: int, looks: Sequence[int], now: int, copied: Sequence[int]
) -> tuple[CopyWord, int | None]:
    if now < due:
        return CopyWord.WAITING, None
    seen = looked_after(looks, due)
    if seen is None:
        return CopyWord.UNTOLD, None
    # Older ones are there and none that is newer: the place as a whole is behind.
    index = bisect_left(copied, run)
    return (CopyWord.BEHIND if copied and index == len(copied) else CopyWord.MISSING), seen


def _compared(
    first: Record | None, twin: Record, rule: CopyRule, earlier: Mapping[str, int], runs: Runs
) -> tuple[CopyWord, int | None]:
    since = twin.read_ms or twin.first_ms
    if first is None:
        return CopyWord.UNTOLD, None
    if twin.link_to or _same_device(first, twin):
        return CopyWord.NOT_ELSEWHERE, since
    if first.sha256 and first.sha256 == twin.sha256:
        return CopyWord.EQUAL, since
    if rule.equal == "tree" and first.fingerprint and twin.fingerprint:
        same = first.fingerprint == twin.fingerprint
        return (CopyWord.EQUAL if same else CopyWord.DIFFERS), since
    if first.sha256 and twin.sha256:
        behind = twin.sha256 in earlier
        return (CopyWord.BEHIND if behind else CopyWord.DIFFERS), since
    if first.bytes != twin.bytes:
        return CopyWord.DIFFERS, since
    return CopyWord.UNTOLD, None


def _same_device(first: Record, twin: Record) -> bool:
    """Device numbers can be compared only where the same agent looked at both."""
    if first.vantage != twin.vantage or not first.filesystem:
        return False
    return first.filesystem == twin.filesystem
