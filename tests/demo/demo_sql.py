"""Databases: PostgreSQL (demo_postgres.py), MariaDB, Redis with a replica and a sentinel."""

import contextlib
import shutil
import signal
import subprocess
from contextlib import closing

from demo_parts import PROBER, QUIET, Asset, Cannot, Part, as_user, free_port, program, until
from demo_postgres import NONE, PASSWORD, QUICK, Postgres


class Maria(Part):
    """A MariaDB with its binary log."""

    name = "mariadb"
    programs = ("mariadbd", "mariadb-install-db")

    def __init__(self, place):
        super().__init__(place)
        self.port = free_port()
        self.held = []

    def assets(self):
        section = {
            "address": "127.0.0.1",
            "port": self.port,
            "platform": "mysql",
            "secret": "mysql",
            "tls": "off",
        }
        slow = {"login_ms": NONE, "answer_ms": NONE}
        params = {"database.*": QUICK, "database.alive": {**QUICK, **slow},
                  "database.settings": {**QUICK, "changed": NONE}}  # fmt: skip
        checks = ["database.alive", "database.connections", "database.settings", "database.locks"]
        return [Asset("maria-1", "database", {"via": PROBER, "sql": section}, checks, params)]

    def secrets(self):
        return {"mysql": {"user": "inspector", "password": PASSWORD}}

    def start(self):
        self.user = as_user(self.place, "mysql")
        data = self.place / "data"
        subprocess.run(
            [*self.user, program("mariadb-install-db"), "--no-defaults", f"--datadir={data}",
             "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve",
             f"--tmpdir={self.place}"],
            check=True, cwd=self.place, timeout=300, **QUIET,
        )  # fmt: skip
        self.serve()
        self.sql(
            "DELETE FROM mysql.global_priv WHERE Host NOT IN ('localhost', '127.0.0.1')", "FLUSH PRIVILEGES",
            f"CREATE USER inspector@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'", *self._grants(),
        )  # fmt: skip

    @staticmethod
    def _grants():
        rights = "PROCESS, REPLICATION CLIENT, SLAVE MONITOR, BINLOG MONITOR, EVENT"
        to = "TO inspector@'127.0.0.1'"
        return f"GRANT {rights} ON *.* {to}", f"GRANT SELECT ON mysql.* {to}"

    def serve(self):
        """Start it."""
        words = [
            *self.user, program("mariadbd"), "--no-defaults", f"--datadir={self.place}/data",
            f"--socket={self.place}/s", f"--pid-file={self.place}/pid", f"--port={self.port}",
            "--bind-address=127.0.0.1", f"--tmpdir={self.place}", "--innodb-buffer-pool-size=16M",
            "--innodb-flush-log-at-trx-commit=0", "--skip-name-resolve", "--log-bin=bin", "--server-id=1",
            "--max-connections=100",
        ]  # fmt: skip
        self.run("mariadbd", words, ready=self.up)

    def stop(self):
        self.let_go()
        super().stop()

    def connect(self):
        """A connection of our own."""
        import pymysql

        return pymysql.connect(
            host="127.0.0.1", port=self.port, user="root", autocommit=True, ssl_disabled=True
        )

    def sql(self, *statements):
        """Rows of the last statement."""
        with closing(self.connect()) as conn, conn.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall())

    def up(self):
        """Whether it lets us in."""
        import pymysql

        try:
            self.connect().close()
        except pymysql.Error:
            return False
        return True

    # faults

    def stops(self):
        """It is stopped."""
        self.end("mariadbd", 60)

    def hangs(self):
        """It is there and answers nothing."""
        self.signal("mariadbd", signal.SIGSTOP)

    def goes_on(self):
        """It answers."""
        self.signal("mariadbd", signal.SIGCONT)

    def password_changed(self):
        """Somebody changes the account's password."""
        self.sql("ALTER USER inspector@'127.0.0.1' IDENTIFIED BY 'another-Word-3'")

    def password_back(self):
        """As it was."""
        self.sql(f"ALTER USER inspector@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'")

    def sessions_taken(self):
        """85 of 100 sessions are taken."""
        self.held += [self.connect() for _ in range(85)]

    def let_go(self):
        """These sessions end."""
        while self.held:
            with contextlib.suppress(Exception):
                self.held.pop().close()


