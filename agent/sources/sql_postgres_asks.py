"""The questions put to PostgreSQL and Kingbase."""

# ruff: noqa: S608  # statements are put together from this file's own constants

from agent.sources import sql_postgres_more as more
from agent.sources.sql_asks import Asks, timed
from agent.sources.sql_postgres_talk import PostgresTalk
from agent.sources.sql_session import text, whole
from checks.sql import (
    Accounts,
    Archiver,
    Backups,
    Blocker,
    Connections,
    Jobs,
    Locks,
    Login,
    Replication,
    Settings,
    Space,
    Statistics,
    Transactions,
)

# Seconds since a column's instant, by the server's own clock.
_AGE = "extract(epoch FROM clock_timestamp() - {})"
_XID_LIMIT = 2_147_483_647


class PostgresAsks(PostgresTalk, Asks):
    """PostgreSQL from 10 on, and what descends from it."""

    def login(self) -> Login:
        answer_us = timed(self.session, "SELECT 1")
        version, standby, read_only = self.one(
            "SELECT version(), pg_is_in_recovery(), current_setting('default_transaction_read_only')"
        )
        started = self.perhaps("SELECT extract(epoch FROM pg_postmaster_start_time()) * 1000")
        role = "standby" if standby else "primary"
        locked = bool(standby) or read_only == "on"
        return Login("answered", text(version), role, locked, self.login_us, answer_us, whole(started))

    def connections(self) -> Connections:
        # Between two questions our own looks are idle in a transaction, several at a time: nobody left these.
        own = "(application_name = 'roundseal' AND usename = current_user) IS NOT TRUE"
        idle = f"state LIKE 'idle in transaction%' AND {own}"
        row = self.one(
            "SELECT count(*), count(*) FILTER (WHERE state = 'active' AND pid <> pg_backend_pid()),"
            f" count(*) FILTER (WHERE {idle}),"
            f" max({_AGE.format('state_change')}) FILTER (WHERE {idle}),"
            f" max({_AGE.format('query_start')}) FILTER (WHERE state = 'active' AND pid <> pg_backend_pid())"
            # Sessions that are hidden have no type; all of the server's own have one.
            " FROM {p}stat_activity WHERE backend_type = 'client backend' OR backend_type IS NULL"
        )
        limit = self.one(
            "SELECT sum(setting::int * CASE name WHEN 'max_connections' THEN 1 ELSE -1 END) FROM {p}settings"
            " WHERE name IN ('max_connections', 'superuser_reserved_connections')"
        )[0]
        used, active, waiting, longest_idle, longest = map(whole, row[:5])
        return Connections(used, whole(limit), active, waiting, longest_idle, longest, self.hidden())

    def locks(self) -> Locks:
        waiting = "(SELECT DISTINCT pid FROM {p}locks WHERE NOT granted)"
        number = whole(self.one(f"SELECT count(*) FROM {waiting} w")[0])
        longest = self.one(
            f"SELECT max({_AGE.format('a.query_start')})"
            f" FROM {{p}}stat_activity a JOIN {waiting} w USING (pid)"
        )[0]
        found = self.ask(
            "SELECT b.pid, b.number, " + _AGE.format("a.xact_start") + " FROM (SELECT blocker AS pid,"
            f" count(*) AS number FROM {waiting} w, unnest(pg_blocking_pids(w.pid)) AS blocker GROUP BY 1) b"
            " LEFT JOIN {p}stat_activity a ON a.pid = b.pid ORDER BY b.number DESC, b.pid LIMIT 20"
        )
        blockers = tuple(Blocker(int(pid), int(n), whole(since)) for pid, n, since in found)
        deadlocks = self.one("SELECT sum(deadlocks) FROM {p}stat_database")[0]
        return Locks(
            number, whole(longest), blockers, self.recall.tally("deadlocks", deadlocks), self.hidden()
        )

    def transactions(self) -> Transactions:
        number, longest = self.one(
            f"SELECT count(*), max({_AGE.format('xact_start')}) FROM {{p}}stat_activity"
            " WHERE xact_start IS NOT NULL AND pid <> pg_backend_pid()"
        )
        prepared, waited = self.one(
            f"SELECT count(*), max({_AGE.format('prepared')}) FROM {{p}}prepared_xacts"
        )
        age = self.one("SELECT max(age(datfrozenxid)) FROM {p}database")[0]
        return Transactions(
            whole(number), whole(longest), whole(prepared), whole(waited), whole(age), _XID_LIMIT,
            hidden=self.hidden(),
        )  # fmt: skip

    def replication(self) -> Replication:
        return more.standby(self) if self.standby() else more.primary(self)

    def space(self) -> Space:
        return more.space(self)

    def settings(self) -> Settings:
        return more.settings(self)

    def statistics(self) -> Statistics:
        return more.statistics(self)

    def archiver(self) -> Archiver:
        return more.archiver(self)

    def jobs(self) -> Jobs:
        return more.jobs(self)

    def accounts(self) -> Accounts:
        return more.accounts(self)

    def backups(self) -> Backups:
        return more.backups(self)
