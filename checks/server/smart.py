"""SMART of each drive of this machine, by smartctl: the drive's own verdict, bad sectors, spare and wear."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source, State, Unit
from checks.commands import ROOT, Commands, text
from checks.server._parts import counted
from checks.server._smart import WORN, Smart, names, read, verdict


@dataclass(frozen=True, slots=True)
class Facts:
    drives: tuple[Smart, ...]


@dataclass(frozen=True, slots=True)
class Params:
    """`expected`: drives by the ledger; `ignore`: devices that are not looked at, or serial numbers of drives
    that are not judged."""

    expected: int | None = None
    ignore: frozenset[str] = frozenset()
    timeout_ms: int = 30_000

    def __post_init__(self) -> None:
        if not 1 <= self.timeout_ms <= 300_000:
            raise ValueError("timeout_ms must be 1 to 300000")


def observe(host: Commands, params: Params) -> Facts:
    scan = host.command("smart.scan", timeout_ms=params.timeout_ms).sound().json().get("devices")
    found = []
    for one in scan if isinstance(scan, list) else []:
        device, kind = text(one.get("name")), text(one.get("type"))
        # Linux lists a SATA disk as scsi; asked by that name it tells no SMART. auto finds out which it is.
        kind = "auto" if kind == "scsi" else kind
        if device not in params.ignore:
            # Every exit code is an answer here: its bits are what is judged.
            output = host.command("smart.drive", kind, device, timeout_ms=params.timeout_ms)
            found.append(read(f"{device}:{kind}" if "," in kind else device, output))
    return Facts(tuple(found))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    drives = [one for one in seen.facts.drives if not one.serial or one.serial not in params.ignore]
    yield counted("drives", len(drives), params.expected)
    for name, drive in zip(names(drives), drives, strict=True):
        state, reason = verdict(drive)
        yield Reading(f"{name}:health", None, Unit.NONE, state, reason)
        for aspect, count in (
            ("reallocated", drive.reallocated),
            ("reported", drive.reported),
            ("pending", drive.pending),
            ("uncorrectable", drive.uncorrectable),
        ):
            if count is not None and count > 0:
                yield Reading(f"{name}:{aspect}", count, Unit.COUNT, State.WARN, "bad_sectors")
        if drive.worn is not None:
            state, reason = (State.WARN, "worn") if drive.worn >= WORN else (State.OK, "")
            yield Reading(f"{name}:worn", drive.worn, Unit.PERCENT, state, reason)


CHECK = Check(
    id="server.smart",
    version=2,
    title="硬盘 SMART",
    title_en="SMART of drives",
    source=Source.HOST,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-31(4)",),
    needs=(
        "smartmontools 7 or newer",
        f"{ROOT} `roundseal-agent ALL=(root) NOPASSWD: /usr/sbin/smartctl --scan -j, "
        "/usr/sbin/smartctl -jaH -d KIND DEVICE` for each drive, such as `-d auto /dev/sda` (never a `*`)",
    ),
)
