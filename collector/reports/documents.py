"""Documents of judging: one builder, a description for each kind. Logged first, then as a file."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta, tzinfo
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection

from checks.recurrence import zone
from checks.wire import entry, strict_json
from checks.wire.numbers import EntryKind
from collector.jobs import projection
from collector.judging.judge import NoScorecard
from collector.judging.printed import figures
from collector.judging.version import FRESH_MS, JUDGING, program
from collector.reports import (  # noqa: F401 - their parts name themselves
    document_duties,
    document_faults,
    document_measures,
    document_plans,
    document_trend,
)
from collector.reports.document_parts import PARTS
from collector.reports.form_view import FormWords, form_of
from collector.reports.judging_view import Words, last, points, spanned, yuan
from collector.reports.material import Material
from collector.reports.record_docx import docx
from collector.reports.record_pdf import FontMissingError, pdf
from collector.reports.record_view import EmptyRecordError
from collector.reports.record_words import text as record_text
from collector.reports.record_xlsx import xlsx
from collector.reports.scorecard_tables import HANDS, hands
from collector.reports.tables import Table, plain
from collector.reports.words_document import doc, numbered
from collector.scoring.model import Scorecard
from collector.store import estates, evidence, packs, rounds
from collector.store.content import content

# 2: with the figures of its scorecard; 3: with the version of the program that worded it;
# 4: it sums up and measures; 5: with the size of the log that it is made of
VERSION = 5


@dataclass(frozen=True, slots=True)
class Kind:
    """A document: its parts in order, what people fill in, who signs. `subject`: what it is about (a fault).

    `judged`: it is nothing without a scorecard. `proves`: parts of which one must hold something. `special`:
    of special rounds alone.
    """

    id: str
    parts: tuple[str, ...]
    hands: tuple[str, ...] = ()
    signers: tuple[str, ...] = ("author", "manager", "buyer")
    subject: str = ""
    judged: bool = False
    proves: tuple[str, ...] = ()
    special: bool = False


_INSPECTED = ("rounds", "problems", "missing", "devices")
_RUNNING = ("availability", "capacity", "backups", "scans")
_KINDS = (
    Kind(
        "scorecard",
        ("form", "money", "todo"),
        HANDS,
        ("vendor", "unit", "assessor"),
        judged=True,
    ),
    Kind(
        "fault",
        ("nine", "clocks", "timeline"),
        ("impact", "solution", "prevention"),
        subject="fault",
        proves=("nine",),
    ),
    Kind(
        "major-fault",
        ("nine", "clocks", "timeline"),
        ("impact", "analysis", "solution", "plan", "prevention"),
        ("author", "manager", "assessor"),
        subject="fault",
        proves=("nine",),
    ),
    Kind(
        "monthly-inspection",
        ("summary", *_INSPECTED, "findings", *_RUNNING, "faults", "months"),
        ("cleaning", "conclusion", "advice"),
        proves=_INSPECTED[:1],
    ),
    Kind(
        "special-inspection",
        ("summary", *_INSPECTED, "availability", "capacity"),
        ("occasion", "duty", "cleaning", "conclusion"),
        proves=_INSPECTED[:1],
        special=True,
    ),
    Kind(
        "defects",
        ("findings", "problems", "vulnerabilities", "fault-sum", "capacity", "actions"),
        ("analysis", "plan", "due"),
        proves=("findings", "problems", "vulnerabilities", "capacity"),
    ),
    Kind(
        "quarterly-operation",
        (
            "summary",
            "months",
            *_RUNNING,
            "measures",
            "fault-sum",
            "faults",
            "findings",
            "vulnerabilities",
            "ledger",
        ),
        ("analysis", "advice"),
        proves=("availability", "backups", "scans"),
    ),
    Kind(
        "performance",
        ("measures", "capacity", "problems", "availability", "devices"),
        ("analysis", "tuning", "advice"),
        proves=("measures", "capacity", "problems", "availability"),
    ),
    Kind(
        "rectification",
        ("actions", "findings", "vulnerabilities", "problems", "faults", "lines"),
        ("risk", "plan", "due", "advice"),
        proves=("findings", "vulnerabilities", "problems", "faults"),
    ),
    Kind(
        "device-year",
        ("sheet", "problems", "capacity", "months"),
        ("forecast", "advice"),
        proves=("sheet",),
    ),
    Kind(
        "service-year",
        ("summary", "months", "lines", "ledger", *_RUNNING, "fault-sum", "faults", "findings", "archive"),
        ("training", "security", "conclusion", "advice"),
        ("author", "manager", "assessor"),
        proves=("availability", "ledger", "backups", "archive"),
    ),
    Kind("fault-statistics", ("fault-sum", "faults"), ("analysis",), proves=("faults",)),
    Kind("tool-usage", ("usage", "log"), ("conclusion",), proves=("usage", "log")),
    Kind(
        "self-assessment",
        (
            "summary",
            "lines",
            "ledger",
            "availability",
            "statistics",
            "fault-sum",
            "findings",
            "vulnerabilities",
            "log",
            "usage",
        ),
        ("change", "conclusion", "plan"),
        proves=("lines", "ledger", "log"),
    ),
    Kind("satisfaction", ("survey",), ("advice",), ("unit", "assessor"), proves=("survey",)),
)
KINDS = {one.id: one for one in _KINDS}


class NoDocumentError(LookupError):
    """There is no such document; `code` says why: unknown_kind, no_scorecard, no_such_fault."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


