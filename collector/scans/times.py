"""Instants as reports write them, to UTC ms."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, tzinfo

_FORMS = (
    "%Y-%m-%d %H:%M:%S",
    "%Y/%m/%d %H:%M:%S",
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y/%m/%d %H:%M",
    "%Y.%m.%d",
    "%Y年%m月%d日",
    "%Y%m%dT%H%M%S%f",
    "%a %b %d %H:%M:%S %Y",
    "%a, %d %b %Y %H:%M:%S",
    "%m/%d/%Y %H:%M:%S",
)
_NANO = re.compile(r"(\.\d{6})\d+")
_EARLIEST = 631_152_000_000  # 1990: before it nobody scanned; a zero instant means none


def instant(text: str | None, zone: tzinfo) -> int | None:
    """The instant; one without a zone is local time of `zone`. None for what cannot be read."""
    line = _NANO.sub(r"\1", " ".join((text or "").split()))
    if not line:
        return None
    for read in (datetime.fromisoformat, *_readers()):
        try:
            found = read(line)
            ms = int((found if found.tzinfo else found.replace(tzinfo=zone)).timestamp() * 1000)
        except (ValueError, OverflowError, OSError):
            continue
        return ms if ms >= _EARLIEST else None
    return None


def _readers() -> Iterator[Callable[[str], datetime]]:
    def reader(form: str) -> Callable[[str], datetime]:
        return lambda text: datetime.strptime(text, form)

    return (reader(form) for form in _FORMS)


def epoch(text: str | None) -> int | None:
    """Seconds since 1970 in digits."""
    digits = (text or "").strip()
    return int(digits) * 1000 if digits.isascii() and digits.isdigit() and 9 <= len(digits) <= 11 else None
