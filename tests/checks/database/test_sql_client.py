"""A command line client on the database's own machine, over a real sshd: psql on PostgreSQL, and on that
behind a sys_* shim. Kingbase's own client (ksql) and its server were never run here."""

import getpass
import os
import subprocess
import time
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import paramiko
import pytest
from parts import loaded

from agent.sources.means import Means
from agent.sources.memory import Transient
from agent.sources.sql import open_sql
from agent.sources.ssh_link import fingerprint
from agent.sources.ssh_pins import Pin, Pins
from agent.sources.ssh_pool import POOL
from checks.api import ErrorKind, ObservationError, Source
from checks.codec import to_json
from checks.remote import Login
from checks.sql import Reach

_ssh = loaded("sources/ssh/conftest.py")
_db = loaded("checks/database/conftest.py")
peer = loaded("sources/conftest.py").peer
QUESTIONS = (
    *("alive", "connections", "locks", "transactions", "replication", "space", "settings", "statistics"),
    *("archiver", "accounts", "backups"),
)
LATE_S = 40
TYPED = {ErrorKind.GARBLED, ErrorKind.REFUSED, ErrorKind.TIMEOUT, ErrorKind.UNSUPPORTED}


@pytest.fixture(scope="module")
def machine(tmp_path_factory, cluster):
    """`machine(*lines)`: how an sshd with these lines besides in its configuration is reached; its key is
    pinned, and the secrets of machine and database stand in the cluster's state directory."""
    if _ssh.SSHD is None:
        pytest.skip("NOT TESTED: sshd (openssh-server) is not installed")
    if not (cluster.programs / "psql").exists():
        pytest.skip("NOT TESTED: psql is not installed")
    started, place = [], tmp_path_factory.mktemp("sshd")
    for name in ("host", "client"):
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(place / name)]
        subprocess.run(words, check=True, timeout=60)
    psql = cluster.programs / "psql"
    held = f"user: inspector, password: {_db.PASSWORD}, host: 127.0.0.1, program: {psql}"
    ways = {
        "machine": f"user: {getpass.getuser()}, key: {place}/client",
        "by_client": held,
        "by_client_wrong": held.replace(_db.PASSWORD, "x" + _db.PASSWORD),
        "by_peer": f"user: inspector, host: {cluster.place}, program: {psql}",
        "none_there": held.replace(str(psql), "/opt/nowhere/psql"),
    }
    path = cluster.state / "secrets.yaml"  # another file of tests may have put its own there
    lines = [line for line in path.read_text().splitlines() if line.partition(":")[0] not in ways]
    path.write_text("\n".join((*lines, *(f"{name}: {{{parts}}}" for name, parts in ways.items()))) + "\n")

    def start(*lines):
        for _ in range(5):
            port = _ssh.free_port()
            config = (
                *(f"Port {port}", "ListenAddress 127.0.0.1", f"HostKey {place}/host", "UsePAM no"),
                *(f"AuthorizedKeysFile {place}/client.pub", "StrictModes no", "PermitRootLogin yes"),
                *(f"PidFile {place}/pid", "MaxSessions 50", *lines),
            )
            (place / "conf").write_text("\n".join(config) + "\n")
            process = subprocess.Popen(
                [_ssh.SSHD, "-D", "-e", "-f", str(place / "conf")], stderr=subprocess.DEVNULL
            )
            if _ssh.answers(port, process):
                break
        started.append(process)
        to = Login("127.0.0.1", port, "machine")
        key = paramiko.PKey.from_path(str(place / "host"))
        Pins(cluster.state).put(to.name, Pin(key.get_name(), fingerprint(key.asbytes())))
        return to

    yield start
    POOL.close()
    for process in started:
        process.terminate()
        process.wait(60)


@pytest.fixture(scope="module")
def to(machine):
    return machine()


def given(to, secret="by_client"):
    """Parameters that say it is asked by the client."""
    return {"client": "psql", "secret": secret, "ssh": to_json(to)}


