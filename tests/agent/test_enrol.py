"""Enrolment: whom the agent believes, what it leaves behind, and TLS known by its pin alone."""

import datetime
import json
import subprocess
import sys
from hashlib import sha256

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID
from parts import loaded

from agent import enrol
from agent.errors import AgentError, UnreachableError
from agent.state import State
from agent.transport import Transport, parse_url, spki_of
from checks.wire.token import Token, make_token

Collector = loaded("agent/standin.py").Collector


def run(*words):
    return subprocess.run(
        [sys.executable, "-m", "agent.cli", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def certificate(tmp_path, key, name="cert"):
    """(certificate file, key file, pin) of a self-signed server, long expired: only the key matters."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "whatever.example")])
    then = datetime.datetime(2001, 1, 1, tzinfo=datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(then)
        .not_valid_after(then + datetime.timedelta(days=1))
        .sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())
    )
    cert, private = tmp_path / f"{name}.pem", tmp_path / f"{name}.key"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    spki = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    assert spki_of(made.public_bytes(serialization.Encoding.DER)) == spki
    return cert, private, sha256(spki).digest()


@pytest.fixture
def secure(tmp_path):
    made = Collector(tls=certificate(tmp_path, ec.generate_private_key(ec.SECP256R1()))).start()
    yield made
    made.stop()


def test_a_server_with_another_key_is_refused_before_anything_is_sent(secure, tmp_path):
    cert, key, _ = secure.tls
    secure.tls = (cert, key, bytes(32))  # what the token will pin
    with pytest.raises(UnreachableError) as refused:
        enrol.start(State(tmp_path / "state"), secure.url, secure.token(), force=False)
    assert refused.value.code == "bad_pin" and not refused.value.sent
    assert list(secure.seen_paths) == []
    assert not (tmp_path / "state" / "agent.key").exists()


@pytest.mark.parametrize("kind", ["rsa", "p384", "ed25519"])
def test_the_pin_is_found_in_every_kind_of_certificate(tmp_path, kind):
    key = {
        "rsa": lambda: rsa.generate_private_key(65537, 2048),
        "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
        "ed25519": ed25519.Ed25519PrivateKey.generate,
    }[kind]()
    certificate(tmp_path, key)


@pytest.mark.parametrize("cut", [0, 1, 5, 40, 100])
def test_a_certificate_that_is_cut_short_is_an_error_and_no_key(tmp_path, cut):
    cert, _, _ = certificate(tmp_path, ec.generate_private_key(ec.SECP256R1()))
    der = x509.load_pem_x509_certificate(cert.read_bytes()).public_bytes(serialization.Encoding.DER)
    with pytest.raises(ValueError):
        spki_of(der[:cut])


def test_an_agent_enrols_over_tls_and_sends_over_tls(secure, tmp_path, start_agent, until, item):
    state = State(tmp_path / "state")
    enrol.start(state, secure.url, secure.token(), force=False)
    secure.serve_plan(items=[item()])
    process = start_agent(state)
    until(lambda: secure.results())
    start_agent.end(process)
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("http://192.0.2.1:1", "loopback"),
        ("ftp://127.0.0.1", "not like https"),
        ("https://127.0.0.1:99999999", "not a URL"),
        ("https://127.0.0.1:1", "no TLS pin"),
        ("", "not like https"),
    ],
)
def test_urls_that_name_no_server_we_could_know_are_refused(collector, tmp_path, url, word):
    found = run("enrol", url, collector.token(), "--state", tmp_path / "s", "--no-wait")
    assert found.returncode == 2 and word in found.stderr and "Traceback" not in found.stderr


def test_another_log_than_the_tokens_is_refused(collector, tmp_path):
    token = make_token(Token("t1", collector.secret, None, bytes(32)))
    with pytest.raises(AgentError) as refused:
        enrol.start(State(tmp_path / "s"), collector.url, token, force=False)
    assert refused.value.code == "bad_log"


def test_a_wrong_secret_is_refused_and_the_secret_is_never_sent_or_shown(collector, tmp_path):
    token = make_token(Token("t1", b"\xff" * 16, None, collector.vkey.digest))
    found = run("enrol", collector.url, token, "--state", tmp_path / "s", "--no-wait", "--json")
    assert found.returncode == 2
    assert json.loads(found.stdout)["status"] == "bad_token"
    assert "_____" not in found.stdout + found.stderr


def test_an_answer_that_got_lost_is_asked_for_again_with_the_same_key(collector, tmp_path, monkeypatch):
    state = State(tmp_path / "s")
    answer = collector.enrol
    collector.enrol = lambda body: (answer(body), (503, {"status": "overload"}))[1]
    with pytest.raises(AgentError):
        enrol.start(state, collector.url, collector.token(), force=False)
    key = state.path("agent.key").read_bytes()
    collector.enrol = answer
    identity = enrol.start(state, collector.url, collector.token(), force=False)
    assert (identity.agent, identity.epoch, identity.status) == ("web-01", 1, "pending")
    assert state.path("agent.key").read_bytes() == key


def test_an_enrolment_is_not_overwritten_and_by_force_it_is_moved_aside(collector, state):
    key = state.path("agent.key").read_bytes()
    with pytest.raises(AgentError) as refused:
        enrol.start(state, collector.url, collector.token("t2"), force=False)
    assert refused.value.code == "already_enrolled"
    state.path("outbox.db").write_bytes(b"kept")
    enrol.start(state, collector.url, collector.token("t2"), force=True)
    assert state.path("old-1/agent.key").read_bytes() == key
    assert state.path("old-1/outbox.db").read_bytes() == b"kept"
    assert state.path("agent.key").read_bytes() != key


def test_the_code_is_printed_and_the_command_waits_until_somebody_approves(collector, tmp_path, until):
    collector.approved = False
    words = ["enrol", collector.url, collector.token(), "--state", str(tmp_path / "s")]
    process = subprocess.Popen([sys.executable, "-m", "agent.cli", *words], stdout=subprocess.PIPE, text=True)
    assert "agent web-01, epoch 1" in process.stdout.readline()
    code = process.stdout.readline().split()[-1]
    from checks.wire.token import approval_code

    assert code == approval_code(collector.public)
    until(lambda: "/v1/agents/self" in collector.seen_paths)
    assert process.poll() is None
    collector.approved = True
    assert process.wait(60) == 0
    assert "approved" in process.stdout.read()
    process.stdout.close()
    state = State(tmp_path / "s")
    assert state.identity().status == "approved"
    assert state.path("agent.key").stat().st_mode & 0o777 == 0o600
    assert state.root.stat().st_mode & 0o777 == 0o700


def test_a_pending_agent_works_and_its_chain_is_taken_after_the_approval(
    collector, state, start_agent, until, item
):
    collector.approved = False
    collector.serve_plan(items=[item()])
    process = start_agent(state)
    until(lambda: collector.requests >= 2)
    assert collector.results() == []
    collector.approved = True
    until(lambda: collector.results())
    start_agent.end(process)
    assert collector.headers()[0].seq == 0


def test_garbage_from_the_other_side_is_a_clear_error(tmp_path, collector):
    collector.enrol = lambda body: (200, b"<html>")
    found = run("enrol", collector.url, collector.token(), "--state", tmp_path / "s", "--no-wait")
    assert found.returncode == 2 and "not from a Roundseal collector" in found.stderr
    line = Transport(parse_url(collector.url, False), None)
    collector.stop()
    with pytest.raises(UnreachableError) as gone:
        line.request("GET", "/v1/log")
    assert not gone.value.sent
