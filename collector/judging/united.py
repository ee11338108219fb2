"""Rounds of one week or contract month that looked at everything between them (pure).

Whoever inspects the servers on Monday and the rest on Tuesday has inspected it all in that week. Of each
asset the round that answered most of what it owed counts, and the last look is when it was done.
"""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from collector.judging.ground import UnitRound, worst


def united(parts: Sequence[UnitRound]) -> UnitRound:
    """The shares of one unit in several rounds as one; the newest that was whole by itself as it is."""
    ordered = sorted(parts, key=lambda one: (when(one), one.idx))
    whole = [one for one in ordered if not one.untried and not one.looks and one.last_ms is not None]
    if whole or len(ordered) == 1:
        return (whole or ordered)[-1]
    best: dict[str, tuple[int, int]] = {}
    for part in ordered:
        for name, owed, given in part.looks:
            if name not in best or _share(owed, given) > _share(*best[name]):
                best[name] = owed, given
    missing: dict[str, int] = {}
    for part in ordered:
        for name, owed in part.untried:
            if name not in best:
                missing[name] = missing.get(name, 0) + owed
    return replace(
        ordered[-1],
        window=", ".join(dict.fromkeys(one.window for one in ordered)),
        last_ms=max((one.last_ms for one in ordered if one.last_ms is not None), default=None),
        received_ms=max(one.received_ms for one in ordered),
        due=sum(owed for owed, _ in best.values()) + sum(missing.values()),
        answered=sum(given for _, given in best.values()),
        assets=len(best) + len(missing),
        attempted=len(best),
        grade=worst([one.grade for one in ordered if one.attempted]),
        untried=tuple(sorted(missing.items())),
        claimed=tuple(sorted({name for one in ordered for name in one.claimed if not missing.get(name, 1)})),
        looks=tuple((name, *best[name]) for name in sorted(best)),
    )


def when(one: UnitRound) -> int:
    """When a round was done: its last look, or where there is none its beginning."""
    return one.from_ms if one.last_ms is None else one.last_ms


def _share(owed: int, given: int) -> Fraction:
    return Fraction(given, owed) if owed else Fraction(0)
