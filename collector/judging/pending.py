"""Rounds whose record is still to come: a silent agent may answer until the next one begins. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from checks.plan import Plan, RoundPlan
from collector.inspection.due import RuleSpan, occurrences
from collector.judging.asked import Asked
from collector.judging.ground import Applied, Pending, UnitRound
from collector.scoring.model import Gap

GRACE_MS = 3_600_000  # a record is logged within minutes after its round can no longer be answered
_BACK_MS = 70 * 86_400_000  # a month's round may be answered for a month


@dataclass(frozen=True, slots=True)
class Rule:
    """A round's recurrence from an entry on; no plan: the round ended there."""

    round: str
    since_ms: int
    timezone: str
    plan: RoundPlan | None


def spans(rules: Iterable[Rule]) -> list[RuleSpan]:
    """The rules of one round, oldest first, each until the next."""
    every = list(rules)
    ends: list[int | None] = [one.since_ms for one in every[1:]]
    return [
        RuleSpan(one.plan, one.timezone, one.since_ms, end)
        for one, end in zip(every, [*ends, None], strict=True)
        if one.plan is not None
    ]


def rules_of(
    applied: Sequence[Applied], plans: Iterable[tuple[int, int, Plan]]
) -> Mapping[str, Sequence[Rule]]:
    """Rules by round from the log alone; `plans`: (entry, receipt, plan). As collector/store/rounds.py."""
    made: dict[str, list[Rule]] = {}
    steps: list[tuple[int, int, Plan | Applied]] = [(idx, at, plan) for idx, at, plan in plans]
    steps += [(one.idx, one.at_ms, one) for one in applied]
    for _, at, step in sorted(steps, key=lambda one: one[0]):
        for rule in _rules(step, at, made):
            held = made.setdefault(rule.round, [])
            before = (held[-1].timezone, held[-1].plan) if held else ("", None)
            if before != (rule.timezone, rule.plan):
                held.append(rule)
    return made


def _rules(step: Plan | Applied, at: int, known: Iterable[str]) -> Iterator[Rule]:
    if isinstance(step, Plan):
        yield from (Rule(p.id, at, step.timezone, replace(p, items=())) for p in step.rounds)
        return
    yield from [Rule(name, at, "", None) for name in known if name not in step.terms.rounds]
    for part in step.terms.human:
        if part.alone:  # the others' windows come with the plans
            yield Rule(part.round, at, step.terms.timezone, part.plan)


def pending(
    rules: Mapping[str, Sequence[Rule]], rounds: Iterable[UnitRound], span: tuple[int, int], as_of_ms: int
) -> tuple[Pending, ...]:
    """Windows with a part in [from, to) that have begun, can still be answered, and have no record."""
    closed = {one.window for one in rounds}
    begin, end = max(span[0], as_of_ms - _BACK_MS), min(span[1], as_of_ms + 1)
    made = []
    for name in sorted(rules) if begin < end else ():
        for window in occurrences(spans(rules[name]), begin, end):
            if window.id not in closed and as_of_ms < window.until_ms + GRACE_MS:
                made.append(Pending(window.id, window.from_ms, window.to_ms, window.until_ms))
    return tuple(made)


def gaps(found: Iterable[Pending], asked: Asked) -> Iterator[Gap]:
    """One for each such round of the period, of every unit: only its record will say which were inspected."""
    period = asked.period
    for one in found:
        if one.from_ms < period.to_ms and one.to_ms > period.from_ms:
            facts = {"round": one.window}
            yield Gap(
                "inspection",
                "round_open",
                at_most=1,
                facts=facts,
                who="operator",
                until_ms=one.until_ms,
            )
