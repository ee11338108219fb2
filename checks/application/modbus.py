"""Room sensors and precision air conditioners by Modbus TCP: temperature, humidity, water, door."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from checks.api import Check, Lower, Reading, Seen, Source, State, Unit, Upper
from checks.protocols import Endpoint, Protocols, Register, RegistersSeen, answered, not_answered


@dataclass(frozen=True, slots=True)
class Meaning:
    """A register's value is its number divided by `divisor`. `good`: the values that a contact may have."""

    divisor: int = 1
    unit: Unit = Unit.NONE
    high: Upper = Upper(None, None)
    low: Lower = Lower(None, None)
    good: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.divisor < 1:
            raise ValueError("divisor must be at least 1")


@dataclass(frozen=True, slots=True)
class Facts:
    registers: RegistersSeen


@dataclass(frozen=True, slots=True)
class Params:
    """`registers` and `meanings` by name (`temperature`, `humidity`, `water`, `door` …)."""

    address: str
    registers: Mapping[str, Register]
    meanings: Mapping[str, Meaning] = field(default_factory=dict)
    port: int = 502
    unit: int = 1
    timeout_ms: int = 5000

    def __post_init__(self) -> None:
        if not 1 <= len(self.registers) <= 100 or not {*self.meanings} <= {*self.registers}:
            raise ValueError("1 to 100 registers, and meanings for none but these")
        if not 0 <= self.unit <= 255:
            raise ValueError("unit must be 0 to 255")
        self.end()

    def end(self) -> Endpoint:
        """Where the device is."""
        return Endpoint(self.address, self.port, timeout_ms=self.timeout_ms)


def observe(net: Protocols, params: Params) -> Facts:
    return Facts(net.modbus(params.end(), params.unit, params.registers))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    found = seen.facts.registers
    if bad := not_answered(found.talk):
        yield from bad
        return
    yield answered(found.talk, Upper(None, None))
    for name in params.registers:
        meaning = params.meanings.get(name, Meaning())
        if name not in found.values:
            why = "unsupported" if name in found.exceptions else "not_reported"
            yield Reading(name, None, meaning.unit, State.UNKNOWN, why)
        else:
            yield _value(name, found.values[name], meaning)


def _value(name: str, raw: int, meaning: Meaning) -> Reading:
    value = Fraction(raw, meaning.divisor)
    number = value.numerator if value.denominator == 1 else value
    if meaning.good and value not in meaning.good:
        return Reading(name, number, meaning.unit, State.CRIT, "contact")
    high, low = meaning.high.judge(value), meaning.low.judge(value)
    if high is State.OK and low is State.OK:
        return Reading(name, number, meaning.unit, State.OK)
    if high.rank >= low.rank:
        return Reading(name, number, meaning.unit, high, "too_high")
    return Reading(name, number, meaning.unit, low, "too_low")


CHECK = Check(
    id="application.modbus",
    version=1,
    title="机房环境(Modbus)",
    title_en="Machine room by Modbus",
    source=Source.HTTP,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("LH-10",),
    needs=("a route to the Modbus gateway",),
)
