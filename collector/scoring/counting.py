"""Which items a rule counts and how many they are, with bounds where evidence is missing."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from collector.scoring.choices import Choices, kinds_in, options_in, selects_in
from collector.scoring.kinds import ACCEPTED, ANNOUNCED, BY_LOOKING, BY_PEOPLE
from collector.scoring.model import Gap, Item, PeriodFacts, Proof, Scalar
from collector.scoring.terms import Select
from collector.scoring.unbounded import NO_LIMIT

_OF_KINDS = {"unseen.max": BY_LOOKING, "silence": BY_PEOPLE}
_DUTY = ("obligation", "what")


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose items: of the whole contract (both None), of a unit, or of a system of it.

    A thing that names no system of its unit counts for each of them.
    """

    unit: str | None = None
    system: str | None = None

    def has(self, item: Item) -> bool:
        """Whether an item is in it."""
        if self.unit is None:
            return True
        return item.unit == self.unit and (self.system is None or item.system in (None, self.system))

    def meets(self, gap: Gap) -> bool:
        """Whether a gap may be about it; a gap that names nobody is about everybody."""
        if self.unit is None:
            return True
        if gap.unit not in (None, self.unit):
            return False
        return self.system is None or gap.system in (None, self.system)


@dataclass(frozen=True, slots=True)
class Counted:
    """How many at least and at most; places of the items and gaps in `PeriodFacts`."""

    low: Fraction
    high: Fraction
    items: tuple[int, ...] = ()
    gaps: tuple[int, ...] = ()


class Ledger:
    """The facts of a period by kind, every thing once: the same item by the same proof is one."""

    def __init__(self, facts: PeriodFacts) -> None:
        self.facts = facts
        self._items: dict[str, list[tuple[int, Item]]] = {}
        self._by_unit: dict[tuple[str, str | None], list[tuple[int, Item]]] = {}
        self._options: dict[int, tuple[str, ...]] = {}
        self._gaps: dict[str, list[tuple[int, Gap]]] = {}
        seen = set()
        for i, item in enumerate(facts.items):
            if item.proofs:
                key = _same(item)
                if key in seen:
                    continue
                seen.add(key)
            self._items.setdefault(item.kind, []).append((i, item))
            self._by_unit.setdefault((item.kind, item.unit), []).append((i, item))
        for i, gap in enumerate(facts.gaps):
            self._gaps.setdefault(gap.kind, []).append((i, gap))

    def items(self, select: Select, scope: Scope, choices: Choices) -> list[tuple[int, Item]]:
        """Items that the rule selects, with their places."""
        where = {fact: choices.wanted(one) for fact, one in select.where.items()}
        unless = {fact: choices.wanted(one) for fact, one in select.unless.items()}
        some = (
            self._items.get(select.kind, ())
            if scope.unit is None
            else self._by_unit.get((select.kind, scope.unit), ())
        )
        return [
            (i, item)
            for i, item in some
            if scope.has(item)
            and (select.below is None or item.value < select.below)
            and _matches(item.facts, where, unless)
        ]

    def gaps(self, select: Select, scope: Scope, choices: Choices) -> list[tuple[int, Gap]]:
        """Gaps that may hide items which the rule would select."""
        where = {fact: choices.wanted(one) for fact, one in select.where.items()}
        unless = {fact: choices.wanted(one) for fact, one in select.unless.items()}
        return [
            (i, gap)
            for i, gap in self._gaps.get(select.kind, ())
            if scope.meets(gap) and _may_match(gap.facts, where, unless)
        ]

    def count(self, select: Select, scope: Scope, choices: Choices) -> Counted:
        """How many a rule counts."""
        items = self.items(select, scope, choices)
        gaps = self.gaps(select, scope, choices)
        by = choices.word(select.by)
        low = _number([item for _, item in items], by)
        high = low + sum((_most(gap, by) for _, gap in gaps), Fraction(0))
        if by == "any":
            high = min(high, Fraction(1))
        places = (*(i for i, _ in items), *self.cited(select, scope, choices))
        return Counted(low, high, places, tuple(i for i, _ in gaps))

    def cited(self, select: Select, scope: Scope, choices: Choices) -> Iterator[int]:
        """What says that something that the rule selects was not done, or that there was none: cited, never
        counted."""
        where = {fact: choices.wanted(one) for fact, one in select.where.items() if fact in _DUTY}
        for i, item in (*self._items.get("not_done", ()), *self._items.get(ACCEPTED, ())):
            mine = scope.unit is None or item.unit in (None, scope.unit)
            if item.facts.get("item") == select.kind and mine and _may_match(item.facts, where, {}):
                yield i

    def accepted(self, places: tuple[int, ...]) -> tuple[int, ...]:
        """Those of these items that are the buyer's acceptance of what nobody saw."""
        return tuple(i for i in places if self.facts.items[i].kind == ACCEPTED)

    def options_of(self, rule: Any) -> tuple[str, ...]:
        """Keys of the options that decide a rule of the pack that is being scored, found out once; those that
        say what silence is worth too, which a pack need not have."""
        if id(rule) not in self._options:
            kinds = kinds_in(rule)
            more = [key for key, some in _OF_KINDS.items() if not some.isdisjoint(kinds)]
            if "silence" not in more and any(announced(one) for one in selects_in(rule)):
                more.append("silence")
            self._options[id(rule)] = (*options_in(rule), *more)
        return self._options[id(rule)]

    def unlisted(self, kind: str, selects: Iterator[Select], choices: Choices) -> Iterator[tuple[int, Item]]:
        """Items of a kind that none of the rules selects."""
        known = {i for one in selects for i, _ in self.items(one, Scope(), choices)}
        return ((i, item) for i, item in self._items.get(kind, ()) if i not in known)

    def proofs(self, places: tuple[int, ...]) -> tuple[Proof, ...]:
        """Proofs of items by their places."""
        return tuple(proof for i in places for proof in self.facts.items[i].proofs)


