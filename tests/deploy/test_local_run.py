"""`make run` where it does not go smoothly: a taken port, a start that was broken off, an agent that dies."""

import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from types import ModuleType

import pytest
from parts import loaded

from collector.context import open_context
from collector.store import accounts

SCRIPT = Path(__file__).parents[2] / "deploy/local/run.py"


@pytest.fixture(scope="module")
def local() -> ModuleType:
    """deploy/local/run.py as a module."""
    return loaded("../deploy/local/run.py")


def test_a_taken_port_is_told_before_anything_is_made(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        words = [sys.executable, str(SCRIPT), "--home", str(tmp_path / "var"), "--listen", listen]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "LISTEN=127.0.0.1:PORT make run" in done.stderr
    assert not (tmp_path / "var").exists()


def test_another_port_is_no_way_out_once_an_agent_reports_here(local: ModuleType) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(local.Failed, match="reports to this address: stop") as told:
            local.check_free(listen, again=True)
    assert "PORT make run" not in str(told.value)


@pytest.mark.parametrize("listen", ["8443", "127.0.0.1:port", "127.0.0.1:99999", "192.0.2.1:8443"])
def test_an_address_that_cannot_be_listened_on_is_named(local: ModuleType, listen: str) -> None:
    with pytest.raises(local.Failed, match="LISTEN"):
        local.check_free(listen)


def test_a_password_nobody_has_used_is_given_again_and_the_address_is_kept(
    local: ModuleType, tmp_path: Path
) -> None:
    data = tmp_path / "collector"
    password = local.first_set_up(tmp_path, "127.0.0.1:9443")
    assert password and local.first_set_up(tmp_path, "127.0.0.1:9443") is None
    assert local.unused_password(tmp_path, data) == password
    assert (tmp_path / "first-password").exists()
    assert local.listen_of(tmp_path, "") == "127.0.0.1:9443"
    with pytest.raises(local.Failed, match=r"LISTEN=127\.0\.0\.1:9443"):
        local.listen_of(tmp_path, "127.0.0.1:8443")
    assert not local.has_record(data)
    with open_context(data) as context, context.write() as conn:
        accounts.set_password(conn, "admin", "Right-horse-7", must_change=False)
    assert local.unused_password(tmp_path, data) is None
    assert not (tmp_path / "first-password").exists()
    assert local.unused_password(tmp_path, data) is None


def test_the_spent_password_goes_away_while_the_collector_runs(
    local: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two sleeping programs stand for collector and agent; what is asked is the real directory."""
    monkeypatch.setattr(local, "PASSWORD_ASKED", 0.0)
    data = tmp_path / "collector"
    local.first_set_up(tmp_path, "127.0.0.1:9443")
    local.forget_password(tmp_path)
    assert (tmp_path / "first-password").exists(), "nobody has used it"
    with open_context(data) as context, context.write() as conn:
        accounts.set_password(conn, "admin", "Right-horse-7", must_change=False)
    programs = [subprocess.Popen(["sleep", "600"]) for _ in range(2)]

    def end_when_gone() -> None:
        for _ in range(1200):
            if not (tmp_path / "first-password").exists():
                break
            time.sleep(0.1)
        programs[0].kill()

    ender = threading.Thread(target=end_when_gone)
    ender.start()
    try:
        with pytest.raises(local.Failed, match="the collector ended by itself"):
            local.watch(tmp_path, programs)
    finally:
        ender.join()
        local.stop(programs)
    assert not (tmp_path / "first-password").exists()


def test_an_agent_that_dies_is_started_again_and_the_collector_is_not_stopped(
    local: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A sleeping program stands for the collector; the agent is the real one, and has no enrolment."""
    programs = [subprocess.Popen(["sleep", "600"]) for _ in range(2)]
    collector, first = programs
    first.send_signal(signal.SIGKILL)
    log = tmp_path / "agent.log"

    def end_after_restart() -> None:
        for _ in range(1200):
            if log.exists() and "holds no enrolment" in log.read_text():
                break
            time.sleep(0.1)
        collector.kill()

    ender = threading.Thread(target=end_after_restart)
    ender.start()
    try:
        with pytest.raises(local.Failed, match="the collector ended by itself"):
            local.watch(tmp_path, programs)
    finally:
        ender.join()
        local.stop(programs)
    assert programs[1] is not first and first.returncode == -9
    assert "the agent ended by itself (exit -9" in capsys.readouterr().out
    assert "holds no enrolment" in log.read_text()


def test_a_checkout_that_was_moved_is_told_in_one_line(tmp_path: Path, local: ModuleType) -> None:
    program = tmp_path / "roundseal-collector"
    program.write_text(f"#!{sys.executable}\n")
    local.check_installed(tmp_path)
    program.write_text(f"#!{tmp_path}/before/.venv/bin/python\n")
    with pytest.raises(local.Failed, match=r"moved: rm -rf \.venv"):
        local.check_installed(tmp_path)
