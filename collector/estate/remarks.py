"""What is no mistake in an estate, but leaves something unknown: its owner should hear of it. Pure."""

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from checks.device import OTHERS, PLATFORMS
from checks.recurrence import zone
from collector.estate import checklists
from collector.estate.looks import matches
from collector.estate.model import Estate, Window
from collector.estate.units import local_instant
from collector.notify.rules import BUYER, FAULT, USER
from collector.packs import loading as packs

_ID = re.compile(r"[A-Z]{2,4}-[0-9]{1,3}\Z")
_GENERIC = "generic"
_MOST = 20  # pairs of windows that are named
Muting = tuple[Window, dict[int, str]]
"""A window with its systems, by their number in the file."""


def remarks(estate: Estate) -> list[str]:
    """In words, in the order of the sections."""
    return [*_contract(estate), *_assets(estate), *_windows(estate)]


def _contract(estate: Estate) -> Iterator[str]:
    if estate.contract is None or estate.contract.pack not in packs.names():
        if estate.contract is None and any(one.when in (FAULT, "clock", "finding") for one in estate.notify):
            yield "without a contract nothing is a fault, limit or finding: such rules tell nothing"
        return
    if bare := [one.id for one in estate.systems if one.unit is None]:
        yield f"of no unit, so that the contract's lines by unit pass them by: {', '.join(bare)}"
    start = local_instant(estate.contract.start, estate.timezone)
    for section in (estate.systems, estate.assets):
        for one in section:
            ends = [
                None if span.to is None else local_instant(span.to, estate.timezone) for span in one.in_scope
            ]
            if ends and all(end is not None and end <= start for end in ends):
                yield f"{one.id} is not in scope at any time of the contract (in_scope)"
    yield from _obligations(estate, estate.contract.pack)


def _obligations(estate: Estate, pack: str) -> Iterator[str]:
    terms = packs.packaged(pack).pack.obligations
    if terms is None:
        return
    known = {one.id for one in terms.obligations}
    cited = {
        word
        for one in estate.backups
        for text in ([one.get("clause")] if isinstance(one.get("clause"), str) else one.get("clause") or ())
        for word in str(text).split()
    }
    if odd := sorted(word for word in cited if _ID.match(word) and word not in known):
        yield f"backups cite what {pack} does not have, which moves none of its obligations: {', '.join(odd)}"
    told = {whose for one in estate.notify if one.when == FAULT for whose in one.whose}
    for one in terms.obligations:
        wanted = {kind for cadence in one.cadences for kind in cadence.what}
        lacks = [who for who in (BUYER, USER) if f"fault_announced:{who}" in wanted and who not in told]
        if lacks:
            yield f"messages cannot prove {one.id}: no rule for `fault` says whose: {' or '.join(lacks)}"


def _assets(estate: Estate) -> Iterator[str]:
    known = sorted({*checklists.in_force(estate), *(one.kind for one in estate.checklists)})
    for kind in sorted({one.kind for one in estate.assets} - set(known)):
        if near := get_close_matches(kind, known, n=1, cutoff=0.8):
            yield f"no list and no pattern here knows the kind {kind}; did you mean {near[0]}?"
    for one in estate.assets:
        if one.ssh is not None and one.ssh.platform not in (_GENERIC, *OTHERS, *PLATFORMS):
            near = get_close_matches(one.ssh.platform, (*OTHERS, *PLATFORMS), n=1, cutoff=0.5)
            more = f"; did you mean {near[0]}?" if near else ""
            yield f"{one.id}: no check asks the platform {one.ssh.platform} by its command line{more}"


def _windows(estate: Estate) -> Iterator[str]:
    zone(estate.timezone)
    placed = [
        (
            local_instant(one.from_, estate.timezone),
            local_instant(one.to, estate.timezone),
            (one, _systems(estate, one)),
        )
        for one in estate.windows
    ]
    placed.sort(key=lambda held: held[:2])
    said, more = 0, 0
    for one, other in _pairs(placed):
        if said < _MOST:
            said += 1
            shared = ", ".join(one[1][name] for name in sorted(one[1].keys() & other[1].keys()))
            yield f"the windows {one[0].id} and {other[0].id} overlap for {shared}"
        else:
            more += 1
    if more:
        yield f"and {more} more pairs of windows overlap"


def _pairs(placed: Iterable[tuple[int, int, Muting]]) -> Iterator[tuple[Muting, Muting]]:
    """Windows that hold at one time for one system, each pair once, in the order in which they begin."""
    open_: list[tuple[int, Muting]] = []
    for begins, ends, one in placed:
        open_ = [(until, other) for until, other in open_ if until > begins]
        yield from ((other, one) for _, other in open_ if not other[1].keys().isdisjoint(one[1]))
        open_.append((ends, one))


def _systems(estate: Estate, window: Window) -> dict[int, str]:
    """Systems of a window by their number in the file."""
    return {
        number: system.id
        for number, system in enumerate(estate.systems)
        if any(matches(pattern, system.id) for pattern in window.systems)
    }
