"""service.dns against dnsmasq, and against servers of bytes that no honest one sends."""

import select
import shutil
import socket
import struct
import subprocess
import threading
import time

import pytest

from checks.api import ErrorKind, State
from checks.codec import FieldError


@pytest.fixture(scope="module")
def dnsmasq(tmp_path_factory):
    """A real name server; gives its port."""
    if shutil.which("dnsmasq", path="/usr/sbin:/usr/bin") is None:
        pytest.skip("NOT TESTED: dnsmasq is not installed")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    many = [f"--txt-record=big.test,{'x' * 200}{i}" for i in range(20)]
    command = [
        "dnsmasq", "--keep-in-foreground", "--no-resolv", "--no-hosts", "--conf-file=/dev/null",
        "--pid-file=",
        "--listen-address=127.0.0.1", "--bind-interfaces", f"--port={port}", "--user=root", "--local=/test/",
        "--host-record=app.test,127.0.0.9,300", "--host-record=app.test,127.0.0.10",
        "--cname=www.test,app.test",
        "--mx-host=test,mail.test,10", "--txt-record=test,v=spf1 -all", *many,
    ]  # fmt: skip
    process = subprocess.Popen(command, env={"PATH": "/usr/sbin:/usr/bin"}, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.02)
    yield port
    process.terminate()
    process.wait()


@pytest.fixture
def liar():
    """A UDP server that answers each question with what a function makes of it; gives its port."""
    stop = threading.Event()
    threads, socks = [], []

    def start(make) -> int:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind(("127.0.0.1", 0))
        socks.append(sock)

        def loop() -> None:
            while not stop.is_set():
                if select.select([sock], [], [], 0.05)[0]:
                    question, client = sock.recvfrom(2048)
                    answer = make(question)
                    if answer is not None:
                        sock.sendto(answer, client)

        threads.append(threading.Thread(target=loop))
        threads[-1].start()
        return sock.getsockname()[1]

    yield start
    stop.set()
    for thread in threads:
        thread.join()
    for sock in socks:
        sock.close()


def _ask(port: int, name: str = "app.test", **more) -> dict:
    return {"name": name, "server": "127.0.0.1", "port": port, "timeout_ms": 20_000, **more}


def _bad(result) -> dict:
    return {r.name: (r.state.value, r.reason) for r in result.readings if r.state is not State.OK}


def test_a_name_server_that_is_silent_is_down_at_the_deadline(observed, liar):
    result = observed("service.dns", _ask(liar(lambda question: None), timeout_ms=300), "crit_timeout")
    assert _bad(result) == {"answer": ("crit", "timeout")}
    assert result.t1 - result.t0 < 60_000


def test_a_closed_port_is_refused_and_not_waited_for(observed, closed_port):
    result = observed("service.dns", _ask(closed_port, timeout_ms=60_000), "crit_refused")
    assert _bad(result) == {"answer": ("crit", "refused")}
    assert result.t1 - result.t0 < 45_000


@pytest.mark.parametrize(
    "make",
    [
        lambda question: b"",
        lambda question: question[:2],
        lambda question: b"\xff" * 600,
        lambda question: question[:2] + struct.pack("!HHHHH", 0x8180, 1, 9, 0, 0) + question[12:],
        # A record whose name points at itself.
        lambda question: question[:2] + struct.pack("!HHHHH", 0x8180, 0, 1, 0, 0) + b"\xc0\x0c" + bytes(10),
        lambda question: bytes([question[0] ^ 1]) + question[1:],
    ],
)
def test_bytes_that_are_no_answer_are_down_and_harmless(observed, liar, make):
    result = observed("service.dns", _ask(liar(make), timeout_ms=400))
    assert result.state is State.CRIT
    assert result.readings[0].reason in {"garbled", "timeout"}


def test_a_server_that_does_not_know_edns_is_asked_without(observed, liar):
    def old(question: bytes) -> bytes:
        if question[11]:  # an additional record: EDNS
            return question[:2] + struct.pack("!HHHHH", 0x8181, 0, 0, 0, 0)
        record = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + bytes([127, 0, 0, 9])
        return question[:2] + struct.pack("!HHHHH", 0x8180, 1, 1, 0, 0) + question[12:] + record

    result = observed("service.dns", _ask(liar(old), expect=["127.0.0.9"]))
    assert result.state is State.OK


def test_a_name_that_does_not_exist_is_a_fact(observed, dnsmasq):
    result = observed("service.dns", _ask(dnsmasq, "none.test"), "crit")
    assert _bad(result) == {"records": ("crit", "rcode_nxdomain")}
    assert observed("service.dns", _ask(dnsmasq, "none.test", rcode="NXDOMAIN")).state is State.OK


def test_a_name_without_such_a_record_is_a_fact(observed, dnsmasq):
    result = observed("service.dns", _ask(dnsmasq, kind="MX"), "crit_no_records")
    assert _bad(result) == {"records": ("crit", "no_records")}


