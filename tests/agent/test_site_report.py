"""`doctor --site-report`: what it holds, what it never holds, and that a developer can replay it."""

import json
from base64 import b64encode

import pytest

from agent import cli, discover, plans, site_report
from agent.errors import AgentError
from agent.outbox import Outbox
from agent.sources.snmp_responder import Responder, recording
from checks import registry
from checks.snmp import Peer

DEVICE = b"""1.3.6.1.2.1.1.1.0|4|Cs141 agent, community s3cr3t-Word here
1.3.6.1.2.1.1.2.0|6|1.3.6.1.2.1.33
1.3.6.1.2.1.1.4.0|4|somebody
1.3.6.1.2.1.1.5.0|4|UPS Room 2
1.3.6.1.2.1.1.6.0|4|room 9
1.3.6.1.2.1.33.1.2.1.0|2|3"""


def item(check, target, **params):
    return {
        "kind": "regular",
        "check": check,
        "version": registry.get(check).version,
        "target": target,
        "asset": None,
        "params": params,
        "every_ms": 60_000,
        "deadline_ms": 20_000,
        "hold_ms": 180_000,
    }


@pytest.fixture
def site(state, collector):
    """An agent whose plan names a UPS that answers, a device without a secret, and this machine."""
    with Responder({b"s3cr3t-Word": recording(DEVICE.splitlines())}) as responder:
        at = {"address": "127.0.0.1", "port": responder.port, "version": 2}
        looks = [
            item("network.ups", "ups", secret="ups", **at),
            item("network.sensors", "ups", secret="ups", **at),
            item("network.device", "absent", address="127.0.0.1", port=9, version=2, secret="none"),
            item("host.load", "here"),
        ]
        collector.serve_plan(items=looks)
        outbox = Outbox(state.path("outbox.db"))
        plans.keep(outbox, collector.plan, b64encode(collector.plan_signature).decode(), state.identity())
        outbox.close()
        path = state.path("secrets.yaml")
        path.write_text("ups: {community: s3cr3t-Word}\n")
        path.chmod(0o600)
        yield state


def test_it_is_shown_before_it_is_written_and_holds_no_secret(site, tmp_path, capsys):
    file = tmp_path / "site.json"
    words = ["doctor", "--state", str(site.root), "--site-report", str(file)]
    assert cli.main(words) == 2 and not file.exists()  # nobody is there to agree
    assert cli.main([*words, "--yes"]) == 0
    shown, text = capsys.readouterr().out, file.read_text()
    assert text in shown and "no secret" in shown and file.stat().st_mode & 0o777 == 0o600
    for never in ("s3cr3t-Word", b"s3cr3t-Word".hex(), b"somebody".hex(), b"room 9".hex()):
        assert never not in shown
    made = site_report.read(file)
    by = {part["target"]: part for part in made["targets"]}
    assert len(made["targets"]) == 2, "one target, though two checks look at it"
    assert "no secret 'none'" in by["absent"]["error"]
    assert made["host"]["python"] and {one["name"] for one in made["looks"]} >= {"host.load on here"}


def test_a_developer_replays_the_device_from_the_file(site, tmp_path):
    file = tmp_path / "site.json"
    site_report.run(site, file, lambda text: True)
    held = site_report.recording(site_report.read(file), "ups")
    with Responder({b"s3cr3t-Word": held}) as again:
        target = f"snmp://127.0.0.1:{again.port}?version=2&secret=ups"
        shown = discover.run(site, target, None)
    assert shown.exit == 0 and "battery status: batteryLow" in shown.text
    assert discover.peer_of(target) == Peer("127.0.0.1", again.port, 2, "ups")


def test_a_password_in_an_output_is_gone_whoever_s_it_is():
    text = (
        "sysname a\n snmp-agent community read cipher Qq1!\n local-user x password irreversible-cipher Zz9?\n"
    )
    clean = site_report._redacted({"text": text}, None)["text"]
    assert "Qq1!" not in clean and "Zz9?" not in clean and "sysname a" in clean


def test_a_short_or_open_part_of_a_secret_does_not_spoil_the_rest(site):
    path = site.path("secrets.yaml")
    path.write_text("ups: {community: s3cr3t-Word, user: ups, auth: sha256, pin: 12}\n")
    assert set(site_report._secrets(site)) == {"s3cr3t-Word"}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"kind": "roundseal-site-report", "v": 2}'])
def test_a_file_that_is_no_report_is_refused(tmp_path, text):
    (tmp_path / "x").write_text(text)
    with pytest.raises(AgentError):
        site_report.read(tmp_path / "x")


def test_a_target_that_is_not_in_it_is_told():
    empty = {"targets": []}
    for ask in (site_report.recording, site_report.outputs):
        with pytest.raises(AgentError, match="sw"):
            ask(empty, "sw")


def test_what_is_printed_as_json_is_json_only(site, tmp_path, capsys):
    file = tmp_path / "site.json"
    assert cli.main(["doctor", "--json", "--state", str(site.root), "--site-report", str(file), "--yes"]) == 0
    assert json.loads(capsys.readouterr().out)["status"] == "written"
