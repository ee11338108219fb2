"""Which way a network device and a machine's files are looked at: what its sections allow."""

from collector.estate.catalog import installed
from collector.estate.loading import read_estate

ESTATE = """
estate: example
timezone: Asia/Shanghai
assets:
  - {id: probe, kind: server, agent: probe}
  - {id: core, kind: switch, via: probe, snmp: {address: 10.0.0.1, version: 2, secret: look}}
  - {id: edge, kind: switch, via: probe, ssh: {address: 10.0.0.2, platform: huawei_vrp, secret: cli}}
  - id: both
    kind: switch
    via: probe
    snmp: {address: 10.0.0.3}
    ssh: {address: 10.0.0.3, platform: ruijie_os, port: 2222}
    params: {"network.*": {timeout_ms: 6000}}
  - {id: app, kind: server, via: probe, ssh: {address: 10.0.0.4, secret: app}}
checks:
  - {check: "network.*", assets: [core, edge, both, app], every: 300s}
  - {check: network.stack, assets: [core, both], every: 300s, params: {members: 2}}
  - {check: network.syslog, assets: [edge, both], every: 300s, params: {silence: unexpected}}
  - {check: network.receiver, assets: probe, every: 300s, params: {receives: [syslog]}}
  - {check: file.log, assets: [probe, app], every: 300s, params: {logs: [/var/log/app.log]}}
rounds:
  - {id: daily, every: day, window: "08:00-10:00", assets: all, checks: all}
"""


KINDS = """
estate: example
timezone: Asia/Shanghai
assets:
  - {id: probe, kind: server, agent: probe}
  - {id: core, kind: switch, via: probe, snmp: {address: 10.0.0.1}}
  - id: edge
    kind: router
    via: probe
    snmp: {address: 10.0.0.2}
    params: {network.bgp: {expected: [10.0.0.9]}, "network.*": {timeout_ms: 6000}}
  - {id: battery, kind: ups, via: probe, snmp: {address: 10.0.0.3}}
  - {id: paper, kind: printer, via: probe, snmp: {address: 10.0.0.4}}
checks:
  - {check: "network.*", assets: [core, edge, battery, paper], every: 300s}
"""


def looks(estate=ESTATE):
    loaded = read_estate("e", lambda _: estate.encode(), installed())
    return {(look.asset, look.check.id): look.params for look in loaded.regular}


def test_a_device_is_asked_by_snmp_where_it_may_be_and_else_by_its_command_line():
    found = looks()
    assert found["core", "network.cpu"]["secret"] == "look" and not found["core", "network.cpu"]["platform"]
    assert found["both", "network.cpu"]["port"] == 161 and not found["both", "network.cpu"]["platform"]
    edge = found["edge", "network.cpu"]
    assert (edge["platform"], edge["secret"], edge["port"]) == ("huawei_vrp", "cli", 22)


def test_what_only_a_command_line_tells_is_asked_there():
    found = looks()
    assert found["both", "network.log"]["port"] == 2222
    assert ("core", "network.log") not in found
    # Its licences have no known form there; a server has no device's command line at all.
    assert ("both", "network.licence") not in found and ("app", "network.cpu") not in found


def test_a_stack_is_asked_by_the_command_line_where_both_ways_are_there():
    found = looks()
    both, core = found["both", "network.stack"], found["core", "network.stack"]
    assert (both["platform"], both["port"]) == ("ruijie_os", 2222)
    assert (core["platform"], core["secret"], core["version"]) == ("", "look", 2)


def test_files_are_read_on_the_spot_where_an_agent_is_and_else_by_sftp():
    found = looks()
    assert found["probe", "file.log"]["address"] == ""
    assert (found["app", "file.log"]["address"], found["app", "file.log"]["secret"]) == ("10.0.0.4", "app")


def test_what_a_device_sends_comes_from_where_it_is_asked_and_only_where_somebody_wants_it():
    found = looks()
    assert found["edge", "network.syslog"]["address"] == "10.0.0.2"
    assert found["both", "network.syslog"]["address"] == "10.0.0.3"
    assert found["probe", "network.receiver"]["receives"] == ["syslog"]
    # A pattern owes nothing that must be told what silence means.
    assert ("core", "network.syslog") not in found and ("core", "network.traps") not in found


def test_a_pattern_means_no_check_of_another_kind_of_device_and_no_neighbours_that_nobody_told():
    """Each would only ever say that there is nothing, or that nobody said what there should be."""
    found = set(looks(KINDS))
    some = ("bgp", "ospf", "ups", "printer", "sensors")
    owed = {(asset, short) for short in some for asset, check in found if check == f"network.{short}"}
    assert owed == {
        *((asset, "sensors") for asset in ("core", "edge", "battery", "paper")),
        ("edge", "bgp"),
        ("battery", "ups"),
        ("paper", "printer"),
    }


def test_what_is_asked_for_by_its_id_is_owed_whatever_the_device_is_called():
    named = KINDS.replace('"network.*", assets', "network.ospf, assets")
    assert ("core", "network.ospf") in looks(named)
    named = KINDS.replace('"network.*", assets', "network.ups, assets")
    assert ("core", "network.ups") in looks(named)


GATEWAY = """
estate: example
timezone: Asia/Shanghai
assets:
  - {id: probe, kind: server, agent: probe}
  - {id: gate, kind: firewall, via: probe, ssh: {address: 10.0.0.1, platform: linux}}
  - {id: route, kind: router, via: probe, ssh: {address: 10.0.0.2, platform: frr}}
  - id: both
    kind: firewall
    via: probe
    ssh: {address: 10.0.0.3, platform: linux, port: 2222}
    params: {network.config: {platform: frr}}
checks:
  - {check: "network.*", assets: [gate, route, both], every: 300s}
"""


def test_a_machine_that_does_a_devices_work_is_asked_for_its_policy_or_its_configuration():
    found = {key: params["platform"] for key, params in looks(GATEWAY).items() if "platform" in params}
    assert found == {
        ("gate", "network.policy"): "linux",
        ("route", "network.config"): "frr",
        ("both", "network.policy"): "linux",
        ("both", "network.config"): "frr",
    }
    assert looks(GATEWAY)["both", "network.config"]["port"] == 2222
    loaded = read_estate("e", lambda _: GATEWAY.encode(), installed())
    assert not [note for note in loaded.notes if "platform" in note]
