"""What an estate that was applied in a period changed of what the period is judged by (pure).

None of it costs or gives anything: each stretch is judged by its own estate. But whoever signs a scorecard
shall see that a definition was another one on its last day than on its first. What was changed for good
before the period (kinds of units, agreed readings) stays with it until the buyer states it.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from itertools import pairwise

from collector.availability.terms import ServiceTerms
from collector.judging.estates import Estates, Stretch
from collector.judging.ground import Applied, day
from collector.judging.scope import AssetScope, SystemScope
from collector.scoring.model import Item, PackPeriod, Proof, Scalar

KIND = "estate_changed"
_GRADE = "D"  # who applies an estate is known by a login
_NAMED = 20

Found = tuple[str, str | None, str | None, tuple[str, ...]]
"""(what, unit, system, names of what it is about)"""


def moves(estates: Estates, period: PackPeriod, as_of_ms: int) -> Iterator[Item]:
    """An item for each thing that an estate of the period changed, and for what people stated of scope."""
    end = min(period.to_ms, max(as_of_ms, period.from_ms) + 1)
    for before, after in pairwise(estates.stretches(period.from_ms, end)):
        for what, unit, system, names in sorted(_between(before, after), key=str):
            facts: dict[str, Scalar] = {
                "what": what,
                "names": ", ".join(names[:_NAMED]),
                "count": len(names),
            }
            at = after.applied.at_ms
            proofs = (Proof(after.applied.idx, "log", _GRADE),)
            yield Item(KIND, day=day(at), at_ms=at, unit=unit, system=system, facts=facts, proofs=proofs)
    for entry, system in estates.words.about(period.from_ms, end):
        facts = {"what": "statement", "names": system or "", "count": 1}
        yield Item(KIND, system=system, facts=facts, proofs=(Proof(entry, "log", _GRADE),))


def standing(estates: Estates, accepted: Collection[int], period: PackPeriod) -> Iterator[Item]:
    """What estates before the period changed for good of what it is judged by, kinds of units and agreed
    readings, until the buyer states it (`unit_kind`), or accepts a period that ended after it.

    `accepted`: when the periods ended that he accepted, UTC ms (accepted.ends)."""
    before = [one for one in estates.applied if one.at_ms <= period.from_ms]
    newest = max(accepted, default=-1)
    kinds: dict[str, str] = {}
    chosen: dict[str, str] | None = None
    made: dict[tuple[str, str | None], Item] = {}
    for one in before:
        for unit in one.terms.scope.units if one.terms.scope is not None else ():
            first = kinds.setdefault(unit.id, unit.kind)
            stated = estates.words.kind(unit.id, period.from_ms) is not None
            changed = () if unit.kind == first or stated else (first, unit.kind)
            _keep(made, ("kind", unit.id), changed, one)
        contract = one.terms.contract
        if contract is not None:
            chosen = contract.options if chosen is None else chosen
            keys = {*chosen, *contract.options}
            other = tuple(sorted(key for key in keys if chosen.get(key) != contract.options.get(key)))
            _keep(made, ("contract", None), other, one)
    yield from (one for one in made.values() if (one.at_ms or 0) >= newest)


def _keep(
    made: dict[tuple[str, str | None], Item],
    key: tuple[str, str | None],
    names: tuple[str, ...],
    one: Applied,
) -> None:
    """What differs from the first estate, by the one since which it is so."""
    what, unit = key
    facts: dict[str, Scalar] = {"what": what, "names": ", ".join(names[:_NAMED]), "count": len(names)}
    if not names:
        made.pop(key, None)
    elif key not in made or made[key].facts != facts:
        proofs = (Proof(one.idx, "log", _GRADE),)
        made[key] = Item(KIND, day=day(one.at_ms), at_ms=one.at_ms, unit=unit, facts=facts, proofs=proofs)


def _between(before: Stretch, after: Stretch) -> Iterator[Found]:
    yield from _units(before, after)
    yield from _systems(before, after)
    yield from _assets(before, after)
    yield from _services(before, after)
    yield from _objects(before, after)
    if before.applied.terms.contract != after.applied.terms.contract:
        yield "contract", None, None, ()
    told = [set(one.applied.terms.notify) for one in (before, after)]
    if kinds := {rule.when for rule in told[0] ^ told[1]}:
        yield "notify", None, None, tuple(sorted(kinds))


def _units(before: Stretch, after: Stretch) -> Iterator[Found]:
    now = {one.id: one for one in after.scope.units}
    for one in before.scope.units:
        if one.id not in now:
            yield "dropped", one.id, None, (one.id,)
        elif now[one.id].kind != one.kind:
            yield "kind", one.id, None, (one.kind, now[one.id].kind)


def _systems(before: Stretch, after: Stretch) -> Iterator[Found]:
    now = {one.id: one for one in after.scope.systems}
    for one in before.scope.systems:
        if word := _moved(one, now):
            yield word, one.unit, one.id, (one.id,)


def _assets(before: Stretch, after: Stretch) -> Iterator[Found]:
    now = {one.id: one for one in after.scope.assets}
    found: dict[tuple[str, str | None], list[str]] = {}
    for one in before.scope.assets:
        if word := _moved(one, now):
            found.setdefault((f"assets_{word}", one.unit), []).append(one.id)
    for (word, unit), names in found.items():
        yield word, unit, None, tuple(sorted(names))


def _moved(one: SystemScope | AssetScope, now: Mapping[str, SystemScope | AssetScope]) -> str:
    """dropped, moved, spans (of scope or service are other ones) or nothing."""
    then = now.get(one.id)
    if then is None:
        return "dropped"
    if (one.unit, getattr(one, "system", "")) != (then.unit, getattr(then, "system", "")):
        return "moved"
    return "spans" if (one.in_scope, one.in_service) != (then.in_scope, then.in_service) else ""


def _services(before: Stretch, after: Stretch) -> Iterator[Found]:
    units = before.scope.unit_of_system()
    now = {one.id: one for one in after.applied.terms.services}
    for one in before.applied.terms.services:
        if one.id in units and (one.id not in now or _other(one, now[one.id])):
            yield "terms", units[one.id], one.id, (one.id,)


def _other(one: ServiceTerms, then: ServiceTerms) -> bool:
    """Whether two terms of a service differ in more than its name and spans, which are told apart."""
    return one is not then and replace(one, name="", not_in_service=()) != replace(
        then, name="", not_in_service=()
    )


def _objects(before: Stretch, after: Stretch) -> Iterator[Found]:
    units = before.scope.unit_of_system()
    now = after.scope.objects
    lost: dict[str, list[str]] = {}
    for name, system in before.scope.objects.items():
        if now.get(name) != system:
            lost.setdefault(system, []).append(name)
    for system, names in lost.items():
        yield "objects", units.get(system), system, tuple(sorted(names))
