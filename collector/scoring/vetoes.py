"""What makes acceptance fail, and what that does to its period: by items, by a value, by a line's points."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from collector.scoring.choices import Choices
from collector.scoring.counting import Counted, Ledger, Scope
from collector.scoring.model import Cause, Line, LineState
from collector.scoring.money import Range, weighed
from collector.scoring.offs import line_of
from collector.scoring.rules import ZERO, Looking, cause, number, value_of
from collector.scoring.terms import Band, Scoring, Veto
from collector.scoring.unbounded import bound, least


@dataclass(frozen=True, slots=True)
class Effect:
    """What vetoes together do to a period. `plain`: one that names no effect of its own holds; `grade`: the
    place of the best grade that they leave; `pays`: at most this share of the fee (or part of the price)."""

    plain: bool = False
    grade: int = 0
    pays: Fraction | None = None

    def band(self, bands: tuple[Band, ...], mine: Band) -> Band:
        """The grade that is left of one that the points would give."""
        return bands[max(self.grade, bands.index(mine))]

    def capped(self, yuan: Fraction, whole: Fraction) -> Fraction:
        """What is left of what would be paid. `whole`: the period's fee, or its part of the price."""
        return yuan if self.pays is None else min(yuan, self.pays * whole)


NONE = Effect()


@dataclass(frozen=True, slots=True)
class Vetoed:
    """Ids of vetoes that hold; their effect where only those hold that surely do, and where all do that may;
    a line without points for each that may."""

    held: tuple[str, ...]
    sure: Effect
    perhaps: Effect
    lines: tuple[Line, ...]


def vetoes(scoring: Scoring, ledger: Ledger, choices: Choices, scored: Sequence[Line]) -> Vetoed:
    """Which vetoes hold. `scored`: the scorecard's lines that have points."""
    sure, perhaps, lines = [], [], []
    for rule in scoring.vetoes:
        found, causes, holds, may = _vetoed(rule, scoring, Looking(ledger, Scope(), choices), scored)
        if holds:
            sure.append(rule)
        if may:
            perhaps.append(rule)
            line = line_of("veto", rule, Range(ZERO, ZERO), found, ledger, choices)
            line = _of_line(rule, scoring, line, causes) if rule.line else line
            # Neither shown to hold nor to fail: it costs no points, and is proven in no way.
            lines.append(line if holds else replace(line, points=None, state=LineState.NOT_PROVEN))
    held = tuple(rule.id for rule in sure)
    return Vetoed(held, _effect(sure, scoring), _effect(perhaps, scoring), tuple(lines))


def _of_line(rule: Veto, scoring: Scoring, line: Line, causes: tuple[Cause, ...]) -> Line:
    """A veto by a line is measured as that line is, and counts nothing of its own."""
    tag = next((one.tag for one in scoring.lines if one.id == rule.line), line.tag)
    return replace(line, causes=causes, tag=tag, counted=None)


def _effect(rules: Sequence[Veto], scoring: Scoring) -> Effect:
    names = [band.name for band in scoring.grades]
    pays = [rule.pays for rule in rules if rule.pays is not None]
    return Effect(
        any(not rule.grade and rule.pays is None and rule.loses is None for rule in rules),
        max((names.index(rule.grade) for rule in rules if rule.grade), default=0),
        min(pays, default=None),
    )


_Found = tuple[Counted, tuple[Cause, ...], bool, bool]
"""What it rests on, why, whether it surely holds, whether it may."""


def _vetoed(rule: Veto, scoring: Scoring, at: Looking, scored: Sequence[Line]) -> _Found:
    if rule.line:
        return _by_line(rule, scoring, at, scored)
    if rule.count is None:
        raise ValueError(f"{rule.id}: neither a count nor a line")
    if rule.below is None:
        found = at.count(rule.count)
        return found, (), found.low > 0, found.high > 0
    items, gaps, bounds = value_of(rule.count, at)
    if bounds is None:
        return Counted(ZERO, ZERO, (), gaps), (), False, True
    found = Counted(bounds[0], bounds[1], items, gaps)
    return found, (), bounds[1] < rule.below, bounds[0] < rule.below


def _by_line(rule: Veto, scoring: Scoring, at: Looking, scored: Sequence[Line]) -> _Found:
    """By the points of a line; the worst unit's, or what all of them give the total."""
    mine = [line for line in scored if line.id == rule.line]
    if not mine or rule.below is None:
        return Counted(ZERO, ZERO), (), False, False
    if rule.of == "worst":
        points = Range(min(least(line.low) for line in mine), min(line.high for line in mine))
        mine = [line for line in mine if least(line.low) < rule.below]
    else:
        every = [(line.unit, Range.of(line.low, line.high)) for line in mine]
        points = weighed(every, scoring, at.ledger.facts)
    items = tuple(dict.fromkeys(i for line in mine for i in line.items))
    gaps = tuple(dict.fromkeys(i for line in mine for i in line.gaps)) if points.exact is None else ()
    found = Counted(points.low, points.high, items, gaps)
    low, high = "" if bound(points.low) is None else number(points.low), number(points.high)
    said = high if points.exact is not None else f"{low}~{high}"
    why = cause("vetoed_line", {"line": rule.line, "points": said, "limit": rule.below}, items)
    return found, (why,), points.high < rule.below, points.low < rule.below
