"""Retention money (质保金): what of a payment is kept back, till when, and what vetoes lose of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from collector.inspection.deadlines import add_months
from collector.packs.model import Pack
from collector.scoring.model import Money, Scorecard
from collector.scoring.money import ZERO, Range, fee_of, money, range_of, sum_of
from collector.scoring.terms import Retention

PAYMENTS = ("period_payment", "final_payment")
"""Steps of a settlement of which something is kept back."""

DUE = "retention_due"
"""The step of what is still to be paid, with its day behind an @."""


@dataclass(frozen=True, slots=True)
class Payment:
    """What is known of a payment beside its scorecards. `end`: of its last period, which may not have begun;
    `texts`: every text of the pack that judged a scorecard of it, by digest."""

    end: date | None = None
    texts: Mapping[str, Pack] = field(default_factory=dict)


ALONE = Payment()


def retained(
    rule: Retention, pack: Pack, cards: Sequence[Scorecard], before: Sequence[Money], payment: Payment = ALONE
) -> tuple[Money, ...]:
    """What is kept back, what of it is lost, what is paid now, and what is due on its day."""
    found = next((range_of(step) for step in before if step.id in PAYMENTS), Range(ZERO, ZERO))
    price = sum((fee_of(pack, card.period.share) for card in cards), ZERO)
    kept = Range(*(_kept(rule, max(one, ZERO), price) for one in (found.low, found.high)))
    gone = sum_of(_lost(payment.texts.get(card.pack_digest, pack), card) for card in cards)
    low, high = (min(one, Fraction(1)) for one in (gone.low, gone.high))
    steps = (
        ("retained", kept),
        ("retention_lost", Range(kept.low * low, kept.high * high)),
        # Each with its own payment: what is kept of the less is no more than what is kept of the more.
        ("paid_now", Range(found.low - kept.low, found.high - kept.high)),
        (f"{DUE}@{due(rule, cards, payment.end)}", Range(kept.low * (1 - high), kept.high * (1 - low))),
    )
    return tuple(money(id_, rule.clause, yuan) for id_, yuan in steps)


def _kept(rule: Retention, payment: Fraction, price: Fraction) -> Fraction:
    return min(rule.share * (price if rule.of == "price" else payment), payment)


def due(rule: Retention, cards: Sequence[Scorecard], end: date | None = None) -> date:
    """The day from which on what is kept back is owed. `end`: of the payment (periods may be to come)."""
    if rule.until:
        return date.fromisoformat(rule.until)
    return add_months(max(card.period.end for card in cards) if end is None else end, rule.months or 0)


def _lost(pack: Pack, card: Scorecard) -> Range:
    """The share that vetoes of a period lose by the text that judged it: of those that surely hold, and of
    those too that may."""
    told = {line.id for line in card.lines}
    sure = sum((rule.loses or ZERO for rule in pack.scoring.vetoes if rule.id in card.vetoes), ZERO)
    may = sum((rule.loses or ZERO for rule in pack.scoring.vetoes if f"veto.{rule.id}" in told), ZERO)
    return Range(sure, may)
