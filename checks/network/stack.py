"""Members of a stack or of a pair that stands in for each other: are all there, in which role."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from checks.api import Check, Reading, Seen, Source, State, Unit
from checks.device import Devices, Member, Reach
from checks.network._parts import matches, unique
from checks.remote import Login
from checks.snmp import Peer

_SEVERITIES = {
    "ok": (State.OK, ""),
    "warn": (State.WARN, "device_warns"),
    "crit": (State.CRIT, "device_fails"),
}


@dataclass(frozen=True, slots=True)
class Facts:
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Params(Reach):
    """How the device is reached (see the source device), by SNMP or with a `platform` by its command line;
    `secret` where none is given: `snmp`, with a platform `ssh`. `members`: how many units there must be (2: a
    pair), to be told; `roles`: which must have which role, `NAME=ROLE` as the device calls both (`1=master`,
    `local=active`; the two ways may name a unit differently); `ignore`: patterns of names left out."""

    # A command line tells more makers' stacks than SNMP does: an asset that has both is asked by it.
    CLI_FIRST: ClassVar[bool] = True
    PLATFORMS: ClassVar[tuple[str, ...]] = (
        "",
        "huawei_vrp",
        "hp_comware",
        "ruijie_os",
        "cisco_ios",
        "cisco_nxos",
        "fortinet",
    )

    secret: str = ""
    members: int = field(kw_only=True)
    roles: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        super(Params, self).__post_init__()
        if not 1 <= self.members <= 64:
            raise ValueError("members must be 1 to 64")
        if wrong := [one for one in self.roles if not all(one.partition("="))]:
            raise ValueError(f"roles: {wrong[0]!r} is not NAME=ROLE")

    def login(self) -> Login:
        """The device as the source ssh reaches it."""
        return replace(super(Params, self).login(), secret=self.secret or "ssh")

    def peer(self) -> Peer:
        """The device as the source snmp reaches it."""
        return replace(super(Params, self).peer(), secret=self.secret or "snmp")


def observe(devices: Devices, params: Params) -> Facts:
    return Facts(tuple(devices.members(params)))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    """`group_members`, then each unit by its state, `NAME:member_role` where a role was agreed."""
    found = [one for one in seen.facts.members if not matches(one.name, params.ignore)]
    yield _count(found, params.members)
    names = unique(f"{one.group} {one.name}" for one in found)
    for name, one in zip(names, found, strict=True):
        state, reason = _SEVERITIES.get(one.severity, (State.UNKNOWN, "state_unknown"))
        yield Reading(name, None, Unit.NONE, state, reason)
    for wanted in dict.fromkeys(params.roles):
        yield _role(found, *wanted.split("=", 1))


def _count(found: Sequence[Member], wanted: int) -> Reading:
    there = sum(one.present for one in found)
    if not found:
        return Reading("group_members", None, Unit.COUNT, State.UNKNOWN, "not_reported")
    if there < wanted:
        return Reading("group_members", there, Unit.COUNT, State.CRIT, "member_missing")
    # One more than agreed has no agreed place.
    state, reason = (State.WARN, "many") if there > wanted else (State.OK, "")
    return Reading("group_members", there, Unit.COUNT, state, reason)


def _role(found: Sequence[Member], name: str, wanted: str) -> Reading:
    told = {one.role for one in found if one.name == name}
    label = f"{name}:member_role"
    if not told:
        return Reading(label, None, Unit.NONE, State.CRIT, "missing")
    if told == {""}:
        return Reading(label, None, Unit.NONE, State.UNKNOWN, "not_reported")
    if wanted.lower() in told:
        return Reading(label, None, Unit.NONE, State.OK)
    # It still works: its partner stands in for it, and nobody may stand in for the partner.
    return Reading(label, None, Unit.NONE, State.WARN, "role_changed")


CHECK = Check(
    id="network.stack",
    version=1,
    title="堆叠与双机热备",
    title_en="Stack and high availability of a device",
    source=Source.DEVICE,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-32", "HA protection line"),
    needs=(
        "an SNMP view of the maker's own tree (HUAWEI-STACK-MIB, HUAWEI-VGMP-MIB, HH3C-STACK-MIB, "
        "CISCO-STACKWISE-MIB, CISCO-FIREWALL-MIB, CISCO-VPC-MIB, FORTINET-FORTIGATE-MIB)",
        "or, by command line (`platform`), a login that may show the stack or the pair (VRP: display stack, "
        "on firewalls display hrp state; Comware: display irf; Ruijie: show switch virtual; IOS: show "
        "switch; NX-OS: show vpc; FortiOS: get system ha status)",
        "by SNMP tried on recorded devices of Huawei, Cisco and Fortinet, never on H3C, VGMP and vPC; by "
        "command line on recorded outputs of IOS, NX-OS and FortiOS, never on a real output of the others, "
        "whose form comes from what people published",
    ),
)
