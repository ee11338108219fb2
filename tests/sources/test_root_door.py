"""The door to root's programs: its own process for each connection, asked over a real socket."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from agent.sources import root_door
from checks import registry
from checks.api import ErrorKind, ObservationError
from checks.codec import from_json

UNITS = Path(__file__).parents[2] / "deploy/systemd"

# A confined user's look: imported first, then no right can be gained, then the identity is given up.
CONFINED = """
import codecs, ctypes, json, os, sys
from pathlib import Path
from agent.sources import host_commands
from checks.api import ObservationError
codecs.lookup("ascii")
ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
os.setgroups([]); os.setgid(65534); os.setuid(65534)
try:
    made = host_commands.command("lvm.groups", (), 10_000, Path(sys.argv[1]))
    print(json.dumps({"output": made.text, "exit": made.exit}))
except ObservationError as error:
    print(json.dumps({"kind": error.kind, "detail": error.detail}))
"""


@pytest.fixture
def open_folder():
    """A folder that every user may look into: pytest's own are closed."""
    with TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        yield Path(made)


@pytest.fixture
def programs(open_folder, monkeypatch):
    """Put a shell script of this name on PATH."""
    folder = open_folder / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")

    def add(name: str, script: str) -> None:
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)

    return add


@pytest.fixture
def door(open_folder):
    """What systemd does with `Accept=yes`: a process for each connection."""
    listener = socket.socket(socket.AF_UNIX)
    place = open_folder / "door.sock"
    listener.bind(str(place))
    place.chmod(0o666)
    listener.listen()
    started = []

    def serve() -> None:
        with suppress(OSError):
            while True:
                line, _ = listener.accept()
                with line:
                    started.append(
                        subprocess.Popen(
                            [sys.executable, "-m", "agent.root_commands"], stdin=line, stdout=line
                        )
                    )

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield place
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()
    for process in started:
        process.kill()
        process.wait()


