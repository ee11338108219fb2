"""The availability figure of a service for any period, and its state now, from the tables and the log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from checks.recurrence import instant, zone
from collector.availability import calendar_cn
from collector.availability.approvals import Approval
from collector.availability.calendar_cn import Calendar
from collector.availability.classes import TimeClass
from collector.availability.current import CurrentState, current
from collector.availability.display import Provenance, figure_json
from collector.availability.engine import Figure, ServiceSpec
from collector.availability.estate_terms import EstateTerms
from collector.availability.terms import Runs, ServiceTerms, spec
from collector.availability.windows import Window
from collector.context import Context
from collector.jobs import said
from collector.judging.estates import Estates
from collector.judging.ground import Applied as Then
from collector.judging.served import Question, served
from collector.judging.version import JUDGING
from collector.store import estates, runs, series
from collector.store.estates import Applied
from collector.store.runs import RunRow
from collector.store.series import MarkRow

_MOST_ASKED = 500
WHOLE = 2**62
"""A size, or an instant, that nothing lies behind."""


class NoFigure(LookupError):
    """There is nothing to make a figure of: stable `code`, detail for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True, slots=True)
class Proof:
    """Where in the log the evidence of one series for the period begins and ends."""

    check: str
    target: str
    vantage: str
    first_ms: int
    last_ms: int
    n: int
    first: tuple[int, int]  # entry, line
    last: tuple[int, int]


@dataclass(frozen=True, slots=True)
class ServiceFigure:
    """A figure with what it stands on. `estate`: the newest, whose target and options are printed; `changed`:
    entries that changed in the period by what the service is measured, each from its stretch on."""

    service: str
    terms: ServiceTerms
    estate: Applied
    timezone: str
    figure: Figure
    proofs: tuple[Proof, ...]
    watermark_ms: int | None
    changed: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Asked:
    """A service with its terms, as far as they are needed for any period."""

    terms: ServiceTerms
    applied: Applied
    document: EstateTerms


def service_figure(
    context: Context, service: str, from_ms: int, to_ms: int, as_of: int | None = None
) -> ServiceFigure:
    """The figure of a system, a part of one or a probe over [from, to), each stretch by its own estate.

    A period still running is evaluated to `as_of`; left out, to what the agents have reported, or to
    where silence has become unknown. NoFigure without an estate or for an unknown service; MissingYear
    (availability errors) where agreed hours need a calendar that is not here.
    """
    with context.read() as conn:
        return figure_on(conn, context.now(), service, (from_ms, to_ms), as_of)


@dataclass(frozen=True, slots=True)
class Common:
    """What all services of one snapshot are judged by."""

    newest: tuple[Applied, EstateTerms] | None
    estates: Estates
    approvals: tuple[Approval, ...]
    marks: Mapping[str, MarkRow]
    calendar: Calendar
    vantages: "Vantages"
    found: "Found"
    """Runs that were read for all of them at a time; others are read where they are wanted."""


def common(conn: Connection, period: tuple[int, int], size: int = WHOLE, only: str | None = None) -> Common:
    """By estates and statements below `size`, for the services of the estate in force, or for `only` one."""
    stated = tuple(one for one in said.all_said(conn, WHOLE) if one.entry < size)
    then, signed = Estates.of(_every(conn, size), stated), said.approvals(conn, size)
    newest = _newest(conn)
    every = () if newest is None else newest[1].services
    services = [one for one in every if only in (None, one.id)]
    keys = sorted({key for one in services for key in _keys(one)})
    return Common(
        newest=newest,
        estates=then,
        approvals=signed,
        marks=series.marks(conn),
        calendar=calendar_cn.shipped(),
        vantages=_vantages(conn, services),
        found=runs.for_leaves(conn, keys, *period),
    )


