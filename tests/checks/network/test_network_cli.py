"""Devices that may not be asked by SNMP: refused, unknown and odd outputs first, then what they show."""

import time
from fractions import Fraction
from pathlib import Path

import pytest

from agent.parsing.parse import parse
from agent.sources import device_cli, device_log, device_ports
from agent.sources.means import Means
from agent.sources.memory import Transient
from agent.sources.open import open_source
from agent.sources.ssh_text import decode
from checks import registry
from checks.api import ErrorKind, ObservationError, Source, State
from checks.codec import from_json
from checks.device import Console, Reach

SHARED = Path(__file__).parents[4] / "shared/data/cli"
VRP = "huawei_vrp"
PORTS = b"""GigabitEthernet0/0/1 current state : UP
Line protocol current state : UP
Description:to the core
Speed : 1000,  Loopback: NONE
Input:  100 packets, %d bytes
  Discard:                  0,  Total Error:                 %d
Output:  100 packets, 5000 bytes
  Discard:                  7,  Total Error:                 0

GigabitEthernet0/0/2 current state : Administratively DOWN
Line protocol current state : DOWN
Description:
Speed : 1000,  Loopback: NONE
Input:  0 packets, 0 bytes
  Discard:                  0,  Total Error:                 0
Output:  0 packets, 0 bytes
  Discard:                  0,  Total Error:                 0
"""
LOG = """Logging buffer configuration and contents : enabled
Allowed max buffer size : 1024
Current messages : %d

%s"""
UP = "Nov 21 2026 09:00:%02d SW %%%%01IFNET/4/LINK_STATE(l)[%d]:The line protocol has entered the UP state.\n"
BAD = "Nov 21 2026 09:10:00 SW %%01DEVM/2/hwEntityFan(l)[99]:Fan 1 is failed, secret-in-a-log.\n"


def log(*lines):
    return (LOG % (len(lines), "".join(lines))).replace("\n", "\r\n").encode()


@pytest.mark.parametrize("check_id", ["network.cpu", "network.log", "network.licence"])
def test_a_platform_that_nobody_knows_is_refused_where_it_is_planned(check_id):
    kind = registry.get(check_id).params
    for wrong in (
        {"platform": "toaster"},
        {"platform": VRP, "port": 70_000},
        {"platform": VRP, "hop": "a b"},
    ):
        with pytest.raises(ValueError):
            from_json(kind, {"address": "10.0.0.1", "platform": VRP, **wrong}, "params")


def test_without_a_platform_the_device_is_a_peer_of_snmp_and_with_one_of_ssh():
    assert Reach("10.0.0.1").peer().port == 161
    assert Reach("10.0.0.1", platform=VRP).login().port == 22
    with pytest.raises(ValueError, match="platform"):
        Console("10.0.0.1")


def test_a_source_that_is_switched_off_is_not_used_by_this_one_either(means):
    off = open_source(Source.DEVICE, Transient(), Means(state=means.state, off=frozenset({Source.SSH})))
    with pytest.raises(ObservationError) as raised:
        off.log(Console("127.0.0.1", platform=VRP))
    assert raised.value.kind is ErrorKind.DENIED


def test_a_command_the_device_does_not_know_is_unsupported(cli, devices, looked):
    params, _ = cli(VRP, {})
    for check_id in ("network.cpu", "network.sensors", "network.device", "network.licence"):
        assert looked(check_id, params, devices).error is ErrorKind.UNSUPPORTED


def test_what_no_form_is_known_for_is_unsupported(cli, devices, looked):
    params, _ = cli("zte_zxros", {})
    assert looked("network.cpu", params, devices).error is ErrorKind.UNSUPPORTED


def test_an_output_of_another_form_is_no_reading(cli, devices, looked, why):
    params, _ = cli(
        VRP, {"display cpu-usage": b"CPU is fine today\r\n", "display version": b"VRP, who knows\r\n"}
    )
    assert why(looked("network.cpu", params, devices))["processors"] == "broken_off"
    assert looked("network.device", params, devices).error is ErrorKind.GARBLED


