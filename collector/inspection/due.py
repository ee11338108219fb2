"""What a round owed in one of its windows, by the plans that were in force. Pure; the verifier runs it too.

A plan of epoch 0 is for an agent that the estate names and nobody has enrolled: what it asks for is due
all the same, and missing.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from checks.plan import Plan, RoundPlan, Window
from checks.recurrence import windows
from checks.result import params_digest

BY_HAND = "/run-"


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


def owed(round_id: str, window: Window, issued: Iterable[Issued]) -> tuple[Owed, ...]:
    """Looks owed in a window, by target, check and agent.

    For each agent the plan in force when the window opened decides; if that one did not ask for the
    round, the first one that came before the window ended and did.
    """
    by_agent: dict[str, list[Issued]] = {}
    for one in issued:
        by_agent.setdefault(one.plan.agent, []).append(one)
    made = [look for own in by_agent.values() for look in _of_agent(round_id, window, own)]
    return tuple(sorted(made, key=lambda look: (look.target, look.check, look.agent)))


def _of_agent(round_id: str, window: Window, own: list[Issued]) -> Iterator[Owed]:
    own.sort(key=lambda one: one.issued_ms)
    before = [one for one in own if one.issued_ms <= window.from_ms]
    inside = [one for one in own if window.from_ms < one.issued_ms < window.to_ms]
    for one in (*before[-1:], *inside):
        part = _part(one.plan, round_id, window)
        if part is None:
            continue
        for item in part.items:
            yield Owed(
                check=item.check,
                version=item.version,
                target=item.target,
                asset=item.asset,
                agent=one.plan.agent,
                params=item.params,
                enrolled=one.plan.epoch > 0,
            )
        return


def _part(plan: Plan, round_id: str, window: Window) -> RoundPlan | None:
    """The plan's part of the round, if this window is one of its."""
    for part in plan.rounds:
        if part.id == round_id:
            recurring = bool(part.every) and BY_HAND not in window.id
            return part if recurring or any(w.id == window.id for w in part.windows) else None
    return None
