"""The payments of a log: of the contract in force, and of those that it replaced what they had begun. Pure.

Names never change their meaning, as those of periods (contracts.py): what the first contract called `term` is
`term` for good, and all payments of a later one with such a name carry its pack behind an @ (or, of a pack
that was there before, its first day).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from collector.judging import judge
from collector.judging.contracts import Own
from collector.judging.ground import Applied
from collector.judging.judge import Chosen
from collector.judging.settling import Group, groups


@dataclass(frozen=True, slots=True)
class Payment:
    """Periods that are paid together, and what judges the last period of their contract."""

    group: Group
    chosen: Chosen


def payments(held: Sequence[Applied], as_of_ms: int) -> tuple[Payment, ...]:
    """Those of replaced contracts first; NoScorecard where the estate in force has no pack."""
    taken: set[str] = set()
    packs: set[str] = set()
    made: list[Payment] = []
    every = judge.terms(held, as_of_ms)
    for own in every:
        chosen = judge.chosen(held, own[-1].period.name, as_of_ms)
        found = list(_groups(chosen, own, replaced=own is not every[-1]))
        suffix = ""
        if {one.name for one in found} & taken:
            pack = chosen.pack.pack.pack
            suffix = f"@{chosen.periods[0].first}" if pack in packs else f"@{pack}"
        found = [replace(one, name=one.name + suffix) for one in found]
        taken |= {one.name for one in found}
        packs.add(chosen.pack.pack.pack)
        made += [Payment(one, chosen) for one in found]
    return tuple(made)


def _groups(chosen: Chosen, own: Sequence[Own], *, replaced: bool) -> Iterator[Group]:
    """Of a replaced contract only the periods that stayed with it, in the payments where they were due."""
    mine = tuple(one.period for one in own)
    if not replaced:
        yield from groups(chosen.pack.pack, mine)
        return
    names = {one.name for one in mine}
    for group in groups(chosen.pack.pack, chosen.periods):
        if held := tuple(one for one in group.periods if one.name in names):
            yield Group(group.name, held)
