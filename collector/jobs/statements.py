"""Statements by people that the collector signs and logs, naming the account (ruling 11)."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection

from checks.wire.numbers import EntryKind
from collector.context import Context
from collector.jobs import projection
from collector.store import accounts, estates

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
    known = _FIELDS.get(kind)
    if known is None:
        raise StatementError("unknown_kind", f"no statement {kind} in this version")
    if odd := sorted(fields.keys() - known):
        raise StatementError(
            "unknown_field", f"{odd[0]}: unknown field; {', '.join(sorted(known))} are known"
        )
    with context.read() as conn:
        _check_window(conn, fields.get("window", ""))
        account = accounts.get(conn, by)
    header: dict[str, Any] = {"kind": kind, **fields, "by": by}
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
