"""Which turns of a cadence are due in a span. Pure."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from collector.inspection.cadence_model import Event, Frame, Observed, Occasion, Span, Subject, Turn
from collector.inspection.cadence_terms import Cadence, Each, Every, ObligationTerms
from collector.inspection.deadlines import (
    Deadline,
    day_of,
    due,
    due_day,
    iso_week,
    monday,
    start_of,
    stretches,
)

_DAY = timedelta(days=1)
_MONTHS = {Every.MONTH: 1, Every.QUARTER: 3, Every.HALF_YEAR: 6, Every.YEAR: 12}


@dataclass(frozen=True, slots=True)
class Ask:
    """A cadence, the section it is from, the frame of the contract, and the span that is asked about."""

    cadence: Cadence
    terms: ObligationTerms
    frame: Frame
    span: Span


def turns(ask: Ask, observed: Observed) -> list[Turn]:
    """Turns that belong to the span, by subject and time; of each unit or system only while in scope.

    MissingYear where a working day is asked about in a year that is not published and must not be guessed.
    """
    if ask.cadence.every is Every.EVENT:
        return list(_events(ask, observed.events))
    if ask.cadence.every is Every.BEFORE:
        made = list(_before(ask, observed.occasions))
    else:
        grid = _GRIDS[ask.cadence.every](ask)
        made = [_handed_in(ask, one) for one in grid if ask.span[0] <= one.at_ms < ask.span[1]]
    return _of_each(ask.cadence.each, made, observed)


def _of_each(each: Each, made: list[Turn], observed: Observed) -> list[Turn]:
    if each is Each.CONTRACT:
        return made
    whose = observed.units if each is Each.UNIT else observed.systems
    return [_of(each, one, turn) for one in whose for turn in made if one.holds(_middle(turn))]


def _of(each: Each, subject: Subject, turn: Turn) -> Turn:
    if each is Each.UNIT:
        return replace(turn, unit=subject.id)
    return replace(turn, unit=subject.unit, system=subject.id)


def _middle(turn: Turn) -> int:
    """Whoever is in scope in the middle of a stretch owes it: for a week that is its Thursday."""
    ends = turn.at_ms + 1 if turn.about else turn.due_ms
    return (turn.from_ms + ends) // 2


def _span_days(ask: Ask) -> Iterator[date]:
    """Days of the term with a part in the span."""
    day = ask.frame.first
    while day < ask.frame.end:
        begins = start_of(day, ask.frame.days.zone)
        if begins >= ask.span[1]:
            return
        if begins + 86_400_000 > ask.span[0]:
            yield day
        day += _DAY


def _stretch(ask: Ask, key: str, first: date, end: date, at: date | None = None) -> Turn:
    """A turn over days [first, end); it belongs to day `at`, else to its last."""
    zone = ask.frame.days.zone
    until = start_of(end, zone)
    belongs = until - 1 if at is None else start_of(at, zone)
    return Turn(key, start_of(first, zone), until, belongs, end - _DAY, ask.cadence.count)


def _handed_in(ask: Ask, turn: Turn) -> Turn:
    """The turn with its cadence's deadline, which runs from its last day; it is about the turn's days."""
    limit = ask.cadence.deadline
    if limit is None:
        return turn
    ended = due_day(limit, turn.last, ask.frame.days)
    about = turn.about or (day_of(turn.from_ms, ask.frame.days.zone), turn.last + _DAY)
    return replace(turn, due_ms=ended.at_ms, last=ended.day, provisional=ended.provisional, about=about)


def _weeks(ask: Ask) -> Iterator[Turn]:
    """ISO weeks whose Thursday is in the term, cut at the term's edges."""
    begins = monday(ask.frame.first)
    while begins < ask.frame.end:
        thursday = begins + 3 * _DAY
        if ask.frame.first <= thursday < ask.frame.end:
            first, end = max(begins, ask.frame.first), min(begins + 7 * _DAY, ask.frame.end)
            yield _stretch(ask, iso_week(thursday), first, end, thursday)
        begins += 7 * _DAY


def _every_day(ask: Ask) -> Iterator[Turn]:
    for day in _span_days(ask):
        yield _stretch(ask, day.isoformat(), day, day + _DAY, day)


def _working_days(ask: Ask) -> Iterator[Turn]:
    days = ask.frame.days
    for day in _span_days(ask):
        if days.is_workday(day):
            made = _stretch(ask, day.isoformat(), day, day + _DAY, day)
            yield replace(made, provisional=made.provisional or days.guessed(day))


