"""Accounts of people, their sessions on the server, and the lock-out after failed logins."""

import hashlib
import secrets
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

import argon2
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Integer,
    LargeBinary,
    String,
    Table,
    delete,
    insert,
    select,
    update,
)

from collector.store.metadata import metadata

IDLE_MS = 15 * 60 * 1000
FAILURES = 5
LOCK_MS = 15 * 60 * 1000
SHORTEST = 10
LONGEST = 256
_NAME_MOST = 64
_NAME_SIGNS = "._-"
_ALIKE = {"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU"}

account_table = Table(
    "account",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("hash", String(256), nullable=False),
    Column("role", String(16), nullable=False),
    Column("must_change", Boolean, nullable=False),
    Column("disabled", Boolean, nullable=False),
)
# The cookie's value is never stored: whoever reads this table cannot become somebody.
session_table = Table(
    "account_session",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("account", String(64), nullable=False, index=True),
    Column("seen", BigInteger, nullable=False),
)
# One row per subject that failed lately: "account:NAME" or "address:ADDRESS".
lock_table = Table(
    "account_lock",
    metadata,
    Column("subject", String(320), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
)
# Key that signs the form tokens; one row, made at first use.
web_key_table = Table(
    "web_key", metadata, Column("id", Integer, primary_key=True), Column("key", LargeBinary(32))
)


class Role(StrEnum):
    """What an account may do. Rights are sets, not a ladder: the buyer does nothing of the vendor's work."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    MANAGER = "manager"
    BUYER = "buyer"
    ADMIN = "admin"

    def includes(self, wanted: "Role") -> bool:
        """Whether an account of this role may do what `wanted` may."""
        return wanted in _INCLUDES[self]


_INCLUDES = {
    Role.VIEWER: frozenset({Role.VIEWER}),
    Role.OPERATOR: frozenset({Role.VIEWER, Role.OPERATOR}),
    Role.MANAGER: frozenset({Role.VIEWER, Role.OPERATOR, Role.MANAGER}),
    Role.BUYER: frozenset({Role.VIEWER, Role.BUYER}),
    Role.ADMIN: frozenset({Role.VIEWER, Role.OPERATOR, Role.MANAGER, Role.ADMIN}),
}


class AccountError(ValueError):
    """The account cannot be made or changed like this; `code` says why."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail or code


@dataclass(frozen=True, slots=True)
class Account:
    """An account without its secret."""

    name: str
    role: Role
    must_change: bool
    disabled: bool


@dataclass(frozen=True, slots=True)
class Session:
    """Whose session, and when it was last used."""

    account: Account
    seen: int


def one_time_password() -> str:
    """A password to be printed once and changed at the first login (100 bits)."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    while True:
        password = "-".join("".join(secrets.choice(alphabet) for _ in range(5)) for _ in range(4))
        if any(char.isdigit() for char in password) and any(char.isalpha() for char in password):
            return password


def create(conn: Connection, name: str, password: str, role: str, *, must_change: bool = True) -> Account:
    """Make an account; AccountError for a bad name, a weak password or a name that is taken."""
    name = spelled(name)
    if not 0 < len(name) <= _NAME_MOST or name != name.lower() or not all(map(_of_names, name)):
        raise AccountError(
            "bad_name", "a name has letters of any script (none in upper case), digits and . _ - , at most 64"
        )
    if unicodedata.normalize("NFKC", name) != name or len(_alphabets(name)) > 1:
        raise AccountError("bad_name", "a name that looks like another: of one alphabet, in ordinary letters")
    if role not in set(Role):
        raise AccountError("bad_role", f"a role is one of {', '.join(Role)}")
    check_password(name, password)
    if get(conn, name) is not None:
        raise AccountError("name_taken", f"there is an account {name} already")
    row = {"name": name, "hash": _hash(password), "role": role, "must_change": must_change, "disabled": False}
    conn.execute(insert(account_table).values(row))
    return Account(name, Role(role), must_change, disabled=False)


def check_password(name: str, password: str) -> None:
    """AccountError unless the password is long enough, of three kinds of characters, and not the name."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise AccountError("password_length", f"a password has {SHORTEST} to {LONGEST} characters")
    kinds = (str.islower, str.isupper, str.isdigit, lambda char: not char.isalnum())
    if sum(any(kind(char) for char in password) for kind in kinds) < 3:
        raise AccountError(
            "password_simple", "a password has three of: lower case, upper case, digits, other characters"
        )
    if name.lower() in password.lower():
        raise AccountError("password_name", "the password contains the account's name")


def spelled(name: str) -> str:
    """A name in the one spelling that is stored (NFC): keyboards differ in how they compose letters."""
    return unicodedata.normalize("NFC", name)


def _of_names(char: str) -> bool:
    return char in _NAME_SIGNS or unicodedata.category(char)[0] in "LM" or unicodedata.category(char) == "Nd"


def _alphabets(name: str) -> set[str]:
    """Alphabets of a name that hold letters of the same looks (a Cyrillic а among Latin letters)."""
    return {unicodedata.name(char, "").partition(" ")[0] for char in name} & _ALIKE


def get(conn: Connection, name: str) -> Account | None:
    """The account of this name."""
    wanted = account_table.c.name == spelled(name)
    row = conn.execute(select(account_table).where(wanted)).mappings().first()
    return (
        None if row is None else Account(row["name"], Role(row["role"]), row["must_change"], row["disabled"])
    )


def every(conn: Connection) -> tuple[Account, ...]:
    """All accounts by name."""
    rows = conn.execute(select(account_table).order_by(account_table.c.name)).mappings()
    return tuple(Account(row["name"], Role(row["role"]), row["must_change"], row["disabled"]) for row in rows)


def verify(conn: Connection, name: str, password: str) -> Account | None:
    """The account if name and password fit and it is not disabled; as slow where there is no such name."""
    stored = conn.execute(select(account_table.c.hash).where(account_table.c.name == spelled(name))).scalar()
    try:
        _HASHER.verify(stored or _NOBODY, password[:LONGEST])
    except argon2.exceptions.VerificationError:
        return None
    account = get(conn, name)
    return None if account is None or account.disabled else account


def set_password(conn: Connection, name: str, password: str, *, must_change: bool) -> None:
    """Replace the password and end all sessions of the account."""
    check_password(name, password)
    values = {"hash": _hash(password), "must_change": must_change}
    _change(conn, name, values)
    forget(conn, f"account:{spelled(name)}")


def set_role(conn: Connection, name: str, role: str) -> None:
    """Give the account another role; its sessions end. The last admin stays one."""
    if role not in set(Role):
        raise AccountError("bad_role", f"a role is one of {', '.join(Role)}")
    if role != Role.ADMIN:
        _another_admin(conn, name)
    _change(conn, name, {"role": role})


def set_disabled(conn: Connection, name: str, disabled: bool) -> None:
    """Disable or enable the account; its sessions end. The last admin cannot be disabled."""
    if disabled:
        _another_admin(conn, name)
    _change(conn, name, {"disabled": disabled})


def _unknown(name: str) -> AccountError:
    return AccountError("no_such_account", f"there is no account {name}")


def _another_admin(conn: Connection, name: str) -> None:
    others = [
        one
        for one in every(conn)
        if one.role is Role.ADMIN and not one.disabled and one.name != spelled(name)
    ]
    if get(conn, name) is None:
        raise _unknown(name)
    if not others:
        raise AccountError("last_admin", f"{name} is the last administrator and stays one")


def _change(conn: Connection, name: str, values: dict[str, object]) -> None:
    name = spelled(name)
    done = conn.execute(update(account_table).where(account_table.c.name == name).values(values))
    if not done.rowcount:
        raise _unknown(name)
    conn.execute(delete(session_table).where(session_table.c.account == name))


# --- sessions ---------------------------------------------------------------------------------


def open_session(conn: Connection, name: str, now: int) -> str:
    """A new session; the answer is the cookie's value. Sessions that have run out are removed."""
    token = secrets.token_urlsafe(32)
    conn.execute(delete(session_table).where(session_table.c.seen <= now - IDLE_MS))
    conn.execute(insert(session_table).values(digest=_digest(token), account=name, seen=now))
    return token


def session(conn: Connection, token: str, now: int) -> Session | None:
    """The session of this cookie; None if unknown, idle for too long, or its account is disabled."""
    table = session_table.c
    alive = (table.digest == _digest(token), table.seen > now - IDLE_MS)
    row = conn.execute(select(table.account, table.seen).where(*alive)).first()
    account = None if row is None else get(conn, row.account)
    return None if row is None or account is None or account.disabled else Session(account, row.seen)


def touch_session(conn: Connection, token: str, now: int) -> None:
    """The session was used now."""
    conn.execute(update(session_table).where(session_table.c.digest == _digest(token)).values(seen=now))


def close_session(conn: Connection, token: str) -> None:
    """End one session."""
    conn.execute(delete(session_table).where(session_table.c.digest == _digest(token)))


# --- lock-out ---------------------------------------------------------------------------------


def locked(conn: Connection, *subjects: str, now: int) -> bool:
    """Whether one of these subjects is locked out at the moment."""
    rows = conn.execute(select(lock_table.c.until).where(lock_table.c.subject.in_(subjects))).scalars()
    return any(until > now for until in rows)


def failed(conn: Connection, subject: str, now: int) -> bool:
    """Count one failure; the fifth within the lock time locks the subject, and the answer says so."""
    row = conn.execute(select(lock_table).where(lock_table.c.subject == subject)).mappings().first()
    recent = row is not None and row["last"] > now - LOCK_MS and row["until"] <= 0
    failures = row["failures"] + 1 if row is not None and recent else 1
    until = now + LOCK_MS if failures >= FAILURES else 0
    forget(conn, subject)
    conn.execute(insert(lock_table).values(subject=subject, failures=failures, last=now, until=until))
    return until > 0


def forget(conn: Connection, subject: str) -> None:
    """A good login, or an admin, clears the failures of a subject."""
    conn.execute(delete(lock_table).where(lock_table.c.subject == subject))


# --- keys -------------------------------------------------------------------------------------


def web_key(conn: Connection) -> bytes:
    """The key that signs form tokens; made at first use."""
    key: bytes | None = conn.execute(select(web_key_table.c.key).where(web_key_table.c.id == 1)).scalar()
    if key is None:
        key = secrets.token_bytes(32)
        conn.execute(insert(web_key_table).values(id=1, key=key))
    return key


_HASHER = argon2.PasswordHasher()
# Verified when there is no such account, so that the time does not tell.
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"


def _hash(password: str) -> str:
    return _HASHER.hash(password)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
