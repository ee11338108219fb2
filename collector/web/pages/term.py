"""The end-of-term sheet (LH-23): what was operated on how many days of the term so far, and when not."""

from collections.abc import Mapping

from flask import abort

from collector.documents import parts_term
from collector.documents.tables import Table
from collector.jobs.term import term_sheet
from collector.judging.judge import NoScorecard
from collector.judging.term import TermLine
from collector.reports.record import TYPES
from collector.store.accounts import Role
from collector.web import i18n, judging_now
from collector.web.pages.base import Answer, context, render, route, table


def _lines() -> tuple[TermLine, ...]:
    """Up to the last midnight: what comes late, and people's words, change it. 404 without a contract."""

    def made() -> tuple[TermLine, ...]:
        with context().read() as conn:
            try:
                return term_sheet(conn, context().now())
            except NoScorecard:
                return ()

    if not judging_now.begun():
        abort(404)
    return judging_now.kept(("term",), made, judging_now.OVER_MS)


@table("doc-term-sums", Role.VIEWER)
def sums_table(_args: Mapping[str, str]) -> Table:
    """Days by state."""
    return parts_term.sums(_lines(), i18n.language(), whole=True)


@table("doc-term-spans", Role.VIEWER)
def spans_table(_args: Mapping[str, str]) -> Table:
    """When it was not operated."""
    return parts_term.spans(_lines(), i18n.language(), whole=True)


@route("/term", Role.VIEWER)
def term() -> Answer:
    """Days operated, unseen, out of service, out of scope, by system and asset."""
    lines, lang = _lines(), i18n.language()
    days = [part for one in lines for part in one.stretches]
    return render(
        "term.html",
        "scorecard",
        tables=[made(lines, lang, whole=True) for made in (parts_term.sums, parts_term.spans)],
        first=min((one.first for one in days), default=None),
        until=max((one.end for one in days), default=None),
        period=judging_now.period_asked("").name,
        kinds=tuple(TYPES),
    )
