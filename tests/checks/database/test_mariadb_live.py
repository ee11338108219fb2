"""A real MariaDB with a replica, and the faults made for real."""

import threading
from contextlib import ExitStack, closing

import pytest
from ports import free_port

from agent.sources.host import open_host
from agent.sources.memory import Transient
from checks import registry
from checks.api import ErrorKind, Seen

ALL = (
    "alive", "connections", "locks", "transactions", "replication", "space", "settings", "statistics",
    "archiver", "jobs",
)  # fmt: skip


@pytest.fixture
def mysql(maria):
    return maria.at()


def test_a_healthy_server_gives_facts_for_every_question(mysql):
    for name in ALL:
        assert mysql.look(f"database.{name}").kept("ok_mariadb").state == "ok", name


@pytest.mark.parametrize("name", ALL)
def test_a_wrong_password_is_denied_and_named_nowhere(mysql, name):
    assert mysql.fails(f"database.{name}", secret="wrong").kind is ErrorKind.DENIED


def test_an_account_without_rights_gives_unknown_and_not_zero(mysql, maria):
    with closing(maria.connect()):
        found = mysql.look("database.connections", secret="poor")
        assert found.state == "unknown" and found["hidden_sessions"].value >= 1
    assert mysql.fails("database.transactions", secret="poor").kind is ErrorKind.DENIED
    assert mysql.fails("database.replication", secret="poor").kind is ErrorKind.DENIED
    assert mysql.fails("database.accounts", secret="poor").kind is ErrorKind.DENIED
    assert mysql.look("database.alive", secret="poor", role="primary")["role"].state == "unknown"


def test_a_blocked_row_shows_who_waits_and_for_whom(mysql, maria, eventually):
    with closing(maria.connect()) as holder, closing(maria.connect()) as waiter:
        holder.begin()
        with holder.cursor() as cursor:
            cursor.execute("UPDATE shop.item SET rejected = 0 WHERE id = 1")

        def wait():
            with waiter.cursor() as cursor:
                cursor.execute("SET innodb_lock_wait_timeout = 60")
                cursor.execute("UPDATE shop.item SET rejected = 1 WHERE id = 1")

        thread = threading.Thread(target=wait)
        thread.start()
        try:
            eventually(lambda: maria.sql("SELECT 1 FROM information_schema.INNODB_LOCK_WAITS"))
            found = mysql.look("database.locks", waiting={"warn": 1, "crit": 1}).kept("crit_mariadb")
            long = mysql.look("database.transactions", longest_s={"warn": 0, "crit": 0})
        finally:
            holder.rollback()
            thread.join(60)
    assert found["lock_waits"].value == 1 and f"{holder.thread_id()}:blocks" in found.names()
    assert long["longest_transaction"].state == "crit"


def test_the_connection_limit_is_a_finding(mysql, maria, eventually):
    with ExitStack() as stack:
        for _ in range(15):
            stack.enter_context(closing(maria.connect()))
        found = mysql.look("database.alive")
        assert mysql.fails("database.connections").kind is ErrorKind.REFUSED
    eventually(maria.up)
    assert found["login"].reason == "too_many_connections"


def test_nothing_is_written_whatever_the_account_could(mysql, maria):
    from checks.database.alive import Params

    at = Params("127.0.0.1", platform="mysql", port=mysql.port)
    with mysql.source()._session(at) as session:
        with pytest.raises(Exception, match="denied"):
            session.rows("INSERT INTO shop.item VALUES (1000, 1)")
        with pytest.raises(Exception, match="unsupported"):
            session.rows("SELECT 1; SELECT 2")
    assert maria.sql("SELECT COUNT(*) FROM shop.item")[0][0] == 100


def test_a_query_gives_a_number_or_a_number_a_row(mysql):
    mysql.queries = {
        "rejected": "SELECT COUNT(*) FROM shop.item WHERE rejected",
        "each": "SELECT IF(id > 50, 'late', 'early'), COUNT(*) FROM shop.item GROUP BY 1",
        "slow": "SELECT COUNT(*) FROM " + ", ".join(f"shop.item t{i}" for i in range(6)),
    }
    assert mysql.look("database.query", query="rejected").kept("ok_mariadb").readings
    assert mysql.look("database.query", query="each")["late:value"].value == 50
    assert mysql.fails("database.query", query="slow", timeout_ms=700).kind is ErrorKind.TIMEOUT


