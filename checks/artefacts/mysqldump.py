"""Dumps of MySQL and MariaDB read as text to their end, and what their rows come to, without any server.

A row is the text between the parentheses of an INSERT, these included, whether a statement holds many rows on
one line (MySQL), one row a line (MariaDB since 10.11), or one row at all. A table's sum is that of
`copyrows`: order and grouping do not matter. The same client with the same options writes the same text for
the same row, at the source and from a restored copy alike. Bytes written as hexadecimal digits (`--hex-blob`)
or behind MySQL's `_binary` are summed up as the quoted text that stands there without the option.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from itertools import repeat
from typing import Any, BinaryIO

from checks.artefacts.copyrows import SHA256, Lines
from checks.artefacts.sqlnames import named

LONGEST = 1 << 30
_NUMBER: Any = int.from_bytes
# In backticks; in double quotes with `--compatible=ansi`, bare with `--skip-quote-names` where it needs none.
_COLUMN = rb"(?:`(?:[^`]|``)+`|\"(?:[^\"]|\"\")+\"|[0-9A-Za-z_$\x80-\xff]+)"
_NAME = b"(" + _COLUMN + b")"
_INSERT = re.compile(
    rb"(?:INSERT|REPLACE)(?: +(?:DELAYED|IGNORE))* +INTO +"
    + _NAME
    + rb"(?: +\("
    + _COLUMN
    + rb"(?:, *"
    + _COLUMN
    + rb")*\))? +VALUES *"
)
# A row on a line with others: text in single quotes may hold anything, escaped by backslash or doubled.
_QUOTED = rb"'[^'\\]*+(?:(?:\\.|'')[^'\\]*+)*+'"
# (What begins and does not end takes the rest: else each beginning in it would be read to the end.)
_IN_ROW = rb"\([^'()]*+(?:%b[^'()]*+)*+\)|\(.*+"
_IN_BYTES = rb"%b|'.*+|(?<=[,(])0x([0-9A-Fa-f]+)|_binary (?=')"
_ERROR = re.compile(
    rb"(?:mysqldump|mariadb-dump|mysqldump\.exe|mysql|mariadb): |ERROR (?:\d|at )|Error: |error: |"
    rb"Warning: Using|(?:bash|sh|gzip|ssh): |Killed\b|Segmentation fault"
)
_TABLE = re.compile(rb"CREATE (?:OR REPLACE )?TABLE (?:IF NOT EXISTS )?" + _NAME)
_USE = re.compile(rb"(?:USE |-- Current Database: )" + _NAME)
_ENGINE = re.compile(rb"\).* ?ENGINE=(\w+)")
_DONE = re.compile(rb"-- Dump completed(?: on +(\d{4})-(\d\d)-(\d\d) +(\d\d?):(\d\d):(\d\d))?")
_HOST = re.compile(rb"-- Host: (\S*) +Database: ?(\S*)")
_TOOL = re.compile(rb"-- ((?:MariaDB|MySQL) dump [^ ,]+ +(?:Distrib )?[^, ]*)")
_NAMES = re.compile(rb"/\*!\d+ SET NAMES (\w+) \*/")
# Columns of bytes, loosely: a table without any needs no search for hexadecimal digits in its rows.
_BYTES = re.compile(
    rb"(?i)\b(?:bit|(?:var)?binary|\w*blob|geom\w*|\w*point|\w*linestring|\w*polygon|vector|uuid|inet\w)\b"
)
_ESCAPED = {0: b"\\0", 10: b"\\n", 13: b"\\r", 26: b"\\Z", 34: b'\\"', 39: b"\\'", 92: b"\\\\"}
_TEXT = [_ESCAPED.get(byte, bytes((byte,))) for byte in range(256)]
# What Python calls the server's character sets in which names may be written.
_CODECS = {"gbk": "gbk", "gb2312": "gb2312", "gb18030": "gb18030", "big5": "big5", "latin1": "cp1252"}
# First and second bytes of characters whose second may be a backslash: the first tells that it is none.
# What is no character there (of bytes) the client writes behind a backslash. (Of GB 18030's four bytes the
# second and the fourth are digits: two such pairs.)
_PAIRS = {
    "gbk": (rb"\x81-\xfe", rb"\x40-\x7e\x80-\xfe"),
    "gb18030": (rb"\x81-\xfe", rb"\x30-\x39\x40-\x7e\x80-\xfe"),
    "big5": (rb"\xa1-\xf9", rb"\x40-\x7e\xa1-\xfe"),
    "sjis": (rb"\x81-\x9f\xe0-\xfc", rb"\x40-\x7e\x80-\xfc"),
    "cp932": (rb"\x81-\x9f\xe0-\xfc", rb"\x40-\x7e\x80-\xfc"),
}
_SAFE = frozenset((b"InnoDB", b"ROCKSDB", b"TokuDB", b"RocksDB", b"SEQUENCE"))


class Writing:
    """How rows are written in one character set of the connection: `row`, one among others on a line."""

    def __init__(self, charset: str) -> None:
        first, second = _PAIRS.get(charset, (b"", b""))
        quoted = _QUOTED
        if first:
            quoted = rb"'(?:[^'\\%b]++|[%b][%b]|\\.|''|[%b])*+'" % (first, first, second, first)
        self.row = re.compile(_IN_ROW % quoted, re.DOTALL)
        self._hexed = re.compile(_IN_BYTES % quoted, re.DOTALL)
        # A character that stays as it is, the first byte of one without its second, or any other byte.
        pieces = rb"([%b][%b])|([%b])|." % (first, second, first)
        self._pieces = re.compile(pieces, re.DOTALL) if first else None

    def textual(self, row: bytes) -> bytes:
        """The row with its bytes as quoted text, whichever way they are written."""
        return self._hexed.sub(self._as_text, row)

    def _as_text(self, found: re.Match[bytes]) -> bytes:
        if found[1] is not None:
            digits = found[1] if len(found[1]) % 2 == 0 else b"0" + found[1]
            return b"'" + self._escaped(bytes.fromhex(digits.decode("ascii"))) + b"'"
        return b"" if found[0] == b"_binary " else found[0]

    def _escaped(self, raw: bytes) -> bytes:
        if self._pieces is None:
            return escaped(raw)
        return self._pieces.sub(self._piece, raw)

    def _piece(self, found: re.Match[bytes]) -> bytes:
        if found[1]:
            return found[1]
        return b"\\" + found[2] if found[2] else _TEXT[found[0][0]]


@cache
def writing(charset: str) -> Writing:
    """How rows are written in a character set."""
    return Writing(charset if charset in _PAIRS else "")


@dataclass
class Table:
    """Rows of a table: how many, and their sum modulo 2^256; `written`: of the rows as they stand there,
    digits of bytes as digits. `binary`: whether it may have columns of bytes."""

    count: int = 0
    total: int = 0
    engine: str = ""
    written: int = 0
    binary: bool = True
    database: str = ""

    def hex(self) -> str:
        """The sum, as it is recorded."""
        return f"{self.total % (1 << 256):064x}"

    def add(self, rows: list[bytes], how: "Writing") -> None:
        """More rows."""
        summed = _sum(rows)
        self.count += len(rows)
        self.written += summed
        self.total += summed
        if self.binary and (other := [one for one in rows if b"0x" in one or b"_binary '" in one]):
            self.total += _sum(map(how.textual, other)) - _sum(other)

    def as_written(self) -> "Table":
        """The same with the sum of what stands there, digits as digits."""
        return Table(self.count, self.written, self.engine, self.written, self.binary, self.database)


@dataclass
class Dump:
    """What a dump holds. `heads`, `ends`: how many dumps begin and end in it, `closed`: whether the settings
    were put back at its end (what there is without comments); `cut`: why it ends too early ("" it does not):
    line, rows, statement. `errors`: lines that no dump has; `wrong`: rows that do not parse. `ended`: by its
    last line, local time of the machine that wrote it. `loose`: tables of an engine without transactions.
    `charset`: of the connection, in which rows are written, as the server calls it ("" not said). `form`: xml
    where it is no SQL."""

    tables: dict[str, Table] = field(default_factory=dict)
    heads: int = 0
    ends: int = 0
    closed: bool = False
    cut: str = ""
    errors: list[str] = field(default_factory=list)
    wrong: int = 0
    bytes: int = 0
    database: str = ""
    host: str = ""
    tool: str = ""
    server: str = ""
    ended: str = ""
    loose: list[str] = field(default_factory=list)
    views: int = 0
    routines: int = 0
    charset: str = ""
    form: str = ""

    @property
    def complete(self) -> bool:
        """Whether every dump that begins in it has its end."""
        return not self.cut and self.ends > 0 and self.heads <= self.ends


def read_dump(stream: BinaryIO, dump: Dump | None = None, *, database: str = "") -> Dump:
    """Read all of it. What the stream raises goes through; `dump` then holds what was read before.
    `database`: of a dump that names none."""
    made = dump or Dump()
    lines = Lines(stream)
    reader = _Reader(made, database)
    while batch := lines.ahead():
        lines.take(reader.take(batch))
        made.bytes = lines.seen
    reader.finish()
    return made


@dataclass
class _Reader:
    dump: Dump
    database: str = ""
    table: Table | None = None  # whose rows come
    created: str = ""  # whose definition comes
    body: bool = False  # inside a routine
    open: bool = False  # a statement goes on
    _pieces: list[bytes] = field(default_factory=list)
    _size: int = 0

    def take(self, batch: list[bytes]) -> int:
        """Take some lines of the batch; how many."""
        if self._pieces or batch[0][-1:] != b"\n":
            self._piece(batch[0])
            return 1
        if self.table is not None:
            return self._rows(batch)
        for at, line in enumerate(batch):
            if line[-1:] != b"\n":
                return at
            self._line(line[:-1])
            if self._rows_come():
                return at + 1
        return len(batch)

    def _rows_come(self) -> bool:
        return self.table is not None

    def _piece(self, piece: bytes) -> None:
        """Part of a line longer than a batch, or the last one without its newline."""
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size > LONGEST:
            raise OverflowError("a line is longer than 1 GiB")
        if piece[-1:] == b"\n":
            line = b"".join(self._pieces)
            self._pieces, self._size = [], 0
            if self.table is not None:
                self._rows([line])
            else:
                self._line(line[:-1])

    def _rows(self, batch: list[bytes]) -> int:
        """Lines that hold one row each, up to the one that ends the statement."""
        table = self.table
        if table is None:
            return 0
        last = next((at for at, line in enumerate(batch) if line[-2:-1] != b","), None)
        taken = batch if last is None else batch[: last + 1]
        rows = [line[:-2] for line in taken if line[:1] == b"(" and line[-3:-2] == b")"]
        if last is not None:
            self.table = None
            end = taken[-1]
            self.dump.wrong += end[:1] == b"(" and end[-3:-2] == b")" and end[-2:-1] != b";"
        if len(rows) != len(taken):
            for line in taken:
                if not (line[:1] == b"(" and line[-3:-2] == b")"):
                    self._odd(line[:-1])
        table.add(rows, writing(self.dump.charset))
        return len(taken)

    def _odd(self, line: bytes) -> None:
        if _ERROR.match(line):
            self._error(line)
        else:
            self.dump.wrong += 1

    def _error(self, line: bytes) -> None:
        if len(self.dump.errors) < 10:
            # What it says after its program's name may hold data.
            self.dump.errors.append(line[:40].decode("utf-8", "replace"))

    def _line(self, line: bytes) -> None:
        """One line outside rows."""
        if self.dump.form == "xml":
            self.open = line != b"</mysqldump>"
        elif self.body:
            self.body = line != b"DELIMITER ;"
        elif line.startswith((b"INSERT", b"REPLACE")):
            self._insert(line)
        elif line.startswith(b"--"):
            self._comment(line)
        elif line.startswith(b"DELIMITER"):
            self.body, self.dump.routines = True, self.dump.routines + 1
        elif line.startswith(b"<?xml ") and not (self.dump.heads or self.dump.tables):
            self.dump.form, self.open = "xml", True
        elif line:
            self._statement(line)

    def _statement(self, line: bytes) -> None:
        dump = self.dump
        if _ERROR.match(line):
            self._error(line)
            return
        dump.closed = line.startswith(b"/*!40111 SET SQL_NOTES=@OLD_SQL_NOTES")
        if found := _TABLE.match(line):
            self.created = self._named(found[1])
            dump.tables.setdefault(self.created, Table(database=self.database)).binary = False
        elif self.created:
            self._definition(line, dump.tables[self.created])
        elif found := _NAMES.match(line):
            dump.charset = found[1].decode("ascii", "replace").lower()
        elif found := _USE.match(line):
            self.database = self._text(found[1])
        elif b" VIEW " in line and line.startswith(b"/*!50001 VIEW"):
            dump.views += 1
        # A comment with a version is a statement of its own, or part of one that ends further down.
        ends = line.rstrip().endswith((b";", b"*/"))
        self.open = not ends
        self.created = "" if ends else self.created

    def _definition(self, line: bytes, table: Table) -> None:
        """A column, a key, or the end of a table's definition."""
        table.binary = table.binary or _BYTES.search(line) is not None
        if found := _ENGINE.match(line):
            table.engine = found[1].decode("ascii", "replace")
            if found[1] not in _SAFE:
                self.dump.loose.append(self.created)

    def _comment(self, line: bytes) -> None:
        dump = self.dump
        if found := _DONE.match(line):
            dump.ends += 1
            dump.ended = _stamp(found)
        elif found := _TOOL.match(line):
            dump.heads += 1
            dump.tool = found[1].decode("ascii", "replace")
        elif found := _HOST.match(line):
            dump.host, dump.database = _plain(found[1]), _plain(found[2])
            self.database = dump.database or self.database
        elif line.startswith(b"-- Server version"):
            dump.server = _plain(line[17:].strip())
        elif found := _USE.match(line):
            self.database = self._text(found[1])

    def _insert(self, line: bytes) -> None:
        found = _INSERT.match(line)
        if found is None:
            self.open = not line.endswith(b";")
            return
        table = self.dump.tables.setdefault(self._named(found[1]), Table(database=self.database))
        self.dump.closed = self.open = False
        at = found.end()
        if at >= len(line):
            self.table = table
            return
        rows = writing(self.dump.charset).row.findall(line, at)
        # Rows, a comma between two, a semicolon: not a byte that is none of these.
        if rows and rows[-1][-1:] != b")":
            self.dump.wrong += 1
            rows.pop()
        elif not line.startswith(whole := b",".join(rows), at) or line[at + len(whole) :] not in (b";", b","):
            self.dump.wrong += 1
        table.add(rows, writing(self.dump.charset))
        if line[-1:] == b",":
            self.table = table

    def _named(self, raw: bytes) -> str:
        name = self._text(raw)
        return named(self.database, name) if self.database else name

    def _text(self, raw: bytes) -> str:
        """A name out of its quotes; what the server writes is UTF-8, what the client does is the dump's."""
        quote = raw[:1]
        if quote in (b"`", b'"'):
            raw = raw[1:-1].replace(quote + quote, quote)
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            return raw.decode(_CODECS.get(self.dump.charset, "utf-8"), "replace")

    def finish(self) -> None:
        """The stream is at its end."""
        dump = self.dump
        if self._pieces:
            line = b"".join(self._pieces)
            if self.table is not None:
                self._odd(line) if _ERROR.match(line) else None
            else:
                self._line(line)
            self._pieces = []
            # A last line without its newline: the end mark's is there or the dump was cut.
            dump.cut = "" if line.startswith(b"-- Dump completed") and _DONE.match(line) else "line"
        elif self.table is not None:
            dump.cut = "rows"
        elif self.body or self.open:
            dump.cut = "statement"


def _sum(rows: Iterable[bytes]) -> int:
    return sum(map(_NUMBER, SHA256.digests(rows), repeat("little")))


_ODD = re.compile(rb"[\x00\n\r\x1a\"'\\]")


def escaped(raw: bytes) -> bytes:
    """Bytes as they stand between quotes, where no character's second byte is a backslash."""
    return _ODD.sub(lambda found: _TEXT[found[0][0]], raw)


def _plain(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")[:200]


def _stamp(found: re.Match[bytes]) -> str:
    if found[1] is None:
        return ""
    year, month, day, hour, minute, second = (int(one) for one in found.groups())
    return f"{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"


def moment(text: str, zone_min: int) -> int | None:
    """Local time of a dump's last line as UTC epoch milliseconds."""
    try:
        found = datetime.strptime(text + " +0000", "%Y-%m-%d %H:%M:%S %z")
    except ValueError:
        return None
    return int((found - timedelta(minutes=zone_min)).timestamp()) * 1000
