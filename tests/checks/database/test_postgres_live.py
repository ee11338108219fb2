"""A real PostgreSQL, and the faults made for real."""

import os
import signal
import socket
import subprocess
import threading
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import pytest
from ports import free_port

from agent.sources.host import open_host
from agent.sources.memory import Transient
from checks import registry
from checks.api import ErrorKind, Seen, Upper

ALL = (
    "alive", "connections", "locks", "transactions", "replication", "space", "settings", "statistics",
    "archiver", "accounts", "backups",
)  # fmt: skip


def test_a_healthy_server_gives_facts_for_every_question(postgres):
    for name in ALL:
        more = {"superusers": ["postgres"]} if name == "accounts" else {}
        found = postgres.look(f"database.{name}", **more)
        assert found.readings
        if name not in ("backups", "accounts"):
            assert found.kept("ok").state == "ok", (name, found.readings)


def test_nothing_is_written_whatever_the_account_could(postgres, cluster):
    source = postgres.source()
    before = cluster.sql("SELECT count(*) FROM item")
    postgres.queries["bad"] = "INSERT INTO item VALUES (1000)"
    assert postgres.fails("database.query", query="bad").kind is ErrorKind.DENIED
    from checks.database.alive import Params

    at = Params("127.0.0.1", port=postgres.port)
    with source._session(at) as session, pytest.raises(Exception, match="denied"):
        session.rows("INSERT INTO item VALUES (1000, true)")
    assert cluster.sql("SELECT count(*) FROM item") == before


@pytest.mark.parametrize("check_id", [f"database.{name}" for name in ALL])
def test_a_wrong_password_is_denied_and_named_nowhere(postgres, check_id):
    problem = postgres.fails(check_id, secret="wrong")
    assert problem.kind is ErrorKind.DENIED and str(postgres.port) in problem.detail


def test_a_secret_that_is_not_there_is_denied(postgres):
    assert "no secret 'none'" in postgres.fails("database.alive", secret="none").detail


def test_a_port_where_nobody_listens_is_a_finding_for_alive_and_an_error_for_the_rest(postgres):
    postgres.port = free_port()
    assert postgres.look("database.alive").kept("crit_refused")["login"].reason == "refused"
    assert postgres.fails("database.locks").kind is ErrorKind.REFUSED


@pytest.mark.parametrize("platform", ["postgresql", "mysql", "redis"])
def test_a_silent_peer_costs_the_deadline_and_no_more(postgres, platform):
    check_id = "database.redis" if platform == "redis" else "database.connections"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        postgres.platform, postgres.port = platform, silent.getsockname()[1]
        problem = postgres.fails(check_id, timeout_ms=500)
    assert problem.kind is ErrorKind.TIMEOUT


@pytest.mark.parametrize("platform", ["postgresql", "mysql", "redis"])
@pytest.mark.parametrize("says", [b"", b"HTTP/1.0 400 Bad Request\r\n\r\n", b"\xff" * 4096, b"\x00" * 70_000])
def test_a_peer_that_answers_nonsense_ends_in_a_typed_error(postgres, platform, says):
    check_id = "database.redis" if platform == "redis" else "database.connections"
    with socket.create_server(("127.0.0.1", 0)) as server, ExitStack() as stack:

        def answer():
            try:
                for _ in range(3):
                    peer, _ = server.accept()
                    stack.enter_context(peer)
                    peer.sendall(says)
                    peer.shutdown(socket.SHUT_WR)
            except OSError:
                return

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        postgres.platform, postgres.port = platform, server.getsockname()[1]
        problem = postgres.fails(check_id, timeout_ms=2000)
        assert problem.kind in (ErrorKind.GARBLED, ErrorKind.REFUSED, ErrorKind.TIMEOUT)
        server.shutdown(socket.SHUT_RDWR)
        thread.join(60)


