"""A place on another machine: OpenSSH's own server, through `ssh` and through paramiko."""

import getpass
import hashlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import paramiko
import pytest
import yaml

from agent.sources import backup_sftp
from agent.sources.backup import BackupLooks, open_backups
from agent.sources.backup_local import LocalPlace
from agent.sources.means import Means
from agent.sources.memory import Transient
from agent.sources.sftp_wire import Wire, WireFault
from agent.sources.ssh_link import fingerprint
from agent.sources.ssh_pins import Pin, Pins
from checks.api import ErrorKind, ObservationError
from checks.artefacts.look import Look
from checks.artefacts.standing import digest, survey
from checks.backup import file as check_file
from checks.places import NotAFileError
from checks.remote import Login

Way = Callable[..., Look]


@pytest.fixture
def server(backup_sshd: Any, tmp_path: Path) -> Any:
    return backup_sshd


@pytest.fixture(params=["ssh", "paramiko"])
def way(request: pytest.FixtureRequest, server: Any) -> Way:
    """Parameters of a look at the server, by the fast way or by paramiko (a key with a passphrase)."""
    state: Path = server.state
    key = server.client_key
    held = {"user": getpass.getuser(), "key": str(key)}
    if request.param == "paramiko":
        locked = key.with_name("locked")
        locked.write_bytes(key.read_bytes())
        locked.chmod(0o600)
        words = ["ssh-keygen", "-q", "-p", "-P", "", "-N", "s3cr3t-Word", "-f", str(locked)]
        subprocess.run(words, check=True, timeout=60, stdout=subprocess.DEVNULL)
        held = {"user": getpass.getuser(), "key": str(locked), "passphrase": "s3cr3t-Word"}
    (state / "secrets.yaml").write_text(yaml.safe_dump({"ssh": held}))
    (state / "secrets.yaml").chmod(0o600)
    Pins(state).put(f"127.0.0.1:{server.port}", Pin(server.key.get_name(), fingerprint(server.key.asbytes())))
    return lambda path, **more: Look(address="127.0.0.1", port=server.port, path=path, **more)


@pytest.fixture
def source(server: Any) -> BackupLooks:
    return open_backups(Transient(), Means(state=server.state), 1_800_000_000_000)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "backup"
    (made / "tree" / "sub").mkdir(parents=True)
    (made / "tree" / "sub" / "x").write_bytes(b"rows")
    (made / "tree" / "sub-x").write_bytes(b"")
    (made / "tree" / "link").symlink_to("sub/x")
    return made


def test_a_remote_tree_is_the_same_as_here(way: Way, source: BackupLooks, folder: Path) -> None:
    with open(os.fsencode(folder) + "/tree/办公.txt".encode("gbk"), "wb") as file:
        file.write(b"gbk")
    with source.place(way(f"{folder}/*")) as place:
        there, here = list(place.walk(f"{folder}/tree")), list(LocalPlace().walk(f"{folder}/tree"))
        shape = [(one.path, one.kind, one.mode, one.owner, one.group, one.link_to) for one in there]
        assert shape == [(one.path, one.kind, one.mode, one.owner, one.group, one.link_to) for one in here]
        top = f"{folder}/tree"
        assert digest(place, place.stat(top)) == digest(LocalPlace(), LocalPlace().stat(top))
        assert [one.path for one in survey(place, way(f"{folder}/*")).all] == [top]


def test_a_large_file_comes_whole_in_order_and_in_pieces(way: Way, source: BackupLooks, folder: Path) -> None:
    data = os.urandom(9_000_001)
    (folder / "big").write_bytes(data)
    with source.place(way(f"{folder}/big")) as place:
        entry = place.stat(f"{folder}/big")
        assert (entry.owner, entry.size) == (getpass.getuser(), len(data))
        assert digest(place, entry).sha256 == hashlib.sha256(data).hexdigest()
        assert place.block(entry.path, 4_000_000, 1000) == data[4_000_000:4_001_000]
        assert place.block(entry.path, 9_000_000, 1000) == data[9_000_000:]
        with place.open(entry.path) as file:
            assert file.read(10) == data[:10]
            file.seek(-10, os.SEEK_END)
            assert file.read() == data[-10:]
            file.seek(0)
            assert file.read() == data
        with source.tools.stream(["sha256sum"], stdin=place.open(entry.path)) as stream:
            assert stream.out.read()[:64].decode() == hashlib.sha256(data).hexdigest()
            assert stream.finish() == 0
        blocks = place.blocks(entry.path, entry.size)
        next(blocks)
        assert place.stat(entry.path).size == len(data)  # while the rest is under way
        assert sum(map(len, blocks)) > 8_000_000


def test_what_is_wrong_with_one_file_is_its_own_trouble(way: Way, source: BackupLooks, folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "link").symlink_to("tree/sub/x")
    with source.place(way(f"{folder}/*")) as place:
        for name in ("pipe", "link", "tree"):
            with pytest.raises(NotAFileError):
                place.open(f"{folder}/{name}")
        with pytest.raises(FileNotFoundError):
            place.stat(f"{folder}/none")
        assert place.match(f"{folder}/none/*") == []
        assert place.local(f"{folder}/tree") is None


