"""The first page: what is due, late, missed; what is wrong; who is silent; what nobody is watching."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import request, url_for
from sqlalchemy import Connection

from collector.documents.tables import Column, Kind, Link, Table
from collector.evidence.agents import AgentState
from collector.jobs import human_now
from collector.jobs.human_now import Seen
from collector.jobs.rounds import Occasion, ledger
from collector.store import alarms
from collector.store.accounts import Role
from collector.web import backups_now, i18n, judging_now, looks, unwatched
from collector.web.pages import (
    agents,
    archive,
    asking,
    assets,
    backups,
    chains,
    messages,
    rounds,
    scorecard,
    services,
)
from collector.web.pages.base import Answer, context, estate, render, route, t, table
from collector.web.pages.chains import Chain
from collector.words import wording

_DAY = 86_400_000
_BACK, _AHEAD = 14 * _DAY, 7 * _DAY
# What is to be done now, what was missed, what comes next.
_SHOWN = {"late": 0, "due": 1, "missed": 2, "incomplete": 2, "planned": 3}

_PROBLEMS = (
    Column("state", Kind.STATE),
    Column("target"),
    Column("check"),
    Column("why"),
    Column("vantage"),
    Column("since", Kind.WHEN),
    Column("entry", Kind.ENTRY),
)
_HOLES = (Column("what"), Column("subject"), Column("why"))
_ORDER = {"crit": 0, "error": 1, "unknown": 2, "warn": 3}


@table("problems", Role.VIEWER)
def problems_table(_args: Mapping[str, str]) -> Table:
    """Every look in force whose newest answer is not good, worst first; a row for each bad state that its
    readings have, so that a warning does not hide behind what is worse."""
    with context().read() as conn:
        found = [one for one in looks.current(conn, context().now()) if one.state != "ok"]
        found = looks.with_results(conn, found)
        seen = human_now.newest(conn, context().now())
    parted = [(state, one) for one in found for state in _states(one)]
    parted.sort(key=lambda pair: (_ORDER.get(pair[0], 9), pair[1].row.target, pair[1].row.check))
    rows: list[tuple[object, ...]] = [
        (
            state,
            Link(one.row.target, target_url(one)),
            wording.check(one.row.check, i18n.language()),
            why(one, state),
            one.row.vantage,
            one.row.t,
            one.row.idx,
        )
        for state, one in parted
    ]
    rows = sorted([*rows, *_by_people(seen)], key=lambda row: _ORDER.get(str(row[0]), 9))
    return Table("problems", t("today.problems"), _PROBLEMS, rows, t("today.problems.none"))


def _by_people(seen: Sequence[Seen]) -> list[tuple[object, ...]]:
    """What people said last and is not good. What nobody entered is missing among the rounds."""
    return [
        (
            one.state,
            Link(one.owed.spot.asset, url_for("pages.asset", asset=one.owed.spot.asset)),
            t("record.human.check", name=assets.item_of(one)),
            assets.human_words(one),
            one.said.head.by if one.said else t("record.human.people"),
            one.said.head.at if one.said else None,
            one.row.idx,
        )
        for one in seen
        if one.row is not None and one.row.state != "ok"
    ]


def _states(one: looks.Look) -> list[str]:
    """Its state, then the other bad ones among its readings; of what is too old only that it is."""
    if one.stale or one.row.error is not None or one.result is None:
        return [one.state]
    return list(dict.fromkeys([one.state, *(r.state.value for r in one.result.readings if r.state != "ok")]))


def target_url(one: looks.Look) -> str:
    """Where more is said about the target of a look."""
    if one.row.asset is not None:
        return url_for("pages.asset", asset=one.row.asset)
    return url_for("pages.entry", idx=one.row.idx, line=one.row.line, _anchor=f"line-{one.row.line}")


def why(one: looks.Look, state: str) -> str:
    """Why a look is not good, in words: too old, could not look, or its readings of this state."""
    lang = i18n.language()
    if one.row.error is not None:
        return wording.reason(one.row.error, lang)
    if one.stale:
        return t("look.stale")
    if one.result is None:
        return t("look.gone")
    bad = [reading for reading in one.result.readings if reading.state == state]
    parts = [
        " ".join(
            filter(
                None,
                (
                    wording.reading(reading.name, lang),
                    "" if reading.value is None else wording.value(reading, lang),
                    t("look.because", why=wording.reason(reading.reason, lang)) if reading.reason else "",
                ),
            )
        )
        for reading in bad[:3]
    ]
    more = [t("look.more", n=len(bad) - 3)] if len(bad) > 3 else []
    return t("look.join").join([*parts, *more])


@table("unwatched", Role.VIEWER)
def holes_table(_args: Mapping[str, str]) -> Table:
    """What the estate names and nobody looks at."""
    loaded = estate()
    live = _approved()
    rows = [
        (t(f"hole.{hole.kind}"), hole.subject, t(f"hole.{hole.why}", n=hole.detail))
        for hole in (unwatched.holes(loaded, live) if loaded is not None else [])
    ]
    return Table("unwatched", t("today.holes"), _HOLES, rows, t("today.holes.none"))


def _approved() -> set[str]:
    with context().read() as conn:
        found = chains.every(conn, context().now())
    return {one.agent.agent for one in found if one.agent.state is AgentState.APPROVED}


@dataclass(frozen=True, slots=True)
class Counts:
    """The numbers on top."""

    due: int
    late: int
    missed: int
    problems: int
    silent: int
    unwatched: int


_QUIET = (
    Column("agent"),
    Column("state", Kind.STATE),
    Column("last_seen", Kind.WHEN),
    Column("entry", Kind.ENTRY),
)


def quiet_table(found: Sequence[Chain]) -> Table:
    """Agents that somebody should look after."""
    rows = [
        (
            Link(one.agent.agent, url_for("pages.agent", agent=one.agent.agent)),
            one.state,
            one.last_seen,
            one.head_idx,
        )
        for one in found
    ]
    return Table("silent", t("today.silent"), _QUIET, rows, t("today.silent.none"))


@table("silent", Role.VIEWER)
def silent_table(_args: Mapping[str, str]) -> Table:
    """Agents that are silent, forked, or were never heard of."""
    with context().read() as conn:
        return quiet_table([one for one in chains.every(conn, context().now()) if chains.wrong(one)])


def _rounds(conn: Connection) -> list[Occasion]:
    now = context().now()
    found = ledger(conn, now, now - _BACK, now + _AHEAD)
    return _urgent([one for one in found if rounds.state_of(one) in _SHOWN])


def _urgent(found: Sequence[Occasion]) -> list[Occasion]:
    """What is owed now first, newest first; of each round only the next planned window, soonest first."""
    now = [one for one in reversed(found) if one.state != "planned"]
    planned: dict[str, Occasion] = {}
    for one in found:
        if one.state == "planned":
            planned.setdefault(one.round, one)
    return [*sorted(now, key=lambda one: _SHOWN[rounds.state_of(one)]), *planned.values()]


def _rounds_of(found: Sequence[Occasion]) -> Table:
    return rounds.table_of(found, "rounds-today", t("today.rounds"), t("today.rounds.none"))


@table("rounds-today", Role.VIEWER)
def rounds_today(_args: Mapping[str, str]) -> Table:
    """The rounds of the first page."""
    with context().read() as conn:
        return _rounds_of(_rounds(conn))


def _as_of() -> int:
    """As of when everything on it is: backups may be a minute old."""
    known = backups_now.account()
    return context().now() if known is None else min(context().now(), known.ledger.now_ms)


@route("/", Role.VIEWER, asks=("poll", *asking.CARD))
def first() -> Answer:
    """The first page: the scorecard once there is a contract to judge by, else Today (ruling 38)."""
    if judging_now.has_pack() and "poll" not in request.args:
        return scorecard.scorecard()
    return today()


@route("/today", Role.VIEWER, asks=("poll", *asking.CARD))
def today() -> Answer:
    """Today; with `poll` only the parts that move."""
    with context().read() as conn:
        found = _rounds(conn)
        quiet = [one for one in chains.every(conn, context().now()) if chains.wrong(one)]
        warned = alarms.every(conn)
    problems, holes = problems_table({}), holes_table({})
    counts = Counts(
        due=sum(one.state == "due" for one in found),
        late=sum(rounds.state_of(one) == "late" for one in found),
        missed=sum(one.missed > 0 and one.state in ("missed", "incomplete") for one in found),
        problems=len(problems.rows),
        silent=len(quiet),
        unwatched=len(holes.rows),
    )
    return render(
        "today_parts.html" if "poll" in request.args else "today.html",
        "today",
        counts=counts,
        services=services.services_now({}),
        rounds=_rounds_of(found),
        problems=problems,
        holes=holes,
        backups=backups.alerts(),
        archive=archive.wanted_today(),
        quiet=quiet_table(quiet),
        untold=messages.failing(),
        alarms=warned,
        waiting=len(agents.waiting()),
        applied=estate() is not None,
        now=_as_of(),
    )
