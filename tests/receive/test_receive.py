"""What is sent to the agent: hostile and lost first, then real senders' traps and syslog."""

import os
import shutil
import signal
import socket
import subprocess
import time

import pytest

from agent.receive import syslog, traps
from agent.receive.engine import begun
from agent.receive.ledger import BURST, MOST_SENDERS, Ledger
from agent.receive.redact import MOST, redacted
from agent.receive.usm import Opener, RefusedError, User, user
from agent.settings import Settings
from agent.sources.means import Means
from agent.sources.memory import Transient
from agent.sources.received import open_received
from checks import registry
from checks.api import ErrorKind, ObservationError, State
from checks.codec import FieldError, from_json
from checks.received import What

HERE = {"address": "127.0.0.1", "silence": "unexpected"}
HIDDEN = ("s3cr3t-traps", "authpass12", "privpass12", "hunter2")
BOTH = {"receives": ["syslog", "traps"]}
LINK_DOWN = ("1.3.6.1.6.3.1.1.5.3", "1.3.6.1.2.1.2.2.1.1.3", "i", "3")


def test_an_agent_without_a_receiver_says_so(state, ears):
    with pytest.raises(ObservationError) as raised:
        ears.receiver()
    assert raised.value.kind is ErrorKind.UNSUPPORTED
    with pytest.raises(ObservationError):
        open_received(Transient(), Means()).received(What.SYSLOG, "127.0.0.1")


@pytest.mark.parametrize(
    "wrong", [{"syslog": {"port": 70_000}}, {"traps": {"address": "everywhere"}}, {"mail": {}}]
)
def test_settings_that_cannot_be_are_refused(wrong):
    with pytest.raises(FieldError):
        from_json(Settings, {"receive": wrong}, "agent.yaml")


@pytest.mark.parametrize("receives", [[], ["mail"], "syslog"])
def test_a_receiver_must_listen_for_something(receives):
    with pytest.raises(FieldError):
        from_json(registry.get("network.receiver").params, {"receives": receives}, "params")


@pytest.mark.parametrize("wrong", [{}, {"silence": "maybe"}, {"silence_s": 1}, {"address": "a b"}])
@pytest.mark.parametrize("check_id", ["network.syslog", "network.traps"])
def test_what_silence_means_must_be_said(check_id, wrong):
    given = {"address": "127.0.0.1"} if not wrong else {**HERE, **wrong}
    with pytest.raises(FieldError):
        from_json(registry.get(check_id).params, given, "params")


def test_silence_is_unknown_unless_it_is_what_is_expected(ports, ears, looked, why):
    assert why(looked("network.syslog", HERE, ears, "unknown"))["last_heard"] == "silent"
    found = looked("network.traps", HERE, ears, "unknown")
    assert found.state is State.UNKNOWN and why(found)["received_messages"] == "first_look"
    quiet = {**HERE, "silence": "expected"}
    assert looked("network.syslog", quiet, ears, "ok_silence").state is State.OK
    assert looked("network.traps", quiet, ears, "ok").state is State.OK


def test_loggers_messages_are_counted_by_severity(ports, ears, looked, why, program, counted):
    looked("network.syslog", HERE, ears)
    to = ("-n", "127.0.0.1", "-P", str(ports["syslog"]))
    program("logger", *to, "-d", "--rfc5424", "-t", "app", "-p", "local0.info", "started, password=hunter2")
    counted(1)
    assert looked("network.syslog", HERE, ears, "ok").state is State.OK
    program("logger", *to, "-d", "--rfc3164", "-t", "app", "-p", "local0.err", "磁盘告警")
    program("logger", *to, "-T", "--rfc5424", "-t", "app", "-p", "kern.crit", "fan 1 failed")
    program("logger", *to, "-T", "--octet-count", "--rfc5424", "-t", "app", "-p", "kern.warning", "hot")
    counted(4)
    found = looked("network.syslog", HERE, ears, "crit", HIDDEN)
    assert why(found)["log_critical"] == "many" and why(found)["log_errors"] == "many"
    assert {one.name: one.value for one in found.readings}["log_messages"] == 3
    texts = [one["text"] for one in found.facts["received"]["heard"]]
    assert any("磁盘告警" in one for one in texts) and any("fan 1 failed" in one for one in texts)


