"""What judging says as pages show it: made once for several requests, and anew when the log has grown."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from flask import abort, current_app, g, request
from sqlalchemy import func, select

from checks.recurrence import day_of
from collector.jobs import scorecards
from collector.jobs.known import pack_of
from collector.jobs.scorecards import Made, Status
from collector.judging.judge import NoScorecard
from collector.packs.archive import Archive
from collector.packs.model import Pack
from collector.reports.judging_found import archive_of, judged_of
from collector.reports.judging_view import Judged
from collector.scoring.model import PackPeriod
from collector.store import series
from collector.store.estates import estate_table
from collector.store.scorecards import scorecard_table
from collector.store.statements import said_table
from collector.web.pages.base import context, zone

FRESH_MS = 30_000
# What is over changes by what comes late only, and by people, whose words are looked for each time.
OVER_MS = 600_000
_DAY_MS = 86_400_000
_KEPT = 96
Found = TypeVar("Found")


def kept(name: tuple[str, ...], make: Callable[[], Found], fresh_ms: int = FRESH_MS) -> Found:
    """What `make` gives, held for some seconds; made anew at once where people or seals have said more."""
    now = context().now()
    held = current_app.extensions.setdefault("roundseal_judging", {})
    mark = _mark()
    known = held.get(name)
    if known is None or known[0] != mark or not 0 <= now - known[1] < fresh_ms:
        known = (mark, now, make())
        held.pop(name, None)
        held[name] = known
        while len(held) > _KEPT:
            held.pop(next(iter(held)), None)
    found: Found = known[2]
    return found


def _mark() -> tuple[int | None, ...]:
    """What changes at a stroke. Results come every second, and are shown within `FRESH_MS`."""
    if "judging_mark" not in g:
        with context().read() as conn:
            derived = series.cursor(conn)
            said = select(func.max(said_table.c.idx)).where(said_table.c.idx < derived)
            seal = select(func.max(scorecard_table.c.idx))
            estate = select(func.max(estate_table.c.idx))
            g.judging_mark = tuple(conn.execute(one).scalar() for one in (said, seal, estate))
    found: tuple[int | None, ...] = g.judging_mark
    return found


@dataclass(frozen=True, slots=True)
class Card:
    """A period's scorecard with everything that pages say of it."""

    made: Made
    judged: Judged
    status: Status

    @property
    def period(self) -> PackPeriod:
        """Its period."""
        return self.made.scorecard.period


def has_pack() -> bool:
    """Whether the estate in force has a contract pack and its term has begun: then the scorecard is the
    first page."""
    return bool(begun())


def periods() -> tuple[PackPeriod, ...]:
    """The periods of the contract in force; none without a pack."""
    return _periods()[1]


def every_period() -> tuple[PackPeriod, ...]:
    """All that can be asked for: those of contracts that were replaced first, then `periods`."""
    return _periods()[0]


_Periods = tuple[tuple[PackPeriod, ...], tuple[PackPeriod, ...]]


def _periods() -> _Periods:
    """All periods, and those of the contract in force."""

    def read() -> _Periods:
        with context().read() as conn:
            now = context().now()
            try:
                return scorecards.every_period(conn, now), scorecards.periods(conn, now)
            except NoScorecard:
                return (), ()

    if "judging_periods" not in g:
        g.judging_periods = kept(("periods",), read)
    found: _Periods = g.judging_periods
    return found


def pack() -> Pack | None:
    """The pack in force."""

    def read() -> Pack | None:
        with context().read() as conn:
            return pack_of(conn)

    return kept(("pack",), read)


def begun() -> tuple[PackPeriod, ...]:
    """The periods that have begun."""
    now = context().now()
    return tuple(one for one in periods() if one.from_ms <= now)


def period_asked(name: str | None = None) -> PackPeriod:
    """The period that was asked for; else the one that runs, or the last before now. 404 without one."""
    known = periods()
    wanted = request.args.get("period", "") if name is None else name
    if not known:
        abort(404)
    if wanted:
        every = every_period()[::-1]  # a number is one of the contract in force
        found = next((one for one in every if wanted in (one.name, str(one.number))), None)
        if found is None:
            abort(404)
        return found
    return (begun() or known)[-1 if begun() else 0]


def card(period: PackPeriod) -> Card:
    """The scorecard of a period as of now; 404 for one that has not begun."""
    now = context().now()
    if now < period.from_ms:
        abort(404)
    fresh = OVER_MS if now >= period.to_ms + _DAY_MS else FRESH_MS
    return kept(("card", period.name), lambda: _card(period), fresh)


def _card(period: PackPeriod) -> Card:
    with context().read() as conn:
        made = scorecards.scorecard_on(conn, period.name, context().now())
        return Card(made, judged_of(conn, made), scorecards.status(conn, made))


def archive(period: PackPeriod) -> Archive | None:
    """The archive of a period; None where the pack lists no documents."""
    return kept(("archive", period.name), lambda: _archive(period))


def _archive(period: PackPeriod) -> Archive | None:
    with context().read() as conn:
        return archive_of(conn, period, context().now())


def beside(period: PackPeriod) -> tuple[PackPeriod | None, PackPeriod | None]:
    """The periods before and after, as far as they have begun."""
    known = tuple(one for one in every_period() if one.from_ms <= context().now())
    place = next(n for n, one in enumerate(known) if one.name == period.name)
    return known[place - 1] if place else None, known[place + 1] if place + 1 < len(known) else None


def forget() -> None:
    """Make everything anew: something of it was just changed here."""
    current_app.extensions.pop("roundseal_judging", None)
    g.pop("judging_mark", None)


def today() -> date:
    """The day it is in the contract's zone."""
    return day_of(context().now(), zone())
