"""Statements that stand side by side about one thing, and which of them counts. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from collector.statements.model import Said, Scalar
from collector.statements.sides import word

_ONE = {
    "level": ("fault",),
    "cause": ("fault",),
    "impact": ("fault",),
    "vendor_cause": ("fault",),
    "repeat": ("fault",),
    "satisfaction": ("period", "unit"),
    "force_majeure_decided": ("entry",),
    "fix_plan_approved": ("entry",),
    "maintenance_approved": ("entry",),
    "change_approved": ("entry",),
    "waiver_decided": ("entry",),
    "event_closed": ("entry",),
    "not_done": ("item", "obligation", "unit", "system", "period"),
    "acceptance": ("period",),
}
"""Kinds of which one counts, by the fields that say what they are about."""


@dataclass(frozen=True, slots=True)
class Beside:
    """Several about one thing: the entry that counts, and those of the vendor's side that dispute it."""

    counts: int
    disputed: frozenset[int]


def beside(said: Iterable[Said]) -> Mapping[int, Beside]:
    """By entry, for those that do not stand alone; the newest counts, the buyer's before the vendor's."""
    groups: dict[tuple[str, tuple[Scalar, ...]], list[Said]] = {}
    for one in said:
        if one.kind in _ONE:
            about = tuple(one.fields.get(name) for name in _ONE[one.kind])
            groups.setdefault((one.kind, about), []).append(one)
    made: dict[int, Beside] = {}
    for found in groups.values():
        if len(found) < 2:
            continue
        held = word(found, lambda one: dict(one.fields))
        if held.said is not None:
            mine = Beside(held.said.entry, frozenset(one.entry for one in held.disputed))
            made |= {one.entry: mine for one in found}
    return made
