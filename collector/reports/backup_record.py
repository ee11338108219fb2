"""The record of backups and restore drills of a period (备份与恢复演练记录): logged, then as a file."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from checks.recurrence import zone
from checks.wire import entry, strict_json
from checks.wire.numbers import EntryKind
from collector.backups.ledger import SlotState
from collector.backups.record import VERSION, Cut
from collector.context import Context
from collector.documents.tables import EmptyRecordError, Table
from collector.evidence.periods import PeriodError, parse_period
from collector.jobs import projection
from collector.jobs.backups import Account
from collector.judging.judge import NoScorecard
from collector.judging.version import FRESH_MS, JUDGING
from collector.reports.backup_view import Words, standing
from collector.reports.record_docx import docx
from collector.reports.record_pdf import FontMissingError, pdf
from collector.reports.record_view import DocumentPaper
from collector.reports.record_xlsx import xlsx
from collector.store import evidence, packs
from collector.store.content import content
from collector.words.record import text

PROBLEMS = (EmptyRecordError, FontMissingError, PeriodError, NoScorecard)
_FIRST = {SlotState.DUE, SlotState.RUNNING}


@dataclass(frozen=True, slots=True)
class Made:
    """A logged record: its entry, its bytes as logged, their digest."""

    idx: int
    raw: bytes

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the record."""
        return sha256(self.raw).hexdigest()


@dataclass(frozen=True, slots=True)
class Part:
    """What of an account belongs into a record."""

    account: Account
    cut: Cut


def part_of(context: Context, account: Account, asked: tuple[str | None, str]) -> Part:
    """What belongs into the record of (object or None, period); PeriodError, EmptyRecordError."""
    period = parse_period(asked[1], zone(account.terms.timezone), context.now())
    drills = account.observed.drills
    made = Cut(account.ledger, account.rows, drills, account.estate.digest, period, asked[0] or "")
    if made.empty:
        raise EmptyRecordError(f"{period.name}: no backup was due, so there is nothing to record")
    return Part(account, made)


def logged(context: Context, part: Part, by: str) -> Made:
    """The record in the log: the last one of this period if it says the same, else a new entry."""
    body = part.cut.body(part.account.size)
    raw = strict_json.dumps(body)
    held = _last(context, part)
    if held is not None and _timeless(held.raw) == _timeless(raw):
        return held
    with context.read() as conn:
        came = packs.entry_received(conn, part.account.size)
        if came is not None and came < evidence.instant(conn, context.now()) - FRESH_MS:
            raise NoScorecard("not_settled", "what came lately is still being derived: try again")
    header = {
        "backups": part.cut.period.name,
        "object": part.cut.object,
        "from": part.cut.period.from_ms,
        "to": part.cut.period.to_ms,
        "estate": body["estate"],
        "judging": JUDGING,
        "by": by,
    }
    return Made(projection.log(context, [(EntryKind.RECORD, header, raw)])[0], raw)


def _timeless(raw: bytes) -> dict[str, Any]:
    """What a record says, whenever it was made."""
    return {name: value for name, value in strict_json.loads(raw).items() if name not in ("now", "size")}


def _last(context: Context, part: Part) -> Made | None:
    with context.read() as conn:
        for row in reversed(evidence.of_kinds(conn, [int(EntryKind.RECORD)])):
            header = strict_json.loads(entry.parse(packs.data_of(conn, row)).header)
            if (header.get("backups"), header.get("object")) == (part.cut.period.name, part.cut.object):
                body = packs.body(conn, row.idx)
                return None if body is None else Made(row.idx, content(body))
    return None


def paper(context: Context, part: Part, made: Made, lang: str) -> DocumentPaper:
    """Headings, facts and tables."""
    return DocumentPaper(
        lang=lang,
        zone=zone(part.account.terms.timezone),
        title=text("backup.title", lang),
        overview_title=text("backup.overview", lang),
        facts=tuple(_facts(part, lang)),
        tables=tuple(_tables(part, Words(part.account, lang))),
        proof_title=text("backup.proof", lang),
        proof=tuple(_proof(context, part, made, lang)),
        qr=f"{context.settings.url}/evidence/{made.idx}?digest={made.digest}",
    )


