"""What a network device's command line tells of processors, memory, fans, power supplies, temperatures.

The forms are those of agent.parsing. Only commands whose form has met a real output (or, said so, one of our
own) are asked; load is the mean of five minutes, as SNMP's tables give it.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from agent.parsing.parse import Row
from checks.snmp import Device, Identity, Part, Processor, Sensor, Space

IDENTITY: Mapping[str, tuple[str, ...]] = {
    "huawei_vrp": ("display version", "display esn"),
    "hp_comware": ("display version", "display device manuinfo"),
    "ruijie_os": ("show version",),
    "zte_zxros": ("show version",),
    "cisco_ios": ("show version",),
    "cisco_nxos": ("show version",),
    "fortinet": ("get system status",),
}
COMMANDS: Mapping[tuple[str, Part], tuple[str, ...]] = {
    ("huawei_vrp", Part.PROCESSORS): ("display cpu-usage",),
    ("huawei_vrp", Part.MEMORY): ("display memory-usage",),
    ("huawei_vrp", Part.SENSORS): (
        "display fan",
        "display power",
        "display temperature",
        "display temperature all",
    ),
    ("huawei_vrp", Part.PORTS): ("display interface",),
    ("hp_comware", Part.PROCESSORS): ("display cpu-usage",),
    ("hp_comware", Part.MEMORY): ("display memory",),
    ("hp_comware", Part.SENSORS): ("display fan", "display power", "display environment"),
    ("hp_comware", Part.PORTS): ("display interface",),
    ("ruijie_os", Part.PROCESSORS): ("show cpu",),
    ("ruijie_os", Part.MEMORY): ("show memory",),
    ("ruijie_os", Part.SENSORS): ("show power",),
    ("zte_zxros", Part.PROCESSORS): ("show processor",),
    ("zte_zxros", Part.MEMORY): ("show processor",),
    ("zte_zxros", Part.SENSORS): ("show card-temperature",),
    ("zte_zxros", Part.PORTS): ("show interface",),
    ("cisco_ios", Part.PROCESSORS): ("show processes cpu",),
    ("cisco_ios", Part.MEMORY): ("show processes memory sorted",),
    ("cisco_ios", Part.SENSORS): ("show environment power all",),
    ("cisco_ios", Part.PORTS): ("show interfaces",),
    ("cisco_nxos", Part.PROCESSORS): ("show system resources",),
    ("cisco_nxos", Part.MEMORY): ("show system resources",),
    ("cisco_nxos", Part.SENSORS): ("show environment",),
    ("cisco_nxos", Part.PORTS): ("show interface",),
    ("fortinet", Part.PROCESSORS): ("get system performance status",),
    ("fortinet", Part.MEMORY): ("get system performance status",),
    ("fortinet", Part.PORTS): ("get system interface physical",),
}
# What switches call what routers call otherwise: looked at only where the other gave nothing.
INSTEAD: Mapping[str, str] = {"display temperature all": "display temperature"}
Rows = Mapping[str, Sequence[Row]]
_UNITS = {"bytes": 1, "byte": 1, "k": 1024, "kbytes": 1024, "kb": 1024, "mbytes": 1 << 20, "mb": 1 << 20}
_WEEK_MS = 7 * 86_400_000
_SPANS = {
    "year": 365 * 86_400_000,
    "week": _WEEK_MS,
    "day": 86_400_000,
    "hour": 3_600_000,
    "minute": 60_000,
    "second": 1000,
}
# The devices' own words for a fan or a power supply; the first that fits counts.
_WORDS: tuple[tuple[str, str], ...] = (
    ("not supply|notsupply|no ?input|abnormal|fail|fault|bad|error|alarm|major|fatal|critical", "crit"),
    ("minor|warn|shutdown|disabled|not present to supply", "warn"),
    ("normal|supply|ok|good|auto|manual|online|present", "ok"),
)
_ABSENT = re.compile(r"absent|not present|n/a|^-+$|^no$", re.IGNORECASE)


def text(row: Row, name: str) -> str:
    """A field of a row as text; empty where there is none."""
    value = row.get(name, "")
    return (value[0] if value else "") if isinstance(value, list) else value.strip()


def hundredths(value: str) -> int | None:
    """`12.5` or `12%` as 1250 or 1200."""
    found = re.fullmatch(r"(\d{1,9})(?:\.(\d{1,2})\d*)?\s*%?", value.strip())
    return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0")) if found else None


def number(value: str) -> int | None:
    """A whole number, None where there is none."""
    return int(value) if value.isascii() and value.isdigit() and len(value) < 20 else None


def filled(device: Device, platform: str, part: Part, rows: Rows) -> Device:
    """The device with one part more."""
    flat = [(command, row) for command, found in rows.items() for row in found]
    if part is Part.PROCESSORS:
        made = tuple(_processor(command, row) for command, row in flat)
        return replace(device, processors=made)
    if part is Part.MEMORY:
        return replace(device, memory=tuple(_MEMORY[platform](command, row) for command, row in flat))
    sensors = [one for command, row in flat for one in _SENSORS[platform, command](command, row)]
    return replace(device, sensors=tuple(sensors))


def _named(*words: str) -> str:
    return " ".join(one for one in words if one)


def _processor(command: str, row: Row) -> Processor:
    slot = _slot(row) or text(row, "slot_id")
    name = _named("CPU", slot, text(row, "cpu"))
    load = next((found for key in _LOADS if (found := hundredths(text(row, key))) is not None), None)
    idle = hundredths(text(row, "cpu_idle"))
    return Processor(command, name, load if idle is None else 10_000 - min(idle, 10_000))


_LOADS = ("cpu_5_min", "cpu_usage_5_min", "cpu_1_min", "cpu_usage_1_min")


def _sized(command: str, name: str, used: int | None, total: int | None, share: int | None) -> Space:
    return Space(command, name, "system", used, total, share)


def _memory_vrp(command: str, row: Row) -> Space:
    unit = _UNITS.get(text(row, "memory_unit").lower())
    amounts = [number(text(row, key)) for key in ("used_memory", "total_memory")]
    used, total = (None if one is None or unit is None else one * unit for one in amounts)
    return _sized(command, "Memory", used, total, hundredths(text(row, "memory_using_percent")))


def _memory_comware(command: str, row: Row) -> Space:
    # Version 5 counts bytes, version 7 kilobytes: the share is the same.
    used, total = number(text(row, "used_memory")), number(text(row, "total_memory"))
    share = hundredths(text(row, "used_rate"))
    if share is None and (free := hundredths(text(row, "free_rate"))) is not None:
        share = 10_000 - free
    if share is None and used is not None and total:
        share = 10_000 * used // total
    return _sized(command, _named("Memory", text(row, "slot")), None, None, share)


def _memory_ruijie(command: str, row: Row) -> Space:
    share = hundredths(text(row, "system_memory_used_rate_precent"))
    used, total = (number(text(row, f"system_memory_{one}")) for one in ("used", "total"))
    if used is not None and total is not None:
        return _sized(command, "Memory", used << 10, total << 10, share)
    total = number(text(row, "system_memory_total_mb"))
    return _sized(command, "Memory", None, None if total is None else total << 20, share)


def _memory_cisco(command: str, row: Row) -> Space:
    used, total = number(text(row, "memory_used")), number(text(row, "memory_total"))
    return _sized(command, "Processor", used, total, None)


def _memory_fortinet(command: str, row: Row) -> Space:
    used, total = number(text(row, "memory_used_kb")), number(text(row, "memory_total_kb"))
    used, total = (None if one is None else one * 1024 for one in (used, total))
    return _sized(command, "Memory", used, total, hundredths(text(row, "memory_used_percent")))


def _memory_nxos(command: str, row: Row) -> Space:
    used, total = number(text(row, "memory_used_kb")), number(text(row, "memory_total_kb"))
    used, total = (None if one is None else one * 1024 for one in (used, total))
    return _sized(command, "Memory", used, total, None)


def _memory_zte(command: str, row: Row) -> Space:
    total = number(text(row, "memory_mb"))
    share = hundredths(text(row, "memory_used_percent"))
    return _sized(command, _named("Memory", _slot(row)), None, None if total is None else total << 20, share)


def _slot(row: Row) -> str:
    """`1 1 3` (rack, shelf, slot) as `1/1/3`; a panel's name as it is."""
    return "/".join(text(row, "slot").split())


