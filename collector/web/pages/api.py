"""`/api/v1`: scorecards as JSON, read only, for whoever is logged in. `openapi.json` describes it.

Every answer that is no 200 is {"status": code, "detail": text}.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import request
from werkzeug.wrappers import Response

from checks.wire import strict_json
from collector.availability.errors import AvailabilityError
from collector.jobs import figures, scorecard_json, scorecards
from collector.judging.judge import NoScorecard
from collector.packs.options import OptionError, from_text
from collector.scoring.terms import Value
from collector.statements.fields import FieldsError
from collector.store.accounts import Role
from collector.web.api_spec import SPEC
from collector.web.pages.base import context, route

_OPTION = "option."
_MOST_IFS = 10
View = Callable[..., Response]


def _json(value: Any, status: int = 200) -> Response:
    return Response(strict_json.dumps(value), status=status, mimetype="application/json")


def _failed(status: int, code: str, detail: str) -> Response:
    return _json({"status": code, "detail": detail}, status)


def _answers(view: View) -> View:
    """Mistakes of the asker as JSON."""

    @wraps(view)
    def made(**names: str) -> Response:
        try:
            return view(**names)
        except NoScorecard as error:
            return _failed(400 if error.code == "future" else 404, error.code, str(error))
        except OptionError as error:
            return _failed(400, "bad_option", str(error))
        except FieldsError as error:
            return _failed(400, error.code, str(error))
        except AvailabilityError as error:
            return _failed(409, "no_figure", str(error))
        except ValueError as error:
            return _failed(400, "bad_request", str(error))

    return made


@route("/api/v1/openapi.json", Role.VIEWER)
@_answers
def api_spec() -> Response:
    """What there is to ask."""
    return _json(SPEC)


@route("/api/v1/periods", Role.VIEWER)
@_answers
def api_periods() -> Response:
    """The periods of the contract, with the entries that seal them."""
    with context().read() as conn:
        known = scorecards.periods(conn, context().now())
        return _json([scorecard_json.period(one, scorecards.history(conn, one.name)) for one in known])


@route("/api/v1/scorecards/<period>", Role.VIEWER)
@_answers
def api_scorecard(period: str) -> Response:
    """A period's scorecard: `as_of` (ISO 8601), `option.KEY`, `what_if` (KIND:field=value,…; several)."""
    made = scorecards.scorecard(context(), period, _as_of(), _options(period))
    with context().read() as conn:
        status = scorecards.status(conn, made)
    ifs = request.args.getlist("what_if")[:_MOST_IFS]
    supposed = [(text, scorecards.suppose(context(), made, text, _options(period))) for text in ifs]
    return _json(scorecard_json.whole(made, status, supposed))


@route("/api/v1/scorecards/<period>/lines/<line>", Role.VIEWER)
@_answers
def api_line(period: str, line: str) -> Response:
    """One line, of each unit (or of `unit`), with the items it counts and their evidence."""
    made = scorecards.scorecard(context(), period, _as_of(), _options(period))
    unit = request.args.get("unit")
    found = scorecard_json.lines(made, line, unit)
    if not found:
        return _failed(404, "no_such_line", f"{period} has no line {line}" + (f" of {unit}" if unit else ""))
    return _json(found)


@route("/api/v1/scorecards/<period>/sealed", Role.VIEWER)
@_answers
def api_sealed(period: str) -> Response:
    """The seal and the amendments of a period, as they were logged."""
    with context().read() as conn:
        known = scorecards.periods(conn, context().now())
        names = {one.name for one in known if period in (one.name, str(one.number))}
        if not names:
            return _failed(404, "no_such_period", f"there is no period {period}")
        rows = scorecards.history(conn, names.pop())
        return _json([scorecard_json.sealed(row, scorecards.read_sealed(conn, row)) for row in rows])


def _as_of() -> int | None:
    text = request.args.get("as_of")
    return None if text is None else figures.instant_of(text, "Asia/Shanghai")


def _options(period: str) -> dict[str, Value]:
    """Other readings than those agreed, by `option.KEY=VALUE`; OptionError, NoScorecard."""
    given = {key.removeprefix(_OPTION): text for key, text in request.args.items() if key.startswith(_OPTION)}
    if not given:
        return {}
    with context().read() as conn:
        known = {one.key: one for one in scorecards.options(conn, period, context().now())}
    for key in given:
        if key not in known:
            raise OptionError(key, "no such option")
    return {key: from_text(known[key], text) for key, text in given.items()}
