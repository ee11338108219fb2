"""Documents of judging, made from their page: logged first, then as a file."""

from flask import Response, abort, flash, redirect, request, url_for

from collector.evidence.periods import PeriodError
from collector.judging.judge import NoScorecard
from collector.reports import documents as reports
from collector.reports.material import Material
from collector.reports.material_found import found_in, span_of
from collector.reports.record import TYPES
from collector.store.accounts import Role
from collector.web import auth, i18n, judging_now
from collector.web.pages import asking, refusals
from collector.web.pages.base import Answer, context, render, route, t


@route("/documents", Role.VIEWER, asks=asking.PERIOD)
def documents() -> Answer:
    """What can be made of a period."""
    known = judging_now.periods()
    rows = [
        (kind.id, t(f"doc.title.{kind.id}"), [t(f"doc.part.{name}") for name in kind.parts])
        for kind in reports.KINDS.values()
        if not kind.subject and (known or not kind.judged)
    ]
    # Any period may be asked for, those of the calendar too: what is none is told when it is made.
    asked = request.args.get("period", "") or (judging_now.period_asked("").name if known else "")
    return render("documents.html", "archive", rows=rows, period=asked, kinds=tuple(TYPES))


def _why(error: Exception, period: str) -> str:
    """Why a document cannot be made."""
    code = str(getattr(error, "code", ""))
    known = ("empty_record", "bad_period", "no_scorecard", "no_such_fault", "font_missing")
    if isinstance(error, NoScorecard):
        return refusals.unjudged(error)
    return t(f"refused.{code}", period=period) if code in known else str(error)


@route("/documents/make", Role.OPERATOR, "POST")
def document_make() -> Answer:
    """A document as a file."""
    kind, form = request.form.get("kind", ""), request.form.get("form", "")
    if form not in TYPES or kind not in reports.KINDS:
        abort(404)
    subject = request.form.get("subject", "")
    try:
        span = span_of(context(), request.form.get("period", ""))
        material = Material(context(), span, found_in(context(), span), subject)
        data = reports.export(kind, material, form, i18n.language(), auth.account().name)
    except (*reports.PROBLEMS, PeriodError, NoScorecard) as error:
        flash(t("documents.failed", why=_why(error, request.form.get("period", ""))), "bad")
        return redirect(url_for("pages.documents", period=request.form.get("period", "")))
    name = "-".join(part.replace("/", "-") for part in (kind, subject, span.name) if part)
    headers = {"Content-Disposition": f'attachment; filename="{name}.{form}"'}
    return Response(data, mimetype=TYPES[form], headers=headers)
