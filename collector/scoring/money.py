"""From points and grade to yuan: exact to the end, each printed amount rounded once, half up, to the fen."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from collector.packs.model import Pack
from collector.scoring.choices import Choices
from collector.scoring.model import Money, PeriodFacts, Scorecard
from collector.scoring.terms import Band, RateMoney, RatioMoney, Scoring, Weights
from collector.scoring.unbounded import bound, least, most

ZERO = Fraction(0)


@dataclass(frozen=True, slots=True)
class Range:
    """An exact number at least and at most; equal when it is proven."""

    low: Fraction
    high: Fraction

    @classmethod
    def of(cls, low: Fraction | None, high: Fraction | None) -> "Range":
        """From bounds as they are told: None is none."""
        return cls(least(low), most(high))

    @property
    def exact(self) -> Fraction | None:
        """The number, if it is proven."""
        return self.low if self.low == self.high else None

    def floored(self, floor: Fraction | None) -> "Range":
        """Not below `floor`."""
        return self if floor is None else Range(max(self.low, floor), max(self.high, floor))

    def capped(self, most: Fraction | None) -> "Range":
        """Not above `most`."""
        return self if most is None else Range(min(self.low, most), min(self.high, most))

    def __add__(self, other: "Range") -> "Range":
        return Range(self.low + other.low, self.high + other.high)

    def __sub__(self, other: "Range") -> "Range":
        return Range(self.low - other.high, self.high - other.low)

    def times(self, factor: Fraction) -> "Range":
        """Each bound times a number that is not negative."""
        return Range(self.low * factor, self.high * factor)


def sum_of(ranges: Iterable[Range]) -> Range:
    """All of them added up."""
    total = Range(ZERO, ZERO)
    for one in ranges:
        total += one
    return total


def weight_of(weights: Weights | None, unit: str, kind: str) -> Fraction:
    """How much a unit counts in the mean of units."""
    if weights is None:
        return Fraction(1)
    return weights.units.get(unit, weights.kinds.get(kind, Fraction(1)))


def weights_of(scoring: Scoring, facts: PeriodFacts) -> dict[str | None, Fraction]:
    """How much each unit counts, by its id."""
    return {unit.id: weight_of(scoring.weights, unit.id, unit.kind) for unit in facts.units}


def shares_of(card: Scorecard, facts: PeriodFacts, weights: Weights | None) -> dict[str, Fraction]:
    """What the points of each unit that is scored on its own are to the total: its part of the mean."""
    scored = {line.unit for line in card.lines if line.unit is not None}
    known = {one.id: weight_of(weights, one.id, one.kind) for one in facts.units if one.id in scored}
    known |= {one: Fraction(1) for one in scored - known.keys()}
    whole = sum(known.values(), ZERO)
    return {unit: weight / whole for unit, weight in known.items()}


def weighed(parts: Sequence[tuple[str | None, Range]], scoring: Scoring, facts: PeriodFacts) -> Range:
    """The mean of what units have, each by its weight; of the contract alone (no unit) what it has."""
    weights = weights_of(scoring, facts)
    counted = [(weights.get(unit, Fraction(1)), one) for unit, one in parts]
    whole = sum((weight for weight, _ in counted), ZERO)
    return sum_of(one.times(weight / whole) for weight, one in counted)


def fen(yuan: Fraction) -> Decimal:
    """Rounded half up (away from nought) to the fen."""
    whole = math.floor(abs(yuan) * 100 + Fraction(1, 2))
    return Decimal(whole if yuan >= 0 else -whole).scaleb(-2)


def money(id_: str, clause: str, yuan: Range) -> Money:
    """A step of the settlement."""
    exact = bound(yuan.low), bound(yuan.high)
    low, high = (None if one is None else fen(one) for one in exact)
    return Money(id_, clause, low if low == high else None, low, high, exact)


def range_of(step: Money) -> Range:
    """The exact bounds of a step."""
    if step.exact is not None:
        return Range.of(*step.exact)
    return Range.of(*(None if one is None else Fraction(one) for one in (step.low, step.high)))


def band(bands: tuple[Band, ...], points: Fraction) -> Band:
    """The grade of so many points: half-open, the last takes all below."""
    for one in bands:
        if one.at_least is None or points >= one.at_least:
            return one
    raise ValueError("the last grade has a limit")


def share_of(bands: tuple[Band, ...], mine: Band, points: Fraction, choices: Choices, more: bool) -> Fraction:
    """The share that goes with a grade and so many points. `more`: of a total that is taken off: it grows."""
    if mine.each_point is None:
        return mine.share
    above = bands[bands.index(mine) - 1].at_least or points
    short = max(above - points, ZERO)
    whole = {"ceil": math.ceil, "floor": math.floor}
    word = choices.word(mine.part)
    moved = mine.each_point * (short if word == "linear" else Fraction(whole[word](short)))
    return min(mine.share + moved, Fraction(1)) if more else max(mine.share - moved, ZERO)


def graded(points: Fraction, scoring: Scoring, choices: Choices) -> Fraction:
    """The points that the grade goes by: the exact total, or rounded half up if that was chosen."""
    if choices.word(scoring.rounding) == "half_up":
        return Fraction(math.floor(points + Fraction(1, 2)))
    return points


def fee_of(pack: Pack, share: Fraction) -> Fraction:
    """What a period is worth in full: its fee, or its part of the price. `share`: of a whole period."""
    rule = pack.scoring.money.fee
    return (pack.price / pack.periods.count if rule is None else rule.fee) * share


def paid(rule: RatioMoney, payable: Range, price: Fraction) -> tuple[Money, ...]:
    """What is still paid of what was earned, or given back. `price`: of which the prepaid is a share."""
    prepaid = Range(price * rule.prepaid, price * rule.prepaid)
    named = (
        ("payable_total", payable),
        ("final_payment", (payable - prepaid).floored(ZERO)),
        ("repayable", (prepaid - payable).floored(ZERO)),
    )
    return tuple(money(id_, rule.clause, yuan) for id_, yuan in named)


def rate_settlement(
    rule: RateMoney, price: Fraction, cycles: Range, extras: tuple[Money, ...]
) -> tuple[Money, ...]:
    """The year: deductions of cycles, fines, extras, capped; what exceeds the withheld part comes back."""
    cap = rule.cap * price
    added = cycles + sum_of(range_of(one) for one in extras)
    everything = Range(min(added.low, cap), min(added.high, cap))
    rest = Range(price * (1 - rule.prepaid), price * (1 - rule.prepaid))
    return (
        money("cycle_deductions", rule.clause, cycles),
        *extras,
        money("all_deductions", rule.clause, everything),
        money("final_payment", rule.clause, (rest - everything).floored(ZERO)),
        money("repayable", rule.clause, (everything - rest).floored(ZERO)),
    )
