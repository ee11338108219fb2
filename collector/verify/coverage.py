"""Due against done: what the signed plans asked for in the period, and what results came of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from checks.plan import Plan
from checks.recurrence import slot_start, windows
from collector.evidence.bundle import Period
from collector.verify.batches import Done
from collector.verify.history import Issue

Look = tuple[str, str, str]  # check, target, vantage


@dataclass(frozen=True, slots=True)
class InForce:
    """A plan and the stretch of the period in which it was its agent's newest one."""

    plan: Plan
    from_ms: int
    to_ms: int


def in_force(plans: Sequence[Issue], period: Period, end_ms: int) -> list[InForce]:
    """Each agent's plans with their stretches of the period, up to `end_ms`, by their receipt in the log."""
    found = []
    by_agent: dict[str, list[Issue]] = {}
    for issue in plans:
        by_agent.setdefault(issue.plan.agent, []).append(issue)
    for own in by_agent.values():
        own.sort(key=lambda issue: issue.idx)
        starts = [issue.issued_ms for issue in own[1:]]
        for issue, until in zip(own, [*starts, end_ms], strict=True):
            low, high = max(issue.issued_ms, period.from_ms), min(until, period.to_ms, end_ms)
            if low < high:
                found.append(InForce(issue.plan, low, high))
    return found


def regular(parts: Sequence[InForce], slots: Mapping[Look, frozenset[int]]) -> Iterator[dict[str, Any]]:
    """Slots due and done per (check, target, vantage); slots at the edges of a stretch are not counted."""
    due: dict[Look, int] = {}
    done: dict[Look, int] = {}
    for part in parts:
        for item in part.plan.items:
            key = (item.check, item.target, part.plan.agent)
            first = slot_start(part.from_ms, item.every_ms) + item.every_ms
            last = slot_start(part.to_ms, item.every_ms)
            due[key] = due.get(key, 0) + max(last - first, 0) // item.every_ms
            seen = slots.get(key, frozenset())
            done[key] = done.get(key, 0) + sum(first <= slot < last for slot in seen)
    for key in sorted(due):
        yield {"what": f"{key[0]} of {key[1]} from {key[2]}", "due": due[key], "done": done[key]}


def rounds(parts: Sequence[InForce], done: Sequence[Done], end_ms: int) -> Iterator[dict[str, Any]]:
    """Looks due and done per round whose window ended inside the stretch."""
    looks = {(one.round, one.check, one.target, one.vantage) for one in done if one.error is None}
    due: dict[str, set[tuple[str, str, str, str]]] = {}
    for part in parts:
        for own in part.plan.rounds:
            for window in windows(own, part.plan.timezone, part.from_ms, part.to_ms):
                if part.from_ms <= window.from_ms and window.to_ms <= end_ms:
                    owed = {(window.id, i.check, i.target, part.plan.agent) for i in own.items}
                    due.setdefault(window.id, set()).update(owed)
    for name in sorted(due):
        yield {"what": f"round {name}", "due": len(due[name]), "done": len(due[name] & looks)}
