"""Devices that an agent looks at from beside: through the estate, a plan, a child process, a round."""

import json
import socket

import pytest

from agent.sources.snmp_responder import Responder, recording

UPS = b"""1.3.6.1.2.1.1.1.0|4|Acme UPS card
1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.5491.304
1.3.6.1.2.1.1.3.0|67|123456
1.3.6.1.2.1.1.5.0|4|ups-1
1.3.6.1.2.1.2.2.1.2.1|4|eth0
1.3.6.1.2.1.2.2.1.3.1|2|6
1.3.6.1.2.1.2.2.1.7.1|2|1
1.3.6.1.2.1.2.2.1.8.1|2|2
1.3.6.1.2.1.2.2.1.10.1|65|1000
1.3.6.1.2.1.33.1.2.1.0|2|3
1.3.6.1.2.1.33.1.2.4.0|2|87
1.3.6.1.2.1.33.1.4.1.0|2|3"""

ESTATE = """estate: machine-room
timezone: Asia/Shanghai
assets:
  - {{id: web-01, kind: server, agent: web-01}}
  - {{id: ups-1, kind: ups, via: web-01, snmp: {{address: 127.0.0.1, port: {ups}, version: 2, secret: room}}}}
  - {{id: ups-2, kind: ups, via: web-01, snmp: {{address: 127.0.0.1, port: {no}, version: 2, secret: room}}}}
  - {{id: ups-3, kind: ups, via: web-01, snmp: {{address: 127.0.0.1, port: {ups}, version: 2, secret: none}}}}
probes:  # where there are some, batches are sealed every ten seconds instead of every minute
  - id: door
    check: service.tcp
    from: [web-01]
    every: 2s
    params: {{host: 127.0.0.1, port: {door}, timeout_ms: 1000}}
rounds:
  - id: daily
    every: day
    window: "00:00-23:59"
    assets: [ups-*]
    checks: [network.ups, network.device]
    params: {{network.*: {{timeout_ms: 5000}}}}
"""


@pytest.fixture
def silent():
    """A UDP port that hears everything and says nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()[1]


def test_each_asset_behind_an_agent_is_inspected_or_says_why_not(site, e2e, silent):
    site.serve()
    machine = site.enrol("web-01")
    secrets = machine.state / "secrets.yaml"
    secrets.write_text("room: {community: pa55word}\n")
    secrets.chmod(0o600)
    with Responder({b"pa55word": recording(UPS.splitlines())}) as ups:
        file = site.place / "estate.yaml"
        file.write_text(ESTATE.format(ups=ups.port, no=silent, door=site.target.port))
        applied = site.run("roundseal-collector", "estate", "apply", site.directory, file)
        assert applied.returncode == 0, applied.stderr
        machine.start()
        begun = site.run("roundseal-collector", "round", "run", site.directory, "daily")
        assert begun.returncode == 0, begun.stderr

        def answered():
            found = site.rows('SELECT "window", count(*) FROM round_done GROUP BY 1')
            return [window for window, count in found if "/run-" in window and count == 6]

        (window,) = e2e.until(answered, 400, 0.5, "every look of the round")
    shown = site.run("roundseal-collector", "round", "show", site.directory, window, "--json")
    record = json.loads(shown.stdout)["record"]
    left_out = {(one["target"], one["reason"], one["error"]) for one in record["not_inspected"]}
    assert left_out == {("ups-2", "error", "timeout"), ("ups-3", "error", "denied")}
    (problem,) = [one for one in record["problems"] if one["check"] == "network.ups"]
    assert (problem["target"], problem["reading"]["state"]) == ("ups-1", "crit")
    assert record["overview"]["due"] == 6 and record["overview"]["done"] == 2
    said = machine.program.said() + site.server.said() + shown.stdout
    assert "pa55word" not in said
    assert b"pa55word" not in b"".join(path.read_bytes() for path in site.directory.glob("collector.db*"))
