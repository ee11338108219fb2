"""What a scorecard stands on, as plain data: filled from the collector's tables or from a bundle."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import lru_cache

from checks.recurrence import day_of, zone
from collector.availability.estate_terms import EstateTerms
from collector.faults.ground import Ground as Troubles
from collector.judging.scope import Contract, Scope
from collector.scoring.model import Proof
from collector.statements.model import Said

CHINA = zone("Asia/Shanghai")
GRADES = "ABCDE"  # the last is the weakest
_HOUR_MS = 3_600_000
_BY_THE_HOUR_MS = 0  # since 1970 clocks there differ from UTC by whole hours


@dataclass(frozen=True, slots=True)
class Applied:
    """An applied estate: its entry, when it came, its document."""

    idx: int
    at_ms: int
    terms: EstateTerms


@dataclass(frozen=True, slots=True)
class UnitRound:
    """A unit's share of a closed round, from its inspection record (entry `idx`).

    `due`, `answered`: looks (people's items too); `assets`: how many the unit had in scope and in service
    when the round opened, `attempted`: those of which something was answered, an error too; `untried`: the
    others, each with how many looks it owed (0: nobody had planned one); `looks`: of each asset that was
    tried how many it owed and how many were answered, left out where all of the unit was. `last_ms`: the
    newest of its looks, None where there is none. `claimed`: assets among the untried ones of which only the
    vendor's side says that they were out of service or scope; they owe nothing here.
    """

    window: str
    unit: str
    round: str
    idx: int
    received_ms: int
    from_ms: int
    last_ms: int | None
    due: int
    answered: int
    assets: int
    attempted: int
    grade: str
    special: bool = False
    untried: tuple[tuple[str, int], ...] = ()
    looks: tuple[tuple[str, int, int], ...] = ()
    claimed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pending:
    """A round's window without a record so far, which agents may still answer until `until_ms`."""

    window: str
    from_ms: int
    to_ms: int
    until_ms: int


@dataclass(frozen=True, slots=True)
class BackedUp:
    """A backup of an object: artefact, when it was begun, level reached (-1: nothing stands), whether the
    ledger calls it good, the look that read it."""

    object: str
    artefact: str
    at_ms: int
    level: int
    good: bool
    place: str
    entry: int
    line: int
    signer: str
    grade: str


@dataclass(frozen=True, slots=True)
class Earlier:
    """Backups of the term begun before `to_ms`, which are read of [from, to) when somebody looks so far back;
    nobody tells who signed those."""

    to_ms: int
    read: Callable[[int, int], Sequence[BackedUp]]


@dataclass(frozen=True, slots=True)
class EarlierRounds:
    """Rounds of the term done before `to_ms` (`united.when`): those done in [from, to) are read when somebody
    looks so far back. `watched`: from when to when the collector waited for each."""

    to_ms: int
    read: Callable[[int, int], Sequence[UnitRound]]
    watched: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Unseen:
    """A backup that was due at an instant and that nobody could look at since."""

    object: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class ScanSeen:
    """A scanner's report in the log. `verdict`: done, incomplete or proves_nothing."""

    idx: int
    received_ms: int
    at_ms: int
    tool: str
    by: str
    assets: tuple[str, ...]
    verdict: str


@dataclass(frozen=True, slots=True)
class ServiceSeen:
    """The availability of a system in the period: shares (0-1, None: no figure) and what they stand on.

    `changed`: entries that changed in the period by what it is judged; `blind`: in how many stretches nobody
    saw it, so that a fault may hide in each.
    """

    system: str
    known: Fraction | None
    low: Fraction | None
    high: Fraction | None
    proofs: tuple[Proof, ...] = ()
    changed: tuple[int, ...] = ()
    blind: int = 1


@dataclass(frozen=True, slots=True)
class Ground:
    """Everything received up to an instant that counting looks at. `size`: of the log it was taken from.

    `rounds`, `backups`, `scans` are of the whole term, up to the period's end (of rounds and backups those
    are left to `earlier_rounds` and `earlier` of which only months without are told); `troubles`: what faults
    are judged from; `special`: rounds that are due before occasions only; `pending`: those without a record.
    """

    size: int
    applied: tuple[Applied, ...] = ()
    rounds: tuple[UnitRound, ...] = ()
    backups: tuple[BackedUp, ...] = ()
    unseen: tuple[Unseen, ...] = ()
    scans: tuple[ScanSeen, ...] = ()
    services: tuple[ServiceSeen, ...] = ()
    said: tuple[Said, ...] = ()
    troubles: Troubles | None = None
    special: frozenset[str] = frozenset()
    pending: tuple[Pending, ...] = ()
    earlier: Earlier | None = None
    earlier_rounds: EarlierRounds | None = None


def day(ms: int) -> date:
    """The day in the contract's zone."""
    return _day_of_hour(ms // _HOUR_MS) if ms >= _BY_THE_HOUR_MS else day_of(ms, CHINA)


@lru_cache(maxsize=16384)  # two years of hours; a year of backups asks ten thousand times
def _day_of_hour(hour: int) -> date:
    return day_of(hour * _HOUR_MS, CHINA)


def worst(grades: Sequence[str]) -> str:
    """The weakest of these grades; "-" of none."""
    return max(grades, key=lambda one: GRADES.find(one), default="-")


def governing(applied: Sequence[Applied], to_ms: int, from_ms: int | None = None) -> Applied | None:
    """The estate whose contract (pack, first day, agreed options) judges a period [from, to); without `from`
    the one in force at its end.

    It is the last one with a pack that was applied when the period began; in the period in which a contract
    is first named, the last one before its end; else the first of all. So neither a pack nor an option that
    changes later moves a period that is running or over: the next one is judged by it.
    """
    named = [one for one in applied if one.terms.contract is not None and one.terms.contract.compiled]
    begun = [one for one in named if from_ms is not None and one.at_ms <= from_ms]
    before = begun or [one for one in named if one.at_ms < to_ms]
    return before[-1] if before else named[0] if named else None


def contract_of(one: Applied) -> Contract:
    """The contract of an estate that `governing` has found."""
    if one.terms.contract is None:
        raise LookupError("the estate names no contract")
    return one.terms.contract


def scope_at(applied: Sequence[Applied], at_ms: int) -> Scope:
    """What was in the estate at an instant; before the first one, what is in that."""
    held = [one for one in applied if one.terms.scope is not None]
    before = [one for one in held if one.at_ms <= at_ms]
    chosen = before[-1] if before else held[0] if held else None
    return chosen.terms.scope if chosen is not None and chosen.terms.scope is not None else Scope()
