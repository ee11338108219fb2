"""What the cadence ledger is made from (`Observed`) and what it gives (`Row`). Plain data.

Instants are UTC ms, half open; `entry` is an index of the evidence log.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from collector.inspection.deadlines import Workdays

Scalar = str | int | bool | None
Span = tuple[int, int]


class State(StrEnum):
    """What became of something that was due."""

    OPEN = "open"  # its time is not over
    DONE = "done"
    LATE = "late"
    MISSED = "missed"  # its time is over, and somebody would have seen it
    EXCUSED = "excused"  # by a notice that came before
    NOT_PROVEN = "not_proven"  # nobody could tell


NOT_PLANNED = "assets_not_planned"  # an inspection of all but what nobody had planned a look at
NOT_CONFIRMED = "not_confirmed"  # … of all but what only the vendor's side says was out of service


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that was done: `kind` is a word of the pack, `check:ID` for looks, `document:ITEM` for files.

    `at_ms`: when, corrected for the agent's clock; `slack_ms`: how far that may be off (a clock that nobody
    could compare). `counts` false: it was tried and does not count, for `reason` (partial inspections).
    `about`: a day of the period that a report is about. Without unit and system: the whole contract. What is
    made of several rounds names the other entries (`also`) and the first of them (`since_ms`). What lasts (a
    roster) goes on until `until_ms`.
    """

    kind: str
    at_ms: int
    received_ms: int
    entry: int
    unit: str | None = None
    system: str | None = None
    counts: bool = True
    reason: str = ""
    slack_ms: int = 0
    about: date | None = None
    line: int | None = None
    signer: str = ""
    grade: str = "C"
    facts: Mapping[str, Scalar] = field(default_factory=dict)
    since_ms: int | None = None
    also: tuple[int, ...] = ()
    until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that starts a limit. `key` tells those of a kind apart; deeds name it as fact `event`."""

    kind: str
    key: str
    at_ms: int
    received_ms: int
    entry: int
    unit: str | None = None
    system: str | None = None


@dataclass(frozen=True, slots=True)
class Occasion:
    """What something must be done before: its first day, the day after its last, where it is stated."""

    name: str
    first: date
    after: date
    received_ms: int = 0
    entry: int | None = None
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class Waiver:
    """A written notice that something cannot be done: of which obligations (or kinds), when, for whom."""

    what: tuple[str, ...]
    from_ms: int
    to_ms: int
    received_ms: int
    entry: int
    unit: str | None = None
    system: str | None = None


@dataclass(frozen=True, slots=True)
class Breach:
    """Something seen that an obligation forbids which always holds. Until `until_ms` (None: still)."""

    kind: str
    at_ms: int
    received_ms: int
    entry: int
    unit: str | None = None
    system: str | None = None
    line: int | None = None
    what: str = ""
    until_ms: int | None = 0


@dataclass(frozen=True, slots=True)
class Timed:
    """A clock of a fault, vulnerability, finding or report (collector/faults): `id` its rule's, `key` of what
    it runs on, `state`: running, kept, late, unknown, suspended, void."""

    id: str
    key: str
    state: str
    start_ms: int
    due_ms: int | None
    stop_ms: int | None
    entries: tuple[int, ...] = ()
    unit: str | None = None
    system: str | None = None
    provisional: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """A unit or system and when it was in scope; no spans: always."""

    id: str
    unit: str | None = None
    spans: tuple[Span, ...] = ()

    def holds(self, t_ms: int) -> bool:
        """Whether it was in scope at an instant."""
        return not self.spans or any(begins <= t_ms < ends for begins, ends in self.spans)


@dataclass(frozen=True, slots=True)
class Observed:
    """All that was known as of `as_of_ms`. `watched`: when the collector was there to see, in order; `blind`:
    kinds of breaches that nothing could have told, so that their absence proves nothing; `pending`: when
    rounds were due that can still be answered."""

    as_of_ms: int
    units: tuple[Subject, ...] = ()
    systems: tuple[Subject, ...] = ()
    deeds: tuple[Deed, ...] = ()
    events: tuple[Event, ...] = ()
    occasions: tuple[Occasion, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    breaches: tuple[Breach, ...] = ()
    clocks: tuple[Timed, ...] = ()
    watched: tuple[Span, ...] = ()
    blind: frozenset[str] = frozenset()
    denied: tuple[Waiver, ...] = ()
    """What somebody said not to have been done: by obligation, in the stretch of a period."""
    pending: tuple[Span, ...] = ()
    perhaps: tuple[Breach, ...] = ()
    """What may have been broken, for all that anybody could tell."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The term [first, end) of a contract and its days; `days.guess` lets due dates go on provisionally."""

    first: date
    end: date
    days: Workdays


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing that is due: done in [from, due) it is in time. `at_ms`: what it belongs to a period by.

    `last`: its last day; `about`: the days that a report is of; `event`: the key of what started it;
    `covers`: the days [first, end) that what lasts has to cover, where it is about those.
    """

    key: str
    from_ms: int
    due_ms: int
    at_ms: int
    last: date
    needed: int = 1
    unit: str | None = None
    system: str | None = None
    provisional: bool = False
    about: tuple[date, date] | None = None
    event: str = ""
    started_by: int | None = None
    covers: tuple[date, date] | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A turn and what became of it as of an instant.

    `counted` of `turn.needed`; `deeds`: entries of what counts, `partial`: (entry, reason) of what doesn't;
    `days_late`; `arrived_late`: what counts came to the log after the turn was over; `waiver`: the entry that
    excuses, `late_waivers`: those that came too late to; `act_by_ms`: the last responsible moment of an open
    one, None where it can no longer be reached; `cited`: further entries it rests on.
    """

    obligation: str
    cadence: int
    what: tuple[str, ...]
    turn: Turn
    state: State
    counted: int
    deeds: tuple[Deed, ...] = ()
    partial: tuple[tuple[int, str], ...] = ()
    breaches: tuple[Breach, ...] = ()
    days_late: int = 0
    arrived_late: bool = False
    waiver: int | None = None
    late_waivers: tuple[int, ...] = ()
    who: str = ""
    act_by_ms: int | None = None
    reason: str = ""
    cited: tuple[int, ...] = ()

    @property
    def id(self) -> str:
        """Stable name of the row."""
        whose = self.turn.system or self.turn.unit or "-"
        return f"{self.obligation}/{self.cadence}/{self.turn.key}/{whose}"

    @property
    def entries(self) -> tuple[int, ...]:
        """Evidence, in order and each once."""
        held = {one.entry for one in self.deeds} | {one.entry for one in self.breaches}
        held |= {entry for one in self.deeds for entry in one.also}
        held |= {entry for entry, _ in self.partial} | ({self.waiver} if self.waiver is not None else set())
        held |= {*self.cited, *(() if self.turn.started_by is None else (self.turn.started_by,))}
        return tuple(sorted(one for one in held if one >= 0))
