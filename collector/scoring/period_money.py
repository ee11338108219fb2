"""The money of one period: its grade's share, fines, and what vetoes leave of it."""

from dataclasses import dataclass
from fractions import Fraction

from collector.scoring.choices import Choices
from collector.scoring.model import Money
from collector.scoring.money import ZERO, Range, band, graded, money, paid, share_of
from collector.scoring.terms import Band, FeeMoney, RatioMoney, Scoring
from collector.scoring.vetoes import Effect, Vetoed


@dataclass(frozen=True, slots=True)
class Bound:
    """The worst, or the best, that a period may come to: points, the grade that vetoes leave, the effect."""

    points: Fraction
    band: Band
    effect: Effect


def bounds(scoring: Scoring, total: Range, vetoed: Vetoed, choices: Choices) -> tuple[Bound, Bound]:
    """The worst and the best: with every veto that may hold, and with those alone that surely do."""
    return (
        _bound(scoring, total.low, vetoed.perhaps, choices),
        _bound(scoring, total.high, vetoed.sure, choices),
    )


def _bound(scoring: Scoring, points: Fraction, effect: Effect, choices: Choices) -> Bound:
    points = graded(points, scoring, choices)
    return Bound(points, effect.band(scoring.grades, band(scoring.grades, points)), effect)


def period_money(
    scoring: Scoring,
    found: tuple[Bound, Bound],
    fines: Range,
    fee: Fraction,
    price: Fraction,
    choices: Choices,
) -> tuple[Money, ...]:
    """The money of one period. `fee`: what it is worth in full (`fee_of`); `price`: the contract total."""
    rule = scoring.money
    if rule.fee is not None:
        return _fee_money(rule.fee, scoring, found, fines, fee, choices)
    owed = (("fines", fines),) if scoring.fines else ()
    if rule.rate is not None:
        named = (("deduct", _off(scoring, found, fee, price, choices)), *owed)
        return tuple(money(id_, rule.rate.clause, yuan) for id_, yuan in named)
    if rule.ratio is None:
        raise ValueError("no rule of money")
    off = fines if owed else Range(ZERO, ZERO)
    payable = Range(
        _payable(found[0], rule.ratio, fee, off.high), _payable(found[1], rule.ratio, fee, off.low)
    )
    steps = tuple(money(id_, rule.ratio.clause, yuan) for id_, yuan in owed)
    return (*steps, *paid(rule.ratio, payable, fee))


def _fee_money(
    rule: FeeMoney,
    scoring: Scoring,
    found: tuple[Bound, Bound],
    fines: Range,
    fee: Fraction,
    choices: Choices,
) -> tuple[Money, ...]:
    low, high = (
        one.effect.capped(share_of(scoring.grades, one.band, one.points, choices, more=False) * fee, fee)
        for one in found
    )
    after, cap = Range(low, high), choices.floor(rule.fines_cap)
    due = fines if cap is None else Range(min(fines.low, cap * fee), min(fines.high, cap * fee))
    net = (after - due).floored(choices.floor(rule.net_floor))
    named = (("fee_after_grade", after), ("fines", due), ("net", net))
    return tuple(money(id_, rule.clause, yuan) for id_, yuan in named)


def _off(
    scoring: Scoring, found: tuple[Bound, Bound], part: Fraction, price: Fraction, choices: Choices
) -> Range:
    """What comes off the contract total: the grade's share of it, or what a veto leaves unpaid of the
    period's part, whichever is more."""
    high, low = (
        max(
            share_of(scoring.grades, one.band, one.points, choices, more=True) * price,
            part - one.effect.capped(part, part),
        )
        for one in found
    )
    return Range(low, high)


def _payable(one: Bound, rule: RatioMoney, part: Fraction, fines: Fraction) -> Fraction:
    earned = part if one.points >= rule.full_from else max(part * one.points / rule.full_from, ZERO)
    left = one.effect.capped(earned, part)
    # A veto that names no effect of its own: the rest is refused. It does not pay the fines.
    kept = min(left, part * rule.prepaid) if one.effect.plain else left
    return max(kept - fines, ZERO)
