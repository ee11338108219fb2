"""One look at a device: who it is decides what is read (no blind walk). A reader: it touches no socket."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from agent.sources import snmp_kin, snmp_profiles, snmp_roles, snmp_rules, snmp_standard
from agent.sources.snmp_ber import GONE, encode_oid, oid_text
from agent.sources.snmp_profiles import Profile
from agent.sources.snmp_rules import text_of
from agent.sources.snmp_walk import HEADS, Ask, Reader, Rows, checked, get, walk
from checks.api import ErrorKind, ObservationError
from checks.device import Member
from checks.snmp import Device, Identity, Part, Sensor, Space

_SYSTEM = (
    snmp_standard.DESCRIPTION,
    snmp_standard.OBJECT_ID,
    snmp_standard.UPTIME,
    snmp_standard.NAME,
)


# SNMPv2-MIB allows 255; profiles' patterns go through all of it, some more than once.
_MOST_DESCRIPTION = 2048
Choose = Callable[[str, str], Sequence[Profile]]
# What a device of an unknown maker is, by the first of these standard tables that it fills.
_KINDS = (("1.3.6.1.2.1.33.1.2.1.0", "ups"), ("1.3.6.1.2.1.43.11.1.1.9", "printer"))
OWN = frozenset({Part.PROCESSORS, Part.MEMORY, Part.STORAGE, Part.SENSORS})  # what makers' own tables hold


def look(
    parts: Sequence[Part], *, choose: Choose = snmp_profiles.chosen, kin: snmp_kin.Kin = snmp_kin.kin
) -> Reader[Device]:
    """Identify the device, then read these parts of it.

    `choose`: sysObjectID and sysDescr to profiles; `kin`: an enterprise to profiles, for a device whose
    sysObjectID does not tell its maker.
    """
    rows = Rows()
    object_id, description = yield from _who(rows)
    profile = yield from _known(object_id, description, choose, kin)
    asked = _wanted(profile, parts)
    yield from _read(rows, asked)
    stranger = snmp_kin.silent(object_id, asked, rows) if OWN & set(parts) else ""
    if stranger and not (yield from _has(_wanted(profile, tuple(OWN)) - asked, stranger)):
        profile = yield from _family(profile, kin(stranger))
        yield from _read(rows, _wanted(profile, parts) - asked)
    yield from snmp_standard.read_chassis(rows, profile)
    yield from _standard(rows, profile, parts)
    device = Device(_identity(rows, profile, object_id, description))
    device = _memory(device, rows, profile, parts)
    if Part.PROCESSORS in parts:
        device = replace(device, processors=tuple(snmp_rules.processors(profile.processors, rows)))
    if Part.SENSORS in parts:
        device = replace(device, sensors=tuple(_sensors(rows, profile)))
    if Part.PORTS in parts:
        device = replace(device, ports=tuple(snmp_standard.ports(rows)))
    if Part.NEIGHBOURS in parts:
        device = replace(device, neighbours=tuple(snmp_standard.neighbours(rows)))
    return replace(device, missing=tuple(part.value for part in parts) if rows.cut else ())


def members() -> Reader[tuple[Member, ...]]:
    """Units of the device's stack or pair; ObservationError `unsupported` where no profile says how."""
    rows = Rows()
    object_id, description = yield from _who(rows)
    profile = yield from _known(object_id, description, snmp_profiles.chosen, snmp_kin.kin)
    if not profile.members:
        raise ObservationError(ErrorKind.UNSUPPORTED, f"{object_id}: no profile reads its stack or pair")
    yield from _read(rows, snmp_roles.wanted(profile.members))
    checked(rows)
    return snmp_roles.members(profile.members, rows)


def _who(rows: Rows) -> Reader[tuple[str, str]]:
    """sysObjectID and sysDescr."""
    yield from get(rows, _SYSTEM)
    object_id = text_of(rows.scalar(snmp_standard.OBJECT_ID)) or (yield from _enterprise(rows))
    if not rows.scalars and not object_id:
        raise ObservationError(ErrorKind.DENIED, "it answers, but shows nothing (its SNMP view?)")
    return object_id, text_of(rows.scalar(snmp_standard.DESCRIPTION))[:_MOST_DESCRIPTION]


def _enterprise(rows: Rows) -> Reader[str]:
    """A device that withholds sysObjectID is known by the first enterprise it has anything of."""
    answer = yield Ask((encode_oid("1.3.6.1.4.1"),), 1)
    first = oid_text(answer.bound[0][0]) if answer.bound and not answer.status else ""
    return ".".join(first.split(".")[:7]) if first.startswith("1.3.6.1.4.1.") else ""


def _known(object_id: str, description: str, choose: Choose, kin: snmp_kin.Kin) -> Reader[Profile]:
    """What is known of the device by its name, else of its maker's tables that answer."""
    profiles = choose(object_id, description)
    found = yield from _profile(profiles)
    if not snmp_kin.tells_no_maker(object_id, profiles):
        return found
    there = yield from snmp_kin.enterprises()
    more = [profile for each in snmp_kin.strangers(there, found) for profile in kin(each)]
    known = {profile.name for profile in profiles}
    more = [profile for profile in more if profile.name not in known]
    return (yield from _profile([*profiles, *more])) if more else found


def _has(oids: set[str], enterprise: str) -> Reader[bool]:
    """Whether it has any of these of its enterprise: a look at some parts alone may meet none of them."""
    heads = sorted({_head(oid) for oid in oids if _head(oid).startswith(enterprise + ".")})
    for at in range(0, len(heads), HEADS):
        if (yield from _present(heads[at : at + HEADS])):
            return True
    return False