def test_a_blocked_lock_shows_who_waits_and_for_whom(postgres, cluster, eventually):
    with closing(cluster.connect()) as holder, closing(cluster.connect()) as waiter:
        holder.execute("BEGIN")
        holder.execute("LOCK TABLE item IN ACCESS EXCLUSIVE MODE")
        pid = holder.info.backend_pid
        waiting = threading.Thread(target=lambda: waiter.execute("SELECT count(*) FROM item"))
        waiting.start()
        try:
            eventually(lambda: cluster.sql("SELECT count(*) FROM pg_locks WHERE NOT granted")[0][0])
            found = postgres.look("database.locks", waiting={"warn": 1, "crit": 1}).kept("crit_waiting")
            long = postgres.look("database.transactions", longest_s={"warn": 0, "crit": 0}).kept("crit_long")
            with closing(cluster.connect(user="inspector")) as own:
                # Another look of ours, between two questions.
                own.execute("SET application_name = 'roundseal'")
                own.execute("BEGIN")
                idle = postgres.look(
                    "database.connections", longest_idle_in_transaction_s={"warn": 0, "crit": 0}
                )
        finally:
            holder.execute("ROLLBACK")
            waiting.join(60)
    assert found["lock_waits"].value == 1 and found.state == "crit"
    assert found[f"{pid}:blocks"].value == 1
    assert long["longest_transaction"].state == "crit"
    assert idle.kept("crit_idle_in_transaction")["idle_in_transaction"].value == 1


def test_the_connection_limit_is_a_finding_and_not_a_wrong_password(postgres, cluster):
    with ExitStack() as stack:
        for _ in range(17):
            stack.enter_context(closing(cluster.connect(user="inspector")))
        found = postgres.look("database.alive").kept("crit_too_many_connections")
        assert postgres.fails("database.connections").kind is ErrorKind.REFUSED
    assert found["login"].reason == "too_many_connections" and found.state == "crit"


def test_an_account_that_may_not_see_others_gives_unknown_and_not_zero(postgres, cluster):
    with closing(cluster.connect()) as other:
        other.execute("BEGIN")
        other.execute("SELECT 1")
        for name in ("connections", "locks", "transactions"):
            found = postgres.look(f"database.{name}", secret="poor").kept("unknown_hidden")
            assert found.state == "unknown" and found["hidden_sessions"].reason == "rights_missing", name
    assert postgres.fails("database.backups", secret="poor").kind is ErrorKind.DENIED


def test_a_revoked_login_is_denied(postgres, cluster):
    cluster.sql("ALTER ROLE poor NOLOGIN")
    try:
        assert postgres.fails("database.alive", secret="poor").kind is ErrorKind.DENIED
    finally:
        cluster.sql("ALTER ROLE poor LOGIN")


def test_accounts_superusers_expiry_and_changes_are_found(postgres, cluster):
    assert postgres.look("database.accounts", audit=False).kept("unknown_no_baseline").state == "unknown"
    assert postgres.look("database.accounts", audit=False, superusers=["postgres"]).kept("ok").state == "ok"
    cluster.sql("CREATE ROLE intruder LOGIN SUPERUSER", "ALTER ROLE poor VALID UNTIL '2020-01-01'")
    try:
        found = postgres.look("database.accounts", superusers=["postgres"]).kept("crit_superuser")
    finally:
        cluster.sql("DROP ROLE intruder", "ALTER ROLE poor VALID UNTIL 'infinity'")
    assert found["intruder:superuser"].state == "crit" and found["poor:expires"].reason == "expired"
    assert found["accounts"].reason == "changed_since" and found["audit"].reason == "audit_off"


def test_settings_that_changed_and_those_that_wait_for_a_restart_are_named(postgres, cluster, eventually):
    postgres.look("database.settings")
    cluster.sql(
        "ALTER SYSTEM SET work_mem = '7MB'", "ALTER SYSTEM SET max_wal_senders = 9", "SELECT pg_reload_conf()"
    )
    try:
        eventually(lambda: cluster.sql("SELECT 1 FROM pg_settings WHERE pending_restart"))
        found = postgres.look("database.settings", expected={"work_mem": "8192kB", "jit": "on"}).kept(
            "crit_other_value"
        )
    finally:
        cluster.sql("ALTER SYSTEM RESET ALL", "SELECT pg_reload_conf()")
    assert found["pending_restart"].value >= 1 and "max_wal_senders:pending_restart" in found.names()
    assert "work_mem:changed_settings" in found.names() and found["changed_settings"].state == "warn"
    assert found["work_mem:setting"].reason == "other_value" and found["jit:setting"].reason == "at_default"
    shown = {one.name: one.value for one in found.facts.settings.items}
    assert shown["archive_command"] == "" and shown["work_mem"] == "7168kB"


