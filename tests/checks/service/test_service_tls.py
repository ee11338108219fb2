"""service.tls against openssl's own server, with certificates of a CA made for the run."""

import subprocess
from fractions import Fraction

import pytest

from agent.sources import x509
from checks.api import ErrorKind, State


def _ask(port: int, authority, **more) -> dict:
    return {"host": "127.0.0.1", "port": port, "ca": authority.pem, "timeout_ms": 20_000, **more}


def _bad(result) -> dict:
    return {r.name: (r.state.value, r.reason) for r in result.readings if r.state is not State.OK}


def test_a_service_that_never_shakes_hands_is_down_at_the_deadline(observed, authority, serve):
    port = serve(lambda connection, stop: stop.wait(300))
    result = observed("service.tls", _ask(port, authority, timeout_ms=300), "crit_timeout")
    assert _bad(result) == {"handshake": ("crit", "timeout")}


def test_a_refused_connection_is_down(observed, authority, closed_port):
    result = observed("service.tls", _ask(closed_port, authority), "crit_refused")
    assert _bad(result) == {"handshake": ("crit", "refused")}


def test_a_service_that_closes_at_once_is_down(observed, authority, serve):
    result = observed("service.tls", _ask(serve(lambda connection, stop: connection.recv(9999)), authority))
    assert _bad(result) == {"handshake": ("crit", "closed")}


def test_a_service_that_is_no_tls_is_told_from_one_that_is_dead(observed, authority, serve):
    def greeting(connection, stop):
        connection.sendall(b"220 mail.example ESMTP\r\n")
        connection.recv(9999)

    result = observed("service.tls", _ask(serve(greeting), authority), "crit_not_tls")
    assert _bad(result) == {"handshake": ("crit", "not_tls")}


@pytest.mark.parametrize(
    ("name", "issue", "bad"),
    [
        ("crit", {"days": (-10, -1)}, {"days": ("crit", "expired")}),
        ("warn", {"days": (-10, 10)}, {"days": ("warn", "expires_soon")}),
        ("crit_days", {"days": (-10, 5)}, {"days": ("crit", "expires_soon")}),
        ("crit_future", {"days": (2, 300)}, {"days": ("crit", "not_yet_valid")}),
        ("crit_self_signed", {"own": True}, {"chain": ("crit", "self_signed")}),
        ("crit_wrong_name", {"names": ("other.example",)}, {"name": ("crit", "wrong_name")}),
        ("warn_common_name", {"names": (), "common": "127.0.0.1"}, {"name": ("warn", "common_name_only")}),
        ("warn_weak_key", {"bits": 1024}, {"key": ("warn", "weak_key")}),
        (
            "crit_expired_and_self_signed",
            {"own": True, "days": (-10, -1)},
            {"days": ("crit", "expired"), "chain": ("crit", "self_signed")},
        ),
    ],
)
def test_each_fault_of_a_certificate_is_named_and_no_other(observed, authority, s_server, name, issue, bad):
    names = issue.get("names", ("127.0.0.1",))
    options = {key: value for key, value in issue.items() if key != "names"}
    port = s_server(authority.issue(f"tls-{name}", *names, **options), "-cipher", "DEFAULT@SECLEVEL=0")
    result = observed("service.tls", _ask(port, authority), name)
    assert _bad(result) == bad


def test_an_unknown_issuer_is_not_trusted_unless_trust_is_not_asked_for(observed, authority, s_server):
    port = s_server(authority.issue("tls-issuer", "127.0.0.1"))
    ask = _ask(port, authority, ca="")
    assert _bad(observed("service.tls", ask, "crit_issuer")) == {"chain": ("crit", "issuer_unknown")}
    assert observed("service.tls", {**ask, "trust": False}).state is State.OK


def test_a_signature_with_sha1_is_weak(observed, authority, s_server, tmp_path):
    pem, key = tmp_path / "sha1.pem", tmp_path / "sha1.key"
    config = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "300"]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha1", *config]
    subprocess.run([*made, "-out", pem, "-keyout", key], check=True, capture_output=True)
    port = s_server(str(pem), "-cipher", "DEFAULT@SECLEVEL=0")
    result = observed("service.tls", _ask(port, authority, ca=pem.read_text()), "warn_sha1")
    assert _bad(result) == {"weak_signatures": ("warn", "weak_signature")}


