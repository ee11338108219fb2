"""What is in a dump, out of its text: the output of `pg_restore -f -`, or a plain dump. No database needed.

    told = read(stream)
    told.parts[0].tables["oa.document"].hex()

Rows stand between `COPY t (…) FROM stdin;` and `\\.`, exactly as `COPY t TO STDOUT` sends them, so that their
sum (copyrows) is the one taken at the source. Large objects are summed up by number and content. Rows of a
dump in another encoding than UTF-8 are read as UTF-8 before they are summed up.
"""

import re
from typing import BinaryIO

from checks.artefacts.copyrows import END, SHA256, How, Lines, Sum
from checks.artefacts.copytold import Part, Told
from checks.artefacts.sqlinserts import Inserted, rows_of
from checks.artefacts.sqlnames import QUALIFIED, columns, named, table_name
from checks.artefacts.sqlquote import Quotes

MOST_TABLES = 1_000_000
MOST_STATEMENT = 64 << 20
# Names of PostgreSQL's encodings that are not UTF-8, as Python has them; SQL_ASCII is left as it is.
CODECS = {
    "gbk": "gbk", "gb18030": "gb18030", "euc_cn": "gb2312", "big5": "big5", "euc_tw": "euc_tw",
    "latin1": "latin-1", "latin9": "iso8859-15", "win1252": "cp1252", "euc_jp": "euc_jp", "sjis": "shift_jis",
    "euc_kr": "euc_kr", "uhc": "cp949", "win1251": "cp1251", "koi8r": "koi8-r",
}  # fmt: skip
_COPY = re.compile(rb"COPY " + QUALIFIED + rb"\s*(\(.*\))?\s*FROM stdin;\r?\n", re.DOTALL)
_TABLE = re.compile(rb"CREATE (?:UNLOGGED |FOREIGN )?TABLE ")
_INSERT = re.compile(rb"INSERT INTO " + QUALIFIED)
_ENDS = (b";\n", b";\r\n")
_OBJECT = re.compile(rb"SELECT (?:pg_catalog\.)?lo_open\('?(\d+)'?, \d+\);")
_WRITE = re.compile(rb"SELECT (?:pg_catalog\.)?lowrite\(0, '\\+x([0-9a-fA-F]*)'\);")
_PIECE = re.compile(rb"'?(\w+)'?")
_COMMENT = re.compile(rb"-- (\S+) database (cluster )?dump( complete)?\r?\n")
_VERSION = re.compile(rb"-- Dumped (from database|by (\S+)) version (\S+)")
_DATABASE = re.compile(rb'-- Database "(.*)" dump')
_DATA = re.compile(rb"-- (?:Data for Name|Name): .*; Type: (?:TABLE DATA|TABLE); ")
# Rows of a partition that are loaded through the table it belongs to: by wish, and where an enumeration
# decides which partition a row belongs to (pg_dump since 11.20, 15.3). The comment before it names that one.
_LEAF = re.compile(rb"-- Data for Name: (.*); Type: TABLE DATA; Schema: (.*?); Owner: ")
_ROOTED = b"-- load via partition root "
_STARTED = re.compile(rb"-- (Started|Completed) on (\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?: (\S+))?")
_ERROR = re.compile(
    rb"(?:\S*?(?:dump|dumpall|restore|sql)(?:\.exe)?: (?!$)|ERROR: |FATAL: |PANIC: |Error response |"
    rb"\xe9\x94\x99\xe8\xaf\xaf|\S+: (?:command )?not found|(?:ba)?sh: |Killed$|Segmentation fault)"
)


def read(stream: BinaryIO, how: How = SHA256) -> Told:
    """Read a text to its end. What the stream raises goes through."""
    reader = _Reader(Lines(stream), how)
    reader.run()
    return reader.told


