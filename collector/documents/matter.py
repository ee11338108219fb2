"""What documents of judging are filled from, wherever it is read: the store, or a bundle.

Standard library only: the verifier makes parts of documents anew. What cannot be read raises `Unmade`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any, Protocol

from checks.plan import Window
from collector.backups.ledger import Ledger
from collector.documents.judged import Judged
from collector.documents.measures import Key, Measure, measures
from collector.faults.model import Account as Faults
from collector.faults.model import Fault
from collector.inspection.capacity import Place
from collector.inspection.due import when_of
from collector.inspection.obligations import ObligationLine
from collector.inspection.record import ItemReading, Record
from collector.judging.changes import Changes
from collector.judging.term import TermLine
from collector.packs.archive import Archive
from collector.scans.lifecycle import Life
from collector.statements.model import Said
from collector.words.judging import text

_GRAVITY = {"crit": 0, "unknown": 1, "warn": 2}


UNMADE = "\0"
"""A cell that could not be made here; no document holds it."""


class Unmade(LookupError):
    """This is not to be had here: who only has a bundle leaves it to the collector's word."""


def cell(make: Callable[[], object]) -> object:
    """A cell, or that it cannot be made here: the others of its row still can."""
    try:
        return make()
    except Unmade:
        return UNMADE


@dataclass(frozen=True, slots=True)
class Span:
    """A period: its name, [from, to) and what has been received by `as_of`, in UTC ms; `size`: of the log
    then (0: a part of a document's period)."""

    name: str
    from_ms: int
    to_ms: int
    as_of_ms: int
    size: int = 0


class Found(Protocol):
    """What judging has found out about the period; None: the estate has no contract that asks for it."""

    @property
    def judged(self) -> Judged | None:
        """The scorecard."""

    @property
    def archive(self) -> Archive | None:
        """Documents on file and missing."""

    @property
    def ledger(self) -> tuple[ObligationLine, ...] | None:
        """Obligations."""

    @property
    def faults(self) -> Faults | None:
        """Faults, vulnerabilities and findings."""

    @property
    def seal(self) -> tuple[int, int] | None:
        """Entry and number (0 seal, 1.. amendment) of the sealed scorecard in `judged`; None: provisional."""

    @property
    def size(self) -> int:
        """Of the log that `judged` was made of."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A reading that was not good in records of the period: how often, first and last, newest evidence."""

    target: str
    asset: str | None
    check: str
    reading: ItemReading
    state: str
    times: int
    first: str
    last: str
    entry: int
    line: int | None


@dataclass(frozen=True, slots=True)
class Looked:
    """How one asset did in the records of the period."""

    asset: str
    looks: int = 0
    crit: int = 0
    warn: int = 0
    unknown: int = 0
    errors: int = 0
    entries: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Device:
    """An asset as the estate names it."""

    id: str
    kind: str
    name: str = ""
    system: str | None = None
    model: str = ""
    serial: str = ""
    location: str = ""


@dataclass(frozen=True, slots=True)
class Closed:
    """The record of a round: its entry, how many problems it names."""

    idx: int
    problems: int


@dataclass(frozen=True, slots=True)
class Occasion:
    """A window of a round, planned, due, late, done, missed or incomplete; `record`: None while open."""

    round: str
    window: Window
    state: str
    due: int
    done: int
    errors: int
    missed: int
    record: Closed | None


