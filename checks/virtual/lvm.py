"""LVM: volume groups without all their disks, unhealthy volumes, thin pools and snapshots filling up."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper
from checks.commands import ROOT, CommandOutput, Commands, text, whole
from checks.virtual._common import hundredths


@dataclass(frozen=True, slots=True)
class Group:
    """A volume group; bytes."""

    name: str
    size: int | None
    free: int | None
    missing: int | None


@dataclass(frozen=True, slots=True)
class Volume:
    """A logical volume; percentages in hundredths, None where it has none."""

    name: str
    attributes: str
    health: str
    data: int | None
    metadata: int | None
    copied: int | None


@dataclass(frozen=True, slots=True)
class Facts:
    groups: tuple[Group, ...]
    volumes: tuple[Volume, ...]


@dataclass(frozen=True, slots=True)
class Params:
    """Limits in percent of thin pools, their metadata, and snapshots; `expected`: groups by the ledger."""

    data: Upper = Upper(80, 90)
    metadata: Upper = Upper(80, 90)
    expected: int | None = None


def observe(host: Commands, params: Params) -> Facts:
    groups = _rows(host.command("lvm.groups").sound(), "vg")
    volumes = _rows(host.command("lvm.volumes").sound(), "lv")
    return Facts(tuple(_group(row) for row in groups), tuple(_volume(row) for row in volumes))


def _rows(output: CommandOutput, kind: str) -> list[Mapping[str, Any]]:
    reports = output.json().get("report")
    tables = [one.get(kind) for one in reports if isinstance(one, dict)] if isinstance(reports, list) else []
    return [row for table in tables if isinstance(table, list) for row in table if isinstance(row, dict)]


def _group(row: Mapping[str, Any]) -> Group:
    numbers = (whole(row.get(key)) for key in ("vg_size", "vg_free", "vg_missing_pv_count"))
    return Group(text(row.get("vg_name")), *numbers)


def _volume(row: Mapping[str, Any]) -> Volume:
    name = f"{text(row.get('vg_name'))}/{text(row.get('lv_name'))}"
    shares = (hundredths(row.get(key)) for key in ("data_percent", "metadata_percent", "copy_percent"))
    return Volume(name, text(row.get("lv_attr")), text(row.get("lv_health_status")), *shares)


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    groups = seen.facts.groups
    if params.expected is not None and len(groups) < params.expected:
        yield Reading("groups", len(groups), Unit.COUNT, State.CRIT, "too_few")
    elif not groups:
        yield Reading("groups", 0, Unit.COUNT, State.UNKNOWN, "no_parts")
    for group in groups:
        state, reason = (State.CRIT, "disks_missing") if group.missing else (State.OK, "")
        if group.missing is None:
            state, reason = State.UNKNOWN, "not_reported"
        yield Reading(f"{group.name}:disks_missing", group.missing, Unit.COUNT, state, reason)
    for volume in seen.facts.volumes:
        yield from _judge_volume(volume, params)


_MILD = ("refresh needed", "mismatches exist")


def _judge_volume(volume: Volume, params: Params) -> Iterator[Reading]:
    if volume.health:
        state = State.WARN if volume.health in _MILD else State.CRIT
        yield Reading(f"{volume.name}:health", None, Unit.NONE, state, "volume_unhealthy")
    if volume.copied is not None and volume.copied < 10_000:
        share = Fraction(volume.copied, 100)
        yield Reading(f"{volume.name}:copied", share, Unit.PERCENT, State.WARN, "rebuilding")
    limits = (("data", volume.data, params.data), ("metadata", volume.metadata, params.metadata))
    for name, share_of, limit in limits:
        if share_of is not None:
            share = Fraction(share_of, 100)
            state = limit.judge(share)
            reason = "" if state is State.OK else "nearly_full"
            yield Reading(f"{volume.name}:{name}", share, Unit.PERCENT, state, reason)


CHECK = Check(
    id="virtual.lvm",
    version=1,
    title="逻辑卷 (LVM)",
    title_en="Logical volumes (LVM)",
    source=Source.HOST,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-24", "PD-35"),
    # Word for word: with `--config log{file=…}` both write what they are told where they are told.
    needs=(
        f"{ROOT} `roundseal-agent ALL=(root) NOPASSWD: "
        r"/usr/sbin/vgs --reportformat json --units b --nosuffix -o "
        r"vg_name\,vg_attr\,vg_size\,vg_free\,vg_missing_pv_count, "
        r"/usr/sbin/lvs --reportformat json --units b --nosuffix -o "
        r"vg_name\,lv_name\,lv_attr\,lv_size\,data_percent\,metadata_percent\,copy_percent\,lv_health_status`",
    ),
)
