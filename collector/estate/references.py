"""Names in an estate that must lead somewhere, and must not lead in a circle."""

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches

from checks.codec import FieldError
from checks.recurrence import check_recurrence, zone
from collector.estate.catalog import Catalog, agent_for
from collector.estate.contract_notes import kinds_of
from collector.estate.holidays import HOLIDAYS
from collector.estate.looks import Note, Path, matches, names, no_check
from collector.estate.model import COLLECTOR, Asset, Estate, Round, System
from collector.estate.tree import Node, leaves
from collector.estate.units import local_instant
from collector.packs import loading as packs
from collector.packs.errors import PackError
from collector.packs.options import OptionError, from_text
from collector.scoring.terms import Option

_SECTIONS = ("units", "systems", "assets", "probes", "rounds", "windows", "objects", "places")
Broken = frozenset[tuple[str, str]]


class Names:
    """What is defined, with the members that were there but unreadable."""

    def __init__(self, estate: Estate, broken: Broken) -> None:
        self.ids = {
            section: [item.id for item in getattr(estate, section)]
            + [name for kind, name in broken if kind == section]
            for section in _SECTIONS
        }
        agents = [asset.agent for asset in estate.assets if asset.agent]
        self.broken = broken
        self.ids["agents"] = [*agents, COLLECTOR, *(name for kind, name in broken if kind == "agents")]

    def want(self, section: str, name: str | None, path: Path, note: Note) -> None:
        """Note a name that leads nowhere."""
        if name is not None and name not in self.ids[section]:
            note(path, no_such(section[:-1], name, self.ids[section]))


def no_such(kind: str, name: str, known: Iterable[str]) -> str:
    """`no asset web-1; did you mean web-01?`"""
    near = get_close_matches(name, list(known), n=1)
    return f"no {kind} {name}" + (f"; did you mean {near[0]}?" if near else "")


def check(estate: Estate, trees: Mapping[str, Node], broken: Broken, catalog: Catalog, note: Note) -> None:
    """Note everything in the estate that leads nowhere or goes in circles."""
    known = Names(estate, broken)
    _doubles(estate, note)
    try:
        zone(estate.timezone)
    except FieldError as error:
        note(("timezone",), error.problem)
    _systems(estate, known, note)
    _assets(estate, known, catalog, note)
    _probes(estate, known, note)
    for i, entry in enumerate(estate.checks):
        _assets_named(estate, known, entry.assets, ("checks", i, "assets"), note)
    for i, round_ in enumerate(estate.rounds):
        _round(estate, known, round_, ("rounds", i), catalog, note)
    _windows(estate, known, note)
    _backups(estate, known, note)
    _trees(estate, trees, known, catalog, note)
    _hosts(estate, known, catalog, note)


def _doubles(estate: Estate, note: Note) -> None:
    for section in _SECTIONS:
        named = [(item.id, i) for i, item in enumerate(getattr(estate, section))]
        for name, i in _again(named):
            note((section, i, "id"), f"{name} is the id of another member of {section}")
    taken = {s.id: "system" for s in estate.systems} | {a.id: "asset" for a in estate.assets}
    for i, probe in enumerate(estate.probes):
        if probe.id in taken:
            note(("probes", i, "id"), f"{probe.id} is the id of a {taken[probe.id]} too")
    agents = [(asset.agent, i) for i, asset in enumerate(estate.assets) if asset.agent]
    for name, i in _again(agents):
        first = next(asset.id for asset in estate.assets if asset.agent == name)
        note(("assets", i, "agent"), f"{name} runs on {first} already")


def _again(named: Iterable[tuple[str, int]]) -> Iterator[tuple[str, int]]:
    seen: set[str] = set()
    for name, i in named:
        if name in seen:
            yield name, i
        seen.add(name)


def applicable(estate: Estate, note: Note) -> None:
    """Note what only a file that is to be applied is asked: whether its contract's pack is there, with the
    agreed options and the kinds of units (in force, that pack stands in the log and no file is asked), and
    whether what ends does so after it starts."""
    _contract(estate, note)
    for section in ("systems", "assets"):
        for i, one in enumerate(getattr(estate, section)):
            _spans(one, estate.timezone, (section, i), note)
    for i, window in enumerate(estate.windows):
        if _not_after(window.to, window.from_, estate.timezone):
            note(("windows", i, "to"), "is not after from")


