"""Scorecards made anew from the signed evidence of a bundle, and compared with the logged ones.

The same functions count here as in the collector; only what they count from is read another way. Nothing but
the standard library is needed: the pack is in the log, as canonical JSON.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from checks.codec import to_json
from checks.wire import strict_json
from checks.wire.numbers import EntryKind
from collector.availability.calendar_cn import shipped
from collector.inspection import record as records
from collector.judging import backups, judge, pending, sealed, services
from collector.judging.asked import Asked
from collector.judging.estates import Estates
from collector.judging.ground import Applied, BackedUp, Ground, ServiceSeen, UnitRound, Unseen
from collector.judging.inspections import unit_rounds
from collector.judging.judge import Chosen
from collector.judging.scans import scan_of
from collector.judging.sealed import Sealed
from collector.statements.fold import Seal, standing
from collector.verify import backups as verified_backups
from collector.verify import judged, troubles
from collector.verify.batches import Days, Series, Track
from collector.verify.figures import looks_of
from collector.verify.findings import Findings
from collector.verify.history import History, Said
from collector.verify.judged import Logged, Verdict
from collector.verify.statements import People, approvals, counting


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the bundle holds: its first reading, who said what, looks at backups, series of observations."""

    history: History
    people: People
    backups: verified_backups.Looks
    tracks: Mapping[Series, Track]
    begin: int
    words: dict[int, str] = field(default_factory=dict)
    """The verdicts so far, by entry of the scorecard."""
    known: dict[tuple[str, int, int], Sealed] = field(default_factory=dict)
    """Scorecards that were made anew, by period, instant and size: documents of one hour print the same."""
    shares: dict[int, tuple[UnitRound, ...]] = field(default_factory=dict)
    """Rounds by unit, by entry of the record: each scorecard counts them again."""
    days: Days = field(default_factory=dict)
    """Who looked at what on which day, where a document asks for it."""


def check_scorecards(evidence: Evidence, findings: Findings) -> list[Verdict]:
    """A verdict for each scorecard logged from the bundle's begin on."""
    found = []
    for idx, verdict in judged.verdicts(
        FORM, evidence.history, evidence.begin, findings, lambda one: _check(one, evidence)
    ):
        evidence.words[idx] = verdict[1]
        found.append(verdict)
    return found


def _name(header: Mapping[str, Any]) -> str:
    word = "seal" if header.get("number") == 0 else f"amendment {header.get('number')}"
    return f"scorecard {header['scorecard']} ({word})"


FORM = judged.Form("scorecard", "scorecards", _name, sealed.parse, sealed.encode, sealed.header_of)


def _check(one: Logged[Sealed], evidence: Evidence) -> judged.Word:
    """The verdict on one scorecard and its detail."""
    said, made = one.said, one.made
    if not 0 < made.size <= said.idx or made.scorecard.as_of_ms > said.received_ms:
        return "contradicted", "it says that it was made of more than was there"
    if left := evidence.history.received(made.size, said.idx, made.scorecard.as_of_ms):
        return "contradicted", f"it leaves out {_entries(left)}, which had been received"
    if old := judged.stale(made.size, said, evidence.history, made.judging):
        return old
    if evidence.begin:
        return "not proven", "it stands on entries from before this bundle: one that begins at 0 shows all"
    again = _again(made, evidence)
    odd = _differences(made, again)
    changes = () if one.last is None else sealed.changes(one.last[1].scorecard, again.scorecard)
    if to_json(changes) != to_json(made.changes):
        odd.append("changes")
    return judged.differs(made.judging, odd) if odd else judged.agreed(made.judging, _words(made))


def _entries(found: Sequence[int]) -> str:
    return f"entry {found[0]}" if len(found) == 1 else f"{len(found)} entries from {found[0]} on"


def _words(made: Sealed) -> str:
    card = made.scorecard
    proven = sum(line.points is not None for line in card.lines)
    total = "not proven" if card.total is None else f"{float(card.total):.6f}"
    return f"total {total}, grade {card.grade or '-'}, {proven} of {len(card.lines)} lines proven"


def _differences(made: Sealed, again: Sealed) -> list[str]:
    """Names of what differs: lines, sums, money; counted items."""
    one, other = (strict_json.loads(sealed.encode(card)) for card in (made, again))
    odd = [name for name in one["scorecard"] if one["scorecard"][name] != other["scorecard"][name]]
    odd += [f"facts.{name}" for name in one["facts"] if one["facts"][name] != other["facts"][name]]
    return odd + (["estate"] if one["estate"] != other["estate"] else [])


def _again(made: Sealed, evidence: Evidence) -> Sealed:
    """The scorecard that the evidence gives, as of the same instant and size of the log."""
    again = remade(made.scorecard.period.name, made.scorecard.as_of_ms, made.size, evidence)
    return replace(again, v=made.v, number=made.number, changes=made.changes, judging=made.judging)


