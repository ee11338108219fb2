"""Changes that nobody approved (PD-30): a drift from a baseline without an approval before it (pure).

A drift is a finding named `unexpected`, `changed` or `gone`: what a look compared with what was approved. It
is approved if somebody asked for a change of that asset or system (statement `change_requested`), it was
approved (`change_approved`) before the drift was first seen, it had begun by then, and no finished round lies
between its end and that look: else that round would have seen it, and the drift is another one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from collector.faults.model import Finding
from collector.judging.ground import UnitRound
from collector.statements.lateness import instant_of
from collector.statements.model import Said

DRIFTS = frozenset({"unexpected", "changed", "gone"})


@dataclass(frozen=True, slots=True)
class Drift:
    """A drift and the entry of the change that approves it (None: nobody did)."""

    finding: str
    check: str
    target: str
    name: str
    system: str | None
    opened_ms: int
    change: int | None
    entries: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """Drifts first seen in a period. `share`: of unapproved ones among all, None where there was none."""

    drifts: tuple[Drift, ...]

    @property
    def unapproved(self) -> tuple[Drift, ...]:
        """Those that nobody approved."""
        return tuple(one for one in self.drifts if one.change is None)

    @property
    def share(self) -> Fraction | None:
        """Unapproved ones among all."""
        return Fraction(len(self.unapproved), len(self.drifts)) if self.drifts else None


def changes(
    findings: Sequence[Finding], said: Sequence[Said], rounds: Sequence[UnitRound], span: tuple[int, int]
) -> Changes:
    """Drifts first seen in [from, to), each with its approval."""
    asked = [_Change.of(one, said) for one in said if one.kind == "change_requested"]
    made = []
    for one in findings:
        if one.name in DRIFTS and span[0] <= one.opened_ms < span[1]:
            change = next((c.entry for c in asked if c is not None and c.covers(one, rounds)), None)
            entries = tuple(sorted({proof.entry for proof in one.proofs}))
            made.append(
                Drift(one.id, one.check, one.target, one.name, one.system, one.opened_ms, change, entries)
            )
    return Changes(tuple(sorted(made, key=lambda one: (one.opened_ms, one.finding))))


@dataclass(frozen=True, slots=True)
class _Change:
    entry: int
    system: str | None
    asset: str | None
    from_ms: int | None
    to_ms: int | None
    approved_ms: int

    @classmethod
    def of(cls, one: Said, said: Sequence[Said]) -> "_Change | None":
        """The change that somebody asked for, once it is approved."""
        good = [
            other.received_ms
            for other in said
            if other.kind == "change_approved"
            and other.fields.get("entry") == one.entry
            and other.fields.get("approved") is True
        ]
        if not good:
            return None
        system, asset = (one.fields.get(name) for name in ("system", "asset"))
        return cls(
            one.entry,
            system if isinstance(system, str) else None,
            asset if isinstance(asset, str) else None,
            instant_of(one.fields.get("from")),
            instant_of(one.fields.get("to"), end=True),
            min(good),
        )

    def covers(self, one: Finding, rounds: Sequence[UnitRound]) -> bool:
        """Whether this change explains the drift."""
        if one.target != self.asset and (self.asset is not None or one.system != self.system):
            return False
        if self.approved_ms > one.opened_ms or (self.from_ms is not None and self.from_ms > one.opened_ms):
            return False
        ended = self.to_ms
        return ended is None or not any(
            held.unit == (one.unit or "")
            and held.last_ms is not None
            and ended < held.last_ms < one.opened_ms
            for held in rounds
        )
