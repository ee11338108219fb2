"""Write a year's calendar data file from the installed chinesecalendar package and the notice's number.

    python deploy/make_calendar.py 2027 "国办发明电〔2026〕N号" > collector/availability/data/cn_2027.json

Compare it with the notice itself before it is committed: contracts are judged by it.
"""

import json
import sys
from importlib.metadata import version

from chinese_calendar.constants import holidays, workdays


def document(year: int, notice: str) -> dict[str, object]:
    """The data file as plain JSON; a year that the package does not know is refused."""
    free = sorted(day.isoformat() for day in holidays if day.year == year)
    if not free:
        raise SystemExit(f"chinesecalendar {version('chinesecalendar')} has no holidays for {year}")
    return {
        "calendar": "cn",
        "year": year,
        "notice": notice,
        "source": f"chinesecalendar {version('chinesecalendar')}",
        "holidays": free,
        "workdays": sorted(day.isoformat() for day in workdays if day.year == year),
    }


def main() -> None:
    """Year and notice from the command line, the file to standard output."""
    if len(sys.argv) != 3 or not sys.argv[1].isdecimal():
        raise SystemExit(__doc__)
    made = document(int(sys.argv[1]), sys.argv[2])
    sys.stdout.write(json.dumps(made, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
