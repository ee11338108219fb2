"""`doctor` of a plan: what is missing for each look, and the line that grants it."""

import json
import re
from base64 import b64encode

import pytest

from agent import doctor, doctor_grants, doctor_plan, plans, settings
from agent.outbox import Outbox
from agent.sources.host_commands import COMMANDS
from agent.sources.snmp_responder import Responder, recording
from checks import registry
from checks.api import Source

DEVICE = b"""1.3.6.1.2.1.1.1.0|4|Cs141 agent
1.3.6.1.2.1.1.2.0|6|1.3.6.1.2.1.33
1.3.6.1.2.1.1.5.0|4|UPS Room 2
1.3.6.1.2.1.33.1.2.1.0|2|3"""


def item(check, target, **params):
    version = registry.get(check).version
    return {
        "kind": "regular",
        "check": check,
        "version": version,
        "target": target,
        "asset": None,
        "params": params,
        "every_ms": 60_000,
        "deadline_ms": 20_000,
        "hold_ms": 180_000,
    }


@pytest.fixture
def planned(state, collector):
    """Keep a plan of these items, with these secrets."""

    def keep(*items, secrets="", mode=0o600):
        collector.serve_plan(items=list(items))
        outbox = Outbox(state.path("outbox.db"))
        plans.keep(outbox, collector.plan, b64encode(collector.plan_signature).decode(), state.identity())
        outbox.close()
        path = state.path("secrets.yaml")
        path.write_text(secrets)
        path.chmod(mode)
        return {one.name: one for one in doctor_plan.points(state, settings.Settings())}

    return keep


def test_without_a_plan_there_is_nothing_to_say(state):
    assert doctor_plan.points(state, settings.Settings()) == []


def test_an_outbox_that_cannot_be_read_is_no_clean_bill(state):
    state.path("outbox.db").write_bytes(b"no database" * 1000)
    (point,) = doctor_plan.points(state, settings.Settings())
    assert (point.name, point.word) == ("outbox", "bad")
    assert str(state.path("outbox.db")) in point.why


def test_a_missing_secret_is_named_with_the_line_that_gives_it(planned):
    found = planned(item("network.device", "sw", address="127.0.0.1", port=9, version=2, secret="sw-ro"))
    point = found["secret sw-ro"]
    assert point.word == "bad"
    assert "sw-ro: {community: …}" in point.why and "secrets.yaml" in point.why


@pytest.mark.parametrize(
    ("check", "params", "secret", "said"),
    [
        ("network.device", {"version": 2}, "{user: x}", "no community"),
        (
            "network.device",
            {"version": 3},
            "{user: x, auth: sha0, auth_password: longenough}",
            "auth is none of",
        ),
        ("network.device", {"version": 3}, "{user: x, auth: sha, auth_password: short}", "fewer than 8"),
        ("network.config", {"platform": "huawei_vrp"}, "{user: x}", "neither key nor password"),
        ("network.config", {"platform": "huawei_vrp"}, "{user: x, key: /absent}", "/absent cannot be read"),
        ("database.alive", {"platform": "postgresql"}, "{user: x}", "no password"),
        (
            "database.alive",
            {"platform": "postgresql", "client": "psql", "ssh": {"address": "127.0.0.1", "secret": "one"}},
            "{user: x}",
            "neither key nor password",
        ),
    ],
)
def test_a_secret_of_the_wrong_form_says_what_is_wrong_and_not_what_it_holds(
    planned, check, params, secret, said
):
    found = planned(
        item(check, "t", address="127.0.0.1", port=9, secret="one", timeout_ms=1000, **params),
        secrets=f"one: {secret}",
    )
    assert found["secret one"].word == "bad"
    assert said in found["secret one"].why
    assert "longenough" not in str(found)


def test_secrets_that_others_may_read_are_bad_whatever_they_hold(planned, state, quick_apt):
    one = item("network.device", "sw", address="127.0.0.1", port=9, version=2, secret="sw", timeout_ms=1000)
    found = planned(one, secrets="sw: {community: hidden-word}", mode=0o644)
    assert found["secrets"].word == "bad" and "0644" in found["secrets"].why
    shown = doctor.examine(state)
    assert shown.exit == 1 and "hidden-word" not in shown.text
    assert "hidden-word" not in json.dumps(shown.value)
    assert {"secrets", "network.device on sw"} <= {one["name"] for one in shown.value["plan"]}


def test_a_good_secret_and_a_look_that_can_be_taken_are_ok(planned, state):
    with Responder({b"public": recording(DEVICE.splitlines())}) as responder:
        one = item("network.device", "ups", address="127.0.0.1", port=responder.port, version=2, secret="ups")
        found = planned(one, item("host.load", "here"), secrets="ups: {community: public}")
        assert found["secret ups"].word == "ok"
        assert found["network.device on ups"].word == "ok"
        assert found["host.load on here"].word == "ok"


