"""What facts are wanted of (pure)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date

from collector.packs.model import Pack
from collector.scoring.model import PackPeriod
from collector.scoring.terms import Given, Select, Value


@dataclass(frozen=True, slots=True)
class Asked:
    """The pack, the kinds of items its rules count, all its options, the period, as of when; the contract's
    term (first day, end), and the periods that belong together for a kind of item (a half-year)."""

    pack: Pack
    kinds: frozenset[str]
    options: Mapping[str, Value]
    period: PackPeriod
    as_of_ms: int
    term: tuple[date, date]
    back: Mapping[str, PackPeriod]

    def span(self, kind: str) -> PackPeriod:
        """The stretch that items of a kind are counted in."""
        return self.back.get(kind, self.period)


def kinds_of(pack: Pack) -> frozenset[str]:
    """Kinds of items that any rule of the pack counts."""
    return frozenset(one.kind for one in _selects(pack.scoring))


def backs(pack: Pack, period: PackPeriod, every: Sequence[PackPeriod]) -> dict[str, PackPeriod]:
    """Kinds that are counted over several periods, each with the first one's beginning."""
    made = {}
    for one in _selects(pack.scoring):
        if isinstance(one, Select) and one.periods > 1:
            first = next(p for p in every if p.number >= period.number - one.periods + 1)
            made[one.kind] = PackPeriod(
                period.name, period.number, first.from_ms, period.to_ms, first.first, period.end
            )
    return made


def _selects(part: object) -> Iterator[Select | Given]:
    if isinstance(part, Select | Given):
        yield part
    elif isinstance(part, tuple):
        for one in part:
            yield from _selects(one)
    elif is_dataclass(part):
        for spec in fields(part):
            yield from _selects(getattr(part, spec.name))
