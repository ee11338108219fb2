"""Stacks and pairs by SNMP: silent and foreign devices first, then tables of makers' MIBs."""

import pytest

from agent.sources.memory import Transient
from agent.sources.open import open_source
from agent.sources.snmp_responder import Responder, recording
from checks import registry
from checks.api import ErrorKind, Source, State
from checks.codec import from_json

HUAWEI = "1.3.6.1.4.1.2011.5.25.183.1"
H3C = "1.3.6.1.4.1.25506.2.91.3.1"
STACKWISE = "1.3.6.1.4.1.9.9.500.1.2.1.1"
FAILOVER = "1.3.6.1.4.1.9.9.147.1.2.1.1.1"
VPC = "1.3.6.1.4.1.9.9.807.1"
FORTINET = "1.3.6.1.4.1.12356.101.13"


def rows(table, *units):
    """Recording lines: each unit is its index and its columns."""
    for index, columns in units:
        for column, value in columns.items():
            kind = 4 if isinstance(value, str) else 2
            yield f"{table}.{column}.{index}|{kind}|{value}"


@pytest.fixture
def ask(means, looked, state):
    """`ask(object id, description, lines, **params)` -> the outcome of a look."""
    (state / "secrets.yaml").write_text("snmp: {community: public}\n", encoding="utf-8")
    (state / "secrets.yaml").chmod(0o600)
    devices = open_source(Source.DEVICE, Transient(), means)

    def look(object_id, description, lines=(), name=None, **params):
        system = [f"1.3.6.1.2.1.1.1.0|4|{description}", f"1.3.6.1.2.1.1.2.0|6|{object_id}"]
        held = recording(line.encode() for line in (*system, *lines))
        with Responder({b"public": held}) as device:
            at = {"address": "127.0.0.1", "port": device.port, "version": 2, "members": 2} | params
            return looked("network.stack", at, devices, *([name] if name else []))

    return look


def test_a_secret_is_looked_up_by_the_way_that_is_taken():
    kind = registry.get("network.stack").params
    by_snmp = from_json(kind, {"address": "10.0.0.1", "members": 2}, "params")
    by_cli = from_json(kind, {"address": "10.0.0.1", "members": 2, "platform": "cisco_ios"}, "params")
    named = from_json(kind, {"address": "10.0.0.1", "members": 2, "secret": "core"}, "params")
    assert (by_snmp.peer().secret, by_cli.login().secret, named.peer().secret) == ("snmp", "ssh", "core")


def test_a_device_whose_stack_no_profile_reads_is_unsupported(ask):
    found = ask("1.3.6.1.4.1.8072.3.2.10", "Linux host 5.10 x86_64", name="unknown_snmp")
    assert found.error is ErrorKind.UNSUPPORTED


def test_a_device_that_names_no_unit_is_unknown_rather_than_alone(ask, why):
    found = ask("1.3.6.1.4.1.2011.2.23.291", "Huawei Versatile Routing Platform")
    assert why(found) == {"group_members": "not_reported"}


def test_a_stack_of_huawei_and_a_unit_that_left_it(ask, why):
    descr, object_id = "Huawei Versatile Routing Platform", "1.3.6.1.4.1.2011.2.23.291"
    two = list(rows(f"{HUAWEI}.20.1", (1, {3: 1}), (2, {3: 2})))
    found = ask(object_id, descr, two, name="ok_snmp", roles=["1=master", "2=standby"])
    assert found.state is State.OK
    found = ask(object_id, descr, two[:1], name="crit_snmp", roles=["1=master", "2=standby"])
    assert (why(found)["group_members"], why(found)["2:member_role"]) == ("member_missing", "missing")
    found = ask(object_id, descr, rows(f"{HUAWEI}.25.1", (1, {3: 5}), (101, {3: 4}), (102, {3: 9})))
    assert why(found) == {
        "group_members": "many",
        "stack 1": "ok",
        "stack 101": "ok",
        "stack 102": "state_unknown",
    }


