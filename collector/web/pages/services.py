"""Business systems and their services: state now, ninety days as a strip, the figure with all that belongs to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import abort, request, url_for
from markupsafe import Markup

from checks.recurrence import day_of, instant
from collector.availability.current import CurrentState
from collector.availability.engine import Figure
from collector.availability.errors import SpecError
from collector.availability.terms import ServiceTerms
from collector.jobs import figures
from collector.reports import wording
from collector.reports.sheet import Column, Kind, Link, Table
from collector.store import runs as runs_store
from collector.store.accounts import Role
from collector.web import charts, i18n
from collector.web.pages.base import Answer, clock, context, estate, render, route, t, table, zone

DAYS = 90
_LONGEST_DAYS = 1100
_SERVICES = (
    Column("system"),
    Column("state", Kind.STATE),
    Column("age", Kind.SPAN),
    Column("target_share"),
    Column("known", Kind.SHARE),
    Column("coverage", Kind.SHARE),
    Column("faults", Kind.NUMBER),
)
_DAYS = (
    Column("day"),
    *(Column(f"class.{group}", Kind.SPAN) for group in charts.GROUPS[::-1]),
)
_FAULTS = (
    Column("from", Kind.WHEN),
    Column("to", Kind.WHEN),
    Column("down", Kind.SPAN),
    Column("degraded", Kind.SPAN),
    Column("level"),
    Column("recovered", Kind.WHEN),
    Column("entry", Kind.ENTRY),
)
_PROOF = (
    Column("check"),
    Column("vantage"),
    Column("first", Kind.WHEN),
    Column("last", Kind.WHEN),
    Column("n", Kind.NUMBER),
    Column("first_seq", Kind.NUMBER),
    Column("last_seq", Kind.NUMBER),
)


@dataclass(frozen=True, slots=True)
class Period:
    """[from, to) and as much of it as has passed."""

    from_ms: int
    to_ms: int
    first: str
    last: str


def period_of(args: Mapping[str, str]) -> Period:
    """The days asked for, else the last ninety with today; both ends are local days, the last included."""
    today = day_of(context().now(), zone())
    last = _day(args.get("to", "")) or today
    first = _day(args.get("from", "")) or last - timedelta(days=DAYS - 1)
    if first > last or (last - first).days > _LONGEST_DAYS:
        abort(400)
    edges = [instant(datetime(d.year, d.month, d.day), zone()) for d in (first, last + timedelta(days=1))]  # noqa: DTZ001
    return Period(edges[0], edges[1], first.isoformat(), last.isoformat())
