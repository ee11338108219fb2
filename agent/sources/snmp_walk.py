"""Reading many columns of a device with few requests, whatever carries them.

A reader is a generator: it yields an Ask and is sent the answer's bindings (an Answer), so that one loop can
keep hundreds of devices busy and v3 can use another transport. Nothing here touches a socket.
"""

from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from agent.sources.snmp_ber import GONE, Answer, arcs_text, encode_oid, follows, value_of
from checks.api import ErrorKind, ObservationError
from checks.snmp import Value

T = TypeVar("T")
HEADS = 16  # columns in one request
ROWS = 48  # rows wanted of one answer, over all its columns: below 1400 bytes mostly
MOST = 20_000  # rows of one device in one look
_TOO_BIG = 1


@dataclass(frozen=True, slots=True)
class Ask:
    """GET these encoded OIDs (`repeat` 0), or what follows each of them, `repeat` times."""

    heads: tuple[bytes, ...]
    repeat: int


Reader = Generator[Ask, Answer, T]
Column = dict[bytes, tuple[int, bytes]]  # encoded index -> tag, content


@dataclass(slots=True)
class Rows:
    """What was read of one device: columns by their dotted OID, scalars by theirs. `cut`: there was more."""

    columns: dict[str, Column] = field(default_factory=dict)
    scalars: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    rows: int = 0
    cut: bool = False

    def scalar(self, oid: str) -> Value:
        """Its value; None where the device has none."""
        found = self.scalars.get(oid)
        return None if found is None else value_of(*found)

    def column(self, oid: str) -> dict[str, Value]:
        """Index as dotted text -> value."""
        found = self.columns.get(oid, {})
        return {arcs_text(index): value_of(tag, content) for index, (tag, content) in found.items()}

    def mapping(self, oids: Iterable[str]) -> Mapping[str, Mapping[str, Value]]:
        """`column` of each."""
        return {oid: self.column(oid) for oid in oids}


def get(rows: Rows, oids: Iterable[str]) -> Reader[None]:
    """Read these scalars that have not been read yet."""
    wanted = [oid for oid in dict.fromkeys(oids) if oid not in rows.scalars]
    while wanted:
        part, wanted = wanted[:HEADS], wanted[HEADS:]
        yield from _get(rows, part)


def _get(rows: Rows, part: list[str]) -> Reader[None]:
    answer = yield Ask(tuple(map(encode_oid, part)), 0)
    if answer.status and len(part) > 1:
        # v1 fails the whole request for one missing variable; a small device finds the answer too big.
        bad = answer.index - 1
        if answer.status == _TOO_BIG or not 0 <= bad < len(part):
            yield from _get(rows, part[: len(part) // 2])
            yield from _get(rows, part[len(part) // 2 :])
        else:
            yield from _get(rows, part[:bad] + part[bad + 1 :])
        return
    if answer.status:
        return
    names = {encode_oid(oid): oid for oid in part}
    for oid, tag, content in answer.bound:
        if oid in names and tag not in GONE:
            rows.scalars[names[oid]] = (tag, content)


def walk(rows: Rows, oids: Iterable[str]) -> Reader[None]:
    """Read these columns that have not been read yet, several in one request."""
    heads: dict[str, bytes] = {}
    for oid in dict.fromkeys(oids):
        if oid not in rows.columns:
            rows.columns[oid] = {}
            heads[oid] = encode_oid(oid)
    width = HEADS
    while heads and not rows.cut:
        part = list(heads)[:width]
        answer = yield Ask(tuple(heads[oid] for oid in part), max(ROWS // len(part), 1))
        if answer.status == _TOO_BIG and width > 1:
            width = max(len(part) // 2, 1)
        elif answer.status:
            _refused(heads, part, answer)
        else:
            _place(rows, heads, part, answer)
            # Whoever goes on comes last: the others get their turn, and share requests when they end.
            heads = {oid: heads[oid] for oid in [*list(heads)[len(part) :], *heads]}


def _refused(heads: dict[str, bytes], part: list[str], answer: Answer) -> None:
    """v1 says noSuchName at the end of what it has; a faulty agent genErr: that column ends there."""
    bad = answer.index - 1
    for oid in [part[bad]] if 0 <= bad < len(part) else part:
        del heads[oid]


def _place(rows: Rows, heads: dict[str, bytes], part: list[str], answer: Answer) -> None:
    for at, name in enumerate(part):
        prefix, column = encode_oid(name), rows.columns[name]
        size, last, ended = len(prefix), b"", False
        for oid, tag, content in answer.bound[at :: len(part)]:
            if tag in GONE or not oid.startswith(prefix):
                ended = True
                break
            column[oid[size:]] = (tag, content)
            rows.rows += 1
            last = oid
        if ended or not last or not follows(last, heads[name]):
            # Nothing new, or OIDs that do not increase: going on would never end.
            del heads[name]
        else:
            heads[name] = last
    rows.cut = rows.rows >= MOST


def recorded(reader: Reader[T], seen: dict[bytes, tuple[int, bytes]]) -> Reader[T]:
    """The same reader; every binding of the answers it is sent is put into `seen` by its encoded OID."""
    answer: Answer | None = None
    while True:
        try:
            ask = next(reader) if answer is None else reader.send(answer)
        except StopIteration as end:
            found: T = end.value
            return found
        answer = yield ask
        seen.update({oid: (tag, content) for oid, tag, content in answer.bound if tag not in GONE})


def checked(rows: Rows) -> Rows:
    """The rows, unless the device never stopped answering."""
    if rows.cut:
        raise ObservationError(ErrorKind.GARBLED, f"more than {MOST} rows")
    return rows
