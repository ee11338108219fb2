"""Reading the restored database whole: rows by COPY, summed as a fingerprint sums them, pages by amcheck."""

import json
from dataclasses import dataclass, field

from agent.drills.complaints import why
from agent.drills.errors import StopError
from agent.drills.server import SOCKET, Server
from agent.drills.work import Span
from checks.artefacts.copyrows import END, HOWS, Lines, Sum
from checks.artefacts.sqlnames import named

_TABLES = """
SELECT json_build_array(n.nspname, c.relname, quote_ident(n.nspname) || '.' || quote_ident(c.relname),
                        c.relpersistence)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence IN ('p', 'u')
AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::regclass
                AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY 1::text
"""
_ALL = """
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p')
"""
DATABASES = "SELECT datname FROM pg_catalog.pg_database WHERE datallowconn AND NOT datistemplate ORDER BY 1"
_OBJECTS = """
COPY (SELECT m.oid, d.data FROM pg_catalog.pg_largeobject_metadata m
      LEFT JOIN LATERAL (SELECT pageno, encode(data, 'hex') AS data FROM pg_catalog.pg_largeobject
                         WHERE loid = m.oid ORDER BY pageno) d ON true ORDER BY m.oid, d.pageno) TO STDOUT
"""


@dataclass(slots=True)
class Rows:
    """What was read of one database: sums by table; `unlogged` ones count, but prove nothing (all rows from a
    dump, none after a physical restore: both are right)."""

    tables: dict[str, Sum] = field(default_factory=dict)
    unlogged: dict[str, Sum] = field(default_factory=dict)
    objects: Sum = field(default_factory=Sum)

    @property
    def count(self) -> int:
        """Rows in all."""
        return sum(one.count for one in (*self.tables.values(), *self.unlogged.values()))

    @property
    def bytes(self) -> int:
        """Of COPY text and large objects."""
        return sum(one.size for one in (*self.tables.values(), *self.unlogged.values(), self.objects))


def read_rows(server: Server, database: str, zone: str, how: str, span: Span) -> Rows:
    """Every row of every ordinary table, every large object. `how`: name of the sum."""
    found = [json.loads(line) for line in server.answer(_TABLES, database).splitlines()]
    kind = HOWS.get(how, HOWS["sha256"])
    made = Rows(objects=Sum(kind))
    statements = [f"COPY {quoted} TO STDOUT;" for _, _, quoted, _ in found]
    with server.copies(database, [*statements, f"{_OBJECTS};"], zone) as lines:
        for schema, table, _, persistence in found:
            held = Sum(kind)
            _table(lines, held)
            (made.unlogged if persistence == "u" else made.tables)[named(schema, table)] = held
            span.add(held.size)
        _large(lines, made.objects)
    return made


def _table(lines: Lines, held: Sum) -> None:
    """Rows up to the mark that stands behind each table: COPY doubles backslashes, so no row is like it."""
    while batch := lines.ahead():
        try:
            at = batch.index(END, 1 if held.open else 0)
        except ValueError:
            held.add(batch)
            lines.take(len(batch))
            continue
        if at:
            held.add(batch[:at])
        lines.take(at + 1)
        return
    raise StopError("unreadable_after_restore")


def _large(lines: Lines, held: Sum) -> None:
    """Large objects: each its number, a tab, its content, as checks.artefacts.copytext sums them."""
    number, made = b"", held.how.start()
    while (line := lines.line()) != END:
        if not line:
            raise StopError("unreadable_after_restore")
        this, _, digits = line.rstrip(b"\n").partition(b"\t")
        if this != number:
            _ended(held, number, made)
            number, made = this, held.how.start()
            made.update(number + b"\t")
        piece = bytes.fromhex("" if digits == b"\\N" else digits.decode("ascii"))
        made.update(piece)
        held.size += len(piece)
    _ended(held, number, made)


def _ended(held: Sum, number: bytes, made: object) -> None:
    if number:
        held.count += 1
        held.total += held.how.one(made)


def present(server: Server, database: str) -> set[bytes]:
    """Names of all tables, partitioned ones too, as a dump writes them."""
    return set(server.answer(_ALL, database).encode("utf-8", "surrogateescape").split(b"\n"))


def check_pages(server: Server, jobs: int) -> str:
    """`pg_amcheck --heapallindexed` over all databases: good, damaged, no_tool."""
    if not server.programs.has("pg_amcheck"):
        return "no_tool"
    words = ["--all", "--heapallindexed", "--install-missing", "-j", str(jobs)]
    words += ["-h", SOCKET, "-U", "postgres"]
    status, out, said = server.run("pg_amcheck", *words)
    if status == 0:
        return "good"
    problem = why(said, "pages_damaged")
    if problem.reason in ("needs_extension", "no_tool"):
        return "no_tool"
    if problem.reason == "no_room":
        raise problem
    # 2: what it looked at is damaged. 1: it could not look, which says nothing of the pages.
    return "damaged" if status == 2 else "no_tool" if b"amcheck" in out + said else "damaged"