def test_accounts_without_a_password_and_changes_are_found(mysql, maria):
    mysql.look("database.accounts")
    maria.sql("CREATE USER expired@'127.0.0.1' IDENTIFIED BY 'x' PASSWORD EXPIRE")
    try:
        found = mysql.look("database.accounts", superusers=["nobody"]).kept("crit_mariadb")
    finally:
        maria.sql("DROP USER expired@'127.0.0.1'")
    assert found["root@127.0.0.1:password"].state == "crit" and found["accounts"].reason == "changed_since"
    assert found["expired@127.0.0.1:expires"].reason == "expired"


def test_a_changed_setting_is_named(mysql, maria):
    mysql.look("database.settings")
    maria.sql("SET GLOBAL long_query_time = 7")
    found = mysql.look("database.settings")
    assert "long_query_time:changed_settings" in found.names()


def test_an_event_that_never_ran_and_a_stopped_scheduler_are_found(mysql, maria):
    maria.sql("CREATE EVENT shop.tidy ON SCHEDULE EVERY 1 HOUR STARTS '2037-01-01' DO SELECT 1")
    try:
        found = mysql.look("database.jobs").kept("crit_stopped")
        maria.sql("SET GLOBAL event_scheduler = ON")
        idle = mysql.look("database.jobs")
    finally:
        maria.sql("SET GLOBAL event_scheduler = OFF", "DROP EVENT shop.tidy")
    assert found["scheduler"].reason == "has_stopped"
    assert idle["scheduler"].state == "ok" and idle["shop.tidy:job"].reason == "never_run"


def test_backups_written_down_by_the_tool_are_read(mysql, maria):
    assert mysql.fails("database.backups").kind is ErrorKind.UNSUPPORTED
    # The table as mariadb-backup --history makes it; the row is the test's.
    maria.sql(
        "CREATE TABLE mysql.mariadb_backup_history (uuid VARCHAR(40), end_time TIMESTAMP NULL,"
        " partial ENUM('Y','N'), incremental ENUM('Y','N'))",
        "INSERT INTO mysql.mariadb_backup_history VALUES ('a', NOW(), 'N', 'N')",
    )
    try:
        assert mysql.look("database.backups").kept("ok_mariadb").state == "ok"
    finally:
        maria.sql("DROP TABLE mysql.mariadb_backup_history")


def test_a_replica_its_stop_and_its_error_are_found(maria, eventually):
    port = free_port()
    process = maria.start("replica", port, "--server-id=2", "--log-bin=bin")
    eventually(lambda: maria.up(port) or process.poll() is not None, 120)
    maria.sql("CREATE USER IF NOT EXISTS copy@'127.0.0.1' IDENTIFIED BY 'copy'")
    maria.sql("GRANT REPLICATION SLAVE ON *.* TO copy@'127.0.0.1'")
    maria.sql(
        f"CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT={maria.port}, MASTER_USER='copy',"
        " MASTER_PASSWORD='copy', MASTER_USE_GTID=slave_pos, MASTER_CONNECT_RETRY=1",
        "START SLAVE",
        port=port,
    )
    # It replays the primary's log from its beginning: the accounts come with it.
    eventually(lambda: maria.sql("SELECT 1 FROM mysql.user WHERE User = 'inspector'", port=port))
    replica, primary = maria.at(port), maria.at()
    eventually(lambda: replica.look("database.replication", role="standby").state == "ok")
    replica.look("database.replication", role="standby").kept("ok_mariadb_standby")
    eventually(lambda: primary.look("database.replication", members=1).state == "ok")
    assert replica.look("database.alive", role="standby")["role"].state == "ok"
    maria.sql("STOP SLAVE SQL_THREAD", port=port)
    stopped = replica.look("database.replication").kept("crit_mariadb_stopped")
    assert stopped["upstream"].reason == "has_stopped"
    process.kill()
    process.wait(60)
    assert replica.look("database.alive")["login"].reason == "refused"

    def lost():
        maria.sql("FLUSH BINARY LOGS")  # a primary with nothing to send notices late
        return primary.look("database.replication", members=1).state == "crit"

    eventually(lost)


def test_starts_and_errors_in_the_log_are_counted(maria, eventually):
    log = maria.place / "data.log"
    check, kept = registry.get("database.log"), {}
    params = check.params(logs=(str(log),), platform="mysql")

    def look():
        facts = check.observe(open_host(Transient(kept)), params)
        return list(check.judge(Seen(facts, 1_795_000_000_000), params))

    assert [one.reason for one in look()] == ["first_look"]
    assert all(one.state == "ok" for one in look())
    text = log.read_text()
    assert "ready for connections" in text
