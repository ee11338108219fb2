"""A UPS that Network UPS Tools watches: source, battery, load, time left."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from checks.api import Check, Lower, Reading, Seen, Source, State, Unit, Upper
from checks.protocols import Endpoint, Protocols, UpsSeen, answered, not_answered, whole


@dataclass(frozen=True, slots=True)
class Facts:
    ups: UpsSeen


@dataclass(frozen=True, slots=True)
class Params:
    address: str
    ups: str = "ups"
    port: int = 3493
    charge: Lower = Lower(80, 30)
    runtime_s: Lower = Lower(600, 300)
    load: Upper = Upper(80, 95)
    timeout_ms: int = 5000

    def __post_init__(self) -> None:
        if not self.ups or not all(c.isascii() and (c.isalnum() or c in "-_.") for c in self.ups):
            raise ValueError("ups is the UPS's name in ups.conf")
        self.end()

    def end(self) -> Endpoint:
        """Where upsd is."""
        return Endpoint(self.address, self.port, timeout_ms=self.timeout_ms)


def observe(net: Protocols, params: Params) -> Facts:
    return Facts(net.nut(params.end(), params.ups))


_ERRORS = {"UNKNOWN-UPS": "not_found", "DATA-STALE": "stale", "ACCESS-DENIED": "denied"}
# Words of ups.status, worst first.
_STATUS = (
    ("LB", State.CRIT, "battery_low"),
    ("FSD", State.CRIT, "shutting_down"),
    ("OFF", State.CRIT, "output_off"),
    ("OVER", State.CRIT, "overloaded"),
    ("OB", State.CRIT, "on_battery"),
    ("BYPASS", State.WARN, "bypass"),
    ("RB", State.WARN, "replace_battery"),
    ("OL", State.OK, ""),
)


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    found = seen.facts.ups
    if bad := not_answered(found.talk):
        yield from bad
        return
    if found.error:
        yield Reading("ups", None, Unit.NONE, State.UNKNOWN, _ERRORS.get(found.error.split(" ")[0], "failed"))
        return
    yield answered(found.talk, Upper(None, None))
    yield _status(found.variables.get("ups.status", ""))
    yield from _numbers(found.variables, params)


def _status(text: str) -> Reading:
    words = text.split()
    for word, state, why in _STATUS:
        if word in words:
            return Reading("ups", int(state is State.OK), Unit.NONE, state, why)
    return Reading("ups", None, Unit.NONE, State.UNKNOWN, "no_state")


def _numbers(variables: Mapping[str, str], params: Params) -> Iterator[Reading]:
    charge, runtime, load = (
        whole(variables.get(name, "")) for name in ("battery.charge", "battery.runtime", "ups.load")
    )
    yield _number("charge", charge, Unit.PERCENT, params.charge.judge(charge), "too_low")
    # Not every UPS estimates its time or knows its load.
    if "battery.runtime" in variables:
        yield _number("runtime", runtime, Unit.SECONDS, params.runtime_s.judge(runtime), "too_low")
    if "ups.load" in variables:
        yield _number("load", load, Unit.PERCENT, params.load.judge(load), "too_high")


def _number(name: str, value: int | None, unit: Unit, state: State, bad: str) -> Reading:
    why = "not_reported" if value is None else bad
    return Reading(name, value, unit, state, "" if state is State.OK else why)


CHECK = Check(
    id="application.nut",
    version=1,
    title="UPS(NUT)",
    title_en="UPS by NUT",
    source=Source.HTTP,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("LH-10",),
    needs=("upsd listening on an address that the agent can reach",),
)
