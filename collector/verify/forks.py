"""Forks: two writers with one agent's key. What the log holds cannot tell which of them is the true one.

The agent's batches count nowhere from there on until people decide: they release the agent, or revoke its
key, and their name and reason stand in the log. A fork that was decided on is told to the reader; one that is
open is a problem.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from collector.verify.findings import Findings

LifeKey = tuple[str, int]  # agent, epoch


@dataclass(slots=True)
class Fork:
    """A proven fork: its entry, whose key it was, what was decided ("": nothing yet)."""

    idx: int
    life: LifeKey
    decided: str = ""


@dataclass(slots=True)
class Forks:
    """Forks in log order, and what people decided on them."""

    found: list[Fork] = field(default_factory=list)

    def add(self, idx: int, life: LifeKey) -> None:
        """A fork that its entry proves."""
        self.found.append(Fork(idx, life))

    def release(self, idx: int, life: LifeKey, said: Mapping[str, Any]) -> str:
        """Take a reset entry; what is wrong with it, or ""."""
        if not any(one.idx == said.get("fork") for one in self._open(life)):
            return "releases no fork that is open"
        return self._decide(life, f"released at entry {idx}", said)

    def revoke(self, idx: int, life: LifeKey, said: Mapping[str, Any]) -> None:
        """Take a revoke entry: the copied key signs nothing any more."""
        self._decide(life, f"its key revoked at entry {idx}", said)

    def _open(self, life: LifeKey) -> list[Fork]:
        return [one for one in self.found if one.life == life and not one.decided]

    def _decide(self, life: LifeKey, what: str, said: Mapping[str, Any]) -> str:
        by, reason = said.get("by"), said.get("reason")
        if type(by) is not str or type(reason) is not str or not by or not reason:
            return "does not say who decided, and why"
        for one in self._open(life):
            one.decided = f"{what} by {by[:80]!r}: {reason[:200]!r}"
        return ""

    def report(self, findings: Findings) -> None:
        """Once every entry was read."""
        for one in self.found:
            agent, epoch = one.life
            if not one.decided:
                findings.add("fork", f"entry {one.idx}", f"two writers with the key of {agent}")
                continue
            findings.count("forks that people decided on")
            findings.notice(
                f"two writers had the key of {agent} epoch {epoch} (entry {one.idx}); {one.decided}. What it "
                "sent in between is in the log and counts nowhere"
            )
