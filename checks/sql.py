"""What is seen of one database: named, fixed questions, and the facts they bring back. Of Redis: redis.py.

Every question is asked in one session that can only read, under a deadline, and ended with it. Times are
UTC epoch milliseconds, lengths of time whole seconds unless the name says otherwise; None: the server
does not tell, or does not tell this account. No statement text, no setting that may hold a credential.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Protocol

from checks.api import Number, Reading, State, Unit, Upper
from checks.probes import check_host, check_port, check_timeout
from checks.remote import Login as Way

PORTS: Mapping[str, int] = {
    "postgresql": 5432,
    "kingbase": 54321,
    "mysql": 3306,
    "oracle": 1521,
    "dameng": 5236,
    "redis": 6379,
}
POSTGRES = ("postgresql", "kingbase")
SERVERS = (*POSTGRES, "mysql", "oracle", "dameng")
TLS = ("off", "prefer", "require", "verify")
# The products that a command line client speaks to.
CLIENTS: Mapping[str, tuple[str, ...]] = {"psql": POSTGRES, "ksql": ("kingbase",)}

POSTGRES_GRANT = "PostgreSQL: CREATE ROLE inspector LOGIN; GRANT pg_monitor TO inspector"
KINGBASE_GRANT = "Kingbase: the same with sys_monitor"
MYSQL_GRANT = (
    "MySQL, MariaDB: GRANT PROCESS, REPLICATION CLIENT ON *.* TO inspector (MariaDB from 10.5: SLAVE MONITOR"
    " too; for database.accounts SELECT ON mysql.*, for database.jobs EVENT ON *.*)"
)
ORACLE_GRANT = "Oracle: GRANT CREATE SESSION, SELECT_CATALOG_ROLE TO inspector"
DAMENG_GRANT = "Dameng: GRANT SVI, SOI TO inspector"
GRANTS = (POSTGRES_GRANT, KINGBASE_GRANT, MYSQL_GRANT, ORACLE_GRANT, DAMENG_GRANT)
TRIED_ON = (
    "tried on PostgreSQL and MariaDB; Kingbase on PostgreSQL behind a sys_* shim, by its client with psql and"
    " never with ksql, never on the product itself; Oracle and Dameng never on the product itself"
)


@dataclass(frozen=True, slots=True)
class Reach:
    """How a database is reached; the parameters of each check of this source begin with these.

    `platform` is one of postgresql, kingbase, mysql (MariaDB too), oracle, dameng, redis. `port` 0 is the
    product's own. `database` is what is logged in to (Oracle: the service; Redis: its number). `secret`
    names user and password on the agent; empty: none. `tls`: off, prefer (no certificate is checked),
    require (likewise), verify (chain and name; `ca` is PEM text that replaces the system's anchors).
    `client`: empty for a driver on the agent; psql or ksql for that program on the database's own machine,
    which is reached as `ssh` says.
    """

    PLATFORMS: ClassVar[tuple[str, ...]] = SERVERS

    address: str
    platform: str = "postgresql"
    port: int = 0
    database: str = ""
    secret: str = "database"  # noqa: S105  # a name to look up on the agent, no secret
    tls: str = "prefer"
    ca: str = ""
    timeout_ms: int = 10_000
    client: str = ""
    ssh: Way | None = None

    def __post_init__(self) -> None:
        check_host(self.address)
        if self.platform not in self.PLATFORMS:
            raise ValueError(f"platform must be one of {', '.join(self.PLATFORMS)}")
        check_port(self.port, 0)
        if self.tls not in TLS:
            raise ValueError(f"tls must be one of {', '.join(TLS)}")
        check_timeout(self.timeout_ms, 100, 120_000)
        self._check_client()

    def _check_client(self) -> None:
        if not self.client:
            return
        if self.platform not in CLIENTS.get(self.client, ()):
            raise ValueError("client must be psql (postgresql, kingbase) or ksql (kingbase)")
        if self.ssh is None:
            raise ValueError("a client wants ssh: how its machine is reached")
        if self.tls == "verify":
            raise ValueError("tls verify is a driver's: a client speaks on the database's own machine")


@dataclass(frozen=True, slots=True)
class Tally:
    """A counter that only grows, now and at the last look (None: no last look, or not told)."""

    now: int | None
    before: int | None = None

    def grown(self) -> int | None:
        """By how much since the last look; None at the first, and after a reset."""
        if self.now is None or self.before is None or self.now < self.before:
            return None
        return self.now - self.before

    def why_not(self) -> str:
        """The reason where `grown` has none."""
        if self.now is None:
            return "not_reported"
        return "first_look" if self.before is None else "counter_reset"


@dataclass(frozen=True, slots=True)
class Login:
    """A login and one simple query. outcome: answered, refused, timeout, unreachable, closed, garbled,
    too_many_connections, starting. role: primary, standby, or empty."""

    outcome: str
    version: str = ""
    role: str = ""
    read_only: bool | None = None
    login_us: int | None = None
    answer_us: int | None = None
    started: int | None = None


@dataclass(frozen=True, slots=True)
class Connections:
    """Sessions of clients. `hidden`: those whose state this account may not see."""

    used: int | None
    limit: int | None
    active: int | None
    idle_in_transaction: int | None
    longest_idle_in_transaction_s: int | None
    longest_active_s: int | None
    hidden: int = 0


@dataclass(frozen=True, slots=True)
class Blocker:
    """A session that others wait for; `since_s`: how long its transaction is open."""

    session: int
    blocks: int
    since_s: int | None


@dataclass(frozen=True, slots=True)
class Locks:
    """Sessions that wait for locks; deadlocks since the server's statistics began."""

    waiting: int | None
    longest_wait_s: int | None
    blockers: tuple[Blocker, ...]
    deadlocks: Tally
    hidden: int = 0


@dataclass(frozen=True, slots=True)
class Transactions:
    """Open transactions. `xid_age` and `xid_limit`: transactions since the oldest freeze, and how many
    may pass before the server stops; `history`: row versions not purged yet (InnoDB)."""

    open: int | None
    longest_s: int | None
    prepared: int | None
    longest_prepared_s: int | None
    xid_age: int | None = None
    xid_limit: int | None = None
    history: int | None = None
    hidden: int = 0


@dataclass(frozen=True, slots=True)
class Member:
    """One standby or replica as the primary sees it."""

    name: str
    state: str
    sync: str
    lag_bytes: int | None
    lag_ms: int | None


@dataclass(frozen=True, slots=True)
class Upstream:
    """What a standby says of its own replication; `running` None: not told."""

    running: bool | None
    state: str
    lag_bytes: int | None
    lag_ms: int | None
    paused: bool | None = None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Slot:
    """A replication slot: log that a consumer has not taken yet is kept for it."""

    name: str
    active: bool
    kept_bytes: int | None


@dataclass(frozen=True, slots=True)
class Replication:
    """Role and members. `upstreams`: of a standby, one a channel."""

    role: str
    members: tuple[Member, ...] = ()
    upstreams: tuple[Upstream, ...] = ()
    slots: tuple[Slot, ...] = ()
    hidden: int = 0


@dataclass(frozen=True, slots=True)
class Area:
    """A database or a tablespace. `limit`: bytes it may grow to; `before`: bytes at the last look."""

    kind: str
    name: str
    bytes: int | None
    limit: int | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Space:
    """Sizes now, and how long ago the last look was."""

    areas: tuple[Area, ...]
    since_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """A parameter that is not at its default. `value` is empty where it may hold a credential or a
    command; `digest`: SHA-256 of the value; of one not shown it is keyed, and only the agent has the key."""

    name: str
    value: str
    digest: str
    origin: str


@dataclass(frozen=True, slots=True)
class Settings:
    """Parameters not at default; those that wait for a restart; those that changed since the last look."""

    items: tuple[Setting, ...]
    pending: tuple[str, ...] = ()
    changed: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class DeadRows:
    """A table with many rows that are no longer seen by anybody."""

    name: str
    live: int
    dead: int


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counters of the cache and of work that spilled to disk."""

    hits: Tally
    reads: Tally
    temp_bytes: Tally = Tally(None)
    checkpoints_timed: Tally = Tally(None)
    checkpoints_asked: Tally = Tally(None)
    slow: Tally = Tally(None)
    tables: tuple[DeadRows, ...] = ()
    invalid_indexes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Archiver:
    """Archiving of the write-ahead or binary log. `last_failed` after `last_done`: it fails now."""

    enabled: bool | None
    done: Tally = Tally(None)
    failed: Tally = Tally(None)
    last_done: int | None = None
    last_failed: int | None = None
    waiting: int | None = None
    log_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A job of the server's own scheduler. outcome: ok, failed, running, or empty: not told."""

    name: str
    enabled: bool
    last_run: int | None
    outcome: str
    failures: int | None = None


@dataclass(frozen=True, slots=True)
class Jobs:
    """`running`: whether the scheduler itself works."""

    scheduler: str
    running: bool | None
    jobs: tuple[Job, ...]


@dataclass(frozen=True, slots=True)
class Account:
    """An account that may log in. `rights`: words such as superuser, create_role, replication."""

    name: str
    rights: tuple[str, ...]
    locked: bool = False
    expires: int | None = None
    expired: bool = False
    no_password: bool = False


@dataclass(frozen=True, slots=True)
class Accounts:
    """Accounts, whether the server writes an audit log, and whether the list changed since the last look."""

    accounts: tuple[Account, ...]
    audit: bool | None
    digest: str
    before: str = ""


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup the server itself knows. outcome: ok, failed, running."""

    name: str
    kind: str
    ended: int | None
    bytes: int | None
    outcome: str


@dataclass(frozen=True, slots=True)
class Backups:
    """Newest first, at most twenty."""

    known_by: str
    backups: tuple[Backup, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of an agreed query: its name (empty for a single number) and its number."""

    name: str
    value: int | Fraction | None


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer of an agreed query. `digest`: SHA-256 of the statement; `cut`: there were more rows."""

    digest: str
    elapsed_us: int
    rows: tuple[Row, ...]
    cut: bool


class Sql(Protocol):
    """Databases. Each call is one session, ended within `at.timeout_ms`.

    ObservationError: unreachable, refused (also: no connection free), denied (login or a right is
    missing), timeout, garbled, unsupported (no driver here, or the product has no such thing).
    """

    def login(self, at: Reach) -> Login:
        """Log in and ask one simple query; only `denied` and `unsupported` are raised."""

    def connections(self, at: Reach) -> Connections:
        """Count sessions."""

    def locks(self, at: Reach) -> Locks:
        """Who waits for whom."""

    def transactions(self, at: Reach) -> Transactions:
        """Open transactions and transaction numbers."""

    def replication(self, at: Reach) -> Replication:
        """Role, members and lag."""

    def space(self, at: Reach) -> Space:
        """Sizes of databases and tablespaces."""

    def settings(self, at: Reach) -> Settings:
        """Parameters that are not at default."""

    def statistics(self, at: Reach) -> Statistics:
        """Cache, temporary files, checkpoints, dead rows, invalid indexes."""

    def archiver(self, at: Reach) -> Archiver:
        """Log archiving."""

    def jobs(self, at: Reach) -> Jobs:
        """Jobs of the server's own scheduler."""

    def accounts(self, at: Reach) -> Accounts:
        """Who may log in, with which rights, and whether audit is on."""

    def backups(self, at: Reach) -> Backups:
        """Backups that the server knows of."""

    def query(self, at: Reach, name: str, *, most_rows: int) -> Answer:
        """Run the agreed SELECT of this name; `denied` unless agent.yaml lists it and it only reads."""


def limited(
    name: str, value: Number | None, unit: Unit, limit: Upper, reason: str, absent: str = "not_reported"
) -> Reading:
    """A reading judged by `limit`; `reason` where it is not ok, `absent` where there is no number."""
    if value is None:
        return Reading(name, None, unit, State.UNKNOWN, absent)
    state = limit.judge(value)
    return Reading(name, value, unit, state, "" if state is State.OK else reason)


def grown(name: str, tally: Tally, limit: Upper, reason: str, unit: Unit = Unit.COUNT) -> Reading:
    """A counter judged by how much it grew since the last look."""
    return limited(name, tally.grown(), unit, limit, reason, tally.why_not())


def hidden(count: int) -> list[Reading]:
    """Where sessions are hidden from this account, nothing that was counted is all there is."""
    if count <= 0:
        return []
    return [Reading("hidden_sessions", count, Unit.COUNT, State.UNKNOWN, "rights_missing")]
