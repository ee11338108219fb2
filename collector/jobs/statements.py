"""Statements by people enter the log: through a session (the collector signs), or signed by the person.

A text that somebody signed with his own key is logged as it came; the server cannot make one. Older kinds
(approval, backups) keep the form they have when they come through a session.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection

from checks.wire.blob import Signature
from checks.wire.errors import WireError
from checks.wire.numbers import MAX_BODY, EntryKind
from collector.context import Context
from collector.jobs import backup_statements, known, projection
from collector.jobs import said as sayings
from collector.statements import fold
from collector.statements.fields import FieldsError
from collector.statements.fold import Book
from collector.statements.kind import Kind, Paper, checked, complete, written
from collector.statements.kinds import KINDS
from collector.statements.lateness import instant_of, is_late
from collector.statements.model import VOUCHED, Said, Scalar, Through
from collector.statements.persons import REVOKED, Vouch
from collector.statements.sides import confirms
from collector.statements.terms import effective
from collector.statements.text import Document, Text, TextError, encode, listed, parse, signed_by, unpack
from collector.store import accounts, estates, evidence, statements
from collector.store.accounts import Role

COMMAND_LINE = "cli"
_FIELDS = {"approval": frozenset({"window", "reason"})}


class StatementError(ValueError):
    """The statement cannot be made: stable `code`, detail for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class _TurnedLate(Exception):
    """Its limit passed while it was looked at: it has to say so."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A statement that wants to be logged, with who signed it (nobody: a session)."""

    text: Text
    data: bytes
    kind: Kind
    signatures: tuple[Signature, ...] = ()
    document: bytes | None = None
    through: Through = Through.SESSION

    @property
    def vouched(self) -> Through:
        """What vouches for its author."""
        return Through.KEY if self.signatures else self.through


def add(
    context: Context,
    kind: str,
    fields: Mapping[str, str],
    *,
    by: str,
    document: bytes | None = None,
    corrects: int | None = None,
    amendment: bool = False,
    through: Through = Through.SESSION,
) -> int:
    """Log a statement from a session of `by`; its entry. A document is logged as its body, by digest.

    `through`: COMMAND where nobody logged in, but the command line named the account.
    StatementError with a stable code (docs/statements.md); the detail names the field.
    """
    if kind in backup_statements.KINDS:
        return _about_backups(context, kind, fields, by=by, document=document)
    if kind in _FIELDS:
        return _approval(context, kind, fields, by, document)
    found = _kind(kind)
    try:
        made = written(found, fields)
    except FieldsError as error:
        raise StatementError(error.code, str(error)) from None
    named = None if document is None else Document(sha256(document).hexdigest(), len(document))
    text = Text(context.origin, kind, by, context.now(), made, named, corrects, amendment)
    return _enter(context, Wish(text, encode(text), found, (), document, through))


def add_signed(context: Context, file: bytes, *, by: str | None = None, document: bytes | None = None) -> int:
    """Log a statement that the person signed; its entry. `by`: whose session brings it, if one does.

    Nothing of it is changed. StatementError `bad_signature`, `wrong_log`, `other_account`, … besides those
    of `add`.
    """
    try:
        data, signatures = unpack(file)
        text = parse(data)
        kind = _kind(text.kind)
        checked(kind, text.fields)
        complete(kind, text.fields)
    except (TextError, FieldsError) as error:
        raise StatementError(error.code, str(error)) from None
    if text.log != context.origin:
        raise StatementError("wrong_log", f"it is for the log {text.log}, this one is {context.origin}")
    if by not in (None, COMMAND_LINE, text.by):
        raise StatementError("other_account", f"{by} cannot bring what {text.by} signed")
    return _enter(context, Wish(text, data, kind, signatures, document))


def second(context: Context, entry: int, *, by: str, through: Through = Through.SESSION) -> int:
    """Another account joins in (two-person rule); the entry of its own statement."""
    return add(context, fold.SECOND, {"entry": str(entry)}, by=by, through=through)


def _kind(name: str) -> Kind:
    found = KINDS.get(name)
    if found is None:
        raise StatementError("unknown_kind", f"no statement {name} in this version")
    return found


# -- checks ----------------------------------------------------------------------------------------


