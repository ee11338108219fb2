"""More questions to PostgreSQL and Kingbase: replication, sizes, settings, statistics, accounts."""

# ruff: noqa: S608  # statements are put together from this file's own constants

import re
import time

from agent.sources import sql_common
from agent.sources.sql_asks import unsupported
from agent.sources.sql_postgres_talk import PostgresTalk
from agent.sources.sql_session import text, whole
from checks.api import ErrorKind, ObservationError
from checks.sql import (
    Account,
    Accounts,
    Archiver,
    Area,
    Backup,
    Backups,
    DeadRows,
    Job,
    Jobs,
    Member,
    Replication,
    Settings,
    Slot,
    Space,
    Statistics,
    Upstream,
)

_MS = "extract(epoch FROM {}) * 1000"
_PATIENCE_S = 1.0


def primary(asks: PostgresTalk) -> Replication:
    """Members and slots as a primary sees them."""
    found = asks.ask(
        "SELECT application_name, client_addr, state, sync_state,"
        " pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn), extract(epoch FROM replay_lag) * 1000, pid"
        " FROM {p}stat_replication ORDER BY 1, 2, 7 LIMIT 100"
    )
    members = tuple(
        Member(f"{text(name)}@{text(address) or 'local'}", text(state), text(sync), whole(lag),
               # No lag is told while nothing is written; caught up is no lag.
               whole(ms) if ms is not None else 0 if whole(lag) == 0 else None)
        for name, address, state, sync, lag, ms, _ in found
    )  # fmt: skip
    unseen = sum(not one.state for one in members)
    return Replication(
        "primary", tuple(one for one in members if one.state), slots=_slots(asks), hidden=unseen
    )


def _slots(asks: PostgresTalk) -> tuple[Slot, ...]:
    found = asks.ask(
        "SELECT slot_name, active, pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)"
        " FROM {p}replication_slots WHERE NOT temporary ORDER BY 1 LIMIT 100"
    )
    return tuple(Slot(text(name), bool(active), whole(kept)) for name, active, kept in found)


def standby(asks: PostgresTalk) -> Replication:
    """What a standby says of itself; without a receiver it replays nothing new."""
    received = asks.ask("SELECT status, pid FROM {p}stat_wal_receiver")
    here, there, since, paused = asks.one(
        "SELECT pg_last_wal_receive_lsn()::text, pg_last_wal_replay_lsn()::text,"
        " extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000,"
        " pg_is_wal_replay_paused()"
    )
    written, replayed = _position(here), _position(there)
    behind = None if written is None or replayed is None else written - replayed
    running = bool(received) and received[0][0] in ("streaming", None)
    state = text(received[0][0]) if received else "stopped"
    lag = _lag(asks, written, behind, whole(since)) if running else None
    return Replication("standby", upstreams=(Upstream(running, state, behind, lag, bool(paused)),))


def _position(lsn: object) -> int | None:
    """A place in the log (`16/B374D848`) in bytes."""
    high, _, low = text(lsn).partition("/")
    try:
        return (int(high, 16) << 32) + int(low, 16)
    except ValueError:
        return None


def _lag(asks: PostgresTalk, written: int | None, behind: int | None, since: int | None) -> int | None:
    """Milliseconds. Everything received is replayed: no lag, however long nobody wrote anything.

    The time since the last transaction that was replayed is an upper bound, and far too much where the first
    record after a quiet hour has just come in: if that is replayed while we wait, the wait is the lag.
    """
    if written is None or behind is None or behind <= 0:
        return None if behind is None else 0
    began = time.monotonic()
    while (waited := time.monotonic() - began) < _PATIENCE_S:
        now = _position(asks.one("SELECT pg_last_wal_replay_lsn()::text")[0])
        if now is not None and now >= written:
            took = round((time.monotonic() - began) * 1000)
            return took if since is None else min(took, since)
        time.sleep(min(0.05, _PATIENCE_S - waited))
    return since