def sent(door, request: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(60)
        line.connect(str(door))
        line.sendall(request)
        with suppress(OSError):
            line.shutdown(socket.SHUT_WR)
        try:
            with line.makefile("rb") as answer:
                return answer.read()
        except ConnectionResetError:
            return b""  # it went away with bytes unread


def test_a_named_program_is_run_and_its_bytes_come_back_as_they_are(programs, door):
    programs("vgs", "printf '{\\377\\n\\000'; echo \"$@\" >&2; exit 5")
    made = root_door.ask("lvm.groups", (), 20_000, door)
    assert (made.exit, made.output) == (5, b"{\xff\n\0")
    assert made.told.startswith("--reportformat json")


def test_words_reach_the_program_as_they_fit(programs, door):
    programs("smartctl", 'echo "$@"')
    assert root_door.ask("smart.drive", ("sat", "/dev/sda"), 20_000, door).text == "-jaH -d sat /dev/sda\n"


def test_as_long_as_a_check_may_be_told_to_wait_is_waited_here_too(programs, door):
    programs("nginx", "echo events")
    from_json(registry.get("middleware.nginx").params, {"expected": [], "timeout_ms": 600_000}, "params")
    assert root_door.ask("nginx.config", (), 600_000, door).text == "events\n"
    unit = (UNITS / "roundseal-root-commands@.service").read_text(encoding="utf-8")
    assert int(re.search(r"^RuntimeMaxSec=(\d+)$", unit, re.M)[1]) > 600


def test_a_crowd_at_the_door_does_not_shut_it_for_good():
    assert "\nTriggerLimitIntervalSec=0\n" in (UNITS / "roundseal-root-commands.socket").read_text(
        encoding="utf-8"
    )


@pytest.mark.parametrize(
    "request_line",
    [
        {"name": "md", "words": [], "timeout_ms": 1000},
        {"name": "rm", "words": ["-rf", "/"], "timeout_ms": 1000},
        {"name": "smart.drive", "words": ["sat", "/dev/sda; reboot"], "timeout_ms": 1000},
        {"name": "smart.drive", "words": ["sat", "--set=apm,off"], "timeout_ms": 1000},
        {"name": "smart.drive", "words": ["sat"], "timeout_ms": 1000},
        {"name": "smart.drive", "words": "sat", "timeout_ms": 1000},
        {"name": "smart.scan", "words": [1], "timeout_ms": 1000},
        {"name": "smart.scan", "words": [], "timeout_ms": True},
        {"name": "smart.scan", "words": [], "timeout_ms": 3_600_000},
        {"name": "smart.scan", "words": []},
        {"name": ["smart.scan"], "words": [], "timeout_ms": 1000},
        ["smart.scan"],
        "smart.scan",
        None,
    ],
)
def test_what_is_no_root_command_of_the_table_is_denied(programs, door, tmp_path, request_line):
    for name in ("smartctl", "rm", "cat"):
        programs(name, f"touch {tmp_path}/was-run")
    answer = json.loads(sent(door, json.dumps(request_line).encode() + b"\n"))
    assert answer["error"] == "denied"
    assert not (tmp_path / "was-run").exists()


@pytest.mark.parametrize("request_bytes", [b"", b"no line's end", b"x" * root_door.LONGEST * 2])
def test_what_is_no_line_is_not_answered(door, request_bytes):
    assert sent(door, request_bytes) == b""


@pytest.mark.parametrize("request_bytes", [b"\n", b"\xff\xfe\n", b"[" * 4000 + b"\n", b'{"name": NaN}\n'])
def test_a_line_that_is_no_request_is_denied(door, request_bytes):
    assert json.loads(sent(door, request_bytes))["error"] == "denied"


def test_a_program_that_does_not_end_is_stopped_behind_the_door(programs, door):
    programs("vgs", "exec sleep 600")
    with pytest.raises(ObservationError) as caught:
        root_door.ask("lvm.groups", (), 300, door)
    assert caught.value.kind is ErrorKind.TIMEOUT


def test_a_missing_program_is_unsupported(programs, door):
    with pytest.raises(ObservationError) as caught:
        root_door.ask("storcli", (), 20_000, door)
    assert caught.value.kind is ErrorKind.UNSUPPORTED
    assert "storcli64 is not installed" in caught.value.detail


def test_an_answer_that_is_cut_off_is_garbled(programs, door, tmp_path):
    programs("vgs", f"echo $PPID > {tmp_path}/pid; mv {tmp_path}/pid {tmp_path}/parent; exec sleep 600")
    failed = []

    def ask() -> None:
        try:
            root_door.ask("lvm.groups", (), 60_000, door)
        except ObservationError as error:
            failed.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    while not (tmp_path / "parent").exists() and thread.is_alive():
        thread.join(0.05)
    os.kill(int((tmp_path / "parent").read_text()), signal.SIGKILL)
    thread.join(60)
    assert [error.kind for error in failed] == [ErrorKind.GARBLED]


def test_a_door_where_nobody_listens_is_garbled(tmp_path):
    place = tmp_path / "door.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place))
    assert root_door.is_open(place)
    with pytest.raises(ObservationError) as caught:
        root_door.ask("lvm.groups", (), 1000, place)
    assert caught.value.kind is ErrorKind.GARBLED
    assert "refused" in caught.value.detail


@pytest.mark.skipif(os.geteuid() != 0, reason="gives up root's identity: run as root to see a confined agent")
def test_a_confined_agent_looks_through_the_door_or_says_what_opens_it(programs, door, open_folder):
    programs("vgs", "id -u")

    def look(place) -> dict:
        made = subprocess.run(
            [sys.executable, "-c", CONFINED, str(place)], capture_output=True, text=True, check=False
        )
        assert made.returncode == 0, made.stderr
        return json.loads(made.stdout)

    refused = look(open_folder / "absent.sock")
    assert refused["kind"] == "denied"
    assert "roundseal-root-commands.socket" in refused["detail"]
    assert look(door) == {"output": "0\n", "exit": 0}