def _tables(part: Part, words: Words) -> Iterator[Table]:
    objects = part.cut.objects
    yield words.problems(part.cut.problems())
    yield words.clauses(one.name for one in objects)
    yield words.objects(objects, part.cut.slots)
    yield words.slots((one.name, part.cut.slots(one)) for one in objects)
    yield words.levels((one.name, part.cut.points(one)) for one in objects)
    copies = {one.name: {point.name for point in part.cut.points(one)} for one in objects}
    yield words.copies(
        (one.name, [copy for copy in one.copies if copy.artefact in copies[one.name]]) for one in objects
    )
    yield words.retention(objects)
    yield words.drills((one, part.cut.drills(one)) for one in objects)
    yield words.success(part.account.ledger.success)
    yield words.media({one.name for one in objects}, (part.cut.period.from_ms, part.cut.period.to_ms))


def _facts(part: Part, lang: str) -> Iterator[tuple[str, str]]:
    slots = [slot for one in part.cut.objects for slot in part.cut.slots(one)]
    drills = [due for one in part.cut.objects for due in part.cut.drills(one)]
    kept = [one.retention for one in part.cut.objects]
    open_ = standing(part.cut.problems())

    def count(state: SlotState) -> int:
        return sum(slot.state is state for slot in slots)

    bad = sum(one.outcome == "bad" for one in open_)
    said = {
        "period": f"{part.cut.period.name} {part.cut.object}".strip(),
        "made": _clock(part, part.account.ledger.now_ms),
        "objects": str(len(part.cut.objects)),
        "slots": text(
            "backup.fact.slots.of",
            lang,
            over=sum(slot.state not in _FIRST for slot in slots),
            good=sum(slot.good is True for slot in slots),
            late=count(SlotState.LATE),
            missed=count(SlotState.MISSED),
            unseen=count(SlotState.UNSEEN),
            excused=count(SlotState.EXCUSED),
        ),
        "days": text(
            "backup.fact.days.of",
            lang,
            have=sum(one.restorable_days for one in kept),
            need=sum(one.promised_days for one in kept),
        ),
        "drills": text(
            "backup.fact.drills.of",
            lang,
            due=len(drills),
            done=sum(due.state == "done" for due in drills),
            good=sum(due.outcome == "good" for due in drills),
        ),
        "problems": text("backup.fact.problems.of", lang, bad=bad, untold=len(open_) - bad),
    }
    for key, value in said.items():
        yield text(f"backup.fact.{key}", lang), value


def _clock(part: Part, ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, zone(part.account.terms.timezone)).strftime("%Y-%m-%d %H:%M")


def _proof(context: Context, part: Part, made: Made, lang: str) -> Iterator[tuple[str, str]]:
    newest = max((place for place in part.account.entries.values()), default=None)
    said = {
        "log": context.origin,
        "entry": f"#{made.idx}",
        "digest": made.digest,
        "zone": part.account.terms.timezone,
        "estate": part.account.estate.digest,
        "vkey": str(context.vkey),
    }
    for key, value in said.items():
        yield text(f"record.fact.{key}", lang), value
    yield text("backup.fact.newest", lang), "–" if newest is None else f"#{newest[0]}/{newest[1]}"
    yield text("backup.fact.method", lang), text("backup.fact.method.of", lang, version=VERSION)


def export(
    context: Context,
    account: Account,
    asked: tuple[str | None, str],
    kind: str,
    lang: str = "zh",
    by: str = "cli",
) -> bytes:
    """The record of (object or None, period) as a file's bytes; logged first. One of PROBLEMS where it
    cannot be made."""
    part = part_of(context, account, asked)
    made = logged(context, part, by)
    makers: dict[str, Callable[[DocumentPaper], bytes]] = {
        "docx": docx,
        "xlsx": xlsx,
        "pdf": lambda one: pdf(one, made.raw),
        "json": lambda _one: made.raw,
    }
    return makers[kind](paper(context, part, made, lang))
