"""The newest look at each thing, read back from the log line that is its evidence."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, or_, select

from checks.codec import FieldError
from checks.result import Result, decode
from checks.wire import lines as bodies
from checks.wire.errors import WireError
from collector.jobs.figures import flush_of
from collector.store import packs, plans
from collector.store.content import content
from collector.store.evidence import Damaged
from collector.store.series import SeriesRow, every, series_table

Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Look:
    """A series with what its newest look said; `state` is unknown once the look is too old."""

    row: SeriesRow
    state: str
    stale: bool
    result: Result | None = None


def current(conn: Connection, now: int) -> list[Look]:
    """The newest look of everything that a current plan asks for, without its readings."""
    wanted = planned(conn)
    return [_look(row, now) for row in every(conn) if (row.check, row.target, row.vantage) in wanted]


def planned(conn: Connection) -> set[Key]:
    """(check, target, agent) of every regular look and probe in force."""
    return {
        (item.check, item.target, agent)
        for agent, _, plan in plans.current_plans(conn)
        for item in plan.items
    }


def of_asset(conn: Connection, asset: str, now: int) -> list[Look]:
    """Every newest look at an asset, rounds' looks too, with its readings."""
    table = series_table
    wanted = select(table).where(or_(table.c.asset == asset, table.c.target == asset))
    rows = [SeriesRow(*row) for row in conn.execute(wanted.order_by(table.c.check, table.c.target))]
    return with_results(conn, [_look(row, now) for row in rows])


def _look(row: SeriesRow, now: int) -> Look:
    # A series of which nothing counted yet (every look lay in the future) has no place in the log.
    # What was seen since may still be on its way: the same allowance as for the state of a service.
    late = now - row.t > row.hold + flush_of(row.asset is not None)
    stale = row.idx < 0 or (row.hold > 0 and late)
    state = "error" if row.error is not None else (row.state or "unknown")
    return Look(row, "unknown" if stale and state != "error" else state, stale)


def with_results(conn: Connection, looks: Iterable[Look]) -> list[Look]:
    """The same with their result lines; a body that is gone or damaged leaves None."""
    kept: dict[int, list[bytes]] = {}
    return [Look(one.row, one.state, one.stale, _result(conn, one.row, kept)) for one in looks]


def _result(conn: Connection, row: SeriesRow, kept: dict[int, list[bytes]]) -> Result | None:
    return line(conn, row.idx, row.line, kept)


def line(conn: Connection, idx: int, number: int, kept: dict[int, list[bytes]]) -> Result | None:
    """The result at a place in the log; `kept` holds bodies that were opened before."""
    if idx not in kept:
        kept[idx] = _lines(conn, idx)
    try:
        return decode(kept[idx][number])
    except (IndexError, WireError, FieldError):
        return None


def _lines(conn: Connection, idx: int) -> list[bytes]:
    body = packs.body(conn, idx)
    try:
        return [] if body is None else bodies.split(content(body))
    except (Damaged, WireError):
        return []
