"""The questions put to MySQL and MariaDB."""

# ruff: noqa: S608  # statements are put together from this file's own constants

import re
from typing import Any, cast

from agent.sources import sql_common
from agent.sources.sql_asks import Asks, Questions, timed, unsupported
from agent.sources.sql_mysql import MysqlSession
from agent.sources.sql_session import optional, text, whole
from checks.api import ErrorKind, ObservationError
from checks.sql import (
    Account,
    Accounts,
    Archiver,
    Area,
    Backup,
    Backups,
    Blocker,
    Connections,
    Job,
    Jobs,
    Locks,
    Login,
    Member,
    Replication,
    Settings,
    Space,
    Statistics,
    Tally,
    Transactions,
    Upstream,
)

_SERVERS_OWN = (
    "COMMAND NOT IN ('Daemon', 'Binlog Dump', 'Binlog Dump GTID', 'Slave_IO', 'Slave_SQL', 'Slave_worker')"
)


class MysqlAsks(Questions, Asks):
    """MySQL from 5.7, MariaDB from 10.3."""

    def status(self, *names: str) -> dict[str, int | None]:
        """Global status counters."""
        wanted = ", ".join(f"'{name}'" for name in names)
        found = self.session.rows(f"SHOW GLOBAL STATUS WHERE Variable_name IN ({wanted})")
        return {text(name): whole(value) for name, value in found}

    def variables(self, *names: str) -> dict[str, str]:
        """Global variables."""
        wanted = ", ".join(f"'{name}'" for name in names)
        found = self.session.rows(f"SHOW GLOBAL VARIABLES WHERE Variable_name IN ({wanted})")
        return {text(name): text(value) for name, value in found}

    def named(self, *statements: str) -> list[dict[str, Any]]:
        """Rows of the first statement this version knows."""
        session = cast(MysqlSession, self.session)
        for statement in statements[:-1]:
            try:
                return session.named(statement)
            except ObservationError as problem:
                if problem.kind is not ErrorKind.UNSUPPORTED:
                    raise
        return session.named(statements[-1])

    def may(self, right: str) -> bool:
        """Whether this account holds a global right."""
        own = " ".join(str(row[0]) for row in self.session.rows("SHOW GRANTS") if " ON *.* " in str(row[0]))
        return bool(re.search(rf"\b({right}|ALL PRIVILEGES)\b", own))

    def hidden(self) -> int:
        """Without PROCESS an account sees its own sessions only: how many others there are."""
        if self.may("PROCESS"):
            return 0
        return max((self.status("Threads_connected").get("Threads_connected") or 1) - 1, 1)

    def login(self) -> Login:
        answer_us = timed(self.session, "SELECT 1")
        found = self.variables("version", "version_comment", "read_only")
        up = self.status("Uptime").get("Uptime")
        now = whole(self.session.rows("SELECT UNIX_TIMESTAMP() * 1000")[0][0])
        started = None if up is None or now is None else now - up * 1000
        # A replica is known by its upstream; that right may be missing, then the role is not told.
        upstreams = self._perhaps_upstreams()
        role = "" if upstreams is None else "standby" if upstreams else "primary"
        version = f"{found.get('version', '')} {found.get('version_comment', '')}".strip()
        return Login(
            "answered", version, role, found.get("read_only") == "ON", self.login_us, answer_us, started
        )

    def connections(self) -> Connections:
        row = self.session.rows(
            f"SELECT COUNT(*), SUM(COMMAND NOT IN ('Sleep') AND ID <> CONNECTION_ID()),"
            f" MAX(IF(COMMAND IN ('Query', 'Execute') AND ID <> CONNECTION_ID(), TIME, NULL))"
            f" FROM information_schema.PROCESSLIST WHERE {_SERVERS_OWN}"
        )[0]
        idle = optional(
            self.session,
            "SELECT COUNT(*), MAX(TIMESTAMPDIFF(SECOND, t.trx_started, NOW()))"
            " FROM information_schema.INNODB_TRX t JOIN information_schema.PROCESSLIST p"
            " ON p.ID = t.trx_mysql_thread_id WHERE p.COMMAND = 'Sleep'",
            lambda rows: rows[0],
            (None, None),
        )
        used = self.status("Threads_connected").get("Threads_connected")
        limit = whole(self.variables("max_connections").get("max_connections"))
        hidden = self.hidden()
        return Connections(used, limit, whole(row[1]), whole(idle[0]), whole(idle[1]), whole(row[2]), hidden)

    def locks(self) -> Locks:
        waits = self._lock_waits()
        metadata = self.session.rows(
            "SELECT COUNT(*), MAX(TIME) FROM information_schema.PROCESSLIST"
            " WHERE STATE LIKE 'Waiting for %lock' AND COMMAND <> 'Daemon'"
        )[0]
        count: dict[int, tuple[int, int | None]] = {}
        for _, _, blocker, since in waits:
            count[blocker] = (count.get(blocker, (0, None))[0] + 1, whole(since))
        blockers = tuple(Blocker(pid, n, since) for pid, (n, since) in sorted(count.items())[:20])
        number = len({row[0] for row in waits}) + (whole(metadata[0]) or 0)
        longest = [age for age in (*(whole(row[1]) for row in waits), whole(metadata[1])) if age is not None]
        return Locks(number, max(longest, default=None), blockers, self._deadlocks(), self.hidden())

    def _lock_waits(self) -> list[tuple[int, Any, int, Any]]:
        """(waiting session, seconds, blocking session, seconds of its transaction)."""
        ages = (
            "TIMESTAMPDIFF(SECOND, r.trx_wait_started, NOW())",
            "TIMESTAMPDIFF(SECOND, b.trx_started, NOW())",
        )
        join = (
            f"SELECT r.trx_mysql_thread_id, {ages[0]}, b.trx_mysql_thread_id, {ages[1]} FROM {{}} w"
            " JOIN information_schema.INNODB_TRX r ON r.trx_id = w.{}"
            " JOIN information_schema.INNODB_TRX b ON b.trx_id = w.{} LIMIT 1000"
        )
        older = join.format("information_schema.INNODB_LOCK_WAITS", "requesting_trx_id", "blocking_trx_id")
        newer = join.format(
            "performance_schema.data_lock_waits",
            "REQUESTING_ENGINE_TRANSACTION_ID",
            "BLOCKING_ENGINE_TRANSACTION_ID",
        )
        found = self.session.rows(older if cast(MysqlSession, self.session).mariadb else newer)
        return [(int(a), b, int(c), d) for a, b, c, d in found]

    def _deadlocks(self) -> Tally:
        found = self.status("Innodb_deadlocks").get("Innodb_deadlocks")
        if found is None:
            statement = "SELECT COUNT FROM information_schema.INNODB_METRICS WHERE NAME = 'lock_deadlocks'"
            found = optional(self.session, statement, lambda rows: rows[0][0] if rows else None)
        return self.recall.tally("deadlocks", found)

    def transactions(self) -> Transactions:
        number, longest = self.session.rows(
            "SELECT COUNT(*), MAX(TIMESTAMPDIFF(SECOND, trx_started, NOW()))"
            " FROM information_schema.INNODB_TRX WHERE trx_mysql_thread_id <> CONNECTION_ID()"
        )[0]
        statement = "SELECT COUNT FROM information_schema.INNODB_METRICS WHERE NAME = 'trx_rseg_history_len'"
        history = optional(self.session, statement, lambda rows: rows[0][0] if rows else None)
        return Transactions(
            whole(number), whole(longest), None, None, history=whole(history), hidden=self.hidden()
        )

    def _upstreams(self) -> tuple[Upstream, ...]:
        found = self.named("SHOW ALL SLAVES STATUS", "SHOW REPLICA STATUS", "SHOW SLAVE STATUS")
        return tuple(_upstream(row) for row in found)

    def _perhaps_upstreams(self) -> tuple[Upstream, ...] | None:
        try:
            return self._upstreams()
        except ObservationError as problem:
            if problem.kind is ErrorKind.DENIED:
                return None
            raise

    def replication(self) -> Replication:
        upstreams = self._upstreams()
        found = self.session.rows(
            "SELECT ID, HOST, COMMAND FROM information_schema.PROCESSLIST"
            " WHERE COMMAND LIKE 'Binlog Dump%' ORDER BY HOST LIMIT 100"
        )
        members = tuple(
            Member(text(host).rpartition(":")[0], "Binlog Dump", "", None, None) for _, host, _ in found
        )
        return Replication("standby" if upstreams else "primary", members, upstreams, hidden=self.hidden())

    def space(self) -> Space:
        found = self.session.rows(
            "SELECT s.SCHEMA_NAME, (SELECT SUM(t.DATA_LENGTH + t.INDEX_LENGTH) "
            " FROM information_schema.TABLES t WHERE t.TABLE_SCHEMA = s.SCHEMA_NAME)"
            " FROM information_schema.SCHEMATA s"
            " WHERE s.SCHEMA_NAME NOT IN ('information_schema', 'performance_schema', 'sys')"
        )
        return sql_common.space(
            self.recall, [Area("database", text(name), whole(size) or 0) for name, size in found]
        )

    def settings(self) -> Settings:
        if cast(MysqlSession, self.session).mariadb:
            statement = (
                "SELECT VARIABLE_NAME, GLOBAL_VALUE, GLOBAL_VALUE_ORIGIN"
                " FROM information_schema.SYSTEM_VARIABLES"
                " WHERE GLOBAL_VALUE_ORIGIN NOT IN ('COMPILE-TIME', 'AUTO') ORDER BY 1"
            )
        else:
            statement = (
                "SELECT i.VARIABLE_NAME, v.VARIABLE_VALUE, i.VARIABLE_SOURCE"
                " FROM performance_schema.variables_info i"
                " JOIN performance_schema.global_variables v USING (VARIABLE_NAME)"
                " WHERE i.VARIABLE_SOURCE <> 'COMPILED' ORDER BY 1"
            )
        found = self.session.rows(statement)
        items = [sql_common.setting(text(n).lower(), str(v or ""), text(o).lower()) for n, v, o in found]
        return sql_common.settings(self.recall, items)

    def statistics(self) -> Statistics:
        found = self.status("Innodb_buffer_pool_read_requests", "Innodb_buffer_pool_reads", "Slow_queries")
        asked, reads = found.get("Innodb_buffer_pool_read_requests"), found.get("Innodb_buffer_pool_reads")
        return Statistics(
            *sql_common.cache(self.recall, asked, reads),
            slow=self.recall.tally("slow", found.get("Slow_queries")),
        )

    def archiver(self) -> Archiver:
        """The binary log is the archive here: whether it is written, and how much of it lies there."""
        on = self.variables("log_bin").get("log_bin")
        if on != "ON":
            return Archiver(None if on is None else False)
        logs = optional(
            self.session, "SHOW BINARY LOGS", lambda rows: sum(whole(row[1]) or 0 for row in rows)
        )
        return Archiver(True, log_bytes=logs)

    def jobs(self) -> Jobs:
        """Events: the server keeps when one last ran, not how it went."""
        scheduler = self.variables("event_scheduler").get("event_scheduler")
        found = self.session.rows(
            "SELECT CONCAT(EVENT_SCHEMA, '.', EVENT_NAME), STATUS, UNIX_TIMESTAMP(LAST_EXECUTED) * 1000"
            " FROM information_schema.EVENTS ORDER BY 1 LIMIT 200"
        )
        made = tuple(Job(text(name), state == "ENABLED", whole(at), "") for name, state, at in found)
        return Jobs("events", None if scheduler is None else scheduler == "ON", made)

    def accounts(self) -> Accounts:
        """Accounts without their password hashes; whether there is one is asked by its length."""
        mariadb = cast(MysqlSession, self.session).mariadb
        found = self.named(_MARIADB_USERS if mariadb else _MYSQL_USERS)
        made = [_account(row) for row in found]
        return sql_common.accounts(self.recall, made, self._audit())

    def _audit(self) -> bool | None:
        statement = "SELECT COUNT(*) FROM information_schema.PLUGINS WHERE PLUGIN_TYPE = 'AUDIT'"
        statement += " AND PLUGIN_STATUS = 'ACTIVE' AND PLUGIN_NAME LIKE '%audit%'"
        if not whole(self.session.rows(statement)[0][0]):
            return self.variables("general_log").get("general_log") == "ON"
        return self.variables("server_audit_logging").get("server_audit_logging", "ON") == "ON"

    def backups(self) -> Backups:
        """What mariadb-backup or xtrabackup wrote down (`--history`)."""
        for table in ("mysql.mariadb_backup_history", "PERCONA_SCHEMA.xtrabackup_history"):
            if self._has(table):
                return Backups(table, self._history(table))
        raise unsupported("backups (no backup history table)")

    def _has(self, table: str) -> bool:
        try:
            return not self.session.missing(f"SELECT 1 FROM {table} LIMIT 1")
        except ObservationError as problem:
            # A schema of its own that is not there looks like one that may not be read.
            if problem.kind is ErrorKind.DENIED and not table.startswith("mysql."):
                return False
            raise

    def _history(self, table: str) -> tuple[Backup, ...]:
        found = self.session.rows(
            "SELECT uuid, incremental, UNIX_TIMESTAMP(end_time) * 1000, IF(partial = 'Y', 'failed', 'ok')"
            f" FROM {table} ORDER BY end_time DESC LIMIT 20"
        )
        kinds = {"Y": "incremental", "N": "full"}
        return tuple(
            Backup(text(name), kinds.get(text(kind), ""), whole(at), None, text(how))
            for name, kind, at, how in found
        )


