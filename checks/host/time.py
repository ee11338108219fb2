"""The host's clock is kept by somebody, and agrees with the time servers."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper
from checks.sources import ClockOffset, Host, KernelClock


@dataclass(frozen=True, slots=True)
class Facts:
    """The kernel's word, and each server's."""

    kernel: KernelClock
    servers: tuple[ClockOffset, ...]


@dataclass(frozen=True, slots=True)
class Params:
    """Time servers (`host` or `host:port`) to compare with, and limits in milliseconds.

    Without servers there is only the kernel's own estimate.
    """

    servers: tuple[str, ...] = ()
    offset_ms: Upper = Upper(500, 2000)
    estimated_error_ms: Upper = Upper(500, 2000)
    timeout_ms: int = 1000


def observe(host: Host, params: Params) -> Facts:
    """adjtimex, and one question to each server."""
    return Facts(
        host.kernel_clock(), tuple(host.clock_offset(server, params.timeout_ms) for server in params.servers)
    )


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    """Readings `synchronised`, `estimated_error` (only if synchronised), `offset:SERVER`."""
    servers = [_offset(each, params.offset_ms) for each in seen.facts.servers]
    yield _synchronised(seen.facts.kernel, servers)
    if seen.facts.kernel.synchronised:
        error = Fraction(seen.facts.kernel.estimated_error_us, 1000)
        yield Reading("estimated_error", error, Unit.MILLISECONDS, params.estimated_error_ms.judge(error))
    yield from servers


def _synchronised(kernel: KernelClock, servers: list[Reading]) -> Reading:
    if kernel.synchronised:
        return Reading("synchronised", 1, Unit.NONE, State.OK)
    # Nobody keeps this clock, but where a server agrees with it now it is right for now
    # (guests whose hypervisor keeps their clock look like this).
    right = any(each.state is State.OK for each in servers)
    return Reading("synchronised", 0, Unit.NONE, State.WARN if right else State.CRIT, "unsynchronised")


def _offset(server: ClockOffset, limit: Upper) -> Reading:
    name = f"offset:{server.server}"
    if server.offset_us is None or server.delay_us is None:
        return Reading(name, None, Unit.MILLISECONDS, State.UNKNOWN, server.trouble or "no_answer")
    offset = Fraction(server.offset_us, 1000)
    return Reading(name, offset, Unit.MILLISECONDS, limit.judge(abs(offset)))


CHECK = Check(
    id="host.time",
    version=1,
    title="时钟同步",
    title_en="Clock synchronisation",
    source=Source.HOST,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=(),
    needs=("adjtimex", "UDP 123 to the servers"),
)
