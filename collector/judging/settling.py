"""Which periods are paid together, and what is paid for them: scorecards of a term to settlements (pure)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from collector.inspection.deadlines import add_months
from collector.packs.model import Compiled, Pack
from collector.scoring.model import PackPeriod, PeriodFacts, Scorecard, Settlement
from collector.scoring.retention import Payment
from collector.scoring.settlement import settle
from collector.scoring.terms import Value


@dataclass(frozen=True, slots=True)
class Part:
    """One period that has begun: its scorecard, what it counts, and whether it is sealed."""

    scorecard: Scorecard
    facts: PeriodFacts
    sealed: bool


@dataclass(frozen=True, slots=True)
class Settled:
    """A settlement of periods that are paid together. `awaited`: names of those that have not begun.

    `final`: every one of them is sealed; else more may come, and what is printed is of those that began.
    """

    name: str
    settlement: Settlement
    awaited: tuple[str, ...]
    final: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Periods that are paid together."""

    name: str
    periods: tuple[PackPeriod, ...]


def groups(pack: Pack, periods: Sequence[PackPeriod]) -> tuple[Group, ...]:
    """Fees: so many months from the term's first day (a period belongs where it begins); else the term."""
    fee = pack.scoring.money.fee
    if fee is None or not periods:
        return (Group("term", tuple(periods)),) if periods else ()
    months = fee.payment_periods * pack.periods.months
    first, made, number = periods[0].first, [], 0
    while (begin := add_months(first, number * months)) < periods[-1].end:
        end = add_months(first, (number + 1) * months)
        inside = tuple(one for one in periods if begin <= one.first < end)
        number += 1
        if inside:
            made.append(Group(f"payment-{number}", inside))
    return tuple(made)


def settled(
    pack: Compiled,
    every: Sequence[Group],
    parts: Mapping[str, Part],
    options: Mapping[str, Value],
    texts: Mapping[str, Pack] | None = None,
) -> Iterator[Settled]:
    """Settlements of groups of which a period has begun. `texts`: packs by digest, where more than one may
    have judged. ValueError: one was judged by another pack."""
    for group in every:
        held = [parts[one.name] for one in group.periods if one.name in parts]
        if not held:
            continue
        awaited = tuple(one.name for one in group.periods if one.name not in parts)
        term = _together([one.facts for one in held])
        payment = Payment(group.periods[-1].end, texts or {})
        made = settle(pack, [one.scorecard for one in held], term, options, payment)
        yield Settled(group.name, made, awaited, not awaited and all(one.sealed for one in held))


def _together(facts: Sequence[PeriodFacts]) -> PeriodFacts:
    """What counts over several periods, from all of them; a thing with its proofs counts once."""
    first, last = facts[0], facts[-1]
    span: tuple[date, date] = first.period.first, last.period.end
    period = replace(last.period, from_ms=first.period.from_ms, first=span[0], end=span[1])
    items = tuple(item for one in facts for item in one.items)
    gaps = tuple(gap for one in facts for gap in one.gaps)
    return PeriodFacts(period, last.as_of_ms, last.units, items, gaps)