def reach(cluster, to, secret="by_client", **more):
    told = {"platform": "postgresql", "port": cluster.port, "timeout_ms": 60_000, **more}
    return Reach("127.0.0.1", client="psql", ssh=to, secret=secret, **told)


def source(cluster):
    return open_sql(Transient(), Means(state=cluster.state))


def refused(cluster, at):
    """The error of a look, which shows nothing of a credential."""
    with pytest.raises(ObservationError) as caught:
        source(cluster).connections(at)
    assert _db.PASSWORD not in str(caught.value)
    return caught.value


def shape(facts):
    """Names and types, without what moves from second to second."""
    if isinstance(facts, dict):
        return {name: shape(value) for name, value in facts.items()}
    if isinstance(facts, list):
        return [shape(value) for value in facts[:1]]
    return type(facts).__name__


@pytest.mark.parametrize("names", ["pg_", "sys_"])
@pytest.mark.parametrize("question", QUESTIONS)
def test_the_same_facts_are_read_as_by_the_driver(cluster, shim, postgres, to, question, names):
    place = postgres if names == "pg_" else shim
    plain = replace(place, kept={}).look(f"database.{question}")
    found = replace(place, kept={}).look(f"database.{question}", **given(to))
    assert shape(to_json(found.facts)) == shape(to_json(plain.facts))
    assert {(one.name, one.state) for one in found.readings} == {
        (one.name, one.state) for one in plain.readings
    }


def test_an_agreed_query_gives_the_same_answer(cluster, postgres, to):
    postgres.queries = {
        "by_state": "SELECT CASE WHEN rejected THEN '拒收,\"x\"' ELSE 'ok' END, avg(id) FROM item"
        " GROUP BY 1 ORDER BY 1",
        "none": "WITH a AS (SELECT id FROM item WHERE id > 1000) SELECT sum(id) FROM a",
    }  # fmt: skip
    for name in postgres.queries:
        plain = postgres.look("database.query", query=name).facts.answer
        found = postgres.look("database.query", query=name, **given(to)).facts.answer
        assert (found.rows, found.digest, found.cut) == (plain.rows, plain.digest, plain.cut)
    assert postgres.look("database.query", query="by_state", most_rows=1, **given(to)).facts.answer.cut


def test_values_come_as_they_are_whatever_they_hold(cluster, to):
    with source(cluster)._session(reach(cluster, to)) as session:
        texts = ["a\nb\rc", 'x,"y"\t|', "'; DROP", "\x1b[31m红\x1b[0m", "", "\\echo a", "NULL", "{}", " "]
        for one in texts:
            assert session.rows("SELECT %s::text, %s::int", (one, -3)) == [(one, -3)]
        (row,) = session.rows(
            "SELECT 1::bigint, NULL, true, false, 1.50::numeric, 0.1::float8, NULL::text, count(*), count(*),"
            " '10.0.0.1'::inet, ARRAY['a', NULL]::text[], 9007199254740993::bigint FROM (SELECT 1) one"
        )
        assert row == (
            *(1, None, True, False, Decimal("1.50"), Decimal("0.1"), None, 1, 1),
            *("10.0.0.1", ["a", None], 9007199254740993),
        )
        assert session.rows("SELECT g FROM generate_series(1, 100) g", most=7) == [(g,) for g in range(1, 8)]
        assert session.rows("SELECT 1 WHERE false") == []
        assert session.rows("SELECT '{\"a\":\n [1]}'::json") == [({"a": [1]},)]
        assert session.rows("SELECT 'NaN'::float8") == [("NaN",)]