def test_load_and_memory_of_a_vrp_device(cli, devices, looked, why):
    outputs = {
        "display cpu-usage": "huawei_vrp_display_cpu-usage2",
        "display memory-usage": "huawei_vrp_display_memory-usage",
    }
    params, _ = cli(VRP, outputs, page=10)
    found = looked("network.cpu", params, devices, "warn_cli")
    assert [(one.value, one.state) for one in found.readings] == [(93, State.WARN)]
    assert why(looked("network.memory", params, devices, "ok_cli")) == {"Memory": "ok"}


def test_fans_supplies_and_temperatures_of_a_vrp_device(cli, devices, looked, why):
    outputs = {
        "display fan": "huawei_vrp_display_fan",
        "display power": "huawei_vrp_display_power3",
        "display temperature": "huawei_vrp_display_temperature",
    }
    params, shown = cli(VRP, outputs)
    found = looked("network.sensors", params, devices, "ok_cli")
    assert found.state is State.OK
    assert {"Fan 10", "Power 0 PWR1", "SlotID2 LPUF41A"} <= {one.name for one in found.readings}
    assert "Power 0 PWR2" not in why(found), "an empty bay is no fault"
    shown["display power"] = shown["display power"].replace(b"Supply", b"NotSupply")
    shown["display temperature"] = shown["display temperature"].replace(b"NORMAL", b"MAJOR ", 1)
    found = why(looked("network.sensors", params, devices, "crit_cli"))
    assert found["Power 0 PWR1"] == "device_fails"
    assert "device_fails" in {reason for name, reason in found.items() if name.startswith("SlotID2")}
    hot = looked("network.sensors", {**params, "temperature": {"warn": 50, "crit": 60}}, devices)
    assert "too_hot" in why(hot).values()


# After outputs that people published of S switches: another command for temperatures, one column more.
S_TEMPERATURE = b"""-------------------------------------------------------------------------------
 Slot  Card  Sensor Status    Current(C) Lower(C) Lower     Upper(C) Upper
                                                  Resume(C)          Resume(C)
-------------------------------------------------------------------------------
 0     NA    NA     Normal            28       -3         1       53        49
"""
S_FAN = b"""Slot  FanID   Online    Status    Speed     Mode     Airflow         Auto Min-Speed
0         1   Present   Normal      30%     Auto     Side-to-Side                0%
"""


def test_a_vrp_switch_is_held_against_its_own_limits(cli, devices, looked, why):
    params, shown = cli(VRP, {"display power": "huawei_vrp_display_power3"})
    shown |= {"display temperature all": S_TEMPERATURE, "display fan": S_FAN}
    found = why(looked("network.sensors", params, devices))
    assert (found["Slot 0"], found["Slot 0 status"], found["Fan 0 1"]) == ("ok", "ok", "ok")
    hot = S_TEMPERATURE.replace(b"   28 ", b"   54 ")
    shown["display temperature all"] = hot.replace(b"Normal  ", b"Abnormal")
    shown["display fan"] = S_FAN.replace(b"Normal  ", b"Abnormal")
    found = why(looked("network.sensors", params, devices))
    assert found["Slot 0 status"] == found["Fan 0 1"] == "device_fails"
    assert found["Slot 0"] != "ok"


def test_a_second_command_for_the_same_is_not_looked_at_where_the_first_told(cli, devices, looked):
    params, shown = cli(VRP, {"display temperature": "huawei_vrp_display_temperature"})
    alone = looked("network.sensors", params, devices)
    shown["display temperature all"] = b"something else\n"
    assert looked("network.sensors", params, devices).readings == alone.readings


def test_a_device_without_thermometers_still_tells_of_its_fans(cli, devices, looked):
    params, _ = cli("hp_comware", {"display fan": "hp_comware_display_fan2"})
    assert looked("network.sensors", params, devices).state is State.OK


def test_a_failed_supply_of_a_comware_device(cli, devices, looked, why):
    params, _ = cli("hp_comware", {"display power": "hp_comware_display_power"})
    assert why(looked("network.sensors", params, devices)) == {
        "Power PWR1": "ok",
        "Power PWR2": "device_fails",
    }


