"""Licences and libraries of signatures of network and security devices, with their dates."""

import re
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

from agent.sources.device_cli import Rows, text
from checks.device import Dated

COMMANDS: Mapping[str, tuple[str, ...]] = {
    "huawei_vrp": ("display license verbose",),
    "cisco_ios": ("show license",),
    "fortinet": ("get system status",),
}
# Asked where this user may: what they tell comes beside what the others do.
MORE: Mapping[str, tuple[str, ...]] = {"fortinet": ("diagnose autoupdate versions",)}
# Devices tell a day without a zone; it is read as UTC: a day off is far below any limit.
_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d))?")
_LEFT = re.compile(r"(?:(\d{1,5}) +weeks?)(?: +(\d{1,5}) +days?)?|()(\d{1,5}) +days?")
_LIBRARY = re.compile(r"^([\d.]+)\s*\((.*)\)$")
_CALENDAR = re.compile(r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) +(\d{1,2}) (?:\d\d:\d\d:\d\d )?(\d{4})$")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NO_END = re.compile(r"permanent|life ?time|never|perpetual|永久", re.IGNORECASE)


def read(platform: str, rows: Rows) -> tuple[Dated, ...]:
    """All that have a date, or say that they never end; each name once."""
    found: dict[tuple[str, str], Dated] = {}
    for one in _READERS[platform](rows):
        found.setdefault((one.kind, one.name), one)
    return tuple(found.values())


def moment(said: str) -> int | None:
    """`2021-01-08 11:20` or `Sat Apr 24 2027` as UTC milliseconds."""
    named = _CALENDAR.match(said.strip())
    if named and named[1] in _MONTHS:
        said = f"{named[3]}-{_MONTHS.index(named[1]) + 1:02}-{int(named[2]):02}"
    found = _DAY.search(said)
    if found is None:
        return None
    try:
        year, month, day, hour, minute = (int(one or 0) for one in found.groups())
        return int(datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp()) * 1000
    except ValueError:
        return None


def _vrp(rows: Rows) -> Iterable[Dated]:
    for row in rows.get("display license verbose", ()):
        name = text(row, "item_name") or text(row, "feature_name") or text(row, "license_serial_no")
        end = text(row, "item_expired_date") or text(row, "expired_date")
        yield Dated("licence", name[:120], moment(end), bool(_NO_END.search(end)))


def _cisco(rows: Rows) -> Iterable[Dated]:
    for row in rows.get("show license", ()):
        if not re.search(r"(?<!not )in use", text(row, "license_state").lower()):
            continue  # a feature nobody has bought is no licence that ends
        left = text(row, "period_left")
        yield Dated("licence", text(row, "feature")[:120], _ends(left), bool(_NO_END.search(left)))


def _ends(left: str) -> int | None:
    """When what is left of a licence (`8 weeks 3 days`) is over."""
    found = _LEFT.search(left)
    if found is None:
        return None
    days = int(found[1] or 0) * 7 + int(found[2] or found[4] or 0)
    return time.time_ns() // 1_000_000 + days * 86_400_000


def _fortinet(rows: Rows) -> Iterable[Dated]:
    for row in rows.get("get system status", ()):
        for name in sorted(row):
            library = _LIBRARY.match(text(row, name))
            if library:
                yield Dated("signatures", name, moment(library[2]), version=library[1])
        end = text(row, "evaluation_license_expires")
        if end:
            yield Dated("licence", "evaluation", moment(end))
    for row in rows.get("diagnose autoupdate versions", ()):
        end = text(row, "contract_expiry")
        if end and end.lower() != "n/a":  # what nobody has bought has no end
            yield Dated("licence", text(row, "name"), moment(end), bool(_NO_END.search(end)))


_READERS: Mapping[str, Callable[[Rows], Iterable[Dated]]] = {
    "huawei_vrp": _vrp,
    "cisco_ios": _cisco,
    "fortinet": _fortinet,
}
