"""What a collector's parts share: directory, settings, database, log key, clock, the log's writer.

DIR/collector.yaml   origin, listen, url, database, id
DIR/keys/            log.key (0600), log.vkey, token.key (0600)
DIR/tls/             cert.pem, key.pem (0600)
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TextIO

import yaml
from sqlalchemy import Connection, Engine, make_url, select
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from checks.wire import entry, note, strict_json
from checks.wire.numbers import ENC_GZIP, EntryKind
from checks.wire.signing import Signer
from collector.store import evidence, leases, shape
from collector.store.content import pack
from collector.store.engine import Database, create_tables

if TYPE_CHECKING:
    from collector.evidence.accepted import Accepted
    from collector.jobs.placing import OwnEntry
    from collector.jobs.provers import Provers
    from collector.jobs.writer import LogWriter

Clock = Callable[[], int]


class ConfigError(Exception):
    """The data directory cannot be used: says which file and why."""

    code = "bad_config"


class Deriver(Protocol):
    """Takes logged batches; must return at once (it catches up from the log when it cannot keep up)."""

    def feed(self, accepted: "list[Accepted]") -> None:
        """Batches in log order, just committed."""
        ...

    def wake(self) -> None:
        """Read the log on to its end now."""
        ...


@dataclass(frozen=True, slots=True)
class Settings:
    """collector.yaml. `id` names this collector as holder of leases."""

    origin: str
    listen: str
    url: str
    database: str
    id: str


class Context:
    """One open data directory."""

    def __init__(self, directory: Path, settings: Settings, signer: Signer, now: Clock) -> None:
        self.directory = directory
        self.settings = settings
        self.signer = signer
        self.now = now
        self.vkey = note.make_vkey(settings.origin, signer.public)
        self.database = Database(settings.database)
        self.deriver: Deriver | None = None
        # Of a server that has them; else batches are proven in its threads.
        self.provers: Provers | None = None

    @cached_property
    def writer(self) -> "LogWriter":
        """Gives the log's positions. Most commands only read, and do without it and all that it loads."""
        from collector.jobs.sequencer import Sequencer
        from collector.jobs.writer import LogWriter

        fence = leases.SqlLeases(self.database, self.now)
        return LogWriter(Sequencer(self.database, fence, self.now), fence, self.settings.id)

    @property
    def engine(self) -> Engine:
        """The engine itself; for writing use write(), which waits its turn."""
        return self.database.engine

    @property
    def secure(self) -> bool:
        """Whether agents and browsers come by https."""
        return self.settings.url.startswith("https://")

    @property
    def origin(self) -> str:
        """The log's name."""
        return self.settings.origin

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection on one snapshot of the database, for reading."""
        with self.database.read() as conn:
            yield conn

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A short writing transaction on derived tables (never on the log: use append_collector_entry)."""
        with self.database.write() as conn:
            yield conn

    def fits(self) -> bool:
        """Whether the derived tables are those of this version; else they must be rebuilt."""
        with self.read() as conn:
            return shape.same(conn)

    def append_collector_entry(
        self,
        kind: EntryKind,
        header: Mapping[str, Any],
        body: bytes | None = None,
        *,
        effect: Callable[[Connection, int], None] | None = None,
    ) -> int:
        """Sign `header` with the log key, log it with `body`, and return its idx when it is durable.

        `v`, `log` and `kind` are put in front; `digest` and `bytes` of a body behind, unless given.
        `effect(conn, idx)` runs in the same transaction: what it writes stands or falls with the entry.
        """
        from collector.jobs.placing import OF_IDX, OwnWork

        agent, epoch = header.get("agent"), header.get("epoch")
        key = (agent, epoch, OF_IDX) if isinstance(agent, str) and isinstance(epoch, int) else None
        made = self.own_entry(kind, header, body, key)
        work = OwnWork((made,), None if effect is None else lambda conn, idxs: effect(conn, idxs[0]))
        self.writer.place([work])
        return work.idxs[0]

    def own_entry(
        self,
        kind: EntryKind,
        header: Mapping[str, Any],
        body: bytes | None = None,
        key: tuple[str, int, int] | None = None,
    ) -> "OwnEntry":
        """An entry signed by the log key, not yet placed."""
        from collector.jobs.placing import OwnEntry

        whole: dict[str, Any] = {"v": 1, "log": self.origin, "kind": kind.word, **header}
        if body is not None:
            whole = {**whole, **digest_of(body), **header}
        text = strict_json.dumps(whole)
        signatures = entry.sign_statement(kind, text, self.signer)
        kept = None if body is None else (None, ENC_GZIP, pack(body))
        return OwnEntry(kind, text, signatures, kept, key)

    def close(self) -> None:
        """Stop writing and give back every connection."""
        if "writer" in vars(self):
            self.writer.stop()
        self.database.close()

    def __enter__(self) -> "Context":
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()


