"""Inspection records made anew from the signed lines and plans, and compared with the logged ones."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from checks import registry
from checks import result as results
from checks.api import Check
from checks.codec import FieldError
from checks.recurrence import windows
from checks.wire.errors import WireError
from checks.wire.numbers import EntryKind
from collector.inspection import record as records
from collector.inspection.due import Issued, governing, owed
from collector.inspection.due import history as issued_history
from collector.inspection.human import governing as governing_people
from collector.inspection.human import owed as owed_by_people
from collector.inspection.record import ByPeople, EmptyRecord, Frame, Key, Place, Record, Seen
from collector.verify import judged
from collector.verify.batches import Done
from collector.verify.findings import Findings
from collector.verify.history import Applied, History, Said
from collector.verify.human import statements_of

Verdict = tuple[str, str, str]
_DRAFTED_MS = 3_600_000


def check_records(history: History, done: Sequence[Done], begin: int, findings: Findings) -> list[Verdict]:
    """A verdict for each inspection record logged from `begin` on."""
    by_digest: dict[str, Record] = {}
    ground = _Ground(history, done, by_digest)
    above = judged.rising(history.said)
    verdicts = []
    for said in history.said:
        if said.kind is not EntryKind.RECORD or "window" not in said.header:
            continue
        name = f"inspection record {said.header['window']}"
        try:
            if said.document is None:
                raise FieldError("record", "its document is not here")
            record = records.parse(said.document)
            by_digest[records.digest(said.document)] = record
            if said.idx < begin:
                continue  # only carried, for the problems that it left open
            verdicts.append((name, *(judged.outdated(said, above) or _check(said, record, ground, begin))))
        except (WireError, FieldError, EmptyRecord) as error:
            verdicts.append((name, "contradicted", str(error)))
        findings.count("inspection records")
        if verdicts[-1][1] == "contradicted":
            findings.add("claim_differs", *verdicts[-1][::2])
    return verdicts


class _Ground:
    """What records are made of."""

    def __init__(self, history: History, done: Sequence[Done], known: Mapping[str, Record]) -> None:
        self.history, self.done, self.known = history, done, known
        self.statements = statements_of(history)


def _check(said: Said, record: Record, ground: _Ground, begin: int) -> tuple[str, str]:
    """The verdict on one record and its detail."""
    if differs := _header_differs(said, record):
        return "contradicted", f"its entry says another {differs}"
    if any(item.evidence.entry < begin for item in record.items):
        return "not proven", "some of its looks are older than this bundle"
    if not _is_asked(said, record, ground.history):
        return judged.differing(
            judged.made_by(said.header), "no plan in force asks for a round in this window", "made"
        )
    people = ground.statements.get(record.window.id, ())
    for size in _sizes(said, record, ground, (one.idx for one in people)):
        made = _make(said, record, ground, size)
        if made is not None and _comparable(made, record) == _comparable(record, made):
            counts = record.overview
            detail = f"{counts.done} looks of {counts.due} due, {counts.problems} problems"
            return judged.agreed(judged.made_by(said.header), detail, "made")
    return judged.differing(judged.made_by(said.header), "not what the lines and plans give", "made")


def _header_differs(said: Said, record: Record) -> str:
    header, window, counts = said.header, record.window, record.overview
    wanted = {
        "window": window.id,
        "round": record.round,
        "from": window.from_ms,
        "to": window.to_ms,
        "until": window.until_ms,
        "estate": record.estate,
        "counts": {
            name: getattr(counts, name) for name in ("due", "done", "late", "missed", "errors", "problems")
        },
    }
    return ", ".join(name for name, value in wanted.items() if header.get(name) != value)


def _is_asked(said: Said, record: Record, history: History) -> bool:
    """Whether its window, with these times, is one of those that the plans then in force ask for."""
    window = record.window
    issued = [Issued(i.plan, i.issued_ms) for i in history.issues if i.idx < said.idx]
    parts = [(part, plan.timezone) for plan, part in governing(record.round, window, issued_history(issued))]
    applied = [one for one in history.estates if one.idx < said.idx]
    mine = governing_people(record.round, window, [(one.at_ms, one.terms.human) for one in applied])
    if mine is not None:
        parts += [(mine.plan, one.terms.timezone) for one in applied]
    return any(window in windows(part, zone, window.from_ms, window.from_ms + 1) for part, zone in parts)


def _sizes(said: Said, record: Record, ground: _Ground, stated: Iterable[int]) -> Iterator[int]:
    """Sizes of the log that it can have been made at: its own place, or just before a late look or statement.

    A record is drafted a moment before it is logged; what came in between is not in it, an hour at most.
    """
    idx = said.idx
    yield idx
    human = record.human
    stamps = (one.entry for one in (*human.arrivals, *human.sign_offs))
    answers = (one.entry for one in (*human.items, *human.corrected) if one.entry is not None)
    last = max((*(item.evidence.entry for item in record.items), *stamps, *answers), default=-1)
    looks = {one.idx for one in ground.done if one.round == record.window.id}
    for place in sorted(looks | set(stated), reverse=True):
        if last < place < idx and ground.history.came(place) >= said.received_ms - _DRAFTED_MS:
            yield place


def _make(said: Said, record: Record, ground: _Ground, size: int) -> Record | None:
    terms = _applied(ground.history, record.window.from_ms, said.idx)
    if terms is None:
        return None
    previous = ground.known.get(record.previous) if record.previous else None
    if (previous is None) != (not record.previous) or not _is_previous(said, record, ground):
        return None
    frame = Frame(
        record.round,
        terms.terms.rounds.get(record.round) or record.round,
        record.window,
        terms.terms.timezone,
        terms.terms.estate,
        record.closed_ms,
    )
    issued = [Issued(i.plan, i.issued_ms) for i in ground.history.issues if i.idx < size]
    due = owed(governing(record.round, record.window, issued_history(issued)))
    mine = {(look.check, look.target, look.agent) for look in due}
    seen = _seen([one for one in ground.done if one.round == record.window.id and one.idx < size], mine)
    applied = [(one.at_ms, one.terms.human) for one in ground.history.estates if one.idx < size]
    owes = owed_by_people(governing_people(record.round, record.window, applied))
    said_by = tuple(one for one in ground.statements.get(record.window.id, ()) if one.idx < size)
    by_people = ByPeople(owes, said_by if owes else ())
    return records.make_record(frame, due, seen, previous, _lookup, by_people)


def _applied(history: History, opened: int, idx: int) -> Applied | None:
    """The estate in force when the window opened, else the newest."""
    known = [one for one in history.estates if one.idx < idx]
    before = [one for one in known if one.at_ms <= opened]
    if not known:
        return None
    return (before or known)[-1]


def _is_previous(said: Said, record: Record, ground: _Ground) -> bool:
    """Whether it goes on from the newest record of this round that the log has."""
    older = [
        str(one.header.get("digest"))
        for one in sorted(ground.history.said, key=lambda one: _opened(one))
        if one.kind is EntryKind.RECORD
        and one.idx < said.idx
        and one.header.get("round") == record.round
        and _opened(one) < record.window.from_ms
    ]
    return (older[-1] if older else "") == record.previous


def _opened(said: Said) -> int:
    value = said.header.get("from")
    return value if type(value) is int else 0


def _seen(done: Sequence[Done], mine: set[Key]) -> dict[Key, Seen]:
    """The look that counts: a reading before an error, the first reading, the last error."""
    held: dict[Key, Done] = {}
    for one in done:
        key = (one.check, one.target, one.vantage)
        if key in mine and (key not in held or held[key].error is not None):
            held[key] = one
    return {
        key: Seen(results.decode(one.line), one.t_ms, Place(one.idx, one.line_no))
        for key, one in held.items()
    }


def _lookup(check_id: str) -> Check[Any, Any] | None:
    try:
        return registry.get(check_id)
    except (registry.UnknownCheckError, ImportError):
        return None


def _comparable(record: Record, other: Record) -> Record:
    """The record without what depends on which versions of the checks its maker had installed."""
    versions = {
        item.evidence for one in (record, other) for item in one.items if item.judged == "other_version"
    }
    if not versions:
        return record
    items = (replace(item, judged="") if item.evidence in versions else item for item in record.items)
    findings = (one for one in record.findings if one.evidence not in versions)
    return replace(record, items=tuple(items), findings=tuple(findings))
