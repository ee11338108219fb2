"""Business systems: the state of each now, ninety days as a strip, the figure and all that belongs to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction

from flask import abort, g, request, url_for

from checks.recurrence import day_of, instant
from collector.availability.classes import TimeClass
from collector.availability.current import CurrentState
from collector.availability.engine import Figure
from collector.availability.errors import AvailabilityError
from collector.documents.tables import Column, Kind, Link, Table
from collector.estate.model import System
from collector.jobs import figures
from collector.jobs.figures import NoFigure, ServiceFigure
from collector.store.accounts import Role
from collector.web import charts, i18n, onset
from collector.web.pages import refusals
from collector.web.pages.assets import name_of
from collector.web.pages.base import (
    Answer,
    BadAskedError,
    clock,
    context,
    estate,
    render,
    route,
    t,
    table,
    zone,
)
from collector.words import wording

DAYS = 90
_LONGEST_DAYS = 1100
_FIRST_YEAR, _LAST_YEAR = 1980, 9000  # beyond these local days have no instants everywhere
_SHOWN = 40
_ENOUGH, _HALF = Fraction(95, 100), Fraction(1, 2)
_NOW = (
    Column("system"),
    Column("state", Kind.STATE),
    Column("age", Kind.SPAN),
    Column("target_share"),
)
_SERVICES = (
    *_NOW,
    Column("score", Kind.SHARE),
    Column("verdict"),
    Column("coverage", Kind.SHARE),
    Column("bounds"),
    Column("down", Kind.SPAN),
    Column("faults", Kind.NUMBER),
)
_DAYS = (Column("day"), *(Column(f"class.{group}", Kind.SPAN) for group in reversed(charts.GROUPS)))
_FAULTS = (
    Column("from", Kind.WHEN),
    Column("to", Kind.WHEN),
    Column("down", Kind.SPAN),
    Column("degraded", Kind.SPAN),
    Column("level"),
    Column("recovered", Kind.WHEN),
    Column("entry", Kind.ENTRY),
)
_PROOF = (
    Column("check"),
    Column("target"),
    Column("vantage"),
    Column("first", Kind.WHEN),
    Column("last", Kind.WHEN),
    Column("n", Kind.NUMBER),
    Column("first_entry", Kind.ENTRY),
    Column("last_entry", Kind.ENTRY),
)


@dataclass(frozen=True, slots=True)
class Period:
    """Local days, both included, as [from, to)."""

    from_ms: int
    to_ms: int
    first: str
    last: str


def period_of(args: Mapping[str, str]) -> Period:
    """The days asked for, else the last ninety with today."""
    today = day_of(context().now(), zone())
    last = _day(args, "to") or today
    first = _day(args, "from") or last - timedelta(days=DAYS - 1)
    if first > last:
        raise BadAskedError(t("period.swapped", first=first, last=last))
    if (last - first).days > _LONGEST_DAYS:
        raise BadAskedError(t("period.too_long", first=first, last=last, most=_LONGEST_DAYS))
    days = (first, last + timedelta(days=1))
    edges = [instant(datetime(day.year, day.month, day.day), zone()) for day in days]
    return Period(edges[0], edges[1], first.isoformat(), last.isoformat())


def _day(args: Mapping[str, str], key: str) -> date | None:
    text = args.get(key, "")
    try:
        found = datetime.strptime(text, "%Y-%m-%d").date() if text else None
    except ValueError:
        found = date.max
    if found is not None and not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        name = t("period.to" if key == "to" else "period.from")
        raise BadAskedError(t("period.wrong", name=name, text=text[:_SHOWN]))
    return found


def _systems() -> tuple[System, ...]:
    loaded = estate()
    return loaded.estate.systems if loaded is not None else ()


def _promise(system: System) -> str | None:
    """The target as agreed, all its decimals."""
    return None if system.target is None else f"{wording.decimals(system.target * 100, 6)} %"


def _head(system: System, now: Mapping[str, CurrentState]) -> tuple[object, ...]:
    """Name, state, age, promise. A system without a service is unknown: nobody watches it."""
    link = Link(name_of(system.id, system.name), url_for("pages.system", system=system.id))
    found = now.get(system.id)
    return (
        link,
        found.state.value if found else "unknown",
        found.age_ms if found else None,
        _promise(system),
    )


@table("services-now", Role.VIEWER)
def services_now(_args: Mapping[str, str]) -> Table:
    """Every system's state as its agents have reported."""
    now = figures.services_now(context())
    rows = [_head(system, now) for system in _systems()]
    return Table("services-now", t("systems.now"), _NOW, rows, t("systems.none"))


