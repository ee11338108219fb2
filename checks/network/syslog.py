"""What a device sent to this agent by syslog since the last look, by severity; silence is no proof."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper
from checks.network._received import opening
from checks.received import Ears, Received, Sender, What


@dataclass(frozen=True, slots=True)
class Facts:
    received: Received


@dataclass(frozen=True, slots=True)
class Params(Sender):
    """Limits in messages since the last look: `critical` (severity 0 to 2), `errors` (3), `warnings` (4)."""

    critical: Upper = Upper(1, 1)
    errors: Upper = Upper(1, 50)
    warnings: Upper = Upper(100, None)


def observe(ears: Ears, params: Params) -> Facts:
    return Facts(ears.received(What.SYSLOG, params.address, params.timeout_ms))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    found = seen.facts.received
    yield from opening(found, seen.taken_at, params)
    if found.first_look:
        return  # whatever is counted came before anybody looked
    for name, severities, limit in (
        ("log_critical", ("0", "1", "2"), params.critical),
        ("log_errors", ("3",), params.errors),
        ("log_warnings", ("4",), params.warnings),
    ):
        count = sum(found.counts.get(one, 0) for one in severities)
        state = limit.judge(count)
        yield Reading(name, count, Unit.COUNT, state, "" if state is State.OK else "many")
    yield Reading("log_messages", sum(found.counts.values()), Unit.COUNT, State.OK)


CHECK = Check(
    id="network.syslog",
    version=1,
    title="接收的系统日志",
    title_en="Syslog received from a device",
    source=Source.RECEIVED,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("LH annex 1 r10", "PD-32"),
    needs=(
        "`receive: {syslog: …}` in agent.yaml, and the device set to send there",
        "tried with util-linux's logger (RFC 5424 and 3164, UDP and TCP)",
    ),
)
