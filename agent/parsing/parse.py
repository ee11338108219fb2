"""A device's output read into rows of named fields, by the TextFSM forms known for its command."""

import re
from collections.abc import Sequence
from pathlib import Path

import textfsm

from agent.parsing import forms, names
from agent.parsing.errors import ParseError
from agent.parsing.text import decode, plain

Value = str | list[str]
Row = dict[str, Value]
_INPUT_LINE = re.compile(r"Input Line: (.*?)\.?$", re.DOTALL)
_FIGURES = re.compile(r"[\d.,:/+-]+")
# Totals a device states itself: fewer rows than it says it has is an output that was cut.
_TOTALS = {
    ("huawei_vrp", "display ospf peer brief"): re.compile(r"Total Peer\(s\):\s*(\d+)"),
    ("huawei_vrp", "display snmp-agent community read"): re.compile(r"Total number is (\d+)"),
    ("huawei_vrp", "display isis peer"): re.compile(r"Total Peer\(s\):\s*(\d+)"),
    ("huawei_vrp", "display bgp peer"): re.compile(r"Total number of peers\s*:\s*(\d+)"),
}

# What the version output of each platform says of itself; another maker's often has the same form.
MARKS = {
    "huawei_vrp": re.compile(r"\bVRP\b|Huawei", re.IGNORECASE),
    "hp_comware": re.compile(r"Comware"),
    "ruijie_os": re.compile(r"Ruijie|RGOS"),
    "zte_zxros": re.compile(r"\bZTE\b|ZXR|ZXROS"),
    "cisco_ios": re.compile(r"\bIOS\b|Internetwork Operating System"),
    "cisco_nxos": re.compile(r"NX-OS|Nexus"),
    "cisco_xr": re.compile(r"IOS XR"),
    "fortinet": re.compile(r"Forti"),
}
# A word, a gap or a line so long the forms' patterns would try for minutes, and hold up all looks at other
# machines meanwhile. Rules are drawn as wide as the terminal, which we ask to be 512.
_NO_DEVICE = re.compile(r"[^\s=*_#+-]{256}|\S{600}|[ \t]{256}|[^\n]{4096}")
_SAYS_WHO = frozenset({"display version", "show version", "show version brief", "get system status"})


def parse(platform: str, command: str, output: bytes | str, naming: str = names.NTC) -> tuple[Row, ...]:
    """Rows of fields (text, or lists of text; lower-case names) of one output; at least one row.

    Where more than one form of this output fits and they agree on the number of rows, a row has the
    fields of all of them; a field that two forms mean differently is that of `naming` (one of
    names.NAMINGS). ParseError where no form fits the whole of it: nothing is read from a part.
    """
    name = forms.platform(platform)
    meant = forms.command(name, command)
    text = plain(output if isinstance(output, str) else decode(output))
    if found := _NO_DEVICE.search(text):
        line = text[text.rfind("\n", 0, found.start()) + 1 : found.end()]
        raise ParseError("garbled", "a line that no device prints", line=line)
    if meant in _SAYS_WHO and name in MARKS and not MARKS[name].search(text):
        raise ParseError("unparsed", f"nothing in it speaks of {name}", line=_first_line(text))
    fitting: list[list[Row]] = []
    trouble: list[ParseError] = []
    variants = forms.variants(name, meant)
    for files in variants if naming == names.NTC else variants[::-1]:
        try:
            fitting.append(_together(files, text))
        except ParseError as error:
            trouble.append(error)
    if not fitting:
        # The form that came furthest names the line that matters.
        raise max(trouble, key=lambda error: error.number or 0)
    rows = _merged(fitting, max(fitting, key=_size) if naming == names.NTC else fitting[0])
    _count(name, meant, text, rows)
    return tuple(names.both(name, meant, row, naming) for row in rows)


def _together(files: Sequence[Path], text: str) -> list[Row]:
    first, keys = _one(files[0], text)
    if not first:
        raise ParseError("unparsed", "none of its lines has the form of this output", line=_first_line(text))
    for path in files[1:]:
        more, _ = _one(path, text)
        for row in first:
            same = (one for one in more if all(one.get(key) == row.get(key) for key in keys))
            found = next(same, dict.fromkeys(_header(path), ""))
            row |= {key: value for key, value in found.items() if key not in keys}
    return first


def _header(path: Path) -> list[str]:
    with path.open(encoding="utf-8") as template:
        return [str(one).lower() for one in textfsm.TextFSM(template).header]


def _one(path: Path, text: str) -> tuple[list[Row], list[str]]:
    with path.open(encoding="utf-8") as template:
        machine = textfsm.TextFSM(template)
    try:
        made = machine.ParseText(text)
    except textfsm.TextFSMError as error:
        line = found[1] if (found := _INPUT_LINE.search(str(error))) else ""
        raise ParseError(
            "unparsed", "not in the known form of this output", line=line, number=_number(text, line)
        ) from None
    header = [str(one).lower() for one in machine.header]
    made = [row for row in made if any(row)]
    _ascii_numbers(made, text)
    keys = [str(one.name).lower() for one in machine.values if "Key" in one.OptionNames()]
    return [dict(zip(header, row, strict=True)) for row in made], keys


def _ascii_numbers(rows: list[list[Value]], text: str) -> None:
    # Python's \\d takes the digits of every script; a device writes only ours.
    for row in rows:
        for value in row:
            for one in value if isinstance(value, list) else [value]:
                if not one.isascii() and _FIGURES.fullmatch(one):
                    line = next((line for line in text.split("\n") if one in line), one)
                    raise ParseError("unparsed", "digits no device writes", line=line)


def _number(text: str, line: str) -> int | None:
    lines = text.split("\n")
    return lines.index(line) + 1 if line in lines else None


def _first_line(text: str) -> str:
    return next(line for line in text.split("\n") if line.strip())


def _size(rows: list[Row]) -> tuple[int, int]:
    return len(rows), sum(map(_filled, rows))


def _merged(fitting: list[list[Row]], like: list[Row]) -> list[Row]:
    """`like`: the reading that decides which rows there are."""
    same = [rows for rows in fitting if len(rows) == len(like)]
    merged: list[Row] = []
    for alike in zip(*same, strict=True):
        row: Row = {}
        for one in alike:
            row |= {key: value for key, value in one.items() if not row.get(key)}
        merged.append(row)
    return merged


def _filled(row: Row) -> int:
    return sum(1 for value in row.values() if value)


def _count(name: str, meant: str, text: str, rows: list[Row]) -> None:
    pattern = _TOTALS.get((name, meant))
    stated = [int(one) for one in pattern.findall(text)] if pattern else []
    if stated and sum(stated) != len(rows):
        raise ParseError("cut", f"the device speaks of {sum(stated)} rows, {len(rows)} were read")
