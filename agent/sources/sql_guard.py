"""Agreed queries: what may be run at all, and what of the answer is kept.

The session's read-only transaction and the account's rights are what protects the data; this refuses
before anything is sent, and refuses rather too much: comments, backslashes and dollar quotes read
differently from product to product, so no agreed query has them.
"""

import re
import time
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256
from typing import Any

from agent.sources.sql_session import Session, text
from checks.api import ErrorKind, ObservationError
from checks.sql import Answer, Row

_MOST_TEXT = 20_000
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`")
_DOLLARS = re.compile(r"\$(?:\w|[^\x00-\x7f])*\$")  # to PostgreSQL all beyond ASCII are letters
_WORD = re.compile(r"[a-z_][a-z0-9_$.]*")
_WRITING = frozenset(
    [
        "insert",
        "update",
        "delete",
        "merge",
        "replace",
        "truncate",
        "create",
        "alter",
        "drop",
        "grant",
        "revoke",
        "copy",
        "call",
        "do",
        "execute",
        "exec",
        "lock",
        "into",
        "outfile",
        "dumpfile",
        "begin",
        "commit",
        "rollback",
        "set",
        "reset",
        "vacuum",
        "analyze",
        "reindex",
        "cluster",
        "refresh",
        "notify",
        "listen",
        "prepare",
        "deallocate",
        "load",
        "handler",
        "rename",
        "declare",
        "nextval",
        "setval",
        "pragma",
        "kill",
        "shutdown",
    ]
)
_ACTING = re.compile(
    r"\b(pg_|sys_)(terminate|cancel|reload|rotate|promote|switch|create|drop|read|write|ls|sleep|advisory"
    r"|replication_slot|wal_replay|start|stop|backup|import|logical)\w*|\b(dblink|lo_|xp_|dbms_|utl_|sp_)\w*"
    r"|\b(sleep|benchmark|get_lock|load_file|sys_exec|sys_eval)\b"
)


def objection(statement: str) -> str:
    """Why this statement will not be run; empty for one plain SELECT."""
    if len(statement) > _MOST_TEXT:
        return "longer than 20000 characters"
    bare = _QUOTED.sub("''", statement.strip().removesuffix(";").strip()).lower()
    if "'" in bare.replace("''", "") or '"' in bare or "`" in bare:
        return "a quotation mark is not closed"
    if any(mark in statement for mark in ("\\", "--", "/*", "#", "\0")) or _DOLLARS.search(statement):
        return "comments, backslashes, # and dollar quotes are not taken"
    if ";" in bare:
        return "more than one statement"
    words = _WORD.findall(bare)
    if not words or words[0] not in ("select", "with"):
        return "only a SELECT is taken"
    if found := next((word for word in words if word in _WRITING), None):
        return f"{found.upper()} is not only reading"
    if found_call := _ACTING.search(bare):
        return f"{found_call[0]} does more than read"
    return ""


def answer(session: Session, statement: str, most_rows: int) -> Answer:
    """Run it and keep names and numbers; ObservationError garbled where it gives anything else."""
    plain = statement.strip().removesuffix(";").strip()
    begun = time.monotonic_ns()
    rows = session.rows(plain, most=most_rows + 1)
    elapsed = (time.monotonic_ns() - begun) // 1000
    made = tuple(_row(row) for row in rows[:most_rows])
    if len({row.name for row in made}) < len(made):
        raise ObservationError(ErrorKind.GARBLED, "several rows need a name each, in the first column")
    return Answer(sha256(statement.encode()).hexdigest(), elapsed, made, len(rows) > most_rows)


def _row(row: tuple[Any, ...]) -> Row:
    if len(row) == 1:
        return Row("", _number(row[0]))
    if len(row) == 2:
        return Row(text(row[0], 100), _number(row[1]))
    raise ObservationError(ErrorKind.GARBLED, "one column, or a name and a number, are wanted")


_LARGEST = 1 << 53  # what signed JSON takes


def _number(value: Any) -> int | Fraction | None:
    """Exact; a float's shortest decimal form is what the server meant."""
    if value is None:
        return None
    try:
        exact = Fraction(Decimal(str(int(value) if isinstance(value, bool) else value)))
    except (ArithmeticError, ValueError):
        raise ObservationError(ErrorKind.GARBLED, "a number is wanted") from None
    if abs(exact.numerator) > _LARGEST or exact.denominator > _LARGEST:
        raise ObservationError(ErrorKind.GARBLED, "a number too large or too fine to be signed")
    return exact.numerator if exact.denominator == 1 else exact
