"""Faults with their clocks, and vulnerabilities, of a period; one fault with its timeline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import abort, request, url_for

from collector.availability.errors import AvailabilityError
from collector.documents.parts_faults import (
    CLOCKS,
    SOURCES,
    clock_row,
    clock_words,
    event_words,
    level_words,
    levels_words,
    report_row,
)
from collector.documents.tables import Column, Kind, Link, Table
from collector.faults.model import Account, Clock, ClockState, Fault, Stage, Vulnerability
from collector.jobs import faults as jobs
from collector.jobs import figures
from collector.judging.judge import NoScorecard
from collector.scoring.model import PackPeriod, Proof
from collector.store.accounts import Role
from collector.web import i18n, judging_now
from collector.web.pages import asking
from collector.web.pages.base import Answer, clock, context, estate, render, route, t, table
from collector.web.pages.offers import may_say, who_says
from collector.web.pages.scorecard import Tile
from collector.web.pages.services import steady_words
from collector.words.document import doc, doc_or
from collector.words.judging import word

_FAULTS = (
    Column("j_fault"),
    Column("j_system"),
    Column("j_from", Kind.WHEN),
    Column("j_to", Kind.WHEN),
    Column("j_span", Kind.SPAN),
    Column("j_proposed"),
    Column("j_level"),
    Column("j_clock"),
    Column("j_asked"),
    Column("j_entry"),
)
_VULNERABILITIES = (
    Column("j_finding"),
    Column("j_severity"),
    Column("j_place"),
    Column("j_opened", Kind.WHEN),
    Column("j_until", Kind.WHEN),
    Column("j_closed", Kind.WHEN),
    Column("j_state", Kind.STATE),
    Column("j_entry"),
)
_TIMELINE = (
    Column("j_when", Kind.WHEN),
    Column("j_event"),
    Column("j_by"),
    Column("j_title"),
    Column("j_entry", Kind.ENTRY),
)


@dataclass(frozen=True, slots=True)
class Ask:
    """A statement that a fault asks for, and where it is made ("": by somebody else)."""

    title: str
    href: str


def told(period: PackPeriod) -> jobs.Told | None:
    """Everything about the faults of a period; None where the pack says nothing of faults."""
    return judging_now.kept(("faults", period.name), lambda: make(period.name), behind=True)


def make(name: str) -> jobs.Told | None:
    """The same anew."""
    with context().read() as conn:
        try:
            return jobs.told(conn, context().now(), name)
        except NoScorecard:
            return None


def account(args: Mapping[str, str]) -> tuple[PackPeriod, Account]:
    """The period that is asked for, and what is known of it; 404 where the pack says nothing of faults."""
    period = asking.period_asked(args.get("period", ""))
    found = told(period)
    if found is None:
        abort(404)
    return period, found.account


def lives(period: PackPeriod, begun: int, ended: int | None) -> bool:
    """Whether something was there at any time of the period: what was over before is not of it."""
    return begun < period.to_ms and (ended is None or ended >= period.from_ms)


def _of(period: PackPeriod, found: Account) -> tuple[Fault, ...]:
    """Faults that began in the period: it counts these, as its documents and its scorecard do."""
    return tuple(one for one in found.faults if period.from_ms <= one.moments.onset_ms < period.to_ms)


def _earlier(period: PackPeriod, found: Account, before: PackPeriod | None) -> list[Link]:
    """Faults that began in the period before, or that people reported earlier, and reached into this one."""
    last = told(before) if before is not None else None
    held = [(before or period, last.account.faults if last is not None else ()), (period, found.faults)]
    made: dict[str, Link] = {}
    for known, faults_ in held:
        for one in faults_:
            begun = one.moments.onset_ms
            if begun < period.from_ms and lives(period, begun, one.to_ms):
                href = url_for("pages.fault", fault=one.id, period=known.name)
                made.setdefault(one.id, Link(called(one), href))
    return list(made.values())


def name_of(ident: str | None) -> str:
    """A unit, system or asset as the estate names it; the contract for none."""
    loaded = estate()
    if not ident:
        return t("judging.lines.contract")
    groups = (loaded.estate.units, loaded.estate.systems, loaded.estate.assets) if loaded is not None else ()
    return next((one.name or one.id for group in groups for one in group if one.id == ident), ident)


def first_proof(found: Sequence[Proof]) -> object:
    """The first entry behind something, as a link."""
    if not found:
        return None
    one = found[0]
    anchor: dict[str, Any] = {} if one.line is None else {"line": one.line, "_anchor": f"line-{one.line}"}
    shown = f"#{one.entry}" + ("" if one.line is None else f"/{one.line}")
    return Link(shown, url_for("pages.entry", idx=one.entry, **anchor))


def _clocks(one: Fault) -> str:
    """Its clocks in short: what is late, what runs."""
    lang = i18n.language()
    running = [clock_words(clock, lang) for clock in one.clocks if clock.state is ClockState.RUNNING]
    late = [clock_words(clock, lang) for clock in one.late]
    join = t("judging.part")
    parts = [t("faults.late", what=join.join(late))] if late else []
    parts += [t("faults.runs", what=join.join(running))] if running else []
    return t("judging.join").join(parts) or t("faults.intime")


@table("judging-faults", Role.VIEWER)
def faults_table(args: Mapping[str, str]) -> Table:
    """Faults that began in the period, newest first."""
    period, found = account(args)
    lang = i18n.language()
    rows = [
        (
            Link(called(one), url_for("pages.fault", fault=one.id, period=period.name)),
            name_of(one.system),
            one.moments.onset_ms,
            one.to_ms,
            None if one.to_ms is None else one.to_ms - one.moments.onset_ms,
            levels_words(one, lang),
            level_words(one.judged.level, lang) if one.judged.level_by is not None else t("faults.unstated"),
            _clocks(one),
            t("judging.part").join(doc_or(f"doc.ask.{kind}", kind, lang) for kind in one.judged.asked) or "–",
            first_proof(one.proofs),
        )
        for one in sorted(_of(period, found), key=lambda one: -one.moments.onset_ms)
    ]
    name = "judging-faults"
    return Table(
        name, t("faults.title.of"), _FAULTS, rows, t("faults.title.none"), (("period", period.name),)
    )


def _short(made: Table) -> Table:
    """Faults for the page: the name of each begins with its system's, which the workbook has in a column."""
    keep = [n for n, column in enumerate(made.columns) if column.key != "j_system"]
    rows = [tuple(row[n] for n in keep) for row in made.rows]
    return replace(made, columns=tuple(made.columns[n] for n in keep), rows=rows)


