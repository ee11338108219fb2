"""What a pack says about points, grades and money: few general rule classes with numbers of the contract.

A number or word may be `{option: KEY}`: the value that was chosen for an ambiguity (contracts.md 3.1-3.3).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType

LATER = MappingProxyType({"later": True})
"""Of a key that packs did not have at first: while it is at its default it is no part of the canonical bytes,
so that packs which do not use it keep their digest (collector/packs/model.py)."""

Scalar = str | int | bool | None
Value = str | int | bool | None | tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """The value of an option; `map` turns the option's words into what the rule needs."""

    option: str
    map: Mapping[str, Value] = field(default_factory=dict)


Amount = Fraction | Named
Word = str | Named
Wanted = tuple[Scalar, ...] | Named


@dataclass(frozen=True, slots=True)
class Option:
    """One ambiguity: what may be chosen instead of the default. `number`: its row in contracts.md 3.

    Either `allowed` words (a list default: any selection of them) or whole numbers `least`..`most`.
    `contradiction`: the contract says both; a scorecard then shows every reading with its money.
    """

    key: str
    number: str
    default: Value
    clause: str
    zh: str
    en: str
    page: str = ""
    allowed: tuple[Scalar, ...] = ()
    least: int | None = None
    most: int | None = None
    contradiction: bool = False


@dataclass(frozen=True, slots=True)
class Select:
    """Which items count, and how: `by` is `item` (how many), `value` (their values added), `any` (at most
    one), or what must differ: `week` (ISO), `day`, `month`, `unit`, `system`, or a fact, joined by `+`.

    `periods`: how many periods back, this one included (a half-year is two quarters). `below`: only items
    whose value is less.
    """

    kind: str
    where: Mapping[str, Wanted] = field(default_factory=dict)
    unless: Mapping[str, Wanted] = field(default_factory=dict)
    by: Word = "item"
    periods: int = 1
    below: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Term:
    """Points off: `each` for every `per` counted (parts of `per` cost nothing), at most `most` in all.

    `free`: so many cost nothing. `when`: only while options have one of these values.
    """

    count: Select
    each: Amount
    per: int = 1
    when: Mapping[str, tuple[Scalar, ...]] = field(default_factory=dict)
    clause: str = ""
    title: str = ""
    free: int = 0
    most: Amount | None = None
    title_en: str = field(default="", metadata=LATER)


@dataclass(frozen=True, slots=True)
class Earn:
    """`each` x min(`most`, counted)."""

    count: Select
    each: Amount
    most: Amount


@dataclass(frozen=True, slots=True)
class Given:
    """The points that somebody gave; `default` where nobody did (None: not proven)."""

    kind: str
    default: Amount | None = None


@dataclass(frozen=True, slots=True)
class Either:
    """All points with at least so many, else none; judged only in these numbers of periods, if given."""

    count: Select
    at_least: Amount = Fraction(1)
    judge_in: Wanted = ()


@dataclass(frozen=True, slots=True)
class Deduct:
    """All points less the terms."""

    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """All points x present / required, at most all."""

    present: Select
    required: Select


@dataclass(frozen=True, slots=True)
class Steps:
    """All points less `each` for every `step` below `target`; part steps: ceil, floor, linear.

    `nothing_below`: a value under it has no points. `of_days`: what is short is a share of so many days, not
    of the period's own (99.9 % of 8 760 hours, in a year that has 8 784); nought: of the period's own.
    """

    value: Select
    target: Fraction
    step: Fraction
    each: Amount
    rounding: Word
    nothing_below: Fraction | None = None
    of_days: Amount | None = None


@dataclass(frozen=True, slots=True)
class Tier:
    """`points` from `at_least` on (None: below all others)."""

    points: Amount
    at_least: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Tiers:
    """The points of the first tier that the value reaches; none where it reaches no tier.

    The value is the worst that `value` selects, or with `required` the per cent that `value` counts of it.
    """

    value: Select
    tiers: tuple[Tier, ...]
    required: Select | None = None


@dataclass(frozen=True, slots=True)
class LineRule:
    """One line of the scorecard; exactly one rule. `per`: contract, unit, or system (mean over a unit's).

    `full_for`: kinds of units that have it full by rule. `na`: what a unit without systems gets (full, none).
    `floor` None: may be negative. `options`: those that decide what its inputs are, beside those in its rule.
    `bonus`: points above those of the scorecard (加分项).
    """

    id: str
    title: str
    clause: str
    tag: str
    full: Fraction
    page: str = ""
    title_en: str = ""
    per: Word = "contract"
    floor: Amount | None = Fraction(0)
    full_for: tuple[str, ...] = ()
    na: Word = "full"
    options: tuple[str, ...] = ()
    earn: Earn | None = None
    given: Given | None = None
    either: Either | None = None
    deduct: Deduct | None = None
    share: Share | None = None
    steps: Steps | None = None
    tiers: Tiers | None = None
    bonus: bool = False


@dataclass(frozen=True, slots=True)
class Deduction:
    """Points off the average of all units. `each` None: points that somebody gave, `least`..`most` each."""

    id: str
    title: str
    clause: str
    tag: str
    count: Select
    page: str = ""
    title_en: str = ""
    each: Amount | None = None
    least: Fraction | None = None
    most: Fraction | None = None
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fine:
    """Yuan off what a period is paid: `yuan` each, or `share` each of what `of` names (`fee`: the period's,
    before its grade; `price`: the contract total). Neither: the amount somebody set (or per cent of the fee,
    where the item says so), within `least`..`most` (per cent). `ends`: the contract may be ended for it.

    A fine that somebody states (kind `fine`) without an amount costs what is fixed here (`by_rule`)."""

    id: str
    title: str
    clause: str
    count: Select
    page: str = ""
    title_en: str = ""
    yuan: Amount | None = None
    least: Fraction | None = None
    most: Fraction | None = None
    ends: bool = False
    options: tuple[str, ...] = ()
    share: Amount | None = None
    of: str = "fee"


