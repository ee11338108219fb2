"""Whether rosters cover the days of a duty that always holds, with as many people as it wants. Pure.

A contract that wants ten engineers on every working day is not kept by a roster of one afternoon, nor by one
of three people; who was absent in spite of it is a breach of its own.
"""

from collections.abc import Sequence
from datetime import timedelta

from collector.inspection.cadence_model import Deed, Turn
from collector.inspection.cadence_terms import Cadence, Cover
from collector.inspection.deadlines import Workdays, day_of


def covers(cadence: Cadence, rosters: Sequence[Deed], turn: Turn, as_of_ms: int, days: Workdays) -> bool:
    """Whether a roster that names enough people is about each day of a turn that is owed, as far as they are
    over; of a cadence that asks for no days in particular, always.

    Rosters of one day are not added up: one that was drawn up anew would count its people twice.
    MissingYear as in `Workdays.is_workday`.
    """
    if cadence.cover is Cover.NONE:
        return True
    zone, a_day = days.zone, timedelta(days=1)
    left = set()
    day, end = (day_of(at, zone) for at in (turn.from_ms, min(turn.due_ms, as_of_ms)))
    while day < end:
        left.add(day)
        day += a_day
    for one in rosters:
        if one.until_ms is not None and _people(one) >= cadence.people:
            begins, ends = day_of(one.at_ms, zone), day_of(max(one.until_ms - 1, one.at_ms), zone)
            left = {day for day in left if not begins <= day <= ends}
    return not any(cadence.cover is Cover.DAYS or days.is_workday(day) for day in left)


def guessed(cadence: Cadence, turn: Turn, days: Workdays) -> bool:
    """Whether working days of a turn are owed in a year whose holidays are not published yet."""
    return cadence.cover is Cover.WORKING_DAYS and days.guessed(day_of(turn.due_ms - 1, days.zone))


def _people(roster: Deed) -> int:
    """How many it names; none where it does not say."""
    named = roster.facts.get("people")
    return named if type(named) is int else 0
