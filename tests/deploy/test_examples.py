"""What is meant to be copied works as it stands; units ask for no more than the documentation says."""

import shutil
import subprocess
from pathlib import Path

import pytest

from agent import runner, settings
from agent.sources import root_door
from agent.state import State

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"


def unit(name: str) -> list[str]:
    return (DEPLOY / f"systemd/{name}.service").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("file", ["examples/estate.yaml", "vm/estate.yaml"])
def test_the_estate_is_good_as_it_stands(done, file):
    assert "good: " in done("roundseal-collector", "estate", "check", DEPLOY / file)


def test_the_agent_s_settings_are_read_and_say_what_is_the_default(tmp_path):
    shutil.copy(DEPLOY / "examples/agent.yaml", tmp_path / "agent.yaml")
    read = settings.read(State(tmp_path))
    assert set(read.plugins) == {"disk", "users"}
    assert read.spool == settings.Settings().spool


def test_the_collector_s_unit_gives_no_capability_and_the_agent_s_one():
    given = ("CapabilityBoundingSet=", "AmbientCapabilities=")
    assert set(given) <= set(unit("roundseal-collector"))
    assert {word + "CAP_NET_RAW" for word in given} <= set(unit("roundseal-agent"))


@pytest.mark.parametrize("name", ["roundseal-agent", "roundseal-collector"])
def test_a_unit_is_watched_and_refuses_calls_instead_of_dying_of_them(name):
    lines = unit(name)
    assert {"Type=notify", "NoNewPrivileges=yes", "SystemCallErrorNumber=EPERM"} <= set(lines)
    assert any(line.startswith("WatchdogSec=") for line in lines)


def test_root_s_programs_are_behind_a_socket_of_the_agent_s_group_and_off_until_enabled():
    socket = (DEPLOY / "systemd/roundseal-root-commands.socket").read_text(encoding="utf-8").splitlines()
    place = f"ListenStream={root_door.DOOR}"
    assert {place, "SocketGroup=roundseal-agent", "SocketMode=0660", "Accept=yes"} <= set(socket)
    most = next(int(line.partition("=")[2]) for line in socket if line.startswith("MaxConnections="))
    assert most > runner.WORKERS + runner.MOST_PROBES
    behind = unit("roundseal-root-commands@")
    assert {"StandardInput=socket", "NoNewPrivileges=yes", "ProtectSystem=strict"} <= set(behind)
    assert "enable" not in (DEPLOY / "install.sh").read_text(encoding="utf-8")


@pytest.mark.parametrize("script", sorted(DEPLOY.rglob("*.sh")), ids=lambda path: path.name)
def test_every_script_can_be_parsed(script):
    assert subprocess.run(["bash", "-n", script], check=False).returncode == 0
