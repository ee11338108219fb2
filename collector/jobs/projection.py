"""What the collector's own entries do to the derived tables: the same on apply, on close and on rebuild."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from checks import plan as plans_wire
from checks.wire import entry, strict_json
from checks.wire.entry import Entry
from checks.wire.numbers import EntryKind, pae_type
from checks.wire.pae import pae
from checks.wire.signing import Signer
from collector.availability.estate_terms import parse as parse_terms
from collector.context import Context
from collector.inspection import human as people
from collector.inspection.obligations_looks import looked
from collector.inspection.record import parse as parse_record
from collector.jobs import said as sayings
from collector.jobs import versions
from collector.jobs.placing import OF_IDX, OwnEntry
from collector.jobs.sequencer import Draft, Sequencer
from collector.judging.inspections import unit_rounds
from collector.judging.version import named
from collector.notify.receipts import is_message
from collector.store import (
    cadence,
    estates,
    evidence,
    faults,
    human,
    messages,
    packs,
    plans,
    rounds,
    scorecards,
    statements,
)
from collector.store.content import content

KINDS = (EntryKind.PLAN, EntryKind.STATEMENT, EntryKind.RECORD, EntryKind.COLLECTOR)


@dataclass(frozen=True, slots=True)
class Said:
    """An entry of the collector's own, as it stands in the log."""

    idx: int
    kind: EntryKind
    received_ms: int
    header: dict[str, Any]
    body: bytes | None


def plan_signature(signer: Signer, data: bytes) -> bytes:
    """What `GET /v1/plan` serves beside the plan's bytes."""
    return signer.sign(pae(pae_type("plan"), data))


def project(conn: Connection, signer: Signer, said: Said) -> None:
    """Follow one entry."""
    kind = (said.kind, str(said.header.get("kind")))
    sayings.follow_seal(conn, said.idx, said.received_ms, said.header)
    if kind == (EntryKind.PLAN, "estate"):
        _estate(conn, said)
    elif kind == (EntryKind.PLAN, "plan"):
        _plan(conn, signer, said)
    elif said.kind is EntryKind.STATEMENT:
        _statement(conn, said)
    elif said.kind is EntryKind.COLLECTOR:
        _message(conn, said)
    elif said.kind is EntryKind.RECORD and "window" in said.header:
        _record(conn, said)
    elif said.kind is EntryKind.RECORD and "scorecard" in said.header:
        _scorecard(conn, said)
    elif said.kind is EntryKind.RECORD and "settlement" in said.header:
        _settlement(conn, said)


def _estate(conn: Connection, said: Said) -> None:
    header = said.header
    applied = estates.Applied(said.idx, header["estate"], header["name"], said.received_ms, header["by"])
    estates.add(conn, applied)
    rounds.end_missing(conn, header["rounds"], said.idx, said.received_ms)
    terms = parse_terms(said.body or b"")
    human.set_owed(conn, said.idx, said.received_ms, terms.human)
    for part in terms.human:
        if part.alone:  # the others' windows come with the plans
            rule = rounds.Rule(part.round, said.idx, said.received_ms, terms.timezone, part.plan)
            rounds.set_rule(conn, rule)


def _plan(conn: Connection, signer: Signer, said: Said) -> None:
    header, data = said.header, said.body or b""
    issued = plans.Issued(
        said.idx, header["agent"], header["epoch"], header["digest"], header["estate"], said.received_ms
    )
    plans.add(conn, issued, data, plan_signature(signer, data))
    plan = plans_wire.parse(data)
    for part in plan.rounds:
        rounds.set_rule(conn, rounds.Rule(part.id, said.idx, said.received_ms, plan.timezone, part))


def _statement(conn: Connection, said: Said) -> None:
    header = said.header
    kind = str(header["kind"])
    subject = str(header.get("subject") or header.get("window", ""))
    made = statements.Statement(
        idx=said.idx,
        kind=kind,
        subject=subject,
        by=str(header["by"]),
        received_ms=said.received_ms,
        role=str(header.get("role", "")),
        document=str(header.get("document", "")),
    )
    statements.add(conn, made)
    sayings.follow(conn, said.idx, said.received_ms, header)
    if kind == people.HUMAN:
        sheet = people.parse_sheet(said.body or b"")
        rows = [human.DoneRow(sheet.window, sheet.asset, a.item, a.state, said.idx) for a in sheet.items]
        human.add_done(conn, rows)


def _message(conn: Connection, said: Said) -> None:
    """What became of a message; of the collector's other acts nothing follows."""
    if is_message(said.header):
        messages.follow(conn, said.idx, said.received_ms, strict_json.dumps(said.header).decode())


