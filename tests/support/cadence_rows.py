"""A ledger of one obligation by hand: terms, deeds at instants of Shanghai, the rows that come of them."""

from datetime import date, datetime

from collector.availability.calendar_cn import shipped
from collector.inspection.cadence import rows
from collector.inspection.cadence_model import (
    Deed,
    Frame,
    Observed,
)
from collector.inspection.cadence_terms import (
    Cadence,
    Distinct,
    Every,
    Obligation,
    ObligationTerms,
    Tag,
)
from collector.inspection.deadlines import Workdays, shanghai, start_of

ZONE = shanghai()
HOUR = 3_600_000


def at(text):
    return int(datetime.fromisoformat(f"{text}+08:00").timestamp() * 1000)


def midnight(text):
    return start_of(date.fromisoformat(text), ZONE)


def terms(*cadences, **keys):
    one = Obligation("X-01", "§1", "甲", "a", Tag.AUTO, cadences=tuple(cadences))
    return ObligationTerms((one,), **keys)


def frame(first="2026-06-10", end="2027-06-10", guess=False):
    return Frame(date.fromisoformat(first), date.fromisoformat(end), Workdays(shipped(), ZONE, guess=guess))


def deed(when, kind="inspection", received=None, **more):
    t = at(when)
    given = t + 60_000 if received is None else at(received)
    return Deed(kind, t, given, more.pop("entry", 7), **more)


def seen(as_of, *deeds, **more):
    more.setdefault("watched", ((midnight("2024-01-01"), midnight("2028-01-01")),))
    return Observed(at(as_of), deeds=deeds, **more)


def ledger(made, observed, first, end, held=None):
    return rows(made, observed, held or frame(), (midnight(first), midnight(end)))


WEEKLY = Cadence(Every.WEEK, ("inspection",))
MONTHLY = Cadence(Every.MONTH, ("inspection",), count=4, distinct=Distinct.WEEK)


def states(found):
    return [one.state.value for one in found]
