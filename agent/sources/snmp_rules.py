"""From rows and a profile's rules to facts. Pure: rows in, facts out."""

import math
import re
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any

from agent.sources.snmp_profiles import Profile, Rule, SpaceRule, Text
from agent.sources.snmp_walk import Rows
from checks.oneline import OBEYED
from checks.snmp import Processor, Sensor, Space, Value

_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_HEX = re.compile(rb"(?:[0-9A-Fa-f]{2})(?: [0-9A-Fa-f]{2})*(?= |$)")
_BREAKS = re.compile(r"\s*[\r\n\t]\s*")
_FLOAT = b"\x9f\x78\x04"  # net-snmp's opaque float


def scalar(oid: str) -> bool:
    """Whether this OID is one value and no column."""
    return oid.endswith(".0")


def wanted(rules: Iterable[Rule | SpaceRule]) -> set[str]:
    """All OIDs that these rules read."""
    found: set[str] = set()
    for rule in rules:
        if isinstance(rule, Rule):
            found |= {
                rule.value,
                rule.by,
                rule.power,
                rule.times,
                rule.over,
                rule.of,
                *rule.unless,
                *rule.limits.values(),
            }
        else:
            found |= {*rule.unless, rule.used, rule.free, rule.total, rule.percent, rule.unit_of, *rule.less}
        found |= {*rule.names, *rule.when, *(rule.rows if isinstance(rule, Rule) else ())}
    return {oid for oid in found if oid[:2] in ("1.", "0.", "2.")}


def text_of(value: Value) -> str:
    """Readable text; octets that are none are given up byte by byte, not refused."""
    if isinstance(value, bytes):
        found = value.decode("utf-8", "replace")
        # Controls of C0 and C1 and Unicode's separators of lines: a terminal obeys them.
        return found.strip() if found.isprintable() else OBEYED.sub(" ", found).strip()
    return "" if value is None else str(value)


def number(value: Value) -> Fraction | None:
    """The number a value is, or begins with in its text."""
    if isinstance(value, int):
        return Fraction(value)
    if isinstance(value, bytes) and value[:3] == _FLOAT and len(value) == 7:
        found = struct.unpack(">f", value[3:])[0]
        return Fraction(str(found)) if math.isfinite(found) else None
    if isinstance(value, bytes):
        match = _NUMBER.search(value[:64].decode("ascii", "replace"))
        return _fraction(match.group()) if match else None
    return None


def _fraction(text: str) -> Fraction | None:
    found = float(text)
    return Fraction(text) if math.isfinite(found) and abs(found) < 1e18 else None


def identify(texts: Iterable[Text], description: str, rows: Rows) -> str:
    """The first of these that gives a text."""
    for text in texts:
        values = [description if oid == "descr" else _said(named(rows, oid), text) for oid in text.values]
        if not all(values):
            continue
        if text.match is not None:
            match = text.match.search("\n".join(values))
            if match is None:
                continue
            values = [group or "" for group in match.groups()]
        # One line; the device's own spaces inside it are kept.
        made = _BREAKS.sub(" ", text.form.format(*values)).strip()
        if made and text.row:
            made = text_of(rows.column(text.row).get(made))
        if made and not (text.known and made not in text.map):
            return text.map.get(made, made.upper() if text.upper else made)
    return ""


def _said(value: Value, text: Text) -> str:
    return value.hex() if text.hex and isinstance(value, bytes) else text_of(value)


def named(rows: Rows, oid: str) -> Value:
    """A column of the chassis by name, else as `first`."""
    return rows.scalar(oid) if oid.startswith(("chassis.", "stack.")) else first(rows, oid)


def first(rows: Rows, oid: str) -> Value:
    """A scalar, or a column's first value that is not empty."""
    if scalar(oid) or oid[:1] == "=":
        return rows.scalar(oid.removeprefix("="))
    return next((value for value in rows.column(oid).values() if text_of(value)), None)


