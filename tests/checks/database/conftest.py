"""Real servers, made small; missing programs are said loudly."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from database_looks import PASSWORD, Looked, Place, secrets
from database_servers import Cluster, Maria, RedisServer, as_owner, binaries, folder, until
from ports import free_port


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


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL that asks for SCRAM passwords, archives, and knows an account for inspections."""
    programs = binaries()
    with folder("db-pg-") as place:
        user = as_owner(place, "postgres")
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
        user = as_owner(place, "mysql", "nobody")
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
            until(made.answers)
            return made

        yield start


def _cron() -> list[str]:
    """The scheduler pg_cron, where it is installed."""
    if not list(Path("/usr/share/postgresql").glob("*/extension/pg_cron.control")):
        return []
    return ["shared_preload_libraries=pg_cron", "cron.use_background_workers=on"]