def test_a_statement_is_refused_by_right_by_writing_by_time_and_the_session_goes_on(cluster, to):
    with source(cluster)._session(reach(cluster, to)) as session:
        for statement, kind in (
            ("SELECT * FROM pg_authid", ErrorKind.DENIED),
            ("SELECT nextval('no_such')", ErrorKind.UNSUPPORTED),
            ("SELECT * FROM no_such_table", ErrorKind.UNSUPPORTED),
            ("INSERT INTO item VALUES (1000, true)", ErrorKind.UNSUPPORTED),  # no rows: no question
        ):
            with pytest.raises(ObservationError) as caught:
                session.rows(statement)
            assert caught.value.kind is kind, statement
        assert session.run("SELECT current_setting('transaction_read_only')", (), 1) == [("on",)]
        with pytest.raises(ObservationError) as caught:
            session.run("INSERT INTO item VALUES (1000, true)", (), 0)
        assert caught.value.kind is ErrorKind.DENIED  # the transaction itself takes no writing
    began = time.monotonic()
    with (
        pytest.raises(ObservationError) as caught,
        source(cluster)._session(reach(cluster, to, timeout_ms=2000)) as session,
    ):
        session.rows("SELECT pg_sleep(600)")
    assert caught.value.kind is ErrorKind.TIMEOUT and time.monotonic() - began < 2 + LATE_S


def test_a_large_answer_is_read_and_one_that_is_too_large_is_garbled(cluster, to):
    at = reach(cluster, to)
    with source(cluster)._session(at) as session:
        ((text,),) = session.rows("SELECT repeat('长', 2000000)")
        assert len(text) == 2_000_000
        with pytest.raises(ObservationError) as caught:
            session.rows("SELECT repeat('x', 20000000)")
    assert caught.value.kind is ErrorKind.GARBLED
    assert source(cluster).connections(at).used  # the next look is not hurt by it


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1; SELECT 2",
        "SELECT 1 \\! touch /tmp/never",
        "SELECT 1\n\\echo x",
        "SELECT 'a",
        'SELECT "a',
        "SELECT 1 -- x",
        "SELECT /* x",
        "SELECT $$;$$",
        "SELECT '\0'",
    ],
)
def test_what_is_more_than_a_statement_to_the_client_is_not_sent(cluster, to, statement):
    with source(cluster)._session(reach(cluster, to)) as session:
        with pytest.raises(ObservationError) as caught:
            session.run(statement, (), 5)
        assert caught.value.kind is ErrorKind.DENIED
        assert session.rows("SELECT 1") == [(1,)]


def test_the_connection_to_the_machine_is_kept_and_no_client_stays(cluster, to, eventually):
    at = reach(cluster, to)
    source(cluster).connections(at)
    link = POOL._of((to, str(cluster.state))).transport
    with pytest.raises(ObservationError, match="unsupported"):
        source(cluster).jobs(at)  # what the product has not costs no connection
    source(cluster).connections(at)
    assert POOL._of((to, str(cluster.state))).transport is link
    own = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'roundseal'"
    eventually(lambda: cluster.sql(own) == [(0,)])


def test_the_password_is_in_no_list_of_processes_and_in_no_log(cluster, to, eventually):
    def commands():
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                yield path.read_bytes()
            except OSError:
                continue

    with source(cluster)._session(reach(cluster, to)) as session:
        session.rows("SELECT 1")
        seen = list(commands())
    assert any(b"application_name='roundseal'" in one for one in seen)  # the client was there
    assert not any(_db.PASSWORD.encode() in one for one in seen)
    assert _db.PASSWORD not in (cluster.place / "data.log").read_text("utf-8", "replace")


def test_a_wrong_password_is_denied(cluster, to):
    assert refused(cluster, reach(cluster, to, "by_client_wrong")).kind is ErrorKind.DENIED


def test_a_login_by_the_machines_own_socket_wants_no_password(cluster, to):
    assert source(cluster).connections(reach(cluster, to, "by_peer")).used


def test_no_such_database_is_denied(cluster, to):
    problem = refused(cluster, reach(cluster, to, database="no such"))
    assert problem.kind is ErrorKind.DENIED and "no such database" in problem.detail


def test_a_client_that_is_not_there_is_unsupported_and_says_where_to_name_it(cluster, to):
    problem = refused(cluster, reach(cluster, to, "none_there"))
    assert problem.kind is ErrorKind.UNSUPPORTED
    assert "/opt/nowhere/psql" in problem.detail and "`program` in the secret" in problem.detail


