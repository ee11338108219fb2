"""What a device says of itself, beside what others expect of it (tests/bench/snmp_own_words.py)."""

from importlib import import_module
from pathlib import Path

import pytest

PDU = "1.3.6.1.4.1.476.1.42.3.8."
OUTLET = PDU + "50.20.1.95.1.2.3"  # lgpPduRcpEntryPwrState
CONDITION, STATUS = PDU + "50.20.1.210.1.2.3", PDU + "20.1.25.1"
ALARMS = "1.3.6.1.2.1.33.1.6.1.0"
TELNET = "1.3.6.1.4.1.476.1.42.2.5.2.0"


@pytest.fixture
def calm(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "bench"))
    own_words = import_module("snmp_own_words").OwnWords

    def says(oid, **held):
        path = tmp_path / "device.snmprec"
        named = {"condition": CONDITION, "status": STATUS, "alarms": ALARMS}
        path.write_text("".join(f"{named[name]}|2|{value}\n" for name, value in held.items()), "utf-8")
        return own_words(path).calm(oid)

    return says


def test_a_device_that_says_nothing_of_itself_contradicts_nobody(calm):
    assert not calm(OUTLET)


def test_one_alarm_anywhere_leaves_what_is_expected_as_it_is(calm):
    assert not calm(TELNET, status=8)
    assert not calm(TELNET, status=1, alarms=1), "all that it says must be calm"
    assert not calm(OUTLET, condition=2, status=8)


def test_a_device_without_an_alarm_contradicts_a_bad_state(calm):
    assert calm(TELNET, status=1) and calm(TELNET, alarms=0)


def test_the_condition_of_a_part_is_of_that_part_alone(calm):
    assert calm(OUTLET, condition=1, status=8)
    assert not calm(OUTLET[:-1] + "4", condition=1, status=8)
    assert not calm(TELNET, condition=1, status=8)
