"""The pages people see: one blueprint, made of the routes that the modules here declare."""

import importlib
import pkgutil
from collections.abc import Sequence
from functools import partial
from importlib.metadata import PackageNotFoundError, version

from flask import Blueprint, Flask, g, make_response, render_template, request, url_for
from flask_openapi3.openapi import OpenAPI
from flask_wtf.csrf import CSRFError
from markupsafe import Markup, escape
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from collector.availability.errors import AvailabilityError, MissingYear
from collector.context import Context
from collector.documents.tables import Column
from collector.estate.errors import EstateError
from collector.judging.judge import NoScorecard
from collector.packs.model import PackDataError
from collector.web import api_spec, auth, csrf, headers, i18n, judging_now
from collector.web.pages import api, asking, base
from collector.words import wording

# What the menu shows: endpoint, icon, key of its name.
MENU = (
    ("pages.scorecard", "circle-check", "scorecard"),
    ("pages.today", "sun", "today"),
    ("pages.obligations", "clock-exclamation", "obligations"),
    ("pages.faults", "alert-triangle", "faults"),
    ("pages.statements", "users", "statements"),
    ("pages.archive", "table-export", "archive"),
    ("pages.systems", "timeline", "systems"),
    ("pages.rounds", "calendar-check", "rounds"),
    ("pages.backups", "download", "backups"),
    ("pages.assets", "server-2", "assets"),
    ("pages.scans", "alert-triangle", "scans"),
    ("pages.agents", "robot", "agents"),
    ("pages.log", "fingerprint", "log"),
    ("pages.settings", "settings", "settings"),
)
# Only where the estate has a contract pack.
JUDGED = frozenset({"scorecard", "obligations", "faults", "statements", "archive"})
# How a state looks: class of its colour, sign beside the word.
LOOKS = {
    **dict.fromkeys(("ok", "up", "done", "approved", "live", "verified", "active"), ("ok", "circle-check")),
    **dict.fromkeys(
        ("warn", "degraded", "late", "done_late", "pending", "incomplete"), ("warn", "alert-triangle")
    ),
    **dict.fromkeys(("crit", "down", "missed", "missing", "failed", "forked", "silent"), ("bad", "circle-x")),
    **dict.fromkeys(("due",), ("note", "clock-exclamation")),
    **dict.fromkeys(("unknown", "error", "unverified", "never", "not_inspected"), ("unknown", "help-circle")),
    **dict.fromkeys(("fixed",), ("ok", "circle-check")),
    **dict.fromkeys(("mitigated",), ("warn", "alert-triangle")),
    **dict.fromkeys(("open", "reopened"), ("bad", "circle-x")),
    **dict.fromkeys(("signed_off", "arrived"), ("ok", "circle-check")),
    **dict.fromkeys(("not_done", "unsigned"), ("unknown", "circle-dashed")),
    **dict.fromkeys(("proves_nothing",), ("unknown", "help-circle")),
    **dict.fromkeys(
        ("b_on_time", "b_double", "b_restorable", "b_equal", "b_done", "b_good"), ("ok", "circle-check")
    ),
    **dict.fromkeys(("b_late", "b_behind", "b_warn"), ("warn", "alert-triangle")),
    **dict.fromkeys(
        ("b_missed", "b_lost", "b_none", "b_missing", "b_differs", "b_not_elsewhere", "b_bad", "b_never"),
        ("bad", "circle-x"),
    ),
    **dict.fromkeys(("b_due", "b_running", "b_open", "b_waiting"), ("note", "clock-exclamation")),
    **dict.fromkeys(("b_unseen", "b_unproven", "b_untold", "b_could_not_tell"), ("unknown", "help-circle")),
    **dict.fromkeys(("b_excused", "b_expired", "b_not_asked"), ("unknown", "circle-dashed")),
    **dict.fromkeys(
        ("j_proven", "j_full", "j_done", "j_kept", "j_present", "j_closed", "j_sealed", "j_given", "j_final"),
        ("ok", "circle-check"),
    ),
    **dict.fromkeys(("j_c_kept", "j_s_fixed", "j_l_done", "j_o_kept"), ("ok", "circle-check")),
    **dict.fromkeys(
        (
            "j_lost",
            "j_late",
            "j_late_given",
            "j_disputed",
            "j_expired",
            "j_reopened",
            "j_l_late",
            "j_s_mitigated",
            "j_amended",
        ),
        ("warn", "alert-triangle"),
    ),
    **dict.fromkeys(
        ("j_missed", "j_overdue", "j_missing", "j_broken", "j_vetoed", "j_l_missed", "j_o_broken"),
        ("bad", "circle-x"),
    ),
    **dict.fromkeys(("j_c_late", "j_s_open", "j_open"), ("bad", "circle-x")),
    **dict.fromkeys(
        (
            "j_due",
            "j_running",
            "j_running_period",
            "j_provisional",
            "j_needs_second",
            "j_c_running",
            "j_calculating",
        ),
        ("note", "clock-exclamation"),
    ),
    **dict.fromkeys(("j_l_open", "j_o_open", "j_s_claimed", "j_c_suspended"), ("note", "clock-exclamation")),
    **dict.fromkeys(
        ("j_not_proven", "j_not_calculated", "j_waiting", "j_c_unknown", "j_l_not_proven", "j_o_not_proven"),
        ("unknown", "help-circle"),
    ),
    **dict.fromkeys(
        ("j_not_applicable", "j_excused", "j_event", "j_planned", "j_corrected", "j_nothing", "j_c_void"),
        ("unknown", "circle-dashed"),
    ),
    **dict.fromkeys(("j_l_excused", "j_o_nothing_due"), ("unknown", "circle-dashed")),
    **dict.fromkeys(("j_t_out_of_service", "j_t_out_of_scope"), ("note", "clock-exclamation")),
    "j_t_unseen": ("unknown", "help-circle"),
    **dict.fromkeys(("planned", "off_hours", "revoked", "disabled"), ("unknown", "circle-dashed")),
}