def announced(select: Select) -> bool:
    """Whether a rule counts what was missed before occasions that people announce."""
    what = select.where.get("what", ())
    return select.kind == "missed" and isinstance(what, tuple) and ANNOUNCED in what


def _same(item: Item) -> tuple[object, ...]:
    facts = tuple(sorted((key, repr(value)) for key, value in item.facts.items()))
    bare = replace(item, facts={}, proofs=(), title="")
    return (*(getattr(bare, name) for name in _WHAT), facts, frozenset(item.proofs))


_WHAT = ("kind", "value", "day", "at_ms", "unit", "system")
_Facts = Mapping[str, Scalar]
_Wanted = Mapping[str, tuple[Scalar, ...]]


def _matches(facts: _Facts, where: _Wanted, unless: _Wanted) -> bool:
    if any(name in facts and _in(facts[name], wanted) for name, wanted in unless.items()):
        return False
    return all(_in(facts.get(name), wanted) for name, wanted in where.items())


def _may_match(facts: _Facts, where: _Wanted, unless: _Wanted) -> bool:
    if any(name in facts and _in(facts[name], wanted) for name, wanted in unless.items()):
        return False
    return all(name not in facts or _in(facts[name], wanted) for name, wanted in where.items())


def _in(value: Scalar, wanted: tuple[Scalar, ...]) -> bool:
    # True is 1 to Python, but a level of 1 is no yes.
    return any(type(value) is type(one) and value == one for one in wanted)


def _most(gap: Gap, by: str) -> Fraction:
    # How much one more item would be worth nobody knows.
    if gap.at_most is None or (by == "value" and gap.at_most):
        return NO_LIMIT
    return Fraction(gap.at_most)


def _number(items: list[Item], by: str) -> Fraction:
    if by == "item":
        return Fraction(len(items))
    if by == "value":
        return sum((item.value for item in items), Fraction(0))
    if by == "any":
        return Fraction(min(len(items), 1))
    keys = [tuple(_key(item, word) for word in by.split("+")) for item in items]
    return Fraction(len({key for key in keys if None not in key}))


def _key(item: Item, word: str) -> object:
    """What must differ; None where the item doesn't tell: it is then no one of its own."""
    read = _DISTINCT.get(word)
    return read(item) if read else item.facts.get(word)


_DISTINCT: dict[str, Callable[[Item], object]] = {
    "week": lambda item: item.day and tuple(item.day.isocalendar())[:2],
    "day": lambda item: item.day,
    "month": lambda item: item.day and (item.day.year, item.day.month),
    "unit": lambda item: item.unit,
    "system": lambda item: (item.unit, item.system),
}