def _enter(context: Context, wish: Wish) -> int:
    """All checks, then the log; those that another statement could change run again where it is logged."""
    with context.read() as conn:
        now = evidence.instant(conn, context.now())
        kind = effective(wish.kind, known.terms_of(conn))
        book = sayings.book_of(conn)
        role = _who(conn, wish.text.by, kind, signed=bool(wish.signatures))
        _signed(wish, book, role)
        _about(conn, wish, kind, book, now)
        _time(wish, kind, now)
        spans = known.spans_of(conn)
    _paper(wish, kind)
    late = is_late(kind.late, wish.text.fields, now, spans)

    def guard(conn: Connection) -> None:
        again = sayings.book_of(conn)
        _signed(wish, again, role)
        _once(conn, wish, again, role)
        _sealed(conn, wish, kind, again)
        if is_late(kind.late, wish.text.fields, evidence.instant(conn, context.now()), spans) is not late:
            raise _TurnedLate

    wanted = (EntryKind.STATEMENT, _header(wish, kind, role, late), wish.document)
    try:
        return projection.log(context, [wanted], guard)[0]
    except _TurnedLate:
        return _enter(context, wish)
    except WireError as error:
        raise StatementError("too_large", error.detail) from None


def _who(conn: Connection, by: str, kind: Kind, *, signed: bool) -> str:
    """The role of whoever says it; StatementError for nobody, or without the right."""
    account = accounts.get(conn, by)
    if account is None and by == COMMAND_LINE and not signed:
        if Role.ADMIN not in kind.who:
            raise StatementError("no_right", f"{kind.name} is said by {_roles(kind)}: name one with --by")
        return ""
    if account is None or account.disabled:
        raise StatementError("no_such_account", f"there is no account {by} that may say anything")
    if account.role not in kind.who:
        raise StatementError("no_right", f"{by} ({account.role}) may not say {kind.name}: {_roles(kind)} may")
    return str(account.role)


def _roles(kind: Kind) -> str:
    return ", ".join(role for role in Role if role in kind.who)


def _signed(wish: Wish, book: Book, role: str) -> None:
    """The person's own key must have signed exactly these bytes."""
    if not wish.signatures:
        return
    keys = [key for key in book.persons.keys if key.account == wish.text.by and key.until is None]
    good = [key for key in keys if signed_by(wish.data, wish.signatures, key.public)]
    if not good:
        raise StatementError("bad_signature", f"no enrolled key of {wish.text.by} signed it")
    if good[0].vouch is Vouch.NONE:
        raise StatementError("unvouched_key", good[0].problem)
    if good[0].role != role:
        raise StatementError(
            "role_changed",
            f"the key of {wish.text.by} is enrolled as {good[0].role}: enrol it anew as {role}",
        )


def _about(conn: Connection, wish: Wish, kind: Kind, book: Book, now: int) -> None:
    fields, by_entry = wish.text.fields, {one.entry: one for one in book.said}
    for code, name, detail in known.unfit(conn, kind, fields, by_entry, now):
        raise StatementError(code, f"{name}: {detail}")
    if wish.text.kind == REVOKED:
        _may_revoke(conn, wish.text, fields)


def _may_revoke(conn: Connection, text: Text, fields: Mapping[str, Scalar]) -> None:
    account = accounts.get(conn, text.by)
    owner = str(fields.get("account", ""))
    if text.by not in (COMMAND_LINE, owner) and (account is None or account.role is not Role.ADMIN):
        raise StatementError("no_right", f"{text.by} may not revoke the key of {owner}: he or an admin may")
    if not any(key.account == owner and key.until is None for key in sayings.persons_of(conn).keys):
        raise StatementError("unknown_key", f"account: {owner} has no key")


def _time(wish: Wish, kind: Kind, now: int) -> None:
    if name := fold.ahead(wish.text, kind, now):
        raise StatementError("in_future", f"{name}: it tells of what has not happened yet")
    if wish.text.made > now + fold.CLOCK_MS:
        ahead = (wish.text.made - now) // 1000
        raise StatementError("in_future", f"made: it was signed {ahead} s ahead of this clock; compare them")


def _paper(wish: Wish, kind: Kind) -> None:
    named, given = wish.text.document, wish.document
    if kind.paper is Paper.MUST and named is None:
        raise StatementError("no_document", f"{kind.name} comes with a document (--file)")
    if (named is None) != (given is None):
        raise StatementError("no_document", "the document that the statement names is wanted (--file)")
    if given is not None and len(given) > MAX_BODY:
        raise StatementError("too_large", f"a document has at most {MAX_BODY} bytes")
    if named is not None and given is not None and sha256(given).hexdigest() != named.digest:
        raise StatementError("bad_document", "the document is not the one whose digest was signed")


def _once(conn: Connection, wish: Wish, book: Book, role: str) -> None:
    """Nothing is said twice, corrected twice, or joined by the person who said it."""
    if (before := statements.said_with(conn, wish.text.content)) is not None:
        raise StatementError("twice", f"entry {before} says exactly this already")
    by_entry = {one.entry: one for one in book.said}
    if wish.text.corrects is not None:
        _correction(wish, by_entry, role)
    if wish.text.kind == fold.SECOND:
        _joining(wish, by_entry, role)