def register(app: Flask, context: Context) -> None:
    """Add the pages to the application."""
    secure = context.secure
    app.extensions["roundseal"] = context
    pages = Blueprint("pages", __name__, template_folder="../templates")
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    for one in base.ROUTES:
        pages.add_url_rule(one.rule, one.view.__name__, one.view, methods=list(one.methods))
    auth.install(app, pages, context, csrf.install(app), secure=secure)
    headers.install(app, secure=secure)
    app.jinja_env.filters["words"] = base.cell_words
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    pages.context_processor(_values)
    app.register_blueprint(pages)
    if isinstance(app, OpenAPI):
        app.register_api(api.api)
    pages_errors(app)


def _values() -> dict[str, object]:
    lang = i18n.language()
    other = i18n.LANGUAGES[1 - i18n.LANGUAGES.index(lang)]
    return {
        "t": partial(i18n.translated, lang),
        "labels": partial(_labels, lang),
        "lang": lang,
        "tag": i18n.TAGS[lang],
        "other_language": other,
        "other_tag": i18n.TAGS[other],
        "account": g.get("account"),
        "may": auth.may,
        "menu": menu(),
        "looks": LOOKS,
        "icons": url_for("static", filename="vendor/icons.svg"),
        "wording": wording,
        "clock": base.clock,
        "iso": base.iso,
        "zone": str(base.zone()),
        "version": _version(),
    }


def _labels(lang: str, columns: Sequence[Column]) -> list[Markup]:
    """Headings of a table, escaped once: each of its cells carries one."""
    return [escape(i18n.translate(f"col.{one.key}", lang)) for one in columns]


def menu() -> tuple[tuple[str, str, str], ...]:
    """What the menu shows: judging only where there is a contract to judge by."""
    try:
        if g.get("account") is None or judging_now.has_pack():
            return MENU
    except PackDataError:  # the page says so itself; its menu must not fail over it again
        return MENU
    return tuple(one for one in MENU if one[2] not in JUDGED)


def _version() -> str:
    try:
        return version("roundseal")
    except PackageNotFoundError:
        return "-"


_PAGES = {400: "error.400", 403: "error.403", 404: "error.404", 405: "error.405", 413: "error.413"}


def pages_errors(app: Flask) -> None:
    """Error pages for people; the calls of agents and of the log keep their own answers."""

    @app.errorhandler(HTTPException)
    def known(error: HTTPException) -> Response:
        if request.path.startswith(("/v1/", "/log/", "/static/")) or error.response is not None:
            return error.get_response()
        if request.path.startswith("/api/"):
            return api_spec.refused(error)
        auth.remembered(base.context())
        key = "error.form" if isinstance(error, CSRFError) else _PAGES.get(error.code or 500, "error.500")
        told = isinstance(error, base.BadAskedError | asking.NotThereError)
        what = (error.description or "") if told else ""
        made = make_response(_error_page(key, what), error.code or 500)
        for name, value in error.get_headers():
            if name != "Content-Type":  # what goes with the code: Allow, Retry-After
                made.headers[name] = value
        return made

    @app.errorhandler(NoScorecard)
    def unjudged(error: NoScorecard) -> Response:
        if request.path.startswith(("/v1/", "/api/")):
            raise error
        return make_response(_error_page("error.404", asking.refused(error)), 404)

    app.register_error_handler(AvailabilityError, _uncounted)
    app.register_error_handler(PackDataError, _unread_pack)
    app.register_error_handler(EstateError, _unread_estate)


def _uncounted(error: AvailabilityError) -> Response:
    """A figure that cannot be told: why, and no number."""
    if request.path.startswith(("/v1/", "/api/")):
        raise error
    what = str(error)
    if isinstance(error, MissingYear):
        what = i18n.text("error.year.what", year=error.year)
    return make_response(_error_page("error.stopped", what), 409)


def _unread_pack(error: PackDataError) -> Response:
    """The estate in force holds a pack that this program cannot read: a newer one wrote it."""
    if request.path.startswith(("/v1/", "/api/")):
        raise error
    return make_response(_error_page("error.stopped", i18n.text("error.pack.what", why=str(error))), 409)


def _unread_estate(error: EstateError) -> Response:
    """This program cannot read the files of the estate in force: another version took them."""
    if request.path.startswith(("/v1/", "/api/")):
        raise error
    why = str(error.problems[0])
    return make_response(_error_page("error.estate", i18n.text("error.estate.what", why=why)), 409)


def _error_page(key: str, what: str) -> str:
    return render_template("error.html", key=key, what=what or i18n.text(f"{key}.what"), **_values())