def digest_of(body: bytes) -> dict[str, Any]:
    """How a header names its body."""
    return {"digest": sha256(body).hexdigest(), "bytes": len(body)}


def system_clock() -> int:
    """UTC epoch milliseconds."""
    return time.time_ns() // 1_000_000


def open_context(directory: Path, now: Clock = system_clock, *, derived: bool = True) -> Context:
    """Open a data directory that `init` made; ConfigError if it cannot be used.

    `derived` False: its derived tables are about to be made anew, and may be another version's.
    """
    settings = load_settings(directory)
    _not_lost(directory, settings)
    context = Context(directory, settings, Signer(_secret(directory / "keys" / "log.key")), now)
    try:
        with context.database.write() as conn:
            create_tables(conn)
            leases.ensure(conn, leases.LEASE)
            fits = _fits(conn)
    except SQLAlchemyError as error:
        context.close()
        why = getattr(error, "orig", None) or error
        told = " ".join(str(why).split())  # a driver's words may run over lines
        raise ConfigError(f"{directory}: the database cannot be used: {told}") from error
    if derived and not fits:
        context.close()
        raise ConfigError(
            f"{directory}: its tables were derived by another version of this program; nothing is lost, "
            f"make them anew from the log: roundseal-collector rebuild {directory}"
        )
    return context


def _fits(conn: Connection) -> bool:
    """Whether the tables are this version's; those of a log without entries are."""
    if shape.same(conn):
        return True
    if conn.execute(select(evidence.entry_table.c.idx).limit(1)).first() is not None:
        return False
    shape.note(conn)
    return True


def _not_lost(directory: Path, settings: Settings) -> None:
    """A log that has published checkpoints and whose database is gone must not begin anew, empty."""
    file = settings.database.removeprefix("sqlite:///")
    if file != settings.database and (directory / "published").exists() and not Path(file).exists():
        raise ConfigError(f"{file} is gone, though this log has published checkpoints: restore a backup")


def load_settings(directory: Path) -> Settings:
    """Settings of a data directory; the database defaults to SQLite beside them."""
    path = directory / "collector.yaml"
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{directory} is not a collector's directory: run init") from None
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {' '.join(str(error).split())}") from None
    names = set(Settings.__dataclass_fields__)
    if not isinstance(raw, dict) or not all(isinstance(value, str) for value in raw.values()):
        raise ConfigError(f"{path}: texts under the keys {', '.join(sorted(names))} are wanted")
    raw.setdefault("database", f"sqlite:///{(directory / 'collector.db').absolute()}")
    if odd := sorted(raw.keys() ^ names):
        raise ConfigError(f"{path}: {odd[0]}: {'unknown key' if odd[0] in raw else 'missing'}")
    try:
        check_database(raw["database"])
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None
    return Settings(**raw)


def check_database(url: str) -> None:
    """ConfigError unless it is an address of a database that this program knows."""
    try:
        known = make_url(url).drivername in ("sqlite", "postgresql", "postgresql+psycopg")
    except (ArgumentError, ValueError):
        known = False
    if not known:
        raise ConfigError("database: postgresql://… or sqlite:///… is wanted")


def _secret(path: Path) -> bytes:
    """32 bytes in hex from a file that only its owner can read."""
    try:
        if path.stat().st_mode & 0o077:
            raise ConfigError(f"{path}: others can read it: chmod 600")
        return bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: {error}") from None


def token_key(directory: Path) -> bytes:
    """The key from which token secrets are made, so that the database holds none of them."""
    return _secret(directory / "keys" / "token.key")


@contextmanager
def locked(directory: Path) -> Iterator[TextIO]:
    """Hold the data directory's lock: one server at a time. ConfigError if another has it."""
    load_settings(directory)
    with (directory / "collector.lock").open("a", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ConfigError(f"{directory} is in use by another server") from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield lock