def test_nothing_of_a_credential_is_kept(ports, ears, looked, program, counted):
    to = ("-n", "127.0.0.1", "-P", str(ports["syslog"]), "-d")
    telephone = "139" + "0" * 8
    text = f"login ops password=hunter2 from ops@example.org {telephone}"
    program("logger", *to, "-p", "local0.err", text)
    counted(1)
    found = looked("network.syslog", HERE, ears, hidden=(*HIDDEN, "example.org", telephone))
    assert "***" in found.facts["received"]["heard"][0]["text"]


SENDERS = {
    "v1": "-v1 -c s3cr3t-traps",
    "v2c": "-v2c -c s3cr3t-traps",
    "MD5, DES": "-v3 -u md5 -l authPriv -a MD5 -x DES",
    "SHA, AES": "-v3 -u sha -l authPriv -a SHA -x AES",
    "SHA-256, AES": "-v3 -u sha256 -l authPriv -a SHA-256 -x AES",
    "SHA-512, AES": "-v3 -u sha512 -l authPriv -a SHA-512 -x AES",
    "SHA": "-v3 -u signed -l authNoPriv -a SHA",
    "none": "-v3 -u plain -l noAuthNoPriv",
}
OTHERS = (
    "-v2c -c public",
    "-v3 -u sha -l authPriv -a SHA -A wrongpass1 -x AES",
    "-v3 -u sha -l authPriv -a SHA -x AES -X wrongpass1",
    "-v3 -u sha -l authNoPriv -a SHA",
    "-v3 -u sha -l noAuthNoPriv",
    "-v3 -u nobody -l noAuthNoPriv",
)


def trap(words, to):
    """snmptrap's command line for a link that went down."""
    words = ["snmptrap", *words.split()]
    if "-v1" in words:
        return [*words, to, "1.3.6.1.4.1.8072", "127.0.0.1", "2", "0", "", *LINK_DOWN[1:]]
    if "-v3" in words:
        for option, key in (("-A", "authpass12"), ("-X", "privpass12"), ("-e", "0x8000000001020304")):
            words += [] if option in words else [option, key]
    return [*words, to, "", *LINK_DOWN]


def test_a_trap_of_each_version_is_known(ports, ears, looked, why, program, counted):
    looked("network.traps", HERE, ears)
    for at, words in enumerate(SENDERS.values(), 1):
        program(*trap(words, f"127.0.0.1:{ports['traps']}"))
        counted(at)
        found = looked("network.traps", HERE, ears, "warn" if at == 2 else "", HIDDEN)
        assert why(found)["links_down"] == "notified", words
        assert "refused" not in why(found) and "garbled" not in why(found), words


def test_a_trap_of_somebody_else_is_not_believed(ports, ears, looked, why, program, counted):
    looked("network.traps", HERE, ears)
    for at, words in enumerate(OTHERS, 1):
        program(*trap(words, f"127.0.0.1:{ports['traps']}"))
        counted(at)
        found = why(looked("network.traps", HERE, ears, hidden=HIDDEN))
        assert "links_down" not in found, words
        assert found.get("refused") == "not_believed" or found.get("garbled") == "garbled", words


def test_an_inform_is_answered_and_one_named_critical_is_critical(ports, ears, looked, why, program, counted):
    looked("network.traps", HERE, ears)
    to = f"127.0.0.1:{ports['traps']}"
    # snmpinform fails unless it is answered.
    program(
        "snmpinform",
        "-v2c",
        "-c",
        "s3cr3t-traps",
        to,
        "",
        "1.3.6.1.2.1.33.2.1",
        "1.3.6.1.2.1.33.1.2.3",
        "i",
        "9",
    )
    counted(1)
    params = {**HERE, "critical": ["1.3.6.1.2.1.33.2"]}
    assert why(looked("network.traps", params, ears, "crit"))["1.3.6.1.2.1.33.2.1"] == "notified"


