"""What people stated about faults, joined with the faults it is about. Nothing is overwritten.

A fault's id is `SYSTEM@ONSET`. Late evidence may move an onset, so a statement belongs to the fault of its
system that holds the instant in the id; one that fits none is *stray*: it is listed, and decides nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property

from collector.statements.fold import standing
from collector.statements.model import Said
from collector.statements.sides import word

_FUTURE_MS = 300_000  # what speaks of a later time than this after its receipt cannot be known yet
REPORT_SLACK_MS = 600_000  # users notice before the second failing probe


_PAST = frozenset(
    {
        "fault_reported",
        "fault_acknowledged",
        "fault_recovered",
        "arrived",
        "escalated",
        "team_support",
        "substituted",
        "no_support",
        "vulnerability_reported",
        "fix_plan",
        "mitigated",
        "security_event",
        "event_responded",
        "event_closed",
        "emergency",
    }
)


def fault_id(system: str, onset_ms: int) -> str:
    """`portal@2026-07-03T02:15:30Z`."""
    return f"{system}@{datetime.fromtimestamp(onset_ms // 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"


def onset_of(fault: str) -> tuple[str, int] | None:
    """System and instant (to the second) that an id names; None for what is none."""
    system, _, text = fault.rpartition("@")
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (system, int(at.timestamp()) * 1000) if system and at.tzinfo is not None else None


@dataclass(frozen=True)
class Heard:
    """Statements that stand at an instant, oldest first, and those that cannot.

    `roots`: the first statement of each chain of corrections, by the entry of any of its members; `alone`:
    those that still wait for a second person.
    """

    said: tuple[Said, ...]
    stray: tuple[tuple[int, str], ...]
    roots: Mapping[int, Said]
    alone: tuple[Said, ...] = ()

    def of(self, *kinds: str) -> list[Said]:
        """Those of these kinds."""
        found = [one for kind in kinds for one in self._by_kind.get(kind, ())]
        return found if len(kinds) == 1 else sorted(found, key=lambda one: (one.received_ms, one.entry))

    @cached_property
    def _by_kind(self) -> dict[str, list[Said]]:
        made: dict[str, list[Said]] = {}
        for one in self.said:
            made.setdefault(one.kind, []).append(one)
        return made

    def root(self, entry: int) -> int:
        """What an entry was before it was corrected; itself for what is not known."""
        found = self.roots.get(entry)
        return entry if found is None else found.entry

    def about(self, kind: str, one: Said) -> Said | None:
        """The statement of a kind that names this one (or what it corrects) by its entry: the newest, and
        where both sides may speak the buyer's."""
        mine = self.root(one.entry)
        named = [s for s in self.of(kind) if self._names(s) == mine]
        return word(named, lambda found: (time_of(found), dict(found.fields))).said

    def _names(self, one: Said) -> int | None:
        entry = number(one, "entry")
        return None if entry is None else self.root(entry)


def heard(said: Iterable[Said], as_of_ms: int) -> Heard:
    """Of every statement in the log what stands at an instant (collector/statements/fold.py): received by
    then, not corrected, with its second person where it needs one; and not of the future."""
    # By receipt: what is only supposed (a what-if) has no place in the log and comes last.
    received = (one for one in said if one.received_ms <= as_of_ms)
    known = sorted(received, key=lambda one: (one.received_ms, one.entry))
    early = {one.entry for one in known if one.kind in _PAST and time_of(one) > one.received_ms + _FUTURE_MS}
    # A correction that speaks of the future stands no more than any other such statement, and replaces none.
    possible = [one for one in known if one.entry not in early]
    stands = standing(possible, as_of_ms)
    waiting = standing([replace(one, two=False) for one in possible], as_of_ms)
    held = {one.entry for one in stands}
    roots: dict[int, Said] = {}
    for one in known:
        before = roots.get(one.corrects) if one.corrects is not None else None
        roots[one.entry] = one if before is None else before
    return Heard(
        said=stands,
        stray=tuple((entry, "in_the_future") for entry in sorted(early)),
        roots=roots,
        alone=tuple(one for one in waiting if one.entry not in held),
    )


def time_of(one: Said) -> int:
    """The time it speaks of; when it came, for one that names none."""
    return one.received_ms if one.at_ms is None else one.at_ms


def text(one: Said, *names: str) -> str:
    """The first of these fields that is there, as text."""
    for name in names:
        value = one.fields.get(name)
        if value is not None and value != "":
            return str(value)
    return ""


def flag(one: Said, *names: str) -> bool | None:
    """The first of these fields that says yes or no."""
    for name in names:
        value = one.fields.get(name)
        if isinstance(value, bool):
            return value
    return None


def number(one: Said, name: str) -> int | None:
    """A field as a whole number."""
    value = one.fields.get(name)
    return value if type(value) is int else None


@dataclass(frozen=True, slots=True)
class Extent:
    """Where a fault lies: what a statement's id or time is looked up in. `to_ms` None: still running."""

    id: str
    system: str
    from_ms: int
    to_ms: int | None


def matching(ref: str, extents: Sequence[Extent]) -> Extent | None:
    """The fault that an id means: itself, or the one of its system that holds the instant it names."""
    exact = next((one for one in extents if one.id == ref), None)
    named = onset_of(ref)
    if exact is not None or named is None:
        return exact
    system, at = named
    for one in extents:
        first = one.from_ms // 1000 * 1000
        if one.system == system and first <= at and (one.to_ms is None or at < max(one.to_ms, first + 1000)):
            return one
    return None


def reported_in(system: str, at_ms: int, extents: Sequence[Extent]) -> Extent | None:
    """The measured fault that a user's report is about: of its system, running then or minutes later."""
    for one in extents:
        begun = one.from_ms - REPORT_SLACK_MS <= at_ms
        if one.system == system and begun and (one.to_ms is None or at_ms < one.to_ms):
            return one
    return None
