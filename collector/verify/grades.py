"""Grades of what a figure stands on: who looked, and from where.

A   two vantage points on different machines looked at each thing
B   one agent looked at another machine
C   an agent looked at its own host, or the plan does not say whose the target is
"""

from collections.abc import Mapping

from collector.availability.terms import ServiceTerms
from collector.verify.batches import Series, Track
from collector.verify.keys import KeyTable

NONE = "-"


def grade(terms: ServiceTerms, tracks: Mapping[Series, Track], keys: KeyTable) -> str:
    """The worst grade among the service's leaves; "-" where nobody looked at one."""
    places = {agent: life.asset for (agent, _), life in keys.lives.items()}
    found = {_leaf((leaf.check, leaf.target), tracks, places) for leaf in terms.leaves.values()}
    return next((word for word in (NONE, "C", "B") if word in found), "A")


def _leaf(key: tuple[str, str], tracks: Mapping[Series, Track], places: Mapping[str, str]) -> str:
    counts: dict[str, int] = {}
    own = False
    for (check, target, vantage), track in tracks.items():
        if (check, target) == key and track.seen:
            place = places.get(vantage, vantage)
            counts[place] = counts.get(place, 0) + len(track.seen)
            own = own or track.asset is None or track.asset == place
    # A second vantage point that hardly ever looked agrees with nothing.
    steady = [place for place, count in counts.items() if 2 * count >= max(counts.values())]
    if not steady:
        return NONE
    if len(steady) > 1:
        return "A"
    return "C" if own else "B"
