"""What is paid for several periods together: scorecards in, money out."""

from collections.abc import Sequence
from fractions import Fraction

from collector.packs.model import Compiled, Pack
from collector.packs.options import resolve
from collector.scoring import money as yuan
from collector.scoring.choices import Choices, shown
from collector.scoring.counting import Ledger, Scope
from collector.scoring.model import Money, PeriodFacts, Scorecard, Settlement
from collector.scoring.money import Range
from collector.scoring.retention import ALONE, Payment, retained
from collector.scoring.score import Chosen
from collector.scoring.terms import FeeMoney, MoneyRule, RateMoney


def settle(
    compiled: Compiled,
    cards: Sequence[Scorecard],
    term: PeriodFacts | None = None,
    options: Chosen | None = None,
    payment: Payment = ALONE,
) -> Settlement:
    """The settlement of these scorecards: a payment period's months, a year's cycles, or one year.

    `term` holds the items that count over the whole contract (promises, reprimands); `payment` what retention
    asks of the periods to come and of other texts of the pack. ValueError if a
    scorecard was made by another pack. One of the same name is the same contract: its text may have been put
    right in the middle of a payment, and each scorecard stands as it was made.
    """
    if odd := [card for card in cards if card.pack != compiled.pack.pack]:
        raise ValueError(f"{odd[0].period.name}: scored by another pack, {odd[0].pack}")
    values = resolve(compiled.pack, dict(options or {}))
    choices = Choices(values)
    retention = compiled.pack.scoring.money.retention
    rule = compiled.pack.scoring.money
    if rule.fee is not None:
        money = _payment(rule.fee, cards, choices)
    elif rule.rate is not None:
        money = _year(rule.rate, compiled.pack.price, cards, term, choices)
    else:
        money = _parts(rule, compiled.pack, cards)
    if retention is not None and cards:
        money = (*money, *retained(retention, compiled.pack, cards, money, payment))
    return Settlement(
        compiled.pack.pack,
        compiled.digest,
        tuple(card.period.name for card in cards),
        money,
        tuple((key, shown(value)) for key, value in values.items()),
    )


def _step(card: Scorecard, name: str) -> Range:
    for one in card.money:
        if one.id == name:
            return yuan.range_of(one)
    raise ValueError(
        f"{card.period.name}: its scorecard has no step {name}, another kind of settlement made it"
    )


def _payment(rule: FeeMoney, cards: Sequence[Scorecard], choices: Choices) -> tuple[Money, ...]:
    """The months' nets together; what is missing below the floor is the shortfall."""
    net = yuan.sum_of(_step(card, "net") for card in cards)
    floor = choices.floor(rule.payment_floor)
    paid = net.floored(floor)
    return (
        yuan.money("period_payment", rule.clause, paid),
        yuan.money("shortfall", rule.clause, Range(paid.high - net.high, paid.low - net.low)),
    )


def _parts(rule: MoneyRule, pack: Pack, cards: Sequence[Scorecard]) -> tuple[Money, ...]:
    """The parts of the price that the periods earned, together."""
    if rule.ratio is None or len(cards) < 2:
        return cards[-1].money if cards else ()
    clause = rule.ratio.clause
    fined = [_step(card, "fines") for card in cards if pack.scoring.fines]
    fines = (yuan.money("fines", clause, yuan.sum_of(fined)),) if fined else ()
    payable = yuan.sum_of(_step(card, "payable_total") for card in cards)
    price = sum((yuan.fee_of(pack, card.period.share) for card in cards), Fraction(0))
    return (*fines, *yuan.paid(rule.ratio, payable, price))


def _year(
    rule: RateMoney,
    price: Fraction,
    cards: Sequence[Scorecard],
    term: PeriodFacts | None,
    choices: Choices,
) -> tuple[Money, ...]:
    cycles = yuan.sum_of(_step(card, "deduct") for card in cards)
    fined = [one for card in cards for one in card.money if one.id == "fines"]
    fines = [yuan.money("fines", rule.clause, yuan.sum_of(map(yuan.range_of, fined)))] if fined else []
    return yuan.rate_settlement(rule, price, cycles, (*fines, *_extras(rule, price, term, choices)))


def _extras(rule: RateMoney, price: Fraction, term: PeriodFacts | None, choices: Choices) -> list[Money]:
    """One step for each id; several rules may share one."""
    ledger = None if term is None else Ledger(term)
    added: dict[str, tuple[str, Range]] = {}
    for extra in rule.extras:
        each = (extra.share or Fraction(0)) * price + (extra.yuan or Fraction(0))
        clause, before = added.get(extra.id, (extra.clause, Range(Fraction(0), Fraction(0))))
        active = ledger is not None and choices.holds(extra.when)
        found = None if ledger is None or not active else ledger.count(extra.count, Scope(), choices)
        more = Range(Fraction(0), Fraction(0)) if found is None else Range(found.low, found.high).times(each)
        added[extra.id] = (clause, before + more)
    return [yuan.money(id_, clause, total) for id_, (clause, total) in added.items()]
