"""What judging says as pages show it: made once for several requests, and anew when the log has grown."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from time import monotonic, sleep
from typing import TypeVar

from flask import abort, current_app, g, request
from sqlalchemy import Connection, func, select

from checks.recurrence import day_of
from collector.documents.judged import Judged
from collector.jobs import scorecards
from collector.jobs.known import pack_of
from collector.jobs.scorecards import Made, Status
from collector.judging.judge import NoScorecard
from collector.judging.sealed import Sealed
from collector.packs.archive import Archive
from collector.packs.model import Pack
from collector.reports.judging_found import archive_of, judged_of
from collector.scoring.model import PackPeriod, Scorecard
from collector.store import series
from collector.store.estates import estate_table
from collector.store.scorecards import SealedRow, scorecard_table
from collector.store.statements import said_table
from collector.web.current import context, zone
from collector.web.kept import MOST, Failed, Held, Kept, Mark, Waited

FRESH_MS = 30_000
# What is over changes by what comes late only, and by people, whose words are looked for each time.
OVER_MS = 600_000
HEARD_S, _LOOK_S = 5.0, 0.02
_DAY_MS = 86_400_000
Found = TypeVar("Found")


def figures() -> Kept:
    """What is held for all requests."""
    found: Kept = current_app.extensions.setdefault("roundseal_judging", Kept())
    return found


def kept(
    name: tuple[str, ...], make: Callable[[], Found], fresh_ms: int = FRESH_MS, *, behind: bool = False
) -> Found:
    """What `make` gives, held for some seconds; made anew at once where people or seals have said more.

    `behind`: the page says as of when it is, so it may be shown a little longer while the next is made.
    """
    found: Found = figures().of(name, make, seen, fresh_ms, behind=behind)
    return found


def seen() -> tuple[Mark, int]:
    """What changes at a stroke, as this request found it, and the instant."""
    if "judging_mark" not in g:
        with context().read() as conn:
            derived = series.cursor(conn)
            said = select(func.max(said_table.c.idx)).where(said_table.c.idx < derived)
            seal = select(func.max(scorecard_table.c.idx))
            estate = select(func.max(estate_table.c.idx)).where(estate_table.c.idx < derived)
            found = [conn.execute(one).scalar() for one in (said, seal, estate)]
            g.judging_mark = tuple(-1 if one is None else int(one) for one in found)
    mark: Mark = g.judging_mark
    return mark, context().now()


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
    return kept(("card", period.name), lambda: make_card(period.name), card_fresh(period), behind=True)


def card_fresh(period: PackPeriod) -> int:
    """For how long nothing but people's words change its scorecard."""
    return OVER_MS if context().now() >= period.to_ms + _DAY_MS else FRESH_MS


@dataclass(frozen=True, slots=True)
class Listed:
    """A period in a list of many: as it was sealed last, else as it stands. `compared_ms`: as of when the
    figure is, or was held against the seal; None: nobody has done that yet."""

    judged: Judged
    status: Status
    compared_ms: int | None

    @property
    def card(self) -> Scorecard:
        """What is shown."""
        return self.judged.card


def listed(period: PackPeriod) -> Listed:
    """A sealed period by its newest seal, which no later word changes, and by how it was last held against
    what came since; any other as `card` has it. 404 for one that has not begun."""
    return _sealed(period) or _listed(card(period))


def at_once(period: PackPeriod) -> Listed | Failed | None:
    """The same without waiting. None: it is being made; Failed: why it could not be."""
    found = _sealed(period) or ready(
        ("card", period.name), partial(make_card, period.name), card_fresh(period)
    )
    return _listed(found.value) if isinstance(found, Held) else found


def ready(name: tuple[str, ...], make: Callable[[], object], fresh_ms: int) -> Held | Failed | None:
    """A figure without waiting for it: None while it is being made behind the page."""
    return figures().ready(Waited(name, make, fresh_ms), seen)


def _listed(found: Card) -> Listed:
    return Listed(found.judged, found.status, found.made.scorecard.as_of_ms)


def _sealed(period: PackPeriod) -> Listed | None:
    """A period by its newest seal; None: it has none."""
    with context().read() as conn:
        rows = scorecards.history(conn, period.name)
        if not rows:
            return None
        if figures().renewing is None:
            return _listed(card(period))
        held = read_sealed(conn, rows[-1])
        judged = judged_of(conn, Made(held.scorecard, held.facts, held.estate, held.size))
    known = figures().glance(("card", period.name), seen, card_fresh(period))
    now: Card | None = None if known is None else known.value
    if now is None or not now.status.entries or now.status.entries[-1].idx != rows[-1].idx:
        return Listed(judged, Status("sealed", tuple(rows), (), held.judging), None)
    return Listed(judged, now.status, now.made.scorecard.as_of_ms)


def read_sealed(conn: Connection, row: SealedRow) -> Sealed:
    """A sealed scorecard; read once, for what stands in the log under a number stays."""
    held: dict[int, Sealed] = current_app.extensions.setdefault("roundseal_sealed", {})
    found = held.get(row.idx)
    if found is None:
        found = scorecards.read_sealed(conn, row)
        while len(held) >= MOST:
            held.pop(next(iter(held)), None)
        held[row.idx] = found
    return found


def make_card(name: str) -> Card:
    """The scorecard of a period as of now, anew."""
    with context().read() as conn:
        made = scorecards.scorecard_on(conn, name, context().now())
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


def heard(entry: int) -> bool:
    """Wait until what was said here counts, for its speaker sees no figure of before; whether it does."""
    g.pop("judging_mark", None)
    deriver = context().deriver
    if deriver is None:  # nobody derives behind the pages
        figures().forget()
        return True
    end = monotonic() + HEARD_S
    while monotonic() < end:
        with context().read() as conn:
            if series.cursor(conn) > entry:
                return True
        deriver.wake()
        sleep(_LOOK_S)
    return False


def today() -> date:
    """The day it is in the contract's zone."""
    return day_of(context().now(), zone())
