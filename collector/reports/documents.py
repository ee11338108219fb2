"""Documents of judging: one builder, a description for each kind. Logged first, then as a file."""

from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection

from checks.recurrence import zone
from checks.wire import entry, strict_json
from checks.wire.numbers import EntryKind
from collector.documents.draft import KINDS, WORDED, Draft, Kind, NoDocumentError, draft, period_words
from collector.documents.tables import EmptyRecordError, plain
from collector.jobs import projection
from collector.judging.judge import NoScorecard
from collector.judging.printed import figures
from collector.judging.version import FRESH_MS, JUDGING, program
from collector.reports.material import Material
from collector.reports.record_docx import docx
from collector.reports.record_pdf import FontMissingError, pdf
from collector.reports.record_view import DocumentPaper
from collector.reports.record_xlsx import xlsx
from collector.scoring.model import Scorecard
from collector.store import estates, evidence, packs, rounds
from collector.store.content import content
from collector.words.document import doc, numbered
from collector.words.record import text as record_text

# 2: with the figures of its scorecard; 3: with the version of the program that worded it;
# 4: it sums up and measures; 5: with the size of the log that it is made of; 6: words are made anew, too;
# 7: a line that counts nothing names what was looked at; 8: limits in words, backups of the period,
# what a scan left open, one row for all that nobody saw of a thing
VERSION = WORDED


__all__ = ["KINDS", "PROBLEMS", "Draft", "Kind", "NoDocumentError", "draft", "export", "period_words"]
PROBLEMS = (EmptyRecordError, FontMissingError, NoDocumentError)


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
    if held is not None and _timeless(held[1]) == _timeless(raw) and _over(held[1]) == _over(raw):
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


def _over(raw: bytes) -> bool:
    """Whether its period was over when it was made: only then is it the period's (`report:KIND`)."""
    said = strict_json.loads(raw)
    return bool(said["as_of"] >= said["period"]["to"])


_MOMENTS = (doc("doc.fact.asof", "zh"), doc("doc.fact.asof", "en"))


def _last(material: Material, kind: str) -> tuple[int, bytes] | None:
    wanted = (kind, material.subject, material.span.name)
    with material.context.read() as conn:
        # None was made before its period began: what was logged until then is not looked at.
        begin = evidence.first_received(conn, material.span.from_ms)
        if begin is None:
            return None
        for row in reversed(evidence.of_kinds(conn, [int(EntryKind.RECORD)], begin)):
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
