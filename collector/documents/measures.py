"""Numbers of closed records by device and reading: how often, least, mean, most, first and last (pure)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from checks.api import Number, Unit
from collector.inspection.record import Record

# What says how something runs. Counts and yes/no are judged, and stand among the problems.
RUNNING = frozenset(
    one.value
    for one in (
        Unit.PERCENT,
        Unit.CELSIUS,
        Unit.MILLISECONDS,
        Unit.MICROSECONDS,
        Unit.PER_SECOND,
        Unit.BYTES_PER_SECOND,
    )
)
Key = tuple[str, str, str, str]
"""Asset, check, target, name of the reading."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A reading over the records of a period, in `unit`. `entry`, `line`: where the most stands."""

    unit: str
    count: int
    first: Number
    last: Number
    least: Number
    most: Number
    total: Fraction
    entry: int
    line: int

    @property
    def mean(self) -> Fraction:
        """The mean of all looks, each with the same weight."""
        return self.total / self.count

    def and_(self, value: Number, entry: int, line: int) -> "Measure":
        """With one look more."""
        higher = value > self.most
        return Measure(
            self.unit,
            self.count + 1,
            self.first,
            value,
            min(self.least, value),
            value if higher else self.most,
            self.total + value,
            entry if higher else self.entry,
            line if higher else self.line,
        )


def measures(records: Iterable[Record]) -> Mapping[Key, Measure]:
    """Every number with a unit of RUNNING; what gave none is left out. Records in time's order."""
    made: dict[Key, Measure] = {}
    for record in records:
        for item in record.items:
            place = item.evidence.entry, item.evidence.line
            for one in item.readings:
                if one.value is None or one.unit not in RUNNING:
                    continue
                key = item.asset or item.target, item.check, item.target, one.name
                before = made.get(key)
                made[key] = (
                    Measure(one.unit, 1, *(4 * (one.value,)), Fraction(one.value), *place)
                    if before is None
                    else before.and_(one.value, *place)
                )
    return made