def test_an_invalid_index_and_dead_rows_are_found(postgres, cluster, eventually):
    cluster.sql(
        "CREATE TABLE IF NOT EXISTS twice (n int) WITH (autovacuum_enabled = off)",
        "INSERT INTO twice SELECT g % 5 FROM generate_series(1, 1000) g",
    )
    with pytest.raises(Exception, match=r"duplicated|unique"):
        cluster.sql("CREATE UNIQUE INDEX CONCURRENTLY twice_n ON twice (n)")
    cluster.sql("DELETE FROM twice")
    eventually(lambda: cluster.sql("SELECT 1 FROM pg_stat_user_tables WHERE n_dead_tup >= 1000"))
    try:
        found = postgres.look("database.statistics", fewest_rows=100).kept("crit_dead_rows")
    finally:
        cluster.sql("DROP TABLE twice")
    assert found["public.twice:dead_rows"].state == "crit"
    assert found["invalid_indexes"].value == 1 and "public.twice_n:index" in found.names()


def test_sizes_are_judged_and_one_that_may_not_be_seen_is_unknown(postgres, cluster):
    assert (
        postgres.look("database.space", size={"warn": 1000, "crit": 1000}).kept("crit_too_large").state
        == "crit"
    )
    cluster.sql("CREATE DATABASE closed", "REVOKE CONNECT ON DATABASE closed FROM PUBLIC")
    try:
        found = postgres.look("database.space", secret="poor").kept("unknown_rights")
    finally:
        cluster.sql("DROP DATABASE closed")
    assert found["database/closed:size"].reason == "rights_missing"


def test_a_standby_its_lag_and_its_stop_are_seen_from_both_ends(postgres, cluster, eventually):
    port = free_port()
    copy = cluster.place / "standby"
    cluster.call(
        str(cluster.programs / "pg_basebackup"), "-h", "127.0.0.1", "-p", str(cluster.port), "-U", "postgres",
        "-D", str(copy), "-R", "-X", "stream", "-c", "fast",
    )  # fmt: skip
    # Base backups leave a history file on the primary: that is what it knows of them.
    backed = postgres.look("database.backups").kept("ok")
    assert backed.state == "ok"
    assert postgres.look("database.backups", age_s={"warn": 0, "crit": 0}).kept("crit_old").state == "crit"
    conf = copy / "postgresql.auto.conf"
    conf.write_text(conf.read_text().replace("user=postgres", "user=postgres application_name=second"))
    cluster.start(
        "standby", port, "hot_standby=on", "wal_receiver_status_interval=1s", "max_connections=20",
        "max_prepared_transactions=2",
    )  # fmt: skip
    try:
        eventually(lambda: cluster.sql("SELECT 1 FROM pg_stat_replication WHERE state = 'streaming'"))
        found = postgres.look("database.replication", members=1, role="primary").kept("ok")
        assert found.state == "ok" and found["members"].value == 1
        second = cluster.at(port=port)
        eventually(lambda: second.look("database.replication", role="standby").state == "ok")
        second.look("database.replication", role="standby").kept("ok_standby")
        assert second.look("database.alive", role="standby")["role"].state == "ok"
        assert (
            second.look("database.alive", role="primary").kept("crit_role")["role"].reason == "role_changed"
        )
        # Whose state may not be seen may be running: an account without its role has not lost the standby.
        blind = postgres.look("database.replication", members=1, secret="poor").kept("unknown_hidden")
        assert (blind["members"].state, blind["members"].reason) == ("unknown", "rights_missing")
        # The first record after a quiet while is no lag as long as the while was.
        cluster.sql(
            "ALTER SYSTEM SET recovery_min_apply_delay = '400ms'", "SELECT pg_reload_conf()", port=port
        )
        cluster.sql("INSERT INTO item VALUES (1000, false)")
        quiet = "SELECT 1 WHERE clock_timestamp() - pg_last_xact_replay_timestamp() > interval '3 s'"
        eventually(lambda: cluster.sql(quiet, port=port))
        cluster.sql("DELETE FROM item WHERE id = 1000")
        lag = second.look("database.replication", role="standby")["upstream:lag"]
        assert lag.value is not None and lag.value < 2000
        cluster.sql("ALTER SYSTEM RESET recovery_min_apply_delay", "SELECT pg_reload_conf()", port=port)
        cluster.sql("SELECT pg_wal_replay_pause()", port=port)
        assert second.look("database.replication").kept("crit_paused")["upstream"].reason == "paused"
        cluster.sql("SELECT pg_wal_replay_resume()", port=port)
        cluster.sql("ALTER SYSTEM SET primary_conninfo = ''", "SELECT pg_reload_conf()", port=port)
        eventually(lambda: not cluster.sql("SELECT 1 FROM pg_stat_wal_receiver", port=port))
        assert second.look("database.replication").kept("crit_stopped")["upstream"].reason == "has_stopped"
        eventually(lambda: not cluster.sql("SELECT 1 FROM pg_stat_replication"))
        lost = postgres.look("database.replication", members=1).kept("crit_too_few")
        assert lost["members"].reason == "too_few"
    finally:
        cluster.stop("standby")