def test_another_host_key_is_refused(way: Way, server: Any, source: BackupLooks, folder: Path) -> None:
    other = paramiko.ECDSAKey.generate()
    Pins(server.state).put(f"127.0.0.1:{server.port}", Pin(other.get_name(), fingerprint(other.asbytes())))
    with pytest.raises(ObservationError) as caught, source.place(way(f"{folder}/*")):
        pass
    assert caught.value.kind is ErrorKind.DENIED


def test_a_server_that_stalls_is_a_timeout(way: Way, source: BackupLooks, folder: Path, server: Any) -> None:
    (folder / "big").write_bytes(bytes(64 << 20))

    def reads() -> None:
        with source.place(way(f"{folder}/big", timeout_ms=2000)) as place:
            blocks = place.blocks(f"{folder}/big", 64 << 20)
            next(blocks)
            for pid in server.servers():
                os.kill(pid, signal.SIGSTOP)
            for _ in blocks:
                pass

    began = time.monotonic()
    try:
        with pytest.raises(ObservationError) as caught:
            reads()
    finally:
        for pid in server.servers():
            os.kill(pid, signal.SIGCONT)
    assert caught.value.kind is ErrorKind.TIMEOUT
    assert time.monotonic() - began < 60


def test_a_lost_connection_is_unreachable(way: Way, source: BackupLooks, folder: Path, server: Any) -> None:
    (folder / "big").write_bytes(bytes(64 << 20))

    def reads() -> None:
        with source.place(way(f"{folder}/big")) as place:
            blocks = place.blocks(f"{folder}/big", 64 << 20)
            next(blocks)
            for pid in server.servers():
                os.kill(pid, signal.SIGKILL)
            for _ in blocks:
                pass

    with pytest.raises(ObservationError) as caught:
        reads()
    assert caught.value.kind is ErrorKind.UNREACHABLE


def test_the_file_check_looks_there_too(way: Way, source: BackupLooks, folder: Path) -> None:
    params = check_file.Params(**{"address": "127.0.0.1", "port": way("/x").port, "path": f"{folder}/*"})
    facts = check_file.observe(source, params)
    assert [(one.base.name, one.base.parts) for one in facts.artefacts] == [("tree", 2)]


def test_no_password_stands_on_a_command_line(way: Way, source: BackupLooks, folder: Path) -> None:
    with source.place(way(f"{folder}/*")):
        lines = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert not [line for line in lines if b"s3cr3t-Word" in line]


class _Said:
    """A server that says this and no more."""

    def __init__(self, said: bytes) -> None:
        self._said = said

    def send(self, data: bytes) -> None:
        pass

    def receive(self, size: int) -> bytes:
        data, self._said = self._said[:size], self._said[size:]
        if not data:
            raise ConnectionResetError
        return data


HELLO = bytes.fromhex("0000000502" + "00000003")


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\0\0\0\0",
        HELLO + bytes.fromhex("7fffffff65"),
        HELLO + bytes.fromhex("0000000269") + b"\0",
        HELLO + bytes.fromhex("0000000569" + "00000009"),
        HELLO + bytes.fromhex("0000000969" + "00000001" + "00000001"),
        HELLO + bytes.fromhex("0000000568" + "00000001"),
    ],
)
def test_what_is_no_sftp_is_garbled(said: bytes) -> None:
    with pytest.raises(WireFault):
        Wire(_Said(said)).lstat(b"/x")


def _listed(*packets: list[bytes]) -> list[bytes]:
    """Names of a directory that is told in these packets, each name without attributes."""
    status, nothing = "0000001165{:08x}{:08x}" + "0" * 16, b"\0\0\0\0" * 2
    said = HELLO + bytes.fromhex("0000000a66" + "00000001" + "00000001") + b"h"
    for number, names in enumerate(packets, 2):
        body = b"".join(len(name).to_bytes(4, "big") + name + nothing for name in names)
        listing = bytes.fromhex(f"68{number:08x}{len(names):08x}") + body
        said += len(listing).to_bytes(4, "big") + listing
    end = len(packets) + 2
    said += bytes.fromhex(status.format(end, 1) + status.format(end + 1, 0))
    try:
        return [name for name, _ in Wire(_Said(said)).listing(b"/x")]
    except ConnectionResetError:  # its end, where a fault leaves the rest unasked
        raise AssertionError("nothing was wrong with it") from None


def test_names_with_slashes_are_refused() -> None:
    with pytest.raises(WireFault, match="none"):
        _listed([b"../x"])


@pytest.mark.parametrize("packets", [[[b"x", b"x"]], [[b"x"], [b"y", b"x"]]])
def test_a_name_that_comes_twice_is_refused(packets: list[list[bytes]]) -> None:
    with pytest.raises(WireFault, match="twice"):
        _listed(*packets)


def test_names_come_in_the_order_of_the_server() -> None:
    assert _listed([b"y", b"."], [b"x"]) == [b"y", b"x"]


def test_login_is_named_by_its_pin(server: Any) -> None:
    assert Login("127.0.0.1", server.port).name == f"127.0.0.1:{server.port}"
    assert backup_sftp.Login is Login
