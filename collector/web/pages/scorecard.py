"""The scorecard of a period, a line of it with its evidence, and the closing of periods."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flask import abort, flash, redirect, request, url_for

from collector.jobs import scorecards
from collector.jobs.scorecards import Status
from collector.judging.judge import NoScorecard
from collector.reports.judging_found import judged_of
from collector.reports.judging_view import Words, is_off, last, points, span, spanned, state_of, yuan
from collector.reports.sheet import Column, Kind, Link, Table
from collector.reports.words_judging import word
from collector.scoring.model import Line, PackPeriod
from collector.store.accounts import Role
from collector.web import auth, i18n, judging_now
from collector.web.judging_now import Card
from collector.web.pages import asking, refusals
from collector.web.pages.base import Answer, context, render, route, t, table

_PERIODS = (
    Column("j_period"),
    Column("j_from", Kind.WHEN),
    Column("j_to", Kind.WHEN),
    Column("j_state", Kind.STATE),
    Column("j_total"),
    Column("j_level_of"),
    Column("j_yuan", Kind.NUMBER),
    Column("j_amendment", Kind.NUMBER),
    Column("j_entry", Kind.ENTRY),
    Column("j_compared", Kind.WHEN),
)
_SEALS = (
    Column("j_amendment"),
    Column("j_when", Kind.WHEN),
    Column("j_what"),
    Column("j_unit"),
    Column("j_before"),
    Column("j_after"),
    Column("j_entry", Kind.ENTRY),
)


@dataclass(frozen=True, slots=True)
class Tile:
    """A number on top: its colour, the number, what it is, what it means."""

    tone: str
    number: str
    label: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """A unit's points of one line."""

    text: str
    state: str
    href: str


def words_of(found: Card) -> Words:
    """Rows in the asker's language, with links."""
    return Words(
        found.judged,
        i18n.language(),
        lambda idx: url_for("pages.entry", idx=idx),
        lambda one: line_url(found.period, one),
    )


def line_url(period: PackPeriod, one: Line) -> str:
    """The page of a line, of the scorecard that was asked for."""
    asked: dict[str, Any] = {"unit": one.unit or "", "period": period.name, **asking.extras(request.args)}
    return url_for("pages.scorecard_line", line=one.id, **asked)


def _args(found: Card, **more: str) -> tuple[tuple[str, str], ...]:
    return (("period", found.period.name), *more.items(), *asking.extras(request.args).items())


def _named(made: Table, found: Card, **more: str) -> Table:
    return Table(made.name, made.title, made.columns, made.rows, made.empty, _args(found, **more))


@table("judging-lines", Role.VIEWER)
def lines_table(args: Mapping[str, str]) -> Table:
    """The lines of a unit, of the contract, or all; those that lost points first where it is all."""
    found = asking.card_of(args)
    unit = args.get("unit")
    chosen = [one for one in found.judged.card.lines if not is_off(one)]
    words = words_of(found)
    if unit is not None:
        chosen = [one for one in chosen if (one.unit or "") == unit]
        title = t("judging.lines.of", unit=words.place(unit or None, None))
        return _named(words.lines(chosen, title=title), found, unit=unit)
    return _named(words.lines(chosen), found)


@table("judging-offs", Role.VIEWER)
def offs_table(args: Mapping[str, str]) -> Table:
    """Deductions, fines and vetoes that hold or may."""
    found = asking.card_of(args)
    chosen = [one for one in found.judged.card.lines if is_off(one) and (one.items or one.gaps)]
    made = words_of(found).lines(chosen, "judging-offs", t("judging.offs"))
    return Table(made.name, made.title, made.columns, made.rows, t("scorecard.offs.none"), _args(found))


@table("judging-money", Role.VIEWER)
def money_table(args: Mapping[str, str]) -> Table:
    """The settlement."""
    found = asking.card_of(args)
    return _named(words_of(found).money(), found)


@table("judging-others", Role.VIEWER)
def others_table(args: Mapping[str, str]) -> Table:
    """Both readings where the contract contradicts itself."""
    found = asking.card_of(args)
    return _named(words_of(found).others(), found)


@table("judging-options", Role.VIEWER)
def options_table(args: Mapping[str, str]) -> Table:
    """The options in use."""
    found = asking.card_of(args)
    return _named(words_of(found).options(), found)


@table("judging-todo", Role.VIEWER)
def todo_table(args: Mapping[str, str]) -> Table:
    """What must be done by when."""
    found = asking.card_of(args)
    return _named(words_of(found).todo(), found)


def _line_of(found: Card, args: Mapping[str, str]) -> Line:
    wanted = args.get("line", ""), args.get("unit", "")
    for one in found.judged.card.lines:
        if (one.id, one.unit or "") == wanted:
            return one
    abort(404)