def _cells(rows: Rows, oid: str) -> Mapping[str, Value]:
    """Index -> value; a scalar has the index ''."""
    if scalar(oid):
        found = rows.scalar(oid)
        return {} if found is None else {"": found}
    return rows.column(oid)


def readable(index: str) -> str:
    """The text that an index is: its length, then its characters; any other index as it stands."""
    first, *arcs = (int(arc) for arc in (index or "0").split("."))
    if first == len(arcs) > 1 and all(32 <= arc < 127 for arc in arcs):
        return bytes(arcs).decode("ascii")
    return index


class Table:
    """Cells of the columns asked for, each decoded once."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._known: dict[str, Mapping[str, Value]] = {}

    def cells(self, oid: str) -> Mapping[str, Value]:
        """Index -> value."""
        if oid not in self._known:
            self._known[oid] = _cells(self._rows, oid)
        return self._known[oid]

    def at(self, oid: str, index: str, cut: int = 0) -> Value:
        """The cell at this index, at what `cut` leaves of it, or the scalar."""
        if scalar(oid):
            return self.cells(oid).get("")
        if cut:
            arcs = index.split(".")
            index = ".".join(arcs[:cut] if cut > 0 else arcs[cut:])
        return self.cells(oid).get(index)

    def name(self, rule: Rule | SpaceRule, index: str) -> str:
        """Name of a row: its texts, in the rule's form where it has one."""
        cut = rule.cut if isinstance(rule, Rule) else 0
        found = [text_of(self.at(oid, index, cut)) for oid in rule.names]
        if rule.text:
            return " ".join(rule.text.format(*found, index=readable(index)).split())
        return " ".join(part for part in found if part) or readable(index)

    def meets(self, conditions: Mapping[str, frozenset[str]], index: str, cut: int) -> Iterator[bool]:
        """Whether each of these columns has one of the values at this index."""
        for oid, values in conditions.items():
            yield text_of(self.at(oid, index, cut)) in values


def _kept(table: Table, rule: Rule, index: str, value: Value) -> bool:
    if rule.index is not None and not rule.index.search(index):
        return False
    if text_of(value) in rule.skip:
        return False
    if rule.match is not None and not rule.match.search(table.name(rule, index)):
        return False
    return all(table.meets(rule.when, index, rule.cut)) and not any(table.meets(rule.unless, index, rule.cut))


def _log(value: Fraction) -> Fraction | None:
    """Decibels of a ratio; none for nothing."""
    return Fraction(str(round(10 * math.log10(value), 4))) if value > 0 else None


CONVERT: Mapping[str, Callable[[Fraction], Fraction | None]] = {
    "": lambda value: value,
    "fahrenheit": lambda value: (value - 32) * Fraction(5, 9),
    "dbm_of_mw": _log,
    "dbm_of_uw": lambda value: _log(value / 1000),
    "dbm_of_nw": lambda value: _log(value / 1_000_000),
    "signed16": lambda value: value - 65536 if value >= 32768 else value,
    "signed32": lambda value: value - 4294967296 if value >= 2147483648 else value,
    "minutes_of_seconds": lambda value: value / 60,
    "minutes_of_ticks": lambda value: value / 6000,
}


def measured(rule: Rule, raw: Fraction, exponent: Fraction | None) -> Fraction | None:
    """The value in its unit."""
    scaled = raw * rule.scale
    if exponent is not None:
        scaled = scaled / Fraction(10) ** int(exponent) if abs(exponent) <= 12 else scaled
    converted = CONVERT[rule.convert](scaled)
    return None if converted is None else converted + rule.offset


