"""Licences of a network or security device, and the age of its libraries of signatures (virus, IPS …)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from checks.api import Check, Lower, Reading, Seen, Source, State, Unit, Upper
from checks.device import Console, Dated, Devices
from checks.network._parts import matches, unique

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Facts:
    dated: tuple[Dated, ...]


@dataclass(frozen=True, slots=True)
class Params(Console):
    """How the device's command line is reached (see the source device). `days`: days a licence still has;
    `age`: days since a library was made; `ignore`: patterns of names left out (what nobody has bought)."""

    PLATFORMS: ClassVar[tuple[str, ...]] = ("huawei_vrp", "cisco_ios", "fortinet")

    days: Lower = Lower(30, 7)
    age: Upper = Upper(7, 30)
    ignore: tuple[str, ...] = ()


def observe(devices: Devices, params: Params) -> Facts:
    return Facts(tuple(devices.dated(params)))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    """`NAME:days` of a licence, `NAME:library_age` of a library."""
    found = [one for one in seen.facts.dated if not matches(one.name, params.ignore)]
    if not found:
        yield Reading("licences", None, Unit.COUNT, State.UNKNOWN, "not_reported")
    for name, one in zip(unique(one.name for one in found), found, strict=True):
        if one.kind == "licence":
            yield _licence(f"{name}:days", one, seen.taken_at, params.days)
        else:
            yield _library(f"{name}:library_age", one, seen.taken_at, params.age)


def _licence(name: str, one: Dated, now: int, limits: Lower) -> Reading:
    if one.at is None:
        if one.for_ever:
            return Reading(name, None, Unit.DAYS, State.OK, "without_end")
        return Reading(name, None, Unit.DAYS, State.UNKNOWN, "not_reported")
    left = (one.at - now) // _DAY_MS
    if left < 0:
        return Reading(name, left, Unit.DAYS, State.CRIT, "expired")
    state = limits.judge(left)
    return Reading(name, left, Unit.DAYS, state, "" if state is State.OK else "expires_soon")


def _library(name: str, one: Dated, now: int, limits: Upper) -> Reading:
    if one.at is None:
        return Reading(name, None, Unit.DAYS, State.UNKNOWN, "not_reported")
    age = (now - one.at) // _DAY_MS
    if age < -1:
        # Made tomorrow: the device's clock or ours is wrong, and with it the age.
        return Reading(name, age, Unit.DAYS, State.UNKNOWN, "in_the_future")
    state = limits.judge(age)
    return Reading(name, age, Unit.DAYS, state, "" if state is State.OK else "outdated")


CHECK = Check(
    id="network.licence",
    version=1,
    title="设备授权与特征库",
    title_en="Licences and signatures of a device",
    source=Source.DEVICE,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-32", "PD-32(4)", "HA protection line"),
    needs=(
        "a login that may show licences (VRP: display license verbose; Cisco: show license; FortiOS: get"
        " system status, and diagnose autoupdate versions where the user may)",
        "tried on recorded outputs, never on such a device itself; other makers' signatures: none yet",
    ),
)
