"""Which key may sign for which agent, from the log's own lifecycle entries: enrol, approve, revoke, rotate.

Order in the log decides, never a clock (evidence: 4). A key counts from its `approve` entry on; a `revoke`
entry ends it at its own place in the log.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from checks.wire.chain import chain_hash
from checks.wire.entry import Entry, verify_statement
from checks.wire.errors import WireError
from checks.wire.numbers import EntryKind
from checks.wire.signing import check_public


@dataclass(frozen=True, slots=True)
class Enrolled:
    """An enrol entry: the new key, which signed it, and what the first batch's `prev` must be."""

    idx: int
    public: bytes
    first_prev: bytes


@dataclass(slots=True)
class Life:
    """One epoch of one agent: its keys with the first seq each signs, and where it was revoked."""

    first_prev: bytes
    asset: str
    keys: list[tuple[int, bytes]]
    from_idx: int
    until_idx: int | None = None

    def key_at(self, idx: int, seq: int) -> bytes | None:
        """The key that must have signed seq at this place of the log; None where none may."""
        if idx < self.from_idx or (self.until_idx is not None and idx >= self.until_idx):
            return None
        return next((public for first, public in reversed(self.keys) if seq >= first), None)


@dataclass(slots=True)
class KeyTable:
    """Enrol entries by index, lives by (agent, epoch)."""

    enrolled: dict[int, Enrolled] = field(default_factory=dict)
    lives: dict[tuple[str, int], Life] = field(default_factory=dict)

    def enrol(self, idx: int, entry: Entry, said: Mapping[str, Any]) -> str:
        """Take an enrol entry; what is wrong with it, or ""."""
        public = _key(said.get("public"))
        if public is None:
            return "its public key is not one"
        if not verify_statement(EntryKind.ENROL, entry.header, entry.signatures, public):
            return "not signed by the key it enrols"
        self.enrolled[idx] = Enrolled(idx, public, chain_hash(entry.header))
        return ""

    def approve(self, idx: int, said: Mapping[str, Any]) -> str:
        """Take an approve entry (the log key's signature was checked); what is wrong with it, or ""."""
        place = said.get("enrol")
        enrolled = self.enrolled.get(place) if type(place) is int else None
        public = _key(said.get("public"))
        agent, epoch = said.get("agent"), said.get("epoch")
        if enrolled is None or public != enrolled.public:
            return "approves no enrolment that is in the log before it"
        if type(agent) is not str or type(epoch) is not int or (agent, epoch) in self.lives:
            return "names no agent and epoch, or one that was approved before"
        for (name, other), life in self.lives.items():
            if name == agent and other < epoch and life.until_idx is None:
                life.until_idx = idx
        self.lives[agent, epoch] = Life(
            enrolled.first_prev, str(said.get("asset", "")), [(0, enrolled.public)], idx
        )
        return ""

    def revoke(self, idx: int, said: Mapping[str, Any]) -> str:
        """Take a revoke entry at `idx`: from it on the agent is refused; what is wrong with it, or ""."""
        agent, epoch = said.get("agent"), said.get("epoch")
        lives = [life for key, life in self.lives.items() if key[0] == agent and epoch in (None, key[1])]
        for life in lives:
            if life.until_idx is None or idx < life.until_idx:
                life.until_idx = idx
        return "" if lives else "revokes an agent that was never approved"

    def key_of(self, agent: str, epoch: int, idx: int, seq: int) -> bytes | None:
        """The key that must have signed this batch; None where none may."""
        life = self.lives.get((agent, epoch))
        return None if life is None else life.key_at(idx, seq)

    def rotate(self, agent: str, epoch: int, after_seq: int, public: str) -> str:
        """From the seq after this one a new key signs; what is wrong with it, or ""."""
        key, life = _key(public), self.lives.get((agent, epoch))
        if key is None or life is None:
            return "rotates to no key, or for no agent"
        life.keys.append((after_seq + 1, key))
        return ""


def _key(value: Any) -> bytes | None:
    if type(value) is not str:
        return None
    try:
        public = bytes.fromhex(value)
        check_public(public)
    except (ValueError, WireError):
        return None
    return public