@dataclass(frozen=True, slots=True)
class Band:
    """A grade from `at_least` points on (None: all below), half open; `share`: of the fee that is paid, or of
    the contract total that is taken off.

    `each_point`: so much less of the fee (or more off the total) for every point short of the grade above;
    `part` of a point: linear, ceil, floor.
    """

    name: str
    share: Fraction
    at_least: Fraction | None = None
    name_en: str = ""
    each_point: Fraction | None = None
    part: Word = "linear"


@dataclass(frozen=True, slots=True)
class Veto:
    """What makes acceptance fail: any such item, a value below `below`, or points of a `line` below it (of a
    line of units: `of` their mean, or of the worst of them).

    What it does to its period: `grade` at best, at most the share `pays` of its fee (or part of the price),
    and `loses` so much of the retention. None of the three: in `ratio` money no more than the prepaid part is
    paid, elsewhere it is only said.
    """

    id: str
    title: str
    clause: str
    count: Select | None = None
    page: str = ""
    title_en: str = ""
    below: Fraction | None = None
    line: str = field(default="", metadata=LATER)
    of: str = field(default="mean", metadata=LATER)
    grade: str = field(default="", metadata=LATER)
    pays: Fraction | None = field(default=None, metadata=LATER)
    loses: Fraction | None = field(default=None, metadata=LATER)


@dataclass(frozen=True, slots=True)
class Weights:
    """How much a unit counts in the mean of units, by its id, else by its kind; and a system in the mean of
    its unit's systems. Who is not named counts 1."""

    units: Mapping[str, Fraction] = field(default_factory=dict)
    kinds: Mapping[str, Fraction] = field(default_factory=dict)
    systems: Mapping[str, Fraction] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Retention:
    """Money kept back (质保金): the `share` of each payment (`of: payment`) or of its periods' part of the
    contract total (`of: price`), as far as the payment goes; due `months` after the end of the last period
    that is paid for, or on the day `until`, but for what vetoes that say `loses` take of it."""

    share: Fraction
    clause: str
    page: str = ""
    of: str = "payment"
    months: int | None = None
    until: str = ""


@dataclass(frozen=True, slots=True)
class FeeMoney:
    """A fee each period, its share by grade, less fines; paid for `payment_periods` together.

    `net_floor`, `payment_floor` None: may be negative. `fines_cap`: fines are at most this share of the fee.
    """

    fee: Fraction
    clause: str
    payment_periods: int
    page: str = ""
    net_floor: Amount | None = None
    payment_floor: Amount | None = Fraction(0)
    fines_cap: Amount | None = None


@dataclass(frozen=True, slots=True)
class Extra:
    """Money off the whole contract for each counted: a share of its total, or yuan. `when`: see Term."""

    id: str
    title: str
    clause: str
    count: Select
    page: str = ""
    title_en: str = ""
    share: Fraction | None = None
    yuan: Fraction | None = None
    when: Mapping[str, tuple[Scalar, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RateMoney:
    """A share of the contract total off for each period by its grade, with fines and extras at most `cap` of
    the total; all of it from what was not `prepaid`."""

    clause: str
    prepaid: Fraction
    page: str = ""
    cap: Fraction = Fraction(1)
    extras: tuple[Extra, ...] = ()


@dataclass(frozen=True, slots=True)
class RatioMoney:
    """A period's part of the price (all have the same) in full from `full_from` points on, else points /
    `full_from` of it; less fines; a veto: `prepaid`."""

    clause: str
    full_from: Fraction
    prepaid: Fraction
    page: str = ""


@dataclass(frozen=True, slots=True)
class MoneyRule:
    """Exactly one of `fee`, `rate`, `ratio`; with any of them a `retention`."""

    fee: FeeMoney | None = None
    rate: RateMoney | None = None
    ratio: RatioMoney | None = None
    retention: Retention | None = field(default=None, metadata=LATER)


@dataclass(frozen=True, slots=True)
class Scoring:
    """`full` points in all. `floor` of the total None: may be negative. Units' sums are averaged (`weights`).

    `most` of the total (bonus points may pass `full`); None: no limit. `rounding` of the total before the
    grade: none, or half_up to whole points.
    """

    full: Fraction
    clause: str
    lines: tuple[LineRule, ...]
    grades: tuple[Band, ...]
    money: MoneyRule
    page: str = ""
    floor: Amount | None = Fraction(0)
    rounding: Word = "none"
    deductions: tuple[Deduction, ...] = ()
    fines: tuple[Fine, ...] = ()
    vetoes: tuple[Veto, ...] = ()
    most: Amount | None = None
    weights: Weights | None = field(default=None, metadata=LATER)


@dataclass(frozen=True, slots=True)
class Periods:
    """The contract's term and its periods: `count` of `months` each, from `start` (in the pack, or the
    estate's). `anchor_day`: another day of the month where periods begin; then the outer ones are broken.

    `name` of a period may hold {year}, {month}, {number}.
    """

    months: int
    count: int
    name: str
    clause: str
    start: str = ""
    page: str = ""
    anchor_day: Amount | None = None
    evaluate_working_days: int | None = None
