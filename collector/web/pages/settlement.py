"""The money of the term: each period's fee, deductions and fines, each payment, both readings."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from typing import Any

from flask import abort, flash, redirect, request, url_for
from sqlalchemy import Connection

from collector.documents.judged import Judged
from collector.documents.judging_view import Words
from collector.documents.tables import Column, Kind, Link, Table
from collector.jobs import scorecards, settlements
from collector.jobs.as_of import applied_at
from collector.jobs.scorecards import Made
from collector.judging.judge import NoScorecard
from collector.judging.payments import Payment, payments
from collector.judging.settling import Group, Part, Settled
from collector.packs.model import Compiled, Pack
from collector.reports.judging_found import judged_by, judging_pack
from collector.reports.settlement_view import PAYMENTS, PERIODS, SettlementWords, Settling, paid, paid_step
from collector.scoring.model import PackPeriod
from collector.scoring.money import range_of
from collector.store import evidence
from collector.store.accounts import Role
from collector.web import auth, i18n, judging_now
from collector.web.judging_now import Card
from collector.web.kept import Failed, Held
from collector.web.pages import asking, refusals
from collector.web.pages.base import Answer, context, render, route, t, table
from collector.web.pages.periods import failures, lacking
from collector.web.pages.scorecard import Tile
from collector.words.judging import text

_LOGGED = (
    Column("j_payment"),
    Column("j_amendment"),
    Column("j_period"),
    Column("j_yuan", Kind.NUMBER),
    Column("j_by"),
    Column("j_when", Kind.WHEN),
    Column("j_entry", Kind.ENTRY),
)


@dataclass(frozen=True, slots=True)
class Told:
    """What is known of the term. `lacking`: periods without a figure, each with why; None: it is being made.

    Payments of those are not in `found`, for they are not known.
    """

    found: Settling
    lacking: Mapping[str, Failed | None]
    groups: tuple[Group, ...]
    judged: Judged | None
    """Names of what it speaks of; None: no figure is ready."""


def _begun(at: int | None, known: Sequence[PackPeriod]) -> Iterator[PackPeriod]:
    now = context().now() if at is None else at
    return (one for one in known if one.from_ms <= now)


def _sealed(conn: Connection, period: PackPeriod, at: int | None) -> tuple[Part, int] | None:
    """What the newest seal holds, with its entry."""
    rows = scorecards.history(conn, period.name, at)
    if not rows:
        return None
    held = judging_now.read_sealed(conn, rows[-1])
    return Part(held.scorecard, held.facts, True), rows[-1].idx


def _figure(period: PackPeriod, at: int | None, wait: bool) -> Part | Failed | None:
    """How a period stands that is not sealed (then, where an instant is asked for); None: not yet known."""
    name: tuple[str, ...] = ("card", period.name)
    make: Callable[[], Card | Made] = partial(judging_now.make_card, period.name)
    fresh = judging_now.card_fresh(period)
    if at is not None:
        name, make = ("then", period.name, str(at)), partial(_then, period.name, at)
        fresh = judging_now.FRESH_MS
    if wait:
        return _part(judging_now.kept(name, make, fresh, behind=True))
    found = judging_now.ready(name, make, fresh)
    return _part(found.value) if isinstance(found, Held) else found


def _part(found: Card | Made) -> Part:
    made = found.made if isinstance(found, Card) else found
    return Part(made.scorecard, made.facts, False)


def _then(name: str, at: int) -> Made:
    with context().read() as conn:
        return scorecards.scorecard_on(conn, name, at)


def _instant(args: Mapping[str, str]) -> int | None:
    """As of when; None: now."""
    text = args.get("as_of", "")
    return asking.instant_asked(text) if text else None


def settling(at: int | None = None, *, wait: bool = False) -> Told:
    """Everything that settles the term of the contract in force as of now, or of an instant; 404 without one.

    `wait`: till every figure is made, for a file is filled in by nobody later.
    """
    return _settling(at, wait)[-1]


def _settling(at: int | None, wait: bool) -> list[Told]:
    """The same of each contract: those that were replaced first."""
    known, now = judging_now.periods(), context().now() if at is None else at
    if not known:
        abort(404)
    try:
        with context().read() as conn:
            every = payments(applied_at(conn, now), now)
            # By the estate that names each: a wrong pack put right has the periods of the right one.
            terms = [tuple(found) for _, found in groupby(every, key=lambda one: one.chosen.applied.idx)]
            return [_told(conn, one, at, wait) for one in terms]
    except NoScorecard as error:
        raise asking.NotThereError(asking.refused(error)) from None


def _told(conn: Connection, due: Sequence[Payment], at: int | None, wait: bool) -> Told:
    """What settles the payments of one contract."""
    chosen, every = due[0].chosen, tuple(one.group for one in due)
    parts: dict[str, Part] = {}
    entries: dict[str, int] = {}
    lacking: dict[str, Failed | None] = {}
    for period in _begun(at, [period for one in every for period in one.periods]):
        if (sealed := _sealed(conn, period, at)) is not None:
            parts[period.name], entries[period.name] = sealed
        elif isinstance(one := _figure(period, at, wait), Part):
            parts[period.name] = one
        else:
            lacking[period.name] = one
    whole = tuple(one for one in every if not any(period.name in lacking for period in one.periods))
    last = next(reversed(parts.values()), None)
    judged = None if last is None else _judged(conn, chosen.pack, last)
    packs = dict(_packs(conn, parts, chosen.pack.digest))
    return Told(Settling(chosen.pack, whole, parts, chosen.options, entries, packs), lacking, every, judged)


def _judged(conn: Connection, pack: Compiled, part: Part) -> Judged:
    """Names, by the pack that made the scorecard: options of another are not its."""
    digest = part.scorecard.pack_digest
    own = pack.pack if digest == pack.digest else judging_pack(conn, digest, evidence.size(conn))
    return judged_by(own, part.scorecard, part.facts)


def _packs(conn: Connection, parts: Mapping[str, Part], mine: str) -> Iterator[tuple[str, Pack]]:
    """Packs of seals that another text of the pack made (or another pack), as the log has them."""
    size = evidence.size(conn)
    for digest in dict.fromkeys(part.scorecard.pack_digest for part in parts.values()):
        pack = None if digest == mine else judging_pack(conn, digest, size)
        if pack is not None:
            yield digest, pack


def _shown_at(name: str, at: int | None) -> str:
    more: dict[str, Any] = {} if at is None else {"as_of": request.args.get("as_of", "")}
    return url_for("pages.scorecard", period=name, **more)


def _words(told: Told, at: int | None) -> SettlementWords | None:
    """Tables of what is known; None where nothing is."""
    if told.judged is None:
        return None
    found = told.found
    by_name = {one.name: one for one in judging_now.periods()}

    def state(name: str) -> str:
        if found.parts[name].sealed:
            changed = at is None and judging_now.listed(by_name[name]).status.changes
            return "j_amended" if changed else "j_sealed"
        now = context().now() if at is None else at
        return "j_running_period" if now < by_name[name].to_ms else "j_provisional"

    words = Words(told.judged, i18n.language(), lambda idx: url_for("pages.entry", idx=idx))
    return SettlementWords(found, words, state, lambda name: _shown_at(name, at))


def _waited(at: int | None) -> SettlementWords:
    """What a file is made of: every figure."""
    words = _words(settling(at, wait=True), at)
    if words is None:
        abort(404)
    return words


@table("settlement-periods", Role.VIEWER)
def periods_table(args: Mapping[str, str]) -> Table:
    """A row a period."""
    return _asked(_waited(_instant(args)).periods(), args)


@table("settlement-payments", Role.VIEWER)
def payments_table(args: Mapping[str, str]) -> Table:
    """Each payment's steps."""
    return _asked(_waited(_instant(args)).payments(), args)


