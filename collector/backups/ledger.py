"""What the evaluation gives: slots, points, days, copies, drills, figures and what is wrong (plain data).

Instants are UTC epoch ms, days ISO dates in Asia/Shanghai. Words are stable: others script them. Sentences
are made in `collector/reports`. `as_json(ledger)` is the same as plain JSON values.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from typing import Any, NamedTuple

from checks.codec import JsonValue, to_json

SCHEMA = 1


class SlotState(StrEnum):
    """Whether a run came, and when. Whether it was any good is `Slot.good`."""

    DUE = "due"  # not over yet, nothing came so far
    RUNNING = "running"
    ON_TIME = "on_time"
    LATE = "late"  # after its window, within grace
    MISSED = "missed"  # looked after grace: nothing
    DOUBLE = "double"  # more than one run, the first in time
    EXCUSED = "excused"
    UNSEEN = "unseen"  # over, and nobody could look since: no evidence, not missed


class DayState(StrEnum):
    """Whether a day can be restored to."""

    RESTORABLE = "restorable"
    UNPROVEN = "unproven"  # an artefact stands, and not enough of it is proven
    LOST = "lost"  # could be restored once, and was still owed
    NONE = "none"  # nothing good was ever made for it
    EXPIRED = "expired"  # had its time
    EXCUSED = "excused"
    OPEN = "open"  # its slot is not over


class CopyWord(StrEnum):
    """How a second copy stands."""

    EQUAL = "equal"
    WAITING = "waiting"  # not due yet
    MISSING = "missing"
    BEHIND = "behind"
    DIFFERS = "differs"
    NOT_ELSEWHERE = "not_elsewhere"
    UNTOLD = "untold"


class Outcome(StrEnum):
    """Weight of a problem. WARN: seen, and not enough to call it bad."""

    BAD = "bad"
    COULD_NOT_TELL = "could_not_tell"
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class Slot:
    """One due backup. `good`: a point came of it (None: not told yet, or nothing to tell). `artefacts`: all
    runs of it, the counting one first. `off_ms`: how far its start lies outside [opens, closes), negative
    before. `timed_by`: inside (the artefact's own time) or file. `made_up`: a run after grace, with no right
    to the slot. `policy`: version it is held to. `amended`: what it became by proof that came after its
    period was sealed. `known_ms`: from when on the state could be proven (None while due)."""

    id: str
    role: str
    day: str
    opens_ms: int
    closes_ms: int
    deadline_ms: int
    state: SlotState
    policy: int
    good: bool | None = None
    artefacts: tuple[str, ...] = ()
    run_ms: int | None = None
    ended_ms: int | None = None
    off_ms: int = 0
    timed_by: str = ""
    offset_ms: int = 0
    made_up: str = ""
    level: int = -1
    known_ms: int | None = None
    amended: SlotState | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """One artefact, all places together. `level`: grade by the design (PLACED and sealing included),
    `restore_level`: grade by what bears on restoring; `path`: itself and its ancestors, the full last, None
    where a link is missing. `orphan_ms`: since when its path is broken, `maybe_ms`: the last good reading
    before. `slot` "": outside all slots. `places`: where it stands and is good. `ever`: is or was good."""

    name: str
    kind: str
    day: str
    slot: str
    bytes: int
    sha256: str
    start_ms: int | None
    level: int
    restore_level: int
    good: bool
    path: tuple[str, ...] | None
    places: tuple[str, ...]
    gone_ms: int | None = None
    orphan_ms: int | None = None
    maybe_ms: int | None = None
    ever: bool = False


class Begun(NamedTuple):
    """An artefact as scorecards count it: name, when it was begun by its own word, level as in Point, whether
    it is or was good, the first place where it stands and is good ("" none)."""

    name: str
    start_ms: int
    level: int
    ever: bool
    place: str


@dataclass(frozen=True, slots=True)
class Day:
    """One day that slots are anchored on. `by`: the artefact whose path gives it. `lost_ms`: since when it is
    provably lost, `maybe_ms`: since when it may have been (last good reading)."""

    day: str
    state: DayState
    by: str = ""
    lost_ms: int | None = None
    maybe_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Week:
    """One ISO week (`2026-W10`) of slots' anchors, from Monday `day`: the good artefacts made for it, by
    name. Several good ones in a week are one week."""

    week: str
    day: str
    artefacts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CopyState:
    """A point's second copy at `place`."""

    artefact: str
    place: str
    state: CopyWord
    due_ms: int
    seen_ms: int | None = None
    since_ms: int | None = None


@dataclass(frozen=True, slots=True)
class DrillDue:
    """One due drill. `wanted`: the artefact that `pick` names now, or named when it was drilled ("" none);
    `chosen_by`: witness or collector, for drawn ones. `state`: due, done, missed, excused; `outcome`: good,
    bad, could_not_tell of the first attempt; `as_picked`: whether the drilled one was what the turn asks."""

    period: str
    due_ms: int
    state: str
    pick: str
    wanted: str = ""
    chosen_by: str = ""
    drills: tuple[str, ...] = ()
    outcome: str = ""
    as_picked: bool | None = None


@dataclass(frozen=True, slots=True)
class Retention:
    """Promise about the past. `from_day`: oldest promised day; `oldest`: oldest day restorable without a gap
    up to today ("" none); `short_days`: promised days that had a good slot and are not restorable.
    `fulls_needed`, `fulls_have`: good fulls standing, `fulls_set`: what the tool is set to (None: not told).
    `eating`: points are purged while the newest good one is older than the newest. `over_days`: days kept
    beyond the promise (information)."""

    from_day: str
    oldest: str
    promised_days: int
    restorable_days: int
    short_days: int
    fulls_needed: int
    fulls_have: int
    fulls_set: int | None
    eating: bool
    over_days: int


@dataclass(frozen=True, slots=True)
class Rto:
    """Time to restore, by one drill. `ms`: decision to first right answer plus `reaction_ms` (named apart).
    `estimate`: a smaller drill was scaled up by `bytes_per_hour`. `within`: None where it cannot be told."""

    drill: str
    ms: int | None
    reaction_ms: int
    allowed_ms: int
    estimate: bool
    bytes_per_hour: int | None
    within: bool | None
    real: bool = False


@dataclass(frozen=True, slots=True)
class Rpo:
    """Age of the newest restorable point: at `at_ms` (a drill's start, or now), None where there was none."""

    at_ms: int
    artefact: str
    ms: int | None
    drill: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong. `reason` is a word of checks.artefacts.levels; `slot`, `artefact`, `place`: what it is
    about ("" none). `first_provable_ms`: from when on anybody could have proven it; `last_good_ms`: last
    reading to the contrary; `until_ms`: when it ended (None: it stands). `clause`: contract lines that
    it breaks; `numbers`: figures for the sentence (`need`, `have`, `days` …)."""

    object: str
    level: int
    reason: str
    outcome: Outcome
    slot: str
    artefact: str
    place: str
    first_provable_ms: int
    last_good_ms: int | None = None
    until_ms: int | None = None
    clause: tuple[str, ...] = ()
    policy: int = 0
    numbers: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Success:
    """Success of drills in one period. Retries are shown and not counted; excused ones neither. `lower`:
    one-sided 95 % Clopper-Pearson bound, rounded down to a millionth. `holds`: None without any attempt.
    `failures_allowed`: how many of so many begun may fail. `recovered`: (rows or files recovered, of all)
    over all drills that told."""

    from_ms: int
    to_ms: int
    begun: int
    good: int
    failed: int
    untold: int
    excused: int
    retries: int
    rate: Fraction | None
    lower: Fraction | None
    at_least: Fraction
    holds: bool | None
    failures_allowed: int = 0
    recovered: tuple[int, int] | None = None


@dataclass(frozen=True)
class ObjectLedger:
    """One object's account. `slots`, `points`, `days` and `counts` are made when they are asked for, once:
    two years of 200 objects are 150 000 of each, and most callers want one."""

    name: str
    kind: str
    place: str
    policies: tuple[int, ...]
    clause: tuple[str, ...]
    copies: tuple[CopyState, ...]
    drills: tuple[DrillDue, ...]
    retention: Retention
    rto: tuple[Rto, ...]
    rpo: Rpo
    rpo_at_drills: tuple[Rpo, ...]
    problems: tuple[Problem, ...]
    tested: str
    """never, due, missed, good, bad, could_not_tell: how the newest finished turn of drills ended."""
    counted: Callable[[], dict[str, int]] = field(repr=False, compare=False, default=dict)
    account: Any = field(repr=False, compare=False, default=None)
    drilled: tuple[tuple[int, str], ...] = ()
    """When each drill that ended was begun, and its verdict: good, bad, could_not_tell."""

    def begun(self, from_ms: int, to_ms: int) -> Iterator[Begun]:
        """Artefacts begun in [from, to) by their own word, by start: without making all points."""
        return iter(()) if self.account is None else self.account.begun(from_ms, to_ms)

    def unseen(self, from_ms: int, to_ms: int) -> tuple[int, ...]:
        """When the slots of [from, to) open that nobody could look at since, ascending."""
        return () if self.account is None else tuple(sorted(self.account.unseen(from_ms, to_ms)))

    @cached_property
    def counts(self) -> dict[str, int]:
        """Slots by state, then `good`; days by state with the prefix `day_`, copies with `copy_`."""
        return self.counted()

    def recent(self, most: int, state: SlotState | None = None) -> tuple[Slot, ...]:
        """The last so many slots, by opening (of these, those in a state): without making all of them."""
        return self.account.recent(most, state) if self.account and most else ()

    @cached_property
    def slots(self) -> tuple[Slot, ...]:
        """All slots since the start of service, by opening."""
        return tuple(self.account.slots()) if self.account else ()

    @cached_property
    def points(self) -> tuple[Point, ...]:
        """All artefacts ever seen, by start."""
        return tuple(self.account.points()) if self.account else ()

    @cached_property
    def days(self) -> tuple[Day, ...]:
        """All days with a slot."""
        return tuple(self.account.days()) if self.account else ()

    @cached_property
    def weeks(self) -> tuple[Week, ...]:
        """All ISO weeks with a slot's anchor."""
        return tuple(self.account.weeks()) if self.account else ()


@dataclass(frozen=True)
class Ledger:
    """The whole account at `now_ms`. `problems`: of all objects, by the instant they became provable."""

    now_ms: int
    objects: tuple[ObjectLedger, ...]
    success: tuple[Success, ...]
    problems: tuple[Problem, ...]

    def object(self, name: str) -> ObjectLedger:
        """One object's account; KeyError where the policy names no such object."""
        for one in self.objects:
            if one.name == name:
                return one
        raise KeyError(name)


def as_json(ledger: Ledger, *, objects: Sequence[str] | None = None) -> dict[str, JsonValue]:
    """Plain JSON values of a ledger; `objects` limits it to these names."""
    chosen = [one for one in ledger.objects if objects is None or one.name in objects]
    names = {one.name for one in chosen}
    return {
        "schema": SCHEMA,
        "now": ledger.now_ms,
        "objects": [_object_json(one) for one in chosen],
        "success": [to_json(one) for one in ledger.success],
        "problems": [to_json(p) for p in ledger.problems if objects is None or p.object in names],
    }


def _object_json(one: ObjectLedger) -> dict[str, JsonValue]:
    return dict(_parts(one))


def _parts(one: ObjectLedger) -> Iterator[tuple[str, JsonValue]]:
    for name in ("name", "kind", "place", "policies", "clause", "tested", "counts"):
        yield name, to_json(getattr(one, name))
    for name in ("slots", "points", "days", "weeks", "copies", "drills", "retention"):
        yield name, to_json(getattr(one, name))
    for name in ("rto", "rpo", "rpo_at_drills", "problems"):
        yield name, to_json(getattr(one, name))