_MEMORY: Mapping[str, Callable[[str, Row], Space]] = {
    "huawei_vrp": _memory_vrp,
    "hp_comware": _memory_comware,
    "ruijie_os": _memory_ruijie,
    "zte_zxros": _memory_zte,
    "cisco_ios": _memory_cisco,
    "cisco_nxos": _memory_nxos,
    "fortinet": _memory_fortinet,
}


def severity(word: str) -> str:
    """ok, warn, crit, or unknown for a word that nobody here knows."""
    low = word.lower()
    return next((meant for pattern, meant in _WORDS if re.search(pattern, low)), "unknown")


def _standing(command: str, name: str, word: str) -> Sensor:
    return Sensor(command, "state", name, None, word[:64], severity(word))


def _fan_vrp(command: str, row: Row) -> Iterable[Sensor]:
    if text(row, "present").lower() in ("no", "absent"):
        return
    name = _named("Fan", text(row, "slot_id"), text(row, "fan_id"))
    registered = text(row, "registered").lower()
    yield _standing(command, name, "fault: not registered" if registered == "no" else text(row, "status"))


def _power_vrp(command: str, row: Row) -> Iterable[Sensor]:
    if not _ABSENT.search(text(row, "present")):
        yield _standing(command, _named("Power", text(row, "slot"), text(row, "id")), text(row, "state"))


