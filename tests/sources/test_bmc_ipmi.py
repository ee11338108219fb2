"""IPMI against OpenIPMI's ipmi_sim, by ipmitool."""

import time

import pytest
from parts import loaded

from agent.sources import host_commands
from agent.sources.bmc import open_bmc
from agent.sources.means import Means
from agent.sources.memory import Transient
from checks import registry
from checks.api import ErrorKind, ObservationError, Seen, State
from checks.bmc import Reach
from checks.codec import from_json

bmc_parts = loaded("sources/bmc_parts.py")
MISSING = bmc_parts.ipmi_missing()
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"NOT TESTED: {MISSING} is not installed")


@pytest.fixture(scope="module")
def sim(tmp_path_factory):
    with bmc_parts.simulator(tmp_path_factory.mktemp("sim")) as made:
        yield made


@pytest.fixture
def bmc(tmp_path):
    file = tmp_path / "secrets.yaml"
    file.write_text("ipmi: {user: inspect, password: Insp3ct}\nwrong: {user: inspect, password: no}\n")
    file.chmod(0o600)
    return open_bmc(Means(state=tmp_path), Transient())


def reach(sim, **more) -> Reach:
    return Reach("127.0.0.1", sim.port, protocol="ipmi", **{"secret": "ipmi", **more})


def look(check_id, bmc, sim, **params):
    check = registry.get(check_id)
    given = {"address": "127.0.0.1", "port": sim.port, "protocol": "ipmi", "secret": "ipmi", **params}
    wanted = from_json(check.params, given, "params")
    return {one.name: one for one in check.judge(Seen(check.observe(bmc, wanted), 0), wanted)}


def until(what, wanted):
    """The simulator polls its sensors: ask until it has seen the change."""
    end = time.monotonic() + 60
    while (found := what()) != wanted:
        assert time.monotonic() < end, found
    return found


def test_a_wrong_password_and_a_dead_address_are_errors_without_a_credential(sim, bmc) -> None:
    for at in (
        reach(sim, secret="wrong"),
        Reach("127.0.0.1", 9, protocol="ipmi", secret="ipmi", timeout_ms=3000),
    ):
        with pytest.raises(ObservationError) as caught:
            bmc.fans(at)
        assert caught.value.kind in (ErrorKind.DENIED, ErrorKind.UNREACHABLE, ErrorKind.TIMEOUT)
        assert "Insp3ct" not in caught.value.detail


def test_a_deadline_is_kept(sim, bmc) -> None:
    with pytest.raises(ObservationError) as caught:
        bmc.fans(reach(sim, timeout_ms=1))
    assert caught.value.kind is ErrorKind.TIMEOUT


def test_a_temperature_beyond_its_limit_is_critical_and_stands_in_the_log(sim, bmc) -> None:
    assert look("server.temperature", bmc, sim)["CPU1 Temp"].state is State.OK
    assert next(iter(look("server.log", bmc, sim).values())).reason == "first_look"
    sim.set(1, 95)
    until(lambda: look("server.temperature", bmc, sim)["CPU1 Temp"].state, State.CRIT)
    assert look("server.temperature", bmc, sim)["CPU1 Temp"].value == 95
    grown = look("server.log", bmc, sim)
    assert grown["SEL:Upper Critical going high"].state is State.CRIT
    sim.set(1, 40)
    until(lambda: look("server.temperature", bmc, sim)["CPU1 Temp"].state, State.OK)


def test_a_supply_that_fails_is_critical(sim, bmc) -> None:
    assert look("server.power", bmc, sim, expected=2)["PS1 Status:health"].state is State.OK
    sim.set(3, 0b11)
    until(lambda: look("server.power", bmc, sim)["PS1 Status:health"].state, State.CRIT)
    sim.set(3, 1)
    until(lambda: look("server.power", bmc, sim)["PS1 Status:health"].state, State.OK)


def test_names_that_are_no_utf8_keep_their_readable_part_and_chinese_ones_are_whole(sim, bmc) -> None:
    assert "PS��2 (04h)" in [one.name for one in bmc.supplies(reach(sim))]
    assert [one.part.name for one in bmc.fans(reach(sim))] == ["机箱风扇"]


def test_a_fan_that_stands_still_is_critical(sim, bmc) -> None:
    sim.set(2, 0)
    until(lambda: look("server.fans", bmc, sim)["机箱风扇"].state, State.CRIT)
    sim.set(2, 60)
    until(lambda: look("server.fans", bmc, sim)["机箱风扇"].state, State.OK)


@pytest.mark.parametrize("check_id", ["server.memory", "server.drives", "server.processors"])
def test_parts_that_are_sensors_are_found(sim, bmc, check_id) -> None:
    assert {one.state for one in look(check_id, bmc, sim).values()} == {State.OK}


def test_a_clock_without_a_zone_is_unknown(sim, bmc) -> None:
    assert look("server.clock", bmc, sim)["offset"].state is State.UNKNOWN


def test_firmware_is_the_controller_s_and_health_names_its_power(sim, bmc) -> None:
    assert look("server.firmware", bmc, sim, expected={"BMC": "9.08"})["BMC:version"].state is State.OK
    assert look("server.health", bmc, sim)["chassis:health"].reason == "powered_off"
    assert look("server.health", bmc, sim, power_on=False)["chassis:health"].state is State.OK


def test_the_password_is_in_no_command_line_and_the_user_asks_as_user(
    sim, bmc, tmp_path, monkeypatch
) -> None:
    fake = tmp_path / "bin"
    fake.mkdir()
    (fake / "ipmitool").write_text(
        f'#!/bin/sh\necho "$@" > {tmp_path}/argv\necho "fan | 01h | ok | 1.1 | 5 RPM"\n'
    )
    (fake / "ipmitool").chmod(0o755)
    monkeypatch.setenv("PATH", str(fake))
    assert bmc.fans(reach(sim))[0].milli == 5000
    said = (tmp_path / "argv").read_text()
    assert "Insp3ct" not in said
    assert "-L USER" in said
    assert host_commands.find("ipmitool").startswith(str(fake))
