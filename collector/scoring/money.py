"""From points and grade to yuan: exact to the end, each printed amount rounded once, half up, to the fen."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from collector.scoring.choices import Choices
from collector.scoring.model import Money
from collector.scoring.terms import Band, RateMoney, RatioMoney, Scoring

ZERO = Fraction(0)


@dataclass(frozen=True, slots=True)
class Range:
    """An exact number at least and at most; equal when it is proven."""

    low: Fraction
    high: Fraction

    @property
    def exact(self) -> Fraction | None:
        """The number, if it is proven."""
        return self.low if self.low == self.high else None

    def floored(self, floor: Fraction | None) -> "Range":
        """Not below `floor`."""
        return self if floor is None else Range(max(self.low, floor), max(self.high, floor))

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


def fen(yuan: Fraction) -> Decimal:
    """Rounded half up (away from nought) to the fen."""
    whole = math.floor(abs(yuan) * 100 + Fraction(1, 2))
    return Decimal(whole if yuan >= 0 else -whole).scaleb(-2)


def money(id_: str, clause: str, yuan: Range) -> Money:
    """A step of the settlement."""
    low, high = fen(yuan.low), fen(yuan.high)
    return Money(id_, clause, low if low == high else None, low, high, (yuan.low, yuan.high))


def range_of(step: Money) -> Range:
    """The exact bounds of a step."""
    if step.exact is not None:
        return Range(*step.exact)
    return Range(Fraction(step.low), Fraction(step.high))


def band(bands: tuple[Band, ...], points: Fraction) -> Band:
    """The grade of so many points: half-open, the last takes all below."""
    for one in bands:
        if one.at_least is None or points >= one.at_least:
            return one
    raise ValueError("the last grade has a limit")


def graded(points: Fraction, scoring: Scoring, choices: Choices) -> Fraction:
    """The points that the grade goes by: the exact total, or rounded half up if that was chosen."""
    if choices.word(scoring.rounding) == "half_up":
        return Fraction(math.floor(points + Fraction(1, 2)))
    return points


def period_money(
    scoring: Scoring,
    total: Range,
    vetoed: tuple[bool, bool],
    fines: Range,
    price: Fraction,
    share: Fraction,
    choices: Choices,
) -> tuple[Money, ...]:
    """The money of one period. `vetoed`: surely, and perhaps; `share` of a whole period's fee."""
    rule = scoring.money
    points = Range(graded(total.low, scoring, choices), graded(total.high, scoring, choices))
    low, high = band(scoring.grades, points.low), band(scoring.grades, points.high)
    if rule.fee is not None:
        fee = rule.fee.fee * share
        after = Range(low.share * fee, high.share * fee)
        net = (after - fines).floored(choices.floor(rule.fee.net_floor))
        named = (("fee_after_grade", after), ("fines", fines), ("net", net))
        return tuple(money(id_, rule.fee.clause, yuan) for id_, yuan in named)
    if rule.rate is not None:
        return (money("deduct", rule.rate.clause, Range(high.share * price, low.share * price)),)
    if rule.ratio is None:
        raise ValueError("no rule of money")
    payable = Range(
        _payable(points.low, rule.ratio, price, vetoed[1]),
        _payable(points.high, rule.ratio, price, vetoed[0]),
    )
    return _paid(rule.ratio, payable, price)


def _payable(points: Fraction, rule: RatioMoney, price: Fraction, vetoed: bool) -> Fraction:
    payable = price if points >= rule.full_from else max(price * points / rule.full_from, ZERO)
    return min(payable, price * rule.prepaid) if vetoed else payable


def _paid(rule: RatioMoney, payable: Range, price: Fraction) -> tuple[Money, ...]:
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
    """The year: deductions of the cycles, extras, capped; what exceeds the withheld part is repayable."""
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
