"""The record of backups and restore drills of a period (备份与恢复演练记录): logged, then as a file.

Body of its entry (kind `record`, header with `backups`, `from`, `to`, `estate`):
{"v":1,"backups": period,"object": name or "","from","to","now": ms,"estate": digest,
 "objects":[…as in the ledger, slots, points, days, weeks, copies, drills of the period…],
 "success":[…],"problems":[…],"evidence":{"OBJECT":{"ARTEFACT":[entry,line]}},"phases":{"DRILL":[[name,ms]]}}
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from hashlib import sha256
from typing import Any

from checks.codec import to_json
from checks.recurrence import zone
from checks.wire import entry, strict_json
from checks.wire.numbers import EntryKind
from collector.backups.ledger import ObjectLedger, Point, Problem, Slot, SlotState, as_json
from collector.context import Context
from collector.evidence.bundle import Period
from collector.evidence.periods import PeriodError, parse_period
from collector.jobs import projection
from collector.jobs.backups import Account
from collector.reports.backup_view import Words, standing
from collector.reports.record_docx import docx
from collector.reports.record_pdf import FontMissingError, pdf
from collector.reports.record_view import EmptyRecordError
from collector.reports.record_words import text
from collector.reports.record_xlsx import xlsx
from collector.reports.sheet import Table
from collector.store import evidence, packs
from collector.store.content import content

PROBLEMS = (EmptyRecordError, FontMissingError, PeriodError)
VERSION = 1
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
class Cut:
    """What of the account belongs into a period, of one object or of all."""

    account: Account
    period: Period
    object: str = ""

    def __post_init__(self) -> None:
        if not any(self.slots(one) for one in self.objects):
            raise EmptyRecordError(f"{self.period.name}: no backup was due, so there is nothing to record")

    @property
    def objects(self) -> tuple[ObjectLedger, ...]:
        """The objects."""
        return tuple(one for one in self.account.ledger.objects if self.object in ("", one.name))

    def inside(self, ms: int) -> bool:
        """Whether an instant lies in the period."""
        return self.period.from_ms <= ms < self.period.to_ms

    def slots(self, one: ObjectLedger) -> list[Slot]:
        """Slots that open in it and whose time has come."""
        now = self.account.ledger.now_ms
        return [slot for slot in one.slots if self.inside(slot.opens_ms) and slot.opens_ms <= now]

    def points(self, one: ObjectLedger) -> list[Point]:
        """Artefacts of these slots, and others made in the period."""
        names = {name for slot in self.slots(one) for name in slot.artefacts}
        return [p for p in one.points if p.name in names or (p.start_ms and self.inside(p.start_ms))]

    def problems(self) -> list[Problem]:
        """What was wrong at any time in it, as far as it is known now."""
        end = min(self.period.to_ms, self.account.ledger.now_ms + 1)
        return [
            one
            for one in self.account.ledger.problems
            if self.object in ("", one.object)
            and one.first_provable_ms < end
            and (one.until_ms is None or one.until_ms >= self.period.from_ms)
        ]

    def drills(self, one: ObjectLedger) -> list[Any]:
        """Drills due or begun in it."""
        begun = {d.id: d.begun_ms for d in self.account.observed.drills}
        return [
            due
            for due in one.drills
            if self.inside(due.due_ms - 1) or any(self.inside(begun.get(d, -1)) for d in due.drills)
        ]

    def body(self) -> dict[str, Any]:
        """The record."""
        names = [one.name for one in self.objects]
        whole: Any = as_json(self.account.ledger, objects=names)
        objects = [self._object(one, raw) for one, raw in zip(self.objects, whole["objects"], strict=True)]
        drills = {d for one in self.objects for due in self.drills(one) for d in due.drills}
        return {
            "v": VERSION,
            "backups": self.period.name,
            "object": self.object,
            "from": self.period.from_ms,
            "to": self.period.to_ms,
            "now": self.account.ledger.now_ms,
            "estate": self.account.estate.digest,
            "objects": objects,
            "success": whole["success"],
            "problems": [to_json(one) for one in self.problems()],
            "evidence": {one.name: dict(self._evidence(one)) for one in self.objects},
            "phases": {
                d: to_json(self.account.phases[d]) for d in sorted(drills & self.account.phases.keys())
            },
        }

    def _object(self, one: ObjectLedger, raw: Mapping[str, Any]) -> dict[str, Any]:
        points = self.points(one)
        names = {point.name for point in points}
        days = {slot.day for slot in self.slots(one)}
        return {
            **raw,
            "slots": [to_json(slot) for slot in self.slots(one)],
            "points": [to_json(point) for point in points],
            "days": [day for day in raw["days"] if day["day"] in days],
            "weeks": [week for week in raw["weeks"] if names & set(week["artefacts"])],
            "copies": [to_json(copy) for copy in one.copies if copy.artefact in names],
            "drills": [to_json(due) for due in self.drills(one)],
            "problems": [to_json(p) for p in self.problems() if p.object == one.name],
        }

    def _evidence(self, one: ObjectLedger) -> Iterator[tuple[str, list[int]]]:
        for point in self.points(one):
            if (found := self.account.entries.get((one.name, point.name))) is not None:
                yield point.name, list(found)


def cut(context: Context, account: Account, asked: tuple[str | None, str]) -> Cut:
    """What belongs into the record of (object or None, period); PeriodError, EmptyRecordError."""
    period = parse_period(asked[1], zone(account.terms.timezone), context.now())
    return Cut(account, period, asked[0] or "")


def logged(context: Context, part: Cut, by: str) -> Made:
    """The record in the log: the last one of this period if it says the same, else a new entry."""
    body = part.body()
    held = _last(context, part)
    if held is not None and {**strict_json.loads(held.raw), "now": body["now"]} == body:
        return held
    header = {
        "backups": part.period.name,
        "object": part.object,
        "from": part.period.from_ms,
        "to": part.period.to_ms,
        "estate": body["estate"],
        "by": by,
    }
    raw = strict_json.dumps(body)
    return Made(projection.log(context, [(EntryKind.RECORD, header, raw)])[0], raw)


def _last(context: Context, part: Cut) -> Made | None:
    with context.read() as conn:
        for row in reversed(evidence.of_kinds(conn, [int(EntryKind.RECORD)])):
            header = strict_json.loads(entry.parse(packs.data_of(conn, row)).header)
            if (header.get("backups"), header.get("object")) == (part.period.name, part.object):
                body = packs.body(conn, row.idx)
                return None if body is None else Made(row.idx, content(body))
    return None


@dataclass(frozen=True, slots=True)
class BackupPaper:
    """The record in words of one language: `collector.reports.record_view.Paper`."""

    lang: str
    zone: tzinfo
    title: str
    overview_title: str
    facts: tuple[tuple[str, str], ...]
    tables: tuple[Table, ...]
    proof_title: str
    proof: tuple[tuple[str, str], ...]
    qr: str


def paper(context: Context, part: Cut, made: Made, lang: str) -> BackupPaper:
    """Headings, facts and tables."""
    return BackupPaper(
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


def _tables(part: Cut, words: Words) -> Iterator[Table]:
    objects = part.objects
    yield words.problems(part.problems())
    yield words.objects(objects, part.slots)
    yield words.slots((one.name, part.slots(one)) for one in objects)
    yield words.levels((one.name, part.points(one)) for one in objects)
    copies = {one.name: {point.name for point in part.points(one)} for one in objects}
    yield words.copies(
        (one.name, [copy for copy in one.copies if copy.artefact in copies[one.name]]) for one in objects
    )
    yield words.retention(objects)
    yield words.drills((one, part.drills(one)) for one in objects)
    yield words.success(part.account.ledger.success)
    yield words.media({one.name for one in objects}, (part.period.from_ms, part.period.to_ms))


def _facts(part: Cut, lang: str) -> Iterator[tuple[str, str]]:
    slots = [slot for one in part.objects for slot in part.slots(one)]
    drills = [due for one in part.objects for due in part.drills(one)]
    kept = [one.retention for one in part.objects]
    open_ = standing(part.problems())

    def count(state: SlotState) -> int:
        return sum(slot.state is state for slot in slots)

    bad = sum(one.outcome == "bad" for one in open_)
    said = {
        "period": f"{part.period.name} {part.object}".strip(),
        "made": _clock(part, part.account.ledger.now_ms),
        "objects": str(len(part.objects)),
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


def _clock(part: Cut, ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, zone(part.account.terms.timezone)).strftime("%Y-%m-%d %H:%M")


def _proof(context: Context, part: Cut, made: Made, lang: str) -> Iterator[tuple[str, str]]:
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
    part = cut(context, account, asked)
    made = logged(context, part, by)
    makers: dict[str, Callable[[BackupPaper], bytes]] = {
        "docx": docx,
        "xlsx": xlsx,
        "pdf": lambda one: pdf(one, made.raw),
        "json": lambda _one: made.raw,
    }
    return makers[kind](paper(context, part, made, lang))
