"""Who looks at what with which parameters: regular looks and rounds worked out in full.

Used to find mistakes (each at its own path) and to make plans. Parameters, weakest first: the check's
defaults, the asset's connection, the regular entry, the round, the asset's own `params`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import chain
from typing import Any

from checks.api import Check
from checks.codec import FieldError
from collector.estate.catalog import Catalog, agent_for, connection, full_params, reach, tells, untold, usual
from collector.estate.model import Asset, Estate, RegularCheck, Round

Path = tuple[str | int, ...]
Note = Callable[[Path, str], None]
DEFAULT_CONFIRM = 2
LOOK_DEADLINE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Look:
    """One check on one target by one agent; `every_ms` is 0 for a look that only a round owes."""

    check: Check[Any, Any]
    target: str
    asset: str | None
    agent: str
    params: dict[str, Any]
    deadline_ms: int
    every_ms: int = 0
    hold_ms: int = 0
    confirm: int = DEFAULT_CONFIRM
    canary: bool = False
    probe: bool = False


def select_assets(estate: Estate, patterns: tuple[str, ...]) -> list[Asset]:
    """Assets that any pattern names, in the order of the file."""
    return [asset for asset in estate.assets if any(names(estate, p, asset) for p in patterns)]


def select_systems(estate: Estate, patterns: tuple[str, ...]) -> list[str]:
    """Ids of the systems that any pattern (`all`, an id, a glob) names."""
    return [s.id for s in estate.systems if any(matches(pattern, s.id) for pattern in patterns)]


def names(estate: Estate, pattern: str, asset: Asset) -> bool:
    """Whether a pattern (`all`, an id, a glob, `kind:…`, `system:…`, `unit:…`) names the asset."""
    word, _, value = pattern.partition(":")
    if value and word in ("kind", "system", "unit"):
        return fnmatchcase(_attribute(estate, asset, word), value)
    return pattern == "all" or fnmatchcase(asset.id, pattern)


def _attribute(estate: Estate, asset: Asset, word: str) -> str:
    if word == "kind":
        return asset.kind
    if word == "system":
        return asset.system or ""
    owner = next((system for system in estate.systems if system.id == asset.system), None)
    return asset.unit or (owner.unit if owner else None) or ""


def matches(pattern: str, check_id: str) -> bool:
    """Whether a check pattern (`all`, an id, a glob) names the check."""
    return pattern == "all" or fnmatchcase(check_id, pattern)


def layered(params: Mapping[str, Mapping[str, Any]], check_id: str) -> dict[str, Any]:
    """Parameters from a table by check pattern; longer patterns win, an exact id wins over all."""
    made: dict[str, Any] = {}
    for pattern in sorted(params, key=lambda p: (p == check_id, len(p), p)):
        if matches(pattern, check_id):
            made.update(params[pattern])
    return made


def regular(estate: Estate, catalog: Catalog, note: Note, *, whole: bool = True) -> list[Look]:
    """Regular looks. An exact check id wins over a pattern; two entries of one rank are a mistake.

    `whole` is false when some assets could not be read: that a check fits none then means nothing.
    """
    chosen: dict[tuple[str, str], tuple[bool, int]] = {}
    found: dict[tuple[str, str], Look] = {}
    for i, entry in enumerate(estate.checks):
        rank = (entry.check in catalog.checks, i)
        for check, asset in _pairs(estate, catalog, entry, ("checks", i), note, whole):
            key = (asset.id, check.id)
            before = chosen.get(key, (False, -1))
            if before[1] >= 0 and before[0] == rank[0]:
                note(("checks", i), f"{check.id} on {asset.id} is given already by checks[{before[1]}]")
            elif not before[0]:
                chosen[key] = rank
                _keep(found, key, _regular(check, asset, entry, i, note))
    return [found[key] for key in sorted(found)]


def _keep(found: dict[tuple[str, str], Look], key: tuple[str, str], look: Look | None) -> None:
    found.pop(key, None)
    if look is not None:
        found[key] = look


def _pairs(
    estate: Estate, catalog: Catalog, entry: RegularCheck, path: Path, note: Note, whole: bool
) -> Iterator[tuple[Check[Any, Any], Asset]]:
    wanted = catalog.matching(entry.check)
    if not wanted:
        note((*path, "check"), no_check(entry.check, catalog))
    found = list(pairs(estate, catalog, entry.assets, (entry.check,)))
    if wanted and not found and whole and select_assets(estate, entry.assets):
        note((*path, "check"), f"{entry.check} can be run on none of these assets")
    if entry.check in catalog.checks:
        check = catalog.checks[entry.check]
        for asset in estate.assets:
            if asset.id in entry.assets and agent_for(check, asset) is None:
                note((*path, "assets"), f"nobody can run {check.id} on {asset.id}: it needs {reach(check)}")
    yield from found


def no_check(pattern: str, catalog: Catalog) -> str:
    """Why a check pattern is a mistake."""
    areas = ", ".join(sorted({check_id.partition(".")[0] + ".*" for check_id in catalog.checks}))
    return f"{pattern} names no installed check (there are {areas})"


def pairs(
    estate: Estate, catalog: Catalog, assets: tuple[str, ...], patterns: tuple[str, ...]
) -> Iterator[tuple[Check[Any, Any], Asset]]:
    """Each check on each asset that somebody can run there, by asset, then check."""
    exact = set(patterns) & set(catalog.checks)
    wanted = sorted({check_id for pattern in patterns for check_id in catalog.matching(pattern)})
    for asset in select_assets(estate, assets):
        for check_id in wanted:
            check = catalog.checks[check_id]
            if agent_for(check, asset) is None:
                continue
            if check_id in exact or _under_pattern(check, asset):
                yield check, asset


def _under_pattern(check: Check[Any, Any], asset: Asset) -> bool:
    """Whether a pattern makes a check owed: what must be told something applies where the asset tells it."""
    told = layered(asset.params, check.id)
    return usual(check, asset) and (not untold(check, asset) or tells(check, asset, told))


def usual_deadline_ms(params: Mapping[str, Any] | None) -> int:
    """Deadline of a look that names none: a minute; a minute beyond its budget where it has one (backups)."""
    budget_s = (params or {}).get("budget_s")
    return LOOK_DEADLINE_MS if budget_s is None else budget_s * 1000 + LOOK_DEADLINE_MS


def _regular(check: Check[Any, Any], asset: Asset, entry: RegularCheck, i: int, note: Note) -> Look | None:
    params = merged(check, asset, entry.params, ("checks", i, "params"), note)
    hold = entry.every * 5 // 2 if entry.hold is None else entry.hold
    deadline = min(usual_deadline_ms(params), entry.every) if entry.deadline is None else entry.deadline
    if not timing(entry.every, hold, deadline, ("checks", i), note) or params is None:
        return None
    return Look(
        check=check,
        target=asset.id,
        asset=asset.id,
        agent=agent_for(check, asset) or "",
        params=params,
        deadline_ms=deadline,
        every_ms=entry.every,
        hold_ms=hold,
        confirm=entry.confirm or DEFAULT_CONFIRM,
    )


def timing(every: int, hold: int, deadline: int, path: Path, note: Note) -> bool:
    """Note intervals that cannot work: too short, a hold that gaps on its own, a deadline past the slot."""
    before = []
    if every < 1000:
        # What follows from the interval is no mistake of its own.
        note((*path, "every"), "at least 1s")
        return False
    if hold <= 2 * every:
        before.append(("hold", "must be longer than twice the interval, the largest regular gap"))
    if not 0 < deadline <= every:
        before.append(("deadline", "must be longer than nothing, and not be longer than the interval"))
    for key, reason in before:
        note((*path, key), reason)
    return not before


def merged(
    check: Check[Any, Any], asset: Asset | None, given: Mapping[str, Any], path: Path, note: Note
) -> dict[str, Any] | None:
    """All parameters in full; None with the reason noted at the place that is wrong."""
    base = {**(connection(check, asset) if asset else {}), **given}
    own = layered(asset.params, check.id) if asset else {}
    try:
        return full_params(check, {**base, **own}, check.id)
    except FieldError as error:
        steps = tuple(error.path.removeprefix(check.id).strip(".").split("."))
        inner = () if steps == ("",) else steps
        where = own_place(asset, check.id, inner) if asset and inner and inner[0] in own else None
        missing = error.problem == "missing" and inner
        note(where or (*path, *inner), f"{check.id}: {error.problem}" if inner or missing else error.problem)
        return None


Owner = tuple[str, ...]


def own_place(asset: Asset, check_id: str, inner: Owner) -> Path:
    """Path of a parameter given by the asset itself; `assets`, then the id, is resolved by the caller."""
    for pattern in sorted(asset.params, key=lambda p: (p == check_id, len(p), p), reverse=True):
        if matches(pattern, check_id) and inner[0] in asset.params[pattern]:
            return ("assets", asset.id, "params", pattern, *inner)
    return ("assets", asset.id, "params")


def of_round(
    estate: Estate,
    catalog: Catalog,
    round_: Round,
    path: Path,
    usual: Mapping[tuple[str, str], Look],
    note: Note,
) -> list[Look]:
    """What a round owes. Where a check is also looked at regularly, its parameters are the base."""
    made = []
    if round_.deadline == 0:
        note((*path, "deadline"), "must be longer than nothing")
    shares = (pairs(estate, catalog, one.assets, one.checks) for one in round_.shares())
    # Two shares may name the same look: it is owed once.
    for check, asset in {(c.id, a.id): (c, a) for c, a in chain.from_iterable(shares)}.values():
        regularly = usual.get((asset.id, check.id))
        given = {**(regularly.params if regularly else {}), **layered(round_.params, check.id)}
        params = merged(check, asset, given, (*path, "params"), note)
        if params is None:
            continue
        agent = agent_for(check, asset) or ""
        deadline = usual_deadline_ms(params) if round_.deadline is None else round_.deadline
        made.append(Look(check, asset.id, asset.id, agent, params, deadline))
    return made