_MARIADB_USERS = """
SELECT CONCAT(User, '@', Host) AS name, Super_priv = 'Y' AS super_user, Create_user_priv = 'Y' AS create_role,
 Repl_slave_priv = 'Y' AS replication, password_expired = 'Y' AS expired,
 COALESCE(JSON_VALUE(g.Priv, '$.account_locked'), 'false') IN ('true', '1') AS locked,
 JSON_VALUE(g.Priv, '$.password_lifetime') AS lifetime,
 JSON_VALUE(g.Priv, '$.password_last_changed') AS changed,
 (plugin IN ('', 'mysql_native_password') AND LENGTH(authentication_string) = 0) AS no_password
 FROM mysql.user JOIN mysql.global_priv g USING (User, Host) WHERE is_role = 'N' ORDER BY 1 LIMIT 1000
"""
_MYSQL_USERS = """
SELECT CONCAT(User, '@', Host) AS name, Super_priv = 'Y' AS super_user, Create_user_priv = 'Y' AS create_role,
 Repl_slave_priv = 'Y' AS replication, password_expired = 'Y' AS expired, account_locked = 'Y' AS locked,
 password_lifetime AS lifetime, UNIX_TIMESTAMP(password_last_changed) AS changed,
 (plugin IN ('mysql_native_password', 'caching_sha2_password')
  AND LENGTH(authentication_string) = 0) AS no_password
 FROM mysql.user ORDER BY 1 LIMIT 1000
"""


def _account(row: dict[str, Any]) -> Account:
    rights = {"superuser": "super_user", "create_role": "create_role", "replication": "replication"}
    days, changed = whole(row["lifetime"]), whole(row["changed"])
    expires = (changed + days * 86_400) * 1000 if days and days > 0 and changed is not None else None
    return Account(
        text(row["name"]),
        tuple(word for word, column in rights.items() if row[column]),
        locked=bool(row["locked"]),
        expires=expires,
        expired=bool(row["expired"]),
        no_password=bool(row["no_password"]),
    )


def _upstream(row: dict[str, Any]) -> Upstream:
    receives = row.get("slave_io_running") or row.get("replica_io_running")
    applies = row.get("slave_sql_running") or row.get("replica_sql_running")
    if "seconds_behind_master" in row:
        behind = whole(row["seconds_behind_master"])
    else:
        behind = whole(row.get("seconds_behind_source"))
    number = whole(row.get("last_io_errno")) or whole(row.get("last_sql_errno"))
    return Upstream(
        None if receives is None or applies is None else receives == "Yes" and applies == "Yes",
        f"io {text(receives)}, sql {text(applies)}",
        None,
        None if behind is None else behind * 1000,
        trouble=f"error {number}" if number else "",
    )