def remade(period: str, as_of_ms: int, size: int, evidence: Evidence) -> Sealed:
    """The scorecard that the log's first `size` entries give, as of an instant; NoScorecard."""
    key = period, as_of_ms, size
    if key not in evidence.known:
        evidence.known[key] = _remade(*key, evidence)
    return evidence.known[key]


def _remade(period: str, as_of_ms: int, size: int, evidence: Evidence) -> Sealed:
    held = tuple(Applied(one.idx, one.at_ms, one.terms) for one in evidence.history.estates if one.idx < size)
    chosen = judge.chosen(held, period, as_of_ms)
    asked = judge.asked(chosen, as_of_ms)
    facts_and_card = judge.judged(chosen, ground_of(chosen, asked, held, size, evidence), asked)
    return sealed.now(size, chosen.applied.terms.estate, facts_and_card)


def ground_of(
    chosen: Chosen, asked: Asked, held: tuple[Applied, ...], size: int, evidence: Evidence
) -> Ground:
    """What the first `size` entries give, as collector/jobs/scorecards.py has it of the store."""
    as_of, span = asked.as_of_ms, (chosen.periods[0].from_ms, asked.period.to_ms)
    said = [one for one in evidence.history.said if one.idx < size and one.received_ms <= as_of]
    points: tuple[BackedUp, ...] = ()
    blind: tuple[Unseen, ...] = ()
    if any(one.terms.backups is not None and one.terms.backups.objects for one in held):
        ledger, rows, _, _ = verified_backups.folded(evidence.history, evidence.backups, size, as_of)
        signers = evidence.backups.signers
        points = backups.backed_up(ledger, rows.entries, lambda _: signers, span)
        blind = backups.unseen(ledger, span)
    stated = counting(evidence.people, size, as_of)
    stands = standing(stated, as_of, _seals(said))
    estates = Estates.of(held, stands)
    signed = approvals(evidence.people, size)
    watched = troubles.Watched(evidence.tracks, size, signed, estates)
    closed = tuple(_rounds(said, held, span, evidence.shares))
    return Ground(
        size=size,
        applied=held,
        rounds=closed,
        pending=pending.pending(rules_of(evidence.history, held, size), closed, span, as_of),
        backups=points,
        unseen=blind,
        scans=tuple(
            scan_of(one.idx, one.received_ms, one.header)
            for one in said
            if one.kind is EntryKind.STATEMENT and one.header.get("kind") == "scan"
        ),
        services=tuple(_services(asked, watched)) if services.wanted(asked.kinds) else (),
        said=stands,
        special=_special(evidence.history, held, size),
        troubles=troubles.ground(chosen, asked, said, stated, watched),
    )


def rules_of(history: History, held: Sequence[Applied], size: int) -> Mapping[str, Sequence[pending.Rule]]:
    """Recurrences of rounds, from plans and estates below `size`."""
    plans = [(one.idx, one.issued_ms, one.plan) for one in history.issues if one.idx < size]
    return pending.rules_of(held, plans)


def _special(history: History, held: Sequence[Applied], size: int) -> frozenset[str]:
    """Rounds that are due before occasions only, by all plans and by what people owe alone."""
    known = [part for one in history.issues if one.idx < size for part in one.plan.rounds]
    known += [part.plan for one in held for part in one.terms.human if part.alone]
    recurring = {part.id for part in known if part.every}
    return frozenset(part.id for part in known) - recurring


def _rounds(
    said: Sequence[Said],
    held: Sequence[Applied],
    span: tuple[int, int],
    shares: dict[int, tuple[UnitRound, ...]],
) -> Iterator[UnitRound]:
    """Rounds by unit, from the records; those that have a part in the period."""
    made: list[UnitRound] = []
    for one in said:
        if one.kind is not EntryKind.RECORD or "window" not in one.header or one.document is None:
            continue
        if one.idx not in shares:
            known = [a for a in held if a.idx < one.idx and a.terms.estate == one.header.get("estate")]
            scope = known[-1].terms.scope if known else None
            found = records.parse(one.document) if scope is not None else None
            shares[one.idx] = (
                ()
                if scope is None or found is None
                else tuple(unit_rounds(one.idx, one.received_ms, found, scope))
            )
        made += shares[one.idx]
    for share in sorted(made, key=lambda one: (one.from_ms, one.window, one.unit)):
        if any(at is not None and span[0] <= at < span[1] for at in (share.from_ms, share.last_ms)):
            yield share


def _seals(said: Sequence[Said]) -> list[Seal]:
    return [
        Seal(one.idx, one.received_ms, one.header["from"], one.header["to"], one.header["scorecard"])
        for one in said
        if one.kind is EntryKind.RECORD and "scorecard" in one.header and one.header.get("number") == 0
    ]


def _services(asked: Asked, watched: troubles.Watched) -> Iterator[ServiceSeen]:
    span = asked.period.from_ms, asked.period.to_ms
    end = min(asked.as_of_ms, span[1])
    given = services.Measured(watched.estates, watched.approvals, shipped(), span, end)
    return services.measured(given, lambda keys: looks_of(keys, watched.tracks, watched.size))
