"""Processes: hidden, our own, zombies that stay and that pass; then the ones looked for."""

import os
import pwd
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agent.sources.host import open_host
from agent.sources.memory import Transient
from checks.api import ErrorKind, ObservationError

HOST = open_host(Transient())


def test_hidden_processes_are_denied_rather_than_absent(tmp_path: Path) -> None:
    # What /proc looks like for a user when it is mounted with hidepid=2: only our own.
    for name in (str(os.getpid()), "stat", "uptime"):
        (tmp_path / "proc").mkdir(exist_ok=True)
        (tmp_path / "proc" / name).symlink_to(f"/proc/{name}")
    with pytest.raises(ObservationError) as caught:
        open_host(Transient(), tmp_path).processes()
    assert caught.value.kind is ErrorKind.DENIED


def test_a_zombie_is_seen_as_one() -> None:
    child = subprocess.Popen(["true"])
    try:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        found = {each.pid: each for each in HOST.processes()}
        assert found[child.pid].state == "zombie"
    finally:
        child.wait()
    assert child.pid not in {each.pid for each in HOST.processes()}


def test_the_agent_does_not_find_itself_nor_the_shell_that_started_it() -> None:
    look = (
        "from agent.sources.host import open_host; from agent.sources.memory import Transient; "
        "print(sum('unlikely-word' in (p.command or '') for p in open_host(Transient()).processes()))"
    )
    started = subprocess.run(
        ["sh", "-c", f'{sys.executable} -c "$1" unlikely-word; true', "sh", look],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        start_new_session=True,
        check=True,
    )
    assert started.stdout.strip() == "0"


def test_a_running_process_is_found_with_name_user_and_start() -> None:
    child = subprocess.Popen(["sleep", "60"])
    try:
        # Popen returns when exec closed its pipe, a moment before the kernel writes name and arguments.
        for _ in range(100):
            (found,) = [each for each in HOST.processes() if each.pid == child.pid]
            if found.command == "sleep 60":
                break
            time.sleep(0.02)
        assert (found.name, found.command) == ("sleep", "sleep 60")
        assert found.user == pwd.getpwuid(os.getuid()).pw_name and found.started_at > 0
    finally:
        child.kill()
        child.wait()


def test_of_a_process_that_has_ended_since_no_user_is_made_up() -> None:
    child = subprocess.Popen(["sleep", "60"])
    (found,) = [each for each in HOST.processes() if each.pid == child.pid]
    child.kill()
    child.wait()
    assert found.user == ""
    assert found.started_at > 0
