"""The seam between taking frames in and giving them places in the log (three rungs, one contract).

Rule for every implementation: position and effect commit in one transaction, under the fencing epoch.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple, Protocol

from checks.wire.frame import Frame
from collector.evidence.answers import Ack

LogId = str
Epoch = int
Transaction = Any  # the implementation's own open transaction


class AgentKey(NamedTuple):
    """An agent in one of its lives."""

    agent: str
    epoch: int


class Fenced(Exception):
    """Another one holds this lease now: write nothing, start over."""

    code = "fenced"


class Intake(Protocol):
    """Durable, idempotent reception, keyed (agent, epoch, seq)."""

    def append(self, frames: Sequence[Frame]) -> Sequence[Ack]:
        """Keep frames, durable when it returns: accepted, known or fork for each."""
        ...

    def pending(self, log: LogId, limit: int) -> Sequence[Frame]:
        """Accepted frames without a place yet, in seq order within an agent."""
        ...

    def settle(self, log: LogId, upto: Mapping[AgentKey, int]) -> None:
        """Forget pending frames up to these seqs: their entries and tiles are committed."""
        ...


class Leases(Protocol):
    """Who may do a job that only one may do."""

    def claim(self, name: str, owner: str, ttl: timedelta) -> Epoch | None:
        """Take or renew the lease; None while another owner holds it."""
        ...

    def guard(self, tx: Transaction, name: str, epoch: Epoch) -> None:
        """Raise Fenced inside the work's own transaction unless this epoch still holds."""
        ...
