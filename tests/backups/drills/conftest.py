"""Real artefacts of a real PostgreSQL, and drills in real cells; what cannot be had is said loudly."""

import contextlib
import time
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import recordings
from parts import loaded
from psycopg import sql

from agent.drills.drill import LocalDrills
from agent.drills.errors import StopError
from agent.drills.settings import Drills
from agent.drills.work import Work
from agent.sources.backup import open_backups
from agent.sources.means import Means
from agent.sources.memory import Transient
from checks.api import Seen
from checks.artefacts.fingerprint import Counted, Fingerprint, dump, root
from checks.artefacts.sqlnames import named
from checks.backup.drill import CHECK, Params
from checks.codec import from_json, to_json

PLACES = loaded("backups/places/conftest.py")
backup_sshd, dead_share = PLACES.backup_sshd, PLACES.dead_share
SERVER = loaded("backups/logical/server.py")


class NoJournal:
    """Of a cell that a test makes by itself."""

    def phase(self, name: str) -> None:
        """Nothing to keep."""

    def begin(self, journal: Any) -> None:
        """Nothing to keep."""

    def process(self, pid: int) -> None:
        """Nothing to keep."""

    def end(self) -> None:
        """Nothing to keep."""


@pytest.fixture(scope="session")
def cells(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skips where this machine lets nobody cut a network off (a container without the right to)."""
    desk = NoJournal()
    desk.place = tmp_path_factory.mktemp("cell")  # type: ignore[attr-defined]
    work = Work(desk, Drills(reserve_mb=0), "try", 60)  # type: ignore[arg-type]
    try:
        work.make_room(1, 0)
        work.make_cell()
    except StopError as problem:
        pytest.skip(f"NOT TESTED: no drills on this machine: {problem}")
    finally:
        work.clean()


@dataclass
class Looked:
    """A drill and its readings."""

    facts: Any
    readings: list[Any]
    taken_at: int
    params: Params

    @property
    def one(self) -> Any:
        """What was drilled."""
        return self.facts.artefacts[0]

    def __getitem__(self, name: str) -> Any:
        """A reading by what stands behind the colon."""
        return next(one for one in self.readings if one.name.rpartition(":")[2] == name)

    def said(self, level: str) -> tuple[str, str]:
        """State and reason at a level."""
        return str(self[level].state), self[level].reason

    def kept(self, name: str) -> "Looked":
        """Itself; written down as a recording where ROUNDSEAL_RECORD is set."""
        value = {
            "params": to_json(self.params), "facts": to_json(self.facts), "taken_at": self.taken_at,
            "expect": recordings.expected(self.readings),
        }  # fmt: skip
        hidden = {
            r'"/[^"]*/state/drills': '"/var/lib/roundseal-agent/drills',
            r'"/[^"]*/(pytest-[^"]*/)+': '"/backup/',
        }
        recordings.keep("backup.drill", name, value, hidden)
        return self


@dataclass
class Site:
    """A state directory of an agent, and its settings of drills."""

    state: Path
    given: Drills = field(default_factory=lambda: Drills(reserve_mb=0))

    def drill(self, path: Path | str, **more: Any) -> Looked:
        """Do one."""
        wish = from_json(Params, {"path": str(path), "object": "county/xian-1/oa-db", **more}, "params")
        source = open_backups(Transient(), Means(state=self.state), time.time_ns() // 1_000_000)
        drilled, stands = LocalDrills(source, self.given, self.state).drill(wish)
        facts = CHECK.facts((drilled,) if drilled is not None else (), stands)
        now = time.time_ns() // 1_000_000
        return Looked(facts, list(CHECK.judge(Seen(facts, now), wish)), now, wish)

    def left(self) -> list[str]:
        """What drills left in the state directory: nothing but the lock and the count of attempts."""
        found = [
            str(p.relative_to(self.state)) for p in self.state.rglob("*") if p.is_file() or p.is_symlink()
        ]
        rooms = [str(p) for p in self.state.rglob("drill-*")]
        return (
            sorted(set(found) - {"drills/lock", "drills/attempts.json", "secrets.yaml", "agent.yaml"}) + rooms
        )


@pytest.fixture
def site(tmp_path: Path, cells: None) -> Site:
    """An agent's directory, empty."""
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    return Site(state)


@pytest.fixture(scope="session")
def servers() -> Any:
    """`servers.running(18)`: real servers of PostgreSQL."""
    return SERVER


@dataclass
class Source:
    """Artefacts of one database, and its fingerprint as the source took it."""

    place: Path
    fingerprint: Fingerprint

    @property
    def system(self) -> str:
        """The source's system identifier."""
        return self.fingerprint.system

    def __truediv__(self, name: str) -> Path:
        return self.place / name


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """PostgreSQL 15 with everything in it, dumped in all formats and copied; the server is gone by then."""
    place = tmp_path_factory.mktemp("artefacts")
    with SERVER.running(15) as pg:
        pg.create("oa_db", rows=300)
        made = fingerprint(pg)
        for name, words in (("custom.dump", ["-Fc"]), ("plain.sql", [])):
            pg.tool("pg_dump", *words, "-f", place / name, "oa_db")
            (place / f"{name}.fingerprint.json").write_bytes(dump(made))
        pg.sql("CREATE TABLE tiny (a int)", "INSERT INTO tiny VALUES (1)")
        pg.tool("pg_dump", "-Fc", "-f", place / "tiny.dump", "postgres")
        pg.tool("pg_dumpall", "--globals-only", "-f", place / "globals.sql")
        pg.tool("pg_basebackup", "-D", place / "base", "-c", "fast", "--manifest-checksums=SHA256")
        (place / "base.fingerprint.json").write_bytes(dump(made))
    return Source(place, made)


def fingerprint(pg: Any, database: str = "oa_db") -> Fingerprint:
    """Count and sum of each table, by psycopg: not the way a drill reads them."""
    tables, objects = {}, Sums()
    with contextlib.closing(pg.connect(database)) as conn:
        conn.execute("SET extra_float_digits TO 3; SET intervalstyle TO postgres; SET datestyle TO ISO")
        names = conn.execute(
            "SELECT nspname, relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
            " WHERE relkind = 'r' AND relpersistence = 'p' AND nspname IN ('oa', 'public')"
        ).fetchall()
        for schema, table in names:
            held = tables[named(schema, table)] = Sums()
            quoted = sql.Identifier(schema, table)
            with conn.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(quoted)) as rows:
                for line in b"".join(map(bytes, rows)).split(b"\n")[:-1]:
                    held.add(line + b"\n")
        for number, data in conn.execute("SELECT oid, lo_get(oid) FROM pg_largeobject_metadata").fetchall():
            objects.add(b"%d\t%b" % (number, data))
        zone = conn.execute("SHOW timezone").fetchone()[0]
        system = conn.execute("SELECT system_identifier::text FROM pg_control_system()").fetchone()[0]
    counted = {name: held.counted() for name, held in tables.items()}
    return Fingerprint(
        v=1, kind="postgresql", database=database, system=system, server="15", mode="exact", started=0,
        ended=0, tables=counted, objects=objects.counted(), timezone=zone,
        root=root(counted, objects.counted()),
        skipped={"oa.cache": "unlogged"},
    )  # fmt: skip


@dataclass
class Sums:
    """A count and a sum of digests."""

    count: int = 0
    total: int = 0

    def add(self, row: bytes) -> None:
        """One more."""
        self.count += 1
        self.total += int.from_bytes(sha256(row).digest(), "little")

    def counted(self) -> Counted:
        """As the fingerprint has it."""
        return Counted(self.count, f"{self.total % (1 << 256):064x}", "exact", self.count)
