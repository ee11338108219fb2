"""The rule classes: what was counted to points, with bounds where it cannot be counted to the end.

Every rule gives the points for the fewest and for the most that may have been; nothing is rounded.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from collector.scoring.choices import Choices
from collector.scoring.counting import Counted, Ledger, Scope, announced
from collector.scoring.kinds import ANNOUNCED, BY_PEOPLE
from collector.scoring.model import Cause, Item
from collector.scoring.terms import (
    Deduct,
    Earn,
    Either,
    Given,
    LineRule,
    Scalar,
    Select,
    Share,
    Steps,
    Term,
    Tiers,
    Wanted,
)

ZERO, HUNDRED = Fraction(0), Fraction(100)


@dataclass(frozen=True, slots=True)
class Points:
    """Points at least and at most, and why. Equal: proven."""

    low: Fraction
    high: Fraction
    causes: tuple[Cause, ...] = ()
    items: tuple[int, ...] = ()
    gaps: tuple[int, ...] = ()
    required: Fraction | None = None
    counted: Fraction | None = None
    missing: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Looking:
    """Where a rule looks: the facts, whose, and under which options."""

    ledger: Ledger
    scope: Scope
    choices: Choices

    def count(self, select: Select) -> Counted:
        """How many the rule counts."""
        return self.ledger.count(select, self.scope, self.choices)


def number(value: Fraction) -> str:
    """An exact number as text: whole, decimal where it ends within six places, else up to six (half up)."""
    if value.denominator == 1:
        return str(value.numerator)
    scaled = value * 10**6
    whole = math.floor(abs(scaled) + Fraction(1, 2))
    sign = "-" if value < 0 and whole else ""
    return (sign + f"{whole // 10**6}.{whole % 10**6:06d}").rstrip("0").rstrip(".")


def points_of(line: LineRule, at: Looking, number_: int) -> Points:
    """Points of a line in one scope; `number_` is the period's place in the term."""
    made = _points(line, at, number_)
    floor = at.choices.floor(line.floor)
    low, high = (_clip(one, floor, line.full) for one in (made.low, made.high))
    return Points(low, high, made.causes, made.items, made.gaps, made.required, made.counted, made.missing)


def _clip(points: Fraction, floor: Fraction | None, full: Fraction) -> Fraction:
    return min(points if floor is None else max(points, floor), full)


def _points(line: LineRule, at: Looking, number_: int) -> Points:
    if line.earn is not None:
        return earn(line.earn, at)
    if line.given is not None:
        return given(line.given, at, line.full)
    if line.either is not None:
        return either(line.either, at, line.full, number_)
    if line.deduct is not None:
        return deduct(line.deduct, at, line.full)
    if line.share is not None:
        return share(line.share, at, line.full)
    if line.steps is not None:
        return steps(line.steps, at, line.full)
    if line.tiers is not None:
        return tiers(line.tiers, at, line.full)
    raise ValueError(f"{line.id}: no rule")


def cause(code: str, numbers: Mapping[str, Fraction | str], items: tuple[int, ...] = ()) -> Cause:
    """A cause with its numbers as text."""
    said = {key: value if isinstance(value, str) else number(value) for key, value in numbers.items()}
    return Cause(code, said, items)


def earn(rule: Earn, at: Looking) -> Points:
    """`each` x min(`most`, counted)."""
    found = at.count(rule.count)
    each, most = at.choices.amount(rule.each), at.choices.amount(rule.most)
    low, high = (each * min(most, one) for one in (found.low, found.high))
    why = cause("earned", {"each": each, "most": most, "counted": found.low}, found.items)
    missing = max(most - found.low, ZERO)
    return Points(low, high, (why,), found.items, found.gaps, most, found.low, missing)


def given(rule: Given, at: Looking, full: Fraction) -> Points:
    """The points somebody gave; the latest word counts; the default where nobody may give them any more."""
    select = Select(rule.kind)
    items = at.ledger.items(select, at.scope, at.choices)
    gaps = tuple(i for i, _ in at.ledger.gaps(select, at.scope, at.choices))
    if items:
        place, item = max(items, key=lambda one: _latest(one[1]))
        why = cause("given", {"points": item.value}, (place,))
        return Points(max(item.value, ZERO), max(item.value, ZERO), (why,), (place,), (), full, item.value)
    if rule.default is None or gaps:
        return Points(ZERO, full, (cause("nobody_said", {}),), (), gaps, full)
    points = at.choices.amount(rule.default)
    return Points(points, points, (cause("deemed", {"points": points}),), (), (), full, points)


def _latest(item: Item) -> tuple[int, int, Fraction]:
    entries = [proof.entry for proof in item.proofs]
    # The lower value last: of two words that came at once nobody gains by their order.
    return item.at_ms or 0, max(entries, default=-1), -item.value


