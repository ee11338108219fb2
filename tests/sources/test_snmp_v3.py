"""Version 3 against a real net-snmp snmpd: every digest and cipher it has, and what it refuses."""

import contextlib
import shutil
import socket
import subprocess
import time

import pytest
from ports import free_port

from agent.sources.means import Means
from agent.sources.memory import Transient
from agent.sources.snmp import open_snmp
from agent.sources.snmp_v3 import ENGINES, refused
from checks.api import ErrorKind, ObservationError
from checks.snmp import Part, Peer

PROGRAM = shutil.which("snmpd") or shutil.which("/usr/sbin/snmpd")
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="NOT TESTED: SNMP v3, no snmpd here (package snmpd)")

USERS = {
    "shaaes": ("SHA", "AES", "sha", "aes128"),
    "md5des": ("MD5", "DES", "md5", "des"),
    "sha256aes": ("SHA-256", "AES", "sha256", "aes128"),
    "sha512aes256": ("SHA-512", "AES-256", "sha512", "aes256"),
}


@pytest.fixture(scope="module")
def snmpd(tmp_path_factory):
    root = tmp_path_factory.mktemp("snmpd")
    port = free_port(socket.SOCK_DGRAM)
    lines = ["rocommunity public 127.0.0.1"]
    for user, (auth, privacy, _, _) in USERS.items():
        lines += [
            f"createUser {user} {auth} auth-password {privacy} privacy-password",
            f"rouser {user} authPriv",
        ]
    (root / "snmpd.conf").write_text("\n".join(lines) + "\n")
    with (root / "log").open("wb") as log:
        command = [PROGRAM, "-f", "-Lo", "-C", "-c", str(root / "snmpd.conf"), f"udp:127.0.0.1:{port}"]
        process = subprocess.Popen(
            command, stdout=log, stderr=log, env={"SNMP_PERSISTENT_DIR": str(root), "PATH": "/usr/bin"}
        )
        try:
            yield port
        finally:
            process.terminate()
            process.wait(60)
            ENGINES.close()


@pytest.fixture
def source(tmp_path):
    lines = ["snmp: {community: public}"]
    for user, (_, _, auth, privacy) in USERS.items():
        parts = f"auth: {auth}, auth_password: auth-password, privacy: {privacy}"
        lines.append(f"{user}: {{user: {user}, {parts}, privacy_password: privacy-password}}")
    lines += [
        "mistyped: {user: shaaes, auth: sha, auth_password: auth-passwoord,"
        " privacy: aes128, privacy_password: privacy-password}",
        "stranger: {user: nobody, auth: sha, auth_password: auth-password,"
        " privacy: aes128, privacy_password: privacy-password}",
        "odd: {user: shaaes, auth: rot13, auth_password: auth-password}",
    ]
    path = tmp_path / "secrets.yaml"
    path.write_text("\n".join(lines) + "\n")
    path.chmod(0o600)
    return open_snmp(Transient(), Means(state=tmp_path))


def answered(source, peer, parts=(Part.PORTS,)):
    """snmpd needs a moment to listen: the first look waits for it."""
    end = time.monotonic() + 60
    while True:
        try:
            return source.look(peer, parts)
        except ObservationError as error:
            if error.kind not in (ErrorKind.REFUSED, ErrorKind.TIMEOUT) or time.monotonic() > end:
                raise


@pytest.mark.parametrize("user", USERS)
def test_authenticated_and_encrypted_reads_see_what_v2c_sees(snmpd, source, user):
    by_v2 = answered(source, Peer("127.0.0.1", snmpd, 2))
    by_v3 = answered(source, Peer("127.0.0.1", snmpd, 3, user))
    assert by_v3.identity.object_id == by_v2.identity.object_id
    assert [port.name for port in by_v3.ports] == [port.name for port in by_v2.ports]
    assert by_v3.identity.description.startswith("Linux")


@pytest.mark.parametrize("secret", ["mistyped", "stranger"])
def test_wrong_credentials_are_denied_and_never_shown(snmpd, source, secret):
    answered(source, Peer("127.0.0.1", snmpd, 2))
    with pytest.raises(ObservationError) as error:
        source.look(Peer("127.0.0.1", snmpd, 3, secret))
    assert error.value.kind is ErrorKind.DENIED
    assert "passwo" not in str(error.value)


def test_an_unknown_digest_is_unsupported(snmpd, source):
    with pytest.raises(ObservationError) as error:
        source.look(Peer("127.0.0.1", snmpd, 3, "odd"))
    assert error.value.kind is ErrorKind.UNSUPPORTED


def test_a_silent_peer_ends_at_the_deadline(source):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        with pytest.raises(ObservationError) as error:
            source.look(Peer("127.0.0.1", silent.getsockname()[1], 3, "shaaes", 1000))
    assert error.value.kind is ErrorKind.TIMEOUT


def test_what_pysnmp_says_becomes_one_of_our_kinds():
    assert refused("No SNMP response received before timeout", "x").kind is ErrorKind.TIMEOUT
    assert refused("Unknown USM user", "x").kind is ErrorKind.DENIED
    assert refused("something else", "x").kind is ErrorKind.GARBLED


@contextlib.contextmanager
def engine(place, port, number):
    """A snmpd with this engine id; its boots are counted where it is started again."""
    (place / "snmpd.conf").write_text(
        f"exactEngineID 0x80001f8803{number:012x}\n"
        "createUser shaaes SHA auth-password AES privacy-password\nrouser shaaes authPriv\n"
    )
    command = [PROGRAM, "-f", "-Lo", "-C", "-c", str(place / "snmpd.conf"), f"udp:127.0.0.1:{port}"]
    env = {"SNMP_PERSISTENT_DIR": str(place), "PATH": "/usr/bin"}
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet, env=env) as process:
        try:
            yield
        finally:
            process.terminate()


def test_a_device_that_was_started_again_or_has_another_engine_is_known_again(tmp_path, source):
    port = free_port(socket.SOCK_DGRAM)
    peer = Peer("127.0.0.1", port, version=3, secret="shaaes", timeout_ms=20_000)

    try:
        for number in (1, 1, 2):
            with engine(tmp_path, port, number):
                assert answered(source, peer, ()).identity.object_id
    finally:
        ENGINES.close()