INFORMS = {name: words for name, words in SENDERS.items() if "-v3" in words}


def inform(words, to):
    """snmpinform's command line for a link that went down; it fails unless it is answered."""
    words = ["snmpinform", "-t", "50", "-r", "0", *words.split()]
    for option, key in (("-A", "authpass12"), ("-X", "privpass12")):
        words += [] if option in words else [option, key]
    return [*words, to, "", *LINK_DOWN]


def test_an_inform_of_v3_is_answered_under_our_own_engine(ports, ears, looked, why, program, counted):
    looked("network.traps", HERE, ears)
    for at, words in enumerate(INFORMS.values(), 1):
        program(*inform(words, f"127.0.0.1:{ports['traps']}"))
        counted(at)
        found = why(looked("network.traps", HERE, ears, hidden=HIDDEN))
        assert found["links_down"] == "notified" and not {"refused", "garbled"} & found.keys(), words


def test_an_inform_of_somebody_else_is_not_answered(ports, ears, looked, why, counted):
    if shutil.which("snmpinform") is None:
        pytest.skip("NOT TESTED: snmpinform is not installed")
    looked("network.traps", HERE, ears)
    for at, words in enumerate((one for one in OTHERS if "-v3" in one), 1):
        to = inform(words, f"127.0.0.1:{ports['traps']}")
        with subprocess.Popen(to, stderr=subprocess.DEVNULL) as process:
            counted(at)
            assert process.poll() is None, "it still waits for its answer"
            process.kill()
        found = why(looked("network.traps", HERE, ears, hidden=HIDDEN))
        assert "links_down" not in found, words
        assert found.get("refused") == "not_believed" or found.get("garbled") == "garbled", words


def heard_inform(opener, engine, sock, process):
    """Play the receiver by hand: the datagram that carries the inform, and what it was answered by."""
    while True:
        data, peer = sock.recvfrom(65_535)
        name, _, answer = traps.read(data, (), opener, engine)
        sock.sendto(answer, peer)
        if name:
            assert process.wait(60) == 0
            return data


def test_an_inform_played_again_after_a_start_is_counted_no_more(tmp_path):
    if shutil.which("snmpinform") is None:
        pytest.skip("NOT TESTED: snmpinform is not installed")
    secret = {"user": "sha", "auth": "sha", "auth_password": "authpass12"}
    secret |= {"privacy": "aes128", "privacy_password": "privpass12"}
    opener = Opener({b"sha": user(secret)})
    before = begun(tmp_path / "engine")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(60)
        words = inform(INFORMS["SHA, AES"], f"127.0.0.1:{sock.getsockname()[1]}")
        with subprocess.Popen(words) as process:
            data = heard_inform(opener, before, sock, process)
    after = begun(tmp_path / "engine")
    assert (after.id, after.starts) == (before.id, before.starts + 1)
    assert traps.read(data, (), opener, before)[0]
    name, _, answer = traps.read(data, (), opener, after)
    assert not name and answer, "it is told our clock, and not counted"


def test_an_engine_whose_file_is_no_use_becomes_another(tmp_path):
    path = tmp_path / "engine"
    first = begun(path)
    for broken in (b"", b"{", b'{"id": "zz", "starts": 1}', b'{"id": "80", "starts": 1}', b"[1]"):
        path.write_bytes(broken)
        made = begun(path)
        assert made.id != first.id and made.starts == 1
        assert begun(path).starts == 2