@pytest.mark.parametrize(("option", "version"), [("-tls1", Fraction(1)), ("-tls1_1", Fraction(11, 10))])
def test_an_old_protocol_is_weak_and_not_dead(observed, authority, s_server, option, version):
    port = s_server(authority.issue("tls-old", "127.0.0.1"), option, "-cipher", "DEFAULT@SECLEVEL=0")
    result = observed("service.tls", _ask(port, authority), "warn_old_protocol")
    assert _bad(result) == {"protocol": ("warn", "old_protocol")}
    assert next(r.value for r in result.readings if r.name == "protocol") == version


def test_a_good_service_is_ok(observed, authority, s_server):
    port = s_server(authority.issue("tls-good", "*.portal.example", "127.0.0.1"))
    result = observed("service.tls", _ask(port, authority), "ok")
    assert result.state is State.OK
    assert next(r.value for r in result.readings if r.name == "days") == 400
    for name, good in (
        ("web.portal.example", True),
        ("portal.example", False),
        ("a.b.portal.example", False),
    ):
        assert (observed("service.tls", _ask(port, authority, name=name)).state is State.OK) is good


def test_an_issuer_that_ends_first_is_counted_too(observed, authority, s_server):
    pem = authority.issue("tls-chain", "127.0.0.1")
    short = authority.issue("tls-short", days=(-10, 3))
    port = s_server(pem, "-cert_chain", short)
    result = observed("service.tls", _ask(port, authority), "crit_issuer_days")
    assert _bad(result) == {"issuer_days": ("crit", "expires_soon")}


def test_a_service_that_speaks_tlcp_is_not_checkable_and_not_dead(observed, authority, serve):
    """GB/T 38636, version 0x0101. No stock library speaks it: the server's side is the standard's bytes."""

    def tlcp(connection, stop):
        hello = connection.recv(4096)
        if hello[1:3] != b"\x01\x01":
            connection.sendall(b"\x15\x01\x01\x00\x02\x02\x46")  # fatal alert: protocol_version
            return
        body = b"\x01\x01" + bytes(32) + b"\x00" + b"\xe0\x13" + b"\x00"
        message = b"\x02" + len(body).to_bytes(3, "big") + body
        connection.sendall(b"\x16\x01\x01" + len(message).to_bytes(2, "big") + message)

    port = serve(tlcp)
    result = observed("service.tls", _ask(port, authority), "unknown")
    assert (result.state, result.error) == (State.UNKNOWN, ErrorKind.UNSUPPORTED)
    page = observed("service.http", {"url": f"https://127.0.0.1:{port}/", "ca": authority.pem})
    assert page.error is ErrorKind.UNSUPPORTED


def test_a_certificate_with_an_sm2_key_is_read(tmp_path):
    key, der = tmp_path / "sm2.key", tmp_path / "sm2.der"
    make = ["openssl", "ecparam", "-name", "SM2", "-genkey", "-out", key]
    subprocess.run(make, check=True, capture_output=True)
    sign = ["openssl", "req", "-x509", "-new", "-key", key, "-sm3", "-subj", "/CN=国密", "-utf8"]
    subprocess.run([*sign, "-outform", "DER", "-out", der], check=True, capture_output=True)
    found = x509.read(der.read_bytes())
    assert (found.readable, found.key, found.bits, found.signature) == (True, "sm2", 256, "sm3-sm2")
    assert "国密" in found.subject


@pytest.mark.parametrize("der", [b"", b"\x30\x03\x02\x01\x01", b"\x00" * 500])
def test_bytes_that_are_no_certificate_are_unreadable_and_do_no_harm(der):
    assert x509.read(der).readable is False


def test_a_certificate_with_any_byte_changed_is_read_or_unreadable_and_never_an_exception(authority):
    from cryptography.hazmat.primitives.serialization import Encoding

    der = authority.root.public_bytes(Encoding.DER)
    for place in range(len(der)):
        damaged = bytearray(der)
        damaged[place] ^= 0x55
        x509.read(bytes(damaged))