def _contract(estate: Estate, note: Note) -> None:
    """The pack must be one of this program's, and the agreed options the pack's."""
    if estate.contract is None:
        return
    if estate.contract.pack not in packs.names():
        note(("contract", "pack"), no_such("pack", estate.contract.pack, packs.names()))
        return
    try:
        pack = packs.packaged(estate.contract.pack).pack
    except PackError as error:
        more = f" (and {len(error.problems) - 1} more)" if len(error.problems) > 1 else ""
        note(("contract", "pack"), f"its file cannot be used: {error.problems[0]}{more}")
        return
    _options(estate.contract.options, {option.key: option for option in pack.options}, note)
    told = kinds_of(estate.contract.pack)
    for i, unit in enumerate(estate.units if told else ()):
        if unit.kind not in ("unit", *told):
            there = ", ".join(("unit", *told))
            note(("units", i, "kind"), f"{no_such('kind of unit', unit.kind, told)}; there are: {there}")


def _options(given: Mapping[str, str], known: Mapping[str, Option], note: Note) -> None:
    for key, value in given.items():
        if key not in known:
            note(("contract", "options", key), no_such("option", key, known))
            continue
        try:
            from_text(known[key], value)
        except OptionError as error:
            note(("contract", "options", key), error.problem)


def _systems(estate: Estate, known: Names, note: Note) -> None:
    for i, system in enumerate(estate.systems):
        known.want("units", system.unit, ("systems", i, "unit"), note)


def _spans(one: System | Asset, timezone: str, path: Path, note: Note) -> None:
    for key in ("in_service", "in_scope"):
        for k, span in enumerate(getattr(one, key)):
            if span.from_ and span.to and _not_after(span.to, span.from_, timezone):
                note((*path, key, k), "does not end after it starts")


def _assets(estate: Estate, known: Names, catalog: Catalog, note: Note) -> None:
    for i, asset in enumerate(estate.assets):
        known.want("systems", asset.system, ("assets", i, "system"), note)
        known.want("units", asset.unit, ("assets", i, "unit"), note)
        known.want("agents", asset.via, ("assets", i, "via"), note)
        for pattern in asset.params:
            if not any(matches(pattern, check_id) for check_id in catalog.checks):
                note(("assets", i, "params", pattern), no_check(pattern, catalog))


def _probes(estate: Estate, known: Names, note: Note) -> None:
    for i, probe in enumerate(estate.probes):
        known.want("assets", probe.asset, ("probes", i, "asset"), note)
        for agent in probe.from_:
            known.want("agents", agent, ("probes", i, "from"), note)
        if probe.min_vantages and probe.min_vantages > len(set(probe.from_)):
            note(("probes", i, "min_vantages"), f"only {len(set(probe.from_))} agents look at it")


def _assets_named(estate: Estate, known: Names, patterns: Iterable[str], path: Path, note: Note) -> None:
    for pattern in patterns:
        if pattern in known.ids["assets"] or any(names(estate, pattern, a) for a in estate.assets):
            continue
        plain = not any(c in pattern for c in "*?:") and pattern != "all"
        reason = no_such("asset", pattern, known.ids["assets"]) if plain else f"{pattern} names no asset"
        note(path, reason)


def _round(estate: Estate, known: Names, round_: Round, path: Path, catalog: Catalog, note: Note) -> None:
    given = (bool(round_.assets), bool(round_.checks))
    if any(given) != all(given) or not (all(given) or round_.also or round_.human):
        note((*path, "checks" if round_.assets else "assets"), "missing")
    shares = round_.shares()
    for i, share in enumerate(shares, len(round_.also) - len(shares)):
        place = path if i < 0 else (*path, "also", i)
        _assets_named(estate, known, share.assets, (*place, "assets"), note)
        for pattern in share.checks:
            if not catalog.matching(pattern):
                note((*place, "checks"), no_check(pattern, catalog))
    for pattern in round_.params:
        if not catalog.matching(pattern):
            note((*path, "params"), no_check(pattern, catalog))
    (_special if round_.before else _recurring)(round_, path, note)


def _special(round_: Round, path: Path, note: Note) -> None:
    for key in ("every", "on", "window"):
        if getattr(round_, key) is not None:
            note((*path, key), "does not go with before")
    for holiday in round_.before:
        if holiday not in HOLIDAYS:
            note((*path, "before"), no_such("holiday", holiday, HOLIDAYS))
    if round_.days is None:
        note((*path, "days"), "missing: how many days before the holiday it is due")


