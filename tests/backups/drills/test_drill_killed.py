"""An agent killed in the middle of a drill, in every phase: nothing outlives it, nothing stays."""

import contextlib
import json
import os
import pwd
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agent.drills import journal
from agent.faults import HOLD

PHASES = ("locate", "fetch", "open", "start", "restore", "recover", "ask", "read", "pages", "compare")


def until(condition, seconds=180.0):
    """What `condition` gives, as soon as it is true."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
    return found


def in_room(room: str) -> list[str]:
    """Processes that see this drill's directory, or stand in its cell."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/mountinfo") as mounts, open(f"/proc/{name}/cmdline") as words:
                    if room in mounts.read():
                        found.append(words.read().replace("\0", " "))
            except OSError:
                continue
    return found


@contextlib.contextmanager
def begun(site, source, stop_at):
    """A drill by the program itself, stopped at a point: its journal, and what kills it. Of a dump, and where
    that has no such phase of a base backup."""
    name, kind = ("base", "basebackup") if stop_at == "recover" else ("tiny.dump", "postgres")
    words = [sys.executable, "-m", "agent.cli", "drill", "run", "--state", str(site.state)]
    words += ["--target", str(source / name), "--kind", kind, "--param", "object=city/oa"]
    env = {**os.environ, HOLD: stop_at}
    with subprocess.Popen(
        words, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:

        def kill():
            os.kill(process.pid, signal.SIGKILL)
            process.wait()

        try:
            said = []
            for line in process.stderr:
                said.append(line)
                if line.startswith("held at"):
                    break
            assert said[-1:] == [f"held at {stop_at}\n"], said
            yield json.loads((site.state / "drills" / "journal.json").read_text()), kill
        finally:
            if process.poll() is None:
                kill()


@pytest.mark.parametrize("phase", PHASES)
def test_killed_in_any_phase_it_leaves_no_process_and_the_next_start_no_byte(site, source, phase):
    with begun(site, source, phase) as (held, kill):
        assert held["object"] == "city/oa"
        assert os.path.isdir(held["directory"])
        if phase in ("restore", "ask", "read"):
            assert any("postgres" in one for one in in_room(held["directory"]))
        assert journal.sweep(site.state).aborted == (), "one that is under way is nobody's to remove"
        kill()
    until(lambda: not in_room(held["directory"]))  # by itself: nobody has swept yet
    assert os.path.isdir(held["directory"])
    swept = journal.sweep(site.state)
    assert [(one.attempt, one.phase) for one in swept.aborted] == [(1, phase.partition(":")[0])]
    assert site.left() == []
    assert held["directory"] not in Path("/proc/self/mountinfo").read_text()
    assert journal.sweep(site.state) == journal.Swept()


def test_the_next_drill_sweeps_and_counts_the_one_that_never_ended(site, source):
    with begun(site, source, "read") as (held, kill):
        kill()
    seen = site.drill(source / "tiny.dump", object="city/oa")
    assert seen.one.attempt == 2
    assert [(one.attempt, one.phase) for one in seen.one.aborted] == [(1, "read")]
    assert site.left() == []
    assert not os.path.exists(held["directory"])


def test_a_first_process_that_was_stopped_is_ended_by_the_sweep(site, source):
    with begun(site, source, "read") as (held, kill):
        os.kill(held["processes"][0]["pid"], signal.SIGSTOP)
        kill()
    journal.sweep(site.state)
    until(lambda: not in_room(held["directory"]))
    assert site.left() == []


def test_another_process_with_the_same_number_is_left_alone(site):
    with subprocess.Popen(["sleep", "300"]) as other:
        directory = site.state / "drills" / "rooms" / "drill-0123456789abcdef"
        directory.mkdir(parents=True)
        (directory / "byte").write_text("x")
        one = {"object": "o", "attempt": 3, "directory": str(directory), "begun": 1, "phase": "read",
               "processes": [{"pid": other.pid, "started": 1}]}  # fmt: skip
        (site.state / "drills" / "journal.json").write_text(json.dumps(one))
        swept = journal.sweep(site.state)
        assert swept.processes == 0
        assert other.poll() is None
        other.kill()
    assert not directory.exists()


def test_a_journal_that_names_any_other_directory_removes_nothing(site, tmp_path):
    precious = tmp_path / "precious"
    precious.mkdir()
    (site.state / "drills").mkdir()
    one = {"object": "o", "attempt": 1, "directory": str(precious), "begun": 1, "phase": "", "processes": []}
    (site.state / "drills" / "journal.json").write_text(json.dumps(one))
    journal.sweep(site.state)
    assert precious.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="NOT TESTED: only root's drills change their user")
def test_no_other_account_of_the_machine_looks_into_a_drill(site, source):
    nobody = pwd.getpwnam("nobody")
    become = ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]
    with begun(site, source, "read") as (held, _):
        inside = [pid for pid in os.listdir("/proc") if pid.isdigit() and shares(pid, held["directory"])]
        users = {os.stat(f"/proc/{pid}/task").st_uid for pid in inside} - {0}
        assert users and nobody.pw_uid not in users
        for pid in inside:
            for name in ("environ", "root/etc/passwd", "maps"):
                tried = subprocess.run(
                    [*become, "cat", f"/proc/{pid}/{name}"], capture_output=True, check=False
                )
                assert tried.returncode == 1 and tried.stdout == b"", (pid, name)


def shares(pid, room):
    """Whether a process stands in this drill's cell."""
    try:
        return room in Path(f"/proc/{pid}/mountinfo").read_text() and bool(
            Path(f"/proc/{pid}/cmdline").read_bytes()
        )
    except OSError:
        return False
