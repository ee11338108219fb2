"""Mail, message, video and room: checks against peers that speak the protocol."""

import ssl
import sys
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from parts import loaded

from checks.api import ErrorKind, State

talkers = loaded("checks/application/talkers.py")


def certificate(place, days):
    """A self-signed certificate of 127.0.0.1 that ends in so many days: its PEM text and a server context."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (place / "it.pem").write_bytes(pem + secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(place / "it.pem")
    return pem.decode(), lambda sock: context.wrap_socket(sock, server_side=True)


def at(port, **more):
    return {"address": "127.0.0.1", "port": port, **more}


def test_mail_is_taken_after_starttls_and_a_login(serve, observed, why, tmp_path):
    ca, secure = certificate(tmp_path, 10)
    params = at(
        serve(talkers.smtp(secure=secure)), tls="starttls", ca=ca, secret="tester", offers=["SMTPUTF8"]
    )
    result = observed("application.mail", params, "ok")
    assert why(result) == {"answer": "ok", "status": "ok", "SMTPUTF8:offered": "ok", "login": "ok"}
    assert result.facts["mail"]["talk"]["tls"].startswith("TLS")


def test_an_expired_certificate_ends_the_mail_check(serve, observed, why, tmp_path):
    ca, secure = certificate(tmp_path, -1)
    params = at(serve(talkers.smtp(secure=secure)), tls="starttls", ca=ca)
    result = observed("application.mail", params, "crit_expired")
    assert why(result) == {"answer": "tls_verify"}
    assert result.facts["mail"]["talk"]["verify_code"] == 10


def test_a_mail_server_that_is_busy_or_refuses_the_login(serve, observed, why):
    assert (
        why(observed("application.mail", at(serve(talkers.smtp("busy"))), "crit"))["status"]
        == "status_unexpected"
    )
    result = observed("application.mail", at(serve(talkers.smtp()), secret="wrong"), "unknown")
    assert result.state is State.UNKNOWN and why(result)["login"] == "login_refused"
    found = why(observed("application.mail", at(serve(talkers.smtp()), tls="starttls"), "crit_no_starttls"))
    assert found == {"answer": "no_starttls"}


def test_a_websocket_shakes_hands_and_answers_a_ping(serve, observed, why, closed_port):
    def look(mood, name):
        url = f"ws://127.0.0.1:{serve(talkers.websocket(mood))}/live?room=1"
        return why(observed("application.websocket", {"url": url}, name))

    assert look("", "ok") == {"answer": "ok", "handshake": "ok", "pong": "ok"}
    assert look("page", "crit")["handshake"] == "status_unexpected"
    assert look("wrong_key", "crit_key")["handshake"] == "handshake_wrong"
    assert look("closes", "crit_no_pong")["pong"] == "no_answer"
    found = why(observed("application.websocket", {"url": f"ws://127.0.0.1:{closed_port}/"}, "crit_refused"))
    assert found == {"answer": "refused"}
    result = observed(
        "application.websocket",
        {"url": f"wss://127.0.0.1:{serve(talkers.websocket())}/", "ca": "none"},
        "unknown",
    )
    assert result.error is ErrorKind.GARBLED


def test_an_sms_gateway_takes_the_bind(serve, observed, why):
    found = why(observed("application.sms", at(serve(talkers.smpp()), secret="short"), "ok"))
    assert found == {"answer": "ok", "bind": "ok", "enquire_link": "ok"}
    result = observed("application.sms", at(serve(talkers.smpp("full")), secret="short"), "crit")
    assert why(result)["bind"] == "bind_failed"
    result = observed("application.sms", at(1, secret="tester"), "unknown")
    assert result.error is ErrorKind.DENIED  # its password is longer than SMPP allows


@pytest.mark.parametrize("udp", [True, False])
def test_a_conference_unit_answers_options(serve, observed, why, udp):
    def look(status, name):
        if not udp:
            return why(observed("application.meeting", at(serve(talkers.sip_tcp(status)), udp=False), name))
        with talkers.SipUdp(status) as peer:
            return why(observed("application.meeting", at(peer.port), name))

    assert look("200 OK", "ok" if udp else "ok_tcp") == {"answer": "ok", "status": "ok"}
    assert look("503 Service Unavailable", "crit")["status"] == "status_unexpected"


def test_a_conference_unit_that_is_silent(observed, why):
    with talkers.SipUdp() as peer:
        peer.stop.set()
        found = why(observed("application.meeting", at(peer.port, timeout_ms=300), "crit_timeout"))
    assert found == {"answer": "timeout"}


def test_an_address_that_this_host_may_not_send_to_is_no_reading(observed):
    result = observed("application.meeting", {"address": "255.255.255.255"}, "unknown")
    assert result.error is ErrorKind.DENIED


REGISTERS = {
    "temperature": {"kind": "input", "at": 0},
    "humidity": {"kind": "holding", "at": 10},
    "water": {"kind": "discrete", "at": 3},
    "energy": {"kind": "input", "at": 20, "words": 2, "signed": False},
}
MEANINGS = {
    "temperature": {
        "divisor": 10,
        "unit": "celsius",
        "high": {"warn": 28, "crit": 32},
        "low": {"warn": 15, "crit": 10},
    },
    "humidity": {"divisor": 10, "unit": "percent", "high": {"warn": 70, "crit": 80}},
    "water": {"good": [0]},
}


def test_room_sensors_keep_their_limits(serve, observed, why):
    values = {(4, 0): 235, (3, 10): 505, (2, 3): 0, (4, 20): 1, (4, 21): 2}
    params = {"registers": REGISTERS, "meanings": MEANINGS}
    result = observed("application.modbus", at(serve(talkers.modbus(values)), **params), "ok")
    assert result.state is State.OK and result.facts["registers"]["values"]["energy"] == 65538
    values.update({(4, 0): -50, (2, 3): 1, (3, 10): 750})
    found = why(observed("application.modbus", at(serve(talkers.modbus(values)), **params), "crit"))
    assert (
        found["temperature"] == "too_low" and found["water"] == "contact" and found["humidity"] == "too_high"
    )
    del values[2, 3]
    values.update({(4, 0): 200, (3, 10): 300})
    result = observed("application.modbus", at(serve(talkers.modbus(values)), **params), "unknown")
    assert result.state is State.UNKNOWN and why(result)["water"] == "unsupported"


def camera(port, **more):
    return {"stream": f"rtsp://127.0.0.1:{port}/ch1", "secret": "tester", "seconds": 1, **more}


@pytest.mark.parametrize(
    ("mood", "reading", "reason"),
    [
        ("", "frames", "ok"),
        ("frozen", "frames", "too_few"),
        ("lossy", "loss", "packets_lost"),
        ("gone", "stream", "status_unexpected"),
        ("no_track", "stream", "no_track"),
    ],
)
def test_a_stream_plays_and_moves_on(serve, observed, why, mood, reading, reason):
    name = f"crit_{mood}" if mood else "ok_stream"
    found = why(observed("application.camera", camera(serve(talkers.rtsp(mood))), name))
    assert found[reading] == reason, found


def test_a_stream_that_stands_still_is_no_stream(serve, observed):
    result = observed(
        "application.camera", camera(serve(talkers.rtsp("still")), timeout_ms=1500), "crit_still"
    )
    assert result.state is State.CRIT


def test_a_camera_that_refuses_the_password_is_denied(serve, observed):
    result = observed("application.camera", camera(serve(talkers.rtsp()), secret="wrong"), "unknown")
    assert result.error is ErrorKind.DENIED


def test_a_picture_that_nobody_decodes_is_unknown(serve, observed, why):
    found = why(
        observed("application.camera", camera(serve(talkers.rtsp()), picture=True), "unknown_picture")
    )
    assert found["brightness"] == "not_checked" and found["frames"] == "ok"


def device(port, **more):
    return {
        "stream": "",
        "onvif": f"http://127.0.0.1:{port}/onvif/device_service",
        "secret": "tester",
        **more,
    }


def test_a_camera_is_the_device_of_the_ledger_and_its_clock_is_right(serve, observed, why):
    now = datetime.now(UTC)
    params = device(serve(talkers.onvif(now)), serial="SN0001")
    result = observed("application.camera", params, "ok")
    assert why(result) == {"answer": "ok", "device": "ok", "offset": "ok"}
    assert result.facts["device"]["manufacturer"] == "Example & Söhne"
    port = serve(talkers.onvif(now - timedelta(hours=8)))
    assert why(observed("application.camera", device(port, serial="SN0002"), "crit")) == {
        "answer": "ok",
        "device": "other_device",
        "offset": "clock_off",
    }
    result = observed("application.camera", device(serve(talkers.onvif(now)), secret="wrong"))
    assert result.error is ErrorKind.DENIED


@pytest.mark.parametrize(
    ("shade", "moves", "brightness", "movement"),
    [(90, True, "ok", "ok"), (3, False, "black", "frozen"), (90, False, "ok", "frozen")],
)
def test_a_decoded_picture_is_neither_black_nor_frozen(
    serve, observed, why, tmp_path, monkeypatch, shade, moves, brightness, movement
):
    # A decoder of our own: two thumbnails of 32 by 18 shades, as ffmpeg writes them.
    program = tmp_path / "bin" / "ffmpeg"
    program.parent.mkdir()
    second = shade + 5 if moves else shade
    words = f"import sys; sys.stdout.buffer.write(bytes([{shade}]) * 576 + bytes([{second}]) * 576)"
    program.write_text(f"#!{sys.executable}\n{words}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    params = camera(serve(talkers.rtsp("open")), picture=True, secret="")
    found = why(observed("application.camera", params, f"picture_{brightness}_{movement}"))
    assert (found["brightness"], found["movement"]) == (brightness, movement)


def test_a_stream_with_a_password_is_not_decoded(serve, observed, why, monkeypatch, tmp_path):
    program = tmp_path / "ffmpeg"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/called\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    found = why(observed("application.camera", camera(serve(talkers.rtsp()), picture=True)))
    assert found["brightness"] == "not_checked"
    assert not (tmp_path / "called").exists()