def test_an_answer_that_leads_elsewhere_is_down(observed, dnsmasq):
    result = observed("service.dns", _ask(dnsmasq, expect=["10.0.0.1"]), "crit_hijacked")
    assert _bad(result) == {"records": ("crit", "record_missing")}
    more = observed("service.dns", _ask(dnsmasq, expect=["127.0.0.9"], exact=True))
    assert _bad(more) == {"records": ("crit", "record_unexpected")}


def test_the_right_answer_is_ok_with_server_rcode_and_time(observed, dnsmasq):
    result = observed("service.dns", _ask(dnsmasq, expect=["127.0.0.9", "127.0.0.10"], exact=True), "ok")
    assert result.state is State.OK
    answer = result.facts["answer"]
    assert (answer["server"], answer["rcode"], answer["transport"]) == ("127.0.0.1", "NOERROR", "udp")
    assert answer["answer_us"] > 0


def test_aliases_mail_and_text_are_read(observed, dnsmasq):
    alias = observed("service.dns", _ask(dnsmasq, "www.test", expect=["127.0.0.9"]))
    assert (alias.state, alias.facts["answer"]["aliases"]) == (State.OK, ["app.test"])
    assert (
        observed("service.dns", _ask(dnsmasq, "test", kind="MX", expect=["10 mail.test."])).state is State.OK
    )
    assert (
        observed("service.dns", _ask(dnsmasq, "test", kind="TXT", expect=["v=spf1 -all"])).state is State.OK
    )


def test_an_answer_too_big_for_a_datagram_comes_over_tcp(observed, dnsmasq):
    result = observed("service.dns", _ask(dnsmasq, "big.test", kind="TXT"))
    assert (result.state, result.facts["answer"]["transport"]) == (State.OK, "tcp")
    assert len(result.facts["answer"]["records"]) == 20


def test_an_answer_slower_than_declared_is_degraded(observed, dnsmasq):
    result = observed("service.dns", _ask(dnsmasq, latency_ms={"warn": 0, "crit": None}), "warn")
    assert _bad(result) == {"answer": ("warn", "slow")}


@pytest.mark.parametrize(
    "more", [{"name": ""}, {"port": 0}, {"kind": "ANY"}, {"exact": True}, {"rcode": "X"}]
)
def test_parameters_that_cannot_be_meant_are_refused_by_name(observed, more):
    with pytest.raises(FieldError, match=r"service\.dns\.params"):
        observed("service.dns", {**_ask(53), **more})


# The resolver of this host -------------------------------------------------------------------------

_OWN = "echo 'nameserver 127.0.0.1' > /tmp/rc.$$; mount --bind /tmp/rc.$$ /etc/resolv.conf; rm /tmp/rc.$$\n"
_SERVER = (
    "dnsmasq --no-resolv --no-hosts --conf-file=/dev/null --pid-file= --listen-address=127.0.0.1 "
    "--bind-interfaces --user=root --local=/test/ --address=/app.test/127.0.0.1\n"
)


def test_a_dead_resolver_is_our_trouble_and_not_the_targets(apart):
    result = apart(_OWN, "service.dns", {"name": "app.test"}, "unknown")
    assert (result.state, result.error) == (State.UNKNOWN, ErrorKind.UNREACHABLE)
    page = apart(_OWN, "service.http", {"url": "http://app.test/"}, "unknown_resolver")
    assert (page.state, page.error) == (State.UNKNOWN, ErrorKind.UNREACHABLE)


def test_a_resolver_that_cannot_resolve_now_is_our_trouble(apart):
    result = apart(_OWN + _SERVER, "service.dns", {"name": "elsewhere.example"}, "unknown_servfail")
    assert (result.state, result.error) == (State.UNKNOWN, ErrorKind.UNREACHABLE)


def test_a_name_that_a_working_resolver_does_not_know_is_a_fact_about_the_target(apart):
    for check_id, params in (
        ("service.http", {"url": "http://none.test/"}),
        ("service.tcp", {"host": "none.test", "port": 80}),
        ("service.tls", {"host": "none.test"}),
        ("service.icmp", {"host": "none.test"}),
    ):
        result = apart(_OWN + _SERVER, check_id, params, "crit_dns_nxdomain")
        assert (result.state, result.error) == (State.CRIT, None)
        assert result.readings[0].reason == "dns_nxdomain"


def test_a_known_name_is_resolved_by_the_resolver_of_this_host(apart):
    result = apart(_OWN + _SERVER, "service.dns", {"name": "app.test", "expect": ["127.0.0.1"]})
    assert (result.state, result.facts["answer"]["server"]) == (State.OK, "127.0.0.1")


def test_a_target_that_a_router_calls_unreachable_is_down(apart, router):
    result = apart(router, "service.tcp", {"host": "10.8.0.1", "port": 80}, "crit_unreachable")
    assert (result.state, result.readings[0].reason) == (State.CRIT, "unreachable")