@table("services", Role.VIEWER)
def services_table(args: Mapping[str, str]) -> Table:
    """Every system for the period: what the contract counts, and how far evidence carries it."""
    period, lang = period_of(args), i18n.language()
    now, every = figures.services_now(context()), _systems()
    figures_of([one.id for one in every], period)
    rows = []
    for system in every:
        made, _ = figure_of(system.id, period)
        if made is None:
            rows.append((*_head(system, now), *(None for _ in _SERVICES[len(_NOW) :])))
            continue
        figure = made.figure
        verdict = wording.other(figure.bounds.verdict, lang) if made.terms.target is not None else None
        sums = (figure.buckets.down, len(figure.faults))
        shares = figure.ratios
        bounds = f"{wording.share(shares.low)} … {wording.share(shares.high)}"
        counted = (shares.score, verdict, shares.coverage, bounds)
        rows.append((*_head(system, now), *counted, *sums))
    title = t("systems.title.of", first=period.first, last=period.last)
    return Table("services", title, _SERVICES, rows, t("systems.none"), tuple(args.items()))


def figure_of(service: str, period: Period) -> tuple[ServiceFigure | None, str]:
    """The figure, or why there is none; made once a request, for several tables show it."""
    kept = _held()
    if (service, period) not in kept:
        figures_of([service], period)
    return kept[service, period]


def _held() -> dict[tuple[str, Period], tuple[ServiceFigure | None, str]]:
    held: dict[tuple[str, Period], tuple[ServiceFigure | None, str]] = g.setdefault("figures", {})
    return held


def figures_of(services: Sequence[str], period: Period) -> None:
    """Makes the figures of all these, on one snapshot."""
    held, now, span = _held(), context().now(), (period.from_ms, period.to_ms)
    with context().read() as conn:
        shared = figures.common(conn, span, only=services[0] if len(services) == 1 else None)
        for service in services:
            try:
                held[service, period] = figures.figure_on(conn, now, service, span, None, shared), ""
            except (NoFigure, AvailabilityError) as error:
                held[service, period] = None, refusals.told("figure", error)


@route("/systems", Role.VIEWER, asks=("from", "to"))
def systems() -> Answer:
    """All systems over the days asked for."""
    asked = {key: request.args[key] for key in ("from", "to") if key in request.args}
    return render("systems.html", "systems", table=services_table(asked), period=period_of(asked))


@route("/systems/<path:system>", Role.VIEWER, asks=("from", "to"))
def system(system: str) -> Answer:
    """One system, or a part of its service."""
    period = period_of(request.args)
    known = next((one for one in _systems() if one.id == system.partition("/")[0]), None)
    made, why = figure_of(system, period)
    if known is None and made is None:
        abort(404)
    name = made.terms.name if made and made.terms.name else known.name if known else ""
    page = {"name": name_of(system, name), "service": system, "period": period, "why": why, "known": known}
    if made is None:
        return render("system.html", "systems", made=None, **page)
    loaded = estate()
    assets = [one for one in loaded.estate.assets if one.system == system] if loaded else []
    return render(
        "system.html",
        "systems",
        made=made,
        now=figures.service_now(context(), system),
        thin=_thin(made),
        since=_since(made),
        steady=_steady(made),
        observations=sum(one.n for one in made.proofs),  # a run over two estates stands in both figures' sums
        strip=_strip(made),
        swatches={group: charts.swatch(group, f"s{group}") for group in charts.GROUPS},
        days=days_table(_args(system, period)),
        faults=faults_table(_args(system, period)),
        proof=proof_table(_args(system, period)),
        assets=assets,
        **page,
    )


def since_of(made: ServiceFigure) -> int | None:
    """From where a period counts, where the system was not in the estate or not in service at its beginning;
    None where it counts from its beginning, or nothing of it does."""
    start = made.figure.from_ms
    for begin, end, word in made.figure.segments:
        if begin > start or word is not TimeClass.NOT_IN_SERVICE:
            break
        start = end
    return start if made.figure.from_ms < start < made.figure.evaluated_to_ms else None


def up_for(figure: Figure) -> int | None:
    """For how many ms a service has been up again where its figure ends; None where it is not up there, or
    was up all the time."""
    end = figure.evaluated_to_ms
    begin = end
    for start, stop, word in reversed(figure.segments):
        if stop < begin or word is not TimeClass.UP:
            break
        begin = start
    return end - begin if figure.from_ms < begin < end else None


