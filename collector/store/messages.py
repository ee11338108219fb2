"""Messages to people: the outbox (not derived: it survives a rebuild), and what the log says of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from checks.codec import FieldError
from checks.wire import strict_json
from collector.notify.due import REMINDER, Told
from collector.notify.receipts import OVER, PAST, VOID, Message, parse
from collector.store.metadata import BIG, metadata

WAITING, ACCEPTED, FAILED = "waiting", "accepted", "failed"
_ENDS = (OVER, PAST, VOID)
# Derived: headers of what was logged.
message_table = Table(
    "message",
    metadata,
    Column("idx", BIG, primary_key=True, autoincrement=False),
    Column("received", BigInteger, nullable=False),
    Column("header", Text, nullable=False),
)
# Not derived: what is to be said and what became of it; it holds no address and no secret.
outgoing_table = Table(
    "outgoing",
    metadata,
    Column("id", BIG, primary_key=True),
    Column("to", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("item", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("made", BigInteger, nullable=False),
    Column("not_before", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("tried", BigInteger, nullable=False),
    Column("code", Text, nullable=False),
    Column("words", Text, nullable=False),
    UniqueConstraint("to", "kind", "item", "stage"),
)
Index("outgoing_state", outgoing_table.c.state, outgoing_table.c.not_before)
Index("outgoing_made", outgoing_table.c.made)
# From when on a rule counts: what began before is never told.
since_table = Table(
    "notify_since",
    metadata,
    Column("rule", Text, primary_key=True),
    Column("since", BigInteger, nullable=False),
)


# What cannot be looked for, since when and why: a kind of subject that raises says nothing to anybody.
blind_table = Table(
    "notify_blind",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("since", BigInteger, nullable=False),
    Column("code", Text, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the outbox. `to` as the estate writes it; `words`: JSON of what the message says of it;
    `code`: why the last try failed, "" where none did."""

    id: int
    to: str
    kind: str
    item: str
    stage: str
    made_ms: int
    not_before_ms: int
    state: str
    tries: int
    tried_ms: int
    code: str
    words: str


def follow(conn: Connection, idx: int, received_ms: int, header: str) -> None:
    """Keep what an entry says (derived)."""
    conn.execute(insert(message_table).values((idx, received_ms, header)))


def every(conn: Connection, upto_ms: int | None = None, size: int | None = None) -> tuple[Message, ...]:
    """Messages of the log, oldest first; what is none, though it calls itself one, is left out."""
    table = message_table
    wanted = select(table).order_by(table.c.idx)
    if upto_ms is not None:
        wanted = wanted.where(table.c.received <= upto_ms)
    if size is not None:
        wanted = wanted.where(table.c.idx < size)
    found = (_read(int(idx), int(received), str(header)) for idx, received, header in conn.execute(wanted))
    return tuple(one for one in found if one is not None)


@lru_cache(maxsize=16384)  # none ever changes
def _read(idx: int, received_ms: int, header: str) -> Message | None:
    try:
        return parse(idx, received_ms, strict_json.loads(header.encode("utf-8", "surrogatepass")))
    except FieldError:
        return None


def since(conn: Connection, rule: str, now: int) -> int:
    """From when on a rule counts: from now, where it was never seen before."""
    table = since_table
    found = conn.execute(select(table.c.since).where(table.c.rule == rule)).scalar()
    if found is not None:
        return int(found)
    conn.execute(insert(table).values(rule=rule, since=now))
    return now


def counted(conn: Connection) -> dict[str, int]:
    """From when on each rule counts that was seen before."""
    return {str(rule): int(at) for rule, at in conn.execute(select(since_table))}


def told(conn: Connection) -> list[Told]:
    """What was put into the outbox, oldest first; what is done with for good is not kept there."""
    table = outgoing_table
    columns = (table.c.to, table.c.kind, table.c.item, table.c.stage, table.c.made)
    return [Told(*row) for row in conn.execute(select(*columns).order_by(table.c.id))]


