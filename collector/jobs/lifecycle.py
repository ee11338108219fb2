"""The life of an agent: token, enrolment, approval, revocation, release from quarantine."""

import secrets
from collections.abc import Sequence
from hashlib import sha256

from sqlalchemy import Connection

from checks.wire import token as tokens_wire
from checks.wire.entry import Signature
from checks.wire.numbers import ALG_ED25519, EntryKind
from checks.wire.signing import key_id
from collector.context import Context, token_key
from collector.estate.errors import EstateError
from collector.evidence.agents import Agent, AgentState
from collector.evidence.enrolment import Refused, Statement, check_statement
from collector.jobs import estates
from collector.jobs.placing import OF_IDX, OwnEntry, OwnWork
from collector.store import agents, tokens
from collector.store import estates as applied_estates
from collector.tls import spki_pin

LIFETIME_S = 3600
LONGEST_S = 24 * 3600


class LifecycleError(Exception):
    """This cannot be done to this agent: stable `code`, detail for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


def create_token(context: Context, asset: str, agent: str, *, by: str, seconds: int = LIFETIME_S) -> str:
    """A one-time enrolment token for an asset; its text is shown once and kept nowhere."""
    if not 60 <= seconds <= LONGEST_S:
        raise LifecycleError("bad_lifetime", f"60 to {LONGEST_S} seconds")
    identity, now = secrets.token_hex(8), context.now()
    row = tokens.TokenRow(identity, asset, agent, by, now, now + 1000 * seconds, None)
    with context.write() as conn:
        tokens.add(conn, row)
    secret = tokens.secret(token_key(context.directory), identity)
    pin = spki_pin(context.directory) if context.secure else None
    return tokens_wire.make_token(tokens_wire.Token(identity, secret, pin, context.vkey.digest))


def agent_of(context: Context, asset: str) -> str:
    """Agent id for an asset: what the estate in force says, else the asset's own id."""
    with context.read() as conn:
        return applied_estates.agent_of_asset(conn, asset) or asset


def in_estate(context: Context, asset: str) -> bool:
    """Whether the estate in force has this asset; true while no estate has been applied."""
    with context.read() as conn:
        applied = applied_estates.newest(conn)
        return applied is None or any(
            one.id == asset for one in applied_estates.loaded(conn, applied.idx).estate.assets
        )


def enrol(context: Context, statement: Statement) -> Agent:
    """Take an enrolment in as pending; the same statement again gives the same answer."""
    check_statement(statement, context.origin, tokens.secret(token_key(context.directory), statement.token))
    with context.write() as conn:
        known = agents.by_statement(conn, statement.raw)
        return known or _pending(conn, statement, context.now())


def _pending(conn: Connection, statement: Statement, now: int) -> Agent:
    row = tokens.get(conn, statement.token)
    if row is None or now >= row.expires:
        raise Refused(401, "bad_token", "no such token, or it has expired")
    if not tokens.use(conn, row.id, sha256(statement.raw).hexdigest()):
        raise Refused(401, "bad_token", "this token was used already")
    made = Agent(
        row.agent,
        agents.next_epoch(conn, row.agent),
        statement.public,
        AgentState.PENDING,
        row.asset,
        tokens_wire.approval_code(statement.public),
        statement.raw,
        statement.signature,
        statement.hostname,
        statement.machine,
        now,
    )
    agents.add(conn, made)
    return made