def test_the_makers_client_is_looked_for_in_its_usual_places(cluster, to, secret):
    at = replace(reach(cluster, to, secret(), platform="kingbase"), client="ksql")
    problem = refused(cluster, at)
    assert problem.kind is ErrorKind.UNSUPPORTED and "/opt/Kingbase/ES/*/Server/bin" in problem.detail


def test_a_server_that_is_down_is_a_finding_and_a_machine_that_is_gone_is_none(cluster, to):
    closed = _ssh.free_port()
    for down, outcome in ((reach(cluster, to, port=closed), "refused"),
                          (reach(cluster, to, "by_peer", port=closed), "refused")):  # fmt: skip
        assert source(cluster).login(down).outcome == outcome
    gone = reach(cluster, replace(to, port=closed))
    with pytest.raises(ObservationError) as caught:
        source(cluster).login(gone)
    assert caught.value.kind is not ErrorKind.UNSUPPORTED


def test_a_machine_whose_key_is_not_the_pinned_one_gets_no_password(cluster, machine):
    to = machine()
    other = paramiko.ECDSAKey.generate()
    Pins(cluster.state).put(to.name, Pin(other.get_name(), fingerprint(other.asbytes())))
    problem = refused(cluster, reach(cluster, to))
    assert problem.kind is ErrorKind.DENIED and "host key has changed" in problem.detail


def test_where_the_agent_does_not_look_by_ssh_it_does_not_this_way_either(cluster, to):
    sql = open_sql(Transient(), Means(state=cluster.state, off=frozenset({Source.SSH})))
    with pytest.raises(ObservationError, match="switches the source ssh off"):
        sql.connections(reach(cluster, to))


def test_what_the_shell_prints_by_itself_is_not_taken_for_an_answer(cluster, machine):
    noise = r"printf '\033[31m最后登录\033[0m {} \n%%s\n' x; printf '\326\320' >&2; exec /bin/sh -c"
    to = machine(f'ForceCommand {noise} "$SSH_ORIGINAL_COMMAND"')
    assert source(cluster).connections(reach(cluster, to)).used


def test_a_machine_that_runs_no_commands_is_unsupported(cluster, machine):
    to = machine("ForceCommand echo This account is currently not available.; exit 1")
    problem = refused(cluster, reach(cluster, to))
    assert problem.kind is ErrorKind.UNSUPPORTED and "runs no commands" in problem.detail


def test_a_session_that_the_server_ends_is_refused(cluster, to):
    with source(cluster)._session(reach(cluster, to)) as session:
        ((pid,),) = session.rows("SELECT pg_backend_pid()")
        cluster.sql(f"SELECT pg_terminate_backend({pid})")
        with pytest.raises(ObservationError) as caught:
            session.rows("SELECT 1")
    assert caught.value.kind in (ErrorKind.REFUSED, ErrorKind.GARBLED) and "closed" in caught.value.detail


def test_a_database_in_no_encoding_gives_chinese_texts(cluster, to):
    cluster.sql("CREATE DATABASE raw ENCODING 'SQL_ASCII' TEMPLATE template0")
    cluster.sql("CREATE TABLE t (a text)", database="raw")
    psql = [*cluster.user, str(cluster.programs / "psql"), "-h", str(cluster.place), "-p", str(cluster.port)]
    # The second byte of the last character is a backslash.
    words = "INSERT INTO t VALUES ('备份失败誠')".encode("gbk")
    subprocess.run([*psql, "-U", "postgres", "-q", "raw"], input=words, check=True, cwd=cluster.place)
    cluster.sql("GRANT SELECT ON t TO inspector", database="raw")
    with source(cluster)._session(reach(cluster, to, database="raw")) as session:
        assert session.rows("SELECT a FROM t") == [("备份失败誠",)]


def says(data, times=1):
    def act(sock, stop):
        for _ in range(times):
            sock.sendall(data)
        while not stop.wait(0.05):
            pass

    return act