@table("judging-vulnerabilities", Role.VIEWER)
def vulnerabilities_table(args: Mapping[str, str]) -> Table:
    """Vulnerabilities: those that run out first."""
    period, found = account(args)
    mine = [one for one in found.vulnerabilities if lives(period, one.found_ms, one.ended_ms)]
    rows = [_vulnerability(one) for one in mine]
    rows.sort(key=lambda row: (row[5] is not None, row[4] is None, row[4] or 0))
    empty = t("faults.vulnerabilities.none")
    head = t("faults.vulnerabilities")
    return Table("judging-vulnerabilities", head, _VULNERABILITIES, rows, empty, (("period", period.name),))


def _vulnerability(one: Vulnerability) -> tuple[object, ...]:
    due = min((clock.due_ms for clock in one.clocks if clock.due_ms is not None), default=None)
    state = stage_word(one.stage, one.clocks)
    return (
        one.title,
        word("word", one.severity, i18n.language()),
        one.host,
        one.found_ms,
        due,
        one.ended_ms,
        state,
        first_proof(one.proofs),
    )


def stage_word(stage: Stage, clocks: Sequence[Clock]) -> str:
    """The code of a state: late goes before what else it is."""
    late = any(clock.state is ClockState.LATE for clock in clocks)
    return "j_c_late" if late else f"j_s_{stage.value}"


def _steady(period: PackPeriod, one: Fault) -> str:
    """That a measured fault's system is up again, for too short a time to count as recovered."""
    found = told(period)
    if found is None or found.pack.faults is None or one.to_ms is not None:
        return ""
    if one.measured is None or one.system is None:
        return ""
    as_of_ms, stable_ms = found.account.as_of_ms, found.pack.faults.recover_stable_s * 1000
    begin = max(one.moments.onset_ms, as_of_ms - 10 * stable_ms)
    if begin >= as_of_ms:
        return ""
    try:
        made = figures.service_figure(context(), one.system, begin, as_of_ms, as_of_ms)
    except (figures.NoFigure, AvailabilityError):
        return ""
    return steady_words(made.figure, stable_ms)


@route("/faults", Role.VIEWER, asks=asking.PERIOD)
def faults() -> Answer:
    """Faults and vulnerabilities of a period."""
    period, found = account({"period": asking.period_asked().name})
    args = {"period": period.name}
    before, after = judging_now.beside(period)
    mine = _of(period, found)
    still = [one for one in mine if one.to_ms is None]
    late = [one for one in mine if one.late]
    asked = [one for one in mine if one.judged.asked]
    tiles = [
        Tile("bad" if mine else "ok", str(len(mine)), t("faults.tile.all")),
        Tile("bad" if still else "ok", str(len(still)), t("faults.tile.open")),
        Tile("bad" if late else "ok", str(len(late)), t("faults.tile.late")),
        Tile("warn" if asked else "ok", str(len(asked)), t("faults.tile.asked")),
    ]
    return render(
        "faults.html",
        "faults",
        period=period,
        before=before,
        after=after,
        tiles=tiles,
        as_of_ms=found.as_of_ms,
        earlier=_earlier(period, found, before),
        blips=found.blips,
        steady=[
            t("faults.of", fault=called(one), what=said) for one in mine if (said := _steady(period, one))
        ],
        faults=_short(faults_table(args)),
        vulnerabilities=vulnerabilities_table(args),
    )


