"""Agents: who reports, how their chains stand; approving, revoking and inviting for admins."""

from collections.abc import Mapping, Sequence

from flask import abort, url_for
from sqlalchemy import select

from checks.wire.numbers import EntryKind
from collector.documents.tables import Column, Kind, Link, Table
from collector.evidence.agents import Agent, AgentState
from collector.store import agents as store
from collector.store import series
from collector.store.accounts import Role
from collector.store.evidence import entry_table
from collector.web import i18n
from collector.web.pages import chains, messages
from collector.web.pages.base import Answer, context, render, route, t, table
from collector.web.pages.chains import Chain
from collector.words import wording

_COLUMNS = (
    Column("agent"),
    Column("state", Kind.STATE),
    Column("asset"),
    Column("last_seen", Kind.WHEN),
    Column("chain_head", Kind.CODE),
    Column("entry", Kind.ENTRY),
    Column("fork", Kind.ENTRY),
    Column("offset", Kind.SPAN),
)
_ENTRIES = (
    Column("entry", Kind.ENTRY),
    Column("received", Kind.WHEN),
    Column("kind"),
    Column("chain", Kind.CODE),
)
_NEWEST = 50


@table("agents", Role.VIEWER)
def agents_table(_args: Mapping[str, str]) -> Table:
    """One row an agent and epoch; waiting ones are shown apart."""
    with context().read() as conn:
        found = chains.every(conn, context().now())
    known = [one for one in found if one.agent.state is not AgentState.PENDING]
    return table_of(known, t("agents.title"), t("agents.empty"))


def table_of(found: Sequence[Chain], title: str, empty: str) -> Table:
    """Chains as rows."""
    rows = [
        (
            Link(one.agent.agent, url_for("pages.agent", agent=one.agent.agent)),
            one.state,
            one.agent.asset,
            one.last_seen,
            None if one.seq is None else f"{one.agent.agent}/{one.agent.epoch}/{one.seq}",
            one.head_idx,
            one.agent.fork_idx,
            one.offset_ms,
        )
        for one in found
    ]
    return Table("agents", title, _COLUMNS, rows, empty)


def waiting() -> list[Agent]:
    """Agents that enrolled and wait for somebody to compare their code."""
    with context().read() as conn:
        return [one for one in store.every(conn) if one.state is AgentState.PENDING]


@route("/agents", Role.VIEWER, asks=())
def agents() -> Answer:
    """All agents, and who waits at the door."""
    told = messages.messages_table({})
    return render("agents.html", "agents", table=agents_table({}), waiting=waiting(), messages=told)


@table("agent-entries", Role.VIEWER)
def agent_entries(args: Mapping[str, str]) -> Table:
    """The newest entries of one agent."""
    table, lang = entry_table, i18n.language()
    wanted = select(*(column for column in table.c if column.name != "data"))
    wanted = wanted.where(table.c.agent == args.get("agent", "")).order_by(table.c.idx.desc()).limit(_NEWEST)
    with context().read() as conn:
        found = conn.execute(wanted).all()
    rows = [
        (
            row.idx,
            row.received,
            wording.kind(EntryKind(row.kind).word, lang),
            f"{row.agent}/{row.epoch}/{row.seq}",
        )
        for row in found
    ]
    return Table(
        "agent-entries", t("agent.entries"), _ENTRIES, rows, t("agent.entries.empty"), tuple(args.items())
    )


_EVENTS = (Column("when", Kind.WHEN), Column("event"), Column("detail"), Column("entry", Kind.ENTRY))


@table("agent-events", Role.VIEWER)
def agent_events(args: Mapping[str, str]) -> Table:
    """What is to be known of one agent's chain: gaps, restarts, resumes, clocks."""
    with context().read() as conn:
        found = series.events(conn, args.get("agent", ""))
    lang = i18n.language()
    rows = [
        (one.at, wording.other(one.kind, lang), wording.event(one.kind, one.detail), one.idx) for one in found
    ]
    title, empty = t("agent.events"), t("agent.events.none")
    return Table("agent-events", title, _EVENTS, rows, empty, tuple(args.items()))


@route("/agents/<agent>", Role.VIEWER, asks=())
def agent(agent: str) -> Answer:
    """One agent: its lives, its chain, its newest entries."""
    with context().read() as conn:
        lives = [chains.of(conn, one, context().now()) for one in store.every(conn) if one.agent == agent]
    if not lives:
        abort(404)
    tables = [agent_events({"agent": agent}), agent_entries({"agent": agent})]
    return render("agent.html", "agents", lives=lives, name=agent, tables=tables)