def steady_words(figure: Figure, stable_ms: int) -> str:
    """That what is up again has not been up for long enough to count as recovered; "" where it has."""
    up = up_for(figure)
    if up is None or up >= stable_ms:
        return ""
    lang = i18n.language()
    return t("fault.steady", up=wording.duration(up, lang), stable=wording.duration(stable_ms, lang))


def _steady(made: ServiceFigure) -> str:
    figure = made.figure
    if not figure.faults or figure.faults[-1].recovered_ms is not None:
        return ""
    return steady_words(figure, figure.params.faults.recover_stable_ms)


def _since(made: ServiceFigure) -> str:
    """That the days before it are no part of what stands beside this; "" where all of them are."""
    start = since_of(made)
    if start is None:
        return ""
    before = wording.duration(start - made.figure.from_ms, i18n.language())
    return t("figure.since.why", when=clock(start), before=before)


def _thin(made: ServiceFigure) -> str:
    """Which words go with a figure that little evidence carries; none where the evidence is enough."""
    coverage = made.figure.ratios.coverage
    if coverage is None or coverage >= _ENOUGH:
        return ""
    return "figure.most_unwatched" if coverage < _HALF else "figure.part_unwatched"


def _args(service: str, period: Period) -> dict[str, str]:
    return {"service": service, "from": period.first, "to": period.last}


def _strip(made: ServiceFigure) -> object:
    """The strip, each day's amounts in words, all of it in one sentence."""
    figure, lang = made.figure, i18n.language()
    found = charts.days(figure.segments, figure.from_ms, figure.to_ms, zone())
    notes = [f"{day.name}: {_amounts(day, lang)}" for day in found]
    known = wording.share(figure.ratios.known)
    label = t("strip.label", days=len(found), known=known, coverage=wording.share(figure.ratios.coverage))
    return charts.strip(found, label, notes, "d")


def _amounts(day: charts.Day, lang: str) -> str:
    parts = [
        f"{wording.time_class(group, lang)} {wording.duration(day.amounts[group], lang)}"
        for group in reversed(charts.GROUPS)
        if day.amounts.get(group)
    ]
    return ", ".join(parts) or wording.time_class("future", lang)


def _asked(args: Mapping[str, str]) -> ServiceFigure:
    made, _ = figure_of(args.get("service", ""), period_of(args))
    if made is None:
        abort(404)
    return made


@table("days", Role.VIEWER)
def days_table(args: Mapping[str, str]) -> Table:
    """The strip's numbers, newest day first."""
    figure = _asked(args).figure
    found = charts.days(figure.segments, figure.from_ms, figure.to_ms, zone())
    groups = charts.GROUPS[::-1]
    rows = [
        (day.name, *(day.amounts.get(group, 0) for group in groups)) for day in reversed(found) if day.amounts
    ]
    return Table("days", t("strip.numbers"), _DAYS, rows, t("strip.empty"), tuple(args.items()))


@table("faults", Role.VIEWER)
def faults_table(args: Mapping[str, str]) -> Table:
    """Faults of the period, newest first, each with the entry of its first bad look."""
    made = _asked(args)
    keys = [(leaf.check, leaf.target) for leaf in made.terms.leaves.values()]
    rows = []
    with context().read() as conn:
        for fault in reversed(made.figure.faults):
            levels = " / ".join("–" if level is None else str(level) for level in fault.levels)
            idx = onset.entry_of(conn, keys, fault.from_ms)
            sums = (fault.down_ms, fault.degraded_ms)
            rows.append((fault.from_ms, fault.to_ms, *sums, levels, fault.recovered_ms, idx))
    return Table("faults", t("faults.title"), _FAULTS, rows, t("faults.none"), tuple(args.items()))


@table("proof", Role.VIEWER)
def proof_table(args: Mapping[str, str]) -> Table:
    """Where in the log the evidence behind the figure begins and ends."""
    lang = i18n.language()
    rows = [
        (
            wording.check(one.check, lang),
            one.target,
            one.vantage,
            one.first_ms,
            one.last_ms,
            one.n,
            one.first[0],
            one.last[0],
        )
        for one in _asked(args).proofs
    ]
    return Table("proof", t("proof.title"), _PROOF, rows, t("proof.none"), tuple(args.items()))
