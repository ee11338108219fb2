"""Findings (隐患): opened by a reading in an inspection record, closed by a later one, never by a click.

The record of every round is read in the order in which they were closed. A finding is (check, target, name
of the reading); several rounds may look at it, and a good reading in any of them, taken after the bad one,
closes it. What was not looked at stays open and is carried. A two-person statement closes it as well, until a
reading shows it again: then it is another episode.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from hashlib import sha256

from collector.faults import said as words
from collector.faults.clocks import Run, clock, judged
from collector.faults.fold import proof_of
from collector.faults.ground import Ground
from collector.faults.model import Clock, ClockState, Finding, Stage
from collector.faults.notices import Inspected, Key, Notice, What
from collector.faults.said import Heard
from collector.faults.terms import FindingTerms
from collector.inspection.deadlines import Workdays, start_of
from collector.judging.scope import Scope
from collector.scoring.model import Proof
from collector.statements.model import Said

BAD = ("warn", "crit")


@dataclass(slots=True)
class Episode:
    """From the bad reading to the good one. `limit_from_ms`: when its record was closed: its limit runs on.

    `state` is the gravest that it showed.
    """

    key: Key
    asset: str | None
    state: str
    since: str
    opened_ms: int
    limit_from_ms: int
    number: int
    records: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    last_bad_ms: int = 0
    closed_ms: int | None = None
    closed_by: str = ""
    proofs: list[Proof] = field(default_factory=list)
    claims: list[int] = field(default_factory=list)


def name_of(key: Key) -> str:
    """`H0b8d2e77aa`: what statements call a finding; stable over records."""
    return "H" + sha256("\n".join(key).encode()).hexdigest()[:10]


def fold(
    terms: FindingTerms, ground: Ground, heard: Heard, as_of_ms: int, days: Workdays
) -> tuple[tuple[Finding, ...], tuple[tuple[int, str], ...]]:
    """Every episode known by then, oldest first; and statements about none: (entry, why)."""
    book: dict[Key, list[Episode]] = {}
    closings = _closings(heard)
    held = {one.entry: one for one in ground.records if one.closed_ms <= as_of_ms}
    for _, one in sorted(held.items()):
        _said_before(book, closings, one.closed_ms)
        _read(book, one)
    _said_before(book, closings, as_of_ms + 1)
    owners = _owners(ground.scope)
    made = [
        _finding(one, terms, (owners, ground), heard, (as_of_ms, days))
        for episodes in book.values()
        for one in episodes
    ]
    known = {name_of(key) for key in book}
    stray = [
        (one.entry, "unknown_finding")
        for one in heard.of("finding_closed", "finding_assigned")
        if words.text(one, "finding").startswith("H") and _base(one) not in known
    ]
    return tuple(sorted(made, key=lambda one: (one.opened_ms, one.id))), tuple(stray)


def _base(one: Said) -> str:
    return words.text(one, "finding").partition("#")[0]


def _closings(heard: Heard) -> list[tuple[int, Said]]:
    """Statements that close, by the instant at which they counted; those of one person alone only claim."""
    alone = [one for one in heard.alone if one.kind == "finding_closed"]
    made = [(_counts_from(one, heard), one) for one in [*heard.of("finding_closed"), *alone]]
    return sorted(made, key=lambda closing: (closing[0], closing[1].entry))


def _counts_from(one: Said, heard: Heard) -> int:
    """A statement of two counts once the second has joined in."""
    joined = [heard.roots[entry].received_ms for entry in one.seconds if entry in heard.roots]
    return max(one.received_ms, min(joined)) if joined else one.received_ms


def _said_before(book: Mapping[Key, list[Episode]], closings: list[tuple[int, Said]], before_ms: int) -> None:
    """Apply, once, the statements that came before an instant."""
    while closings and closings[0][0] < before_ms:
        at, one = closings.pop(0)
        for key, episodes in book.items():
            last = episodes[-1]
            if name_of(key) != _base(one) or last.closed_ms is not None or at < last.opened_ms:
                continue
            if one.seconds:
                last.closed_ms, last.closed_by = at, "statement"
                last.proofs.append(proof_of(one))
            else:
                last.claims.append(one.entry)


def _read(book: dict[Key, list[Episode]], held: Inspected) -> None:
    for notice in held.notices:
        if notice.what is What.BAD:
            _bad(book.setdefault(notice.key, []), notice, held)
            continue
        episodes = book.get(notice.key)
        if not episodes or episodes[-1].closed_ms is not None:
            continue
        last = episodes[-1]
        if notice.what is What.UNSEEN:
            last.unseen.append(held.window)
        elif notice.at_ms > last.last_bad_ms:
            last.closed_ms = notice.at_ms
            last.closed_by = "reading" if notice.what is What.GOOD else "absent"
            last.proofs.append(_proof(notice))


def _bad(episodes: list[Episode], notice: Notice, held: Inspected) -> None:
    at, state = notice.at_ms, notice.state
    last = episodes[-1] if episodes else None
    if last is not None and at <= last.last_bad_ms:
        return  # the same look in another round's record
    if last is None or last.closed_ms is not None:
        number = len(episodes) + 1
        last = Episode(notice.key, notice.asset, state, held.window, at, held.closed_ms, number)
        episodes.append(last)
        last.proofs.append(_proof(notice))
    last.last_bad_ms = at
    last.records.append(held.window)
    if BAD.index(state) > BAD.index(last.state):
        last.state = state


def _proof(notice: Notice) -> Proof:
    """An agent speaks of its own host (C); a person entered it (D)."""
    return Proof(notice.entry, notice.by, "C" if notice.by else "D", notice.line)


def _owners(scope: Scope) -> dict[str, str]:
    """Who answers for an asset or system: named there, else for its system."""
    systems = {one.id: one.owner for one in scope.systems}
    return systems | {one.id: one.owner or systems.get(one.system or "", "") for one in scope.assets}


def _finding(
    one: Episode,
    terms: FindingTerms,
    about: tuple[Mapping[str, str], Ground],
    heard: Heard,
    at: tuple[int, Workdays],
) -> Finding:
    owners, ground = about
    base = name_of(one.key)
    said = [s for s in heard.of("finding_assigned") if _base(s) == base]
    where = one.asset or one.key[1]
    system, unit = ground.place_of(where)
    limit = _clock(one, terms, said, at)
    stage = Stage.FIXED if one.closed_ms is not None else Stage.CLAIMED if one.claims else Stage.OPEN
    return Finding(
        id=base if one.number == 1 else f"{base}#{one.number}",
        check=one.key[0],
        target=one.key[1],
        name=one.key[2],
        state=one.state,
        system=system,
        unit=unit,
        owner=words.text(said[-1], "owner") if said else owners.get(where, ""),
        since=one.since,
        opened_ms=one.opened_ms,
        due_ms=None if limit is None else limit.due_ms,
        clock=limit,
        stage=stage,
        closed_ms=one.closed_ms,
        closed_by=one.closed_by,
        records=tuple(one.records),
        not_inspected=tuple(one.unseen),
        episode=one.number,
        claims=tuple(one.claims),
        proofs=tuple(one.proofs),
    )


def _clock(one: Episode, terms: FindingTerms, said: Sequence[Said], at: tuple[int, Workdays]) -> Clock | None:
    """Due by the pack from the record that opened it, or on the day that was agreed (`until`)."""
    as_of, days = at
    run = Run(one.limit_from_ms, one.closed_ms, as_of, not_before_ms=as_of)
    name = ("finding", terms.due_clause or terms.clause, "recorded", "closed")
    limit = terms.due.get(one.state)
    made = None if limit is None else clock(name, limit, run, days)
    until = next((t for s in reversed(said) if (t := words.text(s, "until"))), "")
    if not until:
        return made
    return _agreed(until, made, run, name, days)


def _agreed(
    until: str, made: Clock | None, run: Run, name: tuple[str, str, str, str], days: Workdays
) -> Clock:
    due_ms = start_of(date.fromisoformat(until) + timedelta(days=1), days.zone)
    state, why = judged(run, due_ms)
    blank = Clock(*name[:2], "", *name[2:], run.start_ms, run.stop_ms, None, ClockState.UNKNOWN)
    return replace(made or blank, limit=f"until {until}", due_ms=due_ms, state=state, reason=why)
