"""What people stated of scope and service of systems and assets, and the buyer of the kinds of units. Pure.

Only the buyer's word speaks of days that are over. What the vendor's side states counts as an estate that it
applies would: from its receipt on; that an asset was not there to be inspected it excuses only once the
buyer joined in. A later statement replaces an earlier one for the days that it names.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from collector.availability.spans import complement, union
from collector.judging.scope import Span
from collector.statements.lateness import instant_of
from collector.statements.model import Said
from collector.statements.persons import side
from collector.statements.sides import agreed, beneath

EVER = 2**62
Spans = tuple[tuple[int, int], ...]
"""Disjoint [from, to), UTC ms, in order; -EVER and EVER where there is no edge."""
Key = tuple[str, str, str]
"""(in_scope or in_service, system or asset, id)"""
_KINDS = ("in_scope", "in_service", "unit_kind")
ALWAYS: Spans = ((-EVER, EVER),)


@dataclass(frozen=True, slots=True)
class Word:
    """A statement about [from, to): a yes or no, or (of a unit) the kind of it."""

    from_ms: int
    to_ms: int
    value: bool | str
    entry: int
    agreed: bool = True
    """The buyer's side said it, or joined in."""


class Outside(IntEnum):
    """Whether something was out of scope or service: not, as the vendor's side alone says, as is agreed."""

    NO = 0
    CLAIMED = 1
    AGREED = 2


@dataclass(frozen=True)
class Words:
    """All of them, oldest first."""

    inside: Mapping[Key, Sequence[Word]] = field(default_factory=dict)
    kinds: Mapping[str, Sequence[Word]] = field(default_factory=dict)

    def over(self, key: Key, spans: Spans) -> Spans:
        """The spans of something as the buyer's words leave them."""
        made = list(spans)
        for one in self.inside.get(key, ()):
            if one.value:
                made = union([*made, (one.from_ms, one.to_ms)])
            else:
                made = list(cut(made, complement([(one.from_ms, one.to_ms)], -EVER, EVER)))
        return tuple(made)

    def about(self, from_ms: int, to_ms: int) -> tuple[tuple[int, str | None], ...]:
        """Entries of all statements with a part in [from, to), each with the system that it is about."""
        every = {
            (one, key[2] if key[1] == "system" else None) for key, held in self.inside.items() for one in held
        }
        every |= {(one, None) for held in self.kinds.values() for one in held}
        inside = [(one.entry, system) for one, system in every if one.from_ms < to_ms and one.to_ms > from_ms]
        return tuple(sorted(inside, key=str))

    def outside(self, asset: str, at_ms: int) -> "Outside":
        """Whether an asset was out of scope or out of service at an instant, and by whose word."""
        found = [self._outside((kind, "asset", asset), at_ms) for kind in ("in_scope", "in_service")]
        return max(found, key=lambda one: one.value)

    def _outside(self, key: Key, at_ms: int) -> "Outside":
        said = [one for one in self.inside.get(key, ()) if one.from_ms <= at_ms < one.to_ms]
        if not said or said[-1].value is not False:
            return Outside.NO
        agreed = [one for one in said if one.agreed]
        return Outside.AGREED if agreed and agreed[-1].value is False else Outside.CLAIMED

    def told(self, key: Key, at_ms: int) -> Word | None:
        """The newest statement that speaks of an instant."""
        said = [one for one in self.inside.get(key, ()) if one.from_ms <= at_ms < one.to_ms]
        return said[-1] if said else None

    def kind(self, unit: str, at_ms: int) -> str | None:
        """The kind of a unit at an instant, where the buyer named one."""
        said = [one for one in self.kinds.get(unit, ()) if one.from_ms <= at_ms < one.to_ms]
        return str(said[-1].value) if said else None

    def entries(self, keys: Iterable[Key], from_ms: int, to_ms: int) -> tuple[int, ...]:
        """Statements about these that have a part in [from, to)."""
        found = [one for key in keys for one in self.inside.get(key, ())]
        return tuple(sorted({one.entry for one in found if one.from_ms < to_ms and one.to_ms > from_ms}))


def _about(one: Said) -> tuple[object, ...]:
    return (one.kind, *(one.fields.get(name) for name in ("system", "asset", "unit")))


def words(said: Iterable[Said]) -> Words:
    """Those among statements that stand."""
    found = beneath([one for one in said if one.kind in _KINDS], _about)
    inside: dict[Key, list[Word]] = defaultdict(list)
    kinds: dict[str, list[Word]] = defaultdict(list)
    for one in found:
        since, until = instant_of(one.fields.get("since")), instant_of(one.fields.get("until"), end=True)
        earliest = -EVER if side(one.role) == "buyer" else one.received_ms
        low, high = max(earliest, -EVER if since is None else since), EVER if until is None else until
        if low >= high or (one.kind == "unit_kind" and earliest > -EVER):
            continue
        if one.kind == "unit_kind":
            word = Word(low, high, str(one.fields.get("unit_kind")), one.entry)
            kinds[str(one.fields.get("unit"))].append(word)
            continue
        value = one.fields.get(one.kind) is True
        for what in ("system", "asset"):
            if name := one.fields.get(what):
                inside[one.kind, what, str(name)].append(Word(low, high, value, one.entry, agreed(one)))
    return Words(dict(inside), dict(kinds))


def cut(spans: Iterable[tuple[int, int]], by: Iterable[tuple[int, int]]) -> Spans:
    """What two lists of disjoint spans have in common."""
    edges = tuple(by)
    both = [(max(a, c), min(b, d)) for a, b in spans for c, d in edges]
    return tuple(sorted(one for one in both if one[0] < one[1]))


def of_file(spans: Sequence[Span]) -> Spans:
    """Spans of an estate; none are always."""
    if not spans:
        return ALWAYS
    return tuple(
        union(
            (-EVER if one.from_ms is None else one.from_ms, EVER if one.to_ms is None else one.to_ms)
            for one in spans
        )
    )
