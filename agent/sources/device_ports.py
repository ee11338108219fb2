"""Ports of a network device from its command line: states by the forms, counters from the same output."""

import re
from collections.abc import Mapping, Sequence

from agent.parsing.parse import Row
from agent.sources.device_cli import Rows, number, text
from checks.snmp import Port, PortCounters

_NAMES = ("interface", "name")
_STATES = ("link_status", "line_status", "state", "status")
_SPEED = re.compile(r"(\d{1,9})(?:\.\d+)?\s*([kmg]?)", re.IGNORECASE)
_FACTORS = {"k": 1000, "m": 10**6, "g": 10**9}
_OTHER = 1  # ifType other: a command line does not tell the kind

_OCTETS_IN = re.compile(
    r"Input ?(?:\(total\))?: *\d+ packets, ?(\d+) bytes|\d+ packets input, (\d+) bytes"
    r"|\d+ input packets +(\d+) bytes|^ *In_Bytes +(\d+)",
    re.I | re.M,
)
_OCTETS_OUT = re.compile(
    r"Output ?(?:\(total\))?: *\d+ packets, ?(\d+) bytes|\d+ packets output, (\d+) bytes"
    r"|\d+ output packets +(\d+) bytes|^ *E_Bytes +(\d+)",
    re.I | re.M,
)
_ERRORS = re.compile(r"Total Error: +(\d+)|\b(\d+) (?:input |output )?errors?\b|_CRC_ERROR +(\d+)", re.I)
_DISCARDS = re.compile(
    r"Discard: +(\d+)|Total output drops: (\d+)|\b(\d+) drops\b|\b(\d+) (?:in|out)put discard", re.I
)
_OUT_BEGINS = re.compile(
    r"^\s*(?:Output ?(?:\(total\))?: *\d+ packets|\d+ packets output|TX\s*$|E_Bytes )", re.I | re.M
)
_DROPPED = re.compile(r"Total output drops: (\d+)", re.I)


def ports(platform: str, rows: Rows, texts: Mapping[str, str]) -> tuple[Port, ...]:
    """All ports that the outputs name."""
    found: list[Port] = []
    for command, listed in rows.items():
        shown = _sections(texts[command], [_name(row) for row in listed])
        for row, section in zip(listed, shown, strict=True):
            found.append(_port(len(found) + 1, row, section))
    return tuple(found)


def _name(row: Row) -> str:
    return next((text(row, one) for one in _NAMES if text(row, one)), "")


def _sections(whole: str, names: Sequence[str]) -> list[str]:
    """What is shown of each port, in the order of the output; empty where it is not found."""
    begins, at = [], 0
    for name in names:
        found = re.compile(rf"^ ?{re.escape(name)}(?![\w./-])", re.M).search(whole, at) if name else None
        begins.append(None if found is None else found.start())
        at = at if found is None else found.end()
    made = []
    for turn, begin in enumerate(begins):
        end = next((one for one in begins[turn + 1 :] if one is not None), len(whole))
        made.append("" if begin is None else whole[begin:end])
    return made


def _port(index: int, row: Row, section: str) -> Port:
    state = next((text(row, one).lower() for one in _STATES if text(row, one)), "")
    shut = "admin" in state or state.startswith("*")
    oper = "up" if state.startswith("up") else "down" if state else ""
    alias = text(row, "description") or text(row, "interface_description")
    admin = "down" if shut else "up" if state else ""
    return Port(
        index, _name(row), _name(row), alias[:255], _OTHER, admin, oper, _speed(row), _counters(section)
    )


def _speed(row: Row) -> int | None:
    """Bits a second of what the port runs at."""
    for name, factor in (("speed", 10**6), ("bandwidth", 1000), ("bandwith", 1)):
        found = _SPEED.match(text(row, name))
        if found:
            return int(found[1]) * _FACTORS.get(found[2].lower(), factor)
    return None


def _counters(section: str) -> PortCounters:
    """Of one port; None where the output does not show one."""
    out = _OUT_BEGINS.search(section)
    head, tail = (section[: out.start()], section[out.start() :]) if out else (section, "")
    dropped = _DROPPED.search(section)
    return PortCounters(
        _found(_OCTETS_IN, head),
        _found(_OCTETS_OUT, tail),
        _found(_ERRORS, head),
        _found(_ERRORS, tail),
        _found(_DISCARDS, "" if dropped else head),
        number(dropped[1]) if dropped else _found(_DISCARDS, tail),
    )


def _found(pattern: re.Pattern[str], where: str) -> int | None:
    found = pattern.search(where)
    return None if found is None else number(next(one for one in found.groups() if one is not None))
