"""Comparing what was restored with the fingerprint taken at the source."""

from collections.abc import Mapping
from dataclasses import replace

from agent.drills.course import Course
from checks.artefacts import standing
from checks.artefacts.fingerprint import (
    ENDING,
    MOST_BYTES,
    Fingerprint,
    FingerprintError,
    Summed,
    compare,
    parse,
    root_alone,
)
from checks.drills import Against
from checks.places import Entry, Place


def expected_of(course: Course, place: Place, entry: Entry) -> Fingerprint | None:
    """The fingerprint beside the artefact, or where the parameters say. What is wrong with it, and what it
    says of itself, is in the course."""
    if course.wish.compare == "none":
        return None
    try:
        found = parse(place.block(course.wish.fingerprint or entry.path + ENDING, 0, MOST_BYTES + 1))
    except OSError as problem:
        course.against = Against(standing.trouble(problem))
    except FingerprintError as problem:
        course.against = Against(problem.reason)
    else:
        course.against = Against("", found.root, found.system, found.database)
        return found
    return None


def put_beside(
    course: Course, expected: Fingerprint | None, tables: Mapping[str, Summed], objects: Summed | None
) -> None:
    """Compare; the root of what was restored is known either way."""
    if expected is not None and course.against is not None:
        seen = compare(expected, tables, objects)
        course.against = replace(course.against, compared=seen)
        course.restored = replace(course.restored, root=seen.root)
    else:
        course.restored = replace(course.restored, root=root_alone(tables, objects))