def _temperature_vrp(command: str, row: Row) -> Iterable[Sensor]:
    slot = text(row, "slotid") or _named("Slot", text(row, "slot"))
    parts = (text(row, "pcb") or text(row, "card"), text(row, "sensor"))
    name = _named(slot, *(one for one in parts if one.strip("-") not in ("", "NA")))
    value, lower, upper = (_degrees(text(row, key)) for key in ("temperature", "lower_limit", "upper_limit"))
    yield Sensor(command, "temperature", name, value, warn_low=lower, warn_high=upper)
    if text(row, "status"):
        yield _standing(command, f"{name} status", text(row, "status"))


def _fan_comware(command: str, row: Row) -> Iterable[Sensor]:
    return _plain_part(command, "Fan", row)


def _power_comware(command: str, row: Row) -> Iterable[Sensor]:
    return _plain_part(command, "Power", row)


def _plain_part(command: str, kind: str, row: Row) -> Iterable[Sensor]:
    if not _ABSENT.search(text(row, "status")):
        yield _standing(command, _named(kind, text(row, "slot"), text(row, "id")), text(row, "status"))


def _environment_comware(command: str, row: Row) -> Iterable[Sensor]:
    """A temperature with the limits that the device holds it against."""
    name = _named(text(row, "slot"), " ".join(text(row, "sensor").split()))
    value, lower, warning, alarm = (
        _degrees(text(row, key)) for key in ("temperature", "lower_limit", "warning_limit", "alarm_limit")
    )
    yield Sensor(command, "temperature", name, value, warn_low=lower, warn_high=warning, crit_high=alarm)


def _degrees(said: str) -> int | None:
    """Thousandths of a degree of a whole number, which may be below zero."""
    return int(said) * 1000 if re.fullmatch(r"-?[0-9]{1,4}", said) else None


def _temperature_zte(command: str, row: Row) -> Iterable[Sensor]:
    yield Sensor(command, "temperature", _slot(row), _degrees(text(row, "temperature")))


def _power_ruijie(command: str, row: Row) -> Iterable[Sensor]:
    if not _ABSENT.search(text(row, "power_type")):
        yield _standing(command, _named("Power", text(row, "power_id")), text(row, "status"))


def _power_cisco(command: str, row: Row) -> Iterable[Sensor]:
    said = [text(row, key) for key in ("status", "sys_pwr") if text(row, key)]
    if said and not _ABSENT.search(said[0]):
        worst = max(said, key=lambda word: ("ok", "warn", "unknown", "crit").index(severity(word)))
        yield _standing(command, _named("Power", text(row, "ps_module")), worst)


