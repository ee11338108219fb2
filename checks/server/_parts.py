"""How a controller's words for a part are judged: Redfish's state and health, IPMI's status and events."""

from collections.abc import Iterable
from fractions import Fraction

from checks.api import Number, Reading, State, Unit, worst
from checks.bmc import Part, Sensor

Verdict = tuple[State, str]

_OK: Verdict = (State.OK, "")
_HEALTH: dict[str, Verdict] = {
    "OK": _OK,
    "Warning": (State.WARN, "health_warning"),
    "Critical": (State.CRIT, "health_critical"),
}
# Redfish states, then IPMI's status of a sensor.
_STATES: dict[str, Verdict] = {
    "Enabled": _OK,
    "StandbySpare": _OK,
    "Quiesced": _OK,
    "Updating": (State.WARN, "updating"),
    "InTest": (State.WARN, "in_test"),
    "Starting": (State.WARN, "starting"),
    "Qualified": _OK,
    "Degraded": (State.WARN, "degraded"),
    "StandbyOffline": (State.WARN, "offline"),
    "UnavailableOffline": (State.CRIT, "offline"),
    "unreadable": (State.UNKNOWN, "unreadable"),
    "ok": _OK,
    "on": _OK,
    "off": _OK,
    "lnc": (State.WARN, "limit_warning"),
    "unc": (State.WARN, "limit_warning"),
    "nc": (State.WARN, "limit_warning"),
    "lcr": (State.CRIT, "limit_critical"),
    "ucr": (State.CRIT, "limit_critical"),
    "cr": (State.CRIT, "limit_critical"),
    "lnr": (State.CRIT, "limit_critical"),
    "unr": (State.CRIT, "limit_critical"),
    "nr": (State.CRIT, "limit_critical"),
    "ns": (State.UNKNOWN, "no_reading"),
}
_NEEDS_HEALTH = ("", "Enabled", "StandbySpare", "Quiesced", "Qualified")
# Words of events, the worse and the longer ones first: the first that stands in an event counts.
_EVENTS: tuple[tuple[str, Verdict], ...] = (
    ("insufficient resources", (State.CRIT, "redundancy_lost")),
    ("redundancy lost", (State.CRIT, "redundancy_lost")),
    ("sufficient resources", (State.WARN, "redundancy_degraded")),
    ("non-redundant", (State.WARN, "redundancy_degraded")),
    ("redundancy degraded", (State.WARN, "redundancy_degraded")),
    ("predictive failure", (State.WARN, "failure_predicted")),
    ("uncorrectable", (State.CRIT, "uncorrectable_errors")),
    ("correctable", (State.WARN, "corrected_errors")),
    ("ac lost", (State.CRIT, "input_lost")),
    ("line_lossofinput", (State.CRIT, "input_lost")),
    ("line_outofrange", (State.WARN, "input_out_of_range")),
    ("out-of-range", (State.WARN, "input_out_of_range")),
    ("rebuild in progress", (State.WARN, "rebuilding")),
    ("thermal trip", (State.CRIT, "overheated")),
    ("over-temperature", (State.CRIT, "overheated")),
    ("throttled", (State.WARN, "throttled")),
    ("non-critical", (State.WARN, "limit_warning")),
    ("non-recoverable", (State.CRIT, "limit_critical")),
    ("critical", (State.CRIT, "limit_critical")),
    ("intrusion", (State.WARN, "intrusion")),
    ("interlock", (State.WARN, "interlock")),
    ("overload", (State.CRIT, "fault")),
    ("abort", (State.CRIT, "fault")),
    ("fault", (State.CRIT, "fault")),
    ("fail", (State.CRIT, "fault")),
    ("ierr", (State.CRIT, "fault")),
    ("error", (State.CRIT, "fault")),
    ("parity", (State.CRIT, "fault")),
    ("frb", (State.CRIT, "fault")),
    ("disabled", (State.WARN, "disabled")),
    ("predicted", (State.WARN, "failure_predicted")),
)
_HARMLESS = (
    "presence detected",
    "drive present",
    "present",
    "fully redundant",
    "hot spare",
    "consistency check",
    "enabled",
    "state deasserted",
    "limit not exceeded",
    "transition to ok",
    "performance met",
    "power_on",
    "power_off",
    "(over)",
    "device inserted",
)


