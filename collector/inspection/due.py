"""What a round owed in one of its windows, by the plans that were in force. Pure; the verifier runs it too.

A plan of epoch 0 is for an agent that the estate names and nobody has enrolled: what it asks for is due
all the same, and missing.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from checks.plan import Plan, RoundPlan, Window
from checks.recurrence import windows, zone
from checks.result import params_digest

BY_HAND = "/run-"


def when_of(window: str) -> str:
    """When a round was, of its window's id: `weekly/2026-10-12` is `2026-10-12`; of one that was run by hand
    (`weekly/run-1762153200000`) the local minute at which it began."""
    mark = window.partition("/")[2] or window
    started = mark.removeprefix(BY_HAND[1:])
    if started == mark or not started.isdecimal() or len(started) > 14:
        return mark
    return f"{datetime.fromtimestamp(int(started) / 1000, zone('Asia/Shanghai')):%Y-%m-%d %H:%M}"


@dataclass(frozen=True, slots=True)
class Issued:
    """A plan with its receipt time: it is in force from then until the agent's next one."""

    plan: Plan
    issued_ms: int


@dataclass(frozen=True, slots=True)
class Owed:
    """One look that a round owes. `params` as the plan gives them; `enrolled` is false for epoch 0."""

    check: str
    version: int
    target: str
    asset: str | None
    agent: str
    params: Mapping[str, Any]
    enrolled: bool

    @property
    def digest(self) -> str:
        """Digest of the parameters, as result lines carry it."""
        return params_digest(self.params)


@dataclass(frozen=True, slots=True)
class RuleSpan:
    """A round's recurrence and the stretch in which it was in force (`to_ms` None: still)."""

    plan: RoundPlan
    timezone: str
    from_ms: int
    to_ms: int | None


def occurrences(rules: Iterable[RuleSpan], from_ms: int, to_ms: int) -> list[Window]:
    """Windows of a round with a part in [from, to), by start.

    A window is due if its rule was in force when it opened, or came into force before it ended.
    """
    found: dict[str, Window] = {}
    for rule in rules:
        end = to_ms if rule.to_ms is None else min(rule.to_ms, to_ms)
        for window in windows(rule.plan, rule.timezone, max(from_ms, rule.from_ms), end):
            if window.from_ms < end and window.to_ms > rule.from_ms:
                found.setdefault(window.id, window)
    return sorted(found.values(), key=lambda window: (window.from_ms, window.id))


History = Mapping[str, Sequence[Issued]]  # by agent, oldest first
Part = tuple[Plan, RoundPlan]


def history(issued: Iterable[Issued]) -> History:
    """Plans by agent, oldest first."""
    made: dict[str, list[Issued]] = {}
    for one in sorted(issued, key=lambda one: one.issued_ms):
        made.setdefault(one.plan.agent, []).append(one)
    return made


def governing(round_id: str, window: Window, plans: History) -> tuple[Part, ...]:
    """The part of each agent's plan that decides what it owes in a window.

    It is the plan in force when the window opened; if that one did not ask for the round, the first one
    that came before the window ended and did.
    """
    found = []
    for own in plans.values():
        at = bisect_right(own, window.from_ms, key=_issued_ms)
        end = bisect_left(own, window.to_ms, key=_issued_ms)
        for one in own[max(at - 1, 0) : end]:
            part = _part(one.plan, round_id, window)
            if part is not None:
                found.append((one.plan, part))
                break
    return tuple(found)


def _issued_ms(one: Issued) -> int:
    return one.issued_ms


def owed(parts: Iterable[Part]) -> tuple[Owed, ...]:
    """Looks that these parts of plans owe, by target, check and agent."""
    made = [
        Owed(
            check=item.check,
            version=item.version,
            target=item.target,
            asset=item.asset,
            agent=plan.agent,
            params=item.params,
            enrolled=plan.epoch > 0,
        )
        for plan, part in parts
        for item in part.items
    ]
    return tuple(sorted(made, key=lambda look: (look.target, look.check, look.agent)))


def keys(parts: Iterable[Part]) -> frozenset[tuple[str, str, str]]:
    """(check, target, agent) of the looks that these parts owe."""
    return frozenset((item.check, item.target, plan.agent) for plan, part in parts for item in part.items)


def _part(plan: Plan, round_id: str, window: Window) -> RoundPlan | None:
    """The plan's part of the round, if this window is one of its."""
    for part in plan.rounds:
        if part.id == round_id:
            recurring = bool(part.every) and BY_HAND not in window.id
            return part if recurring or any(w.id == window.id for w in part.windows) else None
    return None