PROBLEMS = (EmptyRecordError, FontMissingError, NoDocumentError)


@dataclass(frozen=True, slots=True)
class DocumentPaper:
    """A document in words of one language: `collector.reports.record_view.Paper`."""

    lang: str
    zone: tzinfo
    title: str
    overview_title: str
    facts: tuple[tuple[str, str], ...]
    tables: tuple[Table, ...]
    proof_title: str
    proof: tuple[tuple[str, str], ...]
    qr: str
    signers: tuple[str, ...]
    wide: bool = True


@dataclass(frozen=True, slots=True)
class Draft:
    """What a document says, before it is logged."""

    kind: Kind
    title: str
    facts: tuple[tuple[str, str], ...]
    tables: tuple[Table, ...]
    signers: tuple[str, ...] = ()


def draft(kind_id: str, material: Material, lang: str) -> Draft:
    """The parts of a document. NoDocumentError; EmptyRecordError where evidence fills none of them."""
    kind = KINDS.get(kind_id)
    if kind is None:
        raise NoDocumentError("unknown_kind", f"{kind_id!r} is none of {', '.join(KINDS)}")
    if kind.judged and material.found.judged is None:
        raise NoDocumentError(
            "no_scorecard", "the estate in force has no contract pack, so nothing is scored"
        )
    if kind.subject == "fault" and material.fault is None:
        raise NoDocumentError("no_such_fault", f"no fault {material.subject!r} is known")
    material = material.of_special() if kind.special else material
    made = [(name, table) for name in kind.parts for table in PARTS[name](material, lang)]
    filled = {name for name, table in made if table.rows}
    if (kind.proves and not filled & set(kind.proves)) or (kind.judged and "form" not in filled):
        raise EmptyRecordError(f"{material.span.name}: there is no evidence to fill this document with")
    tables = [table for _, table in made] + ([hands(kind.hands, lang)] if kind.hands else [])
    titled = [replace(one, title=numbered(n, one.title, lang)) for n, one in enumerate(tables, 2)]
    signers = form.terms.signers if (form := _form(kind, material, lang)) is not None else kind.signers
    title = form.title() if form is not None else doc(f"doc.title.{kind.id}", lang)
    return Draft(kind, title, tuple(_facts(kind, material, lang)), tuple(titled), signers)


def _form(kind: Kind, material: Material, lang: str) -> FormWords | None:
    """The contract's own form, for the document that is one."""
    judged = material.found.judged
    return form_of(Words(judged, lang)) if kind.judged and judged is not None else None


def _clock(ms: int, material: Material) -> str:
    return datetime.fromtimestamp(ms / 1000, zone(material.timezone)).strftime("%Y-%m-%d %H:%M:%S")


def period_words(name: str, lang: str) -> str:
    """A period's name in words: `cycle-1`, `year-1`; any other as it is."""
    word, _, number = name.rpartition("-")
    known = word in ("cycle", "year") and number.isdigit()
    return doc(f"doc.period.{word}", lang, n=number) if known else name