def event(words: str) -> Verdict:
    """What one event says; an event nobody here knows is unknown."""
    low = words.lower()
    if low.endswith("(over)"):
        return _OK
    for mark, verdict in _EVENTS:
        if mark in low:
            return verdict
    return _OK if any(mark in low for mark in _HARMLESS) else (State.UNKNOWN, "event_unknown")


def absent(part: Part) -> bool:
    """Whether its place is empty."""
    return part.state == "Absent" or any("absent" in one.lower() for one in part.events)


def unused(part: Part) -> bool:
    """Whether it is absent or switched off by somebody's will."""
    return absent(part) or part.state == "Disabled"


def standing(part: Part) -> Verdict:
    """The worst of what its controller says; nothing said is unknown."""
    said = [event(one) for one in part.events]
    if part.state:
        said.append(_STATES.get(part.state, (State.UNKNOWN, "state_unknown")))
    if part.health:
        said.append(_HEALTH.get(part.health, (State.UNKNOWN, "health_unknown")))
    elif part.state in _NEEDS_HEALTH:
        # It runs, but nobody says how well. (IPMI's status of a sensor is its health.)
        said.append((State.UNKNOWN, "health_missing"))
    return gravest(said)


def gravest(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of several, with the reason of the first that bad."""
    given = list(verdicts)
    state = worst(one for one, _ in given)
    return next(((one, why) for one, why in given if one is state), (state, "no_parts"))


def measured(sensor: Sensor) -> Verdict:
    """Its standing, and its value against the controller's own limits."""
    verdicts = [standing(sensor.part)]
    value = sensor.milli
    if value is None:
        return gravest([*verdicts, (State.UNKNOWN, "no_reading")])
    limits = (
        (sensor.upper_crit is not None and value >= sensor.upper_crit, (State.CRIT, "limit_critical")),
        (sensor.lower_crit is not None and value <= sensor.lower_crit, (State.CRIT, "limit_critical")),
        (sensor.upper_warn is not None and value >= sensor.upper_warn, (State.WARN, "limit_warning")),
        (sensor.lower_warn is not None and value <= sensor.lower_warn, (State.WARN, "limit_warning")),
    )
    verdicts += [verdict for beyond, verdict in limits if beyond]
    known = (sensor.upper_crit, sensor.upper_warn, sensor.lower_crit, sensor.lower_warn)
    if verdicts[0] == (State.UNKNOWN, "health_missing") and any(one is not None for one in known):
        # Without a word on its health its value within its limits is what there is to judge.
        verdicts[0] = _OK
    return gravest(verdicts)


def number(milli: int | None) -> Number | None:
    """Thousandths as the number they are."""
    if milli is None:
        return None
    made = Fraction(milli, 1000)
    return made.numerator if made.denominator == 1 else made


def counted(name: str, found: int, expected: int | None) -> Reading:
    """How many there are, against the ledger; none at all is unknown."""
    if expected is not None and found < expected:
        return Reading(name, found, Unit.COUNT, State.CRIT, "too_few")
    if expected is not None and found > expected:
        return Reading(name, found, Unit.COUNT, State.WARN, "too_many")
    if not found:
        return Reading(name, 0, Unit.COUNT, State.UNKNOWN, "no_parts")
    return Reading(name, found, Unit.COUNT, State.OK)


def told(parts: Iterable[Part]) -> list[Part]:
    """Parts with names that tell them apart."""
    seen: dict[str, int] = {}
    made = []
    for part in parts:
        name = part.name or "?"
        seen[name] = seen.get(name, 0) + 1
        full = name if seen[name] == 1 else f"{name} #{seen[name]}"
        made.append(Part(full, part.state, part.health, part.events, part.model, part.serial))
    return made
