"""Whether a name server answers a question as expected, and how fast."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper
from checks.probes import DnsAnswer, DnsAsk, Net, check_host


class Kind(StrEnum):
    """Kinds of records that can be asked for."""

    A = "A"
    AAAA = "AAAA"
    CAA = "CAA"
    CNAME = "CNAME"
    MX = "MX"
    NS = "NS"
    PTR = "PTR"
    SOA = "SOA"
    SRV = "SRV"
    TXT = "TXT"


@dataclass(frozen=True, slots=True)
class Facts:
    answer: DnsAnswer


@dataclass(frozen=True, slots=True)
class Params:
    """`server`: the name server under test; empty: the one this host is set up with, which must work.
    `expect`: records that must be in the answer; with `exact`, no others may be."""

    name: str
    kind: Kind = Kind.A
    server: str = ""
    port: int = 53
    rcode: str = "NOERROR"
    expect: tuple[str, ...] = ()
    exact: bool = False
    timeout_ms: int = 3000
    latency_ms: Upper = Upper(None, None)

    def __post_init__(self) -> None:
        check_host(self.name)
        if self.server:
            check_host(self.server)
        if not 1 <= self.port <= 65535 or not 1 <= self.timeout_ms <= 60_000:
            raise ValueError("port must be 1 to 65535, timeout_ms 1 to 60000")
        if self.exact and not self.expect:
            raise ValueError("exact needs the records to expect")
        if self.rcode not in ("NOERROR", "NXDOMAIN", "REFUSED"):
            raise ValueError("rcode must be NOERROR, NXDOMAIN or REFUSED")


def observe(net: Net, params: Params) -> Facts:
    ask = DnsAsk(params.name, params.kind.value, params.server, params.port, params.timeout_ms)
    return Facts(net.dns(ask))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    answer = seen.facts.answer
    if answer.outcome != "answered" or answer.answer_us is None:
        yield Reading("answer", None, Unit.MICROSECONDS, State.CRIT, answer.outcome or "no_answer")
        return
    slow = params.latency_ms.judge(answer.answer_us, per=1000)
    yield Reading("answer", answer.answer_us, Unit.MICROSECONDS, slow, "" if slow is State.OK else "slow")
    reason = _wrong(answer, params)
    yield Reading("records", len(answer.records), Unit.COUNT, State.CRIT if reason else State.OK, reason)


def _wrong(answer: DnsAnswer, params: Params) -> str:
    """Code word for what is wrong with the answer; empty if nothing is."""
    if answer.rcode != params.rcode:
        return f"rcode_{answer.rcode.lower()}"
    if params.rcode != "NOERROR":
        return ""
    if not answer.records:
        return "no_records"
    found = {_bare(record) for record in answer.records}
    wanted = {_bare(record) for record in params.expect}
    if wanted - found:
        return "record_missing"
    return "record_unexpected" if params.exact and found - wanted else ""


def _bare(record: str) -> str:
    return record.strip('"').rstrip(".").lower()


CHECK = Check(
    id="service.dns",
    version=1,
    title="域名解析",
    title_en="Name resolution (DNS)",
    source=Source.NET,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-28", "PD-37"),
    needs=("the agent extra (dnspython)", "a route to the name server"),
)
