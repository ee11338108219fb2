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
from collector.web.pages import asking
from collector.web.pages.base import Answer, context, render, route, t


@route("/documents", Role.VIEWER)
def documents() -> Answer:
    """What can be made of a period."""
    period = asking.period_asked() if judging_now.periods() else None
    rows = [
        (kind.id, t(f"doc.title.{kind.id}"), [t(f"doc.part.{name}") for name in kind.parts])
        for kind in reports.KINDS.values()
        if not kind.subject and (period is not None or not kind.judged)
    ]
    asked = request.args.get("period", "") or (period.name if period else "")
    return render("documents.html", "archive", rows=rows, period=asked, kinds=tuple(TYPES))


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
        flash(t("documents.failed", why=str(error)), "bad")
        return redirect(url_for("pages.documents", period=request.form.get("period", "")))
    name = "-".join(part.replace("/", "-") for part in (kind, subject, span.name) if part)
    headers = {"Content-Disposition": f'attachment; filename="{name}.{form}"'}
    return Response(data, mimetype=TYPES[form], headers=headers)
