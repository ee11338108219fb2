"""Rounds: a calendar of what is due, done, late, missed; one round with what was seen so far."""

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from flask import request, url_for

from checks.recurrence import day_of, instant
from collector.reports.sheet import Column, Kind, Link, Table
from collector.store.accounts import Role
from collector.web.calendar import Occasion, occasions
from collector.web.pages.base import Answer, context, estate, render, route, t, table, zone

_COLUMNS = (
    Column("state", Kind.STATE),
    Column("round"),
    Column("from", Kind.WHEN),
    Column("to", Kind.WHEN),
    Column("due", Kind.NUMBER),
    Column("done", Kind.NUMBER),
    Column("late", Kind.NUMBER),
    Column("missed", Kind.NUMBER),
    Column("errors", Kind.NUMBER),
    Column("record", Kind.ENTRY),
)


@dataclass(frozen=True, slots=True)
class Cell:
    """A day of the calendar."""

    day: int
    inside: bool
    today: bool
    occasions: tuple[Occasion, ...]


def table_of(found: Sequence[Occasion], name: str, title: str, empty: str) -> Table:
    """Occasions as rows, newest window first."""
    rows = [
        (
            one.state,
            Link(one.window.id, url_for("pages.window", window=one.window.id)),
            one.window.from_ms,
            one.window.to_ms,
            one.due,
            one.done,
            one.record.late if one.record else None,
            one.record.missed if one.record else None,
            one.errors,
            one.record.idx if one.record else None,
        )
        for one in reversed(found)
    ]
    return Table(name, title, _COLUMNS, rows, empty)


def month_of(text: str) -> date:
    """The first day of `YYYY-MM`; of the present month for anything else."""
    try:
        return datetime.strptime(text, "%Y-%m").date()  # noqa: DTZ007 - a calendar month has no zone
    except ValueError:
        return day_of(context().now(), zone()).replace(day=1)


def _following(first: date) -> date:
    return date(first.year + first.month // 12, first.month % 12 + 1, 1)


def _month(first: date) -> list[Occasion]:
    """Windows that open in the month."""
    edges = [instant(datetime(day.year, day.month, 1), zone()) for day in (first, _following(first))]  # noqa: DTZ001
    with context().read() as conn:
        found = occasions(conn, context().now(), *edges)
    return [one for one in found if edges[0] <= one.window.from_ms < edges[1]]


@table("rounds", Role.VIEWER)
def rounds_table(args: Mapping[str, str]) -> Table:
    """The windows of one month."""
    first = month_of(args.get("month", ""))
    made = table_of(_month(first), "rounds", t("rounds.of", month=f"{first:%Y-%m}"), t("rounds.none"))
    return Table(made.name, made.title, made.columns, made.rows, made.empty, (("month", f"{first:%Y-%m}"),))


@table("rounds-today", Role.VIEWER)
def rounds_today(_args: Mapping[str, str]) -> Table:
    """The rounds of the first page are those of the present month."""
    return rounds_table({})


@route("/rounds", Role.VIEWER)
def rounds() -> Answer:
    """A month as a calendar and as a table."""
    first = month_of(request.args.get("month", ""))
    before = date(first.year - (first.month == 1), (first.month - 2) % 12 + 1, 1)
    loaded = estate()
    return render(
        "rounds.html",
        "rounds",
        month=f"{first:%Y-%m}",
        before=f"{before:%Y-%m}",
        after=f"{_following(first):%Y-%m}",
        weeks=_weeks(first, _month(first)),
        table=rounds_table({"month": f"{first:%Y-%m}"}),
        rules=loaded.estate.rounds if loaded else (),
    )


def _weeks(first: date, found: Sequence[Occasion]) -> list[list[Cell]]:
    """The month's weeks, Monday first; each occasion on the day it opens."""
    by_day: dict[date, list[Occasion]] = {}
    for one in found:
        by_day.setdefault(day_of(one.window.from_ms, zone()), []).append(one)
    today = day_of(context().now(), zone())
    weeks = calendar.Calendar().monthdatescalendar(first.year, first.month)
    return [
        [Cell(day.day, day.month == first.month, day == today, tuple(by_day.get(day, ()))) for day in week]
        for week in weeks
    ]
