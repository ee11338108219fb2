"""The agent's plan: fetched, believed only with the log key's signature, kept for days without collector."""

from base64 import b64decode
from typing import NamedTuple

from agent.errors import AgentError
from agent.outbox import Outbox
from agent.state import Identity
from checks import plan as plans
from checks.codec import FieldError
from checks.plan import Plan
from checks.wire import note
from checks.wire.errors import WireError
from checks.wire.numbers import pae_type
from checks.wire.pae import pae
from checks.wire.signing import verify

_TYPE = pae_type("plan")


class Held(NamedTuple):
    """A verified plan with the digest that headers cite."""

    plan: Plan
    digest: str


def check(data: bytes, signature: bytes, identity: Identity) -> Held:
    """The plan in these bytes; AgentError unless the log signed it for this agent."""
    key = note.parse_vkey(identity.vkey)
    if not verify(key.public, pae(_TYPE, data), signature):
        raise AgentError("bad_plan", "the plan is not signed by the log's key")
    return read(data, identity)


def read(data: bytes, identity: Identity) -> Held:
    """The plan in these bytes; AgentError unless it is made for this agent."""
    try:
        plan = plans.parse(data)
    except (WireError, FieldError) as error:
        raise AgentError("bad_plan", f"the plan cannot be read: {error}") from None
    if (plan.log, plan.agent, plan.epoch) != (identity.origin, identity.agent, identity.epoch):
        raise AgentError(
            "bad_plan", f"the plan is for {plan.agent} epoch {plan.epoch} of {plan.log}, not for this agent"
        )
    return Held(plan, plans.digest(data))


def kept(outbox: Outbox, identity: Identity) -> Held | None:
    """The plan kept in the outbox, verified once more; None if there is none."""
    data, signature = outbox.get_bytes("plan"), outbox.get_bytes("plan_signature")
    if data is None or signature is None:
        return None
    return check(data, signature, identity)


def keep(outbox: Outbox, data: bytes, signature_text: str, identity: Identity) -> Held:
    """Verify a fetched plan and keep it. One that was made before the kept one is refused: a replay."""
    try:
        signature = b64decode(signature_text, validate=True)
    except ValueError:
        raise AgentError("bad_plan", "the plan's signature is not base64") from None
    held = check(data, signature, identity)
    before = kept(outbox, identity)
    if before is not None and held.plan.made_ms < before.plan.made_ms:
        raise AgentError("bad_plan", "the collector serves a plan older than the one in force here")
    outbox.put(plan=data, plan_signature=signature, plan_digest=held.digest)
    return held
