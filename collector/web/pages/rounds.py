"""Rounds: a calendar of what is due, done, late, missed; one round with what was seen so far."""

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from flask import Response, abort, flash, redirect, request, url_for

from checks.recurrence import day_of, instant
from collector.documents.tables import Column, EmptyRecordError, Kind, Link, Table, at
from collector.inspection.due import when_of
from collector.inspection.human import inspected
from collector.inspection.record import EmptyRecord
from collector.jobs import estates as jobs_estates
from collector.jobs import human as jobs_human
from collector.jobs import rounds as jobs
from collector.jobs.rounds import NoRound, Occasion
from collector.reports import record as exports
from collector.reports.human_view import Human
from collector.reports.record_beside import Beside, beside
from collector.reports.record_view import Source, View, view
from collector.store.accounts import Role
from collector.web import auth, i18n
from collector.web.pages.base import Answer, context, estate, refuse, render, route, t, table, zone

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

_HUMAN_AT = 6  # place of the human items among a record's tables


@dataclass(frozen=True, slots=True)
class Cell:
    """A day of the calendar."""

    day: int
    inside: bool
    today: bool
    occasions: tuple[Occasion, ...]


def table_of(found: Sequence[Occasion], name: str, title: str, empty: str) -> Table:
    """Occasions as rows, in the order given."""
    names = _names()
    rows = [
        (
            state_of(one),
            Link(called(one, names), url_for("pages.window", window=one.window.id)),
            one.window.from_ms,
            one.window.to_ms,
            one.due,
            one.done,
            one.record.late if one.record else None,
            one.missed if one.record or one.state in ("missed", "incomplete") else None,
            one.errors,
            one.record.idx if one.record else None,
        )
        for one in found
    ]
    return Table(name, title, _COLUMNS, rows, empty)


def _names() -> Mapping[str, str]:
    """Names of rounds by id."""
    loaded = estate()
    return {one.id: one.name or one.id for one in loaded.estate.rounds} if loaded is not None else {}


def called(one: Occasion, names: Mapping[str, str] | None = None) -> str:
    """A round by its name and its window's day: `每周巡检 2026-10-12`."""
    known = _names() if names is None else names
    return f"{known.get(one.round, one.round)} {when_of(one.window.id)}"


def state_of(one: Occasion) -> str:
    """Its word; a closed round that came late is done, and late."""
    return "done_late" if one.state == "late" and one.record is not None else one.state


def month_of(text: str) -> date:
    """The first day of `YYYY-MM`, of the present month where none is asked for; a page that names it where it
    is no month."""
    if not text:
        return day_of(context().now(), zone()).replace(day=1)
    try:
        first = datetime.strptime(text, "%Y-%m").date()
    except ValueError:
        first = date.min
    # The months beside it, and its weeks, must be dates too, and its instants not before 1970.
    if not 1970 < first.year < 9999:
        refuse("month", text, t("refused.query.month"))
    return first


