"""The questions put to Oracle, from its published views; never tried on the product itself."""

# ruff: noqa: S608  # statements are put together from this file's own constants

from typing import Any

from agent.sources import sql_common
from agent.sources.sql_asks import Asks, Questions, timed
from agent.sources.sql_session import optional, text, whole
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
    Replication,
    Settings,
    Space,
    Statistics,
    Transactions,
    Upstream,
)

# Milliseconds since 1970 of a DATE or TIMESTAMP in the server's own zone.
_MS = "(CAST(SYS_EXTRACT_UTC(CAST({} AS TIMESTAMP WITH TIME ZONE)) AS DATE) - DATE '1970-01-01') * 86400000"


class OracleAsks(Questions, Asks):
    """Oracle from 11.2."""

    def login(self) -> Login:
        answer_us = timed(self.session, "SELECT 1 FROM dual")
        version, started = self.session.rows(f"SELECT version, {_MS.format('startup_time')} FROM v$instance")[
            0
        ]
        role, mode = self.session.rows("SELECT database_role, open_mode FROM v$database")[0]
        return Login(
            "answered", f"Oracle {text(version)}", _role(role), "READ ONLY" in str(mode),
            self.login_us, answer_us, whole(started),
        )  # fmt: skip

    def connections(self) -> Connections:
        used, active, idle, longest_idle, longest = self.session.rows(
            "SELECT COUNT(*), COUNT(CASE WHEN status = 'ACTIVE' THEN 1 END),"
            " COUNT(CASE WHEN status = 'INACTIVE' AND taddr IS NOT NULL THEN 1 END),"
            " MAX(CASE WHEN status = 'INACTIVE' AND taddr IS NOT NULL THEN last_call_et END),"
            " MAX(CASE WHEN status = 'ACTIVE' THEN last_call_et END)"
            " FROM v$session WHERE type = 'USER' AND sid <> SYS_CONTEXT('USERENV', 'SID')"
        )[0]
        limit = self.session.rows("SELECT value FROM v$parameter WHERE name = 'sessions'")[0][0]
        return Connections(
            whole(used), whole(limit), whole(active), whole(idle), whole(longest_idle), whole(longest)
        )

    def locks(self) -> Locks:
        found = self.session.rows(
            "SELECT sid, blocking_session, seconds_in_wait FROM v$session WHERE blocking_session IS NOT NULL"
        )
        count: dict[int, int] = {}
        for _, blocker, _ in found:
            count[int(blocker)] = count.get(int(blocker), 0) + 1
        longest = max((whole(row[2]) or 0 for row in found), default=None)
        deadlocks = optional(
            self.session, "SELECT value FROM v$sysstat WHERE name = 'enqueue deadlocks'", lambda r: r[0][0]
        )
        blockers = tuple(Blocker(sid, number, None) for sid, number in sorted(count.items())[:20])
        return Locks(len(found), longest, blockers, self.recall.tally("deadlocks", deadlocks))

    def transactions(self) -> Transactions:
        number, longest = self.session.rows(
            "SELECT COUNT(*), MAX((SYSDATE - start_date) * 86400) FROM v$transaction"
        )[0]
        pending = optional(self.session, "SELECT COUNT(*) FROM dba_2pc_pending", lambda r: r[0][0])
        return Transactions(whole(number), whole(longest), whole(pending), None)

    def replication(self) -> Replication:
        role = _role(self.session.rows("SELECT database_role FROM v$database")[0][0])
        lags: dict[str, Any] = dict(
            self.session.rows(
                "SELECT name, EXTRACT(DAY FROM TO_DSINTERVAL(value)) * 86400"
                " + EXTRACT(HOUR FROM TO_DSINTERVAL(value)) * 3600"
                " + EXTRACT(MINUTE FROM TO_DSINTERVAL(value)) * 60"
                " + EXTRACT(SECOND FROM TO_DSINTERVAL(value))"
                " FROM v$dataguard_stats WHERE name IN ('transport lag', 'apply lag')"
            )
        )
        if role != "standby":
            return Replication(role)
        applying = self.session.rows("SELECT COUNT(*) FROM v$managed_standby WHERE process LIKE 'MRP%'")[0][0]
        lag = whole(lags.get("apply lag"))
        running = bool(applying)
        return Replication(
            role, upstreams=(Upstream(running, "MRP", None, None if lag is None else lag * 1000),)
        )

    def space(self) -> Space:
        found = self.session.rows(
            "SELECT tablespace_name, m.used_space * t.block_size, m.tablespace_size * t.block_size"
            " FROM dba_tablespace_usage_metrics m JOIN dba_tablespaces t USING (tablespace_name)"
        )
        return sql_common.space(
            self.recall,
            [Area("tablespace", text(name), whole(used), whole(size)) for name, used, size in found],
        )

    def settings(self) -> Settings:
        found = self.session.rows(
            "SELECT name, value, ismodified FROM v$parameter WHERE isdefault = 'FALSE' ORDER BY 1"
        )
        pending = self.session.rows(
            "SELECT s.name FROM v$spparameter s JOIN v$parameter p ON p.name = s.name"
            " WHERE s.isspecified = 'TRUE' AND p.issys_modifiable = 'FALSE'"
            " AND UPPER(s.value) <> UPPER(p.value)"
        )
        items = [sql_common.setting(text(n), str(v or ""), text(how).lower()) for n, v, how in found]
        return sql_common.settings(self.recall, items, {text(row[0]) for row in pending})

    def statistics(self) -> Statistics:
        found: dict[str, Any] = dict(
            self.session.rows(
                "SELECT name, value FROM v$sysstat WHERE name IN"
                " ('physical reads cache', 'db block gets from cache', 'consistent gets from cache')"
            )
        )
        reads = whole(found.get("physical reads cache"))
        gets = [whole(value) for name, value in found.items() if "gets" in name]
        asked = sum(value or 0 for value in gets) if gets else None
        bad = self.session.rows(
            "SELECT owner || '.' || index_name FROM dba_indexes WHERE status = 'UNUSABLE' ORDER BY 1"
        )
        return Statistics(
            *sql_common.cache(self.recall, asked, reads),
            invalid_indexes=tuple(text(row[0]) for row in bad[:50]),
        )

    def archiver(self) -> Archiver:
        mode = self.session.rows("SELECT log_mode FROM v$database")[0][0]
        failing = self.session.rows("SELECT COUNT(*) FROM v$archive_dest WHERE status = 'ERROR'")[0][0]
        last, waiting = self.session.rows(
            f"SELECT (SELECT MAX({_MS.format('completion_time')}) FROM v$archived_log),"
            " (SELECT COUNT(*) FROM v$log WHERE archived = 'NO' AND status <> 'CURRENT') FROM dual"
        )[0]
        done = whole(last)
        return Archiver(
            mode == "ARCHIVELOG", last_done=done, waiting=whole(waiting),
            last_failed=(done or 0) + 1 if failing else None,
        )  # fmt: skip

    def jobs(self) -> Jobs:
        found = self.session.rows(
            f"SELECT owner || '.' || job_name, enabled, {_MS.format('last_start_date')}, failure_count,"
            " (SELECT MAX(d.status) KEEP (DENSE_RANK LAST ORDER BY d.log_date)"
            "   FROM dba_scheduler_job_run_details d WHERE d.owner = j.owner AND d.job_name = j.job_name)"
            " FROM dba_scheduler_jobs j WHERE owner <> 'SYS' ORDER BY 1"
        )
        words = {"SUCCEEDED": "ok", "FAILED": "failed", "STOPPED": "failed"}
        made = tuple(
            Job(text(name), enabled == "TRUE", whole(at), words.get(str(how), ""), whole(failures))
            for name, enabled, at, failures, how in found[:200]
        )
        return Jobs("dbms_scheduler", True, made)

    def accounts(self) -> Accounts:
        found = self.session.rows(
            f"SELECT username, account_status, {_MS.format('expiry_date')},"
            " (SELECT COUNT(*) FROM dba_role_privs r WHERE r.grantee = u.username AND r.granted_role = 'DBA')"
            " FROM dba_users u ORDER BY 1"
        )
        made = [
            Account(text(name), ("superuser",) if dba else (), "LOCKED" in str(status), whole(expires),
                    "EXPIRED" in str(status) and "GRACE" not in str(status) and "LOCKED" not in str(status))
            for name, status, expires, dba in found
        ]  # fmt: skip
        audit = self.session.rows("SELECT value FROM v$parameter WHERE name = 'audit_trail'")
        unified = optional(
            self.session, "SELECT value FROM v$option WHERE parameter = 'Unified Auditing'", lambda r: r[0][0]
        )
        on = unified == "TRUE" or (bool(audit) and str(audit[0][0]).upper() not in ("NONE", "FALSE"))
        return sql_common.accounts(self.recall, made, on)

    def backups(self) -> Backups:
        found = self.session.rows(
            f"SELECT session_key, input_type, {_MS.format('end_time')}, output_bytes, status"
            " FROM v$rman_backup_job_details ORDER BY end_time DESC NULLS LAST"
        )
        words = {"COMPLETED": "ok", "COMPLETED WITH WARNINGS": "ok"}
        return Backups(
            "rman",
            tuple(Backup(text(key), text(kind), whole(at), whole(size),
                         "running" if "RUNNING" in str(how) else words.get(str(how), "failed"))
                  for key, kind, at, size, how in found[:20]),
        )  # fmt: skip


def _role(word: object) -> str:
    return {"PRIMARY": "primary", "PHYSICAL STANDBY": "standby", "LOGICAL STANDBY": "standby"}.get(
        str(word), ""
    )
