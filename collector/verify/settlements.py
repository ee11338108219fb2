"""Settlements made anew from the scorecards that they stand on, to the fen."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from checks.wire.numbers import EntryKind
from collector.judging import paid, sealed
from collector.judging.ground import Applied
from collector.judging.paid import Paid, Seals
from collector.judging.version import FRESH, FRESH_MS
from collector.scoring.model import Money
from collector.verify import judged
from collector.verify.findings import Findings
from collector.verify.history import History
from collector.verify.judged import Logged, Verdict

_CARRIED = "the scorecards give this to the fen, but those of {0} stand on entries from before this bundle"


def check_settlements(
    history: History, words: Mapping[int, str], begin: int, findings: Findings
) -> list[Verdict]:
    """A verdict for each settlement logged from `begin` on; `words`: those on scorecards, by entry."""
    found = judged.verdicts(FORM, history, begin, findings, lambda one: _check(one, history, words))
    return [verdict for _, verdict in found]


def _name(header: Mapping[str, Any]) -> str:
    word = f" (amendment {header['number']})" if header.get("number") else ""
    return f"settlement {header['settlement']}{word}"


FORM = judged.Form("settlement", "settlements", _name, paid.parse, paid.encode, paid.header_of)


def _check(one: Logged[Paid], history: History, words: Mapping[int, str]) -> judged.Word:
    """The verdict on one settlement and its detail."""
    said, made = one.said, one.made
    if made.as_of > said.received_ms:
        return "contradicted", "it speaks of a later instant than its own"
    if made.judging >= FRESH and made.as_of < said.received_ms - FRESH_MS:
        return "contradicted", "it speaks of an instant long before its own"
    held = [Applied(one.idx, one.at_ms, one.terms) for one in history.estates if one.idx < said.idx]
    seals = _seals(history, said.idx)
    if lacking := [part.period for part in made.parts if part.period not in seals]:
        return "not proven", f"the scorecards of {', '.join(lacking)} are not in this bundle"
    again = paid.make(held, made.as_of, seals, made.name, made.number)
    again = replace(again, v=made.v, judging=made.judging)
    if odd := [name for name in made.__slots__ if getattr(again, name) != getattr(made, name)]:
        return judged.differing(made.judging, f"the scorecards give another {', '.join(odd)}")
    return _word(made, words)


def _seals(history: History, before: int) -> Seals:
    """The newest scorecard of each period in front of an entry."""
    return {
        one.header["scorecard"]: (one.idx, sealed.parse(one.document))
        for one in history.said
        if one.kind is EntryKind.RECORD and "scorecard" in one.header and one.idx < before and one.document
    }


def _span(step: Money) -> str:
    low = "no lower bound" if step.low is None else step.low
    high = "no upper bound" if step.high is None else step.high
    return f"{low} to {high}"


def _word(made: Paid, words: Mapping[int, str]) -> tuple[str, str]:
    """As good as the worst of the scorecards that it adds up."""
    steps = "; ".join(
        f"{step.id} {step.yuan}" if step.yuan is not None else f"{step.id} {_span(step)}"
        for step in made.settlement.money
    )
    if bad := [one.period for one in made.parts if words.get(one.entry) == "contradicted"]:
        return "contradicted", f"it stands on contradicted scorecards: {', '.join(bad)}"
    if other := [one.period for one in made.parts if words.get(one.entry) == judged.OTHER]:
        return judged.OTHER, f"{steps}; it stands on scorecards of another version: {', '.join(other)}"
    if older := [one.period for one in made.parts if words.get(one.entry) != "proven if"]:
        return "not proven", f"{steps}; {_CARRIED.format(', '.join(older))}"
    return judged.agreed(made.judging, steps)
