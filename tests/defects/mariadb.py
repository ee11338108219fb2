"""A MariaDB of the world: logical dumps and mariabackup, full and incremental."""

import hashlib
import os
import pwd
import shutil
import subprocess
import time
from contextlib import closing
from dataclasses import replace

import verify as v
import world as w

from agent.fingerprints import mariadb as fingerprints
from agent.sources.backup_tools import LocalTools
from checks.artefacts.fingerprint import ENDING, Bytes
from checks.artefacts.fingerprint import dump as dumped

NAME = "shop"
TABLES = (
    "CREATE TABLE `订单` (id int AUTO_INCREMENT PRIMARY KEY, `客户` varchar(80),"
    " body text,"
    " fee decimal(10,2), made datetime, raw varbinary(64), f double, j json)"
    " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4",
    "CREATE TABLE item (id int PRIMARY KEY, name varchar(60), rejected bool) ENGINE=InnoDB",
    "CREATE TABLE empty_one (id int PRIMARY KEY) ENGINE=InnoDB",
    "CREATE TABLE staff (id int PRIMARY KEY, name varchar(40) CHARACTER SET gbk) ENGINE=InnoDB",
)


class Maria:
    """A running server; root without a password on a socket."""

    def __init__(self, world, name="maria"):
        self.place = world.folder(name)
        self.data = self.place / "data"
        self.socket = self.place / "s"
        self.user = pwd.getpwuid(os.geteuid()).pw_name
        w.run(
            w.tool("mariadb-install-db"),
            "--no-defaults",
            f"--datadir={self.data}",
            f"--user={self.user}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            f"--tmpdir={self.place}",
        )
        self.process = subprocess.Popen(
            [
                w.tool("mariadbd"),
                "--no-defaults",
                f"--datadir={self.data}",
                f"--socket={self.socket}",
                f"--user={self.user}",
                "--skip-networking",
                f"--tmpdir={self.place}",
                "--log-bin=bin",
                f"--pid-file={self.place / 'pid'}",
                "--server-id=1",
                "--innodb-buffer-pool-size=32M",
                f"--log-error={self.place / 'log'}",
                "--innodb-flush-log-at-trx-commit=0",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        world.open.callback(self.stop)
        for _ in range(600):
            if self.up():
                return
            time.sleep(0.1)
        raise AssertionError("MariaDB did not start")

    def stop(self):
        self.process.kill()
        self.process.wait(60)

    def connect(self, database=None):
        import pymysql

        return pymysql.connect(
            unix_socket=str(self.socket), user="root", autocommit=True, database=database, charset="utf8mb4"
        )

    def up(self):
        import pymysql

        try:
            self.connect().close()
        except pymysql.Error:
            return False
        return True

    def sql(self, *statements, database=NAME):
        with closing(self.connect(database)) as conn, conn.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall()) if statements else []


def server(world):
    """The server with its first day's rows."""

    def start(_):
        maria = Maria(world)
        fill(maria, NAME, max(world.size // 400, 300), world.seed)
        return maria

    return world.once("maria", start)


def fill(maria, name, rows, seed):
    """The tables and their rows."""
    maria.rows = rows
    maria.states = {}  # as text, at the end of each day but the newest
    maria.sql(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4", database=None)
    maria.sql(
        *TABLES,
        "INSERT INTO `订单` (`客户`, body, fee, made, raw, f, j) SELECT CONCAT('客户', seq % 97),"
        f" CONCAT(MD5(seq + {seed}), REPEAT('订单内容', seq % 20)),"
        f" seq / 100,"
        f" '2026-01-01' + INTERVAL seq SECOND, UNHEX(MD5(seq)), SQRT(seq), JSON_OBJECT('n', seq)"
        f" FROM seq_1_to_{rows}",
        f"INSERT INTO item SELECT seq, CONCAT('物品 ''', seq, '\\\\'), seq % 4 = 0 FROM seq_1_to_{rows // 4}",
        "INSERT INTO staff SELECT seq, CONCAT('张', seq) FROM seq_1_to_50",
        database=name,
    )


def change(maria, day):
    """One working day."""
    maria.sql(
        f"INSERT INTO `订单` (`客户`, body, fee) SELECT '新客户', MD5(seq), {day}"
        f" FROM seq_1_to_{maria.rows // 50}",
        f"UPDATE item SET rejected = NOT rejected WHERE id % 31 = {day}",
    )


def dump(maria, path, at, *more, database=NAME, fingerprint=True, squeeze=False):
    """A dump as of `at`; with `squeeze` through gzip."""
    words = [
        "--no-defaults",
        f"--socket={maria.socket}",
        "-uroot",
        "--single-transaction",
        "--routines",
        "--events",
        "--default-character-set=utf8mb4",
    ]
    plain = w.run(w.tool("mariadb-dump"), *words, *more, database, at=at).stdout
    path.write_bytes(plain)
    if squeeze:
        with open(path, "wb") as out:
            subprocess.run(["gzip", "-n"], input=plain, stdout=out, check=True)
    if fingerprint:
        write_fingerprint(maria, path, database, at)
    finish(path, at)


def finish(path, at):
    w.noted(path)
    for one in (path, *path.parent.glob(path.name + ".*")):
        one.chmod(0o700 if one.is_dir() else 0o600)
        w.dated(one, at + w.timedelta(minutes=1))


def write_fingerprint(maria, path, database=NAME, at=None):
    """The sidecar, by the product's own tool."""
    server = fingerprints.Server(user="root", socket=str(maria.socket))
    taken = fingerprints.take(LocalTools(), server, database, lambda: w.ms(at or w.DAYS[-1]))
    made = Bytes(path.name, path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
    path.with_name(path.name + ENDING).write_bytes(dumped(replace(taken, artefact=made)))


def make(world, kind):
    """Three days of dumps."""
    maria = server(world)
    top = world.folder("good", kind)
    top.chmod(0o700)
    for number, at in enumerate(w.DAYS):
        if number:
            change(maria, number)
        dump(maria, top / f"{at:%Y%m%d}.sql", at)
        if at != w.DAYS[-1]:
            maria.states[at] = text_of(maria, NAME)
    days = [top / f"{at:%Y%m%d}.sql" for at in w.DAYS]
    params = {"path": str(top / "%Y%m%d.sql"), "database": NAME, "compare": True}
    return w.Made(kind, top, days, "backup.mariadb", params, {"prints": v.prints_of(days)})


def make_physical(world, kind):
    """A full, and two increments on it."""
    maria = server(world)
    top = world.folder("good", kind)
    top.chmod(0o700)
    before = None
    for number, at in enumerate(w.DAYS):
        if number:
            maria.sql(f"INSERT INTO item SELECT seq + {10**6 * number}, 'x', 0 FROM seq_1_to_50")
        target = top / f"{at:%Y%m%d}"
        backup(maria, target, at, before)
        before = target
    days = [top / f"{at:%Y%m%d}" for at in w.DAYS]
    return w.Made(
        kind, top, days, "backup.mariabackup", {"path": str(top / "%Y%m%d"), "log": True}, {"policy": v.CHAIN}
    )


def backup(maria, target, at, before=None):
    """One mariabackup; its log lies beside the files, as the jobs of the trade keep it."""
    words = [
        "--no-defaults",
        "--backup",
        f"--target-dir={target}",
        "--user=root",
        f"--socket={maria.socket}",
        f"--datadir={maria.data}",
    ]
    if before is not None:
        words.append(f"--incremental-basedir={before}")
    said = w.run(w.tool("mariabackup"), *words, at=at)
    (target / "backup.log").write_bytes(said.stderr)
    shutil.copystat(target, target)
    for inner in target.rglob("*"):
        inner.chmod(0o700 if inner.is_dir() else 0o600)
    target.chmod(0o700)
    w.dated(target, at + w.timedelta(minutes=1))


ONE = "UPDATE item SET rejected = NOT rejected WHERE id = {n}"
# What is done to a copy of the database, under its own name, before it is dumped.
VARIANTS = {
    "one row changed": [ONE],
    "a third": ["DELETE FROM `订单` WHERE id % 3", "DELETE FROM item WHERE id % 3"],
    "fourfold": [
        "INSERT INTO `订单` (`客户`, body, fee, made, raw, f, j) SELECT `客户`,"
        " CONCAT(MD5(CONCAT(body, seq)), REPEAT('订单内容', id % 20)), fee, made,"
        " UNHEX(MD5(CONCAT(seq, id))), f, j FROM `订单`, seq_1_to_3",
        "INSERT INTO item SELECT id + 10000000 * seq, name, rejected FROM item, seq_1_to_3",
    ],
    "no tables": ["DROP TABLE `订单`", "DROP TABLE item", "DROP TABLE empty_one", "DROP TABLE staff"],
    "one table gone": ["DROP TABLE item"],
    "the rows of one table gone": ["TRUNCATE item"],
    "one twice, one lost": [
        "DELETE FROM item WHERE id = {n} + 1",
        "INSERT INTO item SELECT {n} + 1, name, rejected FROM item WHERE id = {n}",
    ],
    "staging": ["UPDATE `订单` SET `客户` = 'TEST'", "DELETE FROM item WHERE id % 7 = 0"],
    "read as Latin-1": ["UPDATE `订单` SET `客户` = CONVERT(BINARY CONVERT(`客户` USING gbk) USING latin1)"],
    "as it is": [],
}


def variant(world, path, at, what, *, fingerprint=False, options=(), squeeze=False):
    """A dump of the database of that day (of the newest where `at` is no slot) after VARIANTS[what]."""
    maria = server(world)
    n = world.random.randrange(5, maria.rows // 5)
    other = "kept_for_now"
    copy_of(maria, NAME, other)
    try:
        if at in maria.states:
            maria.sql(f"DROP DATABASE `{NAME}`", database=None)
            filled(maria, maria.states[at], NAME)
        maria.sql(*(one.format(n=n) for one in VARIANTS[what]))
        dump(maria, path, at, *options, fingerprint=fingerprint, squeeze=squeeze)
    finally:
        maria.sql(f"DROP DATABASE `{NAME}`", database=None)
        copy_of(maria, other, NAME)
        maria.sql(f"DROP DATABASE `{other}`", database=None)


def copy_of(maria, name, other):
    """A database again under another name."""
    filled(maria, text_of(maria, name), other)


def client(maria):
    """What its clients are told."""
    return ["--no-defaults", f"--socket={maria.socket}", "-uroot", "--default-character-set=utf8mb4"]


def text_of(maria, name):
    """A database as text."""
    return w.run(w.tool("mariadb-dump"), *client(maria), "--routines", name).stdout


def filled(maria, text, name):
    """A new database with what such a text says."""
    maria.sql(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4", database=None)
    w.run(w.tool("mariadb"), *client(maria), name, input=text)
