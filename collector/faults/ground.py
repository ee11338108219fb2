"""What faults, vulnerabilities and findings are judged from: evidence and statements, as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from collector.availability.faults import Outage
from collector.faults.notices import Inspected, Look
from collector.judging.scope import Scope
from collector.notify.receipts import Message
from collector.scans.lifecycle import Import
from collector.scoring.model import Proof
from collector.statements.model import Said


@dataclass(frozen=True, slots=True)
class Seen:
    """An outage of a system with what else the evidence says of it.

    `detected_ms`: when the fault was confirmed, at the latest; `probes`: the most failing looks of one
    vantage point; `open`: the evidence ends while it is bad, or before it was up for long enough.
    `observed_to_ms`: up to where the service was looked at. `flags`: stable codes. `core`: whether it was a
    core system when it began (None: as the ground has it).
    """

    system: str
    outage: Outage
    detected_ms: int | None = None
    probes: int | None = None
    observed_to_ms: int | None = None
    flags: tuple[str, ...] = ()
    proofs: tuple[Proof, ...] = ()
    core: bool | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A scan report in the log, and who brought it (`vendor`, `buyer`, `superior`)."""

    series: str
    imported: Import
    found_by: str = "vendor"
    proof: Proof | None = None


@dataclass(frozen=True)
class Later:
    """The newest estate: its entry, what it is about, and what scanners call a host -> asset (or system)."""

    entry: int
    scope: Scope
    hosts: Mapping[str, str]

    @cached_property
    def places(self) -> dict[str, tuple[str | None, str | None]]:
        """Asset or system -> system and unit."""
        return _placed(self.scope)


@dataclass(frozen=True)
class Ground:
    """All of it. `term`: of the contract, UTC ms; `window`: what `outages` were looked for in.

    `core`: core systems; `messages`: what became of alerts that were sent; `announced`: fault id -> receipt
    of the first one, where that is known without them; `hosts`: what scanners call a
    host -> asset (or system); `looks`: those that plans for flaws name.
    """

    term: tuple[int, int]
    window: tuple[int, int]
    scope: Scope = field(default_factory=Scope)
    core: frozenset[str] = frozenset()
    outages: tuple[Seen, ...] = ()
    said: tuple[Said, ...] = ()
    announced: Mapping[str, int] = field(default_factory=dict)
    messages: tuple[Message, ...] = ()
    reports: tuple[Report, ...] = ()
    records: tuple[Inspected, ...] = ()
    looks: tuple[Look, ...] = ()
    hosts: Mapping[str, str] = field(default_factory=dict)
    later: Later | None = None

    @cached_property
    def _places(self) -> dict[str, tuple[str | None, str | None]]:
        return _placed(self.scope)

    def is_core(self, seen: Seen) -> bool:
        """Whether an outage is one of a core system."""
        return seen.system in self.core if seen.core is None else seen.core

    def unit_of(self, system: str | None) -> str | None:
        """The unit of a system, if the estate names one."""
        found = self._places.get(system or "")
        return found[1] if found is not None and found[0] == system else None

    def place_of(self, name: str) -> tuple[str | None, str | None]:
        """System and unit of an asset, a system, or a host as scanners call it; None where nobody says."""
        return self._places.get(self.hosts.get(name, name), (None, None))

    def placed_later(self, name: str) -> tuple[str | None, str | None, str] | None:
        """System, unit and asset of what only the newest estate knows, where the window knows its unit."""
        if self.later is None:
            return None
        asset = self.later.hosts.get(name, name)
        system, unit = self.later.places.get(asset, (None, None))
        if system in self._places:
            return *self._places[system], asset
        return (None, unit, asset) if any(one.id == unit for one in self.scope.units) else None


def _placed(scope: Scope) -> dict[str, tuple[str | None, str | None]]:
    """Asset or system -> system and unit."""
    units = {one.id: one.unit for one in scope.systems}
    made: dict[str, tuple[str | None, str | None]] = {one.id: (one.id, one.unit) for one in scope.systems}
    for one in scope.assets:
        made[one.id] = (one.system, one.unit or units.get(one.system or ""))
    return made