def _recurring(round_: Round, path: Path, note: Note) -> None:
    if round_.days is not None:
        note((*path, "days"), "goes with before only")
    if round_.every is None:
        note((*path, "every"), "missing: when it is due (or before, for holidays)")
        return
    try:
        check_recurrence(round_.every, round_.on or "", round_.window or "")
    except FieldError as error:
        note((*path, error.path), error.problem)


def _not_after(to: str, from_: str, timezone: str) -> bool:
    """Whether an end is not after a start, each in its own zone or that of the estate."""
    try:
        return local_instant(to, timezone) <= local_instant(from_, timezone)
    except FieldError:
        return False  # the zone is none, which is told at its place


def _windows(estate: Estate, known: Names, note: Note) -> None:
    ids = known.ids["systems"]
    for i, window in enumerate(estate.windows):
        for pattern in window.systems:
            if not any(matches(pattern, name) for name in ids) and pattern != "all":
                note(("windows", i, "systems"), no_such("system", pattern, ids))


def _backups(estate: Estate, known: Names, note: Note) -> None:
    for i, thing in enumerate(estate.objects):
        known.want("assets", thing.asset, ("objects", i, "asset"), note)
        known.want("systems", thing.system, ("objects", i, "system"), note)
        known.want("places", thing.place, ("objects", i, "place"), note)
        known.want("assets", thing.drill, ("objects", i, "drill"), note)
    for i, place in enumerate(estate.places):
        known.want("assets", place.asset, ("places", i, "asset"), note)


def leaf_problem(name: str, known: Names, catalog: Catalog, estate: Estate, *, systems: bool) -> str | None:
    """Why a leaf of a service tree leads nowhere; None if it leads somewhere."""
    if "@" in name:
        check_id, _, asset = name.partition("@")
        if check_id not in catalog.checks:
            return no_such("check", check_id, catalog.checks)
        if asset not in known.ids["assets"]:
            return no_such("asset", asset, known.ids["assets"])
        regular = any(
            matches(entry.check, check_id)
            and any(names(estate, p, a) for p in entry.assets)
            and agent_for(catalog.checks[check_id], a) is not None
            for entry in estate.checks
            for a in estate.assets
            if a.id == asset
        )
        return (
            None
            if regular or ("assets", asset) in known.broken
            else f"nothing under checks looks at {check_id} on {asset} regularly"
        )
    wanted = [*known.ids["probes"], *(known.ids["systems"] if systems else [])]
    return None if name in wanted else no_such("probe or system" if systems else "probe", name, wanted)


def _trees(estate: Estate, trees: Mapping[str, Node], known: Names, catalog: Catalog, note: Note) -> None:
    dark = {system.id for system in estate.systems if system.service is None}
    for i, system in enumerate(estate.systems):
        tree = trees.get(system.id)
        if tree is None:
            continue
        for name in dict.fromkeys(leaves(tree)):
            reason = leaf_problem(name, known, catalog, estate, systems=True)
            if name in dark:
                reason = f"system {name} has no service of its own"
            if reason:
                note(("systems", i, "service"), reason)
        circle = _circle(system.id, trees)
        if circle:
            note(("systems", i, "service"), "the tree leads back to itself: " + " -> ".join(circle))


def _circle(start: str, trees: Mapping[str, Node]) -> list[str] | None:
    """A way from `start` back to it through other systems, if there is one."""
    seen: set[str] = set()
    ways = [[start]]
    while ways:
        way = ways.pop()
        for name in leaves(trees[way[-1]]) if way[-1] in trees else ():
            if name == start:
                return [*way, name]
            if name in trees and name not in seen:
                seen.add(name)
                ways.append([*way, name])
    return None


def _hosts(estate: Estate, known: Names, catalog: Catalog, note: Note) -> None:
    for section in ("probes", "systems"):
        for i, item in enumerate(getattr(estate, section)):
            reason = item.host and leaf_problem(item.host, known, catalog, estate, systems=False)
            if reason:
                note((section, i, "host"), reason)
    hosts = {probe.id: probe.host for probe in estate.probes if probe.host}
    for i, probe in enumerate(estate.probes):
        way = _way(probe.id, hosts)
        if len(way) > 1 and way[-1] == probe.id:
            note(("probes", i, "host"), "is its own host: " + " -> ".join(way))


def _way(name: str, hosts: Mapping[str, str]) -> list[str]:
    """The hosts of a probe, one after the other, up to the last or the first that comes again."""
    way = [name]
    while way[-1] in hosts and way[-1] not in way[:-1]:
        way.append(hosts[way[-1]])
    return way