@table("settlement-readings", Role.VIEWER)
def readings_table(args: Mapping[str, str]) -> Table:
    """Both readings of contradictions."""
    return _asked(_waited(_instant(args)).readings(), args)


@table("settlement-logged", Role.VIEWER)
def logged_table(_args: Mapping[str, str]) -> Table:
    """Settlements that are in the log, newest first, each with the scorecards that it was made of."""
    return _logged(_words(settling(), None) or _waited(None))


def _logged(words: SettlementWords) -> Table:
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


def _periods(told: Told, words: SettlementWords | None, at: int | None) -> Table:
    """A row a period; of one without a figure that it is being made. The sum is of all or of none."""
    title = text("judging.settlement.periods", i18n.language())
    known = Table("settlement-periods", title, PERIODS, [], "") if words is None else words.periods()
    if not told.lacking:
        return known
    rows = dict(zip(told.found.parts, known.rows, strict=False))  # the sum is the last row, and left out
    for name, why in told.lacking.items():
        cells: tuple[object, ...] = ("–",) * (len(PERIODS) - 3)
        rows[name] = (Link(name, _shown_at(name, at)), lacking(why), *cells, None)
    made = [rows[one.name] for one in judging_now.periods() if one.name in rows]
    return replace(known, rows=made)


def _payments(told: Told, words: SettlementWords) -> Table:
    """Each payment's steps; of one whose periods are not all known that it is being made."""
    known = words.payments()
    rows = list(known.rows)
    for group in told.groups:
        missing = [one.name for one in group.periods if one.name in told.lacking]
        if missing:
            why = next((one for one in map(told.lacking.__getitem__, missing) if one is not None), None)
            periods = t("judging.part").join(missing)
            rows.append((words.payment_name(group.name), periods, lacking(why), "–", "–", "–", None))
    return replace(known, rows=rows)


