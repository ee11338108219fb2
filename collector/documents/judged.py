"""A scorecard with what it was made of and the names of things: what pages and documents print."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import cached_property

from collector.documents.judging_prices import Off
from collector.packs.form_terms import FormTerms
from collector.scoring.model import Line, PeriodFacts, Scorecard
from collector.scoring.money import shares_of
from collector.scoring.terms import Weights
from collector.scoring.unbounded import bound, least


@dataclass(frozen=True)
class Judged:
    """A scorecard with what it was made of and the names of things. `names`: of units and systems by id;
    `english`: titles of lines by id; `about`: (clause, Chinese, English) of each option; `offs`, `form`: of
    the pack that judged; `fined`: yuan by line."""

    card: Scorecard
    facts: PeriodFacts
    names: Mapping[str, str] = field(default_factory=dict)
    english: Mapping[str, str] = field(default_factory=dict)
    about: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)
    steps: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    documents: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    offs: tuple[Off, ...] = ()
    fined: Mapping[str, Decimal] = field(default_factory=dict)
    form: FormTerms | None = None
    percents: frozenset[str] = frozenset()
    """Lines of which the counted values are percentages."""
    grades: Mapping[str, str] = field(default_factory=dict)
    """English names of grades by the contract's own."""
    weights: Weights | None = None
    """How much units count in their mean."""
    terms: Mapping[str, str] = field(default_factory=dict)
    """English titles of what lines take off, by the contract's own."""

    by_looking: frozenset[str] = frozenset()
    """Lines that count what only looks can show: of those that count none, the looks are cited."""

    @cached_property
    def shares(self) -> Mapping[str, Fraction]:
        """What the points of each unit are to the total."""
        return shares_of(self.card, self.facts, self.weights)

    @property
    def full(self) -> Fraction:
        """All points there are: of the contract's lines, and of a unit's on average."""
        return sum((self.weight(one, one.full) for one in self.card.lines), Fraction(0))

    def weight(self, line: Line, points: Fraction) -> Fraction:
        """What points of a line are to the total."""
        return points if line.unit is None else points * self.shares[line.unit]

    def staked(self, lines: Iterable[Line]) -> Fraction | None:
        """Points of the total that hang on these lines; None where nothing limits them."""
        return bound(sum((self.weight(one, one.high - least(one.low)) for one in lines), Fraction(0)))
