"""What a scorecard is made of (`PeriodFacts`) and what comes out (`Scorecard`). Plain data.

Everything that can be counted in a period is an `Item`; its kinds stand in `collector/scoring/kinds.py`.
Rules of a pack select items by kind and facts; so a case file, the store and the offline verifier meet in
one function. Points are exact ratios; money is `Decimal` yuan, rounded once, half up, to the fen
(contracts.md 3).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

Scalar = str | int | bool | None


@dataclass(frozen=True, slots=True)
class Proof:
    """Where a counted thing stands in the evidence log, who signed it, and its grade (A-E, evidence.md 7.4).

    `line` is the place in the entry's body, None for the entry itself.
    """

    entry: int
    signer: str
    grade: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that rules count. `value`: how many, how many points, days, yuan or per cent, by its kind.

    `day` is the day in the contract's zone. `unit`, `system`: ids of the estate, None for the whole contract.
    """

    kind: str
    value: Fraction = Fraction(1)
    day: date | None = None
    at_ms: int | None = None
    unit: str | None = None
    system: str | None = None
    facts: Mapping[str, Scalar] = field(default_factory=dict)
    proofs: tuple[Proof, ...] = ()
    title: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """Items of `kind` cannot be counted to the end: a line that rests on them is *not proven*.

    `reason` is a stable code (`no_statement`, `not_observed`, `period_open`, ...). `at_most` items could
    still turn up or be meant (None: no limit), which bounds the line. `who` must act until `until_ms`.
    """

    kind: str
    reason: str
    unit: str | None = None
    system: str | None = None
    at_most: int | None = None
    facts: Mapping[str, Scalar] = field(default_factory=dict)
    who: str = ""
    until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class System:
    """A system of a unit that was in scope in the period."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Unit:
    """A user unit. `kind` is a word of the pack (`line_rental` has its daily work full by rule)."""

    id: str
    name: str
    kind: str = "unit"
    systems: tuple[System, ...] = ()


@dataclass(frozen=True, slots=True)
class PackPeriod:
    """A period of a pack, half open: UTC ms, and days in the contract's zone; `number` from 1 in the term.

    `share`: how much of a whole period it is (the broken ones at the ends of the term).
    """

    name: str
    number: int
    from_ms: int
    to_ms: int
    first: date
    end: date
    share: Fraction = Fraction(1)


@dataclass(frozen=True, slots=True)
class PeriodFacts:
    """All that the rules may look at. `as_of_ms`: nothing that was received later is in it."""

    period: PackPeriod
    as_of_ms: int
    units: tuple[Unit, ...] = ()
    items: tuple[Item, ...] = ()
    gaps: tuple[Gap, ...] = ()


class LineState(StrEnum):
    """Whether a line's points stand on evidence."""

    PROVEN = "proven"
    NOT_PROVEN = "not_proven"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True, slots=True)
class Cause:
    """Why points are as they are: a stable code and its numbers; `words.causes` has the sentence of it."""

    code: str
    numbers: Mapping[str, str] = field(default_factory=dict)
    items: tuple[int, ...] = ()
    """Places in `PeriodFacts.items`."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a scorecard, of a unit or (`unit` None) of the whole contract.

    `points` None: not proven; then `low` and `high` are what further evidence could make of it (else both are
    the points); `low` None: nothing limits what may come off.
    """

    id: str
    clause: str
    page: str
    title: str
    tag: str
    full: Fraction
    points: Fraction | None
    low: Fraction | None
    high: Fraction
    state: LineState
    required: Fraction | None = None
    counted: Fraction | None = None
    missing: Fraction | None = None
    unit: str | None = None
    causes: tuple[Cause, ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    items: tuple[int, ...] = ()
    gaps: tuple[int, ...] = ()
    grade: str = "-"


@dataclass(frozen=True, slots=True)
class Sum:
    """Points of a unit (or of the whole contract) added up; `low` as in Line."""

    unit: str | None
    points: Fraction | None
    low: Fraction | None
    high: Fraction


@dataclass(frozen=True, slots=True)
class Money:
    """One step of the settlement, in yuan; None where not proven. `low`, `high`: None where nothing bounds it
    on that side. `exact`: the bounds before rounding."""

    id: str
    clause: str
    yuan: Decimal | None
    low: Decimal | None
    high: Decimal | None
    exact: tuple[Fraction | None, Fraction | None] | None = None


@dataclass(frozen=True, slots=True)
class Other:
    """The same facts under another reading of the contract: the option, and its points and money."""

    option: str
    value: str
    clause: str
    total: Fraction | None
    grade: str | None
    money: tuple[Money, ...]


@dataclass(frozen=True, slots=True)
class Scorecard:
    """A period's scorecard. `total` None: not proven, in `low`..`high` (`low` None: nothing bounds it below);
    `grade` None while they straddle."""

    pack: str
    pack_digest: str
    period: PackPeriod
    as_of_ms: int
    lines: tuple[Line, ...]
    sums: tuple[Sum, ...]
    deducted: Fraction
    total: Fraction | None
    low: Fraction | None
    high: Fraction
    grade: str | None
    vetoes: tuple[str, ...]
    money: tuple[Money, ...]
    options: tuple[tuple[str, str], ...] = ()
    others: tuple[Other, ...] = ()


@dataclass(frozen=True, slots=True)
class Settlement:
    """What is paid for the periods of these names together."""

    pack: str
    pack_digest: str
    periods: tuple[str, ...]
    money: tuple[Money, ...]
    options: tuple[tuple[str, str], ...] = ()
