"""What the estate names and nobody looks at: the holes that a green page would hide."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from collector.estate.checklists import spots_of
from collector.estate.loading import Loaded


@dataclass(frozen=True, slots=True)
class Hole:
    """Something that nobody watches: which kind of thing, its id, why."""

    kind: str
    subject: str
    why: str
    detail: str = ""


def holes(loaded: Loaded, live: Collection[str]) -> list[Hole]:
    """Systems without a service, assets without a look, agents that are wanted and not there."""
    return [*_systems(loaded), *_agents(loaded, live), *_assets(loaded)]


def _systems(loaded: Loaded) -> Iterator[Hole]:
    for system in loaded.estate.systems:
        if system.id not in loaded.trees:
            yield Hole("system", system.id, "no_service")


def _agents(loaded: Loaded, live: Collection[str]) -> Iterator[Hole]:
    looks = Counter(look.agent for look in loaded.regular)
    for agent in loaded.agents:
        if agent not in live:
            yield Hole("agent", agent, "not_enrolled", str(looks[agent]))


def in_no_round(loaded: Loaded) -> frozenset[str]:
    """Assets that no round looks at, whether by an agent or by people."""
    planned = {name for part in loaded.rounds.values() for look in part for name in (look.target, look.asset)}
    people = (spots_of(loaded.estate, part) for part in loaded.estate.rounds if part.human)
    seen = planned | {asset.id for spots in people for asset in spots}
    return frozenset(asset.id for asset in loaded.estate.assets) - seen


def _assets(loaded: Loaded) -> Iterator[Hole]:
    regular = {name for look in loaded.regular for name in (look.target, look.asset)}
    rounds = {name for part in loaded.rounds.values() for look in part for name in (look.target, look.asset)}
    people = {
        asset.id for part in loaded.estate.rounds if part.human for asset in spots_of(loaded.estate, part)
    }
    for asset in loaded.estate.assets:
        if asset.id in people and asset.id not in rounds:
            continue  # a round sends people there, whether or not an agent looks too
        if asset.id not in regular and asset.id not in rounds:
            yield Hole("asset", asset.id, "no_check")
        elif asset.id not in rounds:
            yield Hole("asset", asset.id, "no_round")
        elif asset.id not in regular:
            yield Hole("asset", asset.id, "rounds_only")