def space(asks: PostgresTalk) -> Space:
    """A database whose size this account may not see has none."""
    visible = "has_database_privilege(oid, 'CONNECT')"
    if asks.perhaps("SELECT pg_has_role('{p}monitor', 'USAGE')"):
        visible = "true"
    databases = asks.ask(
        f"SELECT datname, CASE WHEN {visible} THEN pg_database_size(oid) END FROM {{p}}database ORDER BY 1"
    )
    areas = [Area("database", text(name), whole(size)) for name, size in databases]
    spaces = asks.ask("SELECT spcname FROM {p}tablespace ORDER BY 1")
    areas += [Area("tablespace", text(name), _tablespace(asks, name)) for (name,) in spaces]
    return sql_common.space(asks.recall, areas)


def _tablespace(asks: PostgresTalk, name: str) -> int | None:
    try:
        return whole(asks.ask("SELECT pg_tablespace_size(%s::name)", (name,))[0][0])
    except ObservationError as problem:
        if problem.kind is ErrorKind.DENIED:
            return None
        raise


def settings(asks: PostgresTalk) -> Settings:
    """Settings from files, command line or databases; not those of this session."""
    found = asks.ask(
        "SELECT name, setting || coalesce(unit, ''), source, pending_restart FROM {p}settings"
        " WHERE (source NOT IN ('default', 'override', 'session', 'client') OR pending_restart)"
        " AND name NOT LIKE 'lc\\_%'"
    )
    items = [
        sql_common.setting(text(name), str(value or ""), text(origin)) for name, value, origin, _ in found
    ]
    return sql_common.settings(asks.recall, items, (text(row[0]) for row in found if row[3]))


def statistics(asks: PostgresTalk) -> Statistics:
    """Counters of the server; dead rows and indexes of this database."""
    hits, reads, temp = asks.one(
        "SELECT sum(blks_hit), sum(blks_read), sum(temp_bytes) FROM {p}stat_database"
    )
    timed, asked = _checkpoints(asks)
    tables = asks.ask(
        "SELECT schemaname || '.' || relname, n_live_tup, n_dead_tup FROM {p}stat_user_tables"
        " WHERE n_dead_tup > 0 ORDER BY n_dead_tup DESC, 1 LIMIT 20"
    )
    indexes = asks.ask(
        "SELECT n.nspname || '.' || c.relname FROM {p}index i JOIN {p}class c ON c.oid = i.indexrelid"
        " JOIN {p}namespace n ON n.oid = c.relnamespace WHERE NOT i.indisvalid ORDER BY 1 LIMIT 50"
    )
    return Statistics(
        asks.tally("hits", hits),
        asks.tally("reads", reads),
        asks.tally("temp", temp),
        asks.tally("timed", timed),
        asks.tally("asked", asked),
        tables=tuple(DeadRows(text(name), whole(live) or 0, whole(dead) or 0) for name, live, dead in tables),
        invalid_indexes=tuple(text(name) for (name,) in indexes),
    )


def _checkpoints(asks: PostgresTalk) -> tuple[object, object]:
    """They moved to a view of their own in PostgreSQL 17."""
    older = "SELECT checkpoints_timed || '/' || checkpoints_req FROM {p}stat_bgwriter"
    newer = "SELECT num_timed || '/' || num_requested FROM {p}stat_checkpointer"
    timed, _, asked = str(asks.perhaps(newer) or asks.perhaps(older) or "/").partition("/")
    return timed, asked


def archiver(asks: PostgresTalk) -> Archiver:
    """The statistics of the archiver, and how many files wait."""
    mode = asks.one("SELECT setting FROM {p}settings WHERE name = 'archive_mode'")[0]
    done, failed, last_done, last_failed = asks.one(
        f"SELECT archived_count, failed_count, {_MS.format('last_archived_time')},"
        f" {_MS.format('last_failed_time')} FROM {{p}}stat_archiver"
    )
    waiting = asks.perhaps("SELECT count(*) FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'")
    return Archiver(
        None if mode is None else mode != "off",
        asks.tally("archived", done),
        asks.tally("archive_failed", failed),
        whole(last_done),
        whole(last_failed),
        whole(waiting),
        whole(asks.perhaps("SELECT sum(size) FROM pg_ls_waldir()")),
    )