def _values(table: Table, rule: Rule) -> Iterator[tuple[str, Value, Fraction | None]]:
    """Rows of a rule that are kept: index, raw value, value in its unit."""
    enough = all(len(table.cells(oid)) >= least for oid, least in rule.rows.items())
    for index, value in table.cells(rule.value).items() if enough else ():
        if not _kept(table, rule, index, value):
            continue
        if rule.pattern is not None:
            match = rule.pattern.search(text_of(value))
            if match is None:
                continue
            value = match.group(1).encode()
        raw = number(value)
        if raw is not None and (
            (rule.low is not None and raw < rule.low) or (rule.high is not None and raw > rule.high)
        ):
            continue
        exponent = _exponent(table, rule, index)
        raw = None if raw is None else _related(table, rule, index, raw)
        yield index, value, None if raw is None else measured(rule, raw, exponent)


def _related(table: Table, rule: Rule, index: str, raw: Fraction) -> Fraction | None:
    """What other columns of the row make of the value: their factor, divisor, or whole."""
    found: Fraction | None = raw
    if rule.times:
        found = _times(raw, number(table.at(rule.times, index, rule.cut)))
    if found is not None and rule.over:
        found = _divided(found, number(table.at(rule.over, index, rule.cut)))
    if found is not None and rule.of:
        found = _share(found, number(table.at(rule.of, index, rule.cut)))
    return found


def _exponent(table: Table, rule: Rule, index: str) -> Fraction | None:
    """Powers of ten that the value is to be divided by."""
    if rule.power:
        found = number(table.at(rule.power, index, rule.cut))
        return None if found is None else -found
    return number(table.at(rule.by, index, rule.cut)) if rule.by else None


def _times(raw: Fraction, factor: Fraction | None) -> Fraction:
    if not factor:
        return raw
    return raw * factor if factor > 0 else raw / -factor


def _divided(raw: Fraction, divisor: Fraction | None) -> Fraction | None:
    """None by a divisor that is not told: without it the value says nothing."""
    return raw / divisor if divisor else None


def _share(part: Fraction, whole: Fraction | None) -> Fraction | None:
    """Percentage; none of a whole that is not told (printers say -2)."""
    return 100 * part / whole if whole is not None and whole > 0 else None


def _joined(oid: str, index: str) -> str:
    return f"{oid}.{index}" if oid and index and not scalar(oid) else oid


def sensors(rules: Iterable[Rule], rows: Rows) -> list[Sensor]:
    """One sensor a kept row; the first rule that reports an OID wins."""
    table = Table(rows)
    found: dict[str, Sensor] = {}
    for rule in rules:
        for index, value, scaled in _values(table, rule):
            oid = _joined(rule.oid, index)
            made = _sensor(table, rule, oid, index, value, scaled)
            if made is not None:
                found.setdefault(oid, made)
    return list(found.values())


_NEVER_NOTHING = ("temperature", "humidity", "fanspeed")


def _sensor(
    table: Table, rule: Rule, oid: str, index: str, value: Value, scaled: Fraction | None
) -> Sensor | None:
    name = table.name(rule, index)[:128]
    if rule.kind == "state":
        word, severity = state_of(rule, value)
        code = number(value)
        return Sensor(oid, "state", name, None if code is None else thousandths(code), word, severity)
    if scaled is None:
        return None
    limits: dict[str, Any] = {}
    for key, column in rule.limits.items():
        bound = number(table.at(column, index, rule.cut))
        # An upper limit of no degrees, of no humidity or of no turns at all is one that was never set.
        unset = bound is None or (rule.kind in _NEVER_NOTHING and key.endswith("high") and bound <= 0)
        limits[key] = (
            None if bound is None or unset else thousandths(measured(rule, bound, None) or Fraction(0))
        )
    return Sensor(oid, rule.kind, name, thousandths(scaled), **limits)


_WORST = ("crit", "warn", "unknown", "ok")


def state_of(rule: Rule, value: Value) -> tuple[str, str]:
    """The device's word for this code, and its severity."""
    if "none" not in rule.states or not isinstance(value, bytes):
        return rule.states.get(text_of(value), rule.other)
    octets = _octets(value, rule.states)
    bits = (
        f"bit {8 * at + bit}" for at, byte in enumerate(octets[:8]) for bit in range(8) if byte & 128 >> bit
    )
    found = [rule.states[bit] for bit in bits if bit in rule.states]
    return min(found, key=lambda state: _WORST.index(state[1]), default=rule.states["none"])


