"""Chinese working days as versioned data: one file per year with the notice it follows, never a guess."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from hashlib import sha256
from importlib.resources import files

from collector.availability.errors import MissingYear, SpecError


@dataclass(frozen=True, slots=True)
class Year:
    """Public holidays (weekends inside them too), make-up working days, the notice, the file's digest."""

    holidays: frozenset[date]
    workdays: frozenset[date]
    notice: str
    digest: str


@dataclass(frozen=True, slots=True)
class Calendar:
    """The years that are known; `version` names exactly these files."""

    version: str
    years: Mapping[int, Year]

    def is_workday(self, day: date) -> bool:
        """(Monday-Friday and not a public holiday) or make-up day."""
        year = self.years.get(day.year)
        if year is None:
            raise MissingYear(day.year, self.version)
        return day in year.workdays or (day.weekday() < 5 and day not in year.holidays)


def calendar(raw_files: Iterable[bytes]) -> Calendar:
    """A calendar from its data files, as shipped or as carried in a bundle."""
    years: dict[int, Year] = {}
    for raw in raw_files:
        number, year = _year(raw)
        if number in years:
            raise SpecError("calendar.twice", str(number), "two data files for one year")
        years[number] = year
    lines = "".join(f"{number} {years[number].digest}\n" for number in sorted(years))
    return Calendar(f"cn-{sha256(lines.encode()).hexdigest()[:16]}", years)


def shipped_files() -> dict[str, bytes]:
    """Name and bytes of the data files that come with the program, to be cited by digest."""
    folder = files("collector.availability") / "data"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".json"))
    return {name: (folder / name).read_bytes() for name in names}


@cache
def shipped() -> Calendar:
    """The calendar that comes with the program, read once a process."""
    return calendar(shipped_files().values())


def _year(raw: bytes) -> tuple[int, Year]:
    digest = sha256(raw).hexdigest()
    try:
        document = json.loads(raw)
        number, notice = document["year"], document["notice"]
        holidays = frozenset(date.fromisoformat(day) for day in document["holidays"])
        workdays = frozenset(date.fromisoformat(day) for day in document["workdays"])
    except (ValueError, KeyError, TypeError) as error:
        raise SpecError("calendar.file", digest[:16], f"not a calendar data file: {error!r}") from None
    if not isinstance(number, int) or not isinstance(notice, str):
        raise SpecError("calendar.file", digest[:16], "year is a number and notice a text")
    strays = [day for day in holidays | workdays if day.year != number]
    if strays or holidays & workdays:
        raise SpecError(
            "calendar.file", str(number), "a day is outside the year, or both holiday and working day"
        )
    return number, Year(holidays, workdays, notice, digest)
