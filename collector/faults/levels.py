"""The level of a fault: proposed from its duration and its system, decided by people. Pure."""

from collections.abc import Iterable

from collector.availability.faults import Outage
from collector.faults.terms import FaultTerms, LevelRule


def proposed(outage: Outage, core: bool, terms: FaultTerms) -> tuple[int | None, tuple[int, ...]]:
    """The level of the estimate, and every level that the bounds of availability.md 3.10 allow, gravest
    first; None: no rule of the pack is about such a fault."""
    level = of_times(outage.down_ms, outage.bad_ms, core, terms)
    others = (of_times(*outage.least, core, terms), of_times(*outage.most, core, terms))
    return level, _gravest_first((level, *others))


def of_times(down_ms: int, bad_ms: int, core: bool, terms: FaultTerms) -> int | None:
    """The level for T = `down_ms` and Q = `bad_ms` (down and degraded)."""
    second = bad_ms if terms.q_includes_down else bad_ms - down_ms
    for rule in terms.levels:
        if _holds(rule, down_ms, second, core):
            return rule.level
    return terms.otherwise


def decided(
    levels: tuple[int, ...], level: int | None, impact: bool | None, terms: FaultTerms
) -> tuple[int | None, tuple[int, ...]]:
    """Likewise after what people said of the effect: what needs a serious one falls to `no_impact`."""
    serious = terms.impact_counts if impact is None else impact
    if serious or terms.no_impact is None:
        return level, levels
    grave = {rule.level for rule in terms.levels if rule.needs_impact}

    def fallen(one: int | None) -> int | None:
        return terms.no_impact if one in grave else one

    return fallen(level), _gravest_first(fallen(one) for one in levels)


def _holds(rule: LevelRule, down_ms: int, bad_ms: int, core: bool) -> bool:
    if rule.core is not None and rule.core is not core:
        return False
    limits = ((down_ms, rule.down_over_s), (bad_ms, rule.bad_over_s))
    asked = [(ms, over * 1000) for ms, over in limits if over is not None]
    return not asked or any(ms > over for ms, over in asked)


def _gravest_first(levels: Iterable[int | None]) -> tuple[int, ...]:
    return tuple(sorted({one for one in levels if one is not None}))
