"""What the security checks make of facts, whatever those hold."""

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks import registry
from checks.accounts import Account, SshServer, Sudo, SudoRule
from checks.api import Seen, State, worst
from checks.approved import compare
from checks.hardening import Executable, Executables, Patches
from checks.host import sensors
from checks.security import accounts, executables, patches, plaintext, sshd, sudo
from checks.upkeep import Sensor, Sensors

DAY = 86_400_000
NOW = 20_000 * DAY
CHECKS = [*registry.matching("security.*"), "host.jobs", "host.sensors"]


@pytest.mark.parametrize("check_id", CHECKS)
def test_a_check_says_in_both_languages_what_it_is_and_what_it_needs(check_id):
    check = registry.get(check_id)
    assert check.id == check_id
    assert not check.title.isascii()
    assert check.title_en.isascii()
    assert check.needs
    assert check.clauses


def states(readings):
    return {each.name: (each.state.value, each.reason) for each in readings}


def test_no_baseline_is_unknown_and_an_empty_one_is_not():
    assert worst(each.state for each in compare(None, {})) is State.UNKNOWN
    assert worst(each.state for each in compare({}, {})) is State.OK
    assert worst(each.state for each in compare({}, {"a": "1"})) is State.CRIT


@given(
    st.dictionaries(st.sampled_from("abcd"), st.sampled_from("12")),
    st.dictionaries(st.sampled_from("abcd"), st.sampled_from("12")),
)
def test_a_baseline_is_met_only_by_itself(approved, found):
    worst_of = worst(each.state for each in compare(approved, found))
    assert (worst_of is State.OK) == (approved == found)


@pytest.mark.parametrize("check_id", CHECKS)
def test_what_a_check_proposes_goes_to_one_of_its_parameters(check_id):
    module = __import__(f"checks.{check_id}", fromlist=["x"])
    if not hasattr(module, "propose"):
        return
    names = {spec.name for spec in fields(module.Params)} & {"baseline", "approved"}
    assert len(names) == 1, "a proposal has exactly one parameter to go to"


ROOT = Account("root", 0, 0, True, (), "a" * 16, "none")


def test_an_unreadable_shadow_never_says_that_nobody_is_without_a_password():
    facts = accounts.Facts((replace(ROOT, password="hidden"),), "denied")
    assert states(accounts.judge(Seen(facts, NOW), accounts.Params()))["empty_password"] == (
        "unknown",
        "denied",
    )


def test_an_account_added_with_root_s_number_is_found_without_any_baseline():
    facts = accounts.Facts((ROOT, replace(ROOT, name="backup")), "")
    found = states(accounts.judge(Seen(facts, NOW), accounts.Params()))
    assert found["uid_zero"] == ("crit", "uid_zero")
    assert found["backup:uid_zero"] == ("crit", "uid_zero")


def test_an_account_moved_into_a_group_differs_from_its_baseline():
    approved = accounts.Params(baseline={"root": "b" * 16})
    found = states(accounts.judge(Seen(accounts.Facts((ROOT,), ""), NOW), approved))
    assert found["changed"] == ("crit", "changed")


def test_a_rule_for_everything_without_a_password_is_worse_than_one_for_a_command():
    one = SudoRule("backup", "root", True, False, "c" * 16)
    for rule, state in ((one, "warn"), (replace(one, everything=True), "crit")):
        facts = sudo.Facts(Sudo(True, (rule,), {}, {}, 0))
        assert states(sudo.judge(Seen(facts, NOW), sudo.Params()))["no_password"][0] == state


def test_a_line_of_sudoers_that_nobody_understands_is_unknown():
    facts = sudo.Facts(Sudo(True, (), {}, {}, 2))
    params = sudo.Params(baseline={})
    assert worst(each.state for each in sudo.judge(Seen(facts, NOW), params)) is State.UNKNOWN


@pytest.mark.parametrize(
    ("value", "state"), [("no", "ok"), ("yes", "crit"), ("prohibit-password", "warn"), (None, "unknown")]
)
def test_what_is_not_written_down_is_not_taken_for_safe(value, state):
    options = {} if value is None else {"permitrootlogin": value}
    facts = sshd.Facts(SshServer(True, "file", options, "0" * 64, 0))
    assert states(sshd.judge(Seen(facts, NOW), sshd.Params()))["root_login"][0] == state


def test_nothing_due_by_old_metadata_is_unknown_and_something_due_is_due():
    base = Patches("apt", 0, 0, (), NOW - 60 * DAY, NOW, False)
    found = states(patches.judge(Seen(patches.Facts(base), NOW), patches.Params()))
    assert found["security_updates"] == ("unknown", "stale_metadata")
    found = states(patches.judge(Seen(patches.Facts(replace(base, security=30)), NOW), patches.Params()))
    assert found["security_updates"] == ("crit", "updates_due")


def test_a_hidden_program_keeps_the_whole_look_unknown():
    running = Executables((Executable("/bin/sh", 1, ("root",), False),), 3, (), 60_000)
    params = executables.Params(baseline=("/bin/*",))
    assert (
        worst(each.state for each in executables.judge(Seen(executables.Facts(running), NOW), params))
        is State.UNKNOWN
    )


def test_a_telnet_server_on_another_port_is_found_by_its_program_and_an_allowed_one_is_not():
    service = plaintext.Service("telnet", "tcp", "0.0.0.0", 2323, "in.telnetd")
    facts = plaintext.Facts((service,), 5, None, "missing")
    assert states(plaintext.judge(Seen(facts, NOW), plaintext.Params()))["plaintext"][0] == "crit"
    allowed = plaintext.Params(ports=("tcp/2323",))
    assert states(plaintext.judge(Seen(facts, NOW), allowed))["plaintext"][0] == "ok"


def test_a_chip_s_own_limits_come_before_ours():
    facts = sensors.Facts(Sensors((Sensor("cpu", 80_000, 85_000, 100_000),), ()))
    assert states(sensors.judge(Seen(facts, NOW), sensors.Params()))["cpu:temperature"][0] == "ok"
    facts = sensors.Facts(Sensors((Sensor("cpu", 80_000),), ()))
    assert states(sensors.judge(Seen(facts, NOW), sensors.Params()))["cpu:temperature"][0] == "warn"
