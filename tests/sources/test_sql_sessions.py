"""Sessions against peers that are no databases; drivers that are not there; how errors are told apart."""

import socket
import struct
import sys
import threading
import time
from hashlib import sha256

import pytest

from agent.secrets import Secret
from agent.sources import sql_common, sql_optional, sql_postgres
from agent.sources.memory import Transient
from agent.sources.sql_resp import Redis, Refusal
from agent.sources.sql_session import Recall, Watch, text, whole
from checks.api import ErrorKind, ObservationError
from checks.database.alive import Params
from checks.database.redis import Params as RedisParams
from checks.sql import Area


@pytest.mark.parametrize("platform", ["oracle", "dameng"])
def test_a_driver_that_is_not_there_says_how_to_install_it(platform, monkeypatch):
    for module in ("oracledb", "dmPython"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ObservationError, match="pip install") as caught:
        sql_optional.connect(Params("127.0.0.1", platform=platform), Secret("x", {}))
    assert caught.value.kind is ErrorKind.UNSUPPORTED


@pytest.mark.parametrize(("platform", "module"), [("oracle", "oracledb"), ("dameng", "dmPython")])
def test_an_optional_driver_finds_nobody_and_silence(platform, module):
    pytest.importorskip(module, reason=f"NOT TESTED: no {module} here")
    secret = Secret("x", {"user": "a", "password": "hidden-Word-1"})
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(ObservationError) as caught:
        sql_optional.connect(Params("127.0.0.1", platform=platform, port=port), secret)
    assert caught.value.kind is ErrorKind.REFUSED


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("ORA-01017: invalid username/password; logon denied", ErrorKind.DENIED),
        ("ORA-00942: table or view does not exist", ErrorKind.UNSUPPORTED),
        ("ORA-12514: TNS:listener does not currently know of service", ErrorKind.REFUSED),
        ("[CODE:-70028]Create SOCKET connection failure", ErrorKind.REFUSED),
        ("something else", ErrorKind.GARBLED),
    ],
)
def test_errors_of_optional_drivers_are_told_apart_by_their_numbers(said, kind):
    problem = sql_optional._error(Exception(said), "db:1521")
    assert problem.kind is kind and "invalid" not in problem.detail


@pytest.mark.parametrize("charset", ["utf-8", "gb18030"])
@pytest.mark.parametrize(
    ("said", "kind", "detail"),
    [
        ('致命错误:  用户 "inspect" Password 认证失败', ErrorKind.DENIED, "login"),
        ('致命错误:  角色 "inspect" 不存在', ErrorKind.DENIED, "login"),
        ('致命错误:  数据库 "portal" 不存在', ErrorKind.DENIED, "no such database"),
        ("致命错误:  对不起, 已经有太多的客户", ErrorKind.REFUSED, "too many connections"),
        ("致命错误:  数据库系统启动中", ErrorKind.REFUSED, "starting"),
        ('致命错误:  没有用于主机 "10.0.0.1", 用户 "a", 数据库 "b", no encryption 的 pg_hba.conf 记录',
         ErrorKind.DENIED, "login"),
    ],
)  # fmt: skip
def test_a_server_that_refuses_in_chinese_is_understood(peer, said, kind, detail, charset):
    """As PostgreSQL says it with Chinese `lc_messages`: in the bytes of its protocol."""
    fields = b"S" + "致命错误".encode(charset) + b"\0C28000\0M" + said.encode(charset) + b"\0\0"
    port = peer(b"E" + struct.pack(">I", 4 + len(fields)) + fields)
    at = Params("127.0.0.1", platform="postgresql", port=port, tls="off", timeout_ms=30_000)
    with pytest.raises(ObservationError) as caught:
        sql_postgres.connect(at, Secret("x", {"user": "inspect", "password": "hidden-Word-1"}))
    assert caught.value.kind is kind
    assert caught.value.detail == f"{detail}: 127.0.0.1:{port}"


@pytest.fixture
def peer():
    """`peer(bytes, gap)`: a server that answers each connection with these bytes, byte by byte with a gap."""
    servers = []

    def start(says, gap=0.0):
        server = socket.create_server(("127.0.0.1", 0))
        ended = threading.Event()

        def serve():
            try:
                conn, _ = server.accept()
                with conn:
                    conn.settimeout(60)
                    if not gap:
                        conn.recv(1000)
                        conn.sendall(says)
                    else:
                        while not ended.wait(gap):
                            conn.sendall(says)
            except OSError:
                return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        servers.append((server, thread, ended))
        return server.getsockname()[1]

    yield start
    for server, thread, ended in servers:
        ended.set()
        server.close()
        thread.join(60)


