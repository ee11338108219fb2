"""The checks of a case file: probes that are cut down to what had arrived, or states already reduced."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from collector.availability.case_values import Value, items_of, stretch
from collector.availability.clock import FUTURE_MS
from collector.availability.runs import Observation, Outcome, fold
from collector.availability.vantage import DEGRADED, DOWN, NONE, UP
from collector.availability.votes import Check, CheckRuns, CheckStates, Vote

_STATES = {"down": DOWN, "degraded": DEGRADED, "up": UP, "none": NONE}
_MOST_PROBES = 5_000_000


@dataclass(frozen=True, slots=True)
class Probe:
    """One observation of a case with the instant it was received."""

    seen: Observation
    arrives_ms: int


@dataclass(frozen=True, slots=True)
class ProbedCheck:
    """A check as the case gives it: every probe there will ever be, to be cut down to what was known."""

    probes: dict[str, dict[int, Probe]]
    rules: CheckRuns


GivenCheck = ProbedCheck | CheckStates


def read_check(value: Value, given: dict[str, Value], t0: int) -> GivenCheck:
    """One check of an example; `given` are the params of the whole example."""
    if "probes" not in value.mapping():
        return _states(value, t0)
    raw = value.mapping("probes hold confirm host interval")
    interval = raw.get("interval") or given.get("interval")
    hold = raw.get("hold") or given.get("hold")
    confirm = raw.get("confirm") or given.get("confirm")
    # Two and a half intervals (rulings: hold 2.5 x interval), which is 150 s for the default of 60 s.
    default_hold = interval.length(1) * 5 // 2 if interval else 150_000
    probes: dict[str, dict[int, Probe]] = {}
    for entry in raw["probes"].items():
        for vantage, probe in _probes(entry, t0):
            probes.setdefault(vantage, {})[probe.seen.t_ms] = probe
    rules = CheckRuns(
        runs={},
        hold_ms=hold.length(1) if hold else default_hold,
        confirm=confirm.whole(1) if confirm else 1,
        host=raw["host"].text() if "host" in raw else None,
        rule=_vote(given.get("vantage_rule")),
        min_vantages=given["min_vantages"].whole(1) if "min_vantages" in given else 1,
    )
    return ProbedCheck(probes, rules)


def _vote(value: Value | None) -> Vote:
    return Vote.MAJORITY if value is None else Vote(value.one_of(*Vote))


def _states(value: Value, t0: int) -> CheckStates:
    raw = value.mapping("base intervals host")
    spans = []
    for entry in items_of(raw.get("intervals")):
        start, end, state = entry.row(3)
        first, last = stretch(entry, start, end)
        spans.append((t0 + first, t0 + last, _STATES[state.one_of(*_STATES)]))
    base = _STATES[raw["base"].one_of("up", "down", "none")] if "base" in raw else UP
    return CheckStates(base, tuple(spans), raw["host"].text() if "host" in raw else None)


def _probes(entry: Value, t0: int) -> Iterator[tuple[str, Probe]]:
    raw = entry.mapping("v every from to at out arrives clock_ahead")
    if "out" not in raw:
        raise entry.wrong("has no out")
    outcome = Outcome(raw["out"].one_of(*Outcome))
    vantage = raw["v"].name() if "v" in raw else ""
    ahead = raw["clock_ahead"].ms() if "clock_ahead" in raw else 0
    arrives = t0 + raw["arrives"].ms() if "arrives" in raw else None
    for t_agent in _instants(entry, raw):
        t = t0 + t_agent - ahead
        yield vantage, Probe(Observation(t, outcome), t if arrives is None else arrives)


def _instants(entry: Value, raw: dict[str, Value]) -> Iterator[int]:
    if "at" in raw:
        if raw.keys() & {"every", "from", "to"}:
            raise entry.wrong("has both at and every/from/to")
        yield from (value.ms() for value in raw["at"].items())
        return
    if missing := [name for name in ("every", "from", "to") if name not in raw]:
        raise entry.wrong(f"needs at, or every, from and to (missing: {', '.join(missing)})")
    (first, end), every = stretch(entry, raw["from"], raw["to"]), raw["every"].length(1)
    # Not len() of the range, which has an end of its own.
    if (n := -((first - end) // every)) > _MOST_PROBES:
        raise entry.wrong(f"is {n} probes, more than {_MOST_PROBES}")
    yield from range(first, end, every)


def known(check: GivenCheck, as_of: int | None) -> Check:
    """The check with the runs of what had arrived by then."""
    if isinstance(check, CheckStates):
        return check
    runs = {
        vantage: fold((p.seen for p in probes.values() if _received(p, as_of)), check.rules.hold_ms)
        for vantage, probes in check.probes.items()
    }
    return replace(check.rules, runs=runs)


def _received(probe: Probe, as_of: int | None) -> bool:
    """Whether it had come by then; one from later than its own receipt is refused, as in the store (3.12)."""
    come = as_of is None or probe.arrives_ms <= as_of
    return come and probe.seen.t_ms <= probe.arrives_ms + FUTURE_MS


def host_of(check: GivenCheck) -> str | None:
    """The host check it names."""
    return check.host if isinstance(check, CheckStates) else check.rules.host
