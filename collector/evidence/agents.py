"""An agent in the eyes of the intake: its key, its state, the head of its chain."""

from dataclasses import dataclass
from enum import StrEnum

from checks.wire.header import Header


class AgentState(StrEnum):
    """Where an agent's life stands."""

    PENDING = "pending"
    APPROVED = "approved"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Agent:
    """One life (epoch) of an agent, as enrolled. `public` is the key that signs now."""

    agent: str
    epoch: int
    public: bytes
    state: AgentState
    asset: str
    code: str
    statement: bytes
    signature: bytes
    hostname: str
    machine: str
    enrolled: int
    enrol_idx: int | None = None
    approve_idx: int | None = None
    revoke_idx: int | None = None
    fork_idx: int | None = None
    newest_epoch: int = 1


@dataclass(frozen=True, slots=True)
class Head:
    """The newest batch of an agent's chain in our log."""

    header: bytes
    signature: bytes
    parsed: Header


@dataclass(frozen=True, slots=True)
class Standing:
    """All the intake decides by: the agent, the next seq, the `prev` it must name (hex), the head."""

    agent: Agent
    next_seq: int
    prev: str
    head: Head | None
