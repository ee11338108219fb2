"""Drives that others recorded, judged beside a table that was written before the check."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

from checks.api import ErrorKind, ObservationError, State
from checks.commands import CommandOutput
from checks.server._smart import Smart, names, read, verdict

DRIVES = Path(__file__).parents[4] / "shared/data/smartctl"
EXPECTED = json.loads(Path(__file__).with_name("smart_expected.json").read_text())


def test_every_recorded_drive_is_judged_as_the_table_says() -> None:
    if not DRIVES.is_dir():
        pytest.skip("NOT TESTED: the recorded drives are not here")
    wrong = []
    for path in sorted(DRIVES.glob("*/*.json")):
        data = path.read_bytes()
        said = verdict(read("x", CommandOutput(0, data)))[0].value
        if said != EXPECTED[sha256(data).hexdigest()]:
            wrong.append((path.name, said))
    assert not wrong


@pytest.mark.parametrize(
    ("told", "called"),
    [
        ((("", ""), ("QEMU HARDDISK", "")), ["/dev/a", "/dev/b"]),
        ((("D", "1"), ("D", "2")), ["D 1", "D 2"]),
        ((("D", "1"), ("D", "1")), ["D 1 /dev/a", "D 1 /dev/b"]),
        ((("D E", "1"), ("D", "E 1")), ["D E 1 /dev/a", "D E 1 /dev/b"]),
        ((("D", "1:2"), ("D", "1 2")), ["D 1 2 /dev/a", "D 1 2 /dev/b"]),
    ],
)
def test_no_two_drives_are_called_the_same(told, called) -> None:
    drives = [
        Smart(f"/dev/{letter}", model, serial, 0, True, *(None,) * 7, "")
        for letter, (model, serial) in zip("ab", told, strict=True)
    ]
    assert names(drives) == called


def said(exit_bits: int = 0, **parts: object) -> tuple[State, str]:
    whole = {"smart_status": {"passed": True}, **parts}
    return verdict(read("x", CommandOutput(exit_bits, json.dumps(whole).encode())))


def test_a_drive_that_says_nothing_is_unknown_rather_than_healthy() -> None:
    assert said(smart_status={}) == (State.UNKNOWN, "no_status")
    assert said(2) == (State.UNKNOWN, "not_opened")


@pytest.mark.parametrize("bits", [8, 16, 24, 8 | 2])
def test_failing_bits_are_critical_even_where_the_drive_passed_itself(bits: int) -> None:
    assert said(bits)[0] is State.CRIT


@pytest.mark.parametrize("bits", [32, 64, 128])
def test_what_went_wrong_once_is_a_warning(bits: int) -> None:
    assert said(bits) == (State.WARN, "drive_errors")


def test_a_command_that_failed_is_no_verdict() -> None:
    assert said(4) == (State.OK, "")


def test_the_exit_code_in_the_file_counts_as_much_as_the_program_s() -> None:
    assert said(0, smartctl={"exit_status": 8})[0] is State.CRIT


def test_spare_and_wear_of_nvme() -> None:
    log = {"available_spare": 9, "available_spare_threshold": 10, "percentage_used": 3}
    assert said(nvme_smart_health_information_log=log) == (State.WARN, "spare_low")
    assert said(nvme_smart_health_information_log={**log, "available_spare": 10}) == (State.OK, "")
    worn = {**log, "available_spare": 100, "percentage_used": 100}
    assert said(nvme_smart_health_information_log=worn) == (State.WARN, "worn")


def test_scsi_counts_grown_defects_and_uncorrected_errors() -> None:
    assert said(scsi_grown_defect_list=1)[0] is State.WARN
    assert said(scsi_error_counter_log={"write": {"total_uncorrected_errors": 535}})[0] is State.WARN


@pytest.mark.parametrize("data", [b"", b"[]", b"\xff\xfe", b'{"a": NaN', b"[" * 100_000])
def test_output_that_is_no_object_ends_in_an_error(data: bytes) -> None:
    with pytest.raises(ObservationError) as caught:
        read("x", CommandOutput(0, data))
    assert caught.value.kind is ErrorKind.GARBLED


@pytest.mark.parametrize("odd", [1, "x", [], {"table": [1, {"id": "5", "raw": []}]}, {"passed": "yes"}, None])
def test_odd_shapes_are_read_into_nothing(odd: object) -> None:
    keys = ("smart_status", "ata_smart_attributes", "nvme_smart_health_information_log")
    made = read("x", CommandOutput(0, json.dumps(dict.fromkeys(keys, odd)).encode()))
    assert verdict(made)[0] is State.UNKNOWN