def approve(context: Context, code: str, *, by: str) -> Agent:
    """Let the agent with this code in: its enrolment and the approval become entries."""
    with context.read() as conn:
        found = [one for one in agents.by_code(conn, code.strip()) if one.state is AgentState.PENDING]
    if not found:
        raise LifecycleError("no_such_code", f"nobody waits with the code {code}")
    try:  # its plan comes after the approval is logged: what cannot be read must stop it before
        estates.readable(context)
    except EstateError as error:
        detail = f"the estate in force cannot be read, apply it again: {error.problems[0]}"
        raise LifecycleError("bad_estate", detail) from None
    agent = found[0]
    key = (agent.agent, agent.epoch, 0)
    signature = Signature(ALG_ED25519, key_id(agent.public), agent.signature)
    enrolment = OwnEntry(EntryKind.ENROL, agent.statement, (signature,), None, key)

    def approval(idxs: Sequence[int]) -> OwnEntry:
        header = {
            "agent": agent.agent,
            "epoch": agent.epoch,
            "public": agent.public.hex(),
            "asset": agent.asset,
            "enrol": idxs[0],
            "by": by,
        }
        return context.own_entry(EntryKind.APPROVE, header, key=key)

    def effect(conn: Connection, idxs: Sequence[int]) -> None:
        if _current(conn, agent).state is not AgentState.PENDING:
            raise LifecycleError("not_pending", f"{agent.agent} was decided on meanwhile")
        values = {"enrol_idx": idxs[0], "approve_idx": idxs[1], "state": AgentState.APPROVED}
        agents.change(conn, agent.agent, agent.epoch, **values)

    approved = _place(context, agent, OwnWork((enrolment, approval), effect, (agent.agent,)))
    # A crash right here leaves an agent without a plan: the next `estate apply` issues it.
    estates.issue_for_agent(context, approved.agent, approved.epoch, by)
    return approved


def revoke(
    context: Context, agent_id: str, *, reason: str, by: str, suspect_from: int | None = None
) -> Agent:
    """Refuse the agent from this entry on (log order decides); `suspect_from` marks an earlier idx."""
    agent = _newest(context, agent_id)
    if agent.state is AgentState.REVOKED:
        raise LifecycleError("revoked", f"{agent_id} is revoked already")
    if agent.state is AgentState.PENDING:
        with context.write() as conn:
            agents.change(conn, agent.agent, agent.epoch, state=AgentState.REVOKED)
            return _current(conn, agent)
    header = {"agent": agent.agent, "epoch": agent.epoch, "reason": reason, "by": by}
    if suspect_from is not None:
        header["suspect_from"] = suspect_from
    entry = context.own_entry(EntryKind.REVOKE, header, key=(agent.agent, agent.epoch, 0))

    def effect(conn: Connection, idxs: Sequence[int]) -> None:
        if _current(conn, agent).state is not AgentState.APPROVED:
            raise LifecycleError("not_approved", f"{agent_id} was decided on meanwhile")
        agents.change(conn, agent.agent, agent.epoch, state=AgentState.REVOKED, revoke_idx=idxs[0])

    return _place(context, agent, OwnWork((entry,), effect, (agent.agent,)))


def release(context: Context, agent_id: str, *, reason: str, by: str) -> Agent:
    """End the quarantine after a fork: a person has decided that our chain is the true one."""
    agent = _newest(context, agent_id)
    if agent.fork_idx is None:
        raise LifecycleError("not_in_quarantine", f"{agent_id} is not in quarantine")
    header = {
        "agent": agent.agent,
        "epoch": agent.epoch,
        "fork": agent.fork_idx,
        "reason": reason,
        "by": by,
    }
    entry = context.own_entry(EntryKind.RESET, header, key=(agent.agent, agent.epoch, OF_IDX))

    def effect(conn: Connection, _idxs: Sequence[int]) -> None:
        agents.change(conn, agent.agent, agent.epoch, fork_idx=None)

    return _place(context, agent, OwnWork((entry,), effect, (agent.agent,)))


def _place(context: Context, agent: Agent, work: OwnWork) -> Agent:
    context.writer.place([work])
    with context.read() as conn:
        return _current(conn, agent)


def _current(conn: Connection, agent: Agent) -> Agent:
    found = agents.get(conn, agent.agent, agent.epoch)
    if found is None:
        raise LifecycleError("no_such_agent", agent.agent)
    return found


def _newest(context: Context, agent_id: str) -> Agent:
    with context.read() as conn:
        lives = [one for one in agents.every(conn) if one.agent == agent_id]
    if not lives:
        raise LifecycleError("no_such_agent", f"there is no agent {agent_id}")
    return lives[-1]