@dataclass(frozen=True, slots=True)
class Served:
    """The availability of a system: shares (0-1; None: none), milliseconds, how many faults, first and last
    entry of what it stands on."""

    target: Fraction | None
    low: Fraction | None
    score: Fraction | None
    coverage: Fraction | None
    down: int
    degraded: int
    faults: int
    ends: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Scan:
    """An imported report: series, when it came, what it is worth, its entry, findings of the series."""

    series: str
    received: int
    verdict: str
    idx: int
    lives: tuple[Life, ...]


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody did with the tool: when the log took it in, its entry, what it says."""

    received: int
    idx: int
    header: Mapping[str, Any]


Service = tuple[str, str, Served | None, str]
"""System, its name, its figure or None, why there is none."""


class Matter(Protocol):
    """One document's material: what is read, and what follows from that."""

    span: Span
    found: Found
    subject: str
    special: bool
    """Of special rounds (特巡特维) alone: those before occasions, and those that somebody started."""

    # -- what is read

    def of_special(self) -> "Matter":
        """The same, of special rounds alone."""

    def within(self, from_ms: int, to_ms: int) -> "Matter":
        """A stretch of the period, with the period's faults."""

    @property
    def before(self) -> "Matter":
        """The stretch of the same length right before: its records, figures and faults."""

    @property
    def timezone(self) -> str:
        """The estate's zone."""

    @property
    def names(self) -> Mapping[str, str]:
        """Names of units, systems and assets."""

    @property
    def devices(self) -> Sequence[Device]:
        """The assets of the estate in force."""

    def project(self, lang: str) -> str:
        """What the contract in force is called; "" without one."""

    @property
    def occasions(self) -> tuple[Occasion, ...]:
        """Windows of rounds that begin in the period, up to `as_of`."""

    @property
    def rounds(self) -> Mapping[str, str]:
        """Names of rounds."""

    @property
    def records(self) -> tuple[tuple[int, Record], ...]:
        """Closed records with their entries."""

    @property
    def services(self) -> tuple[Service, ...]:
        """Every system with its figure."""

    @property
    def capacity(self) -> tuple[Place, ...]:
        """Everything that can be full."""

    @property
    def backups(self) -> Ledger | None:
        """The account of backups; None where none are promised."""

    @property
    def scans(self) -> tuple[Scan, ...]:
        """Imported scans of the period with the findings of their series."""

    @property
    def said(self) -> tuple[Said, ...]:
        """What stands of people's statements."""

    @property
    def changes(self) -> Changes | None:
        """Drifts of a period of the pack; None of any other."""

    @property
    def term(self) -> Sequence[TermLine]:
        """The end-of-term sheet, from the term's first day to the end of the period, so far; none without a
        contract."""

    def acts(self) -> Iterator[Act]:
        """What people did with the tool, as the log has it."""

    def taken(self) -> Mapping[int, Sequence[int]]:
        """Entries that the log took in during the period, by number of their kind."""

    # -- what follows

    def device(self, name: str) -> str:
        """An asset with its name, where it has one."""
        held = self.names.get(name, name)
        return name if held == name else f"{held} ({name})"

    def called(self, name: str | None, lang: str) -> str:
        """The name of a unit, system or asset; of none: the whole contract."""
        return self.names.get(name, name) if name else text("judging.lines.contract", lang)

    def window(self, name: str, window: str) -> str:
        """A round by its name and its window's day: `每周巡检 2026-10-12`."""
        called = self.rounds.get(name, name)
        return f"{called} {when_of(window)}" if window.startswith(f"{name}/") else f"{called} {window}"

    @cached_property
    def measures(self) -> Mapping[Key, Measure]:
        """Numbers of the records, by asset and reading."""
        return measures(record for _, record in self.records)

    @property
    def measures_before(self) -> Mapping[Key, Measure]:
        """The same of the stretch before."""
        return self.before.measures

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """Readings that were not good, the gravest and most frequent first."""
        return tuple(_problems(record for _, record in self.records))

    @cached_property
    def looked(self) -> tuple[Looked, ...]:
        """Each asset with its looks in the records."""
        return tuple(_looked(self.records))

    @property
    def fault(self) -> Fault | None:
        """The fault that a report is about."""
        known = self.found.faults.faults if self.found.faults is not None else ()
        return next((one for one in known if one.id == self.subject), None)

    @cached_property
    def in_period(self) -> tuple[Fault, ...]:
        """Faults that began in the period."""
        known = self.found.faults.faults if self.found.faults is not None else ()
        return tuple(one for one in known if self.span.from_ms <= one.moments.onset_ms < self.span.to_ms)


def _problems(records: Iterable[Record]) -> list[Problem]:
    made: dict[tuple[str, str, str], Problem] = {}
    for record in records:
        for item in (*record.problems, *record.unclear):
            key = item.target, item.check, item.reading.name
            before = made.get(key)
            state = item.reading.state
            if before is not None and _GRAVITY.get(before.state, 9) < _GRAVITY.get(state, 9):
                state = before.state
            made[key] = Problem(
                item.target,
                item.asset,
                item.check,
                item.reading,
                state,
                1 if before is None else before.times + 1,
                record.window.id if before is None else before.first,
                record.window.id,
                item.evidence.entry,
                item.evidence.line,
            )
    return sorted(
        made.values(), key=lambda one: (_GRAVITY.get(one.state, 9), -one.times, one.target, one.check)
    )


def _looked(records: Iterable[tuple[int, Record]]) -> Iterator[Looked]:
    sums: dict[str, dict[str, int]] = {}
    entries: dict[str, list[int]] = {}
    for idx, record in records:
        for item in record.items:
            name = item.asset or item.target
            mine = sums.setdefault(name, {})
            mine["looks"] = mine.get("looks", 0) + 1
            mine[item.state] = mine.get(item.state, 0) + 1
            if idx not in entries.setdefault(name, []):
                entries[name].append(idx)
    for name, mine in sorted(sums.items()):
        yield Looked(
            name,
            looks=mine["looks"],
            crit=mine.get("crit", 0),
            warn=mine.get("warn", 0),
            unknown=mine.get("unknown", 0),
            errors=mine.get("error", 0),
            entries=entries[name],
        )
