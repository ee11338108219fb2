"""`/api/v1`: what judging says as JSON, read only, for whoever is logged in. `openapi.json` describes it.

Every answer that is no 200 is {"status": code, "detail": text}.
"""

from collections.abc import Callable, Sequence
from typing import Any, cast

from flask import Response, current_app, request
from flask_openapi3.openapi import OpenAPI

from collector.jobs import cadence, faults, figures, judging_json, rounds, scorecard_json, scorecards
from collector.jobs import said as sayings
from collector.jobs.faults import Told
from collector.jobs.settlements import logged, settlements
from collector.judging.judge import NoScorecard
from collector.packs.options import OptionError, from_text
from collector.reports.judging_found import archive_of
from collector.scoring.model import PackPeriod
from collector.scoring.terms import Value
from collector.statements.kinds import KINDS
from collector.store.accounts import Role
from collector.web import api_models as models
from collector.web import api_spec, auth
from collector.web.api_spec import answers, failed, said
from collector.web.pages.base import context

api = api_spec.blueprint()
_OPTION = "option."
_DAY_MS = 86_400_000


def _get(rule: str, answer: Any, summary: str) -> Callable[[Callable[..., Response]], Any]:
    """A route for viewers and those above, with its answer and its mistakes."""

    def mark(view: Callable[..., Response]) -> Any:
        return api.get(rule, summary=summary, responses={"200": answer})(
            auth.needs(Role.VIEWER)(answers(view))
        )

    return mark


@_get("/openapi.json", {"content": {"application/json": {"schema": {"type": "object"}}}}, "This description")
def spec() -> Response:
    """What there is to ask."""
    return api_spec.described(cast("OpenAPI", current_app))


@_get("/periods", models.Periods, "Periods of the contract, with the entries that seal them")
def periods() -> Response:
    """The periods of the contract."""
    with context().read() as conn:
        known = scorecards.every_period(conn, context().now())
        return said([scorecard_json.period(one, scorecards.history(conn, one.name)) for one in known])


@_get("/scorecards/<period>", models.Scorecard, "A period's scorecard")
def scorecard(path: models.PeriodPath, query: models.ScorecardAsked) -> Response:
    """As the log stood at an instant, under other readings, with what is supposed."""
    options = _options(path.period, query.option)
    made = scorecards.scorecard(context(), path.period, _as_of(query), options)
    with context().read() as conn:
        status = scorecards.status(conn, made)
    supposed = [(text, scorecards.suppose(context(), made, text, options)) for text in query.what_if]
    return said(scorecard_json.whole(made, status, supposed))


@_get("/scorecards/<period>/lines/<line>", models.Lines, "A line with its evidence")
def line(path: models.LinePath, query: models.LineAsked) -> Response:
    """Of each unit (or of one), with the items it counts and the gaps it has."""
    options = _options(path.period, query.option)
    made = scorecards.scorecard(context(), path.period, _as_of(query), options)
    found = scorecard_json.lines(made, path.line, query.unit or None)
    if not found:
        of = f" of {query.unit}" if query.unit else ""
        return failed(404, "no_such_line", f"{path.period} has no line {path.line}{of}")
    return said(found)


@_get("/scorecards/<period>/sealed", models.SealedCards, "The seal of a period and its amendments")
def sealed(path: models.PeriodPath) -> Response:
    """As they were logged, oldest first."""
    with context().read() as conn:
        one = _period_in(scorecards.every_period(conn, context().now()), path.period)
        if one is None:
            return failed(404, "no_such_period", f"there is no period {path.period}")
        rows = scorecards.history(conn, one.name)
        return said([scorecard_json.sealed(row, scorecards.read_sealed(conn, row)) for row in rows])


@_get("/settlement", models.Settlements, "What is paid, payment by payment")
def settlement(query: models.AsOf) -> Response:
    """Of sealed scorecards, else of those of now."""
    return said([judging_json.settlement(one) for one in settlements(context(), _as_of(query))])


@_get("/settlement/sealed", models.SealedPayments, "Settlements in the log")
def settled() -> Response:
    """As they were logged, oldest first."""
    with context().read() as conn:
        return said([judging_json.paid(row, one) for row, one in logged(conn)])


@_get("/obligations", models.Obligations, "The ledger of obligations")
def obligations(query: models.LedgerAsked) -> Response:
    """Kept, broken, not proven, open; with rows and evidence."""
    return said(judging_json.obligations(_ledger(query)))


@_get("/calendar", models.Calendar, "What falls due, by instant")
def calendar(query: models.LedgerAsked) -> Response:
    """The rows of the ledger."""
    return said(judging_json.calendar(_ledger(query)))


@_get("/rounds", models.Rounds, "Inspection rounds around now")
def inspections(query: models.RoundsAsked) -> Response:
    """Planned, due, late, done, missed; with the entries of their records."""
    now, span = context().now(), query.days * _DAY_MS
    with context().read() as conn:
        return said(list(judging_json.occasions(rounds.ledger(conn, now, now - span, now + span))))