def _environment_nxos(command: str, row: Row) -> Iterable[Sensor]:
    for name, said in (("Power", "power_supply"), ("", "fan")):
        if text(row, said) and not _ABSENT.search(text(row, f"{said}_status")):
            yield _standing(command, _named(name, text(row, said)), text(row, f"{said}_status"))
    if text(row, "temperature_sensor"):
        yield from _temperature_nxos(command, row)


def _temperature_nxos(command: str, row: Row) -> Iterable[Sensor]:
    name = _named(text(row, "temperature_module"), text(row, "temperature_sensor"))
    value, major, minor = (
        None if (found := number(text(row, f"temperature_{one}"))) is None else found * 1000
        for one in ("current", "major_thresh", "minor_thresh")
    )
    yield Sensor(command, "temperature", name, value, warn_high=minor, crit_high=major)
    yield _standing(command, f"{name} status", text(row, "temperature_status"))


_SENSORS: Mapping[tuple[str, str], Callable[[str, Row], Iterable[Sensor]]] = {
    ("huawei_vrp", "display fan"): _fan_vrp,
    ("huawei_vrp", "display power"): _power_vrp,
    ("huawei_vrp", "display temperature"): _temperature_vrp,
    ("huawei_vrp", "display temperature all"): _temperature_vrp,
    ("hp_comware", "display fan"): _fan_comware,
    ("hp_comware", "display power"): _power_comware,
    ("hp_comware", "display environment"): _environment_comware,
    ("zte_zxros", "show card-temperature"): _temperature_zte,
    ("ruijie_os", "show power"): _power_ruijie,
    ("cisco_ios", "show environment power all"): _power_cisco,
    ("cisco_nxos", "show environment"): _environment_nxos,
}


def uptime_ms(said: str) -> int | None:
    """`1 week, 3 days, 16 hours` or `846:16:52:08` (days first) in milliseconds."""
    clock = re.fullmatch(r"(\d{1,6}):(\d{1,2}):(\d{1,2}):(\d{1,2})", said.strip())
    if clock:
        days, hours, minutes, seconds = (int(one) for one in clock.groups())
        return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000
    parts = re.findall(r"(\d{1,6}) (year|week|day|hour|minute|second)(?:s|\(s\))?", said)
    return sum(int(count) * _SPANS[unit] for count, unit in parts) if parts else None


def _first(rows: Rows, command: str, name: str) -> str:
    return next((found for row in rows.get(command, ()) if (found := text(row, name))), "")


def identity(platform: str, rows: Rows) -> Identity:
    """What the device says it is."""
    command = IDENTITY[platform][0]
    version, hardware, serial, name, uptime = (
        _first(rows, command, field) if field else "" for field in _FIELDS[platform]
    )
    if platform == "huawei_vrp":
        version, serial = version.rpartition(" ")[2], _first(rows, "display esn", "esn")
    if platform == "hp_comware":
        release = _first(rows, command, "release")
        version = f"{version} Release {release}" if release else version
        serial = _first(rows, "display device manuinfo", "device_serial_number")
    if platform == "cisco_nxos":
        version = version.partition(" ")[0]  # `10.4(5) [Maintenance Release]`
    if platform == "zte_zxros":
        version = version.rpartition(" ")[2]
    if platform == "fortinet":
        hardware, _, version = version.partition(" ")
        version = version.partition(",")[0]
    return Identity(
        "", "", name, uptime_ms(uptime), os=platform, version=version, hardware=hardware, serial=serial
    )


# Fields of version, hardware, serial number, name and uptime.
_FIELDS = {
    "huawei_vrp": ("product_version", "model", "", "", "uptime"),
    "hp_comware": ("software_version", "model", "", "", "uptime"),
    "ruijie_os": ("soft_version", "model", "serial_number", "", "uptime"),
    "zte_zxros": ("version", "hardware", "", "", "uptime"),
    "cisco_ios": ("version", "hardware", "serial", "hostname", "uptime"),
    "cisco_nxos": ("os", "platform", "serial", "hostname", "uptime"),
    "fortinet": ("version", "", "serial_number", "hostname", ""),
}