@pytest.mark.parametrize(
    ("platform", "command", "output", "check_id", "share"),
    [
        ("hp_comware", "display cpu-usage", "hp_comware_display_cpu-usage3", "network.cpu", 3),
        ("hp_comware", "display memory", "hp_comware_display_memory2", "network.memory", 54),
        ("ruijie_os", "show memory", "ruijie_os_show_memory2", "network.memory", 31),
    ],
)
def test_load_and_memory_of_other_makers(cli, devices, looked, platform, command, output, check_id, share):
    params, _ = cli(platform, {command: output})
    assert [one.value for one in looked(check_id, params, devices).readings] == [share]


def test_load_memory_and_temperatures_of_zte_cards(cli, devices, looked):
    outputs = {
        "show processor": "zte_zxros_show_processor_c600",
        "show card-temperature": "zte_zxros_show_card-temperature_c320",
    }
    params, _ = cli("zte_zxros", outputs)
    loads = {one.name: one.value for one in looked("network.cpu", params, devices).readings}
    assert loads == {"CPU PFU-1/3/0": 24, "CPU PFU-1/5/0": 6, "CPU MPU-1/10/0": 10}
    shares = {one.name: one.value for one in looked("network.memory", params, devices).readings}
    assert shares["Memory PFU-1/5/0"] == Fraction(5141, 100)
    warm = {one.name: one.value for one in looked("network.sensors", params, devices).readings}
    assert warm["1/1/1"] == 54
    params, _ = cli("zte_zxros", {"show processor": "zte_zxros_show_processor_c320"})
    loads = {one.name: one.value for one in looked("network.cpu", params, devices).readings}
    assert loads == {"CPU 1/1/1": 10, "CPU 1/1/3": 38}


def test_a_comware_device_is_held_against_its_own_limits(cli, devices, looked, why):
    params, shown = cli("hp_comware", {"display environment": "hp_comware_display_environment_sensor"})
    assert looked("network.sensors", params, devices).state is State.OK
    shown["display environment"] = shown["display environment"].replace(b" 47 ", b" 93 ")
    found = looked("network.sensors", params, devices)
    assert found.state is State.CRIT and "ok" in why(found).values()


FORTIGATE = b"""CPU states: 2% user 3% system 0% nice 91% idle 0% iowait 0% irq 4% softirq
CPU0 states: 2% user 3% system 0% nice 91% idle 0% iowait 0% irq 4% softirq
Memory: 2061108k total, 1854997k used (90.0%), 103055k free (5.0%), 103056k freeable (5.0%)
Average network usage: 12 / 9 kbps in 1 minute, 10 / 8 kbps in 10 minutes, 9 / 9 kbps in 30 minutes
Average sessions: 120 sessions in 1 minute, 118 sessions in 10 minutes, 119 sessions in 30 minutes
Average session setup rate: 1 sessions per second in last 1 minute
Virus caught: 0 total in 1 minute
IPS attacks blocked: 0 total in 1 minute
Uptime: 12 days,  3 hours,  4 minutes
"""


def test_load_and_memory_of_a_fortios_output_of_our_own(cli, devices, looked, why):
    params, _ = cli("fortinet", {"get system performance status": FORTIGATE})
    assert [one.value for one in looked("network.cpu", params, devices).readings] == [9]
    assert why(looked("network.memory", params, devices)) == {"Memory": "filling"}


def test_who_a_device_is(cli, devices, looked, why):
    params, _ = cli("ruijie_os", {"show version": "ruijie_os_show_version"})
    wanted = {"serial": "G1M70XXX00079", "hardware": "S8607E", "software": "S8600E_RGOS 11.0(4)B8"}
    assert set(why(looked("network.device", {**params, **wanted}, devices)).values()) == {"ok"}
    params, _ = cli("cisco_ios", {"show version": "cisco_ios_show_version3"})
    found = looked("network.device", {**params, "name": "rtr-01", "software": "15.9"}, devices)
    assert why(found) == {"device_name": "ok", "software": "ledger_differs", "uptime": "ok"}
    assert {one.name: one.value for one in found.readings}["uptime"] == 10 * 86400 + 16 * 3600 + 11 * 60


