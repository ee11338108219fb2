"""Programs that hang, print without end, cannot be started, leave their pipes to others; then good ones."""

import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from agent.sources import programs

PLACE = {"PATH": os.defpath}


@pytest.fixture(autouse=True)
def this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """psutil looks here, wherever a look at another root has pointed it."""
    monkeypatch.setattr(psutil, "PROCFS_PATH", "/proc")


def shell(script: str) -> list[str]:
    return ["/bin/sh", "-c", script]


def ours() -> tuple[set[int], int]:
    """Children of this process, zombies too, and how many files it has open."""
    return {child.pid for child in psutil.Process().children()}, len(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize(
    "script",
    ["exec sleep 600", "exec >&- 2>&-; exec sleep 600", "sleep 5 & exit 0", "trap '' TERM; exec sleep 600"],
)
def test_a_program_that_does_not_end_in_time_is_killed_and_reaped(script: str) -> None:
    before = ours()
    with pytest.raises(TimeoutError):
        programs.run(shell(script), PLACE, 0.2)
    assert ours() == before


def test_a_program_that_is_not_there_is_an_error_and_leaves_nothing_open(tmp_path: Path) -> None:
    before = ours()
    with pytest.raises(FileNotFoundError):
        programs.run([str(tmp_path / "none")], PLACE, 5)
    with pytest.raises(PermissionError), programs.lines([str(tmp_path)], PLACE, 5):
        pass
    assert ours() == before


def test_output_without_end_is_an_error_and_the_program_ends() -> None:
    before = ours()
    with pytest.raises(ValueError, match="more than"):
        programs.run(shell("exec cat /dev/zero"), PLACE, 600)
    assert ours() == before


def test_complaints_without_end_are_kept_short_and_do_not_block() -> None:
    ended = programs.run(shell("head -c 3000000 /dev/zero >&2; echo done"), PLACE, 600)
    assert ended.output == b"done\n"
    assert len(ended.told) <= 64 * 1024


def test_how_it_ended_is_told() -> None:
    assert programs.run(shell("echo out; echo err >&2; exit 3"), PLACE, 600) == (3, b"out\n", b"err\n")
    assert programs.run(shell("kill -9 $$"), PLACE, 600).code == -signal.SIGKILL


def test_it_reads_nothing_knows_only_its_environment_and_is_not_deaf_to_a_closed_pipe() -> None:
    ended = programs.run(shell("cat; env"), {"PATH": os.defpath, "LC_ALL": "C"}, 600)
    names = {line.partition(b"=")[0] for line in ended.output.splitlines()}
    assert {b"LC_ALL", b"PATH"} <= names <= {b"LC_ALL", b"PATH", b"PWD", b"OLDPWD", b"SHLVL", b"_"}
    # Python ignores SIGPIPE; what it starts must not.
    ignored = int(programs.run(shell("grep SigIgn /proc/self/status"), PLACE, 600).output.split()[1], 16)
    assert not ignored & 1 << (signal.SIGPIPE - 1)


def test_lines_come_with_their_ends_and_the_last_may_lack_it() -> None:
    with programs.lines(shell("printf 'one\\ntwo\\n\\nrest'"), PLACE, 600) as lines:
        assert list(lines) == [b"one\n", b"two\n", b"\n", b"rest"]
    long = b"x" * 300_000
    with programs.lines([sys.executable, "-c", "print('x' * 300000)"], PLACE, 600) as lines:
        assert list(lines) == [long + b"\n"]


def test_what_the_time_cuts_off_is_a_line_without_an_end() -> None:
    before = ours()
    with programs.lines(shell("printf 'whole\\nbegun'; exec sleep 600"), PLACE, 1.0) as lines:
        assert list(lines) in ([b"whole\n", b"begun"], [])  # nothing: the machine was too busy to start it
    assert ours() == before


def test_leaving_early_ends_the_program() -> None:
    before = ours()
    with programs.lines(shell("while :; do echo more; done"), PLACE, 600) as lines:
        assert next(lines) == b"more\n"
    assert ours() == before