def test_a_stopped_server_times_out_and_a_killed_one_is_refused(postgres, cluster, eventually):
    own = cluster.place / "victim"
    cluster.call(str(cluster.programs / "initdb"), "-D", str(own), "-U", "inspector", "-A", "trust", "-N")
    port = free_port()
    cluster.start("victim", port, "archive_mode=on", "archive_command=/bin/false")
    log, host = cluster.place / "victim.log", open_host(Transient(kept := {}))
    check = registry.get("database.log")
    params = check.params(logs=(str(log),))
    victim = cluster.at(port=port)
    try:
        check.observe(host, params)
        cluster_sql(port, "CREATE TABLE t ()", "SELECT pg_switch_wal()")
        eventually(lambda: (log.read_text().count("archive command failed")) > 0)
        failing = eventually(
            lambda: found if (found := victim.look("database.archiver")).state == "crit" else None
        )
        assert failing.kept("crit_failed")["archiving"].reason == "failed"
        pid = int((own / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, signal.SIGSTOP)
        try:
            # The kernel still accepts for it, and nobody answers.
            assert (
                victim.look("database.alive", timeout_ms=500).kept("crit_timeout")["login"].reason
                == "timeout"
            )
        finally:
            os.kill(pid, signal.SIGCONT)
        cluster.call(
            str(cluster.programs / "pg_ctl"), "-D", str(own), "-m", "fast", "-w", "-s", "stop", check=False
        )
        assert victim.look("database.alive")["login"].reason == "refused"
    finally:
        cluster.stop("victim")
    facts = check.observe(open_host(Transient(kept)), params)
    readings = {one.name: one for one in check.judge(Seen(facts, 0), params)}
    assert readings[f"{log}:stops"].value == 1 and readings[f"{log}:starts"].value == 0


def cluster_sql(port, *statements):
    import psycopg

    with psycopg.connect(
        host="127.0.0.1", port=port, user="inspector", dbname="postgres", autocommit=True
    ) as conn:
        for statement in statements:
            conn.execute(statement)


def test_a_query_gives_a_number_or_a_number_a_row(postgres):
    postgres.queries = {
        "rejected": "SELECT count(*) FROM item WHERE rejected",
        "each": "SELECT CASE WHEN rejected THEN 'rejected' ELSE 'taken' END, count(*)"
        " FROM item GROUP BY 1 ORDER BY 1;",
        "empty": "SELECT max(id) FROM item WHERE id < 0",
        "slow": "SELECT count(*) FROM generate_series(1, 2000000000)",
        "text": "SELECT 'many'",
        "ratio": "SELECT 1.25",
    }
    found = postgres.look("database.query", query="rejected", upper={"warn": 50, "crit": 60}).kept("ok")
    assert found.state == "ok" and found["value"].value == 25
    assert (
        postgres.look("database.query", query="rejected", upper={"warn": 5, "crit": 6}).kept("crit").state
        == "crit"
    )
    rows = postgres.look("database.query", query="each").kept("ok_rows")
    assert rows["taken:value"].value == 75 and rows["rows"].value == 2
    assert postgres.look("database.query", query="empty").kept("unknown_no_number").state == "unknown"
    assert str(postgres.look("database.query", query="ratio")["value"].value) == "5/4"
    assert postgres.look("database.query", query="rejected", digest="00" * 32)["statement"].state == "unknown"
    assert postgres.fails("database.query", query="slow", timeout_ms=700).kind is ErrorKind.TIMEOUT
    assert postgres.fails("database.query", query="text").kind is ErrorKind.GARBLED
    assert postgres.fails("database.query", query="nobody_listed_it").kind is ErrorKind.DENIED


def test_jobs_are_unsupported_without_a_scheduler_and_read_with_one(postgres, cluster, eventually):
    if not list(Path("/usr/share/postgresql").glob("*/extension/pg_cron.control")):
        assert postgres.fails("database.jobs").kind is ErrorKind.UNSUPPORTED
        pytest.skip("NOT TESTED: no pg_cron here (Debian's postgresql-15-cron)")
    assert postgres.fails("database.jobs").kind is ErrorKind.UNSUPPORTED
    cluster.sql("CREATE EXTENSION pg_cron", "GRANT USAGE ON SCHEMA cron TO inspector")
    cluster.sql("SELECT cron.schedule('good', '0 3 * * *', 'SELECT 1')")
    cluster.sql("GRANT SELECT ON ALL TABLES IN SCHEMA cron TO inspector")
    assert "others' jobs are hidden" in postgres.fails("database.jobs").detail
    for table in ("job", "job_run_details"):
        cluster.sql(f"CREATE POLICY inspect ON cron.{table} FOR SELECT TO inspector USING (true)")
    assert postgres.look("database.jobs").kept("unknown_never_run")["good:job"].reason == "never_run"
    # It runs at whole minutes only: the outcomes of runs are written here as it writes them.
    ran = (
        "INSERT INTO cron.job_run_details (jobid, runid, username, status, start_time, end_time)"
        " SELECT jobid, {}, 'postgres', '{}', now(), now() FROM cron.job"
    )
    cluster.sql(ran.format(1, "succeeded"))
    assert postgres.look("database.jobs", expected=["good"]).kept("ok").state == "ok"
    assert postgres.look("database.jobs", expected=["lost"])["lost:job"].reason == "missing"
    cluster.sql(ran.format(2, "failed"))
    assert postgres.look("database.jobs").kept("crit_failed")["good:job"].reason == "failed"
    cluster.sql("DROP EXTENSION pg_cron CASCADE")


def test_behind_names_of_another_prefix_the_same_facts_are_read(cluster, shim):
    for name in ALL:
        assert shim.look(f"database.{name}").readings, name
    from checks.database.alive import Params

    at = Params("127.0.0.1", platform="kingbase", port=cluster.port, database="shim")
    from agent.sources import sql

    with shim.source()._session(at) as session:
        assert sql._asks("kingbase", session, shim.source()._recall, 1).prefix == "sys_"


def test_a_server_whose_functions_have_the_other_prefix_too_gives_the_same_facts(cluster, shim):
    """As a Kingbase may have them; here PostgreSQL's own, renamed in a database of its own."""
    cluster.sql("CREATE DATABASE renamed TEMPLATE shim")
    names = cluster.sql(
        "SELECT oid::regprocedure::text, proname FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace"
        " AND proname ~ '^pg_(backend_pid|is_in_recovery|postmaster_start|blocking_pids|wal_lsn_diff|has_role"
        "|current_wal_lsn|last_wal|last_xact|is_wal_replay|database_size|tablespace_size|ls_waldir|ls_archive)'",
        database="renamed",
    )
    assert len(names) > 15
    options = "-c allow_system_table_mods=on"
    with closing(cluster.connect(database="renamed", options=options)) as conn:
        for signature, name in names:
            conn.execute(f"ALTER FUNCTION {signature} RENAME TO {name.replace('pg_', 'sys_', 1)}")
    other = replace(shim, database="renamed", kept={})
    for name in ALL:
        plain = replace(shim, kept={}).look(f"database.{name}")
        found = other.look(f"database.{name}")
        assert found.names() == plain.names(), name
    areas = other.look("database.space").facts.space.areas
    assert all(one.bytes for one in areas if one.name in ("renamed", "pg_default"))


def test_a_log_of_a_server_that_was_killed_shows_starts_and_fatal_lines(cluster, eventually, looked):
    place = cluster.place / "logged"
    cluster.call(str(cluster.programs / "initdb"), "-D", str(place), "-U", "postgres", "-A", "trust", "-N")
    port, log = free_port(), cluster.place / "logged.log"
    check, kept = registry.get("database.log"), {}
    cluster.start("logged", port)
    params = check.params(logs=(str(log),), fatal=Upper(1, 1))

    def look():
        facts = check.observe(open_host(Transient(kept)), params)
        now = 1_795_000_000_000
        return looked(facts, list(check.judge(Seen(facts, now), params)), now, check.id, params)

    assert look().kept("unknown_first_look").readings[0].reason == "first_look"
    assert look().kept("ok").state == "ok"
    cluster.call(str(cluster.programs / "pg_ctl"), "-D", str(place), "-m", "immediate", "-w", "-s", "stop")
    cluster.start("logged", port)
    subprocess.run(
        [str(cluster.programs / "psql"), "-h", "127.0.0.1", "-p", str(port), "-U", "nobody_there",
         "-c", "select 1"],
        check=False, capture_output=True, timeout=60,
    )  # fmt: skip
    eventually(lambda: "nobody_there" in log.read_text())
    seen = look()
    cluster.stop("logged")
    assert seen.kept("crit_fatal").state == "crit"
    found = {one.name.rpartition(":")[2]: one.value for one in seen.readings}
    assert found["starts"] == 1 and found["fatal"] >= 1 and found["corruption"] == 0
