"""From points and grade to yuan: exact to the end, each printed amount rounded once, half up, to the fen."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from collector.packs.model import Pack
from collector.scoring.choices import Choices
from collector.scoring.model import Money
from collector.scoring.terms import Band, FeeMoney, RateMoney, RatioMoney, Scoring

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


def share_of(bands: tuple[Band, ...], points: Fraction, choices: Choices, more: bool = False) -> Fraction:
    """The share that goes with so many points. `more`: of a total that is taken off, which grows."""
    mine = band(bands, points)
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


def period_money(
    scoring: Scoring,
    total: Range,
    vetoed: tuple[bool, bool],
    fines: Range,
    fee: Fraction,
    price: Fraction,
    choices: Choices,
) -> tuple[Money, ...]:
    """The money of one period. `vetoed`: surely, and perhaps; `fee`: of the period (`fee_of`)."""
    rule = scoring.money
    points = Range(graded(total.low, scoring, choices), graded(total.high, scoring, choices))
    owed = (("fines", fines),) if scoring.fines else ()
    if rule.fee is not None:
        return _fee_money(rule.fee, scoring, points, fines, fee, choices)
    if rule.rate is not None:
        low, high = (share_of(scoring.grades, one, choices, more=True) for one in (points.low, points.high))
        named = (("deduct", Range(high * price, low * price)), *owed)
        return tuple(money(id_, rule.rate.clause, yuan) for id_, yuan in named)
    if rule.ratio is None:
        raise ValueError("no rule of money")
    off = fines if owed else Range(ZERO, ZERO)
    payable = Range(
        _payable(points.low, rule.ratio, fee, off.high, vetoed[1]),
        _payable(points.high, rule.ratio, fee, off.low, vetoed[0]),
    )
    steps = tuple(money(id_, rule.ratio.clause, yuan) for id_, yuan in owed)
    return (*steps, *paid(rule.ratio, payable, fee))


def _fee_money(
    rule: FeeMoney, scoring: Scoring, points: Range, fines: Range, fee: Fraction, choices: Choices
) -> tuple[Money, ...]:
    after = Range(*(share_of(scoring.grades, one, choices) * fee for one in (points.low, points.high)))
    cap = choices.floor(rule.fines_cap)
    due = fines if cap is None else Range(min(fines.low, cap * fee), min(fines.high, cap * fee))
    net = (after - due).floored(choices.floor(rule.net_floor))
    named = (("fee_after_grade", after), ("fines", due), ("net", net))
    return tuple(money(id_, rule.clause, yuan) for id_, yuan in named)


def _payable(points: Fraction, rule: RatioMoney, part: Fraction, fines: Fraction, vetoed: bool) -> Fraction:
    earned = part if points >= rule.full_from else max(part * points / rule.full_from, ZERO)
    kept = min(earned, part * rule.prepaid) if vetoed else earned  # a veto does not pay the fines
    return max(kept - fines, ZERO)


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