def _asked(made: Table, args: Mapping[str, str]) -> Table:
    """A table that is saved as of the instant it was asked for."""
    more = (("as_of", args["as_of"]),) if args.get("as_of") else ()
    return Table(made.name, made.title, made.columns, made.rows, made.empty, more)


def _ready(every: Sequence[SettlementWords | None]) -> list[tuple[str, str, bool]]:
    """(name, in words, whether it was logged before) of payments that can be logged: every period is sealed,
    and not all of those seals were paid for already."""
    with context().read() as conn:
        before = {row.name: held for row, held in settlements.logged(conn)}
    made = []
    for words in (one for one in every if one is not None):
        for one in words.found.made():
            seals = {name: words.found.entries.get(name) for name in one.settlement.periods}
            held = before.get(one.name)
            paid_for = {} if held is None else {part.period: part.entry for part in held.parts}
            if one.final and seals != paid_for:
                made.append((one.name, words.payment_name(one.name), held is not None))
    return made


def _replaced(told: Told, at: int | None) -> Table:
    """The payments of a contract that was replaced, for the periods that stayed with it."""
    pack = told.found.pack.pack
    name = pack.title if i18n.language() == "zh" else pack.title_en or pack.title
    words = _words(told, at)
    title, due = t("settlement.replaced", pack=f"{name} ({pack.pack})"), "j_calculating"
    if words is not None:
        return replace(_payments(told, words), title=title)
    rows = [
        (one.name, t("judging.part").join(period.name for period in one.periods), due, *("–",) * 3, None)
        for one in told.groups
    ]
    return Table("settlement-replaced", title, PAYMENTS, rows, "–")


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


def _as_of(found: Settling) -> int:
    """As of when the oldest figure is that no seal holds; now where all are sealed."""
    open_ = [one.scorecard.as_of_ms for one in found.parts.values() if not one.sealed]
    return min(open_, default=context().now())


def _tile(words: SettlementWords, one: Settled) -> Tile:
    return Tile(
        "note" if paid(one).yuan is None else "ok" if one.final else "",
        words.amount(range_of(paid(one))),
        f"{words.payment_name(one.name)} · {words.words.step(paid(one).id)}",
        t("settlement.final" if one.final else "settlement.provisional"),
    )


@route("/settlement", Role.VIEWER, asks=("as_of", "poll"))
def settlement() -> Answer:
    """What is paid, period by period and payment by payment; with `poll` only what is filled in later."""
    at = _instant(request.args)
    *older, told = _settling(at, wait=False)
    words = _words(told, at)
    before = [_replaced(one, at) for one in older]
    then = request.args.get("as_of", "")
    return render(
        "settlement_parts.html" if "poll" in request.args else "settlement.html",
        "scorecard",
        pack=told.found.pack.pack,
        digest=told.found.pack.digest,
        tiles=[] if words is None else [_tile(words, one) for one in told.found.made()],
        periods=_asked(_periods(told, words, at), request.args),
        tables=[] if words is None else _tables(told, words),
        older=before,
        logged=None if words is None else _logged(words),
        as_of=_as_of(told.found) if at is None else at,
        then=then,
        ready=[]
        if at is not None or not may_settle()
        else _ready([_words(one, at) for one in (*older, told)]),
        calculating=[name for one in (*older, told) for name, why in one.lacking.items() if why is None],
        failed=[why for one in (*older, told) for why in failures(one.lacking.items())],
        again=url_for("pages.settlement", poll=1, as_of=then or None),
    )


def _tables(told: Told, words: SettlementWords) -> list[Table]:
    return [_asked(one, request.args) for one in (_payments(told, words), words.readings())]
