"""Memory errors that the kernel's EDAC drivers counted on the machine itself, by controller and module."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper
from checks.sources import EccController, EccModule, EccSpan, Host

_MOST_SHOWN = 64


@dataclass(frozen=True, slots=True)
class Facts:
    span: EccSpan


@dataclass(frozen=True, slots=True)
class Params:
    """Limits in errors: `corrected` since the last look, `uncorrected` since the start of the machine."""

    corrected: Upper = Upper(1, 100)
    uncorrected: Upper = Upper(1, 1)


def observe(host: Host, params: Params) -> Facts:
    return Facts(host.ecc())


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    controllers = seen.facts.span.controllers
    if not controllers:
        yield Reading("controllers", 0, Unit.COUNT, State.UNKNOWN, "no_parts")
    shown = 0
    for one in controllers:
        yield _corrected(one, params.corrected)
        yield _uncorrected(f"{one.name}:uncorrected", one.uncorrected, params.uncorrected)
        for module in one.modules:
            if (module.corrected or module.uncorrected) and shown < _MOST_SHOWN:
                shown += 1
                yield _module(f"{one.name}/{module.label}:errors_since_start", module, params)


def _uncorrected(name: str, count: int | None, limit: Upper) -> Reading:
    state = limit.judge(count)
    why = "not_counted" if count is None else "uncorrectable_errors"
    return Reading(name, count, Unit.COUNT, state, "" if state is State.OK else why)


def _module(name: str, module: EccModule, params: Params) -> Reading:
    """Which module it is; the controller's own readings say how bad."""
    errors = (module.corrected or 0) + (module.uncorrected or 0)
    state = params.uncorrected.judge(module.uncorrected or 0)
    if state is State.OK:
        return Reading(name, errors, Unit.COUNT, State.WARN, "corrected_errors")
    return Reading(name, errors, Unit.COUNT, state, "uncorrectable_errors")


def _corrected(one: EccController, limit: Upper) -> Reading:
    name = f"{one.name}:corrected"
    if one.corrected is None:
        return Reading(name, None, Unit.COUNT, State.UNKNOWN, "not_counted")
    if one.corrected_before is None:
        # None since the start of the machine is certain; others may be months old.
        state, why = (State.UNKNOWN, "first_look") if one.corrected else (State.OK, "")
        return Reading(name, None if one.corrected else 0, Unit.COUNT, state, why)
    grown = one.corrected - one.corrected_before
    if grown < 0:
        return Reading(name, None, Unit.COUNT, State.UNKNOWN, "counter_reset")
    state = limit.judge(grown)
    return Reading(name, grown, Unit.COUNT, state, "" if state is State.OK else "corrected_errors")


CHECK = Check(
    id="server.ecc",
    version=1,
    title="内存 ECC 错误",
    title_en="Memory errors (EDAC)",
    source=Source.HOST,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-31(5)",),
    needs=(
        "a kernel with an EDAC driver for the machine's memory controller (/sys/devices/system/edac)",
        "tried on a tree of files of our own making, never on such a machine",
    ),
)
