"""Single sign-on: a ticket is issued, an application takes it, and refuses one that nobody issued."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from checks.api import Check, Reading, Seen, Source, State, Unit
from checks.protocols import Protocols, Script, Step, StepSeen, judge_steps


@dataclass(frozen=True, slots=True)
class Facts:
    steps: tuple[StepSeen, ...]
    forged: StepSeen | None


@dataclass(frozen=True, slots=True)
class Params:
    """`script`: log in, take the ticket, use it. `forged`: the same use with a made-up ticket; its
    `status` says how a refusal looks (401 or 403, or a redirect to the login page)."""

    script: Script
    forged: Step | None = None


def observe(net: Protocols, params: Params) -> Facts:
    steps = net.run(params.script)
    forged = None
    if params.forged is not None:
        forged = net.run(replace(params.script, steps=(params.forged,), max_redirects=0))[0]
    return Facts(steps, forged)


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    yield from judge_steps(seen.facts.steps, params.script)
    if params.forged is not None:
        yield _forged(seen.facts.forged, params.forged)


def _forged(found: StepSeen | None, step: Step) -> Reading:
    if found is None or found.outcome != "answered" or found.status is None:
        return Reading("forged_ticket", None, Unit.NONE, State.UNKNOWN, "no_answer")
    refused = found.status in step.status
    state = State.OK if refused else State.CRIT
    return Reading("forged_ticket", found.status, Unit.NONE, state, "" if refused else "accepted")


CHECK = Check(
    id="application.sso",
    version=1,
    title="单点登录",
    title_en="Single sign-on",
    source=Source.HTTP,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-37", "HA-01"),
    needs=("a test account of the sign-on service",),
)
