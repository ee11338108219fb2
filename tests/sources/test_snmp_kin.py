"""Devices whose sysObjectID tells no maker are read by their makers' tables that answer, over real UDP."""

import pytest

from agent.sources.snmp_kin import enterprises, kin, strangers
from agent.sources.snmp_look import look
from agent.sources.snmp_profiles import everything, find
from agent.sources.snmp_responder import Responder, recording
from agent.sources.snmp_udp import Job, Loop
from checks.snmp import EVERYTHING, Device

E = "1.3.6.1.4.1."
NET_SNMP = E + "8072.3.2.10"
HDM = E + "25506.13.1.2."


def read(*lines: str, object_id: str, description: str = "Linux aarch64", version: int = 2) -> Device:
    """What a look gives of a device that has these lines."""
    named = (f"1.3.6.1.2.1.1.1.0|4|{description}", f"1.3.6.1.2.1.1.2.0|6|{object_id}", *lines)
    with Responder({b"public": recording([line.encode() for line in named])}) as responder:
        job = Job(("127.0.0.1", responder.port), version, b"public", look(EVERYTHING), 60, "x")
        Loop([job]).run()
    assert job.error is None
    return job.result


def states(device: Device) -> dict[str, str]:
    return {sensor.name: sensor.severity for sensor in device.sensors if sensor.kind == "state"}


@pytest.mark.parametrize("version", [1, 2])
def test_a_management_controller_behind_net_snmp_is_read_by_its_makers_tables(version):
    device = read(
        f"{HDM}1.1.11.2.0|2|24",
        f"{HDM}2.7.1.0|4|1.30.14",
        f"{HDM}4.7.1.0|2|3",
        object_id=NET_SNMP,
        version=version,
    )
    assert (device.identity.vendor, device.identity.kind) == ("H3C", "server")
    assert device.identity.version == "1.30.14"
    assert states(device)["system health"] == "crit"
    assert [sensor.value for sensor in device.sensors if sensor.name == "inlet"] == [24_000]


def test_an_unknown_number_below_a_known_maker_is_read_by_the_family_whose_branch_answers():
    health = E + "2011.2.235.1.1.1.1.0"
    device = read(f"{health}|2|3", object_id=E + "2011.77.1", description="a thing")
    assert find(E + "2011.77.1", "a thing") is None
    assert (device.identity.vendor, states(device)["system health"]) == ("Huawei", "crit")


def test_another_makers_number_does_not_hide_the_maker_whose_tables_answer():
    device = read(f"{E}2606.4.2.3.4.0|2|2", object_id=E + "999999.1", description="sold by somebody")
    assert states(device)["unit 1"] == "crit"


def test_a_device_that_a_profile_knows_is_not_asked_for_other_makers():
    device = read(f"{HDM}4.7.1.0|2|3", object_id=E + "2606.7.1", description="Rittal CMC III")
    assert device.identity.vendor == "Rittal" and "system health" not in states(device)


def test_a_family_whose_tables_do_not_answer_is_not_the_one_its_number_made_believe():
    health = E + "2011.2.235.1.1.1.1.0"
    assert find(E + "2011.2.9999", "a thing").name == "huawei-vrp"
    device = read(f"{health}|2|4", object_id=E + "2011.2.9999", description="a thing")
    assert (device.identity.kind, states(device)["system health"]) == ("server", "crit")


def test_a_family_of_which_one_table_answers_is_asked_for_no_other():
    load = E + "2011.6.3.4.1.2.0.0.0"
    device = read(f"{load}|2|7", f"{E}2011.2.235.1.1.1.1.0|2|4", object_id=E + "2011.2.9999", description="x")
    assert [cpu.load for cpu in device.processors] == [700]
    assert "system health" not in states(device)


def test_a_host_with_its_own_tables_stays_what_it_is():
    device = read(f"{E}2021.4.5.0|2|1000", f"{E}2021.4.6.0|2|250", object_id=NET_SNMP)
    assert device.identity.vendor == "Linux"


def test_enterprises_are_hopped_and_those_of_agents_are_not_told():
    lines = [f"{E}{number}.1.1.0|2|1" for number in (9, 318, 2021, 8072, 99999)]
    with Responder({b"public": recording([line.encode() for line in lines])}) as responder:
        job = Job(("127.0.0.1", responder.port), 2, b"public", enterprises(), 60, "x")
        Loop([job]).run()
    assert job.error is None
    assert job.result == [E + "9", E + "318", E + "99999"]


def test_what_is_read_already_is_no_stranger():
    rittal = everything()["rittal-cmc-tc"]
    assert strangers([E + "2606", E + "318"], rittal) == [E + "318"]


def test_every_kin_is_used_only_where_one_of_its_branches_answers():
    for enterprise in {match.oid for profile in everything().values() for match in profile.match}:
        if enterprise.count(".") == 6:
            assert all(profile.present for profile in kin(enterprise))


def test_numbers_without_end_that_a_device_makes_up_are_not_all_kept():
    for number in range(300):
        assert kin(f"{E}{70_000_000 + number}") == ()
    held = kin.cache_info()
    assert held.maxsize is not None and held.currsize <= held.maxsize < 300
