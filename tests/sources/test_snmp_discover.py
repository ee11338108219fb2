"""`discover` on a replayed device: what it prints, what it writes, and what it says when it cannot."""

import json

import pytest
import yaml

from agent import cli
from agent.sources.snmp_responder import Responder, recording

DEVICE = b"""1.3.6.1.2.1.1.1.0|4|Cs141 agent
1.3.6.1.2.1.1.2.0|6|1.3.6.1.2.1.33
1.3.6.1.2.1.1.5.0|4|UPS Room 2
1.3.6.1.2.1.33.1.2.1.0|2|3"""


@pytest.fixture
def state(tmp_path):
    path = tmp_path / "secrets.yaml"
    path.write_text("ups: {community: public}\n")
    path.chmod(0o600)
    return tmp_path


def test_a_device_is_shown_and_its_estate_is_yaml(state, capsys):
    with Responder({b"public": recording(DEVICE.splitlines())}) as responder:
        target = f"snmp://127.0.0.1:{responder.port}?version=2&secret=ups"
        file = state / "readings.json"
        assert cli.main(["discover", target, "--state", str(state), "--readings", str(file)]) == 0
    said = capsys.readouterr().out
    assert "crit: battery status: batteryLow" in said
    (asset,) = yaml.safe_load(said.partition("\n\n")[2])
    assert (asset["id"], asset["kind"], asset["snmp"]["secret"]) == ("ups-room-2", "ups", "ups")
    (sensor,) = json.loads(file.read_text("utf-8"))["sensors"]
    assert (sensor["class"], sensor["severity"], sensor["value"]) == ("state", "critical", 3)


@pytest.mark.parametrize(
    "target", ["snmp://", "http://x", "snmp://h?version=9", "snmp://h:99999", "snmp://h?x=1"]
)
def test_a_target_that_is_none_is_one_line_and_exit_code_2(state, capsys, target):
    assert cli.main(["discover", target, "--state", str(state)]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_missing_secret_is_named(state, capsys):
    assert cli.main(["discover", "snmp://127.0.0.1?version=2&secret=absent", "--state", str(state)]) == 2
    assert "absent" in capsys.readouterr().out
