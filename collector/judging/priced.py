"""Duties that always hold, by the ledger of obligations: what it cannot tell is no proven nought. Pure.

A fine for residents who were absent, or a lapse of two months, is no proven nought while nothing says that
they were there, or while nobody was there to see. Where the ledger asks for a kind of look that a contract
doesn't price (files' configuration), the buyer's word alone prices it, and silence is what its line rests on.
"""

from collections.abc import Iterator

from collector.inspection.cadence_model import Breach, Deed, Observed, State
from collector.inspection.cadence_terms import Every, Obligation
from collector.inspection.deadlines import start_of, stretches
from collector.inspection.obligations import ObligationLine, ledger
from collector.inspection.obligations_counted import Counting, priced_by, set_by_people
from collector.inspection.obligations_seen import BLIND, Extra, completed
from collector.judging.asked import Asked
from collector.judging.estates import Estates
from collector.judging.ground import Ground, ServiceSeen
from collector.judging.lapses import LAPSE
from collector.judging.services import UNION
from collector.judging.unwatched import most, unseen
from collector.packs.model import Pack
from collector.scoring.model import Gap, Scalar

_MISSED = "availability_missed"
_LOOKS = "check:service.*"
_NAMES = {"promise_unfulfilled": "promise_missed"}
_OF_ITEM = ("fine", "deduction", "veto")


def gaps(question: Counting, ground: Ground, asked: Asked, base: Observed) -> Iterator[Gap]:
    """What the ledger cannot tell of a period that is over, for each rule that prices it. `base`: what was
    gathered of the ground (`seen_by_all`)."""
    if asked.as_of_ms < asked.period.to_ms:
        return
    known = completed(base, extra(ground, asked))
    for line in ledger(
        question.terms, known, question.frame, question.span, ground.said, _provable(question)
    ):
        reason = untold(line)
        for kind, facts in costs(line.obligation) if reason else ():
            # Of each system that it may be, the lapses say it themselves.
            if kind in asked.kinds and not (kind == LAPSE and known.perhaps and reason == "not_told"):
                # Nobody can say how often: what caps the line, or the money, is all that bounds it.
                most = _lapses(question, known) if kind == LAPSE else None
                yield Gap(kind, reason, at_most=most, facts=facts, who=line.obligation.who)


def _lapses(question: Counting, known: Observed) -> int:
    """How many there can be in the span: of each kind of a system's work one for each `lapse_months` that end
    in it, begun ones too; of a system (`lapse.per`) one at each end of a month, whatever kinds it is of."""
    terms, frame = question.terms, question.frame
    zone = frame.days.zone
    months = stretches(frame.first, frame.end, 1, terms.anchor_day)
    ends = sum(question.span[0] < start_of(end, zone) <= question.span[1] for _, end in months)
    of_each = len(terms.lapse_kinds) * -(-ends // max(terms.lapse_months, 1))
    return len(known.systems) * (of_each if terms.lapse_per == "kind" else min(ends, of_each))


def wanted(question: Counting, pack: Pack) -> frozenset[str]:
    """All obligations that a scorecard tells anything from."""
    return frozenset(_provable(question)) | priced_by(pack)[0] | set_by_people(pack)


def _provable(question: Counting) -> list[str]:
    return [one.id for one in question.terms.obligations if provable(one)]


def untold(line: ObligationLine) -> str:
    """Why nobody can tell whether it always held; "" where somebody can, and where only people could and
    nobody said anything: what silence is worth is an option of the pack's."""
    cadences = line.obligation.cadences
    rows = [row for row in line.rows if cadences[row.cadence].every is Every.ALWAYS]
    open_ = (row.reason for row in rows if row.state is State.NOT_PROVEN)
    return next((reason for reason in open_ if reason != "no_statement"), "")


def provable(one: Obligation) -> bool:
    """Whether it always holds, is priced, and rests on statements, on probes, or on being there at all."""
    always = [cadence for cadence in one.cadences if cadence.every is Every.ALWAYS]
    what = {word for cadence in always for word in cadence.what}
    return bool(one.line and always) and not any(w.startswith("check:") and w != _LOOKS for w in what)


def costs(one: Obligation) -> Iterator[tuple[str, dict[str, Scalar]]]:
    """(kind of item, facts) of everything that would break it."""
    for cadence in one.cadences:
        for word in cadence.breach if cadence.every is Every.ALWAYS else ():
            kind, _, item = word.partition(":")
            yield _NAMES.get(kind, kind), {"item": item} if kind in _OF_ITEM else {}


def extra(ground: Ground, asked: Asked) -> Extra:
    """What probes saw of the systems: that they looked, whether throughout, whether promises were kept."""
    period = asked.period
    known = [one for one in ground.services if one.system != UNION]
    looked = [one for one in known if one.known is not None]
    watched = bool(known) and all(unseen(one) <= most(asked) for one in known)
    begin, end = period.from_ms, max(period.from_ms + 1, min(period.to_ms, asked.as_of_ms))
    breaches, blind = _promised(Estates.of(ground.applied), known, (begin, end))
    return Extra(
        deeds=(Deed("check:service.seen", begin, begin, -1, signer="log"),) if looked else (),
        breaches=breaches,
        special=ground.special,
        watched=((begin, end),) if watched else (),
        blind=blind,
    )


def _promised(
    estates: Estates, known: list[ServiceSeen], span: tuple[int, int]
) -> tuple[tuple[Breach, ...], frozenset[str]]:
    """Systems that missed their target even at best; blind where one may have kept it or not. The target is
    the one with which the period found the system: another one counts from the next period on."""
    at_ms = span[1] - 1
    first = {one.system: next(iter(estates.parts(one.system, *span)), None) for one in known}
    targets = {name: part.terms.target for name, part in first.items() if part is not None}
    found = [(one, target) for one in known if (target := targets.get(one.system)) is not None]
    missed = tuple(
        Breach(_MISSED, at_ms, at_ms, -1, system=one.system)
        for one, target in found
        if one.high is not None and one.high < target
    )
    kept = bool(found) and all(one.low is not None and one.low >= target for one, target in found)
    return missed, BLIND - {_MISSED} if kept or missed else BLIND