def either(rule: Either, at: Looking, full: Fraction, number_: int) -> Points:
    """All with at least so many, else nothing; all where the period is not judged."""
    judged = at.choices.wanted(rule.judge_in)
    if judged and number_ not in judged:
        return Points(full, full, (cause("not_judged", {"number": str(number_)}),))
    if not judged and rule.judge_in != ():
        return Points(full, full, (cause("not_judged", {"number": str(number_)}),))
    found, least = at.count(rule.count), at.choices.amount(rule.at_least)
    low, high = (full if one >= least else ZERO for one in (found.low, found.high))
    code = "reached" if found.low >= least else "not_reached"
    why = cause(code, {"counted": found.low, "at_least": least}, found.items)
    missing = max(least - found.low, ZERO)
    return Points(low, high, (why,), found.items, found.gaps, least, found.low, missing)


def deduct(rule: Deduct, at: Looking, full: Fraction) -> Points:
    """All less the terms."""
    low = high = full
    causes: list[Cause] = []
    items: list[int] = []
    gaps: list[int] = []
    counted = ZERO
    told: list[tuple[Select, Counted]] = []
    open_ = _Open(at)
    for term in rule.terms:
        if not at.choices.holds(term.when):
            continue
        found, least, most = taken(term, at)
        told.append((term.count, found))
        low, high = low - least, high - least
        open_.add(term, found, most - least)
        counted += found.low
        items += found.items
        gaps += found.gaps
        if found.low:
            each = at.choices.amount(term.each)
            numbers = {"each": each, "counted": found.low, "per": Fraction(term.per), "points": least}
            causes.append(cause("deducted", {**numbers, "title": term.title}, found.items))
    places = tuple(dict.fromkeys(items)), tuple(dict.fromkeys(gaps))
    why = (*causes, *accepted(at.ledger, places[0]), *silence(told, at))
    return Points(low - open_.points, high, why, *places, None, counted, None)


class _Open:
    """What gaps may still cost a line. One thing that nobody saw costs by every term that it may be of; of
    terms that want another value of one fact (a fault has one level) only by the dearest."""

    def __init__(self, at: Looking) -> None:
        self._at = at
        self._by_gap: dict[int, list[tuple[Fraction, Term]]] = {}
        self._rest = ZERO

    @property
    def points(self) -> Fraction:
        """Off at most."""
        return self._rest + sum((self._dearest(terms) for terms in self._by_gap.values()), ZERO)

    def _dearest(self, terms: list[tuple[Fraction, Term]]) -> Fraction:
        """Terms in groups within which any two exclude one another; of each group the dearest."""
        groups: list[list[Term]] = []
        points = ZERO
        for cost, term in sorted(terms, key=lambda one: -one[0]):
            mine = next((one for one in groups if all(self._apart(term, other) for other in one)), None)
            if mine is None:
                groups.append(mine := [])
                points += cost
            mine.append(term)
        return points

    def _apart(self, one: Term, other: Term) -> bool:
        """Whether nothing can be of both: they leave no value of some fact."""
        both = (one.count, other.count)
        for fact in {*both[0].where, *both[1].where}:
            wanted = [self._values(count.where[fact]) for count in both if fact in count.where]
            never = set().union(*(self._values(count.unless.get(fact, ())) for count in both))
            if not set.intersection(*wanted) - never:
                return True
        return False

    def _values(self, wanted: Wanted) -> set[tuple[type, Scalar]]:
        return {(type(one), one) for one in self._at.choices.wanted(wanted)}

    def add(self, term: Term, found: Counted, more: Fraction) -> None:
        """A term with its gaps; `more`: what they may cost if each is one of its own."""
        limits = {i: self._at.ledger.facts.gaps[i].at_most for i in found.gaps}
        plain = term.per == 1 and term.free == 0 and term.most is None
        single = plain and self._at.choices.word(term.count.by) == "item"
        if not single or any(limit is None for limit in limits.values()):
            self._rest += more
            return
        each = self._at.choices.amount(term.each)
        for i, limit in limits.items():
            self._by_gap.setdefault(i, []).append((each * (limit or 0), term))


def silence(told: Iterable[tuple[Select, Counted]], at: Looking) -> tuple[Cause, ...]:
    """That points rest on nobody having stated anything: nothing but people's words could tell."""
    quiet = [rule for rule, found in told if not found.items and not found.gaps]
    kinds = {rule.kind for rule in quiet} & BY_PEOPLE
    for rule in quiet:
        if announced(rule) and not at.ledger.items(replace(rule, kind="due"), at.scope, at.choices):
            kinds |= {ANNOUNCED}
    return (cause("silence", {"kinds": ",".join(sorted(kinds))}),) if kinds else ()


def accepted(ledger: Ledger, places: tuple[int, ...]) -> tuple[Cause, ...]:
    """That points rest on the buyer's acceptance of what nobody saw."""
    items = ledger.accepted(places)
    kinds = sorted({str(ledger.facts.items[i].facts.get("item")) for i in items})
    return (cause("accepted", {"kinds": ",".join(kinds)}, items),) if items else ()