def prune(conn: Connection, before_ms: int, passing: Collection[str]) -> int:
    """Drop what was put there before an instant and can never be told again; how many lines it were.

    That is: nothing of the same thing was put there since, nothing of it waits, and it is of a `passing` kind
    or was told to be over last (a reminder tells nothing new). A line about something that stands stays, or
    it would be told anew: what was told to be over once may have been told to stand after all."""
    table, last, later = outgoing_table, outgoing_table.alias(), outgoing_table.alias()
    same = (last.c.to == table.c.to, last.c.kind == table.c.kind, last.c.item == table.c.item)
    fresh = exists().where(*same, or_(last.c.made >= before_ms, last.c.state == WAITING))
    after = (later.c.to == last.c.to, later.c.kind == last.c.kind, later.c.item == last.c.item)
    turned = exists().where(*after, later.c.id > last.c.id, later.c.stage.not_like(f"{REMINDER}%"))
    ended = exists().where(*same, or_(*(last.c.stage.like(f"{word}%") for word in _ENDS)), ~turned)
    wanted = (table.c.made < before_ms, ~fresh, or_(table.c.kind.in_(passing), ended))
    return conn.execute(delete(table).where(*wanted)).rowcount


def blind(conn: Connection) -> dict[str, tuple[int, str]]:
    """By kind of subject that cannot be looked for: since when, and a code word why."""
    return {str(kind): (int(at), str(code)) for kind, at, code in conn.execute(select(blind_table))}


def note_blind(conn: Connection, kinds: Mapping[str, str], now: int) -> None:
    """From now on these kinds cannot be looked for (by code), and all others can."""
    known = blind(conn)
    if gone := [kind for kind in known if kind not in kinds]:
        conn.execute(delete(blind_table).where(blind_table.c.kind.in_(gone)))
    for kind, code in kinds.items():
        if kind not in known:
            conn.execute(insert(blind_table).values(kind=kind, since=now, code=code))


def put(conn: Connection, line: tuple[str, str, str, str, int, int, str]) -> bool:
    """Add (to, kind, item, stage, made, not before, words); False where it is there already."""
    names = ("to", "kind", "item", "stage", "made", "not_before", "words")
    row = dict(zip(names, line, strict=True)) | {"state": WAITING, "tries": 0, "tried": 0, "code": ""}
    try:
        with conn.begin_nested():
            conn.execute(insert(outgoing_table).values(row))
    except IntegrityError:
        return False
    return True


def waiting(conn: Connection, now: int) -> list[Line]:
    """What may go out now, oldest first."""
    table = outgoing_table
    wanted = select(table).where(table.c.state == WAITING, table.c.not_before <= now).order_by(table.c.id)
    return [Line(*row) for row in conn.execute(wanted)]


def lines(conn: Connection, limit: int = 200, state: str | None = None) -> list[Line]:
    """The newest lines, newest first."""
    table = outgoing_table
    wanted = select(table).order_by(table.c.id.desc()).limit(limit)
    if state is not None:
        wanted = wanted.where(table.c.state == state)
    return [Line(*row) for row in conn.execute(wanted)]


def tally(conn: Connection) -> dict[str, dict[str, tuple[int, int]]]:
    """By recipient and state: how many lines, and when the last of them was tried (UTC ms, 0 for never)."""
    table = outgoing_table
    wanted = select(table.c.to, table.c.state, func.count(), func.max(table.c.tried))
    made: dict[str, dict[str, tuple[int, int]]] = {}
    for to, state, number, last in conn.execute(wanted.group_by(table.c.to, table.c.state)):
        made.setdefault(str(to), {})[str(state)] = int(number), int(last)
    return made


def last_code(conn: Connection, to: str) -> str:
    """Why the last try for a recipient failed; "" where it did not, or there was none."""
    table = outgoing_table
    wanted = select(table.c.code).where(table.c.to == to, table.c.tried > 0)
    return str(conn.execute(wanted.order_by(table.c.tried.desc(), table.c.id.desc()).limit(1)).scalar() or "")


def tried(conn: Connection, ids: Sequence[int], at: int, code: str, not_before: int) -> None:
    """A try failed; the next one comes later."""
    table = outgoing_table
    change = {"tries": table.c.tries + 1, "tried": at, "code": code, "not_before": not_before}
    conn.execute(update(table).where(table.c.id.in_(ids), table.c.state == WAITING).values(change))


def done(conn: Connection, ids: Collection[int], at: int, state: str, code: str) -> bool:
    """These are over, together; False where one of them was over already."""
    table = outgoing_table
    change = {"tries": table.c.tries + 1, "tried": at, "code": code, "state": state}
    made = conn.execute(update(table).where(table.c.id.in_(ids), table.c.state == WAITING).values(change))
    return made.rowcount == len(ids)