def _record(conn: Connection, said: Said) -> None:
    h = said.header
    c = h["counts"]
    row = rounds.RecordRow(
        window=h["window"],
        round=h["round"],
        opened=h["from"],
        closes=h["to"],
        until=h["until"],
        idx=said.idx,
        digest=h["digest"],
        closed=said.received_ms,
        due=c["due"],
        done=c["done"],
        late=c["late"],
        missed=c["missed"],
        errors=c["errors"],
        problems=c["problems"],
    )
    rounds.add_record(conn, row)
    _units(conn, said)


def _units(conn: Connection, said: Said) -> None:
    """What the record says of each unit, by the estate that it was made under."""
    digest = said.header["estate"]
    applied = next((one for one in reversed(estates.every(conn)) if one.digest == digest), None)
    scope = None if applied is None else estates.terms(conn, applied.idx).scope
    record = parse_record(said.body or b"")
    faults.follow(conn, said.idx, record)
    if scope is not None:
        scorecards.save_rounds(conn, unit_rounds(said.idx, said.received_ms, record, scope))
        cadence.save(conn, looked(said.idx, said.received_ms, record))


def _scorecard(conn: Connection, said: Said) -> None:
    h = said.header
    row = scorecards.SealedRow(
        said.idx, h["scorecard"], h["number"], said.received_ms, h["as_of"], h["pack"], h["digest"], h["by"]
    )
    scorecards.add(conn, row)


def _settlement(conn: Connection, said: Said) -> None:
    h = said.header
    row = scorecards.SettledRow(
        said.idx, h["settlement"], h["number"], said.received_ms, h["as_of"], h["pack"], h["digest"], h["by"]
    )
    scorecards.add_settled(conn, row)


@dataclass(slots=True)
class ProjectedWork:
    """Own entries placed together; each is projected in the same transaction.

    `guard(conn)` runs first: it may refuse by raising, and then nothing is kept.
    """

    entries: tuple[tuple[OwnEntry, bytes | None], ...]
    signer: Signer
    guard: Callable[[Connection], None] | None = None
    idxs: tuple[int, ...] = ()

    def place(self, draft: Draft, sequencer: Sequencer) -> None:
        """Add the entries and what follows from them."""
        if self.guard is not None:
            self.guard(draft.conn)
        made = []
        for own, body in self.entries:
            data = entry.encode(Entry(own.kind, draft.received, own.header, own.signatures))
            key = own.key
            if key is not None and key[2] == OF_IDX:
                key = (key[0], key[1], draft.next_idx)
            idx = draft.add(own.kind, data, key=key, body=own.body)
            header = strict_json.loads(own.header)
            project(draft.conn, self.signer, Said(idx, own.kind, draft.received, header, body))
            made.append(idx)
        self.idxs = tuple(made)


Wanted = tuple[EntryKind, dict[str, Any], bytes | None]


def log(
    context: Context, wanted: Sequence[Wanted], guard: Callable[[Connection], None] | None = None
) -> tuple[int, ...]:
    """Sign, log and project these entries together; durable when it returns.

    NoScorecard for what an older version of judging made than one that the log names.
    """
    entries = tuple(
        (context.own_entry(kind, header, body, _key(kind, header)), body) for kind, header, body in wanted
    )
    named_ = [named(header) for kind, header, _ in wanted if kind is EntryKind.RECORD and named(header)]
    newer = versions.guard(context, min(named_)) if named_ else None
    work = ProjectedWork(entries, context.signer, _both(newer, guard))
    context.writer.place([work])
    return work.idxs


Guard = Callable[[Connection], None]


def _both(*guards: Guard | None) -> Guard | None:
    """Guards that have to let it pass, one after the other."""
    held = [one for one in guards if one is not None]

    def both(conn: Connection) -> None:
        for one in held:
            one(conn)

    return both if held else None


def _key(kind: EntryKind, header: dict[str, Any]) -> tuple[str, int, int] | None:
    """A plan stands under its agent, so that it is found by it."""
    if kind is not EntryKind.PLAN or "agent" not in header:
        return None
    return header["agent"], header["epoch"], OF_IDX


def replay(conn: Connection, signer: Signer, size: int) -> None:
    """Project every entry below `size` again, in log order."""
    for row in evidence.of_kinds(conn, [int(kind) for kind in KINDS]):
        if row.idx >= size:
            return
        parsed = entry.parse(packs.data_of(conn, row))
        body = packs.body(conn, row.idx)
        kept = content(body) if body is not None else None
        header = strict_json.loads(parsed.header)
        project(conn, signer, Said(row.idx, EntryKind(row.kind), row.received, header, kept))