def _octets(value: bytes, states: Mapping[str, tuple[str, str]]) -> bytes:
    """The bit string; some give it as text, as `80 0`: more octets than the object has, all hex digits."""
    most = 1 + max(int(key[4:]) for key in states if key[:4] == "bit ") // 8
    digits = _HEX.match(value)
    return bytes.fromhex(digits.group().decode()) if digits and len(value) > most else value


def thousandths(value: Fraction) -> int:
    """Whole thousandths, half away from even nothing: round-half-even is good enough for a sensor."""
    return round(value * 1000)


def hundredths(value: Fraction | None) -> int | None:
    """Whole hundredths."""
    return None if value is None else round(value * 100)


def processors(rules: Iterable[Rule], rows: Rows) -> list[Processor]:
    """One processor a kept row."""
    table = Table(rows)
    found: dict[str, Processor] = {}
    for rule in rules:
        if rule.fallback and found:
            continue
        for index, _, scaled in _values(table, rule):
            oid = _joined(rule.oid, index)
            found.setdefault(oid, Processor(oid, table.name(rule, index)[:128], hundredths(scaled)))
    return list(found.values())


def spaces(rules: Iterable[SpaceRule], rows: Rows) -> list[Space]:
    """One pool or store a row."""
    table = Table(rows)
    found: dict[str, Space] = {}
    for rule in rules:
        if rule.fallback and found:
            continue
        for index in table.cells(rule.used or rule.percent or rule.free):
            if rule.index is not None and not rule.index.search(index):
                continue
            if not all(table.meets(rule.when, index, 0)) or any(table.meets(rule.unless, index, 0)):
                continue
            made = _space(table, rule, index)
            if made is not None:
                found.setdefault(made.oid or f"{rule.used or rule.free}.{index}", made)
    return list(found.values())


def _space(table: Table, rule: SpaceRule, index: str) -> Space | None:
    def read(oid: str) -> Fraction | None:
        if oid and text_of(table.at(oid, index)) in rule.skip:
            return None
        return number(table.at(oid, index)) if oid else None

    unit = read(rule.unit_of) if rule.unit_of else Fraction(rule.unit)
    used, free, total, percent = (read(oid) for oid in (rule.used, rule.free, rule.total, rule.percent))
    used, total = amounts(used, free, total)
    for oid in rule.less:
        used = None if used is None else used - (read(oid) or 0)
    # More free than there is (iLO 6's swap): the device contradicts itself, so nothing was read.
    used = None if used is not None and used < 0 else used
    share = percent * rule.scale if percent is not None else None
    if share is None and used is not None and total:
        share = 100 * used / total
    if share is None and used is None:
        return None
    # A negative share is a word for none, or of a size beyond 2^31: never less than nothing in use.
    share = None if share is not None and share < 0 else share
    if used is None and share is not None and total:
        used = total * share / 100
    unit = unit or Fraction(1)
    name = table.name(rule, index)[:128]
    return Space(
        _joined(rule.oid, index), name, rule.kind, _whole(used, unit), _whole(total, unit), hundredths(share)
    )


def amounts(
    used: Fraction | None, free: Fraction | None, total: Fraction | None
) -> tuple[Fraction | None, Fraction | None]:
    """Used and total from any two of the three."""
    if used is None and free is not None and total is not None:
        used = total - free
    if total is None and used is not None and free is not None:
        total = used + free
    return used, total


def _whole(value: Fraction | None, unit: Fraction) -> int | None:
    return None if value is None else round(value * unit)


def rules_of(profile: Profile | None, part: str) -> tuple[Rule, ...]:
    """A profile's rules for sensors or processors."""
    return () if profile is None else getattr(profile, part)