def jobs(asks: PostgresTalk) -> Jobs:
    """Jobs of pg_cron, which lives in one database of the server."""
    if asks.session.missing("SELECT 1 FROM cron.job LIMIT 1"):
        raise unsupported("jobs (no pg_cron in this database)")
    if _own_jobs_only(asks):
        need = (
            "CREATE POLICY inspect ON cron.job FOR SELECT TO inspector USING (true), cron.job_run_details too"
        )
        raise ObservationError(ErrorKind.DENIED, f"others' jobs are hidden: {need}")
    found = asks.ask(
        "SELECT coalesce(j.jobname, 'job ' || j.jobid), j.active, d.status,"
        f" {_MS.format('d.start_time')}, (SELECT count(*) FROM cron.job_run_details f"
        "  WHERE f.jobid = j.jobid AND f.status = 'failed')"
        " FROM cron.job j LEFT JOIN LATERAL (SELECT status, start_time FROM cron.job_run_details r"
        "  WHERE r.jobid = j.jobid ORDER BY runid DESC LIMIT 1) d ON true ORDER BY 1 LIMIT 200"
    )
    words = {"succeeded": "ok", "failed": "failed", None: ""}
    made = tuple(
        Job(text(name), bool(active), whole(at), words.get(state, "running"), whole(failures))
        for name, active, state, at, failures in found
    )
    launcher = asks.one("SELECT count(*) FROM {p}stat_activity WHERE backend_type = 'pg_cron launcher'")[0]
    seen = True if launcher else None if asks.hidden() else False
    return Jobs("pg_cron", seen, made)


def _own_jobs_only(asks: PostgresTalk) -> bool:
    """pg_cron shows each account its own jobs, by row security, unless a policy shows all."""
    if not asks.one("SELECT row_security_active('cron.job')")[0]:
        return False
    shown = asks.one(
        "SELECT count(DISTINCT tablename) FROM {p}policies WHERE schemaname = 'cron' AND qual = 'true'"
        " AND tablename IN ('job', 'job_run_details') AND roles && ARRAY[current_user, 'public'::name]"
    )
    return whole(shown[0]) != 2


_RIGHTS = ("superuser", "create_role", "create_database", "replication", "bypass_rls")


def accounts(asks: PostgresTalk) -> Accounts:
    """Roles that may log in; password hashes are never asked for."""
    found = asks.ask(
        f"SELECT rolname, {_MS.format('rolvaliduntil')}, rolsuper, rolcreaterole, rolcreatedb,"
        " rolreplication, rolbypassrls, rolvaliduntil = 'infinity' FROM {p}roles"
        " WHERE rolcanlogin ORDER BY 1 LIMIT 2000"
    )
    made = [
        Account(
            text(row[0]),
            tuple(right for right, held in zip(_RIGHTS, row[2:7], strict=True) if held),
            expires=None if row[7] else whole(row[1]),
        )
        for row in found
    ]
    return sql_common.accounts(asks.recall, made, _audit(asks))


def _audit(asks: PostgresTalk) -> bool | None:
    """An audit extension is loaded, or all changes of structure and all logins are logged."""
    found: dict[str, str] = dict(
        asks.ask(
            "SELECT name, setting FROM {p}settings WHERE name IN ('shared_preload_libraries', 'pgaudit.log',"
            " 'log_connections', 'log_statement', 'sysaudit.enable', 'audit_trail')"
        )
    )
    if "log_statement" not in found:
        return None
    loaded = re.search(r"pgaudit|sysaudit", found.get("shared_preload_libraries") or "")
    if loaded and found.get("pgaudit.log", "on") not in ("none", ""):
        return True
    logins = found.get("log_connections") not in ("off", "", None)
    return logins and found["log_statement"] in ("ddl", "mod", "all")


def backups(asks: PostgresTalk) -> Backups:
    """Base backups by the history files they leave beside the log that waits to be archived.

    The server forgets them with that log; what a tool like pgBackRest keeps is not known here.
    """
    found = asks.ask(
        f"SELECT name, {_MS.format('modification')} FROM pg_ls_waldir() WHERE name LIKE '%.backup'"
        " ORDER BY modification DESC LIMIT 20"
    )
    return Backups("pg_wal", tuple(Backup(text(name), "base", whole(at), None, "ok") for name, at in found))