def test_a_message_played_again_later_is_refused(program):
    secret = {"user": "sha", "auth": "sha", "auth_password": "authpass12"}
    secret |= {"privacy": "aes128", "privacy_password": "privpass12"}
    opener = Opener({b"sha": user(secret)})
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(60)
        sent = []
        for boots in ("5,1000", "5,2000"):
            to = f"127.0.0.1:{sock.getsockname()[1]}"
            program(*trap(f"{SENDERS['SHA, AES']} -Z {boots}", to))
            sent.append(sock.recv(65_535))
    opener.open(sent[1])
    with pytest.raises(RefusedError):
        opener.open(sent[0])


def test_garbage_is_counted_and_hurts_nobody(ports, ears, looked, why, datagram, counted):
    looked("network.traps", HERE, ears)
    looked("network.syslog", HERE, ears)
    for data in (b"", b"\x30", b"\x30\x84\xff\xff\xff\xff", b"<999>x", os.urandom(1000), b"\x00" * 60_000):
        datagram(ports["traps"], data)
    for data in (b"\0", b"<192>x", b"<13>ok"):
        datagram(ports["syslog"], data)
    seen = counted(9)
    assert seen.garbled >= 6
    assert why(looked("network.traps", HERE, ears))["garbled"] == "garbled"
    assert why(looked("network.receiver", BOTH, ears, "unknown"))["receiver"] == "first_look"


def test_a_sender_that_nobody_named_is_counted_apart(ports, ears, looked, why, datagram, counted):
    looked("network.syslog", HERE, ears)
    looked("network.receiver", BOTH, ears)
    datagram(ports["syslog"], b"<13>ours")
    counted(1)
    assert looked("network.receiver", BOTH, ears, "ok").state is State.OK
    datagram(ports["syslog"], b"<8>of a stranger", source="127.0.0.9")
    counted(2)
    found = looked("network.receiver", BOTH, ears, "warn")
    assert why(found)["strangers"] == "not_in_the_estate"
    assert found.facts["receiver"]["stranger_messages"] == 1
    # The stranger's messages are nobody else's.
    assert {one.name: one.value for one in looked("network.syslog", HERE, ears).readings}["log_messages"] == 1


def test_one_sender_cannot_take_all_the_room(ports, ears, looked, why, datagram, counted):
    looked("network.syslog", HERE, ears)
    many = BURST + 3000
    with socket.create_connection(("127.0.0.1", ports["syslog"])) as sock:
        sock.sendall(b"<13>again and again\n" * many)
    counted(many)
    found = looked("network.syslog", HERE, ears)
    assert why(found)["limited"] == "beyond_rate"
    values = {one.name: one.value for one in found.readings}
    assert values["limited"] + values["log_messages"] == many


def test_what_the_kernel_dropped_is_said(keeper, ports, ears, looked, why, state):
    looked("network.syslog", HERE, ears)
    looked("network.receiver", BOTH, ears)
    until = time.monotonic() + 120
    found = {}
    # A receiver that stands still: its socket's room is bounded, and what does not fit is counted.
    while "lost_messages" not in found and time.monotonic() < until:
        os.kill(keeper.pid, signal.SIGSTOP)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            for _ in range(3000):
                sock.sendto(b"<13>" + b"x" * 8000, ("127.0.0.1", ports["syslog"]))
        os.kill(keeper.pid, signal.SIGCONT)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(b"<13>after", ("127.0.0.1", ports["syslog"]))
        found = why(looked("network.receiver", BOTH, ears, "crit"))
    assert found["lost_messages"] == "lost"
    assert why(looked("network.syslog", HERE, ears))["lost_messages"] == "lost"


def test_a_receiver_that_died_is_started_again_and_what_came_in_between_is_unknown(
    keeper, ports, ears, looked, why, state, counted, datagram
):
    looked("network.syslog", HERE, ears)
    datagram(ports["syslog"], b"<13>before")
    counted(1)
    looked("network.syslog", HERE, ears)
    first = keeper.pid
    os.kill(first, signal.SIGKILL)
    until = time.monotonic() + 60
    found = {}
    while "receiver" not in found and time.monotonic() < until:
        time.sleep(0.1)
        found = why(looked("network.syslog", HERE, ears))
    assert found["receiver"] == "receiver_restarted"
    assert found["last_heard"] == "ok", "it was heard before, and that stays known"
    assert keeper.pid != first


