"""A real MariaDB 10.11, its dumps, a chain of mariabackup, its binary log."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from parts import loaded

from agent.fingerprints.mariadb import Server, take
from agent.sources.backup_tools import LocalTools
from checks.artefacts import fingerprint

_looks = loaded("backups/looks.py")
looker = _looks.looker

TABLES = """
CREATE DATABASE shop; USE shop;
CREATE TABLE `订单` (id int PRIMARY KEY, body varchar(200), f double, d decimal(20,6), b blob, bits bit(9),
  at timestamp NULL, j json, e enum('甲','乙'), g geometry, n varchar(9));
INSERT INTO `订单` SELECT seq, CONCAT('名\\'字\\\\\\n";),(', seq), seq / 3, seq / 7, UNHEX(MD5(seq)),
  seq % 512, '2026-01-01 00:00:00', '{"a": "x)"}', '甲', POINT(1, seq), IF(seq % 3, NULL, '')
  FROM seq_1_to_1500;
CREATE TABLE item (id int PRIMARY KEY, name varchar(40));
INSERT INTO item SELECT seq, MD5(seq) FROM seq_1_to_400;
CREATE TABLE nokey (a int, b varchar(9)); INSERT INTO nokey VALUES (1, 'a'), (3, 'b'), (1, 'a');
CREATE TABLE none_yet (a int);
CREATE TABLE made (a int PRIMARY KEY, c int GENERATED ALWAYS AS (a * 2) STORED);
INSERT INTO made (a) VALUES (1);
CREATE VIEW seen AS SELECT id FROM item;
CREATE TRIGGER t BEFORE INSERT ON item FOR EACH ROW SET NEW.name = NEW.name;
CREATE DATABASE loose; CREATE TABLE loose.old (a int, b text) ENGINE=MyISAM;
INSERT INTO loose.old VALUES (1, 'x');
CREATE DATABASE nothing;
"""


@contextmanager
def folder(prefix: str) -> Iterator[Path]:
    """A short directory (sockets have short paths)."""
    place = Path(tempfile.mkdtemp(prefix=prefix))
    place.chmod(0o755)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


@dataclass
class Maria:
    """The server, reached by its socket as root."""

    place: Path
    user: list[str]

    @property
    def server(self) -> Server:
        """As a fingerprint is taken."""
        return Server("root", socket=str(self.place / "s"))

    def run(self, program: str, *words: str, text: str | None = None, at: str = "") -> bytes:
        """A client; `at`: an offset of its clock, as of faketime."""
        faked = ["faketime", "-f", at] if at else []
        done = subprocess.run(
            [*faked, program, "--no-defaults", f"--socket={self.place / 's'}", "-uroot", *words],
            input=text.encode() if text is not None else None, capture_output=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def sql(self, text: str) -> str:
        """What the client prints."""
        return self.run("mariadb", "--default-character-set=utf8mb4", "-BN", text=text).decode()

    def dump(self, to: Path, *words: str, database: str = "shop", noted: bool = True) -> Path:
        """A dump, as jobs make it, with its fingerprint beside it."""
        to.write_bytes(
            self.run(
                "mariadb-dump", "--single-transaction", "--default-character-set=utf8mb4", *words, database
            )
        )
        to.chmod(0o600)
        if noted:
            made = take(LocalTools(), self.server, database, lambda: time.time_ns() // 1_000_000)
            Path(f"{to}.fingerprint.json").write_bytes(fingerprint.dump(made))
        return to

    def backup(self, name: str, *words: str) -> Path:
        """mariabackup, its log beside the files."""
        target = self.place / name
        done = subprocess.run(
            ["mariabackup", "--no-defaults", "--backup", f"--target-dir={target}", "--user=root",
             f"--socket={self.place / 's'}", f"--datadir={self.place / 'data'}", *words],
            capture_output=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        (target / "backup.log").write_bytes(done.stderr)
        subprocess.run(["chmod", "-R", "go-rwx", target], check=True)
        return target

    def copy(self, to: Path, *names: str) -> Path:
        """Copies of backups that a test may break, below `to`."""
        to.mkdir(exist_ok=True)
        to.chmod(0o700)
        for name in names:
            subprocess.run(["cp", "-a", "--reflink=auto", self.place / name, to / name], check=True)
        return to


@pytest.fixture(scope="session")
def maria() -> Iterator[Maria]:
    """The server."""
    server, install = shutil.which("mariadbd") or "/usr/sbin/mariadbd", shutil.which("mariadb-install-db")
    if not Path(server).exists() or install is None or shutil.which("mariadb-dump") is None:
        pytest.skip("NOT TESTED: no MariaDB here (Debian's mariadb-server-core, mariadb-client)")
    with folder("my-") as place:
        user: list[str] = []
        if os.geteuid() == 0:
            try:
                owner = pwd.getpwnam("mysql")
            except KeyError:
                owner = pwd.getpwnam("nobody")
            os.chown(place, owner.pw_uid, owner.pw_gid)
            user = ["setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]
        made = Maria(place, user)
        quiet = {"cwd": place, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(
            [*user, install, "--no-defaults", f"--datadir={place / 'data'}", "--skip-test-db",
             "--auth-root-authentication-method=normal", "--skip-name-resolve", f"--tmpdir={place}"],
            check=True, timeout=300, **quiet,
        )  # fmt: skip
        process = subprocess.Popen(
            [*user, server, "--no-defaults", f"--datadir={place / 'data'}", f"--socket={place / 's'}",
             f"--pid-file={place / 'pid'}", "--skip-networking", f"--tmpdir={place}", "--log-bin=bin",
             "--server-id=1", "--innodb-buffer-pool-size=16M", "--innodb-flush-log-at-trx-commit=0",
             "--innodb-log-file-size=8M", "--character-set-server=utf8mb4", f"--log-error={place / 'log'}"],
            **quiet,
        )  # fmt: skip
        try:
            end = time.monotonic() + 120
            while True:
                try:
                    made.sql("SELECT 1")
                    break
                except AssertionError:
                    assert process.poll() is None and time.monotonic() < end, (place / "log").read_text()
                    time.sleep(0.05)
            made.sql(TABLES)
            yield made
        finally:
            process.kill()
            process.wait(60)


@pytest.fixture(scope="session")
def chain(maria: Maria) -> Maria:
    """mariabackup: full ← first ← second, and another full."""
    if shutil.which("mariabackup") is None:
        pytest.skip("NOT TESTED: no mariabackup here (Debian's mariadb-backup)")
    maria.backup("full")
    for number, (name, before) in enumerate((("first", "full"), ("second", "first"))):
        maria.sql(f"INSERT INTO shop.nokey VALUES ({number}, 'n'); SET GLOBAL innodb_log_checkpoint_now = 1")
        maria.backup(name, f"--incremental-basedir={maria.place / before}")
    maria.sql("INSERT INTO shop.nokey VALUES (9, 'o'); SET GLOBAL innodb_log_checkpoint_now = 1")
    maria.backup("other")
    return maria
