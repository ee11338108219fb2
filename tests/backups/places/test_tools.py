"""Programs that read backups: real ones, ended in time, with secrets on no command line."""

import io
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agent.sources.backup_guard import Guard
from agent.sources.backup_tools import LocalTools, end_all
from checks.api import ErrorKind, ObservationError


def run(*argv: str, **how: object) -> tuple[int, bytes, bytes]:
    with LocalTools().stream(argv, **how) as stream:  # type: ignore[arg-type]
        said = stream.out.read()
        return stream.finish(), said, stream.complaint


def gone(pid: int) -> bool:
    """Whether a process has ended (a zombie of a foreign parent has)."""
    for _ in range(500):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.02)
    return False


def test_output_status_and_complaint() -> None:
    assert run("sh", "-c", "echo out; echo err >&2; exit 3") == (3, b"out\n", b"err\n")
    assert run("sh", "-c", "kill -9 $$")[0] == -9
    assert run("cat") == (0, b"", b"")


def test_a_secret_is_read_from_its_descriptor_and_stands_nowhere_else() -> None:
    script = "cat <&3; cat /dev/fd/5; tr '\\0' '\\n' </proc/$$/cmdline; tr '\\0' '\\n' </proc/$$/environ"
    status, said, _ = run("sh", "-c", script, secrets={3: b"hunter2\n", 5: b"x" * 100_000})
    assert status == 0
    assert said.startswith(b"hunter2\n" + b"x" * 100_000)
    assert said.count(b"hunter2") == 1


def test_a_program_gets_nothing_else_that_is_open_here(tmp_path: Path) -> None:
    with (tmp_path / "of-ours").open("w"):
        _, said, _ = run("sh", "-c", "ls -l /proc/self/fd", secrets={7: b""})
    assert b"7 -> /memfd:secret" in said
    assert b"of-ours" not in said


def test_input_from_a_file_and_from_a_stream_that_only_python_reads(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"a" * 3_000_000)
    with (tmp_path / "in").open("rb") as file:
        assert run("wc", "-c", stdin=file)[1].strip() == b"3000000"
    assert run("wc", "-c", stdin=io.BytesIO(b"b" * 3_000_000))[1].strip() == b"3000000"
    assert run("true", stdin=io.BytesIO(b"b" * 3_000_000))[0] == 0  # reads nothing of it


def test_a_program_runs_in_the_directory_it_is_given(tmp_path: Path) -> None:
    assert run("pwd", cwd=str(tmp_path))[1].strip() == os.fsencode(tmp_path)


def test_past_the_budget_it_ends_with_all_it_started() -> None:
    started: list[int] = []

    def hangs() -> None:
        tools = LocalTools(Guard(time.monotonic() + 2))
        with tools.stream(["sh", "-c", "sleep 600 & echo $!; wait"]) as one:
            started.append(int(one.out.readline()))
            one.out.read()
            one.finish()

    with pytest.raises(ObservationError) as caught:
        hangs()
    assert caught.value.kind is ErrorKind.TIMEOUT
    assert gone(started[0])


def test_what_is_given_up_ends_with_all_it_started() -> None:
    with LocalTools().stream(["sh", "-c", "sleep 600 & echo $!; wait"]) as one:
        pid = int(one.out.readline())
    assert gone(pid)


def test_all_end_with_this_process() -> None:
    with LocalTools().stream(["sleep", "600"]) as one:
        end_all()
        assert one.finish() == -9


@pytest.mark.skipif(not os.access("/usr/bin/setpriv", os.X_OK), reason="NOT TESTED: no setpriv here")
def test_a_killed_agent_leaves_no_tool_running() -> None:
    agent = (
        "import sys; from agent.sources.backup_tools import LocalTools\n"
        "with LocalTools().stream(['sh', '-c', 'echo $$; exec sleep 1000']) as stream:\n"
        "    print(stream.out.readline().decode(), flush=True); stream.out.read()\n"
    )
    command = [sys.executable, "-c", agent]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]) as child:
        assert child.stdout is not None
        tool = int(child.stdout.readline())
        child.kill()
        child.wait()
    assert gone(tool)


def test_a_tool_that_is_not_here_is_unsupported() -> None:
    with pytest.raises(ObservationError) as caught, LocalTools().stream(["no-such-tool-at-all"]):
        pass
    assert caught.value.kind is ErrorKind.UNSUPPORTED


def test_much_said_on_both_ends_does_not_hang() -> None:
    status, said, complaint = run("sh", "-c", "head -c 9000000 /dev/zero; head -c 9000000 /dev/zero >&2")
    assert (status, len(said), len(complaint)) == (0, 9_000_000, 16_384)
