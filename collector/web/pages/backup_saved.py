"""The record of backups of a period, saved from its page."""

from flask import Response, abort, flash, redirect, request, url_for

from collector.documents.tables import EmptyRecordError
from collector.evidence.periods import PeriodError
from collector.jobs import backups as jobs
from collector.jobs.backups import Account
from collector.judging.judge import NoScorecard
from collector.reports import backup_record as record
from collector.reports.record import TYPES
from collector.store.accounts import Role
from collector.web import auth, i18n
from collector.web.backups_now import whole
from collector.web.pages import refusals
from collector.web.pages.base import Answer, context, route, t


def _fresh() -> Account:
    """The account of this moment, not the one that pages share."""
    whole()
    with context().read() as conn:
        return jobs.account(conn, context().now())


def _why(error: Exception, period: str) -> str:
    """Why no record can be made."""
    if isinstance(error, NoScorecard):
        return refusals.unjudged(error)
    if isinstance(error, EmptyRecordError):
        return t("refused.nothing_due", period=period)
    return t(
        "refused.bad_period" if isinstance(error, PeriodError) else "refused.font_missing", period=period
    )


@route("/backups-record", Role.OPERATOR, "POST")
def backup_record() -> Answer:
    """The record of a period as a file; it is logged first."""
    kind, name = request.form.get("kind", ""), request.form.get("object", "")
    if kind not in TYPES:
        abort(404)
    asked = (name or None, request.form.get("period", ""))
    try:
        data = record.export(context(), _fresh(), asked, kind, i18n.language(), auth.account().name)
    except record.PROBLEMS as error:
        flash(t("backups.record.failed", why=_why(error, asked[1])), "bad")
        return redirect(url_for("pages.backups"))
    title = "-".join(part.replace("/", "-") for part in ("backups", name, asked[1]) if part)
    headers = {"Content-Disposition": f'attachment; filename="{title}.{kind}"'}
    return Response(data, mimetype=TYPES[kind], headers=headers)
