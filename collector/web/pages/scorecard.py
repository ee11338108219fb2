"""The scorecard of a period, and a line of it with its evidence."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from flask import abort, request, url_for

from collector.documents.judging_view import Words, is_off, last, state_of
from collector.documents.numbers import points, span, spanned, yuan
from collector.documents.tables import Table
from collector.estate.contracts import scope as scope_of
from collector.jobs.scorecards import Status
from collector.judging.inspections import units_with_assets
from collector.scoring.model import Line, PackPeriod
from collector.store.accounts import Role
from collector.web import i18n, judging_now
from collector.web.judging_now import Card
from collector.web.pages import asking
from collector.web.pages.base import Answer, context, estate, render, route, t, table
from collector.web.unwatched import in_no_round
from collector.words.judging import word

_MOST_NAMED = 10


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
    at_risk = None if card.low is None else card.high - card.low
    lost = max(judged.full - card.high, Fraction(0))
    proven = card.total is not None
    least = t("scorecard.no_lower") if card.low is None else points(card.low, 2)
    low_high = span(least, points(card.high, 2), i18n.language())
    risk = t("scorecard.no_limit") if at_risk is None else points(at_risk, 2)
    tiles = [
        Tile(
            ("bad" if lost else "ok") if proven else "note",
            points(card.total, 2) if proven else low_high,
            t("scorecard.now"),
            t("scorecard.now.proven" if proven else "scorecard.now.open", full=points(judged.full)),
        ),
        Tile("ok" if at_risk == 0 else "warn", risk, t("scorecard.risk"), t("scorecard.risk.what")),
        Tile("bad" if lost else "ok", points(lost, 2), t("scorecard.lost"), t("scorecard.lost.what")),
        Tile(
            "note" if card.grade is None else "",
            words_of(found).grade(card.grade) or t("scorecard.grade.open"),
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


def _unplanned(found: Card, one: Line) -> str:
    """Assets in scope and service that no round of the estate in force looks at, while a line of inspections
    can still be kept: a round of the others, however well done, is not one of the unit."""
    loaded, now = estate(), context().now()
    gaps = found.judged.facts.gaps
    if loaded is None or now >= found.period.to_ms or all(gaps[n].kind != "inspection" for n in one.gaps):
        return ""
    known, unplanned = scope_of(loaded), in_no_round(loaded)
    if known is None:
        return ""
    names = [
        asset.id
        for asset in known.assets
        if asset.id in unplanned
        and one.unit in (None, asset.unit)
        and units_with_assets(replace(known, assets=(asset,)), now)
    ]
    if not names:
        return ""
    shown = t("judging.part").join(names[:_MOST_NAMED])
    return t("scorecard.unplanned", n=len(names), names=shown + ("…" if len(names) > _MOST_NAMED else ""))


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
        words={"full": points(one.full)}
        | {key: words.count(one, getattr(one, key)) for key in ("required", "counted", "missing")},
        why=words.why(one),
        unplanned=_unplanned(found, one),
        by=word("tag", one.tag, i18n.language()),
        options=[(key, value, found.judged.about.get(key, ("", "", ""))) for key, value in one.options],
        items=items_table(args),
        gaps=gaps_table(args),
    )