def figure_on(
    conn: Connection,
    now: int,
    service: str,
    period: tuple[int, int],
    as_of: int | None,
    shared: Common | None = None,
) -> ServiceFigure:
    """The same on one snapshot of the database; `shared`: of this snapshot and period, where many are asked
    for."""
    shared = shared or common(conn, period, only=service)
    asked = _ask(conn, service, shared.newest)
    known = shared.found.keys() >= set(_keys(asked.terms))
    vantages = shared.vantages if known else _vantages(conn, [asked.terms])
    mark = _mark(asked.terms, vantages, shared.marks, now)
    end = as_of if as_of is not None else _settled(now, mark, asked.terms)
    question = Question(
        terms=asked.terms,
        estates=shared.estates,
        span=period,
        end_ms=end,
        approvals=shared.approvals,
        calendar=shared.calendar,
    )
    keys = list(question.keys)
    held = shared.found if shared.found.keys() >= set(keys) else runs.for_leaves(conn, keys, *period)
    found = {key: held[key] for key in keys}
    figure = served(question, lambda _: _plain(found))
    if asked.terms.target is None:
        figure = replace(figure, meets=None)
    return ServiceFigure(
        service=service,
        terms=asked.terms,
        estate=asked.applied,
        timezone=asked.document.timezone,
        figure=figure,
        proofs=tuple(_proofs(found, *period)),
        watermark_ms=mark,
        changed=question.estates.changed(service, *question.evaluated),
    )


def _every(conn: Connection, size: int) -> tuple[Then, ...]:
    """Every estate below `size`, as judging reads them."""
    known = [one for one in estates.every(conn) if one.idx < size]
    return tuple(Then(one.idx, one.applied_ms, estates.terms(conn, one.idx)) for one in known)


def service_now(context: Context, service: str) -> CurrentState:
    """State of a service as far as its agents have reported, with its age (ruling 6)."""
    now = context.now()
    with context.read() as conn:
        asked = _ask(conn, service, _newest(conn))
        mark = watermark(conn, asked.terms, now)
        return _now(conn, asked.terms, mark, now)


def _now(conn: Connection, terms: ServiceTerms, mark: int | None, now: int) -> CurrentState:
    if mark is None:
        return CurrentState(TimeClass.UNKNOWN, now, 0)
    found = runs.for_leaves(conn, _keys(terms), mark, mark + 1)
    question = _question(terms, found, (mark, mark + 1), None, ())
    return current(replace(question, hours=None), mark, now, stale_after(terms))


def services_now(context: Context) -> dict[str, CurrentState]:
    """State of every system that has a service, by id."""
    now = context.now()
    with context.read() as conn:
        applied = estates.newest(conn)
        if applied is None:
            return {}
        systems = [one for one in estates.terms(conn, applied.idx).services if "/" not in one.id]
        agents, found = series.marks(conn), _vantages(conn, systems)
        return {one.id: _now(conn, one, _mark(one, found, agents, now), now) for one in systems}


def stale_after(terms: ServiceTerms) -> int:
    """How long an agent's silence can last before its newest state is no state: flush and hold."""
    return flush_of(any("@" in name for name in terms.leaves)) + max(
        (leaf.hold_ms for leaf in terms.leaves.values()), default=0
    )


def flush_of(of_asset: bool) -> int:
    """How long a result may be on its way: looks at assets are sent less often than those of probes."""
    from collector.estate.compiling import FLUSH_MS, FLUSH_PROBES_MS  # as below

    return FLUSH_MS if of_asset else FLUSH_PROBES_MS


def watermark(conn: Connection, terms: ServiceTerms, now: int) -> int | None:
    """Up to where the evidence of a service is complete: the least of its agents that are not silent."""
    return _mark(terms, _vantages(conn, [terms]), series.marks(conn), now)


Vantages = Mapping[tuple[str, str], set[str]]


def _vantages(conn: Connection, services: Sequence[ServiceTerms]) -> Vantages:
    """(check, target) -> who looks at it, of everything that these services stand on."""
    made: dict[tuple[str, str], set[str]] = {}
    targets = sorted({leaf.target for one in services for leaf in one.leaves.values()})
    for at in range(0, len(targets), _MOST_ASKED):
        for row in series.of_targets(conn, targets[at : at + _MOST_ASKED]):
            made.setdefault((row.check, row.target), set()).add(row.vantage)
    return made


def _mark(terms: ServiceTerms, found: Vantages, agents: Mapping[str, MarkRow], now: int) -> int | None:
    vantages = {vantage for key in _keys(terms) for vantage in found.get(key, ())}
    marks = [agents[vantage].watermark for vantage in vantages if vantage in agents]
    live = [mark for mark in marks if now - mark <= stale_after(terms)]
    return min(live, default=max(marks, default=None))


