"""Queues of a message broker: depth, age, consumers, those that must be there (as RabbitMQ tells them)."""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import zip_longest

from checks.api import Check, Lower, Reading, Seen, Source, State, Unit, Upper
from checks.protocols import Protocols, Script, Step, StepSeen, instant_ms, judge_steps, whole


@dataclass(frozen=True, slots=True)
class Facts:
    step: StepSeen


@dataclass(frozen=True, slots=True)
class Params:
    """The paths fit RabbitMQ's `/api/queues`; other brokers' JSON lists take other paths. `oldest_path`:
    instant of the oldest message (RabbitMQ: `*.head_message_timestamp`), empty where there is none."""

    url: str
    secret: str = "queue"  # noqa: S105  # a name to look up on the agent, no secret
    expect: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    messages: Upper = Upper(1000, 10_000)
    consumers: Lower = Lower(None, 0)
    name_path: str = "*.name"
    messages_path: str = "*.messages"
    consumers_path: str = "*.consumers"
    oldest_path: str = ""
    oldest_s: Upper = Upper(600, 3600)
    verify: bool = True
    ca: str = ""
    timeout_ms: int = 10_000

    def __post_init__(self) -> None:
        self.script()

    def script(self) -> Script:
        """The one request."""
        paths: tuple[str, ...] = (self.name_path, self.messages_path, self.consumers_path)
        paths += (self.oldest_path,) if self.oldest_path else ()
        step = Step(self.url, name="broker", headers={"Authorization": "Basic ${basic}"}, read=paths)
        return Script((step,), self.secret, self.verify, self.ca, 0, 4 << 20, self.timeout_ms)


def observe(net: Protocols, params: Params) -> Facts:
    return Facts(net.run(params.script())[0])


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    step = seen.facts.step
    yield from judge_steps((step,), params.script())
    names = step.fields.get(params.name_path, ())
    depths = step.fields.get(params.messages_path, ())
    takers = step.fields.get(params.consumers_path, ())
    if not names or not len(names) == len(depths) == len(takers):
        yield Reading("queues", None, Unit.COUNT, State.UNKNOWN, "field_missing")
        return
    yield Reading("queues", len(names), Unit.COUNT, State.OK)
    for name, depth, taker in zip(names, depths, takers, strict=True):
        if not any(fnmatchcase(name, pattern) for pattern in params.ignore):
            yield from _queue(name, whole(depth), whole(taker), params)
    if params.oldest_path:
        yield from _ages(step, seen.taken_at, params)
    for name in params.expect:
        if name not in names:
            yield Reading(f"{name}:messages", None, Unit.COUNT, State.CRIT, "missing")


def _ages(step: StepSeen, now: int, params: Params) -> Iterator[Reading]:
    """Age of each queue's oldest message; a queue that holds none has none."""
    paths = (params.name_path, params.messages_path, params.oldest_path)
    names, depths, instants = (step.fields.get(path, ()) for path in paths)
    for name, depth, text in zip_longest(names, depths, instants, fillvalue=""):
        if whole(depth) == 0 or any(fnmatchcase(name, pattern) for pattern in params.ignore):
            continue
        instant = instant_ms(text, 0)
        age = None if instant is None else max(now - instant, 0) // 1000
        state = params.oldest_s.judge(age)
        why = "not_reported" if age is None else "waiting_long"
        yield Reading(f"{name}:oldest", age, Unit.SECONDS, state, "" if state is State.OK else why)


def _queue(name: str, depth: int | None, takers: int | None, params: Params) -> Iterator[Reading]:
    state = params.messages.judge(depth)
    why = "not_reported" if depth is None else "too_many"
    yield Reading(f"{name}:messages", depth, Unit.COUNT, state, "" if state is State.OK else why)
    state = params.consumers.judge(takers)
    why = "not_reported" if takers is None else "too_few"
    yield Reading(f"{name}:consumers", takers, Unit.COUNT, state, "" if state is State.OK else why)


CHECK = Check(
    id="application.queue",
    version=1,
    title="消息队列",
    title_en="Message queues",
    source=Source.HTTP,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("HA-01",),
    needs=("a broker account with the tag monitoring and no permission on any queue",),
)
