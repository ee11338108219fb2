"""A device that does not tell its maker: which enterprises it has anything of, and which profiles know these.

Many appliances run net-snmp's agent and have its sysObjectID, others have one that no profile knows, or one
that belongs to another family of the maker's; their tables answer all the same. Each enterprise costs one
GETNEXT, each family of it a variable of one.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from agent.sources.snmp_ber import GONE, encode_oid, oid_text
from agent.sources.snmp_profiles import Profile, everything, used
from agent.sources.snmp_rules import wanted
from agent.sources.snmp_walk import Ask, Reader, Rows

Kin = Callable[[str], Sequence[Profile]]

ENTERPRISES = "1.3.6.1.4.1"
_MOST = 16  # enterprises that are asked for: a device has its maker's, its agent's and seldom a third
_ARCS = 7  # of an enterprise's OID
# What the agent's authors registered says nothing of the device: UCD-SNMP, net-snmp.
AGENTS = (f"{ENTERPRISES}.2021", f"{ENTERPRISES}.8072")


def tells_no_maker(object_id: str, profiles: Sequence[Profile]) -> bool:
    """Whether these, chosen by its own words, know a device only by what runs on it, or not at all."""
    return _enterprise(object_id) in AGENTS or not any(profile.match for profile in profiles)


def enterprises() -> Reader[list[str]]:
    """OIDs of the enterprises the device has anything of, without those of agents."""
    found: list[str] = []
    after = ENTERPRISES
    for _ in range(_MOST):
        answer = yield Ask((encode_oid(after),), 1)
        if answer.status or not answer.bound or answer.bound[0][1] in GONE:
            break
        first = _enterprise(oid_text(answer.bound[0][0]))
        # An agent that does not count upwards would be asked for ever.
        if not first or (found and _number(first) <= _number(found[-1])):
            break
        found.append(first)
        after = f"{ENTERPRISES}.{_number(first) + 1}"
    return [each for each in found if each not in AGENTS]


def strangers(found: Sequence[str], read: Profile) -> list[str]:
    """Those of which nothing is read yet."""
    known = {_enterprise(oid) for oid in _oids(read)}
    return [each for each in found if each not in known]


def silent(object_id: str, asked: Iterable[str], rows: Rows) -> str:
    """The device's enterprise, if it was asked for something there and answered none of it; else empty.

    Then it is another family than its number made believe. `asked`: OIDs of all that was asked for.
    """
    enterprise = _enterprise(object_id)
    own = [oid for oid in asked if enterprise and _enterprise(oid) == enterprise]
    if not own or any(rows.columns.get(oid) or oid in rows.scalars for oid in own):
        return ""
    return enterprise


@lru_cache(maxsize=256)  # the numbers are what devices say: no end of them may be kept
def kin(enterprise: str) -> tuple[Profile, ...]:
    """Profiles of an enterprise's devices, and what they use: once for each branch that may answer.

    A branch that several read is that of the profile which the shortest OID chooses, the family's own.
    """
    there = [profile for profile in everything().values() if _reach(profile, enterprise)]
    heads: dict[str, str] = {}
    for profile in sorted(there, key=lambda each: (_reach(each, enterprise), each.name)):
        for branch in sorted(_branches(profile, enterprise)):
            heads.setdefault(branch, profile.name)
    found = [each for head, name in heads.items() for each in _where(head, name)]
    # Parts that are in anybody's devices (a RAID controller, a maker's agent on a host) choose no device.
    parts = (each for each in everything().values() if not each.match)
    found += [each for each in parts if _enterprise(each.present) == enterprise]
    return tuple(found)


def _where(head: str, name: str) -> Iterator[Profile]:
    """The profile and what it uses, if the device has anything below this OID."""
    for each in dict.fromkeys(used(name)):
        profile = everything()[each]
        yield profile if profile.present else replace(profile, present=head)


def _enterprise(oid: str) -> str:
    return ".".join(oid.split(".")[:_ARCS]) if oid.startswith(f"{ENTERPRISES}.") else ""


def _number(enterprise: str) -> int:
    return int(enterprise.rpartition(".")[2])


def _reach(profile: Profile, enterprise: str) -> int:
    """Length of the shortest OID by which this profile is chosen in the enterprise; 0: by none."""
    lengths = [len(each.oid) for each in profile.match if _enterprise(each.oid) == enterprise]
    return min(lengths, default=0)


def _oids(profile: Profile) -> set[str]:
    return wanted((*profile.processors, *profile.memory, *profile.storage, *profile.sensors))


def _branches(profile: Profile, enterprise: str) -> set[str]:
    """Branches of the enterprise, two arcs below it, that the profile reads of."""
    oids = (oid.split(".")[: _ARCS + 2] for oid in _oids(profile) if _enterprise(oid) == enterprise)
    return {".".join(arcs) for arcs in oids}
