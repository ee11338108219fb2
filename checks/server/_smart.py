"""What `smartctl -jaH` says of a drive, and the verdict on it: shared by the check and its bench."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from checks.api import State
from checks.commands import CommandOutput, text, whole


@dataclass(frozen=True, slots=True)
class Smart:
    """One drive. `exit`: smartctl's exit bits; `passed` None: no verdict of its own; counts None: not kept.

    ATA attributes 5, 187, 197, 198; of SCSI the grown defects and all uncorrected errors; NVMe in percent.
    """

    device: str
    model: str
    serial: str
    exit: int
    passed: bool | None
    reallocated: int | None
    reported: int | None
    pending: int | None
    uncorrectable: int | None
    spare: int | None
    spare_least: int | None
    worn: int | None
    digest: str


def read(device: str, output: CommandOutput) -> Smart:
    """The drive that this output describes; ObservationError where it is no JSON."""
    said = output.json()
    passed = _of(said, "smart_status").get("passed")
    ata = _attributes(said)
    nvme = _of(said, "nvme_smart_health_information_log")
    scsi = _of(said, "scsi_error_counter_log").values()
    errors = [whole(_mapping(row).get("total_uncorrected_errors")) or 0 for row in scsi]
    inner = whole(_of(said, "smartctl").get("exit_status"))
    return Smart(
        device=device,
        model=text(said.get("model_name") or said.get("scsi_model_name") or said.get("product")),
        serial=text(said.get("serial_number")),
        exit=_bits(output.exit) | _bits(inner or 0),
        passed=passed if isinstance(passed, bool) else None,
        reallocated=ata.get(5, whole(said.get("scsi_grown_defect_list"))),
        reported=ata.get(187),
        pending=ata.get(197),
        uncorrectable=ata.get(198, sum(errors) if errors else None),
        spare=whole(nvme.get("available_spare")),
        spare_least=whole(nvme.get("available_spare_threshold")),
        worn=whole(nvme.get("percentage_used")),
        digest=output.digest,
    )


def names(drives: Sequence[Smart]) -> list[str]:
    """What each drive is called in readings: model and serial number, which it keeps when the kernel counts
    its disks otherwise after a restart; `/dev/…` where it tells no serial number, and beside it where several
    (paths to one disk, a maker's blanks) tell the same."""
    made = [_name(one) for one in drives]
    told = Counter(made)
    return [
        name if told[name] == 1 else f"{name} {one.device}" for name, one in zip(made, drives, strict=True)
    ]


def _name(drive: Smart) -> str:
    if not drive.serial:
        return drive.device
    return " ".join(f"{drive.model} {drive.serial}".replace(":", " ").split())


def _bits(code: int) -> int:
    """Exit bits; a smartctl that was killed has opened nothing."""
    return code & 0xFF if code >= 0 else _NOT_OPENED


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _of(said: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return _mapping(said.get(name))


def _attributes(said: Mapping[str, Any]) -> dict[int, int]:
    """Raw values of the ATA attributes by number."""
    table = _of(said, "ata_smart_attributes").get("table")
    found = {}
    for row in table if isinstance(table, list) else []:
        number, raw = whole(_mapping(row).get("id")), whole(_of(_mapping(row), "raw").get("value"))
        if number is not None and raw is not None:
            found[number] = raw
    return found


_FAILING = 0b0001_1000  # the disk is failing; a prefail attribute has failed
_NOT_OPENED = 0b0000_0010
_LOOK_AT = 0b1110_0000  # an attribute failed once; errors in the log; failed self-tests
WORN = 100  # percent of what the maker promised


def verdict(drive: Smart) -> tuple[State, str]:
    """The drive as a whole. Bit 2 alone (some command failed) says nothing of the drive."""
    if drive.passed is False:
        return State.CRIT, "smart_failed"
    if drive.exit & _FAILING:
        return State.CRIT, "failing"
    if drive.exit & _NOT_OPENED:
        return State.UNKNOWN, "not_opened"
    if drive.passed is None:
        return State.UNKNOWN, "no_status"
    counts = (drive.reallocated, drive.reported, drive.pending, drive.uncorrectable)
    if any(one is not None and one > 0 for one in counts):
        return State.WARN, "bad_sectors"
    if drive.exit & _LOOK_AT:
        return State.WARN, "drive_errors"
    return _wear(drive)


def _wear(drive: Smart) -> tuple[State, str]:
    if drive.spare is not None and drive.spare_least is not None and drive.spare < drive.spare_least:
        return State.WARN, "spare_low"
    if drive.worn is not None and drive.worn >= WORN:
        return State.WARN, "worn"
    return State.OK, ""