def test_it_ends_with_the_agent(state):
    from agent.receive.keep import Keeper
    from agent.state import State as StateDirectory

    keeper = Keeper(StateDirectory(state))
    keeper.start()
    until = time.monotonic() + 60
    while not (state / "receive.sock").exists() and time.monotonic() < until:
        time.sleep(0.05)
    pid = keeper.pid
    assert (state / "receive.sock").stat().st_mode & 0o077 == 0
    keeper.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


# The parts


@pytest.mark.parametrize(
    ("message", "severity", "text"),
    [
        (b'<34>1 2026-11-21T09:00:00Z web app 1 ID [a b="c"] \xef\xbb\xbfbad', "2", "bad"),
        (b"<165>1 - - - - - - no structure", "5", "no structure"),
        (b"<11>Nov 21 09:00:00 sw kernel: fan", "3", "sw kernel: fan"),
        (b"<187>%Nov 21 09:00:00:123 2026 H3C IFNET/3/PHY_UPDOWN: down", "3", None),
        ("<12>磁盘".encode("gbk"), "4", "磁盘"),
        (b"no priority at all", "5", "no priority at all"),
    ],
)
def test_messages_of_all_sorts_have_a_severity(message, severity, text):
    found = syslog.parse(message)
    assert found[0] == severity
    assert text is None or found[1] == text


def test_streams_are_cut_into_messages_whichever_way_they_are_framed():
    assert syslog.frames(b"5 <1>ab7 <2>cdef<3>half") == ([b"<1>ab", b"<2>cdef"], b"<3>half")
    assert syslog.frames(b"<1>a\n\n<2>b\n") == ([b"<1>a", b"<2>b"], b"")
    with pytest.raises(ValueError):
        syslog.frames(b"999999 <1>x")
    with pytest.raises(ValueError):
        syslog.frames(b"<1>" + b"x" * 100_000)


@pytest.mark.parametrize(
    "secret",
    [
        "password=hunter2secret",
        "密码：hunter2secret",
        '{"token": "hunter2secret"}',
        "Authorization: Bearer hunter2secret",
        "http://ops:hunter2secret@10.0.0.1/",
        "key AAAAB3NzaC1yc2EAAAADAQABhunter2secret",
    ],
)
def test_what_looks_like_a_credential_is_left_out(secret):
    assert "hunter2secret" not in redacted(f"login failed {secret} again")


def test_a_text_is_one_short_line():
    assert redacted("a\nb\x1b[31mc\u202ed") == "a b [31mc d"
    assert len(redacted("word " * 1000)) <= MOST
    assert "10.1.2.3" in redacted("from 10.1.2.3:5514 port 22")


def test_senders_are_bounded_and_those_asked_for_stay(tmp_path):
    ledger = Ledger(tmp_path / "known")
    ledger.sender("syslog", "10.0.0.1").count("3", "x")
    ledger.of("syslog", ["10.0.0.1"])
    for at in range(MOST_SENDERS + 10):
        ledger.sender("syslog", f"10.1.{at // 256}.{at % 256}").count("3", "x")
    assert ledger.of("syslog", ["10.0.0.1"])["counts"] == {"3": 1}
    whole = ledger.whole()
    assert whole["senders"] <= MOST_SENDERS and whole["messages"] == MOST_SENDERS + 11
    assert whole["stranger_messages"] == MOST_SENDERS + 10
    again = Ledger(tmp_path / "known")
    again.sender("syslog", "10.0.0.1")
    assert again.whole()["strangers"] == 0


@pytest.mark.parametrize("wrong", [{"auth": "crc32"}, {"privacy": "des"}, {"auth": "sha"}])
def test_a_user_without_sound_keys_is_refused(wrong):
    with pytest.raises(ValueError):
        user({"user": "a", **wrong})
    assert isinstance(user({"user": "a"}), User)
