"""Reading the restored database whole: rows by COPY, digested as a fingerprint is, and pages by amcheck.

A fingerprint holds per table a count and the sum modulo 2^256 of the SHA-256 of each COPY line with its
newline (little-endian); its root is SHA-256 over `TABLE\\tCOUNT\\tSUM\\n`, sorted, SUM in 64 hex digits.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from agent.drills.complaints import why
from agent.drills.errors import StopError
from agent.drills.server import SOCKET, Server
from agent.drills.work import Span

_TABLES = """
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname), c.relpersistence
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence IN ('p', 'u')
AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::regclass
                AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY 1
"""
_ALL = """
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p')
"""
DATABASES = "SELECT datname FROM pg_catalog.pg_database WHERE datallowconn AND NOT datistemplate ORDER BY 1"
_MODULUS = 1 << 256


@dataclass(slots=True)
class Rows:
    """What was read of one database: table -> (count, sum); `bytes` of COPY text."""

    tables: dict[str, tuple[int, int]] = field(default_factory=dict)
    unlogged: dict[str, int] = field(default_factory=dict)
    bytes: int = 0

    @property
    def count(self) -> int:
        """Rows in all."""
        return sum(count for count, _ in self.tables.values()) + sum(self.unlogged.values())

    def root(self) -> str:
        """The fingerprint's root."""
        return root_of(self.tables)


def root_of(tables: Mapping[str, tuple[int, int]]) -> str:
    """SHA-256 over the sorted lines of a fingerprint."""
    lines = sorted(f"{name}\t{count}\t{total:064x}\n".encode() for name, (count, total) in tables.items())
    return sha256(b"".join(lines)).hexdigest()


def read_rows(server: Server, database: str, zone: str, span: Span) -> Rows:
    """Every row of every ordinary table."""
    found = dict(
        line.rsplit("\t", 1) for line in server.answer(_TABLES, database).splitlines() if "\t" in line
    )
    made = Rows()
    with server.rows(database, list(found), zone) as parts:
        for table, lines in parts:
            count, total, size = digest(lines)
            if found[table] == "u":  # 1000 rows from a dump, none after a physical restore: both are right
                made.unlogged[table] = count
            else:
                made.tables[table] = (count, total)
            made.bytes += size
            span.add(size)
    if made.tables.keys() | made.unlogged.keys() != found.keys():
        raise StopError("unreadable_after_restore")
    return made


def digest(lines: Iterable[bytes]) -> tuple[int, int, int]:
    """Count, sum modulo 2^256, and bytes of COPY lines."""
    count = total = size = 0
    for line in lines:
        total += int.from_bytes(sha256(line).digest(), "little")
        count += 1
        size += len(line)
    return count, total % _MODULUS, size


def present(server: Server, database: str) -> set[bytes]:
    """Names of all tables, partitioned ones too, as a dump writes them."""
    return set(server.answer(_ALL, database).encode("utf-8", "surrogateescape").split(b"\n"))


def check_pages(server: Server, jobs: int) -> str:
    """`pg_amcheck --heapallindexed` over all databases: good, damaged, no_tool."""
    if not server.programs.has("pg_amcheck"):
        return "no_tool"
    words = [
        "--all",
        "--heapallindexed",
        "--install-missing",
        "-j",
        str(jobs),
        "-h",
        SOCKET,
        "-U",
        "postgres",
    ]
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
