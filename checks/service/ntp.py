"""Whether a time server answers, says that its own clock is kept, and agrees with the clock here."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper
from checks.probes import Net, check_host, check_port, check_timeout
from checks.sources import ClockOffset

_UNSEEN = ("unreachable",)  # our own network may be at fault as well


@dataclass(frozen=True, slots=True)
class Facts:
    clock: ClockOffset


@dataclass(frozen=True, slots=True)
class Params:
    """`offset_ms`: between its clock and the one here; which of the two is wrong this check cannot say.
    `stratum`: servers between it and a reference clock; a server says 16 where it has none."""

    host: str
    port: int = 123
    offset_ms: Upper = Upper(500, 2000)
    stratum: Upper = Upper(None, 16)
    timeout_ms: int = 3000

    def __post_init__(self) -> None:
        check_host(self.host)
        check_port(self.port)
        check_timeout(self.timeout_ms, 1, 60_000)


def observe(net: Net, params: Params) -> Facts:
    return Facts(net.time_server(params.host, params.port, timeout_ms=params.timeout_ms))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    found = seen.facts.clock
    if found.offset_us is None or found.delay_us is None:
        state = State.UNKNOWN if found.trouble in _UNSEEN else State.CRIT
        yield Reading("answer", None, Unit.MICROSECONDS, state, found.trouble or "no_answer")
        return
    yield Reading("answer", found.delay_us, Unit.MICROSECONDS, State.OK)
    state = params.stratum.judge(found.stratum)
    why = {State.OK: "", State.UNKNOWN: "not_reported"}.get(state, "too_high")
    yield Reading("stratum", found.stratum, Unit.COUNT, state, why)
    offset = Fraction(found.offset_us, 1000)
    state = params.offset_ms.judge(abs(offset))
    yield Reading("offset", offset, Unit.MILLISECONDS, state, "" if state is State.OK else "clock_off")


CHECK = Check(
    id="service.ntp",
    version=1,
    title="时间服务器",
    title_en="Time server (NTP)",
    source=Source.NET,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-28",),
    needs=("a route to the time server (UDP 123)", "a clock here that is kept by somebody else"),
)
