"""A system, a part of one (`portal/databases`) or a single probe as the terms of a service (AV 3)."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from checks.recurrence import WEEKDAYS, instant, zone
from collector.availability.calendar_cn import Calendar
from collector.availability.classes import Scope
from collector.availability.estate_terms import EstateTerms, EstateWindow
from collector.availability.faults import Profile
from collector.availability.terms import HoursTerms, LeafTerms, ServiceTerms
from collector.availability.votes import Vote
from collector.availability.windows import Window, WindowKind
from collector.estate import contracts, human, notices, probing, tree
from collector.estate.loading import Loaded
from collector.estate.looks import select_systems
from collector.estate.model import Hours, Probe, Span, System
from collector.estate.tree import Group, Node

FAR_MS = 2**52


class NoSuchService(LookupError):
    """The estate has no service of this name."""

    code = "no_such_service"


def terms_of(loaded: Loaded, path: str) -> ServiceTerms:
    """Terms of a system, of a part of its tree, or of one probe; NoSuchService if there is none."""
    head, *steps = path.split("/")
    system = next((one for one in loaded.estate.systems if one.id == head), None)
    probe = next((one for one in loaded.estate.probes if one.id == path), None)
    if probe is not None:
        return _of_probe(loaded, probe)
    if system is None:
        raise NoSuchService(f"no system or probe {head}")
    node = loaded.trees.get(head)
    part = tree.at(node, steps) if node is not None else None
    if part is None:
        reason = "has no service" if node is None else f"has no part {'/'.join(steps)}"
        raise NoSuchService(f"system {head} {reason}")
    return _of_system(loaded, system, part, path)


def names(loaded: Loaded) -> Iterator[str]:
    """Services whose terms are logged: systems, the named parts of their trees, probes with a target."""
    for system in loaded.estate.systems:
        if system.id in loaded.trees:
            yield system.id
            yield from _named(loaded.trees[system.id], system.id)
    yield from (probe.id for probe in loaded.estate.probes if probe.target is not None)


def _named(node: Node, path: str) -> Iterator[str]:
    if isinstance(node, Group):
        for number, member in enumerate(node.members, 1):
            if isinstance(member, Group):
                inner = f"{path}/{member.name or number}"
                if member.name:
                    yield inner
                yield from _named(member, inner)


def document(loaded: Loaded, files: dict[str, bytes], calendar: Calendar) -> EstateTerms:
    """What the log keeps of an applied estate."""
    estate = loaded.estate
    return EstateTerms(
        v=1,
        estate=loaded.digest,
        name=estate.estate,
        timezone=estate.timezone,
        calendar=calendar.version,
        services=tuple(terms_of(loaded, name) for name in names(loaded)),
        windows=tuple(windows_of(loaded)),
        rounds={part.id: part.name for part in estate.rounds},
        files={name: text.decode() for name, text in files.items()},
        human=tuple(human.parts(loaded, calendar)),
        backups=loaded.backups,
        contract=contracts.contract(loaded),
        scope=contracts.scope(loaded),
        notify=notices.rules(estate),
    )


def windows_of(loaded: Loaded) -> Iterator[EstateWindow]:
    """The estate's windows; nothing here approves them."""
    for window in loaded.estate.windows:
        systems = tuple(select_systems(loaded.estate, window.systems))
        span = (_instant(loaded, window.from_), _instant(loaded, window.to))
        yield EstateWindow(systems, Window(window.id, WindowKind(window.kind), *span))


def _of_system(loaded: Loaded, system: System, node: Node, path: str) -> ServiceTerms:
    contract = loaded.estate.contract
    leaves: dict[str, LeafTerms] = {}
    tree_json = _tree(loaded, node, leaves)
    return ServiceTerms(
        id=path,
        name=system.name if path == system.id else path,
        tree=tree_json,
        leaves=leaves,
        target=system.target,
        degraded_is_available=system.available_if == "degraded",
        unknown_cap=system.unknown_cap,
        exclude_scope=Scope(system.exclude_scope),
        min_notice_ms=system.min_notice,
        maintenance_cap_ms=system.maintenance_cap,
        core=system.core,
        profile=_profile(contract.pack) if contract else None,
        merge_gap_ms=system.merge_gap,
        min_fault_ms=system.min_fault,
        hours=_hours(loaded, system.hours),
        not_in_service=_outside(loaded, system.in_service),
    )


