"""What happens to a batch whose bytes are right: the table of answers as one pure function.

A restored virtual machine and a second writer both send an old seq with another header. It is a
restore when the machine is the same and it has booted since our head: then the agent is shown its
own newest header and goes on behind it (`resume`). Anything else is two writers of one key: `fork`.
A thief who copies the machine's fingerprint and invents a boot id is told `behind` too, and is
exposed by the true agent's next batch, which then no longer fits.
"""

from collections.abc import Callable
from dataclasses import dataclass

from checks.wire.header import Header, Kind
from collector.evidence.agents import AgentState, Standing
from collector.evidence.answers import Status

StoredHeader = tuple[int, bytes]  # idx, header bytes


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer's word; `idx` for `known`."""

    status: Status
    idx: int | None = None


_OK = Decision(Status.OK)


def refusal(standing: Standing | None) -> Status | None:
    """Why nothing this agent sends may be logged; None if it may."""
    if standing is None:
        return Status.UNKNOWN_KEY
    agent = standing.agent
    if agent.state is AgentState.REVOKED:
        return Status.REVOKED
    if agent.epoch < agent.newest_epoch:
        return Status.OLD_EPOCH
    return None if agent.state is AgentState.APPROVED else Status.PENDING


def decide(
    standing: Standing, header: Header, raw: bytes, stored: Callable[[int], StoredHeader | None]
) -> Decision:
    """The answer to a batch of an approved agent; `stored(seq)` finds an older header of its chain."""
    if header.seq == standing.next_seq:
        return _OK if header.prev == standing.prev else Decision(Status.FORK)
    if header.seq > standing.next_seq:
        return Decision(Status.GAP)
    found = stored(header.seq)
    if found is not None and found[1] == raw:
        return Decision(Status.KNOWN, found[0])
    return Decision(Status.BEHIND if _restored(standing, header) else Status.FORK)


def _restored(standing: Standing, header: Header) -> bool:
    head = standing.head
    if head is None or header.kind is Kind.RESUME:
        return False
    ours = head.parsed
    return header.machine == ours.machine and header.clock.boot != ours.clock.boot
