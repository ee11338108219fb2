"""Hardware RAID of LSI, Broadcom and their kin by storcli or MegaCli: controllers, volumes, drives. Tried on
output of its documented form and on what others published of a real controller, never on one of our own."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from checks.api import Check, Reading, Seen, Source, State, Unit
from checks.commands import ROOT, Commands, text, whole


@dataclass(frozen=True, slots=True)
class Part:
    """A controller, battery, volume or drive; `errors`: media errors and predictions (None: not said)."""

    name: str
    state: str
    errors: int | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Params:
    """`tool`: storcli or megacli."""

    tool: str = "storcli"

    def __post_init__(self) -> None:
        if self.tool not in ("storcli", "megacli"):
            raise ValueError("tool must be storcli or megacli")


def observe(host: Commands, params: Params) -> Facts:
    if params.tool == "storcli":
        return Facts(tuple(storcli(host.command("storcli").json())))
    volumes, drives = host.command("megacli.volumes").sound(), host.command("megacli.drives").sound()
    return Facts((*megacli_volumes(volumes.text), *megacli_drives(drives.text)))


def storcli(said: Mapping[str, Any]) -> Iterator[Part]:
    """Parts of `storcli64 /call show all J`."""
    for number, controller in enumerate(_rows(said, "Controllers")):
        data = controller.get("Response Data")
        if not isinstance(data, dict):
            yield Part(f"c{number}", "unreadable")
            continue
        status = data.get("Status")
        yield Part(f"c{number}", text(status.get("Controller Status")) if isinstance(status, dict) else "")
        for key, label, name in _LISTS:
            for row in _rows(data, key):
                yield Part(f"c{number} {label} {text(row.get(name))}", text(row.get("State")))
        # A host bus adapter has no list of drives: each is a list of one, under a key of its own.
        drives = data.get("Physical Device Information")
        if isinstance(drives, dict) and "PD LIST" not in data:
            for row in (row for key in drives for row in _rows(drives, key)):
                yield Part(f"c{number} drive {text(row.get('EID:Slt'))}", text(row.get("State")))


_LISTS = (
    ("VD LIST", "volume", "DG/VD"),
    ("PD LIST", "drive", "EID:Slt"),
    ("BBU_Info", "battery", "Model"),
    ("Cachevault_Info", "battery", "Model"),
)


def _rows(said: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = said.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _field(block: str, name: str) -> str:
    found = re.search(rf"^{name}\s*:\s*(.*)$", block, re.M)
    return text(found[1]) if found else ""


def megacli_volumes(said: str) -> Iterator[Part]:
    """Volumes of `MegaCli64 -LDInfo -Lall -aALL`."""
    for adapter, block in _adapters(said):
        for one in re.split(r"^(?=Virtual Drive: )", block, flags=re.M)[1:]:
            number = _field(one, "Virtual Drive").partition(" ")[0]
            yield Part(f"c{adapter} volume {number}", _field(one, "State"))


def megacli_drives(said: str) -> Iterator[Part]:
    """Drives of `MegaCli64 -PDList -aALL`."""
    for adapter, block in _adapters(said):
        for one in re.split(r"^(?=Enclosure Device ID: )", block, flags=re.M)[1:]:
            place = f"{_field(one, 'Enclosure Device ID')}:{_field(one, 'Slot Number')}"
            counts = [whole(_field(one, f"{name} Count")) for name in ("Media Error", "Predictive Failure")]
            known = [count for count in counts if count is not None]
            state = _field(one, "Firmware state").partition(",")[0]
            yield Part(f"c{adapter} drive {place}", state, sum(known) if known else None)


def _adapters(said: str) -> list[tuple[str, str]]:
    parts = re.split(r"^Adapter #?(\d+)", said, flags=re.M)
    return list(zip(parts[1::2], parts[2::2], strict=True))


_CRIT = {"degraded", "dgrd", "pdgd", "partially degraded", "offline", "offln", "ofln", "failed", "ubad"}
_CRIT |= {"unconfigured(bad)", "unusbl", "msng", "missing", "needs attention", "non-responsive"}
_WARN = {"rbld", "rebuild", "cpybck", "copyback", "rec", "recovery", "learning", "charging", "foreign", "f"}
_OK = {
    "optl",
    "optimal",
    "ok",
    "onln",
    "online",
    "ugood",
    "unconfigured(good)",
    "ghs",
    "dhs",
    "hotspare",
    "jbod",
}


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    if not seen.facts.parts:
        yield Reading("parts", 0, Unit.COUNT, State.UNKNOWN, "no_parts")
    for part in seen.facts.parts:
        state, reason = _state(part)
        yield Reading(f"{part.name}:health", None, Unit.NONE, state, reason)


def _state(part: Part) -> tuple[State, str]:
    low = part.state.lower()
    if low in _CRIT:
        return State.CRIT, "degraded"
    if low in _WARN:
        return State.WARN, "rebuilding"
    if low not in _OK:
        return State.UNKNOWN, "state_unknown"
    return (State.WARN, "device_errors") if part.errors else (State.OK, "")


CHECK = Check(
    id="virtual.raid",
    version=1,
    title="硬件 RAID",
    title_en="Hardware RAID",
    source=Source.HOST,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-31(4)", "LH-11"),
    needs=(
        "storcli64 or MegaCli64",
        f"{ROOT} `roundseal-agent ALL=(root) NOPASSWD: "
        "/opt/MegaRAID/storcli/storcli64 /call show all J, "
        "/opt/MegaRAID/MegaCli/MegaCli64 -LDInfo -Lall -aALL -NoLog, "
        "/opt/MegaRAID/MegaCli/MegaCli64 -PDList -aALL -NoLog`",
    ),
)