def _fault(args: Mapping[str, str]) -> tuple[PackPeriod, Fault]:
    period, found = account(args)
    known = next((one for one in found.faults if one.id == args.get("fault", "")), None)
    if known is None:
        abort(404)
    return period, known


@table("fault-clocks", Role.VIEWER)
def clocks_table(args: Mapping[str, str]) -> Table:
    """The clocks of a fault and of its report."""
    period, one = _fault(args)
    lang = i18n.language()
    rows = [clock_row(clock, lang) for clock in one.clocks] + [report_row(due, lang) for due in one.reports]
    more = (("period", period.name), ("fault", one.id))
    return Table("fault-clocks", t("fault.clocks"), CLOCKS, rows, t("fault.clocks.none"), more)


@table("fault-timeline", Role.VIEWER)
def timeline_table(args: Mapping[str, str]) -> Table:
    """A fault's events in order."""
    period, one = _fault(args)
    lang = i18n.language()
    rows = [
        (
            event.at_ms,
            event_words(event, lang)[0] + (t("fault.late") if event.late else ""),
            event.by or doc(SOURCES.get(event.what, "doc.by_machine"), lang),
            event_words(event, lang)[1],
            event.entry,
        )
        for event in one.timeline
    ]
    more = (("period", period.name), ("fault", one.id))
    return Table("fault-timeline", t("fault.timeline"), _TIMELINE, rows, t("fault.timeline.none"), more)


def _asks(one: Fault) -> list[Ask]:
    lang = i18n.language()
    return [
        Ask(
            doc_or(f"doc.ask.{kind}", kind, lang),
            url_for("pages.statement_new", kind=kind, fault=one.id) if may_say(kind) else "",
        )
        for kind in one.judged.asked
    ]


def _answers(one: Fault) -> list[Ask]:
    """The acknowledgement, while nobody gave it: a message about the fault leads here."""
    kind = "fault_acknowledged"
    if one.moments.acknowledged_ms is not None or kind in one.judged.asked or not may_say(kind):
        return []
    href = url_for("pages.statement_new", kind=kind, fault=one.id)
    return [Ask(doc_or(f"doc.ask.{kind}", kind, i18n.language()), href)]


@route("/faults/<path:fault>", Role.VIEWER, asks=asking.PERIOD)
def fault(fault: str) -> Answer:
    """One fault: clocks, timeline, what is asked for, its report as a draft."""
    args = {"fault": fault, "period": asking.period_asked().name}
    period, one = _fault(args)
    lang = i18n.language()
    return render(
        "fault.html",
        "faults",
        as_of_ms=account(args)[1].as_of_ms,
        one=one,
        period=period,
        name=name_of(one.system),
        proposed=levels_words(one, lang),
        level=level_words(one.judged.level, lang)
        if one.judged.level_by is not None
        else t("faults.unstated"),
        straddles=len(one.judged.levels) > 1,
        measured=one.measured,
        steady=_steady(period, one),
        asks=[*_answers(one), *_asks(one)],
        clocks=clocks_table(args),
        timeline=timeline_table(args),
        kinds=("docx", "xlsx", "pdf", "json"),
    )


def choices() -> list[tuple[str, str]]:
    """Faults to choose from in a form: those of the running period and the one before."""
    known = judging_now.periods()
    if not known:
        return []
    now = asking.period_asked("")
    before, _ = judging_now.beside(now)
    found: list[tuple[str, str]] = []
    asked = request.args.get("fault", "")
    for period in (now, before):
        account = told(period) if period is not None else None
        for one in account.account.faults if account is not None else ():
            found.append((one.id, called(one)))
    if asked and asked not in {name for name, _ in found}:
        found.append((asked, asked))
    return found


def called(one: Fault) -> str:
    """A fault by its system's name and the time it began."""
    return t("judging.fault.of", name=name_of(one.system), when=clock(one.moments.onset_ms, "%m-%d %H:%M:%S"))


def asked_rows() -> list[tuple[object, ...]]:
    """What faults of the running period ask people for."""
    if not judging_now.periods():
        return []
    found = told(asking.period_asked(""))
    if found is None:
        return []
    return [
        (
            Link(ask.title, ask.href) if ask.href else ask.title,
            called(one),
            t("faults.asks"),
            who_says(kind),
            None,
        )
        for one in found.account.faults
        for kind, ask in zip(one.judged.asked, _asks(one), strict=True)
    ]
