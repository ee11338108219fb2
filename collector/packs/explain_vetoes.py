"""Vetoes, weights and retention of a pack in words."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any, Protocol

from collector.scoring.kinds import PERCENTS
from collector.scoring.rules import number
from collector.scoring.terms import Retention, Scoring, Select, Veto, Weights


class Words(Protocol):
    """One language of an explanation."""

    place: int

    def say(self, word: str, **values: object) -> str:
        """A sentence with its values."""
        ...

    def back(self, select: Select) -> str:
        """How many earlier periods count too."""
        ...

    def depends(self, part: Any, when: Mapping[str, Any] | None = None) -> str:
        """The options that decide a part."""
        ...

    def clause(self, part: Any) -> str:
        """The line that quotes the clause."""
        ...


def vetoed(veto: Veto, scoring: Scoring, say: Words) -> str:
    """When it holds, and what it does to its period."""
    return _when(veto, scoring, say) + _effect(veto, scoring, say)


def _when(veto: Veto, scoring: Scoring, say: Words) -> str:
    if veto.count is None:
        line = next((one for one in scoring.lines if one.id == veto.line), None)
        name = veto.line if line is None else line.title if say.place == 0 else line.title_en or line.title
        return say.say(f"veto_line_{veto.of}", line=name, limit=number(veto.below or Fraction(0)))
    tail = "%" if veto.count.kind in PERCENTS else ""
    below = "" if veto.below is None else say.say("veto_below", limit=number(veto.below) + tail)
    return below + say.back(veto.count) + say.depends(veto.count)


def _effect(veto: Veto, scoring: Scoring, say: Words) -> str:
    band = next((one for one in scoring.grades if one.name == veto.grade), None)
    said = ""
    if band is not None:
        said += say.say("veto_grade", grade=band.name if say.place == 0 else band.name_en or band.name)
    for name in ("pays", "loses"):
        share = getattr(veto, name)
        if share is not None:
            said += say.say(f"veto_{name}", share=_percent(share))
    return said


def weighed(weights: Weights, say: Words) -> Iterator[str]:
    """How much units and systems count in their means."""
    yield say.say("weights")
    for name in ("units", "kinds", "systems"):
        text = ", ".join(f"{key} x {number(weight)}" for key, weight in getattr(weights, name).items())
        if text:
            yield say.say(f"weights_{name}", weights=text)


def kept_back(rule: Retention, say: Words) -> Iterator[str]:
    """What of a payment is kept back, and till when."""
    until = say.say("kept_until", day=rule.until) if rule.until else say.say("kept_months", n=rule.months)
    yield say.say("retention", share=_percent(rule.share), of=say.say(f"kept_of_{rule.of}"), until=until)
    yield say.clause(rule)


def _percent(share: Fraction) -> str:
    return f"{number(share * 100)}%"