class _Reader:
    def __init__(self, lines: Lines, how: How) -> None:
        self.told = Told()
        self._lines = lines
        self._how = how
        self._quotes = Quotes()
        self._mid = False
        self._read = b""  # the last line that belongs to the statement
        self._schema = ""
        self._object: _Object | None = None
        self._database = ""
        self._leaf = ""
        self._shapes: dict[tuple[int, str], tuple[bytes, int]] = {}
        self._rooted = False
        self._ended = False
        self._by_word = {
            b"COPY ": self._copy,
            b"SELEC": self._select,
            b"INSER": self._insert,
            b"CREAT": self._create,
            b"SET c": self._encoding,
            b"\\conn": self._connect,
            b"SET s": self._setting,
        }

    def run(self) -> None:
        lines = self._lines
        while line := lines.line():
            if b"\0" in line:
                self.told.misfits += 1
            if self._mid or self._quotes.inside:
                self._quotes.feed(line)
            else:
                self._read = line
                self._statement(line)
                line = self._read
            self._mid = line[-1] != 10
        self._over()

    def _statement(self, line: bytes) -> None:
        if line == b"\n":
            return
        known = self._by_word.get(line[:5])
        if known is not None:
            if known(line):
                return
        elif line.startswith(b"--"):
            self._comment(line)
            return
        elif line.startswith((b"\\restrict ", b"\\unrestrict ")):
            self.told.marked = True
            return
        elif _ERROR.match(line):
            self._error(line)
            return
        self._after(line)
        self._quotes.feed(line)

    def _after(self, line: bytes) -> None:
        # Anything that is no comment behind the end does not belong there.
        if self._ended:
            self.told.trailing += len(line)

    def _error(self, line: bytes) -> None:
        self.told.errors += 1
        self.told.error = self.told.error or line.split(b":", 1)[0].decode("ascii", "replace")[:60].strip()

    @property
    def _part(self) -> Part:
        if not self.told.parts:
            self.told.parts.append(Part(objects=Sum(self._how)))
        return self.told.parts[-1]

    # --- comments -----------------------------------------------------------------------------------------

    def _comment(self, line: bytes) -> None:
        if (found := _COMMENT.match(line)) is not None:
            self._boundary(found)
        elif (found := _VERSION.match(line)) is not None:
            self._version(found)
        elif (found := _DATABASE.match(line)) is not None:
            self._database = found.group(1).decode("utf-8", "replace")
        elif (found := _STARTED.match(line)) is not None and found.group(1) == b"Started":
            self._part.started = self._part.started or found.group().decode("ascii", "replace")[14:]
        elif line.startswith(_ROOTED):
            self._rooted = True
        elif _DATA.match(line):
            self._after(line)
            self._of_leaf(_LEAF.match(line))

    def _of_leaf(self, found: re.Match[bytes] | None) -> None:
        self._rooted, self._leaf = False, ""
        if found is not None:
            codec = self._codec() or "utf-8"
            table, schema = (one.decode(codec, "backslashreplace") for one in found.groups())
            self._leaf = named(schema, table)
            self._part.announced.append(self._leaf)

    def _boundary(self, found: re.Match[bytes]) -> None:
        product, cluster, complete = found.group(1).decode("utf-8", "replace"), found.group(2), found.group(3)
        if complete:
            self._complete(bool(cluster))
            return
        told = self.told
        if cluster:
            told.headers += bool(told.parts or told.cluster)
            told.cluster, self._ended = True, False
            return
        # pg_dumpall announces each database; one announced twice is the schema's second half of the first.
        if told.parts and not told.cluster:
            told.headers += 1
        self._ended = False
        told.parts.append(Part(product=product, name=self._database, objects=Sum(self._how)))

    def _complete(self, cluster: bool) -> None:
        if cluster:
            self.told.complete = self._ended = True
            return
        self._part.complete = True
        self._end_object()
        if not self.told.cluster:
            self.told.complete = self._ended = True

    def _version(self, found: re.Match[bytes]) -> None:
        version = found.group(3).decode("utf-8", "replace")[:60]
        if found.group(2):
            self._part.tool = f"{found.group(2).decode('utf-8', 'replace')[:40]} {version}"
        else:
            self._part.server = version

    # --- statements ---------------------------------------------------------------------------------------

    def _connect(self, line: bytes) -> bool:
        words = line.split(None, 1)
        name = words[1].strip() if len(words) > 1 else b""
        if name.startswith(b"-reuse-previous"):
            found = re.search(rb"dbname=(?:'((?:[^'\\]|\\.)*)'|(\S+))", name)
            name = (found.group(1) or found.group(2) or b"") if found else b""
        self._database = name.strip(b"\"'").decode("utf-8", "replace")
        if self.told.parts and not self.told.parts[-1].tables and not self.told.parts[-1].name:
            self.told.parts[-1].name = self._database
        return True

    def _encoding(self, line: bytes) -> bool:
        if line.startswith(b"SET client_encoding = "):
            found = _PIECE.match(line, 22)
            self._part.encoding = found.group(1).decode("ascii", "replace") if found else ""
        return False

    def _setting(self, line: bytes) -> bool:
        if line.startswith(b"SET standard_conforming_strings = "):
            self._quotes.plain = line[34:36] == b"on"
        elif line.startswith(b"SET search_path = "):
            # How dumps were written until 2018: names below stand without their schema.
            self._schema = table_name(re.split(rb"[,;]", line[18:])[0], "utf-8")
        return False

    def _create(self, line: bytes) -> bool:
        if line.startswith((b"CREATE ROLE ", b"CREATE USER ")) and not line.startswith(
            b"CREATE USER MAPPING"
        ):
            self.told.roles += 1
        elif _TABLE.match(line):
            self._part.created += 1
            if line.startswith(b"CREATE UNLOGGED "):
                self._part.unlogged.add(table_name(line[22:].split(b" (")[0], "utf-8"))
        return False

    def _insert(self, line: bytes) -> bool:
        if not _INSERT.match(line):
            return False
        part = self._part
        part.inserts += 1
        self._after(line)
        found = rows_of(self._in_utf8(line)) if line.endswith(_ENDS) and self._quotes.plain else None
        if found is None:
            found = rows_of(self._in_utf8(self._whole(line))) if self._quotes.plain else None
        if found is None:
            part.odd += 1
            return self._quotes.plain
        name = self._target(table_name(found.name, "utf-8"))
        if name not in part.tables and len(part.tables) >= MOST_TABLES:
            part.odd += 1
            return True
        self._alike(name, found)
        part.tables.setdefault(name, Sum(self._how)).add(found.rows)
        return True

    def _alike(self, name: str, found: Inserted) -> None:
        """pg_dump names the same columns in all statements of a table: what differs came later."""
        widths = {row.count(b"\t") for row in found.rows}
        known = self._shapes.setdefault((len(self.told.parts), name), (found.head, min(widths)))
        if known[0] != found.head or widths != {known[1]}:
            self.told.misfits += 1

    def _whole(self, line: bytes) -> bytes:
        """The statement that begins with this line: text in it may go on in the next ones."""
        pieces, size = [line], len(line)
        self._quotes.feed(line)
        while self._quotes.inside or not pieces[-1].endswith(_ENDS):
            line = self._lines.line()
            if not line:
                break
            self._read = line
            self._quotes.feed(line)
            size += len(line)
            if size <= MOST_STATEMENT:
                pieces.append(line)
            else:
                pieces[1:] = [line]  # too much to hold, and no statement any more
        return b"".join(pieces)

    def _in_utf8(self, text: bytes) -> bytes:
        codec = self._codec()
        if not codec:
            return text
        try:
            return text.decode(codec).encode()
        except UnicodeError:
            self._part.transcoded = False
            return text

    # --- large objects ------------------------------------------------------------------------------------

    def _select(self, line: bytes) -> bool:
        if (found := _WRITE.match(line)) is not None and self._object is not None:
            self._object.update(found.group(1))
            return True
        if (found := _OBJECT.match(line)) is not None:
            self._end_object()
            self._object = _Object(found.group(1), self._how)
            return True
        if b"lo_close(0)" in line[:40]:
            self._end_object()
            return True
        return False

    def _end_object(self) -> None:
        if self._object is not None:
            self._object.into(self._part.objects)
            self._object = None

    # --- rows ---------------------------------------------------------------------------------------------

    def _copy(self, line: bytes) -> bool:
        found = _COPY.fullmatch(line)
        for _ in range(20):  # a newline in a name goes on in the next line
            if found is not None or not line.count(b'"') % 2:
                break
            more = self._lines.line()
            line += more
            found = _COPY.fullmatch(line) if more else None
        self._after(line)
        if found is None:
            self._quotes.feed(line)
            return True
        name = self._target(table_name(found.group(1), self._codec() or "utf-8"))
        self._part.copies += 1
        tables = self._part.tables
        if name in tables or len(tables) >= MOST_TABLES:
            self.told.again += 1
        made = tables[name] = Sum(self._how)
        if not self._rows(made, columns(found.group(2))):
            self.told.cut = name
        return True

    def _target(self, name: str) -> str:
        """The table whose rows follow, where they are to be loaded into this one."""
        if self._rooted and self._leaf:
            return self._leaf
        return f"{self._schema}.{name}" if self._schema and "." not in name else name

    def _codec(self) -> str:
        return CODECS.get(self._part.encoding.lower().replace("-", ""), "")

    def _rows(self, made: Sum, width: int) -> bool:
        """Rows up to the end mark; False where the stream ends before it."""
        lines, codec = self._lines, self._codec()
        while batch := lines.ahead():
            try:
                end = batch.index(END, 1 if made.open else 0)
            except ValueError:
                end = -1
            given = batch if end < 0 else batch[:end]
            if given:
                if width and not made.open and given[-1][-1] == 10:
                    self._fit(given, width - 1)
                if codec:
                    made.add(self._as_utf8(given, codec))
                else:
                    made.add(given, lines.size(given))
            lines.take(len(given) + (end >= 0))
            if end >= 0:
                return not made.open
        return False

    def _fit(self, rows: list[bytes], tabs: int) -> None:
        """Whether rows have as many columns as their table, and no zero bytes: of a batch at once."""
        lines = self._lines
        if lines.count(b"\t", rows) == tabs * len(rows) and not lines.holds(b"\0", rows):
            if tabs:
                return
            odd = [row for row in rows if row.startswith(_STRANGE)]
        else:
            odd = [row for row in rows if row.count(b"\t") != tabs or b"\0" in row]
        for row in odd:
            self.told.misfits += 1
            self.told.headers += row.startswith(_DUMPED)
            if _ERROR.match(row):
                self._error(row)

    def _as_utf8(self, rows: list[bytes], codec: str) -> list[bytes]:
        try:
            text = b"".join(rows).decode(codec).encode()
        except UnicodeError:
            self._part.transcoded = False
            return rows
        made = text.split(b"\n")
        last = made.pop()
        return [one + b"\n" for one in made] + ([last] if last else [])

    # --- the end ------------------------------------------------------------------------------------------

    def _over(self) -> None:
        told, lines = self.told, self._lines
        self._end_object()
        told.bytes = lines.seen
        for part in told.parts:
            self._inserted(part)
        if told.cluster:  # what stands before the first database belongs to none
            told.parts = [one for one in told.parts if one.product]
        if not told.cut and (self._quotes.inside or self._mid):
            told.cut = "statement"
        # pg_dump ends with an empty line: where that is gone a byte is.
        if told.trailing:
            told.cut = ""
        elif told.complete and not lines.last.replace(b"\r", b"").endswith(b"\n\n"):
            told.cut = told.cut or "end"

    def _inserted(self, part: Part) -> None:
        """Tables of a dump without COPY: an empty one is announced, and nothing more."""
        if part.odd:
            part.tables.clear()
        elif not part.copies:
            for name in part.announced:
                part.tables.setdefault(name, Sum(self._how))


_DUMPED = b"-- Dumped from database version "
_STRANGE = (_DUMPED, b"pg_dump: ", b"sys_dump: ", b"ERROR: ")


class _Object:
    """One large object: its number, a tab, its content."""

    def __init__(self, number: bytes, how: How) -> None:
        self._made = how.start()
        self._made.update(number + b"\t")
        self._how = how
        self._size = 0

    def update(self, digits: bytes) -> None:
        """Another piece, in hexadecimal digits."""
        piece = bytes.fromhex(digits.decode("ascii"))
        self._made.update(piece)
        self._size += len(piece)

    def into(self, held: Sum) -> None:
        """Its end."""
        held.count += 1
        held.size += self._size
        held.total += self._how.one(self._made)