def _newest(conn: Connection) -> tuple[Applied, EstateTerms] | None:
    applied = estates.newest(conn)
    return None if applied is None else (applied, estates.terms(conn, applied.idx))


def _ask(conn: Connection, service: str, newest: tuple[Applied, EstateTerms] | None) -> _Asked:
    if newest is None:
        raise NoFigure("no_estate", "no estate has been applied")
    applied, document = newest
    logged = next((one for one in document.services if one.id == service), None)
    if logged is not None:
        return _Asked(logged, applied, document)
    from collector.estate import services  # it takes long to import, and is seldom needed

    try:
        return _Asked(services.terms_of(estates.loaded(conn, applied.idx), service), applied, document)
    except services.NoSuchService as error:
        raise NoFigure(error.code, str(error)) from None


def _keys(terms: ServiceTerms) -> list[tuple[str, str]]:
    return [(leaf.check, leaf.target) for leaf in terms.leaves.values()]


Found = Mapping[tuple[str, str], Mapping[str, Sequence[RunRow]]]


def _question(
    terms: ServiceTerms, found: Found, period: tuple[int, int], end: int | None, windows: Sequence[Window]
) -> ServiceSpec:
    workdays = terms.hours is not None and terms.hours.days is None
    calendar = calendar_cn.shipped() if workdays else None
    return spec(terms, _plain(found), period=period, as_of_ms=end, windows=windows, calendar=calendar)


def _plain(found: Found) -> Runs:
    return {
        key: {vantage: tuple(row.run for row in rows) for vantage, rows in by_vantage.items()}
        for key, by_vantage in found.items()
    }


def _settled(now: int, mark: int | None, terms: ServiceTerms) -> int:
    """How far a running period can be judged: what is on its way from a live agent is not unknown yet."""
    silent = now - stale_after(terms)
    return silent if mark is None else min(now, max(mark, silent))


def _proofs(found: Found, from_ms: int, to_ms: int) -> list[Proof]:
    made = []
    for (check, target), by_vantage in sorted(found.items()):
        for vantage, rows in sorted(by_vantage.items()):
            inside = [row for row in rows if row.last >= from_ms and row.first < to_ms]
            if inside:
                first, last = inside[0], inside[-1]
                places = ((first.first_idx, first.first_line), (last.last_idx, last.last_line))
                n = sum(row.n for row in inside)
                made.append(Proof(check, target, vantage, first.first, last.last, n, *places))
    return made


def instant_of(text: str, timezone: str) -> int:
    """UTC milliseconds of an ISO 8601 instant, in the estate's zone if it names none; ValueError."""
    given = datetime.fromisoformat(text)
    try:
        return instant(given, zone(timezone)) if given.tzinfo is None else int(given.timestamp() * 1000)
    except OverflowError:
        raise ValueError(f"{text} is at the edge of the calendar") from None


def timezone_of(context: Context) -> str:
    """Time zone of the estate in force; NoFigure without one."""
    with context.read() as conn:
        applied = estates.newest(conn)
        if applied is None:
            raise NoFigure("no_estate", "no estate has been applied")
        return estates.terms(conn, applied.idx).timezone


def as_json(made: ServiceFigure) -> dict[str, Any]:
    """Everything that the figure carries, as plain data."""
    provenance = Provenance(tree=made.estate.digest, zone=made.timezone)
    return {
        "service": made.service,
        "name": made.terms.name,
        "target_promised": made.terms.target is not None,
        "estate": {"entry": made.estate.idx, "digest": made.estate.digest},
        "judging": JUDGING,
        "changed": list(made.changed),
        "watermark": made.watermark_ms,
        **figure_json(made.figure, provenance),
        "proofs": [
            {
                "check": one.check,
                "target": one.target,
                "vantage": one.vantage,
                "first_ms": one.first_ms,
                "last_ms": one.last_ms,
                "n": one.n,
                "first": list(one.first),
                "last": list(one.last),
            }
            for one in made.proofs
        ],
    }