def test_boards_of_one_member_of_an_irf_are_one_unit_in_its_best_role(ask, why):
    boards = [(2, {1: 1, 2: 1}), (3, {1: 2, 2: 1}), (102, {1: 3, 2: 2}), (103, {1: 1, 2: 2})]
    found = ask("1.3.6.1.4.1.25506.1.1", "H3C Comware Software", rows(H3C, *boards), roles=["1=master"])
    assert why(found) == {
        "group_members": "ok",
        "irf 1": "ok",
        "irf 2": "device_warns",
        "1:member_role": "ok",
    }


def test_a_switch_that_was_announced_and_never_came_is_not_there(ask, why):
    units = [(1001, {1: 1, 3: 1, 6: 4}), (2001, {1: 2, 3: 2, 6: 9}), (3001, {1: 3, 3: 2, 6: 6})]
    found = ask("1.3.6.1.4.1.9.1.1208", "Cisco IOS Software", rows(STACKWISE, *units), members=3)
    assert why(found) == {
        "group_members": "member_missing",
        "stack 1": "ok",
        "stack 2": "device_warns",
        "stack 3": "device_fails",
    }


@pytest.mark.parametrize(
    ("secondary", "detail", "expected"),
    [
        (10, "Standby unit", ("ok", "ok")),
        (4, "Failed", ("ok", "device_fails")),
        (3, "not Configured", ("member_missing", None)),
    ],
)
def test_a_failover_pair(ask, why, secondary, detail, expected):
    units = [(6, {2: "Primary unit", 3: 9, 4: "Active unit"}), (7, {2: "x", 3: secondary, 4: detail})]
    lines = rows(FAILOVER, *units)
    found = why(ask("1.3.6.1.4.1.9.1.2114", "Cisco Adaptive Security Appliance Version 9.12", lines))
    assert (found["group_members"], found.get("failover secondary")) == expected


def test_a_vpc_whose_peer_does_not_answer(ask, why):
    lines = [f"{VPC}.2.1.1.2.8|2|1", f"{VPC}.1.2.1.2.8|2|3"]
    found = ask("1.3.6.1.4.1.9.12.3.1.3.1812", "Cisco NX-OS(tm) n9000", lines, roles=["local=secondary"])
    assert why(found) == {
        "group_members": "member_missing",
        "vpc local": "ok",
        "vpc peer": "device_fails",
        "local:member_role": "ok",
    }


def test_a_cluster_of_fortinet_tells_who_leads_and_who_is_out_of_step(ask, why):
    units = [
        (1, {1: 1, 2: "FG-A", 11: "fw-1", 12: 1, 16: "FG-B"}),
        (2, {1: 2, 2: "FG-B", 11: "fw-2", 12: 0, 16: "FG-B"}),
    ]
    lines = [f"{FORTINET}.1.1.0|2|3", *rows(f"{FORTINET}.2.1.1", *units)]
    found = ask("1.3.6.1.4.1.12356.101.1.1", "fortigate", lines, roles=["fw-1=primary"])
    assert why(found) == {
        "group_members": "ok",
        "ha fw-1": "ok",
        "ha fw-2": "device_fails",
        "fw-1:member_role": "role_changed",
    }
    alone = [f"{FORTINET}.1.1.0|2|1", *rows(f"{FORTINET}.2.1.1", units[0])]
    assert why(ask("1.3.6.1.4.1.12356.101.1.1", "fortigate", alone))["group_members"] == "member_missing"


def test_a_pair_of_firewalls_of_huawei_whose_peer_is_gone(ask, why):
    table = "1.3.6.1.4.1.2011.5.25.122.2.1.1"
    descr, object_id = "Huawei Versatile Routing Platform", "1.3.6.1.4.1.2011.2.321.1"
    groups = [(1, {2: 1, 10: 3, 14: 1}), (2, {2: 1, 10: 4, 14: 2}), (3, {2: 2, 10: 1, 14: 2})]
    found = ask(object_id, descr, rows(table, *groups), roles=["local=master"])
    assert why(found) == {
        "group_members": "member_missing",
        "hrp local": "ok",
        "hrp peer": "device_fails",
        "local:member_role": "ok",
    }
    assert ask(object_id, descr, rows(table, groups[0])).state is State.OK