@table("judging-items", Role.VIEWER)
def items_table(args: Mapping[str, str]) -> Table:
    """What a line counted."""
    found = asking.card_of(args)
    one = _line_of(found, args)
    return _named(words_of(found).items(one), found, line=one.id, unit=one.unit or "")


@table("judging-gaps", Role.VIEWER)
def gaps_table(args: Mapping[str, str]) -> Table:
    """What keeps a line from being proven."""
    found = asking.card_of(args)
    one = _line_of(found, args)
    return _named(words_of(found).gaps(one), found, line=one.id, unit=one.unit or "")


def status_word(status: Status, period: PackPeriod) -> str:
    """Provisional, sealed, or sealed and different since."""
    if status.word == "sealed":
        return "j_amended" if status.changes else "j_sealed"
    return "j_running_period" if context().now() < period.to_ms else "j_provisional"


def tiles_of(found: Card) -> list[Tile]:
    """Points now, at risk, lost; grade; money."""
    card, judged = found.judged.card, found.judged
    at_risk = card.high - card.low
    lost = max(judged.full - card.high, Fraction(0))
    proven = card.total is not None
    low_high = span(points(card.low, 2), points(card.high, 2), i18n.language())
    tiles = [
        Tile(
            ("bad" if lost else "ok") if proven else "note",
            points(card.total, 2) if proven else low_high,
            t("scorecard.now"),
            t("scorecard.now.proven" if proven else "scorecard.now.open", full=points(judged.full)),
        ),
        Tile("warn" if at_risk else "ok", points(at_risk, 2), t("scorecard.risk"), t("scorecard.risk.what")),
        Tile("bad" if lost else "ok", points(lost, 2), t("scorecard.lost"), t("scorecard.lost.what")),
        Tile(
            "note" if card.grade is None else "",
            card.grade or t("scorecard.grade.open"),
            t("scorecard.grade"),
            "",
        ),
    ]
    paid = last(card.money)
    if paid is not None:
        sums = yuan(paid.yuan) if paid.yuan is not None else spanned(paid.low, paid.high, i18n.language())
        step = words_of(found).step(paid.id)
        tiles.append(Tile("note" if paid.yuan is None else "", sums, t("scorecard.money", step=step), ""))
    return tiles


def matrix_of(found: Card) -> tuple[list[str], list[tuple[str, list[Cell], str]]]:
    """Units by lines: headings, then a row a unit with its sum."""
    words = words_of(found)
    lines = [one for one in found.judged.card.lines if one.unit is not None]
    heads = list(dict.fromkeys(one.id for one in lines))
    by_key = {(one.unit, one.id): one for one in lines}
    sums = {one.unit: one for one in found.judged.card.sums}
    rows = []
    for unit in dict.fromkeys(one.unit for one in lines):
        cells = [_cell(words, by_key.get((unit, head)), found.period) for head in heads]
        mine = sums.get(unit)
        total = "–" if mine is None else words.range_of(mine.low, mine.high)
        rows.append((words.place(unit, None), cells, total))
    titles = {one.id: words.line_name(one) for one in lines}
    return [titles[head] for head in heads], rows


def _cell(words: Words, one: Line | None, period: PackPeriod) -> Cell:
    if one is None:
        return Cell("–", "j_not_applicable", "")
    shown = f"{words.points_of(one)} / {points(one.full)}"
    return Cell(shown, state_of(one), line_url(period, one))


@route("/scorecard", Role.VIEWER, asks=asking.CARD)
def scorecard() -> Answer:
    """The scorecard of a period."""
    period = asking.period_asked()
    asked = asking.extras(request.args)
    args = {"period": period.name, **asked}
    found = asking.card_of(args)
    card = found.judged.card
    heads, rows = matrix_of(found)
    before, after = judging_now.beside(period)
    # Units stand in the table of units; the contract's own lines in full, each with its evidence.
    whole = [one for one in card.lines if one.unit is None and not is_off(one)]
    return render(
        "scorecard.html",
        "scorecard",
        found=found,
        asked=asked,
        card=card,
        period=period,
        known=judging_now.begun(),
        before=before,
        after=after if after is not None and after.from_ms <= context().now() else None,
        state=status_word(found.status, period),
        tiles=tiles_of(found),
        heads=heads,
        units=rows,
        lines=words_of(found).short(lines_table({**args, "unit": ""} if whole and rows else args)),
        show_lines=bool(whole) or not rows,
        offs=words_of(found).short(offs_table(args)),
        money=money_table(args),
        others=others_table(args),
        options=options_table(args),
        todo=todo_table(args),
        vetoes=[word("item", one, i18n.language()) for one in card.vetoes],
        kinds=("docx", "xlsx", "pdf", "json"),
    )


