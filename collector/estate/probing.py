"""Probes worked out in full: their own settings, those of the systems they serve, the defaults."""

from collections.abc import Mapping
from dataclasses import dataclass

from checks.api import Source
from collector.estate.catalog import Catalog
from collector.estate.looks import DEFAULT_CONFIRM, Look, Note, Path, merged, timing
from collector.estate.model import Estate, Probe, System
from collector.estate.tree import Node, leaves

DEFAULT_INTERVAL_MS = 60_000
_DEADLINE_MS = 10_000
_SHARED = ("interval", "hold", "confirm", "vote", "min_vantages", "host")


@dataclass(frozen=True, slots=True)
class Settings:
    """How a probe's observations are taken and counted."""

    every_ms: int
    hold_ms: int
    confirm: int
    vote: str
    min_vantages: int
    host: str | None


def serving(estate: Estate, trees: Mapping[str, Node]) -> dict[str, list[System]]:
    """The systems whose own tree names a probe, by probe."""
    found: dict[str, list[System]] = {}
    for system in estate.systems:
        for name in dict.fromkeys(leaves(trees[system.id]) if system.id in trees else ()):
            found.setdefault(name, []).append(system)
    return found


def settings(probe: Probe, systems: list[System]) -> Settings:
    """The probe's own words first, then its system's, then the defaults (ruling 5)."""
    given = {key: next((v for s in systems if (v := getattr(s, key)) is not None), None) for key in _SHARED}
    every = _first(probe.every, probe.interval, given["interval"], DEFAULT_INTERVAL_MS)
    host = probe.host or given["host"]
    return Settings(
        every_ms=every,
        hold_ms=_first(probe.hold, given["hold"], every * 5 // 2),
        confirm=probe.confirm or given["confirm"] or DEFAULT_CONFIRM,
        vote=probe.vote or given["vote"] or "majority",
        min_vantages=probe.min_vantages or given["min_vantages"] or 1,
        host=None if host == probe.id else host,
    )


def _first(*given: int | None) -> int:
    """The first that is given: `0s` is, and is refused by `timing`."""
    return next((one for one in given if one is not None), 0)


def looks(estate: Estate, catalog: Catalog, serves: Mapping[str, list[System]], note: Note) -> list[Look]:
    """One look per probe and agent."""
    made: list[Look] = []
    for i, probe in enumerate(estate.probes):
        path: Path = ("probes", i)
        systems = serves.get(probe.id, [])
        _conflicts(probe, systems, path, note)
        check = catalog.checks.get(probe.check)
        if check is None or check.source not in (Source.NET, Source.PLUGIN):
            reason = "is not installed" if check is None else "looks at a host, not at a service"
            note((*path, "check"), f"{probe.check} {reason}")
            continue
        chosen = settings(probe, systems)
        asset = next((a for a in estate.assets if a.id == probe.asset), None)
        params = merged(check, asset, probe.params, (*path, "params"), note)
        wait = params.get("timeout_ms", 0) if params else 0
        deadline = _first(probe.deadline, min(max(_DEADLINE_MS, wait + 1000), chosen.every_ms))
        if wait >= chosen.every_ms >= 1000:
            note((*path, "params", "timeout_ms"), "must be shorter than the interval")
        if not timing(chosen.every_ms, chosen.hold_ms, deadline, path, note) or params is None:
            continue
        made += [
            Look(
                check=check,
                target=probe.id,
                asset=probe.asset,
                agent=agent,
                params=params,
                deadline_ms=deadline,
                every_ms=chosen.every_ms,
                hold_ms=chosen.hold_ms,
                confirm=chosen.confirm,
                canary=probe.canary,
                probe=True,
            )
            for agent in dict.fromkeys(probe.from_)
        ]
    return made


def _conflicts(probe: Probe, systems: list[System], path: Path, note: Note) -> None:
    if probe.every is not None and probe.interval is not None:
        note((*path, "interval"), "every says it already")
    for key in _SHARED:
        own = getattr(probe, key)
        if key == "interval" and probe.every is not None:
            own = probe.every
        said = {getattr(system, key): system.id for system in systems if getattr(system, key) is not None}
        if own is None and len(said) > 1:
            note(path, f"{key} is given differently by the systems {', '.join(said.values())}; give it here")
