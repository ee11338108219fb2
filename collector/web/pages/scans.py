"""Scans: what scanners' reports say, and how the findings of each series stand."""

from collections.abc import Mapping

from flask import abort, url_for

from collector.documents.tables import Column, Kind, Link, Table
from collector.jobs import scans as jobs
from collector.jobs.scans import Logged
from collector.scans.lifecycle import Life
from collector.store.accounts import Role
from collector.web.pages.base import Answer, context, number, render, route, t, table

_GRADES = ("critical", "high", "medium", "low", "info", "unknown")
_COLUMNS = (
    Column("entry", Kind.ENTRY),
    Column("scan"),
    Column("scanned", Kind.WHEN),
    Column("scan_run", Kind.STATE),
    Column("examined", Kind.NUMBER),
    Column("critical", Kind.NUMBER),
    Column("high", Kind.NUMBER),
    Column("medium", Kind.NUMBER),
    Column("low", Kind.NUMBER),
    Column("info", Kind.NUMBER),
    Column("could_not_tell", Kind.NUMBER),
    Column("by"),
)
_FINDINGS = (
    Column("state", Kind.STATE),
    Column("severity"),
    Column("host"),
    Column("place"),
    Column("finding"),
    Column("finding_id"),
    Column("first_seen", Kind.WHEN),
    Column("looked_last", Kind.WHEN),
    Column("changed", Kind.ENTRY),
)
_MOST = 2000


@table("scans", Role.VIEWER)
def scans_table(_args: Mapping[str, str]) -> Table:
    """Every imported scan, newest first."""
    with context().read() as conn:
        found = jobs.logged(conn)
    rows = [_row(one) for one in reversed(found)]
    return Table("scans", t("scans.imported"), _COLUMNS, rows, t("scans.none"))


def _row(one: Logged) -> tuple[object, ...]:
    counts = one.header["counts"]
    link = Link(one.series, url_for("pages.scan", idx=one.idx))
    numbers = (counts[word] for word in _GRADES)
    return one.idx, link, one.time, one.verdict, one.header["examined"], *numbers, one.header["by"]


@table("findings", Role.VIEWER)
def findings_table(args: Mapping[str, str]) -> Table:
    """The findings of one import's series, as the imports up to it tell them; the gravest first."""
    one = _of(number(args, "idx", -1, 0, 2**53))
    with context().read() as conn:
        found = jobs.history(conn, one.series, one.idx)
    empty = t("scans.nothing" if one.verdict == "proves_nothing" else "scans.clean")
    rows = [_finding(life) for life in found]
    return Table(
        "findings", t("scans.findings", n=len(rows)), _FINDINGS, rows, empty, (("idx", str(one.idx)),)
    )


def _of(idx: int) -> Logged:
    with context().read() as conn:
        found = next((one for one in jobs.logged(conn) if one.idx == idx), None)
    if found is None:
        abort(404)
    return found


def _finding(life: Life) -> tuple[object, ...]:
    f = life.finding
    head = (life.state.value, t(f"severity.{f.severity}"), f.host, f.place or None, f.title, f.id)
    return *head, life.first, life.looked, life.entries[-1]


@route("/scans", Role.VIEWER, asks=())
def scans() -> Answer:
    """All imports."""
    return render("scans.html", "scans", table=scans_table({}))


@route("/scans/<int:idx>", Role.VIEWER, asks=())
def scan(idx: int) -> Answer:
    """One import with the state of its series' findings."""
    one = _of(idx)
    whole = findings_table({"idx": str(idx)})
    shown = Table(whole.name, whole.title, whole.columns, whole.rows[:_MOST], whole.empty, whole.args)
    return render("scan.html", "scans", one=one, table=shown, left=len(whole.rows) - len(shown.rows))
