"""Whether a host answers echo requests: loss and round-trip times."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper, percent
from checks.probes import Echoes, Net, check_host


@dataclass(frozen=True, slots=True)
class Facts:
    echoes: Echoes


@dataclass(frozen=True, slots=True)
class Params:
    """`loss` in percent of the requests; `latency_ms` limits the mean round trip."""

    host: str
    count: int = 5
    gap_ms: int = 200
    timeout_ms: int = 1000
    loss: Upper = Upper(20, 60)
    latency_ms: Upper = Upper(None, None)

    def __post_init__(self) -> None:
        check_host(self.host)
        if not 1 <= self.count <= 100 or not 10 <= self.gap_ms <= 5000 or not 1 <= self.timeout_ms <= 60_000:
            raise ValueError("count must be 1 to 100, gap_ms 10 to 5000, timeout_ms 1 to 60000")


def observe(net: Net, params: Params) -> Facts:
    found = net.ping(params.host, count=params.count, gap_ms=params.gap_ms, timeout_ms=params.timeout_ms)
    return Facts(found)


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    echoes = seen.facts.echoes
    if echoes.outcome != "sent":
        yield Reading("loss", None, Unit.PERCENT, State.CRIT, echoes.outcome or "no_answer")
        return
    rtts = echoes.rtts_us
    loss = percent(echoes.sent - len(rtts), echoes.sent)
    state = params.loss.judge(loss)
    if not rtts:
        # No answer at all is never better than bad, whatever the limits say.
        yield Reading(
            "loss", loss, Unit.PERCENT, State.CRIT, "unreachable" if echoes.unreachable else "no_answer"
        )
        return
    yield Reading("loss", loss, Unit.PERCENT, state, "" if state is State.OK else "packets_lost")
    mean = Fraction(sum(rtts), len(rtts))
    slow = params.latency_ms.judge(mean / 1000)
    yield Reading("rtt_min", min(rtts), Unit.MICROSECONDS, State.OK)
    yield Reading("rtt_avg", mean, Unit.MICROSECONDS, slow, "" if slow is State.OK else "slow")
    yield Reading("rtt_max", max(rtts), Unit.MICROSECONDS, State.OK)


CHECK = Check(
    id="service.icmp",
    version=1,
    title="主机连通性（ICMP）",
    title_en="Host reachability (ICMP echo)",
    source=Source.NET,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-28", "LH-31"),
    needs=("CAP_NET_RAW, or net.ipv4.ping_group_range open for the agent's group",),
)