def _days(material: Material, lang: str) -> str:
    """First and last day where the period is of whole days, else both instants."""
    at = material.span
    begin, end = (datetime.fromtimestamp(ms / 1000, zone(material.timezone)) for ms in (at.from_ms, at.to_ms))
    if begin.time() != time.min or end.time() != time.min:
        return f"{_clock(at.from_ms, material)} – {_clock(at.to_ms, material)}"
    last = end - timedelta(days=1)
    return doc("doc.days_of", lang, first=f"{begin:%Y-%m-%d}", last=f"{last:%Y-%m-%d}", n=(end - begin).days)


def _facts(kind: Kind, material: Material, lang: str) -> Iterator[tuple[str, str]]:
    at = material.span
    said = {"period": period_words(at.name, lang)}
    if project := material.project(lang):
        said["project"] = project
    said |= {"days": _days(material, lang)}
    said["asof"] = _clock(at.as_of_ms, material)
    if kind.subject:
        said["subject"] = material.subject
        said["draft"] = doc("doc.draft", lang)
    if kind.judged:
        said |= _scored(material, lang)
    elif "rounds" in kind.parts:
        closed = len(material.records)
        said["rounds"] = f"{closed} / {len(material.occasions)}"
        said["problems"] = str(len(material.problems))
    for key, value in said.items():
        yield doc(f"doc.fact.{key}", lang), value


def _scored(material: Material, lang: str) -> dict[str, str]:
    judged = material.found.judged
    if judged is None:
        return {}
    card = judged.card
    words = Words(judged, lang)
    total = points(card.total) if card.total is not None else words.range_of(card.low, card.high)
    mark = "" if card.total is not None else f" ({doc('doc.not_proven', lang)})"
    paid = last(card.money)
    amount = "–"
    if paid is not None:
        low_high = spanned(paid.low, paid.high, lang)
        amount = f"{words.step(paid.id)} {yuan(paid.yuan) if paid.yuan is not None else low_high}"
    seal = material.found.seal
    sealed = (
        ""
        if seal is None
        else doc("doc.sealed" if not seal[1] else "doc.amended", lang, entry=seal[0], n=seal[1])
    )
    return {
        "scheme": f"{card.pack} ({card.pack_digest[:16]})",
        "status": sealed or doc("doc.provisional", lang),
        "total": total + mark,
        "grade": card.grade or doc("doc.not_proven", lang),
        "payable": amount,
        "veto": "; ".join(card.vetoes) or doc("doc.none", lang),
    }


def body_of(made: Draft, material: Material) -> dict[str, Any]:
    """What is logged: everything the document says, as plain data."""
    judged = material.found.judged
    return {
        "v": VERSION,
        "document": made.kind.id,
        "subject": material.subject,
        "period": {"name": material.span.name, "from": material.span.from_ms, "to": material.span.to_ms},
        "as_of": material.span.as_of_ms,
        "size": material.span.size,
        "pack": judged.card.pack if judged is not None else "",
        "pack_digest": judged.card.pack_digest if judged is not None else "",
        "options": [list(pair) for pair in judged.card.options] if judged is not None else [],
        "facts": [list(pair) for pair in made.facts],
        "figures": None if judged is None else _figures(judged.card, material),
        "tables": [plain(one) for one in made.tables],
        "program": program(),
    }


def _figures(card: Scorecard, material: Material) -> dict[str, Any]:
    """What whoever verifies makes anew."""
    seal = material.found.seal
    return figures(card, None if seal is None else seal[0], material.found.size)


def logged(material: Material, made: Draft, by: str) -> tuple[int, bytes]:
    """The document in the log: the last one if it says the same, else a new entry. (entry, bytes).

    NoScorecard where it would leave out what came while it was made.
    """
    body = body_of(made, material)
    raw = strict_json.dumps(body)
    held = _last(material, made.kind.id)
    if held is not None and _timeless(held[1]) == _timeless(raw):
        return held
    with material.context.read() as conn:
        applied = estates.newest(conn)
    header = {
        "document": made.kind.id,
        "subject": material.subject,
        "period": material.span.name,
        "from": material.span.from_ms,
        "to": material.span.to_ms,
        "as_of": material.span.as_of_ms,
        "estate": applied.digest if applied is not None else "",
        "judging": JUDGING,
        "by": by,
    }

    def guard(conn: Connection) -> None:
        _settled(conn, material)

    return projection.log(material.context, [(EntryKind.RECORD, header, raw)], guard)[0], raw


