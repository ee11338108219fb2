"""The closing of periods: what is provisional, what is sealed, what was amended."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256

from flask import abort, flash, redirect, request, url_for

from collector.availability.errors import AvailabilityError, MissingYear
from collector.documents.judging_view import Words, is_off, last
from collector.documents.numbers import points, spanned, yuan
from collector.documents.tables import Column, Kind, Link, Table
from collector.jobs import scorecards
from collector.jobs.scorecards import Status
from collector.judging.judge import NoScorecard
from collector.reports.judging_found import judged_of
from collector.scoring.model import Money, PackPeriod, Scorecard
from collector.store.accounts import Role
from collector.web import auth, i18n, judging_now
from collector.web.judging_now import Listed
from collector.web.kept import Failed
from collector.web.pages import asking, refusals
from collector.web.pages.base import Answer, context, render, route, t, table
from collector.web.pages.scorecard import status_word

_PERIODS = (
    Column("j_period"),
    Column("j_from"),
    Column("j_to"),
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


@table("judging-periods", Role.VIEWER)
def periods_table(_args: Mapping[str, str]) -> Table:
    """Every period that has begun, newest first."""
    return _listing([(one, judging_now.listed(one)) for one in _begun()])


Found = tuple[PackPeriod, Listed | Failed | None]
"""A period with its figure, why there is none, or None while it is made."""


def _begun() -> Iterator[PackPeriod]:
    now = context().now()
    return (one for one in reversed(judging_now.every_period()) if one.from_ms <= now)


def _listing(found: Sequence[Found]) -> Table:
    rows = [_row(period, one) for period, one in found]
    return Table("judging-periods", t("periods.title"), _PERIODS, rows, t("periods.none"))


def _row(period: PackPeriod, found: Listed | Failed | None) -> tuple[object, ...]:
    name = Link(period.name, url_for("pages.scorecard", period=period.name))
    head = name, str(period.first), t("scorecard.before", day=period.end)
    if not isinstance(found, Listed):
        return *head, lacking(found), "–", "–", "–", None, None, None
    card, words = found.card, Words(found.judged, i18n.language())
    entries = found.status.entries
    return (
        *head,
        status_word(found.status, period),
        points(card.total, 2) if card.total is not None else words.range_of(card.low, card.high),
        words.grade(card.grade) or t("scorecard.grade.open"),
        _paid(found, words.lang),
        len(entries) - 1 if entries else None,
        entries[-1].idx if entries else None,
        found.compared_ms,
    )


def _paid(found: Listed, lang: str) -> str:
    paid = last(found.card.money)
    if paid is None:
        return "–"
    return yuan(paid.yuan) if paid.yuan is not None else spanned(paid.low, paid.high, lang)


def lacking(found: Failed | None) -> str:
    """The state of a figure that cannot be shown."""
    return "j_calculating" if found is None else "j_not_calculated"


def failures(found: Iterable[tuple[str, object]]) -> list[tuple[str, str]]:
    """(period, why) of figures that could not be made."""
    return [(name, _why(one.error)) for name, one in found if isinstance(one, Failed)]


def _why(error: Exception) -> str:
    if isinstance(error, NoScorecard):
        return refusals.unjudged(error)
    if isinstance(error, MissingYear):
        return t("error.year.what", year=error.year)
    # Anything else stands in the server's log only: it may name what a viewer has no business to read.
    return str(error) if isinstance(error, AvailabilityError) else t("calculating.failed")


@table("judging-seals", Role.VIEWER)
def seals_table(_args: Mapping[str, str]) -> Table:
    """Seals and amendments, each with what it changed."""
    rows: list[tuple[object, ...]] = []
    with context().read() as conn:
        for period in judging_now.every_period():
            for number, row in enumerate(scorecards.history(conn, period.name)):
                made = judging_now.read_sealed(conn, row)
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


@route("/periods", Role.VIEWER, asks=("poll",))
def periods() -> Answer:
    """Closing; with `poll` only what is filled in once figures are ready."""
    if not judging_now.periods():
        abort(404)
    now = context().now()
    found = [(one, judging_now.at_once(one)) for one in _begun()]
    over = [(one, _status(figure)) for one, figure in reversed(found) if one.to_ms <= now]
    return render(
        "periods_parts.html" if "poll" in request.args else "periods.html",
        "scorecard",
        ready=[(one, status) for one, status in over if status.word != "sealed" or status.changes],
        table=_listing(found),
        seals=seals_table({}),
        calculating=[one.name for one, figure in found if figure is None],
        failed=failures((one.name, figure) for one, figure in found),
        again=url_for("pages.periods", poll=1),
    )


def _status(found: Listed | Failed | None) -> Status:
    """How a period that is over stands; only one without a seal lacks its figure."""
    return found.status if isinstance(found, Listed) else Status("over", (), ())


@route("/periods/closing", Role.MANAGER, asks=("period",))
def period_closing() -> Answer:
    """What would be sealed: the second question, which names the period."""
    period = asking.period_asked(request.args.get("period", ""))
    if context().now() < period.from_ms:
        abort(404)
    card = judging_now.make_card(period.name)  # as of now: what is agreed to is what is sealed
    words = Words(card.judged, i18n.language())
    made = card.made.scorecard
    paid = last(made.money)
    return render(
        "closing.html",
        "scorecard",
        period=card.period,
        status=card.status,
        over=card.period.to_ms <= context().now(),
        seen=_seen(made),
        as_of_ms=made.as_of_ms,
        facts=(
            (t("periods.total"), _total(made, words)),
            (t("col.j_level_of"), words.grade(made.grade) or t("periods.open")),
            (t("col.j_yuan") if paid is None else words.step(paid.id), "–" if paid is None else _yuan(paid)),
            (t("periods.lines"), t("periods.lines.of", **_proven(made))),
        ),
        vetoes=made.vetoes,
        money=words.money(),
        todo=words.todo(),
    )


def _total(made: Scorecard, words: Words) -> str:
    return points(made.total) if made.total is not None else words.range_of(made.low, made.high)


def _yuan(paid: Money) -> str:
    return yuan(paid.yuan) if paid.yuan is not None else spanned(paid.low, paid.high, i18n.language())


def _proven(made: Scorecard) -> dict[str, int]:
    every = [one for one in made.lines if not is_off(one)]
    return {"n": len(every), "proven": sum(one.points is not None for one in every)}


def _seen(made: Scorecard) -> str:
    """What a manager agreed to: the scorecard without its instant."""
    shown = (made.total, made.low, made.high, made.grade, made.vetoes, made.money)
    lines = [(one.id, one.unit, one.points, one.low, one.high) for one in made.lines]
    return sha256(repr((shown, lines)).encode()).hexdigest()


@route("/periods/seal", Role.MANAGER, "POST")
def period_seal() -> Answer:
    """Seal a period that is over, or amend its seal: what was shown, of a period that was named twice."""
    name = request.form.get("period", "")
    asked = url_for("pages.period_closing", period=name)
    if request.form.get("confirm") != name:
        return redirect(asked)
    try:
        if _seen(scorecards.scorecard(context(), name).scorecard) != request.form.get("seen"):
            flash(t("periods.moved", period=name), "warn")
            return redirect(asked)
        made = scorecards.seal(context(), name, by=auth.account().name)
    except NoScorecard as error:
        flash(t("periods.refused", why=refusals.unjudged(error)), "bad")
    else:
        if made is None:
            flash(t("periods.same", period=name), "ok")
        else:
            flash(t("periods.sealed", period=name, entry=made[0]), "ok")
    return redirect(url_for("pages.periods"))
