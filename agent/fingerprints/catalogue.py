"""What a fingerprint asks the catalogue: tables with rows of their own, schema, sequences, the cluster."""

from dataclasses import dataclass
from hashlib import sha256

from agent.fingerprints.session import Session, StatementError
from checks.artefacts.sqlnames import named

_OWN = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
# Leaf partitions and plain tables; parents, views and foreign tables hold no rows.
_TABLES = f"""
SELECT c.oid, n.nspname, c.relname, pg_catalog.quote_ident(n.nspname), pg_catalog.quote_ident(c.relname),
  c.relpersistence, EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::
    pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e'),
  (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attnum)
     FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped%s)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence IN ('p', 'u') AND {_OWN} ORDER BY 2, 3
"""  # noqa: S608  # constants
_COLUMNS = f"""
SELECT 'column', n.nspname, c.relname, c.relkind, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod),
  a.attnotnull
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c') AND {_OWN} ORDER BY 2, 3, a.attnum
"""  # noqa: S608  # likewise
# NOT NULL is a constraint of its own since 18, and stands with the columns.
_CONSTRAINTS = f"""
SELECT 'constraint', n.nspname, c.relname, o.conname, o.contype, pg_catalog.pg_get_constraintdef(o.oid)
FROM pg_catalog.pg_constraint o JOIN pg_catalog.pg_class c ON c.oid = o.conrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE o.contype IN ('c', 'f', 'p', 'u', 'x') AND {_OWN} ORDER BY 2, 3, 4
"""  # noqa: S608  # likewise
_COUNTS = f"""
SELECT 'counts', n.nspname, c.relname,
  (SELECT pg_catalog.count(*) FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid),
  (SELECT pg_catalog.count(*) FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm') AND {_OWN} ORDER BY 2, 3
"""  # noqa: S608  # likewise
_FUNCTIONS = f"""
SELECT 'functions', n.nspname, pg_catalog.count(*) FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE {_OWN} GROUP BY n.nspname ORDER BY 2
"""  # noqa: S608  # likewise
SCHEMA = (_COLUMNS, _CONSTRAINTS, _COUNTS, _FUNCTIONS)


@dataclass(frozen=True, slots=True)
class Table:
    """One table: `name` as in fingerprints, `quoted` as in SQL; `columns` as COPY is asked for them.
    `skip`: why it is not compared ("" it is)."""

    name: str
    quoted: str
    columns: str
    skip: str = ""

    @property
    def copy(self) -> str:
        """The statement that gives its rows."""
        listed = f" ({self.columns})" if self.columns else ""
        return f"COPY {self.quoted}{listed} TO STDOUT"


def tables(session: Session) -> list[Table]:
    """All that hold rows of their own."""
    generated = session.one(
        "SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute"
        " WHERE attrelid = 'pg_catalog.pg_attribute'::pg_catalog.regclass AND attname = 'attgenerated'"
    )
    made = []
    for row in session.rows(_TABLES % (" AND a.attgenerated = ''" if generated == "1" else "")):
        _, schema, table, quoted_schema, quoted, persistence, extension, columns = row
        skip = "unlogged" if persistence == "u" else "extension" if extension == "t" else ""
        made.append(Table(named(schema or "", table or ""), f"{quoted_schema}.{quoted}", columns or "", skip))
    return made


def schema_digest(session: Session) -> str:
    """SHA-256 over columns, constraints, and counts of indexes, triggers and functions."""
    made = sha256()
    for query in SCHEMA:
        for batch in session.batches(query):
            made.update(b"".join(batch))
    return made.hexdigest()


def sequences(session: Session) -> dict[str, int]:
    """The value that each sequence in use has reached; they stand outside of all snapshots."""
    try:
        found = session.rows(
            "SELECT schemaname, sequencename, last_value FROM pg_catalog.pg_sequences"
            " WHERE last_value IS NOT NULL"
        )
    except StatementError:
        return {}
    return {named(schema or "", name or ""): int(value or 0) for schema, name, value in found}


@dataclass(frozen=True, slots=True)
class Cluster:
    """The server around the database."""

    system: str
    version: str
    encoding: str
    timezone: str
    roles: int | None
    databases: tuple[str, ...]


def cluster(session: Session) -> Cluster:
    """Who the server is, and what else it holds."""
    version = session.one("SELECT pg_catalog.current_setting('server_version')") or ""
    databases = session.rows("SELECT datname FROM pg_catalog.pg_database WHERE NOT datistemplate ORDER BY 1")
    roles = _maybe(session, "SELECT pg_catalog.count(*) FROM pg_catalog.pg_roles WHERE rolname !~ '^pg_'")
    return Cluster(
        _maybe(session, "SELECT system_identifier FROM pg_catalog.pg_control_system()") or "",
        version.split(" ")[0],
        session.one("SELECT pg_catalog.current_setting('server_encoding')") or "",
        session.one("SELECT pg_catalog.current_setting('TimeZone')") or "",
        int(roles) if roles is not None else None,
        tuple(one[0] or "" for one in databases),
    )


def _maybe(session: Session, query: str) -> str | None:
    try:
        return session.one(query)
    except StatementError:
        return None  # no right to it


@dataclass(frozen=True, slots=True)
class Changes:
    """Rows inserted, updated and deleted since the server's statistics began."""

    inserted: int
    updated: int
    deleted: int


def changes(session: Session) -> dict[str, Changes]:
    """What the statistics know of each table; it may lag behind by a second."""
    try:
        found = session.rows(
            "SELECT schemaname, relname, n_tup_ins, n_tup_upd, n_tup_del FROM pg_catalog.pg_stat_user_tables"
        )
    except StatementError:
        return {}
    return {
        named(row[0] or "", row[1] or ""): Changes(*(int(value or 0) for value in row[2:])) for row in found
    }
