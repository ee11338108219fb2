"""The money of the term: each period's fee, deductions and fines, each payment, both readings."""

from collections.abc import Iterator, Mapping

from flask import abort, flash, redirect, request, url_for
from sqlalchemy import Connection

from collector.jobs import scorecards, settlements
from collector.judging import judge
from collector.judging.judge import NoScorecard
from collector.judging.settling import Part, groups
from collector.reports.settlement_view import SettlementWords, Settling, paid, paid_step
from collector.reports.sheet import Column, Kind, Table
from collector.scoring.money import range_of
from collector.store.accounts import Role
from collector.web import auth, judging_now
from collector.web.pages import asking, refusals
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


def _parts(conn: Connection, at: int | None) -> Iterator[tuple[str, Part, int | None]]:
    """Periods that have begun: the newest seal, else how they stand (then, where an instant is asked for)."""
    for period in judging_now.periods():
        if period.from_ms > (context().now() if at is None else at):
            return
        rows = scorecards.history(conn, period.name, at)
        if rows:
            held = scorecards.read_sealed(conn, rows[-1])
            yield period.name, Part(held.scorecard, held.facts, True), rows[-1].idx
        else:
            found = judging_now.card(period).made if at is None else _then(conn, period.name, at)
            yield period.name, Part(found.scorecard, found.facts, False), None


def _then(conn: Connection, name: str, at: int) -> scorecards.Made:
    try:
        return scorecards.scorecard_on(conn, name, at)
    except NoScorecard as error:
        raise asking.NotThereError(asking.refused(error)) from None


def _instant(args: Mapping[str, str]) -> int | None:
    """As of when; None: now."""
    text = args.get("as_of", "")
    return asking.instant_asked(text) if text else None


def settling(at: int | None = None) -> Settling:
    """Everything that settles the term as of now, or of an instant; 404 without a contract."""
    known = judging_now.periods()
    if not known:
        abort(404)
    key = ("settlement",) if at is None else ("settlement", str(at))
    return judging_now.kept(key, lambda: _settling(at))


def _settling(at: int | None) -> Settling:
    known, now = judging_now.periods(), context().now() if at is None else at
    with context().read() as conn:
        try:
            held = scorecards.applied(conn, scorecards.size_at(conn, now))
            chosen = judge.chosen(held, known[-1].name, now)
        except NoScorecard as error:
            raise asking.NotThereError(asking.refused(error)) from None
        found = list(_parts(conn, at))
    return Settling(
        chosen.pack,
        groups(chosen.pack.pack, known),
        {name: part for name, part, _ in found},
        chosen.options,
        {name: idx for name, _, idx in found if idx is not None},
    )


def _words(at: int | None = None) -> SettlementWords:
    found = settling(at)
    by_name = {one.name: one for one in judging_now.periods()}
    if odd := [one for one in found.parts.values() if one.scorecard.pack_digest != found.pack.digest]:
        name = odd[0].scorecard.period.name
        raise BadAskedError(t("settlement.other_pack", period=name, pack=odd[0].scorecard.pack))

    def state(name: str) -> str:
        if at is None:
            return status_word(judging_now.listed(by_name[name]).status, by_name[name])
        if found.parts[name].sealed:
            return "j_sealed"
        return "j_running_period" if at < by_name[name].to_ms else "j_provisional"

    def shown_at(name: str) -> str:
        more = {} if at is None else {"as_of": request.args.get("as_of", "")}
        return url_for("pages.scorecard", period=name, **more)  # type: ignore[arg-type]  # no option of its

    shown = judging_now.card(judging_now.period_asked(""))
    return SettlementWords(found, words_of(shown), state, shown_at)


@table("settlement-periods", Role.VIEWER)
def periods_table(args: Mapping[str, str]) -> Table:
    """A row a period."""
    return _asked(_words(_instant(args)).periods(), args)


@table("settlement-payments", Role.VIEWER)
def payments_table(args: Mapping[str, str]) -> Table:
    """Each payment's steps."""
    return _asked(_words(_instant(args)).payments(), args)


@table("settlement-readings", Role.VIEWER)
def readings_table(args: Mapping[str, str]) -> Table:
    """Both readings of contradictions."""
    return _asked(_words(_instant(args)).readings(), args)


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


def _asked(made: Table, args: Mapping[str, str]) -> Table:
    """A table that is saved as of the instant it was asked for."""
    more = (("as_of", args["as_of"]),) if args.get("as_of") else ()
    return Table(made.name, made.title, made.columns, made.rows, made.empty, more)


def _ready(words: SettlementWords) -> list[tuple[str, str, bool]]:
    """(name, in words, whether it was logged before) of payments that can be logged: every period is sealed,
    and not all of those seals were paid for already."""
    with context().read() as conn:
        before = {row.name: held for row, held in settlements.logged(conn)}
    made = []
    for one in words.found.made():
        names = one.settlement.periods
        seals = {name: words.found.entries.get(name) for name in names}
        held = before.get(one.name)
        paid_for = {} if held is None else {part.period: part.entry for part in held.parts}
        if one.final and seals != paid_for:
            made.append((one.name, words.payment_name(one.name), held is not None))
    return made


def may_settle() -> bool:
    """The managers of the vendor and the buyer; nobody who only enters or looks."""
    return auth.account().role in (Role.MANAGER, Role.ADMIN, Role.BUYER)


@route("/settlement/seal", Role.VIEWER, "POST")
def settlement_seal() -> Answer:
    """Log the settlement of a payment of which every period is sealed."""
    if not may_settle():
        abort(403)
    try:
        done = settlements.seal(context(), by=auth.account().name, name=request.form.get("payment", ""))
    except NoScorecard as error:
        flash(t("settlement.refused", why=refusals.unjudged(error)), "bad")
    else:
        told = t("settlement.done", entry=done[0][0]) if done else t("settlement.same")
        flash(told, "ok")
    return redirect(url_for("pages.settlement"))


def _as_of(words: SettlementWords) -> int:
    """As of when the oldest figure is that no seal holds; now where all are sealed."""
    open_ = [one.scorecard.as_of_ms for one in words.found.parts.values() if not one.sealed]
    return min(open_, default=context().now())


@route("/settlement", Role.VIEWER, asks=("as_of",))
def settlement() -> Answer:
    """What is paid, period by period and payment by payment."""
    at = _instant(request.args)
    words = _words(at)
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
        periods=_asked(words.periods(), request.args),
        payments=_asked(words.payments(), request.args),
        readings=_asked(words.readings(), request.args),
        logged=logged_table({}),
        as_of=_as_of(words) if at is None else at,
        then=request.args.get("as_of", ""),
        ready=[] if at is not None or not may_settle() else _ready(words),
    )
