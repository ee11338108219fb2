"""Scorecard of a period: pack, facts, options in; points, grade, money out. The verifier runs it too."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from collector.packs.model import Compiled
from collector.packs.options import resolve
from collector.scoring import money as yuan
from collector.scoring import offs
from collector.scoring.choices import Choices, shown
from collector.scoring.counting import Ledger, Scope
from collector.scoring.model import Line, LineState, Money, Other, PeriodFacts, Scorecard, Sum, Unit
from collector.scoring.money import Range
from collector.scoring.period_money import bounds, period_money
from collector.scoring.rules import ZERO, Looking, Points, cause, points_of
from collector.scoring.terms import LineRule, Option, Scoring, Value, Weights
from collector.scoring.unbounded import bound, least
from collector.scoring.vetoes import vetoes

Chosen = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class _Made:
    """A period's outcome under one set of options."""

    lines: tuple[Line, ...]
    sums: tuple[Sum, ...]
    deducted: Fraction
    total: Range
    grade: str | None
    vetoes: tuple[str, ...]
    money: tuple[Money, ...]


def score(compiled: Compiled, facts: PeriodFacts, options: Chosen | None = None) -> Scorecard:
    """The scorecard of a period under the pack's options, but for those in `options`.

    OptionError for an option or value that the pack does not have.
    """
    pack, chosen = compiled.pack, dict(options or {})
    values = resolve(pack, chosen)
    ledger = Ledger(facts)
    made = _made(compiled, ledger, Choices(values))
    return Scorecard(
        pack.pack,
        compiled.digest,
        facts.period,
        facts.as_of_ms,
        made.lines,
        made.sums,
        made.deducted,
        made.total.exact,
        bound(made.total.low),
        made.total.high,
        made.grade,
        made.vetoes,
        made.money,
        tuple((key, shown(value)) for key, value in values.items()),
        tuple(_others(compiled, ledger, values, made)),
    )


def _others(compiled: Compiled, ledger: Ledger, values: Mapping[str, Value], made: _Made) -> Iterator[Other]:
    """The other readings where the contract contradicts itself, as far as they change points or money."""
    for option in compiled.pack.options:
        for value in _alternatives(option, values[option.key]) if option.contradiction else ():
            other = _made(compiled, ledger, Choices({**values, option.key: value}), (option.key, made))
            if (other.total, other.grade, other.money) != (made.total, made.grade, made.money):
                text = shown(value)
                yield Other(option.key, text, option.clause, other.total.exact, other.grade, other.money)


def _alternatives(option: Option, value: Value) -> Iterator[Value]:
    if option.allowed:
        yield from (one for one in option.allowed if one != value)
    elif option.least is not None and option.most is not None:
        yield from (one for one in range(option.least, option.most + 1) if one != value)


_Before = tuple[str, _Made] | None


def _made(compiled: Compiled, ledger: Ledger, choices: Choices, before: _Before = None) -> _Made:
    """One reading; `before`: another one that differs in the option of this key alone."""
    scoring, facts = compiled.pack.scoring, ledger.facts
    lines = tuple(_lines(scoring, ledger, choices, before))
    sums, mean = _sums(lines, scoring, facts)
    off = tuple(offs.deductions(scoring, ledger, choices))
    fee = yuan.fee_of(compiled.pack, facts.period.share)
    fines, fined = offs.fines(scoring, ledger, choices, fee, compiled.pack.price)
    vetoed = vetoes(scoring, ledger, choices, lines)
    taken = yuan.sum_of(Range(-line.high, -least(line.low)) for line in off)
    total = (mean - taken).floored(choices.floor(scoring.floor)).capped(choices.floor(scoring.most))
    found = bounds(scoring, total, vetoed, choices)
    low, high = (one.band.name for one in found)
    paid = period_money(scoring, found, fined, fee, compiled.pack.price, choices)
    return _Made(
        (*lines, *off, *fines, *vetoed.lines),
        sums,
        taken.low,
        total,
        low if low == high else None,
        vetoed.held,
        paid,
    )


def _lines(scoring: Scoring, ledger: Ledger, choices: Choices, before: _Before) -> Iterator[Line]:
    for rule in scoring.lines:
        keys = ledger.options_of(rule)
        if before is not None and before[0] not in keys:
            yield from (line for line in before[1].lines if line.id == rule.id)
            continue
        used = tuple((key, shown(choices.values[key])) for key in keys if key in choices.values)
        for unit in _units(rule, ledger.facts.units, choices):
            state, points = _in_unit(rule, unit, ledger, choices, scoring.weights)
            yield _line(rule, unit, state, points, ledger, used)


