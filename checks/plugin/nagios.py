"""Any monitoring plugin of this host, by the name its own settings give it.

Judged again from its exit code and performance data only: the text it prints is kept as a digest.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper
from checks.probes import Perf, PluginRun, Plugins


@dataclass(frozen=True, slots=True)
class Facts:
    run: PluginRun


@dataclass(frozen=True, slots=True)
class Params:
    """`plugin` is a name in the agent's settings; the command line is never part of a plan.
    `limits`: the site's own limits for items of the performance data, by label, in the reading's unit."""

    plugin: str
    timeout_ms: int = 10_000
    limits: Mapping[str, Upper] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.plugin:
            raise ValueError("plugin must be given")
        if not 1 <= self.timeout_ms <= 300_000:
            raise ValueError("timeout_ms must be 1 to 300000")


def observe(plugins: Plugins, params: Params) -> Facts:
    return Facts(plugins.run(params.plugin, timeout_ms=params.timeout_ms))


# The plugin convention: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN. A plugin that failed itself is unknown too.
_STATES = {0: State.OK, 1: State.WARN, 2: State.CRIT, 3: State.UNKNOWN}
_REASONS = {0: "", 1: "plugin_warning", 2: "plugin_critical", 3: "plugin_unknown"}


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    run = seen.facts.run
    if run.exit is None:
        yield Reading("exit", None, Unit.NONE, State.UNKNOWN, "plugin_killed")
    else:
        state = _STATES.get(run.exit, State.UNKNOWN)
        yield Reading("exit", run.exit, Unit.NONE, state, _REASONS.get(run.exit, "plugin_failed"))
    for item in run.perf:
        yield _measured(item, params.limits.get(item.label))
    labels = {item.label for item in run.perf}
    for label in sorted(params.limits.keys() - labels):
        # A limit on something that was not reported is not kept.
        yield Reading(label, None, Unit.NONE, State.UNKNOWN, "not_reported")


def _measured(item: Perf, limits: Upper | None) -> Reading:
    unit, factor = _UNITS.get(item.unit.lower(), (Unit.NONE, 1))
    if item.value is None:
        return Reading(item.label, None, unit, State.UNKNOWN, "not_determined")
    exact = item.value * factor
    if abs(exact.numerator) > _LARGEST:
        return Reading(item.label, None, unit, State.UNKNOWN, "out_of_range")
    value = exact.numerator if exact.denominator == 1 else exact
    state = limits.judge(value) if limits else State.OK
    return Reading(item.label, value, unit, state, "" if state is State.OK else "limit")


_LARGEST = 1 << 53  # what signed JSON takes

# Plugins count in powers of 1024 whether they write KB or KiB.
_UNITS: dict[str, tuple[Unit, int | Fraction]] = {
    "s": (Unit.SECONDS, 1),
    "ms": (Unit.MILLISECONDS, 1),
    "us": (Unit.MICROSECONDS, 1),
    "%": (Unit.PERCENT, 1),
    "c": (Unit.COUNT, 1),
    "b": (Unit.BYTES, 1),
    **{
        f"{letter}{kind}": (Unit.BYTES, 1 << 10 * (i + 1))
        for i, letter in enumerate("kmgt")
        for kind in ("b", "ib")
    },
}


CHECK = Check(
    id="plugin.nagios",
    version=1,
    title="监控插件检查",
    title_en="Monitoring plugin",
    source=Source.PLUGIN,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("HA-04", "HA-20", "PD-35"),
    needs=("the plugin, named with its command line in the agent's settings",),
)
