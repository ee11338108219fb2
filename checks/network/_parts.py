"""What the checks of this package share: names, words of the ledger, states of neighbours."""

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from checks.api import Reading, State, Unit


def unique(names: Iterable[str]) -> list[str]:
    """The names, each once: the second `Fan` is `Fan #2`; an empty one is `-`."""
    seen: dict[str, int] = {}
    made: list[str] = []
    taken: set[str] = set()
    for name in names:
        base = name.strip() or "-"
        seen[base] = at = seen.get(base, 0) + 1
        shown = base if at == 1 else f"{base} #{at}"
        while shown in taken:
            at += 1
            shown = f"{base} #{at}"
        taken.add(shown)
        made.append(shown)
    return made


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Whether one of these patterns (`Vlan*`, exact names) names it; case counts."""
    return any(fnmatchcase(name, one) for one in patterns)


def against(name: str, told: str, wanted: str) -> Reading:
    """What the device says beside what the ledger does; blanks and case do not count."""
    if not told.strip():
        return Reading(name, None, Unit.NONE, State.UNKNOWN, "not_reported")
    if told.strip().casefold() == wanted.strip().casefold():
        return Reading(name, None, Unit.NONE, State.OK)
    return Reading(name, None, Unit.NONE, State.CRIT, "ledger_differs")


def absent(expected: Iterable[str], found: Iterable[str]) -> Iterator[Reading]:
    """A reading for each one expected that is not there."""
    there = set(found)
    for name in dict.fromkeys(expected):
        if name not in there:
            yield Reading(name, None, Unit.NONE, State.CRIT, "missing")


def whole(value: object) -> int | None:
    """A whole number of a table, None where there is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def words(value: object) -> str:
    """Text of a table: octets as UTF-8 where they are, without control characters."""
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")
    return "".join(one for one in text if one.isprintable()).strip()
