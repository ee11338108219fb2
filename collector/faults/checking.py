"""Words that a pack's sections about faults may use, and what every rule of theirs is checked for beside its
shape: (path, reason) each. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from collector.inspection.deadlines import Deadline

Mistake = tuple[tuple[str | int, ...], str]
STARTS = ("problem", "onset", "detected", "reported", "acknowledged", "recovered")
STOPS = ("acknowledged", "arrived", "recovered", "substituted", "team_support")
ROLES = ("", "technician", "engineer", "expert", "manager")
SCORED = ("", "late", "no_support", "not_restored")
SEVERITIES = ("critical", "high", "medium", "low", "any")
STATES = ("crit", "warn")
_UNIT_MINUTES = {
    "minutes": 1,
    "hours": 60,
    "working_hours": 60,
    "days": 1440,
    "working_days": 1440,
    "weeks": 7 * 1440,
}


def twice(section: str, ids: Sequence[str]) -> Iterator[Mistake]:
    """Names that stand in a section more than once."""
    for i, name in enumerate(ids):
        if name in ids[:i]:
            yield (section, i, "id"), f"{name!r} stands here twice"


def limits_of(limits: Mapping[str, Deadline], gravest_first: Sequence[str]) -> Iterator[Mistake]:
    """At least one, of one unit at least, and none shorter for what is less grave."""
    if not limits:
        yield ("limits",), "at least one is wanted here"
    for key, one in limits.items():
        if one.count < 1:
            yield ("limits", key, "count"), "a limit is of one unit at least"
    for graver, lighter in pairwise(gravest_first):
        if _minutes(limits[graver]) > _minutes(limits[lighter]):
            yield ("limits", lighter), f"limits the wrong way round: {graver} has longer"


def _minutes(limit: Deadline) -> int:
    return limit.count * _UNIT_MINUTES.get(str(limit.unit), 30 * 1440)
