"""What the log keeps of an estate for its scorecards: the contract's pack as a whole, and who is in scope."""

from collections.abc import Iterable

from collector.estate.loading import Loaded
from collector.estate.model import Span as FileSpan
from collector.estate.units import local_instant
from collector.judging.scope import AssetScope, Contract, Scope, Span, SystemScope, UnitScope
from collector.packs import loading


def contract(loaded: Loaded) -> Contract | None:
    """The contract with its pack compiled; without the pack where this program ships none of that name."""
    named = loaded.estate.contract
    if named is None:
        return None
    if named.pack not in loading.names():
        return Contract(named.pack, named.start, options=dict(named.options))
    made = loading.packaged(named.pack)
    return Contract(named.pack, named.start, made.digest, made.body.decode(), dict(named.options))


def scope(loaded: Loaded) -> Scope | None:
    """Units, systems, assets and backup objects; None for an estate without a contract."""
    estate = loaded.estate
    if estate.contract is None:
        return None
    units = {one.id: one.unit for one in estate.systems}
    return Scope(
        tuple(UnitScope(one.id, one.name or one.id, one.kind) for one in estate.units),
        tuple(
            SystemScope(
                one.id,
                one.name or one.id,
                one.unit,
                one.owner or "",
                _spans(loaded, one.in_scope),
                _spans(loaded, one.in_service),
            )
            for one in estate.systems
        ),
        tuple(
            AssetScope(
                one.id,
                one.kind,
                one.name,
                one.system,
                one.unit or units.get(one.system or ""),
                one.agent or "",
                one.owner or "",
                _spans(loaded, one.in_scope),
                _spans(loaded, one.in_service),
            )
            for one in estate.assets
        ),
        {one.id: one.system for one in estate.objects if one.system},
    )


def _spans(loaded: Loaded, spans: Iterable[FileSpan]) -> tuple[Span, ...]:
    return tuple(Span(_instant(loaded, one.from_), _instant(loaded, one.to)) for one in spans)


def _instant(loaded: Loaded, text: str | None) -> int | None:
    return None if text is None else local_instant(text, loaded.estate.timezone)
