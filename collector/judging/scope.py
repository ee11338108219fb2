"""What an applied estate says about the contract: its pack, and the units, systems and assets in scope."""

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Span:
    """UTC ms, half open; None: no beginning, no end."""

    from_ms: int | None = None
    to_ms: int | None = None

    def meets(self, from_ms: int, to_ms: int) -> bool:
        """Whether it has a part in [from, to)."""
        return (self.from_ms is None or self.from_ms < to_ms) and (self.to_ms is None or self.to_ms > from_ms)


@dataclass(frozen=True, slots=True)
class Contract:
    """The pack that was in force when the estate was applied, as a whole: `compiled` is its canonical JSON,
    `digest` the SHA-256 (hex) of those bytes, so no later version of the pack changes an old scorecard.

    `start`: first day of the term, ISO; `options`: readings of its ambiguities that were agreed, as texts.
    """

    pack: str
    start: str
    digest: str = ""
    compiled: str = ""
    options: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UnitScope:
    """A user unit; `kind` is a word of the pack."""

    id: str
    name: str
    kind: str = "unit"


@dataclass(frozen=True, slots=True)
class SystemScope:
    """A system; no spans: always. `owner`: who answers for it ("" where nobody was named)."""

    id: str
    name: str
    unit: str | None = None
    owner: str = ""
    in_scope: tuple[Span, ...] = ()
    in_service: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class AssetScope:
    """An asset with the unit that it, or else its system, belongs to; `agent`: who runs on it."""

    id: str
    kind: str
    name: str = ""
    system: str | None = None
    unit: str | None = None
    agent: str = ""
    owner: str = ""
    in_scope: tuple[Span, ...] = ()
    in_service: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Scope:
    """Everything that an estate is about. `objects`: the system of each backup object."""

    units: tuple[UnitScope, ...] = ()
    systems: tuple[SystemScope, ...] = ()
    assets: tuple[AssetScope, ...] = ()
    objects: dict[str, str] = field(default_factory=dict)

    def unit_of_system(self) -> dict[str, str | None]:
        """System -> its unit."""
        return {one.id: one.unit for one in self.systems}


def met(spans: Iterable[Span], from_ms: int, to_ms: int) -> bool:
    """Whether any part of [from, to) is inside; no spans: always."""
    held = tuple(spans)
    return not held or any(one.meets(from_ms, to_ms) for one in held)