@pytest.mark.parametrize(
    "act",
    [
        *(lambda sock, stop: None, says(b""), says(bytes(range(256)) * 40)),
        *(says("数据库未启动\r\n".encode("gb18030") * 20), says(b"R\0\0\0\x08\0\0\0\x03" * 50_000)),
        says(b"E\x00\xa0\x00\x00" + b"x" * 65_531, 160),
    ],
    ids=["closes", "silent", "garbage", "not_utf8", "login_loop", "ten_megabytes"],
)
def test_a_server_that_misbehaves_behind_the_client_is_a_typed_error(cluster, to, peer, act):
    began = time.monotonic()
    problem = refused(cluster, reach(cluster, to, port=peer(act), timeout_ms=2000))
    assert problem.kind in {*TYPED, ErrorKind.DENIED}
    assert time.monotonic() - began < 2 + LATE_S


@pytest.fixture
def secret(cluster, tmp_path):
    """`secret(script)`: the name of a secret whose `program` is this script (none: no `program`)."""
    os.chmod(tmp_path, 0o755)
    path = cluster.state / "secrets.yaml"

    def make(script=None, password="hidden-Word-1"):
        program = tmp_path / "client"
        if script is not None:
            program.write_text(f"#!/bin/sh\n{script}\n")
            program.chmod(0o755)
        named = "" if script is None else f", program: {program}"
        lines = [line for line in path.read_text().splitlines() if not line.startswith("odd:")]
        lines.append(f"odd: {{user: inspector, password: {password}, host: 127.0.0.1{named}}}")
        path.write_text("\n".join(lines) + "\n")
        return "odd"

    return make


ECHOES = r"""while read -r a b c; do case $a in \\echo) echo "$b %s";; esac; done"""
# What a client does in place of connecting; each with the kinds of error that it may be.
ODD = {
    "silent": ("exec sleep 600", {ErrorKind.TIMEOUT}),
    "closes": ("exit 0", {ErrorKind.UNSUPPORTED}),
    "closes_its_output": ("exec >&- 2>&-; sleep 600", TYPED),
    "garbage": ("head -c 20000 /dev/urandom; exit 3", {ErrorKind.UNSUPPORTED}),
    "byte_by_byte": ("while :; do printf x; sleep 0.05; done", {ErrorKind.TIMEOUT}),
    "never_stops": ("exec yes 0123456789abcdef0123456789abcdef", {ErrorKind.GARBLED, ErrorKind.TIMEOUT}),
    "never_stops_complaining": ("exec yes no 1>&2", {ErrorKind.TIMEOUT}),
    "ten_megabytes": ("head -c 10000000 /dev/zero; sleep 600", {ErrorKind.TIMEOUT}),
    "escapes": (r"printf '\033[2J\033[31m\033]0;x\007%s\n'; exit 1", {ErrorKind.UNSUPPORTED}),
    "login_loop": ("while read -r a; do echo 'Password for user inspector: ' >&2; done; sleep 600",
                   {ErrorKind.TIMEOUT}),
    "too_old": (ECHOES % ":ERROR :SQLSTATE :ROW_COUNT", {ErrorKind.UNSUPPORTED}),
    "claims_rows": (ECHOES % "false 00000 3", {ErrorKind.GARBLED}),
    "no_library": ("echo 'error while loading shared libraries: libkci.so.5' >&2; exit 127",
                   {ErrorKind.UNSUPPORTED}),
    "refuses": ("echo 'psql: error: could not connect to server: Connection refused' >&2; exit 2",
                {ErrorKind.REFUSED}),
}  # fmt: skip
REFUSALS = (
    ('致命错误:  用户 "inspector" Password 认证失败', ErrorKind.DENIED),
    ("致命错误:  对不起, 已经有太多的客户", ErrorKind.REFUSED),
    ('FATAL:  no sys_hba.conf entry for host "127.0.0.1", user "inspector"', ErrorKind.DENIED),
    ('FATAL:  password authentication failed for user "inspector"', ErrorKind.DENIED),
    ("FATAL:  the database system is starting up", ErrorKind.REFUSED),
    ("timeout expired", ErrorKind.TIMEOUT),
    ("fe_sendauth: no password supplied", ErrorKind.DENIED),
    ("server closed the connection unexpectedly", ErrorKind.GARBLED),
)


