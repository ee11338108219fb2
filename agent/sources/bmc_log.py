"""What a controller's event log gained since the last look, by the marks of its entries."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from agent.sources.memory import Memory
from checks.bmc import EventLog

MOST = 4000  # entries of one log: more than controllers keep
_MARK = 8  # hex digits of an entry's mark


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: what tells it from others, its severity (or event), and all it says."""

    key: str
    severity: str
    told: str


def grown(memory: Memory, name: str, entries: Sequence[Entry]) -> EventLog:
    """Count the entries that were not there at the last look: numbers and order differ by maker."""
    cut = len(entries) > MOST
    by_mark = {_mark(entry): entry for entry in entries[:MOST]}
    before = memory.swap(f"log:{name}", "".join(by_mark))
    first = not isinstance(before, str)
    marks = "" if not isinstance(before, str) else before
    known = {marks[i : i + _MARK] for i in range(0, len(marks), _MARK)}
    fresh = [] if first else [entry for mark, entry in by_mark.items() if mark not in known]
    told = sha256("\n".join(entry.told for entry in fresh).encode("utf-8", "replace"))
    return EventLog(
        name=name,
        first_look=first,
        cleared=bool(known) and not known & by_mark.keys(),
        entries=len(by_mark),
        new=len(fresh),
        counts=dict(sorted(Counter(entry.severity for entry in fresh).items())),
        digest=told.hexdigest() if fresh else "",
        cut=cut,
    )


def _mark(entry: Entry) -> str:
    return sha256(entry.key.encode("utf-8", "replace")).hexdigest()[:_MARK]
