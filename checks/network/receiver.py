"""The agent's receiver of traps and syslog: what it lost or refused, and who sends that nobody has named."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper
from checks.received import Ears, Receiver, What


@dataclass(frozen=True, slots=True)
class Facts:
    receiver: Receiver


@dataclass(frozen=True, slots=True)
class Params:
    """`receives`: what it must listen for, `syslog`, `traps` or both (required). Limits since the last look:
    `strangers` (senders), `refused`, `garbled` (messages)."""

    receives: tuple[What, ...]
    strangers: Upper = Upper(1, None)
    refused: Upper = Upper(1, None)
    garbled: Upper = Upper(1, None)

    def __post_init__(self) -> None:
        if not self.receives:
            raise ValueError("receives must name syslog, traps or both")


def observe(ears: Ears, params: Params) -> Facts:
    return Facts(ears.receiver())


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    found = seen.facts.receiver
    for kind in params.receives:
        listens = any(one.startswith(f"{kind.value} ") for one in found.places)
        state, reason = (State.OK, "") if listens else (State.CRIT, "not_listening")
        yield Reading(f"{kind.value}:listening", int(listens), Unit.NONE, state, reason)
    if found.first_look or found.restarted:
        reason = "receiver_restarted" if found.restarted else "first_look"
        yield Reading("receiver", None, Unit.NONE, State.UNKNOWN, reason)
    if found.lost:
        # Whose they were nobody knows: of no sender it can be said that all was counted.
        yield Reading("lost_messages", found.lost, Unit.COUNT, State.CRIT, "lost")
    for name, count, limit, reason in (
        ("strangers", found.strangers, params.strangers, "not_in_the_estate"),
        ("refused", found.refused, params.refused, "not_believed"),
        ("garbled", found.garbled, params.garbled, "garbled"),
    ):
        state = limit.judge(count)
        yield Reading(name, count, Unit.COUNT, state, "" if state is State.OK else reason)
    if found.limited:
        yield Reading("limited", found.limited, Unit.COUNT, State.WARN, "beyond_rate")
    yield Reading("received_messages", found.messages, Unit.COUNT, State.OK)


CHECK = Check(
    id="network.receiver",
    version=1,
    title="日志与告警接收端",
    title_en="Receiver of traps and syslog",
    source=Source.RECEIVED,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("LH annex 1 r10", "LH-31"),
    needs=(
        "`receive:` in agent.yaml of this agent",
        "tried with net-snmp's and util-linux's senders, and openssl's for TLS",
    ),
)
