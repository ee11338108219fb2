"""What is lost, at risk, and to be done by when, from a scorecard and its gaps (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from collector.scoring.model import Line, PeriodFacts, Scorecard
from collector.scoring.money import shares_of
from collector.scoring.terms import Weights
from collector.scoring.unbounded import least


@dataclass(frozen=True, slots=True)
class Risk:
    """A line that further evidence can still change: points that may be lost, and what would prove it.

    `low` None: nothing limits what may come off. `until_ms`: the first deadline among its gaps; `acts`:
    (kind, reason, unit, system, who, until) of each.
    """

    line: str
    unit: str | None
    low: Fraction | None
    high: Fraction
    until_ms: int | None
    acts: tuple[tuple[str, str, str, str, str, int | None], ...]


@dataclass(frozen=True, slots=True)
class Outlook:
    """Points of all lines: sure (proven), at risk (not proven and still to be had), lost (for good)."""

    full: Fraction
    sure: Fraction
    at_risk: Fraction
    lost: Fraction
    risks: tuple[Risk, ...]


def outlook(card: Scorecard, facts: PeriodFacts, weights: Weights | None = None) -> Outlook:
    """The outlook of a scorecard; lines of units weigh what their unit does in the mean."""
    shares = shares_of(card, facts, weights)

    def part(line: Line, points: Fraction) -> Fraction:
        return points * shares[line.unit] if line.unit is not None else points

    full = sum((part(line, line.full) for line in card.lines), Fraction())
    # What may still be taken off can be more than there is: then nothing is sure.
    sure = max(sum((part(line, least(line.low)) for line in card.lines), Fraction()), Fraction())
    best = sum((part(line, line.high) for line in card.lines), Fraction())
    open_ = [line for line in card.lines if line.low != line.high or line.points is None]
    risks = sorted((_risk(line, facts) for line in open_), key=_order)
    return Outlook(full, sure, best - sure, full - best, tuple(risks))


def _risk(line: Line, facts: PeriodFacts) -> Risk:
    gaps = [facts.gaps[place] for place in line.gaps]
    acts = tuple((g.kind, g.reason, g.unit or "", g.system or "", g.who, g.until_ms) for g in gaps)
    until = min((g.until_ms for g in gaps if g.until_ms is not None), default=None)
    return Risk(line.id, line.unit, line.low, line.high, until, acts)


def _order(one: Risk) -> tuple[int, Fraction, str, str]:
    until = 2**53 if one.until_ms is None else one.until_ms
    return until, least(one.low) - one.high, one.line, one.unit or ""


def grades(line: Line, facts: PeriodFacts) -> Sequence[str]:
    """The grades of all evidence of a line, best first."""
    return sorted({proof.grade for place in line.items for proof in facts.items[place].proofs})