def _units(rule: LineRule, units: tuple[Unit, ...], choices: Choices) -> tuple[Unit | None, ...]:
    return (None,) if choices.word(rule.per) == "contract" else units


_Found = tuple[LineState | None, Points]


def _in_unit(
    rule: LineRule, unit: Unit | None, ledger: Ledger, choices: Choices, weights: Weights | None
) -> _Found:
    number = ledger.facts.period.number
    if unit is None:
        return None, points_of(rule, Looking(ledger, Scope(), choices), number)
    if unit.kind in rule.full_for:
        return LineState.NOT_APPLICABLE, Points(rule.full, rule.full, (cause("full_by_rule", {}),))
    whole = Scope(unit.id)
    if choices.word(rule.per) == "unit":
        return None, points_of(rule, Looking(ledger, whole, choices), number)
    if unit.systems:
        known = {} if weights is None else weights.systems
        scopes = [(Scope(unit.id, one.id), known.get(one.id, Fraction(1))) for one in unit.systems]
        every = [(points_of(rule, Looking(ledger, one, choices), number), weight) for one, weight in scopes]
        return None, _mean(every)
    made = points_of(rule, Looking(ledger, whole, choices), number)
    # What is missing somewhere, nobody knows where, is no sign that this unit has anything.
    if made.items or any(ledger.facts.gaps[i].unit == unit.id for i in made.gaps):
        return None, made
    points = rule.full if choices.word(rule.na) == "full" else ZERO
    return LineState.NOT_APPLICABLE, Points(points, points, (cause("no_system", {}),))


def _mean(weighed: list[tuple[Points, Fraction]]) -> Points:
    """The mean over a unit's systems, each by its weight; counts are added up."""
    parts = [part for part, _ in weighed]
    n = sum((weight for _, weight in weighed), ZERO)

    def added(values: Iterable[Fraction | None]) -> Fraction | None:
        known = [value for value in values if value is not None]
        return sum(known, ZERO) if known else None

    return Points(
        sum((part.low * weight for part, weight in weighed), ZERO) / n,
        sum((part.high * weight for part, weight in weighed), ZERO) / n,
        tuple(one for part in parts for one in part.causes),
        tuple(dict.fromkeys(i for part in parts for i in part.items)),
        tuple(dict.fromkeys(i for part in parts for i in part.gaps)),
        added(part.required for part in parts),
        added(part.counted for part in parts),
        added(part.missing for part in parts),
    )


def _line(
    rule: LineRule,
    unit: Unit | None,
    state: LineState | None,
    made: Points,
    ledger: Ledger,
    used: tuple[tuple[str, str], ...],
) -> Line:
    proven = made.low == made.high
    return Line(
        rule.id,
        rule.clause,
        rule.page,
        rule.title,
        rule.tag,
        rule.full,
        made.low if proven else None,
        bound(made.low),
        made.high,
        state or (LineState.PROVEN if proven else LineState.NOT_PROVEN),
        made.required,
        made.counted,
        made.missing,
        None if unit is None else unit.id,
        made.causes,
        used,
        made.items,
        made.gaps,
        offs.worst_grade(ledger.proofs(made.items)),
    )


def _sums(lines: tuple[Line, ...], scoring: Scoring, facts: PeriodFacts) -> tuple[tuple[Sum, ...], Range]:
    """Points of each unit and of the whole contract; the mean of the units plus what is the contract's."""
    units = facts.units
    whole = yuan.sum_of(Range.of(line.low, line.high) for line in lines if line.unit is None)
    if not units or all(line.unit is None for line in lines):
        return (Sum(None, whole.exact, bound(whole.low), whole.high),), whole
    sums = []
    for unit in units:
        own = yuan.sum_of(Range.of(line.low, line.high) for line in lines if line.unit == unit.id)
        sums.append(Sum(unit.id, own.exact, bound(own.low), own.high))
    mean = yuan.weighed([(one.unit, Range.of(one.low, one.high)) for one in sums], scoring, facts)
    return tuple(sums), whole + mean


def with_price(compiled: Compiled, *, fee: Fraction | None = None, price: Fraction | None = None) -> Compiled:
    """The pack with another fee or contract total, for worked cases; the digest stays that of the pack."""
    pack = compiled.pack
    if price is not None:
        pack = replace(pack, price=price)
    rule = pack.scoring.money.fee
    if fee is not None and rule is not None:
        changed = replace(pack.scoring.money, fee=replace(rule, fee=fee))
        pack = replace(pack, scoring=replace(pack.scoring, money=changed))
    return Compiled(pack, compiled.body, compiled.digest)