def _correction(wish: Wish, by_entry: Mapping[int, Said], role: str) -> None:
    corrects = wish.text.corrects
    old = by_entry.get(-1 if corrects is None else corrects)
    if old is None or old.kind != wish.text.kind:
        raise StatementError("bad_correction", f"corrects: entry {corrects} is no statement of this kind")
    if not fold.may_correct(old, wish.text.by, role):
        raise StatementError(
            "no_right", f"corrects: {old.by} said entry {old.entry}; he, or his side's manager, corrects it"
        )
    if VOUCHED.index(wish.vouched) < VOUCHED.index(old.through):
        how = (
            "signed entry {} himself: a signed one"
            if old.through is Through.KEY
            else "entered entry {} after a login: one through a login"
        )
        raise StatementError("no_right", f"corrects: {old.by} {how.format(old.entry)} corrects it")
    newer = [one.entry for one in by_entry.values() if one.corrects == corrects]
    if newer:
        raise StatementError("bad_correction", f"corrects: entry {newer[-1]} has corrected it: name that one")


def _joining(wish: Wish, by_entry: Mapping[int, Said], role: str) -> None:
    entry = wish.text.fields.get("entry")
    first = by_entry.get(entry if type(entry) is int else -1)
    if first is None or not (first.two or confirms(first, role)):
        raise StatementError(
            "unknown_entry", f"entry: {entry} wants no second person, and is none that the buyer confirms"
        )
    if first.by == wish.text.by:
        raise StatementError("same_person", f"entry: {first.by} said it; another account joins in")
    if not fold.may_second(first, wish.text.by, role):
        raise StatementError("no_right", f"entry: {wish.text.by} ({role}) may not join in {first.kind}")
    if fold.seconds_of((*by_entry.values(), *_as_said(wish, role))).get(first.entry, ())[-1:] != (fold.NEXT,):
        raise StatementError("twice", f"entry: {wish.text.by} has joined in already")


def _as_said(wish: Wish, role: str) -> Sequence[Said]:
    return (Said(fold.SECOND, fold.NEXT, 0, wish.text.by, role, Through.SESSION, dict(wish.text.fields)),)


def _sealed(conn: Connection, wish: Wish, kind: Kind, book: Book) -> None:
    fields = wish.text.fields
    at = instant_of(fields.get(kind.when)) if kind.when else None
    about = fold.spoken_of(kind.name, fields, wish.text.corrects, {one.entry: one for one in book.said})
    seal = fold.sealed_by(at, fields, sayings.seals(conn), about=about)
    if seal is not None and not wish.text.amendment:
        raise StatementError(
            "sealed", f"its period was sealed by entry {seal.entry}: say it as an amendment (--amendment)"
        )


def _header(wish: Wish, kind: Kind, role: str, late: bool) -> dict[str, Any]:
    text = wish.text
    header: dict[str, Any] = {"kind": text.kind}
    if kind.older:
        header |= dict(text.fields)
    header |= {"subject": kind.subject(text.fields), "by": text.by, "role": role}
    if not kind.older:
        header |= {"late": late, "two": kind.two}
    header["said"] = wish.data.decode()
    if wish.signatures:
        header["signatures"] = listed(wish.signatures)
    elif wish.through is Through.COMMAND:
        header["through"] = str(Through.COMMAND)
    if text.document is not None:
        header["document"] = text.document.digest
    return header


# -- older kinds -----------------------------------------------------------------------------------


def _approval(context: Context, kind: str, fields: Mapping[str, str], by: str, document: bytes | None) -> int:
    known_fields = _FIELDS[kind]
    if odd := sorted(fields.keys() - known_fields):
        raise StatementError(
            "unknown_field", f"{odd[0]}: unknown field; {', '.join(sorted(known_fields))} are known"
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
    objects = {one.name for one in terms.backups.objects} if terms and terms.backups else set()
    if "object" in header and header["object"] not in objects:
        raise StatementError("no_such_object", f"the estate has no backup object {header['object']}")
    if kind == "backup_accept" and document is None:
        raise StatementError("no_document", "the buyer's signed acceptance is wanted (--file)")
    if "excuse" in header and header["excuse"] not in excuses:
        raise StatementError("no_such_excuse", f"entry {header['excuse']} is no excuse")
    return _log(context, header, by, document)


def _log(context: Context, header: dict[str, Any], by: str, document: bytes | None) -> int:
    with context.read() as conn:
        account = accounts.get(conn, by)
    if account is not None and account.role is Role.VIEWER:
        raise StatementError("no_right", f"{by} (viewer) may not say {header['kind']}")
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
