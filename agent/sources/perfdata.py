"""Performance data of monitoring plugins: 'label'=value[unit];warn;crit;min;max, separated by spaces.

The layout of the whole output:

    text | perfdata            first line
    more text                  any number of lines
    more text | perfdata       from here on, every line is performance data
"""

import re
from fractions import Fraction

from checks.probes import Perf

_MOST = 200  # items kept
# A quoted label doubles the quotes in it; one without quotes holds neither space nor equals sign.
_ITEM = re.compile(r"\s*(?:'((?:[^']|'')*)'|([^\s='][^\s=]*))=(\S*)")
_VALUE = re.compile(
    r"([+-]?(?:\d{1,15}(?:[.,]\d{0,9})?|[.,]\d{1,9})(?:[eE][+-]?\d)?)([^\d;,.\s-][^\d;\s]{0,11})?"
)
_WORD = re.compile(r"\s*\S*")
_LARGEST = 1 << 53


def split(output: bytes) -> tuple[bytes, str]:
    """The first line's text as printed, and all performance data; whatever bytes these are."""
    first, _, rest = output.partition(b"\n")
    text, _, values = first.partition(b"|")
    more = rest.partition(b"|")[2]
    return text.rstrip(), _decode(values + b"\n" + more)


def _decode(raw: bytes) -> str:
    for charset in ("utf-8", "gb18030"):
        try:
            return raw.decode(charset)
        except UnicodeDecodeError:
            continue
    return raw.decode("utf-8", "replace")


def parse(text: str) -> tuple[tuple[Perf, ...], int]:
    """Items that could be read, and the number of those that could not."""
    found: dict[str, Perf] = {}
    unread, place = 0, 0
    while place < len(text):
        match = _ITEM.match(text, place)
        if match is None:
            # Not an item: leave out one word and go on behind it.
            word = _WORD.match(text, place)
            place = word.end() if word else len(text)
            unread += bool(word and word[0].strip())
            continue
        place = match.end()
        item = _item(match)
        if item is None or item.label in found or len(found) >= _MOST:
            unread += 1
        else:
            found[item.label] = item
    return tuple(found.values()), unread


def _item(match: re.Match[str]) -> Perf | None:
    label = match[1].replace("''", "'") if match[1] is not None else match[2]
    label = _printable(label).strip()[:64]
    value = match[3].partition(";")[0]
    if not label:
        return None
    if value == "U":
        return Perf(label, None, "")
    parts = _VALUE.fullmatch(value)
    if parts is None:
        return None
    number = Fraction(parts[1].replace(",", ".").replace("+", "", 1))
    if abs(number.numerator) > _LARGEST or number.denominator > _LARGEST:
        return None
    return Perf(label, number, _printable(parts[2] or ""))


def _printable(text: str) -> str:
    """What can be shown and signed: no control characters, no lone surrogates, no marks of lost bytes."""
    return "".join(c for c in text if c.isprintable() and c != "\ufffd")