def taken(term: Term, at: Looking) -> tuple[Counted, Fraction, Fraction]:
    """What a term counts, and the points off at least and at most; parts of `per` cost nothing."""
    found, each = at.count(term.count), at.choices.amount(term.each)
    limit = at.choices.floor(term.most)

    def off(counted: Fraction) -> Fraction:
        dear = max(counted - term.free, ZERO)
        points = each * (dear // term.per if term.per > 1 else dear)
        return points if limit is None else min(points, limit)

    return found, off(found.low), off(found.high)


def share(rule: Share, at: Looking, full: Fraction) -> Points:
    """All x present / required; not proven while nobody knows what is required."""
    required, present = at.count(rule.required), at.count(rule.present)
    items, gaps = required.items + present.items, required.gaps + present.gaps
    if required.low <= 0 and required.high == required.low and required.items:
        why = cause("nothing_required", {}, required.items)
        return Points(full, full, (why,), items, gaps, ZERO, present.low, ZERO)
    if required.low <= 0 or required.gaps:
        return Points(ZERO, full, (cause("list_unknown", {}),), items, gaps)
    low, high = (full * min(one / required.low, Fraction(1)) for one in (present.low, present.high))
    why = cause("share", {"present": present.low, "required": required.low}, present.items)
    missing = max(required.low - present.low, ZERO)
    return Points(low, high, (why,), items, gaps, required.low, present.low, missing)


def steps(rule: Steps, at: Looking, full: Fraction) -> Points:
    """All less `each` for every step short of the target; of several values the worst counts."""
    items, gaps, bounds = value_of(rule.value, at)
    if bounds is None:
        return Points(ZERO, full, (cause("no_value", {}),), (), gaps, rule.target)
    rounding = at.choices.word(rule.rounding)
    lost = [_lost(rule, one, at, full) for one in bounds]
    numbers: dict[str, Fraction | str] = {"value": bounds[0], "target": rule.target, "step": rule.step}
    numbers |= {"rounding": rounding, "points": lost[0]}
    causes = (cause("steps", numbers, items), *accepted(at.ledger, items))
    short = max(rule.target - bounds[0], ZERO)
    return Points(full - lost[0], full - lost[1], causes, items, gaps, rule.target, bounds[0], short)


_Bounds = tuple[Fraction, Fraction] | None
_Measure = tuple[tuple[int, ...], tuple[int, ...], _Bounds]
"""Places of the items and gaps it rests on, the value at least and at most."""


def _lost(rule: Steps, value: Fraction, at: Looking, full: Fraction) -> Fraction:
    """Points that a value costs."""
    if rule.nothing_below is not None and value < rule.nothing_below:
        return full
    days, period = at.choices.amount(rule.of_days or ZERO), at.ledger.facts.period
    if days:
        # What is missing of all of the period, as a share of so many days.
        value = HUNDRED - (HUNDRED - value) * (period.end - period.first).days / days
    rounding, each = at.choices.word(rule.rounding), at.choices.amount(rule.each)
    return each * _steps(rule.target - value, rule.step, rounding)


def tiers(rule: Tiers, at: Looking, full: Fraction) -> Points:
    """The points of the tier that the value reaches."""
    items, gaps, bounds = _measured(rule, at)
    if bounds is None:
        return Points(ZERO, full, (cause("no_value", {}),), items, gaps)
    low, high = (_tier(rule, one, at) for one in bounds)
    why = cause("tier", {"value": bounds[0], "points": low}, items)
    return Points(low, high, (why, *accepted(at.ledger, items)), items, gaps, None, bounds[0])


def _measured(rule: Tiers, at: Looking) -> _Measure:
    if rule.required is None:
        return value_of(rule.value, at)
    required, done = at.count(rule.required), at.count(rule.value)
    items, gaps = required.items + done.items, required.gaps + done.gaps
    if required.low <= 0 or required.gaps:
        nothing = required.low <= 0 and not required.gaps and bool(required.items)
        return items, gaps, (HUNDRED, HUNDRED) if nothing else None
    low, high = (HUNDRED * min(one / required.low, Fraction(1)) for one in (done.low, done.high))
    return items, gaps, (low, high)


def _tier(rule: Tiers, value: Fraction, at: Looking) -> Fraction:
    for one in rule.tiers:
        if one.at_least is None or value >= one.at_least:
            return at.choices.amount(one.points)
    return ZERO


def value_of(select: Select, at: Looking) -> _Measure:
    """The worst value that the rule selects, its place, and its bounds where there are gaps."""
    items = at.ledger.items(select, at.scope, at.choices)
    gaps = tuple(i for i, _ in at.ledger.gaps(select, at.scope, at.choices))
    if not items:
        return (), gaps, None
    place, item = min(items, key=lambda one: one[1].value)
    places = (place, *at.ledger.cited(select, at.scope, at.choices))
    if not gaps:
        return places, (), (item.value, item.value)
    low, high = (_fact(item, name, other) for name, other in (("low", ZERO), ("high", HUNDRED)))
    return places, gaps, (low, high)


def _fact(item: Item, name: str, default: Fraction) -> Fraction:
    said = item.facts.get(name)
    return default if said is None else Fraction(str(said))


def _steps(short: Fraction, step: Fraction, rounding: str) -> Fraction:
    if short <= 0:
        return ZERO
    exact = short / step
    whole = {"ceil": math.ceil, "floor": math.floor}
    return exact if rounding == "linear" else Fraction(whole[rounding](exact))