@pytest.mark.parametrize(
    "says", [b"+P", b"!odd\r\n", b"$999999999\r\n", b"*3\r\n:1\r\n", b"*-7x\r\n", b"$4\r\nab"]
)
def test_what_is_no_answer_of_a_redis_is_a_typed_error(peer, says):
    redis = Redis(RedisParams("127.0.0.1", port=peer(says), timeout_ms=30_000))
    try:
        with pytest.raises(ObservationError):
            redis.ask("PING")
    finally:
        redis.close()


def test_an_answer_that_nests_without_end_is_garbled(peer):
    redis = Redis(RedisParams("127.0.0.1", port=peer(b"*1\r\n" * 50)))
    try:
        with pytest.raises(ObservationError) as caught:
            redis.ask("PING")
    finally:
        redis.close()
    assert caught.value.kind is ErrorKind.GARBLED


def test_a_refusal_is_no_answer(peer):
    redis = Redis(RedisParams("127.0.0.1", port=peer(b"-NOPERM no\r\n")))
    try:
        assert isinstance(redis.ask("INFO"), Refusal)
    finally:
        redis.close()


def test_a_peer_that_drips_bytes_is_cut_at_the_deadline(peer):
    redis = Redis(RedisParams("127.0.0.1", port=peer(b"a", 0.02), timeout_ms=300))
    try:
        with pytest.raises(ObservationError) as caught:
            redis.ask("PING")
    finally:
        redis.close()
    assert caught.value.kind is ErrorKind.TIMEOUT


def test_a_watch_that_is_called_off_cuts_nothing():
    here, there = socket.socketpair()
    with here, there:
        Watch(here.fileno(), time.monotonic() + 60).close()
        there.sendall(b"x")
        assert here.recv(1) == b"x"


def test_values_that_may_hold_a_credential_are_kept_as_a_digest_only():
    for name, value in (
        ("primary_conninfo", "host=a user=b"),
        ("archive_command", "cp"),
        ("some_url", "http://ops:pw@host/"),
        ("other", "password=secret"),
        ("long", "x" * 500),
    ):
        made = sql_common.setting(name, value, "file")
        assert made.value == "" and len(made.digest) == 64, name
    assert sql_common.setting("work_mem", "4MB", "file").value == "4MB"


def test_a_value_that_is_not_shown_cannot_be_guessed_from_its_digest():
    def look(recall, value):
        items = [
            sql_common.setting("requirepass", value, "file"),
            sql_common.setting("work_mem", "4MB", "file"),
        ]
        return sql_common.settings(recall, items)

    here, elsewhere = Recall(Transient()), Recall(Transient())
    first, again = look(here, "hunter2"), look(here, "hunter2")
    guess = sha256(b"hunter2").hexdigest()
    assert guess not in {one.digest for one in first.items}
    assert sha256(guess.encode()).hexdigest() not in {one.digest for one in first.items}
    assert first.items == again.items and again.changed == ()
    assert look(here, "hunter3").changed == ("requirepass",)
    assert look(elsewhere, "hunter2").items[0].digest != first.items[0].digest
    assert first.items[1].digest == sha256(b"4MB").hexdigest()


def test_sizes_carry_those_of_the_last_look():
    recall = Recall(Transient())
    assert sql_common.space(recall, [Area("database", "a", 5)]).areas[0].before is None
    assert sql_common.space(recall, [Area("database", "a", 9), Area("database", "b", 1)]).areas == (
        Area("database", "a", 9, None, 5),
        Area("database", "b", 1, None, None),
    )


def test_a_tally_grows_only_forward():
    recall = Recall(Transient())
    assert recall.tally("a", 5).why_not() == "first_look"
    assert recall.tally("a", 7).grown() == 2
    assert recall.tally("a", 3).why_not() == "counter_reset"
    assert recall.tally("a", None).why_not() == "not_reported"


def test_odd_values_become_texts_and_numbers_that_can_be_signed():
    assert text(b"\xffa\x1b[0m") == "\ufffda\ufffd[0m"
    assert whole("x") is None and whole("12") == 12 and whole(float("inf")) is None
