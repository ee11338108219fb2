"""How a service is composed of checks (3.6); trees nest, and unknown passes through as an interval."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from collector.availability.vantage import DEGRADED, DOWN, NONE, UP


@dataclass(frozen=True, slots=True)
class Leaf:
    """One check, by name."""

    check: str


@dataclass(frozen=True, slots=True)
class All:
    """As bad as its worst part."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """As good as its best part."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Weighted:
    """Up when parts of weight `up` are up, else degraded when `degraded` are degraded or better, else down.

    A quorum is the same with every weight 1.
    """

    up: int | Fraction
    degraded: int | Fraction
    parts: tuple["Node", ...]
    weights: tuple[int | Fraction, ...]


Node = Leaf | All | AnyOf | Weighted
Rule = Callable[[Sequence[int]], int]


def leaves(node: Node) -> Iterator[str]:
    """Names of the checks in a tree."""
    if isinstance(node, Leaf):
        yield node.check
        return
    for part in node.parts:
        yield from leaves(part)


def compiled(node: Node, index: Mapping[str, int]) -> Rule:
    """The tree as a function of the states of all checks, where `index` says which is which."""
    if isinstance(node, Leaf):
        at = index[node.check]
        return lambda states: states[at]
    rules = [compiled(part, index) for part in node.parts]
    if isinstance(node, All):
        return lambda states: min(rule(states) for rule in rules)
    if isinstance(node, AnyOf):
        return lambda states: max(rule(states) for rule in rules)
    return _weighted(node, rules)


def _weighted(node: Weighted, rules: list[Rule]) -> Rule:
    def rule(states: Sequence[int]) -> int:
        values = [(rule(states), weight) for rule, weight in zip(rules, node.weights, strict=True)]
        if sum(weight for value, weight in values if value == UP) >= node.up:
            return UP
        least = sum(weight for value, weight in values if value >= DEGRADED)
        return DEGRADED if least >= node.degraded else DOWN

    return rule


def judged(rule: Rule, states: Sequence[int], need: int) -> int:
    """The tree's state where `need` is the least that counts as available; none = it cannot be told."""
    low = rule([DOWN if state == NONE else state for state in states])
    if low >= need:
        return UP if low == UP else DEGRADED
    high = rule([UP if state == NONE else state for state in states])
    return DOWN if high < need else NONE
