"""Statements by people that the collector signs and logs, naming the account (ruling 11)."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection

from checks.wire.numbers import EntryKind
from collector.context import Context
from collector.jobs import backup_statements, projection
from collector.store import accounts, estates, statements

_FIELDS = {"approval": frozenset({"window", "reason"})}


class StatementError(ValueError):
    """The statement cannot be made: stable `code`, detail for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


def add(
    context: Context, kind: str, fields: Mapping[str, str], *, by: str, document: bytes | None = None
) -> int:
    """Log a statement; its entry. A document is logged as its body and named by digest."""
    if kind in backup_statements.KINDS:
        return _about_backups(context, kind, fields, by=by, document=document)
    known = _FIELDS.get(kind)
    if known is None:
        raise StatementError("unknown_kind", f"no statement {kind} in this version")
    if odd := sorted(fields.keys() - known):
        raise StatementError(
            "unknown_field", f"{odd[0]}: unknown field; {', '.join(sorted(known))} are known"
        )
    with context.read() as conn:
        _check_window(conn, fields.get("window", ""))
    return _log(context, {"kind": kind, **fields}, by, document)


def _about_backups(
    context: Context, kind: str, fields: Mapping[str, str], *, by: str, document: bytes | None
) -> int:
    """About an object that the estate in force names, or about an excuse that is in the log."""
    with context.read() as conn:
        applied = estates.newest(conn)
        terms = estates.terms(conn, applied.idx) if applied else None
        excuses = {one.idx for one in statements.of_kind(conn, "backup_excuse")}
    try:
        header = backup_statements.header(kind, fields, terms.timezone if terms else "Asia/Shanghai")
    except backup_statements.FieldsError as error:
        raise StatementError(error.code, str(error)) from None
    known = {one.name for one in terms.backups.objects} if terms and terms.backups else set()
    if "object" in header and header["object"] not in known:
        raise StatementError("no_such_object", f"the estate has no backup object {header['object']}")
    if kind == "backup_accept" and document is None:
        raise StatementError("no_document", "the buyer's signed acceptance is wanted (--file)")
    if "excuse" in header and header["excuse"] not in excuses:
        raise StatementError("no_such_excuse", f"entry {header['excuse']} is no excuse")
    return _log(context, header, by, document)


def _log(context: Context, header: dict[str, Any], by: str, document: bytes | None) -> int:
    with context.read() as conn:
        account = accounts.get(conn, by)
    header["by"] = by
    if account is not None:
        header["role"] = str(account.role)
    if document is not None:
        header["document"] = sha256(document).hexdigest()
    return projection.log(context, [(EntryKind.STATEMENT, header, document)])[0]


def _check_window(conn: Connection, window: str) -> None:
    applied = estates.newest(conn)
    windows = [one.window.id for one in estates.terms(conn, applied.idx).windows] if applied else []
    if window not in windows:
        raise StatementError(
            "no_such_window", f"the estate has no window {window or '(field window is missing)'}"
        )
