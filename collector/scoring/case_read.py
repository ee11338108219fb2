"""What the readers of cases share: values that may be left out, items, and the shape of answers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from fractions import Fraction

from collector.availability.case_values import Value
from collector.packs.model import Compiled
from collector.scoring.choices import Choices
from collector.scoring.model import Item, Money, PackPeriod, PeriodFacts, Scalar, Scorecard, Unit
from collector.scoring.ranges import Bounds
from collector.scoring.rules import number
from collector.scoring.score import Chosen
from collector.scoring.terms import LineRule

_MOST = 100_000
_AGES = date(1, 1, 1), date(9999, 1, 1)
# Weeks that no year's end divides; only how many different ones there are matters.
_FIRST_WEEK = date(2026, 6, 15)
_SHANGHAI = timezone(timedelta(hours=8))


@dataclass(frozen=True, slots=True)
class Case:
    """One example: its pack, the options it chooses, its input."""

    pack: Compiled
    options: Chosen
    input: Value


def given(values: Mapping[str, Value], name: str) -> Value | None:
    """The value of a key; None where it is left out or null (it then costs nothing)."""
    value = values.get(name)
    return None if value is None or value.raw is None else value


def without(value: Value, name: str) -> Value:
    """A mapping without a key that is null."""
    raw = value.raw
    if not isinstance(raw, dict) or name not in raw or raw[name] is not None:
        return value
    return Value(value.example, value.path, {key: one for key, one in raw.items() if key != name})


def first_of(values: Mapping[str, Value], *names: str) -> Value | None:
    """The value under the first of several spellings."""
    return next((value for name in names if (value := given(values, name)) is not None), None)


def below(value: Value | None, allowed: str) -> dict[str, Value]:
    """A mapping that may be left out."""
    return {} if value is None else value.mapping(allowed)


def how_many(value: Value | None, default: int = 0) -> int:
    """A whole number from 0; yes is one."""
    if value is None:
        return default
    count = int(value.raw) if isinstance(value.raw, bool) else value.whole()
    if count > _MOST:
        raise value.wrong(f"is more than {_MOST}: {value.raw!r}")
    return count


def amount(value: Value) -> Fraction:
    """Yuan that somebody is paid: not below nought."""
    yuan = value.number()
    if yuan < 0:
        raise value.wrong(f"is below 0: {value.raw!r}")
    return yuan


def flag(value: Value | None, default: bool) -> bool:
    """Yes or no."""
    if value is None:
        return default
    if not isinstance(value.raw, bool):
        raise value.wrong(f"must be true or false, not {value.raw!r}")
    return value.raw


def dates(value: Value) -> list[date]:
    """A list of days."""
    return [_date(one) for one in value.items()]


def _date(value: Value) -> date:
    """A day; of an instant the day in the contract's zone."""
    raw = value.raw
    if isinstance(raw, date) and not isinstance(raw, datetime):
        return raw
    try:
        moment = raw if isinstance(raw, datetime) else datetime.fromisoformat(value.text())
        return (moment.astimezone(_SHANGHAI) if moment.tzinfo is not None else moment).date()
    except (ValueError, OverflowError):
        raise value.wrong(f"is no day such as 2026-07-01: {raw!r}") from None


def weeks(n: int) -> list[date]:
    """Days in so many different weeks."""
    return [_FIRST_WEEK + timedelta(weeks=i) for i in range(n)]


def repeated(n: int, kind: str, facts: Mapping[str, Scalar] | None = None) -> list[Item]:
    """So many items of a kind."""
    return [Item(kind, facts=dict(facts or {}))] * n


def most_of(line: LineRule, case: Case) -> int:
    """How many things the line of a case wants at most."""
    values = {option.key: case.options.get(option.key, option.default) for option in case.pack.pack.options}
    return int(Choices(values).amount(line.earn.most)) if line.earn is not None else 1


def line_of(case: Case, name: str) -> LineRule:
    """The pack's line of that id."""
    for line in case.pack.pack.scoring.lines:
        if line.id == name:
            return line
    raise case.input.wrong(f"pack {case.pack.pack.pack} has no line {name}")


def facts(
    items: Iterable[Item],
    units: tuple[Unit, ...] = (),
    number_: int = 1,
    days: tuple[date, date] = _AGES,
) -> PeriodFacts:
    """Facts of a period that holds any day, or of these days (the end is not in it)."""
    period = PackPeriod("case", number_, 0, 0, *days)
    return PeriodFacts(period, 0, units, tuple(items))


def within(value: Value, held: Bounds | None) -> Fraction:
    """A number in the range of its clause."""
    number_ = value.number()
    if held is not None and held.clipped(number_) != number_:
        raise value.wrong(f"is not from {held}: {value.raw!r}")
    return number_


def text_of(points: Fraction | None) -> str | None:
    """Points as text; None where they are not proven."""
    return None if points is None else number(points)


def yuan_of(money: Iterable[Money]) -> dict[str, str | None]:
    """Every step of the money as text with two decimals."""
    return {one.id: None if one.yuan is None else f"{one.yuan:.2f}" for one in money}


def points_by_line(card: Scorecard, unit: str | None = None) -> dict[str, Fraction | None]:
    """Points of the pack's own lines (not of deductions, fines, vetoes) of a unit or the contract."""
    return {line.id: line.points for line in card.lines if line.unit == unit and "." not in line.id}