class Redis(Part):
    """A master, a replica, a sentinel that watches them."""

    name = "redis"
    programs = ("redis-server",)

    def __init__(self, place):
        super().__init__(place)
        self.ports = {name: free_port() for name in ("master", "replica", "sentinel")}

    def assets(self):
        made = []
        for name, port in self.ports.items():
            section = {"address": "127.0.0.1", "port": port, "platform": "redis", "tls": "off",
                       "secret": "redis"}  # fmt: skip
            params = {"database.redis": {**QUICK, "ping_ms": {"warn": None, "crit": None},
                                         "replicas": int(name == "master")}}  # fmt: skip
            made.append(
                Asset(f"redis-{name}", "cache", {"via": PROBER, "sql": section}, ["database.redis"], params)
            )
        return made

    def secrets(self):
        return {"redis": {"password": PASSWORD}}

    def start(self):
        self.serve("master")
        self.serve("replica")
        self.serve("sentinel")
        until(self._whole, what="the replica and the sentinel")

    def _whole(self):
        with contextlib.suppress(OSError, Cannot):
            told = self.ask("master", "INFO", "replication")
            watched = self.ask("sentinel", "SENTINEL", "master", "demo")
            return "state=online" in told and "flags\nmaster\n" in watched
        return False

    def serve(self, name):
        """Start one of them."""
        place, port = self.place / name, self.ports[name]
        place.mkdir(exist_ok=True)
        if name == "sentinel":
            conf = place / "s.conf"
            conf.write_text(
                f"port {port}\nbind 127.0.0.1\ndir {place}\nrequirepass {PASSWORD}\n"
                f"sentinel monitor demo 127.0.0.1 {self.ports['master']} 1\n"
                f"sentinel auth-pass demo {PASSWORD}\nsentinel down-after-milliseconds demo 1500\n"
                # A replica that is never promoted: this is about seeing a fault, not about its repair.
                "sentinel failover-timeout demo 86400000\n"
            )
            words = [program("redis-server"), conf, "--sentinel"]
        else:
            words = [
                program("redis-server"), "--port", port, "--bind", "127.0.0.1", "--dir", place, "--save", "",
                "--requirepass", PASSWORD, "--masterauth", PASSWORD, "--maxmemory", "64mb",
                "--replica-priority", "0", "--repl-ping-replica-period", "1",
                "--repl-diskless-sync-delay", "0",
            ]  # fmt: skip
            if name == "replica":
                words += ["--replicaof", "127.0.0.1", str(self.ports["master"])]
        self.run(name, words, port)

    def ask(self, name, *words):
        """The answer to a command, as lines."""
        from agent.sources.sql_resp import Redis as Talk
        from checks.database.redis import Params

        try:
            with closing(Talk(Params("127.0.0.1", port=self.ports[name], timeout_ms=5000))) as redis:
                redis.ask("AUTH", PASSWORD)
                return _text(redis.ask(*words))
        except Exception as problem:
            raise Cannot(repr(problem)) from None

    # faults

    def heal(self):
        """All three as at the start."""
        with contextlib.suppress(Cannot):
            self.ask("master", "CONFIG", "SET", "maxmemory", "64mb")
        for name in ("master", "replica", "sentinel"):
            if name in self.running and self.running[name].poll() is not None:
                self.running.pop(name)
            if name not in self.running:
                self.serve(name)
        until(self._whole, 90, what="the replica and the sentinel")

    def replica_stops(self):
        """The replica is killed; the master notices."""
        self.end("replica")
        until(lambda: "slave0" not in self.ask("master", "INFO", "replication"), what="the master to notice")

    def sentinel_stops(self):
        """The sentinel is killed."""
        self.end("sentinel")

    def master_stops(self):
        """The master is killed; replica and sentinel notice."""
        self.end("master")
        down = lambda: "master_link_status:down" in self.ask("replica", "INFO", "replication")  # noqa: E731
        until(down, what="the replica to notice")
        until(lambda: "s_down" in self.ask("sentinel", "SENTINEL", "master", "demo"), what="the sentinel")

    def memory_full(self):
        """It may use two megabytes, and does."""
        self.ask("master", "CONFIG", "SET", "maxmemory", self._used())

    def _used(self):
        told = self.ask("master", "INFO", "memory")
        return (
            next(line for line in told.split("\n") if line.startswith("used_memory:")).split(":")[1].strip()
        )

    def snapshot_fails(self):
        """The folder of its snapshots is gone."""
        shutil.rmtree(self.place / "master")
        self.ask("master", "BGSAVE")
        failed = lambda: "rdb_last_bgsave_status:err" in self.ask("master", "INFO", "persistence")  # noqa: E731
        until(failed, what="a snapshot that fails")

    def new_master(self):
        """The master is started anew, with a folder."""
        self.end("master")
        self.heal()


def _text(value):
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, list | tuple):
        return "\n".join(_text(one) for one in value)
    return str(value)


def parts(place):
    """All of them."""
    return [Postgres(place), Maria(place), Redis(place)]
