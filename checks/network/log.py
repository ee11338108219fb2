"""What a network device wrote to its own log since the last look, by severity."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper
from checks.device import Console, Devices, LogNews

_FATAL, _ERROR, _WARNING = ("0", "1", "2"), ("3",), ("4",)


@dataclass(frozen=True, slots=True)
class Facts:
    log: LogNews


@dataclass(frozen=True, slots=True)
class Params(Console):
    """How the device's command line is reached (see the source device); limits in messages since the last
    look: `critical` (severity 0 to 2), `errors` (3), `warnings` (4)."""

    PLATFORMS: ClassVar[tuple[str, ...]] = ("huawei_vrp", "hp_comware", "ruijie_os", "cisco_ios")

    critical: Upper = Upper(1, 1)
    errors: Upper = Upper(1, 50)
    warnings: Upper = Upper(100, None)


def observe(devices: Devices, params: Params) -> Facts:
    return Facts(devices.log(params))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    found = seen.facts.log
    if found.first_look:
        yield Reading("device_log", None, Unit.COUNT, State.UNKNOWN, "first_look")
        return
    if found.lost:
        # What came and went in between nobody knows; what is there now still counts.
        yield Reading("device_log", None, Unit.COUNT, State.UNKNOWN, "rotated_away")
    for name, severities, limit in (
        ("log_critical", _FATAL, params.critical),
        ("log_errors", _ERROR, params.errors),
        ("log_warnings", _WARNING, params.warnings),
    ):
        count = sum(found.counts.get(one, 0) for one in severities)
        state = limit.judge(count)
        yield Reading(name, count, Unit.COUNT, state, "" if state is State.OK else "many")
    yield Reading("log_messages", found.new, Unit.COUNT, State.OK)


CHECK = Check(
    id="network.log",
    version=1,
    title="网络设备日志",
    title_en="A network device's own log",
    source=Source.DEVICE,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("LH annex 1 r10", "PD-32"),
    needs=(
        "a login that may show the log (VRP and Comware: display logbuffer; Cisco and Ruijie: show logging)",
        "tried on recorded logs of Cisco IOS and on logs of our own making for the others, never on such a"
        " device itself",
    ),
)