def _steps(ask: Ask) -> Iterator[Turn]:
    """Stretches of so many days; a shorter one at the end of the term owes nothing."""
    step = ask.cadence.step * _DAY
    first = ask.frame.first
    while first + step <= ask.frame.end:
        yield _stretch(ask, f"d{first.isoformat()}", first, first + step)
        first += step


def _months(ask: Ask) -> Iterator[Turn]:
    months = _MONTHS[ask.cadence.every]
    anchor = ask.terms.anchor_day
    for first, end in stretches(ask.frame.first, ask.frame.end, months, anchor):
        yield _stretch(ask, f"m{first.isoformat()}", first, end)


def _term(ask: Ask) -> Iterator[Turn]:
    yield _stretch(ask, "term", ask.frame.first, ask.frame.end)


def _always(ask: Ask) -> Iterator[Turn]:
    """The span itself, as far as it lies in the term."""
    zone = ask.frame.days.zone
    begins = max(ask.span[0], start_of(ask.frame.first, zone))
    ends = min(ask.span[1], start_of(ask.frame.end, zone))
    if begins < ends:
        yield Turn("always", begins, ends, begins, ask.frame.end - _DAY, 0)


def _calendar_months(ask: Ask) -> Iterator[date]:
    first = ask.frame.first.replace(day=1)
    while first < ask.frame.end:
        yield first
        first = (first + 31 * _DAY).replace(day=1)


def _first_weeks(ask: Ask) -> Iterator[Turn]:
    """The first days of each calendar month with service in the month before; about that month."""
    for first in _calendar_months(ask):
        if first > ask.frame.first:
            end = first + ask.terms.first_week_days * _DAY
            made = _stretch(ask, f"w{first.isoformat()}", first, end)
            yield replace(made, about=((first - _DAY).replace(day=1), first))


def _month_ends(ask: Ask) -> Iterator[Turn]:
    for first in _calendar_months(ask):
        following = (first + 31 * _DAY).replace(day=1)
        made = _stretch(ask, f"e{first.isoformat()}", max(first, ask.frame.first), following)
        yield replace(made, about=(first, following))


_GRIDS: dict[Every, Callable[[Ask], Iterator[Turn]]] = {
    Every.WEEK: _weeks,
    Every.DAY: _every_day,
    Every.WORKING_DAY: _working_days,
    Every.DAYS: _steps,
    Every.MONTH: _months,
    Every.QUARTER: _months,
    Every.HALF_YEAR: _months,
    Every.YEAR: _months,
    Every.TERM: _term,
    Every.FIRST_WEEK: _first_weeks,
    Every.MONTH_END: _month_ends,
    Every.ALWAYS: _always,
}


def _before(ask: Ask, occasions: Iterable[Occasion]) -> Iterator[Turn]:
    zone, cadence = ask.frame.days.zone, ask.cadence
    for one in occasions:
        inside = ask.frame.first <= one.first < ask.frame.end
        if one.name not in cadence.occasions or not inside:
            continue
        at_ms = start_of(one.first, zone)
        if not ask.span[0] <= at_ms < ask.span[1]:
            continue
        # "提前7天完成": done by the end of the seventh day ahead; without a number, before the first day.
        end = one.first - (max(cadence.ahead_days, 1) - 1) * _DAY
        opens = max(one.first - max(cadence.opens_days, cadence.ahead_days, 1) * _DAY, ask.frame.first)
        yield Turn(
            f"{one.name}-{one.first.isoformat()}",
            start_of(opens, zone),
            start_of(end, zone),
            at_ms,
            end - _DAY,
            cadence.count,
            provisional=one.provisional,
            event=one.name,
            started_by=one.entry,
            covers=(one.first, max(one.after, one.first + _DAY)) if cadence.during else None,
        )


def _events(ask: Ask, events: Iterable[Event]) -> Iterator[Turn]:
    limit = ask.cadence.deadline or Deadline(0, "days")  # type: ignore[arg-type]  # terms are checked
    for one in events:
        if one.kind == limit.start_event and ask.span[0] <= one.at_ms < ask.span[1]:
            ended = due(limit, one.at_ms, ask.frame.days)
            yield Turn(
                f"{one.kind}-{one.key}",
                one.at_ms,
                ended.at_ms,
                one.at_ms,
                ended.day,
                ask.cadence.count,
                one.unit,
                one.system,
                ended.provisional,
                event=one.key,
                started_by=one.entry,
            )
