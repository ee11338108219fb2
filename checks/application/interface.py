"""An interface to others: the upstream answers, its numbers keep their limits, its last success is young."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper
from checks.protocols import Protocols, Script, StepSeen, instant_ms, judge_steps, whole


@dataclass(frozen=True, slots=True)
class Facts:
    steps: tuple[StepSeen, ...]


@dataclass(frozen=True, slots=True)
class Params:
    """Paths are those that the script's last step reads. `limits`: numbers (error counts, rows, delay).
    `success`: the instant of the last success (epoch, or ISO 8601; without a zone: `zone_hours`)."""

    script: Script
    limits: Mapping[str, Upper] = field(default_factory=dict)
    success: str = ""
    age_s: Upper = Upper(3600, 14400)
    zone_hours: int = 8

    def __post_init__(self) -> None:
        asked = {*self.limits, *([self.success] if self.success else ())}
        if not asked <= {*self.script.steps[-1].read}:
            raise ValueError("limits and success name paths that the last step reads")
        if not -12 <= self.zone_hours <= 14:
            raise ValueError("zone_hours must be -12 to 14")


def observe(net: Protocols, params: Params) -> Facts:
    return Facts(net.run(params.script))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    steps = seen.facts.steps
    yield from judge_steps(steps, params.script)
    reached = len(steps) == len(params.script.steps)
    fields = steps[-1].fields if reached else {}
    for path, limit in params.limits.items():
        for number, text in enumerate(fields.get(path) or ("",), 1):
            yield _limited(f"{path}#{number}" if number > 1 else path, whole(text), limit)
    if params.success:
        yield from _age(fields.get(params.success, ()), seen.taken_at, params)


def _limited(name: str, value: int | None, limit: Upper) -> Reading:
    state = limit.judge(value)
    why = "field_missing" if value is None else "too_many"
    return Reading(name, value, Unit.COUNT, state, "" if state is State.OK else why)


def _age(texts: tuple[str, ...], now: int, params: Params) -> Iterator[Reading]:
    instants = [instant_ms(text, params.zone_hours) for text in texts]
    known = [one for one in instants if one is not None]
    if not known or len(known) < len(instants):
        yield Reading("last_success", None, Unit.SECONDS, State.UNKNOWN, "field_missing")
        return
    age = (now - min(known)) // 1000
    if age < -300:
        # A success in the future says that a clock is wrong, not that all is well.
        yield Reading("last_success", age, Unit.SECONDS, State.UNKNOWN, "in_the_future")
        return
    state = params.age_s.judge(age)
    yield Reading("last_success", age, Unit.SECONDS, state, "" if state is State.OK else "success_too_old")


CHECK = Check(
    id="application.interface",
    version=1,
    title="对外接口与数据交换",
    title_en="Interface to other systems",
    source=Source.HTTP,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-43", "HA-01"),
    needs=("an address that tells the interface's state, and a read-only account for it",),
)