def _following(first: date) -> date:
    return date(first.year + first.month // 12, first.month % 12 + 1, 1)


def _month(first: date) -> list[Occasion]:
    """Windows that open in the month."""
    edges = [instant(datetime(day.year, day.month, 1), zone()) for day in (first, _following(first))]
    with context().read() as conn:
        found = jobs.ledger(conn, context().now(), *edges)
    return [one for one in found if edges[0] <= one.window.from_ms < edges[1]]


@table("rounds", Role.VIEWER)
def rounds_table(args: Mapping[str, str]) -> Table:
    """The windows of one month."""
    first = month_of(args.get("month", ""))
    made = table_of(_month(first)[::-1], "rounds", t("rounds.of", month=f"{first:%Y-%m}"), t("rounds.none"))
    return Table(made.name, made.title, made.columns, made.rows, made.empty, (("month", f"{first:%Y-%m}"),))


@route("/rounds", Role.VIEWER, asks=("month",))
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
        names=_names(),
        table=rounds_table({"month": f"{first:%Y-%m}"}),
        state_of=state_of,
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


@dataclass(frozen=True, slots=True)
class Shown:
    """A window with its record, or how it stands while it is open; no view of what has not begun or owes
    nothing."""

    occasion: Occasion
    view: View | None
    human: bool = False
    after: tuple[Table, ...] = ()


def _shown(window_id: str) -> Shown:
    """The window, closed or as it stands now."""
    where = url_for("pages.log")
    lang = i18n.language()
    try:
        with context().read() as conn:
            found = jobs.find(conn, window_id, context().now())
            if found.state == "planned":
                return Shown(found, None, found.human.due > 0)
            if found.record is not None:
                record = jobs.read_record(conn, found.record)
            else:
                record = jobs.draft(context(), conn, found.round, found.window)
            more = beside(conn, record)
        source = _source(found)
        human = bool(record.human.items)
        return Shown(
            found, view(record, source, lang, where, more), human, _after(found, more) if human else ()
        )
    except NoRound:
        abort(404)
    except (EmptyRecord, EmptyRecordError):
        return Shown(found, None)


def _after(found: Occasion, more: Beside) -> tuple[Table, ...]:
    """What people corrected once the record was made."""
    if found.record is None:
        return ()
    with context().read() as conn:
        given = jobs_human.by_people(conn, found.round, found.window)
    where = url_for("pages.log")
    part = inspected(given.owed, given.said)
    shown = Human(part, i18n.language(), lambda entry, line: at(entry, line, where), more.names)
    table = shown.after(found.record.idx)
    return () if table is None else (table,)


def _source(found: Occasion) -> Source | None:
    if found.record is None:
        return None
    return exports.source_of(context(), found.record)


@route("/rounds/<path:window>", Role.VIEWER)
def window(window: str) -> Answer:
    """One round: overview, problems, carried over, not inspected, every item."""
    shown = _shown(window)
    tables = [*shown.view.tables, *shown.after] if shown.view else []
    parts = [_part(table, shown.occasion.window.id) for table in tables]
    return render(
        "window.html",
        "rounds",
        one=shown.occasion,
        called=called(shown.occasion),
        state=state_of(shown.occasion),
        view=shown.view,
        parts=parts,
        human=shown.human,
        human_at=_HUMAN_AT,
    )


def _part(table: Table, window_id: str) -> Table:
    args = (("window", window_id), ("part", table.name))
    return Table("record", table.title, table.columns, table.rows, table.empty, args)


@table("record", Role.VIEWER)
def record_table(args: Mapping[str, str]) -> Table:
    """One part of a record."""
    shown = _shown(args.get("window", ""))
    tables = (*shown.view.tables, *shown.after) if shown.view else ()
    found = next((one for one in tables if one.name == args.get("part")), None)
    if found is None:
        abort(404)
    return _part(found, shown.occasion.window.id)


@route("/records/<kind>/<path:window>", Role.VIEWER)
def record_export(kind: str, window: str) -> Answer:
    """The record as docx, xlsx, pdf or json; what cannot be made is said on the round's page."""
    if kind not in exports.TYPES:
        abort(404)
    try:
        data = exports.export(exports.closed(context(), window), kind, i18n.language())
    except exports.NoRecordError:
        abort(404)
    except exports.PROBLEMS as error:
        flash(t(f"export.{error.code}"), "bad")
        return redirect(url_for("pages.window", window=window))
    name = f"{window.replace('/', '-')}.{kind}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(data, mimetype=exports.TYPES[kind], headers=headers)


@route("/rounds/run", Role.OPERATOR, "POST")
def round_run() -> Answer:
    """Have a round run now."""
    try:
        opened, agents, _ = jobs_estates.run_round(
            context(), request.form.get("round", ""), by=auth.account().name
        )
    except jobs_estates.RoundError as error:
        flash(t("rounds.run.refused", why=t(f"rounds.run.{error.code}")), "bad")
        return redirect(url_for("pages.rounds"))
    flash(t("rounds.run.done", n=len(agents)), "ok")
    return redirect(url_for("pages.window", window=opened.id))