def test_a_silent_snmp_device_is_told_with_the_view_it_needs(planned):
    with Responder({b"other": recording(DEVICE.splitlines())}) as responder:
        look = {"address": "127.0.0.1", "port": responder.port, "version": 2, "timeout_ms": 1000}
        found = planned(item("network.device", "sw", secret="sw", **look), secrets="sw: {community: public}")
    why = found["network.device on sw"].why
    assert "view roundseal included .1.3.6.1.2.1.1" in why and "rocommunity COMMUNITY" in why


def test_a_key_file_that_others_may_read_is_bad(planned, tmp_path):
    key = tmp_path / "id"
    key.write_text("x")
    key.chmod(0o644)
    one = item(
        "network.config",
        "t",
        address="127.0.0.1",
        port=9,
        secret="one",
        timeout_ms=1000,
        platform="huawei_vrp",
    )
    found = planned(one, secrets=f"one: {{user: x, key: {key}}}")
    assert "chmod 600" in found["secret one"].why


# The line that grants it


@pytest.mark.parametrize("name", sorted(name for name, each in COMMANDS.items() if each.root))
def test_sudoers_lines_hold_every_command_that_root_must_run(name):
    argv = COMMANDS[name].argv
    line = doctor_grants.sudoers(f"/usr/sbin/{argv[0]}")
    assert line.startswith(f"{doctor_grants.user()} ALL=(root) NOPASSWD: /usr/sbin/{argv[0]}")
    fixed = [word.replace(",", "\\,") for word in argv[1:] if word != "{}"]
    assert all(word in line for word in fixed)
    assert "*" not in line and "{}" not in line


def test_the_page_of_lvm_grants_what_the_agent_runs_and_no_word_more():
    needs = "; ".join(registry.get("virtual.lvm").needs)
    granted = re.search(r"NOPASSWD: (.*)`", needs)[1].split(", ")
    lines = [doctor_grants.sudoers(f"/usr/sbin/{name}").partition("NOPASSWD: ")[2] for name in ("vgs", "lvs")]
    assert granted == lines
    assert "*" not in needs


@pytest.mark.parametrize(
    ("check", "params", "kind", "detail", "said"),
    [
        ("server.smart", {}, "unsupported", "smartctl is not installed", "apt-get install smartmontools"),
        (
            "server.smart",
            {},
            "denied",
            "sudo does not allow /usr/sbin/smartctl: see the check's page",
            "/usr/sbin/smartctl --scan -j",
        ),
        (
            "virtual.lvm",
            {},
            "denied",
            "/usr/sbin/vgs needs root: see the unit roundseal-root-commands.socket",
            "systemctl enable --now roundseal-root-commands.socket",
        ),
        ("database.locks", {"platform": "postgresql"}, "denied", "not allowed", "GRANT pg_monitor"),
        ("database.locks", {"platform": "mysql"}, "denied", "not allowed", "GRANT PROCESS"),
        ("database.redis", {"platform": "redis"}, "denied", "NOPERM", "ACL SETUSER"),
        ("server.fans", {"protocol": "redfish"}, "denied", "HTTP 403", "ReadOnly"),
        ("server.fans", {"protocol": "ipmi"}, "denied", "insufficient privilege", "privilege=2"),
        ("network.interfaces", {"version": 3}, "denied", "noAccess", "rouser USER priv -V roundseal"),
        ("security.sudo", {}, "denied", "sudoers: Permission denied", "setfacl -m u:"),
    ],
)
def test_each_trouble_has_its_line(check, params, kind, detail, said):
    lines = doctor_grants.lines(registry.get(check), params, kind, detail)
    assert any(said in line for line in lines), lines


@pytest.mark.parametrize("program", sorted({each.argv[0] for each in COMMANDS.values()} - {"cat"}))
def test_every_program_that_looks_run_is_in_a_package_or_of_a_maker(program):
    check = registry.get("server.smart")
    (line,) = doctor_grants.lines(check, {}, "unsupported", f"{program} is not installed")
    assert line.startswith(("apt-get install ", "install "))
    said = doctor_plan.with_grants("why", check, {}, "unsupported", f"{program} is not installed")
    assert said == f"why; to grant it: {line}"


def test_what_a_right_would_not_mend_has_no_line():
    detail = "md is not in this kernel (no /proc/mdstat)"
    assert doctor_grants.lines(registry.get("virtual.md"), {}, "unsupported", detail) == ()
    assert doctor_grants.lines(registry.get("database.locks"), {}, "timeout", "no answer") == ()
    assert doctor_grants.lines(registry.get("server.fans"), {}, "denied", "no secret 'bmc' in x") == ()


def test_every_source_whose_looks_want_a_secret_says_its_form():
    for check in map(registry.get, registry.ids()):
        if check.source in (Source.SSH, Source.SNMP, Source.BMC, Source.SQL):
            params = {"secret": "x", "platform": "postgresql" if check.source is Source.SQL else ""}
            one = doctor_plan.Planned(None, check, params)
            assert doctor_plan._form(one, "x"), check.id
