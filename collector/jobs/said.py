"""What people said, from the log's projection: one way for everybody who counts it.

`follow` keeps the header of each statement beside the log (derived; a rebuild gives the same rows), `book_of`
folds them again as collector/statements/fold.py says, `all_said` is what stands.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection

from checks.wire import strict_json
from checks.wire.errors import WireError
from collector.availability.approvals import Approval
from collector.statements import windows
from collector.statements.fold import SECOND, Book, Logged, Problem, Seal, made_later, standing
from collector.statements.model import Said
from collector.statements.persons import KEY, REVOKED, Persons, Vouch
from collector.statements.text import TextError, parse
from collector.store import account_keys, statements
from collector.store.account_keys import KeyRow


def all_said(conn: Connection, as_of_ms: int) -> tuple[Said, ...]:
    """Statements that stand at `as_of_ms`, in log order: what was corrected is replaced, what needs a second
    person has one. Nothing received later is looked at."""
    return standing(book_of(conn, as_of_ms).said, as_of_ms, seals(conn))


def every_said(conn: Connection, as_of_ms: int) -> tuple[Said, ...]:
    """All of them, also those that were replaced or still wait for a second person."""
    return tuple(book_of(conn, as_of_ms).said)


def approvals(conn: Connection, size: int | None = None) -> tuple[Approval, ...]:
    """Approvals of windows in the first `size` entries of the log."""
    kinds = (*windows.KINDS, SECOND, KEY, REVOKED)
    return windows.approvals(_book(tuple(statements.every_said(conn, kinds=kinds))).said, size)


def book_of(conn: Connection, upto_ms: int | None = None) -> Book:
    """Everything said up to an instant."""
    return _book(tuple(statements.every_said(conn, upto_ms)))


@lru_cache(maxsize=8)  # a page asks for the same again and again; whoever gets one only reads it
def _book(rows: tuple[tuple[int, int, str], ...]) -> Book:
    book = Book()
    for idx, received, header in rows:
        one = Logged(idx, received, _header(header))
        book.take(one)
        # None such is taken; what an earlier program took counts as little here as with whoever verifies.
        if book.said and book.said[-1].entry == idx and (why := made_later(one)):
            book.said.pop()
            book.problems.append(Problem(idx, "made_later", why))
    return book


def persons_of(conn: Connection) -> Persons:
    """Keys of people as they stand now."""
    book = Book()
    for idx, received, header in statements.every_said(conn, kinds=(KEY, REVOKED)):
        book.take(Logged(idx, received, _header(header)))
    return book.persons


def seals(conn: Connection) -> tuple[Seal, ...]:
    """Periods that are sealed."""
    return tuple(Seal(*row) for row in statements.seals(conn))


@lru_cache(maxsize=16384)  # none ever changes
def _header(text: str) -> Mapping[str, Any]:
    made: Mapping[str, Any] = strict_json.loads(text.encode("utf-8", "surrogatepass"))
    return made


def follow(conn: Connection, idx: int, received_ms: int, header: Mapping[str, Any]) -> None:
    """Follow a STATEMENT entry."""
    kind = str(header.get("kind", ""))
    text = strict_json.dumps(dict(header)).decode()
    statements.add_said(conn, idx, kind, received_ms, _content(header), text)
    if kind == KEY:
        _key(conn, idx, received_ms, header)
    elif kind == REVOKED:
        account_keys.end(conn, str(header.get("subject", "")), idx)


def follow_seal(conn: Connection, idx: int, received_ms: int, header: Mapping[str, Any]) -> None:
    """Follow an entry that seals a period (the first scorecard of it that is logged); others say nothing."""
    if "scorecard" in header and header.get("number") == 0:
        statements.add_seal(conn, idx, received_ms, header["from"], header["to"], header["scorecard"])


def _content(header: Mapping[str, Any]) -> str:
    try:
        return parse(str(header["said"]).encode()).content if "said" in header else ""
    except (TextError, WireError):
        return ""


def _key(conn: Connection, idx: int, received_ms: int, header: Mapping[str, Any]) -> None:
    """A key, as the entries before it make it; one that cannot be read enrols nothing."""
    persons = Persons()
    for before, _received, old in statements.every_said(conn, kinds=(KEY, REVOKED)):
        if before < idx:
            _replay(persons, before, _header(old))
    try:
        key = persons.enrol(idx, header)
    except TextError:
        return
    if key.vouch is not Vouch.NONE:
        account_keys.end(conn, key.account, idx)
    row = KeyRow(
        idx,
        key.account,
        key.role,
        key.public.hex(),
        key.by,
        str(key.vouch),
        ",".join(key.vouchers),
        received_ms,
    )
    account_keys.add(conn, row)


def _replay(persons: Persons, idx: int, header: Mapping[str, Any]) -> None:
    if header.get("kind") == REVOKED:
        persons.revoke(idx, str(header.get("subject", "")))
        return
    try:
        persons.enrol(idx, header)
    except TextError:
        return