def _settled(conn: Connection, material: Material) -> None:
    """That it leaves out nothing that whoever verifies would miss; NoScorecard."""
    span = material.span
    came = packs.entry_received(conn, span.size)
    if came is not None and came < evidence.instant(conn, material.context.now()) - FRESH_MS:
        raise NoScorecard("not_settled", "what came lately is still being derived: try again")
    # Rounds and estates are read as they stand; the rest up to its instant, which other entries may share.
    records, applied = rounds.records(conn), estates.newest(conn)
    newest = max((row.idx for row in records), default=-1), -1 if applied is None else applied.idx
    first = evidence.first_received(conn, span.as_of_ms + 1)
    if max(newest) >= span.size or (evidence.size(conn) if first is None else first) > span.size:
        raise NoScorecard("not_settled", "something came while it was made: try again")


def _timeless(raw: bytes) -> dict[str, Any]:
    """What a document says, whenever it was made."""
    said: dict[str, Any] = strict_json.loads(raw)
    # What is printed of those is in the tables.
    moment = [said.pop(name, None) for name in ("as_of", "size", "figures", "program")]
    said["facts"] = [pair for pair in said["facts"] if pair[0] not in _MOMENTS]
    del moment
    return said


_MOMENTS = (doc("doc.fact.asof", "zh"), doc("doc.fact.asof", "en"))


def _last(material: Material, kind: str) -> tuple[int, bytes] | None:
    wanted = (kind, material.subject, material.span.name)
    with material.context.read() as conn:
        for row in reversed(evidence.of_kinds(conn, [int(EntryKind.RECORD)])):
            header = strict_json.loads(entry.parse(packs.data_of(conn, row)).header)
            if tuple(header.get(key) for key in ("document", "subject", "period")) == wanted:
                body = packs.body(conn, row.idx)
                return None if body is None else (row.idx, content(body))
    return None


def paper(material: Material, made: Draft, place: tuple[int, bytes], lang: str) -> DocumentPaper:
    """The document with where it stands in the log."""
    idx, raw = place
    digest = sha256(raw).hexdigest()
    count = len(made.tables) + 2
    return DocumentPaper(
        lang=lang,
        zone=zone(material.timezone),
        title=made.title,
        overview_title=numbered(1, doc("doc.overview", lang), lang),
        facts=made.facts,
        tables=made.tables,
        proof_title=numbered(count, doc("doc.proof", lang), lang),
        proof=tuple(_proof(material, made, (idx, digest), lang)),
        qr=f"{material.context.settings.url}/evidence/{idx}?digest={digest}",
        signers=made.signers,
    )


def _proof(material: Material, made: Draft, place: tuple[int, str], lang: str) -> Iterator[tuple[str, str]]:
    judged = material.found.judged
    with material.context.read() as conn:
        applied = estates.newest(conn)
    said = {
        "log": material.context.origin,
        "entry": f"#{place[0]}",
        "digest": place[1],
        "zone": material.timezone,
        "estate": applied.digest if applied is not None else "–",
        "vkey": str(material.context.vkey),
    }
    for key, value in said.items():
        yield record_text(f"record.fact.{key}", lang), value
    pack = (judged.card.pack, judged.card.pack_digest[:16]) if judged is not None else ("–", "–")
    method = doc("doc.method", lang, version=VERSION, pack=pack[0], digest=pack[1])
    yield doc("doc.fact.method", lang), method
    del made


def export(kind_id: str, material: Material, form: str, lang: str = "zh", by: str = "cli") -> bytes:
    """A document as a file's bytes; logged first (in Chinese). One of PROBLEMS where it cannot be made."""
    original = draft(kind_id, material, "zh")
    place = logged(material, original, by)
    shown = original if lang == "zh" else draft(kind_id, material, lang)
    makers: dict[str, Callable[[DocumentPaper], bytes]] = {
        "docx": docx,
        "xlsx": xlsx,
        "pdf": lambda one: pdf(one, place[1]),
        "json": lambda _one: place[1],
    }
    return makers[form](paper(material, shown, place, lang))