@_get("/faults", models.Faults, "Faults with their clocks and reports")
def all_faults(query: models.PeriodAsked) -> Response:
    """Of a period, or of the term."""
    told = _told(query, query.period or None)
    return said(judging_json.faults(told, told.account.faults))


@_get("/faults/<id>", models.FaultWithDraft, "A fault with its timeline and the draft of its report")
def fault(path: models.IdPath, query: models.AsOf) -> Response:
    """One of them."""
    told = _told(query)
    return _one(judging_json.faults(told, told.account.faults)["faults"], path.id)


@_get("/vulnerabilities", models.Vulnerabilities, "Vulnerabilities with their clocks")
def vulnerabilities(query: models.FindingsAsked) -> Response:
    """Open ones, or all."""
    told = _told(query)
    kept = [one for one in told.account.vulnerabilities if query.all or one.ended_ms is None]
    found = judging_json.findings(told, (), kept)
    del found["findings"]
    return said(found)


@_get("/findings", models.Findings, "Findings with owner, due date and what closed them")
def findings(query: models.FindingsAsked) -> Response:
    """Open ones, or all."""
    told = _told(query)
    kept = [one for one in told.account.findings if query.all or one.closed_ms is None]
    found = judging_json.findings(told, kept, ())
    del found["vulnerabilities"]
    return said(found)


@_get("/statements", models.Statements, "What people said")
def statements(query: models.StatementsAsked) -> Response:
    """What stands, or all of it."""
    at = _at(query)
    if query.kind and query.kind not in KINDS:
        raise ValueError(f"kind: there is no {query.kind}; there are: {', '.join(KINDS)}")
    with context().read() as conn:
        found = sayings.every_said(conn, at) if query.all else sayings.all_said(conn, at)
    return said([judging_json.statement(one) for one in found if query.kind in ("", one.kind)])


@_get("/statements/kinds", models.Kinds, "Kinds of statements, their fields and who may make them")
def kinds() -> Response:
    """As `statement kinds` prints them."""
    return said([judging_json.kind(one) for one in KINDS.values()])


@_get("/archive/<period>", models.Archive, "Documents that a period wants, has, and lacks")
def archive(path: models.PeriodPath, query: models.AsOf) -> Response:
    """Every place with what is on file."""
    at = _at(query)
    with context().read() as conn:
        one = _period_in(scorecards.every_period(conn, at), path.period)
        if one is None:
            return failed(404, "no_such_period", f"there is no period {path.period}")
        found = archive_of(conn, one, at)
    if found is None:
        return failed(404, "no_archive", "the pack lists no documents")
    return said(judging_json.archive(found))


def _period_in(known: Sequence[PackPeriod], name: str) -> PackPeriod | None:
    """By name, or by number in the contract in force: that stands last."""
    return next((one for one in reversed(known) if name in (one.name, str(one.number))), None)


def _one(found: Sequence[dict[str, Any]], name: str) -> Response:
    one = next((one for one in found if one["id"] == name), None)
    return failed(404, "not_found", f"there is no {name}") if one is None else said(one)


def _told(query: models.AsOf, period: str | None = None) -> Told:
    with context().read() as conn:
        return faults.told(conn, _at(query), period)


def _ledger(query: models.LedgerAsked) -> cadence.Told:
    whole = query.period == "term"
    with context().read() as conn:
        name = None if whole else query.period or None
        return cadence.ledger(conn, _at(query), name, whole_term=whole)


def _as_of(query: models.AsOf) -> int | None:
    if not query.as_of:
        return None
    try:
        return figures.instant_of(query.as_of, "Asia/Shanghai")
    except (ValueError, OverflowError) as error:
        raise ValueError(f"as_of: {query.as_of} is no instant: {error}") from None


def _at(query: models.AsOf) -> int:
    now = context().now()
    at = _as_of(query)
    if at is not None and at > now:
        raise NoScorecard("future", "that instant lies in the future: nothing is known of it")
    return now if at is None else at


def _options(period: str, given: Sequence[str]) -> dict[str, Value]:
    """Other readings than those agreed, by `option=KEY=VALUE` or `option.KEY=VALUE`."""
    pairs = [one.partition("=")[::2] for one in given]
    pairs += [(key.removeprefix(_OPTION), text) for key, text in request.args.items() if _is_option(key)]
    if not pairs:
        return {}
    with context().read() as conn:
        known = {one.key: one for one in scorecards.options(conn, period, context().now())}
    for key, _ in pairs:
        if key not in known:
            raise OptionError(key, "no such option")
    return {key: from_text(known[key], text) for key, text in pairs}


def _is_option(key: str) -> bool:
    return key.startswith(_OPTION)
