"""What is there, compared with what somebody approved: the readings that all baselines share."""

from collections.abc import Iterator, Mapping
from hashlib import sha256

from checks.api import Reading, State, Unit

# Enough to look into; the counts are complete.
MOST_LISTED = 20


def mark(*parts: object) -> str:
    """Sixteen hexadecimal digits of the SHA-256 of these parts: a difference shows, the parts don't."""
    return sha256("\0".join(map(str, parts)).encode("utf-8", "replace")).hexdigest()[:16]


def compare(
    approved: Mapping[str, str] | None, found: Mapping[str, str], state: State = State.CRIT
) -> Iterator[Reading]:
    """Readings `unexpected`, `changed` and `gone` (counts), then one for each of the first such names.

    `approved` and `found` map a name to its mark. No baseline is unknown, never ok.
    """
    if approved is None:
        yield Reading("unexpected", None, Unit.COUNT, State.UNKNOWN, "no_baseline")
        return
    kinds = {
        "unexpected": sorted(found.keys() - approved.keys()),
        "changed": sorted(name for name in found.keys() & approved.keys() if found[name] != approved[name]),
        "gone": sorted(approved.keys() - found.keys()),
    }
    for kind, names in kinds.items():
        yield Reading(kind, len(names), Unit.COUNT, state if names else State.OK, kind if names else "")
    for kind, names in kinds.items():
        for name in names[:MOST_LISTED]:
            yield Reading(name, None, Unit.NONE, state, kind)
