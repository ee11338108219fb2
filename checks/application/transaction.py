"""A scripted transaction in a test account: log in, query, submit, log out."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper
from checks.protocols import Protocols, Script, StepSeen, judge_steps


@dataclass(frozen=True, slots=True)
class Facts:
    steps: tuple[StepSeen, ...]


@dataclass(frozen=True, slots=True)
class Params:
    """`latency_ms`: limits for all steps together."""

    script: Script
    latency_ms: Upper = Upper(None, None)


def observe(net: Protocols, params: Params) -> Facts:
    return Facts(net.run(params.script))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    steps = seen.facts.steps
    yield from judge_steps(steps, params.script)
    if len(steps) < len(params.script.steps):
        yield Reading("total", None, Unit.MICROSECONDS, State.UNKNOWN, "not_reached")
        return
    total = sum(step.total_us for step in steps)
    state = params.latency_ms.judge(Fraction(total, 1000))
    yield Reading("total", total, Unit.MICROSECONDS, state, "" if state is State.OK else "slow")


CHECK = Check(
    id="application.transaction",
    version=1,
    title="应用事务拨测",
    title_en="Application transaction",
    source=Source.HTTP,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-37", "LH-31", "HA-01"),
    needs=("a test account whose entries may be made and found again",),
)
