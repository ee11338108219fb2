"""systemd units that failed, and required ones that are not running."""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from checks.api import Check, Reading, Seen, Source, State, Unit
from checks.sources import Host, ServiceUnit


@dataclass(frozen=True, slots=True)
class Facts:
    """Failed units, and the required ones in the order asked."""

    failed: tuple[ServiceUnit, ...]
    required: tuple[ServiceUnit, ...]


@dataclass(frozen=True, slots=True)
class Params:
    """Units that must be active, and name patterns whose failure is known and accepted."""

    required: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in self.required:
            if not name or name.startswith("-"):
                raise ValueError(f"required: {name!r} is no unit name")


def observe(host: Host, params: Params) -> Facts:
    """What systemd says of its units."""
    return Facts(tuple(host.failed_units()), tuple(host.units(params.required)))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    """Reading `failed` (a count), then one for each failed and each required unit."""
    failed = [unit for unit in seen.facts.failed if not any(fnmatchcase(unit.name, p) for p in params.ignore)]
    yield Reading("failed", len(failed), Unit.COUNT, State.CRIT if failed else State.OK)
    for unit in failed:
        if unit.name not in params.required:
            yield Reading(unit.name, None, Unit.NONE, State.CRIT, "failed")
    there = {unit.name: unit for unit in seen.facts.required}
    for name in params.required:
        yield _required(name, there.get(name))


_STATES = {
    "active": State.OK,
    "reloading": State.OK,
    "activating": State.WARN,
    "deactivating": State.CRIT,
    "inactive": State.CRIT,
    "failed": State.CRIT,
}


def _required(name: str, unit: ServiceUnit | None) -> Reading:
    if unit is None:
        return Reading(name, None, Unit.NONE, State.UNKNOWN, "not_asked")
    if unit.load == "not-found":
        return Reading(name, None, Unit.NONE, State.CRIT, "not_found")
    state = _STATES.get(unit.active, State.UNKNOWN)
    return Reading(name, None, Unit.NONE, state, "" if state is State.OK else unit.active or "no_state")


CHECK = Check(
    id="host.units",
    version=1,
    title="系统服务单元",
    title_en="Service units",
    source=Source.HOST,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("HA-01",),
    needs=("systemd",),
)
