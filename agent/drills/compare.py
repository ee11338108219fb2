"""Comparing what was restored with the fingerprint taken at the source."""

import json
from dataclasses import dataclass, field
from typing import Any

from agent.drills.course import MOST_DIFFERENCES, Course
from agent.drills.reading import Rows, root_of
from checks.drills import Compared, Difference
from checks.places import Entry, Place

_MOST = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Expected:
    """A fingerprint: table -> (count, sum). `zone` its rows were written in."""

    tables: dict[str, tuple[int, int]]
    root: str
    zone: str = "UTC"
    system: str = ""
    database: str = ""
    extra: dict[str, Any] = field(default_factory=dict)


def expected_of(course: Course, place: Place, entry: Entry) -> Expected | None:
    """The fingerprint beside the artefact, or where the parameters say; None where there is none."""
    if course.wish.compare == "none":
        return None
    path = course.wish.fingerprint or f"{entry.path}.fingerprint.json"
    try:
        raw = json.loads(place.block(path, 0, _MOST))
        tables = {str(name): (int(one[0]), int(one[1], 16)) for name, one in raw["tables"].items()}
        return Expected(tables, root_of(tables), raw.get("zone", "UTC"))
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return None


def compare(rows: Rows, expected: Expected) -> Compared:
    """Table by table."""
    found, exact, made = rows.tables, 0, []
    for name in sorted(expected.tables.keys() | found.keys()):
        wanted, got = expected.tables.get(name), found.get(name)
        if wanted == got:
            exact += 1
        else:
            made.append(_difference(name, wanted, got))
    return Compared(
        exact=exact,
        different=len(made),
        differences=tuple(made[:MOST_DIFFERENCES]),
        expected=expected.root,
        system=expected.system,
        database=expected.database,
    )


def _difference(name: str, wanted: tuple[int, int] | None, got: tuple[int, int] | None) -> Difference:
    if got is None or wanted is None:
        reason = "table_missing" if got is None else "table_extra"
    elif got[0] != wanted[0]:
        reason = "rows_missing" if got[0] < wanted[0] else "rows_extra"
    else:
        reason = "rows_differ"
    return Difference(name, reason, wanted[0] if wanted else 0, got[0] if got else 0)