@route("/scorecard/line/<path:line>", Role.VIEWER, asks=("unit", *asking.CARD))
def scorecard_line(line: str) -> Answer:
    """One line with its evidence."""
    asked = asking.extras(request.args)
    found = asking.card_of({"period": request.args.get("period", ""), **asked})
    args = {"period": found.period.name, "line": line, "unit": request.args.get("unit", ""), **asked}
    one = _line_of(found, args)
    words = words_of(found)
    return render(
        "scorecard_line.html",
        "scorecard",
        one=one,
        asked=asked,
        name=words.line_name(one),
        unit=words.place(one.unit, None) if one.unit else "",
        period=found.period,
        as_of_ms=found.made.scorecard.as_of_ms,
        state=state_of(one),
        shown=words.points_of(one),
        words={key: points(getattr(one, key)) for key in ("full", "required", "counted", "missing")},
        why=words.why(one),
        by=word("tag", one.tag, i18n.language()),
        options=[(key, value, found.judged.about.get(key, ("", "", ""))) for key, value in one.options],
        items=items_table(args),
        gaps=gaps_table(args),
    )


@table("judging-periods", Role.VIEWER)
def periods_table(_args: Mapping[str, str]) -> Table:
    """Every period that has begun, newest first."""
    now = context().now()
    rows = []
    for period in reversed([one for one in judging_now.every_period() if one.from_ms <= now]):
        found = judging_now.listed(period)
        card, words = found.card, Words(found.judged, i18n.language())
        paid = last(card.money)
        entries = found.status.entries
        rows.append(
            (
                Link(period.name, url_for("pages.scorecard", period=period.name)),
                period.from_ms,
                period.to_ms,
                status_word(found.status, period),
                points(card.total, 2) if card.total is not None else words.range_of(card.low, card.high),
                card.grade or t("scorecard.grade.open"),
                "–"
                if paid is None
                else (yuan(paid.yuan) if paid.yuan is not None else spanned(paid.low, paid.high, words.lang)),
                len(entries) - 1 if entries else None,
                entries[-1].idx if entries else None,
                found.compared_ms,
            )
        )
    return Table("judging-periods", t("periods.title"), _PERIODS, rows, t("periods.none"))


@table("judging-seals", Role.VIEWER)
def seals_table(_args: Mapping[str, str]) -> Table:
    """Seals and amendments, each with what it changed."""
    rows: list[tuple[object, ...]] = []
    with context().read() as conn:
        for period in judging_now.every_period():
            for number, row in enumerate(scorecards.history(conn, period.name)):
                made = scorecards.read_sealed(conn, row)
                name = f"{period.name} · {t('periods.seal') if not number else t('periods.nth', n=number)}"
                if not made.changes:
                    card = made.scorecard
                    total = points(card.total, 2) if card.total is not None else t("periods.open")
                    rows.append((name, row.as_of, t("periods.total"), "–", "–", total, row.idx))
                whole = scorecards.Made(made.scorecard, made.facts, made.estate, made.size)
                words = Words(judged_of(conn, whole), i18n.language())
                for one in made.changes:
                    unit = words.place(one.unit, None) if one.unit else "–"
                    said = [
                        words.changed(one.what, value) if value else t("periods.open")
                        for value in (one.before, one.after)
                    ]
                    shown = (unit, *said)
                    rows.append((name, row.as_of, words.change(one.what), *shown, row.idx))
    return Table("judging-seals", t("periods.seals"), _SEALS, rows[::-1], t("periods.seals.none"))


@route("/periods", Role.VIEWER, asks=())
def periods() -> Answer:
    """Closing: what is provisional, what is sealed, what was amended."""
    if not judging_now.periods():
        abort(404)
    now = context().now()
    over = [one for one in judging_now.every_period() if one.to_ms <= now]
    ready = []
    for one in over:
        status = judging_now.listed(one).status
        if status.word != "sealed" or status.changes:
            ready.append((one, status))
    return render("periods.html", "scorecard", ready=ready, table=periods_table({}), seals=seals_table({}))


@route("/periods/seal", Role.MANAGER, "POST")
def period_seal() -> Answer:
    """Seal a period that is over, or amend its seal."""
    name = request.form.get("period", "")
    try:
        made = scorecards.seal(context(), name, by=auth.account().name)
    except NoScorecard as error:
        flash(t("periods.refused", why=refusals.unjudged(error)), "bad")
    else:
        if made is None:
            flash(t("periods.same", period=name), "ok")
        else:
            flash(t("periods.sealed", period=name, entry=made[0]), "ok")
    return redirect(url_for("pages.periods"))
