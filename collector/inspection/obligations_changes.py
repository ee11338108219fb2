"""What changes say of obligations: drifts, systems that leave the estate, and who reported them. Pure.

A contract wants major changes and decommissioning reported (LH-40), and changes approved before they are made
(LH-13, PD-30, PD-38, HA-02). The machine sees the change; people report it: in a statement that names the
system (or the asset that drifted), before it is seen or after.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from collector.inspection.cadence_model import Breach, Deed, Event, Span
from collector.judging.changes import Changes
from collector.judging.ground import Applied
from collector.statements.model import Said

REPORTS = frozenset({"shutdown_reported", "change_requested", "in_service", "in_scope"})
SEEN, REPORTED = "change_seen", "change_reported"
_BACK_MS = 31 * 86_400_000  # a report older than a monthly round is of another change


@dataclass(frozen=True, slots=True)
class Changed:
    """A change that was seen: `key` a finding's id or `left:SYSTEM`, when, by which entry; `report` is the
    statement that told of it, None while nobody did."""

    key: str
    at_ms: int
    entry: int
    unit: str | None
    system: str | None
    approved: bool
    report: Said | None


def changed(
    found: Changes, applied: Sequence[Applied], said: Sequence[Said], span: Span
) -> tuple[Changed, ...]:
    """Drifts of these and systems that left the estate in [from, to), oldest first, each with its report."""
    by_entry = {one.entry: one for one in said}
    made = []
    for drift in found.drifts:
        approved = None if drift.change is None else by_entry.get(drift.change)
        report = approved or _report(said, drift.system, drift.target, drift.opened_ms)
        first = drift.entries[-1] if drift.entries else -1
        unit = _unit(applied, drift.system)
        made.append(
            Changed(
                drift.finding, drift.opened_ms, first, unit, drift.system, drift.change is not None, report
            )
        )
    made += [one for one in _left(applied, said) if span[0] <= one.at_ms < span[1]]
    return tuple(sorted(made, key=lambda one: (one.at_ms, one.key)))


def _unit(applied: Sequence[Applied], system: str | None) -> str | None:
    scopes = [one.terms.scope for one in applied if one.terms.scope is not None]
    units = [scope.unit_of_system() for scope in reversed(scopes)]
    return next((known[system] for known in units if system in known), None) if system else None


def _left(applied: Sequence[Applied], said: Sequence[Said]) -> Iterator[Changed]:
    """Systems that an estate no longer names, or whose time in service it ends."""
    before: dict[str, str | None] = {}
    ended: set[tuple[str, int]] = set()
    for one in applied:
        if one.terms.scope is None:
            continue
        now = one.terms.scope.unit_of_system()
        for system in sorted(before.keys() - now.keys()):
            yield _gone(system, before[system], one.at_ms, one.idx, said)
        for held in one.terms.scope.systems:
            for to_ms in (part.to_ms for part in held.in_service if part.to_ms is not None):
                if (held.id, to_ms) not in ended:
                    ended.add((held.id, to_ms))
                    yield _gone(held.id, held.unit, max(to_ms, one.at_ms), one.idx, said)
        before = now


def _gone(system: str, unit: str | None, at_ms: int, entry: int, said: Sequence[Said]) -> Changed:
    report = _report(said, system, None, at_ms)
    return Changed(f"left:{system}@{at_ms}", at_ms, entry, unit, system, False, report)


def _report(said: Sequence[Said], system: str | None, asset: str | None, at_ms: int) -> Said | None:
    found = [
        one
        for one in said
        if one.kind in REPORTS
        and one.received_ms >= at_ms - _BACK_MS
        and (
            (system is not None and one.fields.get("system") == system)
            or (asset is not None and one.fields.get("asset") == asset)
        )
    ]
    return min(found, key=lambda one: (one.received_ms, one.entry), default=None)


def events(found: Sequence[Changed]) -> Iterator[Event]:
    """`change_seen` for each."""
    for one in found:
        yield Event(SEEN, one.key, one.at_ms, one.at_ms, one.entry, one.unit, one.system)


def deeds(found: Sequence[Changed]) -> Iterator[Deed]:
    """`change_reported` for each that somebody told of."""
    for one in found:
        if one.report is not None:
            yield Deed(
                REPORTED,
                one.report.received_ms,
                one.report.received_ms,
                one.report.entry,
                one.unit,
                one.system,
                signer=one.report.by,
                grade=one.report.grade,
                facts={"event": one.key},
            )


def breaches(found: Changes) -> Iterator[Breach]:
    """`unapproved_change` for each drift without an approval before it."""
    for one in found.unapproved:
        entry = one.entries[-1] if one.entries else -1
        yield Breach(
            "unapproved_change", one.opened_ms, one.opened_ms, entry, system=one.system, what=one.finding
        )