def test_ports_and_what_they_counted_since_the_last_look(cli, devices, looked, why):
    params, shown = cli(VRP, {"display interface": (PORTS % (1000, 0)).replace(b"\n", b"\r\n")})
    params |= {
        "expected": ["GigabitEthernet0/0/1", "GigabitEthernet0/0/2"],
        "errors": {"warn": 1, "crit": None},
    }
    first = why(looked("network.interfaces", params, devices, "unknown_cli"))
    assert first["counters"] == "first_look"
    assert first["GigabitEthernet0/0/1:link"] == "ok" and first["GigabitEthernet0/0/2:link"] == "shut_down"
    shown["display interface"] = (PORTS % (90_000, 500)).replace(b"\n", b"\r\n")
    until = time.monotonic() + 60
    second = first
    while "GigabitEthernet0/0/1:errors_hourly" not in second and time.monotonic() < until:
        second = why(looked("network.interfaces", params, devices, "crit_cli"))
    assert second["GigabitEthernet0/0/1:errors_hourly"] == "many"


def test_a_log_is_compared_with_what_was_there_and_no_line_of_it_leaves(cli, devices, looked, why):
    old = [UP % (at, at) for at in range(5)]
    params, shown = cli(VRP, {"display logbuffer": log(*old)})
    hidden = ("secret-in-a-log",)
    first = looked("network.log", params, devices, "unknown", hidden)
    assert why(first) == {"device_log": "first_look"}
    assert looked("network.log", params, devices, "ok").state is State.OK
    # The newest stands first on some devices, last on others.
    shown["display logbuffer"] = log(BAD, *old)
    found = looked("network.log", params, devices, "crit", hidden)
    assert why(found)["log_critical"] == "many"
    assert {one.name: one.value for one in found.readings}["log_messages"] == 1
    shown["display logbuffer"] = log(*(UP % (at, at + 50) for at in range(5)))
    assert why(looked("network.log", params, devices))["device_log"] == "rotated_away"


def test_a_recorded_cisco_log_is_counted_by_severity(cli, devices, looked):
    params, shown = cli("cisco_ios", {"show logging": b"Syslog logging: enabled (0 messages dropped)\r\n"})
    looked("network.log", params, devices)
    output = Path(__file__).parents[2] / "agent/outputs/cisco_ios/show_logging/cisco_ios_show_logging_1.raw"
    shown["show logging"] = output.read_bytes()
    found = {one.name: one.value for one in looked("network.log", params, devices).readings}
    assert found["log_messages"] >= 4


def test_what_is_no_log_is_garbled(cli, devices, looked):
    params, _ = cli(VRP, {"display logbuffer": b"nothing of the kind\r\n"})
    assert looked("network.log", params, devices).error is ErrorKind.GARBLED


def test_the_same_message_twice_is_two_messages():
    memory = Transient()
    device_log.news(log(BAD).decode(), memory, "a")
    assert device_log.news(log(BAD, BAD).decode(), memory, "a").new == 1
    many = [UP % (at % 60, at) for at in range(5000)]
    device_log.news(log(*many).decode(), memory, "a")
    assert device_log.news(log(*many).decode(), memory, "a").new == 0


def test_signatures_of_a_fortios_device_have_an_age(cli, devices, looked, why):
    params, shown = cli("fortinet", {"get system status": "fortinet_get_system_status_6.2"})
    found = why(looked("network.licence", params, devices, "crit"))
    assert found["virus_db:library_age"] == "outdated"
    today = time.strftime("%Y-%m-%d", time.gmtime()).encode()
    shown["get system status"] = shown["get system status"].replace(b"2021-01-08", today)
    ignore = [name.partition(":")[0] for name in found if name != "virus_db:library_age"]
    assert looked("network.licence", {**params, "ignore": ignore}, devices, "ok").state is State.OK
    assert why(looked("network.licence", {**params, "ignore": ["*"]}, devices, "unknown")) == {
        "licences": "not_reported"
    }