def _head(oid: str) -> str:
    """What stands before the index of a cell or scalar; a column as it is."""
    cell = oid.removeprefix("=")
    return cell.rpartition(".")[0] if cell != oid or snmp_rules.scalar(oid) else oid


def _family(found: Profile, kin: Sequence[Profile]) -> Reader[Profile]:
    """What is known of it with the profiles of its maker's other families whose tables answer before it."""
    other = yield from _profile(kin)
    return snmp_profiles.joined([other, found]) if other.name else found


def _profile(profiles: Sequence[Profile]) -> Reader[Profile]:
    """All of these that need nothing, or something that the device has: one GETNEXT asks for it."""
    heads = tuple(dict.fromkeys(profile.present for profile in profiles if profile.present))
    there = {""}
    for at in range(0, len(heads), HEADS):
        there |= yield from _present(heads[at : at + HEADS])
    found = {profile.name: profile for profile in profiles if profile.present in there}
    return snmp_profiles.joined(list(found.values()))


def _present(heads: Sequence[str]) -> Reader[set[str]]:
    answer = yield Ask(tuple(map(encode_oid, heads)), 1)
    if answer.status and len(heads) > 1:
        # v1 fails the whole request where one variable has nothing behind it.
        first = yield from _present(heads[: len(heads) // 2])
        return first | (yield from _present(heads[len(heads) // 2 :]))
    if answer.status:
        return set()
    pairs = zip(heads, answer.bound, strict=False)
    return {head for head, (oid, tag, _) in pairs if tag not in GONE and oid.startswith(encode_oid(head))}


def _read(rows: Rows, oids: set[str]) -> Reader[None]:
    single = {oid for oid in oids if snmp_rules.scalar(oid) or oid[:1] == "="}
    yield from get(rows, sorted(oid.removeprefix("=") for oid in single))
    yield from walk(rows, sorted(oids - single))


def _wanted(profile: Profile, parts: Sequence[Part]) -> set[str]:
    """OIDs of the profile for these parts, and of the identification."""
    texts = (*profile.version, *profile.hardware, *profile.serial)
    found = {oid for text in texts for oid in text.values if oid[:1] in "=012"}
    found |= {text.row for text in texts if text.row}
    for part in OWN:
        if part in parts:
            found |= snmp_rules.wanted(getattr(profile, part.value))
    return found


def _standard(rows: Rows, profile: Profile, parts: Sequence[Part]) -> Reader[None]:
    """Standard tables of these parts, where the device does not fill them with nonsense."""
    leave = profile.leave
    if Part.PORTS in parts:
        yield from walk(rows, snmp_standard.PORTS)
    if Part.NEIGHBOURS in parts:
        yield from walk(rows, snmp_standard.NEIGHBOURS)
    if {Part.MEMORY, Part.STORAGE} & set(parts):
        yield from walk(rows, snmp_standard.STORES)
    if Part.SENSORS in parts:
        yield from _entity(rows, leave)


def _entity(rows: Rows, leave: frozenset[str]) -> Reader[None]:
    """Names of the entities are read only where there are sensors."""
    for table in _entity_tables(leave):
        yield from walk(rows, [table + "4"])
        if rows.columns[table + "4"]:
            yield from walk(rows, [table + n for n in "1235"])
            yield from walk(rows, snmp_standard.ENTITY_NAMES)


def _entity_tables(leave: frozenset[str]) -> list[str]:
    if "entity-sensors" in leave:
        return []
    return [snmp_standard.ENTITY, *([] if "cisco-sensors" in leave else [snmp_standard.CISCO])]


def _identity(rows: Rows, profile: Profile, object_id: str, description: str) -> Identity:
    ticks = rows.scalar(snmp_standard.UPTIME)
    made = Identity(
        object_id=object_id,
        description=description[:512],
        name=text_of(rows.scalar(snmp_standard.NAME))[:128],
        uptime_ms=ticks * 10 if isinstance(ticks, int) else None,
    )
    version, hardware, serial = (
        snmp_rules.identify(texts, description, rows)[:200]
        for texts in (profile.version, profile.hardware, profile.serial)
    )
    return replace(
        made,
        vendor=profile.vendor,
        os=profile.os,
        kind=profile.kind or _kind(rows),
        version=version,
        hardware=hardware,
        serial=serial,
    )


def _kind(rows: Rows) -> str:
    return next((kind for oid, kind in _KINDS if rows.columns.get(oid) or oid in rows.scalars), "")


def _memory(device: Device, rows: Rows, profile: Profile, parts: Sequence[Part]) -> Device:
    """Memory and storage: the profile's own where it has any, else HOST-RESOURCES."""
    leave = profile.leave
    memory, storage = snmp_standard.stores(rows) if snmp_standard.STORES[0] in rows.columns else ([], [])
    if Part.MEMORY in parts:
        own = snmp_rules.spaces([rule for rule in profile.memory if not rule.last], rows)
        last = snmp_rules.spaces([rule for rule in profile.memory if rule.last], rows)
        device = replace(device, memory=_either(own, memory, "hr-memory" in leave) or tuple(last))
    if Part.STORAGE in parts:
        own = snmp_rules.spaces(profile.storage, rows)
        device = replace(device, storage=(*own, *([] if "hr-storage" in leave else storage)))
    return device


def _either(own: list[Space], standard: list[Space], left: bool) -> tuple[Space, ...]:
    return tuple(own or ([] if left else standard))


def _sensors(rows: Rows, profile: Profile) -> list[Sensor]:
    own = snmp_rules.sensors(profile.sensors, rows)
    known = {sensor.oid for sensor in own}
    for table in (snmp_standard.ENTITY, snmp_standard.CISCO):
        if table + "1" in rows.columns:
            own += [s for s in snmp_standard.entity_sensors(rows, table) if s.oid not in known]
    return own