def _of_probe(loaded: Loaded, probe: Probe) -> ServiceTerms:
    leaves: dict[str, LeafTerms] = {}
    return ServiceTerms(
        id=probe.id,
        name=probe.name or probe.id,
        tree=_tree(loaded, tree.Leaf(probe.id), leaves),
        leaves=leaves,
        target=probe.target,
        hours=_hours(loaded, probe.hours),
    )


def _profile(pack: str) -> Profile | None:
    word = pack.partition("-")[0]
    return Profile(word) if word in set(Profile) else None


def _tree(loaded: Loaded, node: Node, leaves: dict[str, LeafTerms]) -> Any:
    """The tree as plain data, other systems' trees in place of their names; `leaves` is filled on the way."""
    if isinstance(node, Group):
        parts = [_tree(loaded, member, leaves) for member in node.members]
        if node.operator in ("all", "any"):
            return {node.operator: parts}
        weights = list(node.weights) or [1] * len(parts)
        return {"weighted": {"up": node.up, "degraded": node.degraded, "weights": weights, "of": parts}}
    if node.name in loaded.trees:
        return _tree(loaded, loaded.trees[node.name], leaves)
    _leaf(loaded, node.name, leaves)
    return node.name


def _leaf(loaded: Loaded, name: str, leaves: dict[str, LeafTerms]) -> None:
    if name in leaves:
        return
    probe = next((one for one in loaded.estate.probes if one.id == name), None)
    if probe is None:
        leaves[name] = _regular(loaded, name)
        return
    chosen = probing.settings(probe, list(loaded.serves.get(name, [])))
    leaves[name] = LeafTerms(
        check=probe.check,
        target=probe.id,
        hold_ms=chosen.hold_ms,
        confirm=chosen.confirm,
        vote=Vote(chosen.vote),
        min_vantages=chosen.min_vantages,
        host=chosen.host,
    )
    if chosen.host is not None:
        _leaf(loaded, chosen.host, leaves)


def _regular(loaded: Loaded, name: str) -> LeafTerms:
    check_id, _, asset = name.partition("@")
    for look in loaded.regular:
        if not look.probe and look.check.id == check_id and look.target == asset:
            return LeafTerms(check_id, asset, look.hold_ms, look.confirm)
    raise NoSuchService(f"nothing looks at {name} regularly")


def _hours(loaded: Loaded, hours: Hours | None) -> HoursTerms | None:
    if hours is None:
        return None
    workdays = hours.days == ("cn_workdays",)
    days = None if workdays else tuple(WEEKDAYS.index(day) for day in hours.days)
    return HoursTerms(
        loaded.estate.timezone, days, tuple((_minutes(start), _minutes(end)) for start, end in hours.ranges)
    )


def _minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def _instant(loaded: Loaded, text: str) -> int:
    """UTC milliseconds of an instant in the file; the estate's zone where it gives none."""
    given = datetime.fromisoformat(text)
    return (
        instant(given, zone(loaded.estate.timezone))
        if given.tzinfo is None
        else int(given.timestamp() * 1000)
    )


def _outside(loaded: Loaded, spans: tuple[Span, ...]) -> tuple[tuple[int, int], ...]:
    """Where the system is not in service: everything between and around its spans."""
    if not spans:
        return ()
    inside = sorted(
        (_instant(loaded, s.from_) if s.from_ else 0, _instant(loaded, s.to) if s.to else FAR_MS)
        for s in spans
    )
    outside, at = [], 0
    for start, end in inside:
        if start > at:
            outside.append((at, start))
        at = max(at, end)
    return (*outside, (at, FAR_MS)) if at < FAR_MS else tuple(outside)