AUTOUPDATE = b"""
AV Engine
---------
Version: 7.00054 signed
Contract Expiry Date: Sat Apr 24 2027
Last Updated using manual update on Tue Apr 14 22:14:00 2026
Last Update Attempt: n/a
Result: Updates Installed

Attack Definitions
---------
Version: 6.00741
Contract Expiry Date: Mon Apr  9 2018
Last Updated using manual update on Tue Dec  1 02:30:00 2015
Last Update Attempt: n/a
Result: Updates Installed

IP Geography DB
---------
Version: 3.00150
Contract Expiry Date: n/a
Last Updated using manual update on Thu Mar 31 20:23:00 2022
Last Update Attempt: n/a
Result: Updates Installed
"""


def test_contracts_of_a_fortios_output_of_our_own(cli, devices, looked, why):
    outputs = {
        "get system status": "fortinet_get_system_status_6.2",
        "diagnose autoupdate versions": AUTOUPDATE,
    }
    params, shown = cli("fortinet", outputs)
    found = looked("network.licence", params, devices)
    assert why(found)["Attack Definitions:days"] == "expired"
    ends = {one["name"]: one["at"] for one in found.facts["dated"]}
    assert ends["AV Engine"] == 1_808_524_800_000 and "IP Geography DB" not in ends
    # A user that may not see them is told what the rest says.
    shown["diagnose autoupdate versions"] = b"Permission denied\r\n"
    assert "virus_db:library_age" in why(looked("network.licence", params, devices))


def sample(path):
    if not SHARED.is_dir():
        pytest.skip("NOT TESTED: ../shared/data/cli with recorded outputs is not present")
    return (SHARED / path).read_bytes()


def test_a_licence_that_ended_years_ago(cli, devices, looked, why):
    output = sample("ntc/huawei_vrp/display_license_verbose/huawei_vrp_display_license_verbose.raw")
    params, _ = cli(VRP, {"display license verbose": output})
    assert "expired" in why(looked("network.licence", params, devices)).values()
    output = sample("ntc/cisco_ios/show_license/cisco_ios_show_license.raw")
    params, _ = cli("cisco_ios", {"show license": output})
    assert looked("network.licence", params, devices).state is State.OK


@pytest.mark.parametrize(
    ("platform", "command", "counting"),
    [
        (VRP, "display interface", 55),
        ("hp_comware", "display interface", 32),
        ("cisco_ios", "show interfaces", 41),
        ("zte_zxros", "show interface", 3),
        ("fortinet", "get system interface physical", 0),
    ],
)
def test_every_recorded_port_has_a_name_and_a_state_and_most_have_counters(platform, command, counting):
    if not SHARED.is_dir():
        pytest.skip("NOT TESTED: ../shared/data/cli with recorded outputs is not present")
    outputs = sorted(SHARED.glob(f"*/{platform}/{command.replace(' ', '_')}/*.raw"))
    assert outputs
    all_of_them = []
    for output in outputs:
        text = decode(output.read_bytes()).replace("\r\n", "\n")
        found = device_ports.ports(platform, {command: parse(platform, command, text)}, {command: text})
        assert found and all(one.name and one.oper for one in found)
        all_of_them += found
    assert sum(one.after.octets_in is not None for one in all_of_them) == counting, len(all_of_them)


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("Normal", "ok"),
        ("Supply", "ok"),
        ("NotSupply", "crit"),
        ("Abnormal", "crit"),
        ("Fault", "crit"),
        ("fail", "crit"),
        ("Minor", "warn"),
        ("Wibble", "unknown"),
        ("", "unknown"),
    ],
)
def test_a_word_that_nobody_knows_is_unknown(word, meant):
    assert device_cli.severity(word) == meant


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("846:16:52:08", 73_155_128), ("1 week, 1 day, 1 hour, 1 minute", 694_860), ("soon", None)],
)
def test_times_since_the_start(said, seconds):
    assert device_cli.uptime_ms(said) == (None if seconds is None else seconds * 1000)
