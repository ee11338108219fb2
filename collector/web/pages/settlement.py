"""The money of the term: each period's fee, deductions and fines, each payment, both readings."""

from collections.abc import Iterator, Mapping

from flask import abort, url_for
from sqlalchemy import Connection

from collector.jobs import scorecards, settlements
from collector.judging import judge
from collector.judging.settling import Part, groups
from collector.reports.settlement_view import SettlementWords, Settling, paid, paid_step
from collector.reports.sheet import Column, Kind, Table
from collector.scoring.money import range_of
from collector.store.accounts import Role
from collector.web import judging_now
from collector.web.pages.base import Answer, BadAskedError, context, render, route, t, table
from collector.web.pages.scorecard import Tile, status_word, words_of

_LOGGED = (
    Column("j_payment"),
    Column("j_amendment"),
    Column("j_period"),
    Column("j_yuan", Kind.NUMBER),
    Column("j_by"),
    Column("j_when", Kind.WHEN),
    Column("j_entry", Kind.ENTRY),
)


def _parts(conn: Connection) -> Iterator[tuple[str, Part, int | None]]:
    """Periods that have begun: the newest seal, else how they stand."""
    now = context().now()
    for period in judging_now.periods():
        if period.from_ms > now:
            return
        found = judging_now.card(period)
        if found.status.entries:
            row = found.status.entries[-1]
            held = scorecards.read_sealed(conn, row)
            yield period.name, Part(held.scorecard, held.facts, True), row.idx
        else:
            yield period.name, Part(found.made.scorecard, found.made.facts, False), None


def settling() -> Settling:
    """Everything that settles the term as of now; 404 without a contract."""
    known = judging_now.periods()
    if not known:
        abort(404)
    return judging_now.kept(("settlement",), _settling)


def _settling() -> Settling:
    known, now = judging_now.periods(), context().now()
    with context().read() as conn:
        chosen = judge.chosen(scorecards.applied(conn, scorecards.size_at(conn, now)), known[-1].name, now)
        found = list(_parts(conn))
    return Settling(
        chosen.pack,
        groups(chosen.pack.pack, known),
        {name: part for name, part, _ in found},
        chosen.options,
        {name: idx for name, _, idx in found if idx is not None},
    )


def _words() -> SettlementWords:
    found = settling()
    by_name = {one.name: one for one in judging_now.periods()}
    if odd := [one for one in found.parts.values() if one.scorecard.pack_digest != found.pack.digest]:
        name = odd[0].scorecard.period.name
        raise BadAskedError(t("settlement.other_pack", period=name, pack=odd[0].scorecard.pack))

    def state(name: str) -> str:
        return status_word(judging_now.card(by_name[name]).status, by_name[name])

    shown = judging_now.card(judging_now.period_asked(""))
    return SettlementWords(
        found, words_of(shown), state, lambda name: url_for("pages.scorecard", period=name)
    )


@table("settlement-periods", Role.VIEWER)
def periods_table(_args: Mapping[str, str]) -> Table:
    """A row a period."""
    return _words().periods()


@table("settlement-payments", Role.VIEWER)
def payments_table(_args: Mapping[str, str]) -> Table:
    """Each payment's steps."""
    return _words().payments()


@table("settlement-readings", Role.VIEWER)
def readings_table(_args: Mapping[str, str]) -> Table:
    """Both readings of contradictions."""
    return _words().readings()


@table("settlement-logged", Role.VIEWER)
def logged_table(_args: Mapping[str, str]) -> Table:
    """Settlements that are in the log, newest first, each with the scorecards that it was made of."""
    words = _words()
    with context().read() as conn:
        found = settlements.logged(conn)
    rows = [
        (
            words.payment_name(row.name),
            t("periods.nth", n=row.number) if row.number else t("settlement.first"),
            t("judging.part").join(f"{one.period} #{one.entry}" for one in held.parts),
            words.amount(range_of(paid_step(held.settlement.money))),
            row.by,
            row.received,
            row.idx,
        )
        for row, held in reversed(found)
    ]
    return Table("settlement-logged", t("settlement.logged"), _LOGGED, rows, t("settlement.logged.none"))


@route("/settlement", Role.VIEWER)
def settlement() -> Answer:
    """What is paid, period by period and payment by payment."""
    words = _words()
    made = words.found.made()
    tiles = [
        Tile(
            "note" if paid(one).yuan is None else "ok" if one.final else "",
            words.amount(range_of(paid(one))),
            f"{words.payment_name(one.name)} · {words.words.step(paid(one).id)}",
            t("settlement.final" if one.final else "settlement.provisional"),
        )
        for one in made
    ]
    return render(
        "settlement.html",
        "scorecard",
        pack=words.found.pack.pack,
        digest=words.found.pack.digest,
        tiles=tiles,
        periods=words.periods(),
        payments=words.payments(),
        readings=words.readings(),
        logged=logged_table({}),
        as_of=context().now(),
    )
