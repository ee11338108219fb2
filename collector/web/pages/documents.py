"""Documents of judging, made from their page: logged first, then as a file."""

from flask import Response, abort, flash, redirect, request, url_for

from checks.recurrence import zone as named_zone
from collector.evidence.periods import PeriodError, parse_period
from collector.reports import documents as reports
from collector.reports.material import Material, Span
from collector.reports.material_found import found_in
from collector.reports.record import TYPES
from collector.store.accounts import Role
from collector.web import auth, i18n, judging_now
from collector.web.pages.base import Answer, context, estate, render, route, t

_ZONE = "Asia/Shanghai"


def _span(name: str) -> Span:
    """A period of the pack, or any other by its name; PeriodError."""
    now = context().now()
    known = next((one for one in judging_now.periods() if one.name == name), None)
    if known is not None:
        return Span(known.name, known.from_ms, known.to_ms, now)
    loaded = estate()
    zone = named_zone(loaded.estate.timezone if loaded is not None else _ZONE)
    made = parse_period(name, zone, now)
    return Span(made.name, made.from_ms, made.to_ms, now)


@route("/documents", Role.VIEWER)
def documents() -> Answer:
    """What can be made of a period."""
    period = judging_now.period_asked() if judging_now.periods() else None
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
        span = _span(request.form.get("period", ""))
        material = Material(context(), span, found_in(context(), span), subject)
        data = reports.export(kind, material, form, i18n.language(), auth.account().name)
    except (*reports.PROBLEMS, PeriodError) as error:
        flash(t("documents.failed", why=str(error)), "bad")
        return redirect(url_for("pages.documents", period=request.form.get("period", "")))
    name = "-".join(part.replace("/", "-") for part in (kind, subject, span.name) if part)
    headers = {"Content-Disposition": f'attachment; filename="{name}.{form}"'}
    return Response(data, mimetype=TYPES[form], headers=headers)