@pytest.mark.parametrize("odd", ODD)
def test_a_client_that_misbehaves_is_a_typed_error_within_the_deadline(cluster, to, secret, odd):
    script, kinds = ODD[odd]
    waits = ErrorKind.TIMEOUT in kinds
    began = time.monotonic()
    problem = refused(cluster, reach(cluster, to, secret(script), timeout_ms=1500 if waits else 60_000))
    assert problem.kind in kinds and "hidden-Word-1" not in str(problem)
    assert time.monotonic() - began < (1.5 if waits else 60) + LATE_S


@pytest.mark.parametrize("charset", ["utf-8", "gbk"])
@pytest.mark.parametrize(("said", "kind"), REFUSALS)
def test_what_a_client_says_of_a_failed_login_is_understood_in_either_encoding(
    cluster, to, secret, tmp_path, said, kind, charset
):
    (tmp_path / "said").write_bytes(f"psql: error: {said}\n".encode(charset))
    problem = refused(cluster, reach(cluster, to, secret(f"cat {tmp_path}/said >&2; exit 2")))
    assert problem.kind is kind and said not in str(problem)


def test_what_a_client_prints_of_itself_is_not_taken_for_an_answer(cluster, to, secret):
    script = f"""echo '授权类型: 企业版.'; echo '输入 "help"'; exec {cluster.programs}/psql "$@" """
    assert source(cluster).connections(reach(cluster, to, secret(script, _db.PASSWORD))).used


def test_a_client_that_repeats_the_password_is_not_quoted(cluster, to, secret):
    said = "FATAL: password $PGPASSWORD $KINGBASE_PASSWORD is wrong: permission denied"
    script = f'echo "{said}"; echo "{said}" >&2; exit 2'
    problem = refused(cluster, reach(cluster, to, secret(script)))
    assert problem.kind is ErrorKind.DENIED and "hidden-Word-1" not in str(problem)


@pytest.mark.parametrize("password", ["a b", "sp'äce\\", "-n", "$HOME", "  "])
def test_a_password_reaches_the_client_as_it_is(cluster, to, secret, tmp_path, password):
    name = secret(f'printf "%s|%s" "$PGPASSWORD" "$KINGBASE_PASSWORD" > {tmp_path}/got; exit 2',
                  f'"{password}"'.replace("\\", "\\\\"))  # fmt: skip
    os.chmod(tmp_path, 0o777)
    refused(cluster, reach(cluster, to, name))
    assert (tmp_path / "got").read_text() == f"{password}|{password}"


def test_a_password_of_two_lines_is_not_sent(cluster, to, secret):
    problem = refused(cluster, reach(cluster, to, secret("exit 0", '"a\\nb"')))
    assert problem.kind is ErrorKind.DENIED and "one line" in problem.detail


def test_a_place_with_quotes_and_blanks_is_one_word_to_the_shell(cluster, to, secret, tmp_path):
    name = secret(f"""printf '%s\\n' "$@" > {tmp_path}/words; exit 2""")
    os.chmod(tmp_path, 0o777)
    odd = 'it\'s $(touch never) \\ "x"'
    refused(cluster, reach(cluster, to, name, database=odd))
    words = (tmp_path / "words").read_text()
    assert "dbname='it\\'s $(touch never) \\\\ \"x\"'" in words and words.startswith(
        "-X\n-q\n-A\n-t\n-0\n-w\n"
    )


def test_instants_come_as_texts_of_one_form(cluster, to):
    with source(cluster)._session(reach(cluster, to)) as session:
        ((text,),) = session.rows("SELECT '2026-01-02T03:04:05+08'::timestamptz")
    assert datetime.fromisoformat(text) == datetime(2026, 1, 1, 19, 4, 5, tzinfo=UTC)
