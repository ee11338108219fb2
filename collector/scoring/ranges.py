"""The ranges that a pack's clauses set for what people give: points, per cent, yuan. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from collector.packs.model import Pack
from collector.scoring.choices import Choices
from collector.scoring.money import fee_of
from collector.scoring.offs import fine_each
from collector.scoring.rules import number
from collector.scoring.terms import Deduction, Fine, Scoring

ZERO, HUNDRED = Fraction(0), Fraction(100)


@dataclass(frozen=True, slots=True)
class Bounds:
    """From `least` to `most` in `unit` (points, percent, yuan), by a clause."""

    least: Fraction
    most: Fraction
    unit: str
    clause: str

    def clipped(self, value: Fraction) -> Fraction:
        """The value, or the end of the range beyond which it lies."""
        return min(max(value, self.least), self.most)

    def __str__(self) -> str:
        return f"{number(self.least)} to {number(self.most)} {self.unit} ({self.clause})"


def items_of(scoring: Scoring, kind: str) -> tuple[str, ...]:
    """Items of a kind (`deduction`, `fine`, `veto`) that the pack's rules name."""
    counts = [rule.count for rules in (scoring.deductions, scoring.fines, scoring.vetoes) for rule in rules]
    mine = [one for one in counts if one is not None and one.kind == kind]
    found = [str(item) for one in mine for item in _wanted(one.where.get("item", ()))]
    return tuple(dict.fromkeys(found))


def _wanted(wanted: object) -> tuple[object, ...]:
    return wanted if isinstance(wanted, tuple) else ()


def deduction(scoring: Scoring, item: str, choices: Choices) -> Bounds | None:
    """Points that may be given for an item; with a fixed price anything up to it."""
    rule = next(_named(scoring.deductions, "deduction", item), None)
    if not isinstance(rule, Deduction):
        return None
    if rule.each is not None:
        return Bounds(ZERO, choices.amount(rule.each), "points", rule.clause)
    if rule.least is None or rule.most is None:
        return None
    return Bounds(rule.least, rule.most, "points", rule.clause)


def fine(pack: Pack, item: str, percent: bool, choices: Choices) -> Bounds | None:
    """What a fine may be, in per cent of a whole period's fee (or part of the price) or in yuan."""
    rule, fee = fined_by(pack.scoring, item), fee_of(pack, Fraction(1))
    if rule is None:
        return None
    most = fine_each(rule, fee, pack.price, choices)
    if most is not None:
        if not percent:
            return Bounds(ZERO, most, "yuan", rule.clause)
        return None if not fee else Bounds(ZERO, most * 100 / fee, "percent", rule.clause)
    if rule.least is None or rule.most is None:
        return None
    if percent:
        return Bounds(rule.least, rule.most, "percent", rule.clause)
    return Bounds(rule.least * fee / 100, rule.most * fee / 100, "yuan", rule.clause)


def fined_by(scoring: Scoring, item: str) -> Fine | None:
    """The rule of a fine that somebody states."""
    rule = next(_named(scoring.fines, "fine", item), None)
    return rule if isinstance(rule, Fine) else None


def priced(rules: tuple[Deduction, ...] | tuple[Fine, ...], item: str, unit: str) -> Bounds | None:
    """The range that a rule's clause prints for an item, if it prints one."""
    kind = "deduction" if unit == "points" else "fine"
    rule = next(_named(rules, kind, item), None)
    if rule is None or rule.least is None or rule.most is None:
        return None
    return Bounds(rule.least, rule.most, unit, rule.clause)


def given(scoring: Scoring, kind: str) -> Bounds | None:
    """What may be given of a kind of item: the line's points, or per cent where it counts steps."""
    for line in scoring.lines:
        if line.given is not None and line.given.kind == kind:
            return Bounds(ZERO, line.full, "points", line.clause)
        measured = line.steps or line.tiers
        if measured is not None and measured.value.kind == kind:
            return Bounds(ZERO, HUNDRED, "percent", line.clause)
    return None


def _named(
    rules: tuple[Deduction, ...] | tuple[Fine, ...], kind: str, item: str
) -> Iterator[Deduction | Fine]:
    for rule in rules:
        if rule.count.kind == kind and item in _wanted(rule.count.where.get("item", ())):
            yield rule
