"""Settlements made anew from the scorecards that they stand on, to the fen."""

from collections.abc import Mapping

from checks.codec import FieldError
from checks.wire.errors import WireError
from checks.wire.numbers import EntryKind
from collector.availability.errors import AvailabilityError
from collector.judging import paid, sealed
from collector.judging.ground import Applied
from collector.judging.paid import Paid, Seals
from collector.packs.model import PackDataError
from collector.verify.findings import Findings
from collector.verify.history import History, Said

Verdict = tuple[str, str, str]
_CARRIED = "the scorecards give this to the fen, but those of {0} stand on entries from before this bundle"
_PROBLEMS = (WireError, FieldError, AvailabilityError, PackDataError, LookupError, TypeError, ValueError)


def check_settlements(
    history: History, words: Mapping[int, str], begin: int, findings: Findings
) -> list[Verdict]:
    """A verdict for each settlement logged from `begin` on; `words`: those on scorecards, by entry."""
    verdicts = []
    before: dict[str, tuple[int, Paid]] = {}
    for said in history.said:
        if said.kind is not EntryKind.RECORD or "settlement" not in said.header:
            continue
        name = f"settlement {said.header['settlement']}"
        name += f" (amendment {said.header['number']})" if said.header.get("number") else ""
        try:
            made = _parsed(said)
            last = before.get(made.name)
            before[made.name] = said.idx, made
            if said.idx < begin:
                continue
            verdicts.append((name, *_check(said, made, last, history, words)))
        except _PROBLEMS as error:
            verdicts.append((name, "contradicted", f"it cannot be made anew: {error}"))
        findings.count("settlements")
        if verdicts[-1][1] == "contradicted":
            findings.add("claim_differs", *verdicts[-1][::2])
    return verdicts


def _parsed(said: Said) -> Paid:
    if said.document is None:
        raise FieldError("settlement", "its document is not here")
    made = paid.parse(said.document)
    if paid.encode(made) != said.document:
        raise FieldError("settlement", "not in its one form")
    return made


def _check(
    said: Said, made: Paid, last: tuple[int, Paid] | None, history: History, words: Mapping[int, str]
) -> tuple[str, str]:
    """The verdict on one settlement and its detail."""
    wanted = paid.header_of(made, None if last is None else last[0])
    names = [*wanted, *(["previous"] if "previous" in said.header and "previous" not in wanted else [])]
    if differs := [name for name in names if said.header.get(name) != wanted.get(name)]:
        return "contradicted", f"its entry says another {', '.join(differs)}"
    if made.as_of > said.received_ms or made.number != (0 if last is None else last[1].number + 1):
        return "contradicted", "its instant or its number cannot be"
    held = [Applied(one.idx, one.at_ms, one.terms) for one in history.estates if one.idx < said.idx]
    seals = _seals(history, said.idx)
    if lacking := [part.period for part in made.parts if part.period not in seals]:
        return "not proven", f"the scorecards of {', '.join(lacking)} are not in this bundle"
    again = paid.make(held, made.as_of, seals, made.name, made.number)
    if again != made:
        odd = [name for name in made.__slots__ if getattr(again, name) != getattr(made, name)]
        return "contradicted", f"the scorecards give another {', '.join(odd)}"
    return _word(made, words)


def _seals(history: History, before: int) -> Seals:
    """The newest scorecard of each period in front of an entry."""
    return {
        one.header["scorecard"]: (one.idx, sealed.parse(one.document))
        for one in history.said
        if one.kind is EntryKind.RECORD and "scorecard" in one.header and one.idx < before and one.document
    }


def _word(made: Paid, words: Mapping[int, str]) -> tuple[str, str]:
    """As good as the worst of the scorecards that it adds up."""
    steps = "; ".join(
        f"{step.id} {step.yuan}" if step.yuan is not None else f"{step.id} {step.low} to {step.high}"
        for step in made.settlement.money
    )
    if bad := [one.period for one in made.parts if words.get(one.entry) == "contradicted"]:
        return "contradicted", f"it stands on contradicted scorecards: {', '.join(bad)}"
    if older := [one.period for one in made.parts if words.get(one.entry) != "proven if"]:
        return "not proven", f"{steps}; {_CARRIED.format(', '.join(older))}"
    return "proven if", steps
