"""Exporting a closed round's record: from the log to a file of the kind wanted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from collector.context import Context
from collector.documents.tables import EmptyRecordError
from collector.inspection import record as records
from collector.inspection.record import Record
from collector.jobs import rounds
from collector.reports.record_beside import NOTHING, Beside, beside
from collector.reports.record_docx import TemplateError, docx
from collector.reports.record_pdf import FontMissingError, pdf
from collector.reports.record_view import Source, View, view
from collector.reports.record_xlsx import xlsx
from collector.store import estates
from collector.store import rounds as store
from collector.store.rounds import RecordRow


class NoRecordError(LookupError):
    """There is no closed record of this name; `code` says why."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True, slots=True)
class Closed:
    """A record with its bytes as logged and where they stand."""

    record: Record
    raw: bytes
    source: Source
    beside: Beside = NOTHING


TYPES: Mapping[str, str] = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
    "json": "application/json",
}


def closed(context: Context, window_id: str) -> Closed:
    """The record of a window (or of a round's newest closed window); NoRecordError if it is not closed."""
    with context.read() as conn:
        row = store.record(conn, window_id)
        if row is None and "/" not in window_id:
            row = store.last_record(conn, window_id, 2**53)
        if row is None:
            raise NoRecordError("no_record", f"{window_id}: no such round, or it is not closed yet")
        found = rounds.read_record(conn, row)
        more = beside(conn, found)
    source = source_of(context, row)
    raw = records.encode(found)
    if records.digest(raw) != row.digest:
        raise NoRecordError("damaged", f"the record of {window_id} is not the one that was logged: run fsck")
    return Closed(found, raw, source, more)


def source_of(context: Context, row: RecordRow) -> Source:
    """Where a record stands in the log, and what kind of document it makes."""
    kind = _kind(context, row)
    return Source(context.origin, str(context.vkey), context.settings.url, row.idx, row.digest, kind)


def _kind(context: Context, row: RecordRow) -> str:
    """How often the round comes, which decides the document's name; one run by hand stays what it is."""
    with context.read() as conn:
        # The estate in force when it was closed: a later one must not rename a signed record.
        applied = estates.newest(conn, row.closed)
        loaded = estates.loaded(conn, applied.idx) if applied is not None else None
    known = next((one for one in loaded.estate.rounds if one.id == row.round), None) if loaded else None
    return str(known.every) if known is not None and known.every else "special"


def export(found: Closed, kind: str, lang: str = "zh", template: Path | None = None) -> bytes:
    """The file's bytes. EmptyRecordError, FontMissingError or TemplateError where it cannot be made."""
    shown = view(found.record, found.source, lang, beside=found.beside)
    makers: dict[str, Callable[[View], bytes]] = {
        "docx": lambda one: docx(one, template),
        "xlsx": xlsx,
        "pdf": lambda one: pdf(one, found.raw),
        "json": lambda _one: found.raw,
    }
    return makers[kind](shown)


# What an export can be refused for, each with its `code`.
PROBLEMS = (EmptyRecordError, FontMissingError, TemplateError)
__all__ = [
    "PROBLEMS",
    "TYPES",
    "Closed",
    "EmptyRecordError",
    "NoRecordError",
    "closed",
    "export",
    "source_of",
]
