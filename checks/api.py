"""The one import a check module needs: what a check is made of, and the words for its outcome."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from enum import StrEnum
from fractions import Fraction
from typing import Any, Generic, TypeVar

F = TypeVar("F")
P = TypeVar("P")


class State(StrEnum):
    """State of a reading or a result, mildest first: ok 正常 < warn 预警 < unknown 未知 < crit 异常."""

    OK = "ok"
    WARN = "warn"
    UNKNOWN = "unknown"
    CRIT = "crit"

    @property
    def rank(self) -> int:
        """0 for ok … 3 for crit."""
        return _RANK[self]


_OK, _WARN, _UNKNOWN, _CRIT = State  # Python 3.11 takes its time to find a member by its name
_RANK = {State.OK: 0, State.WARN: 1, State.UNKNOWN: 2, State.CRIT: 3}
_BY_RANK = (*_RANK, State.UNKNOWN)  # the last one, [-1]: of nothing


def worst(states: Iterable[State]) -> State:
    """The worst of these states; the worst of nothing is unknown, never ok."""
    top = -1
    for state in states:
        rank = _RANK[state]
        if rank > top:
            top = rank
    return _BY_RANK[top]


class Unit(StrEnum):
    """Unit of a reading's number."""

    PERCENT = "percent"
    BYTES = "bytes"
    COUNT = "count"
    SECONDS = "s"
    MILLISECONDS = "ms"
    MICROSECONDS = "us"
    DAYS = "d"
    PER_SECOND = "per_s"
    BYTES_PER_SECOND = "bytes_per_s"
    RATIO = "ratio"
    BITS = "bits"
    CELSIUS = "celsius"
    NONE = "none"


class Source(StrEnum):
    """How a check looks (采集方式)."""

    HOST = "host"
    NET = "net"
    PLUGIN = "plugin"
    SSH = "ssh"
    SNMP = "snmp"
    BMC = "bmc"
    SQL = "sql"
    HTTP = "http"
    FILES = "files"
    DEVICE = "device"
    RECEIVED = "received"
    BACKUP = "backup"


class ErrorKind(StrEnum):
    """Why we could not look."""

    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    DENIED = "denied"
    TIMEOUT = "timeout"
    GARBLED = "garbled"
    UNSUPPORTED = "unsupported"


class ObservationError(Exception):
    """We could not look. Its kind is signed; its detail is for the operator's screen and log only."""

    def __init__(self, kind: ErrorKind, detail: str = "") -> None:
        super().__init__(f"{kind}: {detail}" if detail else str(kind))
        self.kind = kind
        self.detail = detail


Number = int | Fraction


@dataclass(frozen=True, slots=True, init=False)
class Reading:
    """One line of a result: a name, a number with its unit (None: no number was had), a state.

    `reason` is a stable code word, never a sentence; every unknown reading should have one.
    """

    name: str
    value: Number | None
    unit: Unit
    state: State
    reason: str = ""

    def __init__(self, name: str, value: Number | None, unit: Unit, state: State, reason: str = "") -> None:
        # The verifier makes millions of these. What a frozen dataclass writes here by itself looks every
        # field up again and takes three times as long.
        _set_name(self, name)
        _set_value(self, value)
        _set_unit(self, unit)
        _set_state(self, state)
        _set_reason(self, reason)


_set_name, _set_value, _set_unit, _set_state, _set_reason = (
    vars(Reading)[field.name].__set__ for field in fields(Reading)
)


@dataclass(frozen=True, slots=True)
class Upper:
    """Limits a value must stay below: warn from `warn` on, crit from `crit` on (None: no such limit)."""

    warn: int | None
    crit: int | None

    def __post_init__(self) -> None:
        if self.warn is not None and self.crit is not None and self.warn > self.crit:
            raise ValueError(f"warn {self.warn} is above crit {self.crit}")

    def judge(self, value: Number | None, per: int = 1) -> State:
        """State of `value`, counted in parts of 1/`per` of the limits' unit; no value is unknown."""
        if value is None:
            return _UNKNOWN
        top, bottom = value.as_integer_ratio()  # compared as integers: fractions are slow to make and compare
        bottom *= per
        if self.crit is not None and top >= self.crit * bottom:
            return _CRIT
        return _WARN if self.warn is not None and top >= self.warn * bottom else _OK


@dataclass(frozen=True, slots=True)
class Lower:
    """Limits a value must stay above: warn at or below `warn`, crit at or below `crit`."""

    warn: int | None
    crit: int | None

    def __post_init__(self) -> None:
        if self.warn is not None and self.crit is not None and self.warn < self.crit:
            raise ValueError(f"warn {self.warn} is below crit {self.crit}")

    def judge(self, value: Number | None, per: int = 1) -> State:
        """State of `value`, counted in parts of 1/`per` of the limits' unit; no value is unknown."""
        if value is None:
            return _UNKNOWN
        top, bottom = value.as_integer_ratio()  # compared as integers: fractions are slow to make and compare
        bottom *= per
        if self.crit is not None and top <= self.crit * bottom:
            return _CRIT
        return _WARN if self.warn is not None and top <= self.warn * bottom else _OK


def percent(part: int | None, whole: int | None) -> Fraction | None:
    """`part` of `whole` in percent, exact; None where either is missing or `whole` is not positive."""
    if part is None or whole is None or whole <= 0:
        return None
    return Fraction(100 * part, whole)


@dataclass(frozen=True, slots=True)
class Seen(Generic[F]):
    """Facts with the instant they were taken (UTC epoch milliseconds)."""

    facts: F
    taken_at: int


@dataclass(frozen=True, slots=True)
class Check(Generic[F, P]):
    """Look, judge, declare.

    `observe(source, params)` looks through the source it is given and decides nothing; it raises
    ObservationError when it could not look. `judge(seen, params)` decides and touches nothing.
    `params` is a frozen dataclass whose defaults are the check's defaults: the only declaration.
    """

    id: str
    version: int
    title: str
    title_en: str
    source: Source
    facts: type[F]
    params: type[P]
    observe: Callable[[Any, P], F]
    judge: Callable[[Seen[F], P], Iterable[Reading]]
    clauses: tuple[str, ...] = field(default=())
    needs: tuple[str, ...] = field(default=())
