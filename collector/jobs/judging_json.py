"""Faults, findings, obligations, statements, documents, settlements as plain JSON: commands and API alike."""

from collections.abc import Iterator, Sequence
from typing import Any

from checks.codec import to_json
from checks.wire import strict_json
from collector.faults.model import Fault, Finding, Vulnerability
from collector.faults.reports import draft
from collector.inspection.cadence_model import Row
from collector.inspection.obligations import ObligationLine
from collector.jobs.cadence import Told as Ledger
from collector.jobs.faults import Told
from collector.jobs.rounds import Occasion
from collector.judging.paid import Paid, encode
from collector.judging.settling import Settled
from collector.packs.archive import Archive
from collector.statements.kind import Kind
from collector.statements.model import Said
from collector.store.scorecards import SettledRow

Json = dict[str, Any]


def faults(told: Told, shown: Sequence[Fault]) -> Json:
    """Faults, each with the draft of its report; incidents, hazards, what was too short to count."""
    return {
        "pack": told.pack.pack,
        "period": None if told.period is None else told.period.name,
        "as_of": told.account.as_of_ms,
        "faults": [{**to_json(one), "draft": to_json(draft(one))} for one in shown],
        "incidents": to_json(told.account.incidents),
        "hazards": to_json(told.account.hazards),
        "blips": told.account.blips,
        "stray": to_json(told.account.stray),
    }


def findings(told: Told, kept: Sequence[Finding], flaws: Sequence[Vulnerability]) -> Json:
    """Findings and vulnerabilities."""
    return {
        "pack": told.pack.pack,
        "as_of": told.account.as_of_ms,
        "findings": to_json(kept),
        "vulnerabilities": to_json(flaws),
        "stray": to_json(told.account.stray),
    }


def obligations(told: Ledger) -> Json:
    """Every obligation with its rows and evidence."""
    return {**_ledger(told), "obligations": [_obligation(line) for line in told.lines]}


def calendar(told: Ledger) -> Json:
    """What falls due, by instant: each row with the obligation that it is of."""
    rows = [
        {"obligation": line.obligation.id, "clause": line.obligation.clause, **_row(row)}
        for line in told.lines
        for row in line.rows
    ]
    rows.sort(key=lambda row: (row["due"], row["obligation"], row["id"]))
    return {**_ledger(told), "rows": rows}


def _ledger(told: Ledger) -> Json:
    return {
        "pack": told.pack,
        "pack_digest": told.digest,
        "estate": told.estate,
        "period": {"name": told.period.name, "from": told.period.from_ms, "to": told.period.to_ms},
        "as_of": told.as_of_ms,
        "size": told.size,
    }


def _obligation(line: ObligationLine) -> Json:
    one = line.obligation
    return {
        "id": one.id,
        "clause": one.clause,
        "page": one.page,
        "zh": one.zh,
        "en": one.en,
        "tag": one.tag.value,
        "limit": one.limit,
        "line": one.line or None,
        "who": one.who,
        "form": one.form,
        "standing": line.standing.value,
        "counts": dict(line.counts),
        "act_by": line.act_by_ms,
        "out_of_reach": line.lost,
        "provisional": line.provisional,
        "entries": list(line.entries),
        "filed": [
            {
                "entry": filed.entry,
                "kind": filed.kind,
                "digest": filed.digest,
                "by": filed.by,
                "received": filed.received_ms,
                "late": filed.late,
            }
            for filed in line.filed
        ],
        "rows": [_row(row) for row in line.rows],
    }


def _row(row: Row) -> Json:
    turn = row.turn
    return {
        "id": row.id,
        "what": list(row.what),
        "unit": turn.unit,
        "system": turn.system,
        "from": turn.from_ms,
        "due": turn.due_ms,
        "last_day": turn.last.isoformat(),
        "needed": turn.needed,
        "counted": row.counted,
        "state": row.state.value,
        "reason": row.reason,
        "days_late": row.days_late,
        "arrived_late": row.arrived_late,
        "provisional": turn.provisional,
        "waiver": row.waiver,
        "late_waivers": list(row.late_waivers),
        "partial": [{"entry": entry, "reason": reason} for entry, reason in row.partial],
        "act_by": row.act_by_ms,
        "who": row.who,
        "entries": list(row.entries),
    }


def paid(row: SettledRow, one: Paid) -> Json:
    """A settlement as it was logged: its entry, and everything in it."""
    whole: Json = strict_json.loads(encode(one))
    return {"entry": row.idx, "received": row.received, "by": row.by, "digest": row.digest, **whole}


def settlement(one: Settled) -> Json:
    """A settlement; yuan as texts, null where they are not proven, or where a side has no bound."""
    return {
        "name": one.name,
        "pack": one.settlement.pack,
        "digest": one.settlement.pack_digest,
        "periods": list(one.settlement.periods),
        "awaited": list(one.awaited),
        "final": one.final,
        "money": [
            {
                "id": step.id,
                "clause": step.clause,
                "yuan": None if step.yuan is None else str(step.yuan),
                "low": None if step.low is None else str(step.low),
                "high": None if step.high is None else str(step.high),
            }
            for step in one.settlement.money
        ],
        "options": dict(one.settlement.options),
    }


def statement(one: Said) -> Json:
    """A statement with its fields and those who joined in."""
    return {
        **{name: getattr(one, name) for name in Said.__slots__ if name not in ("fields", "seconds")},
        "fields": dict(one.fields),
        "seconds": list(one.seconds),
    }


def kind(one: Kind) -> Json:
    """A kind of statement: who may make it, and its fields."""
    return {
        "kind": one.name,
        "zh": one.zh,
        "en": one.en,
        "who": sorted(one.who),
        "two": one.two,
        "document": one.paper,
        "fields": [
            {"name": f.name, "type": f.type, "required": f.required, "choices": list(f.choices)}
            for f in one.fields
        ],
    }


def archive(found: Archive) -> Json:
    """What is to be filed in a period, what is on file, what is missing."""
    places = [{**to_json(one), "missing": one.missing} for one in found.places]
    return {"period": found.period.name, "as_of": found.as_of_ms, "places": places}


def occasions(found: Sequence[Occasion]) -> Iterator[Json]:
    """Windows of rounds, with the entry of their record once they are closed."""
    for one in found:
        yield {
            "round": one.round,
            "window": one.window.id,
            "from": one.window.from_ms,
            "to": one.window.to_ms,
            "until": one.window.until_ms,
            "state": one.state,
            "due": one.due,
            "done": one.done,
            "errors": one.errors,
            "missed": one.missed,
            "entry": None if one.record is None else one.record.idx,
        }
