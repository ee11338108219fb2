"""HAProxy through its statistics page: servers of each back end, sessions and queue against their limits."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper, percent
from checks.pools import Member, judge_pools
from checks.protocols import Protocols, Script, Step, StepSeen, judge_steps, whole

# The first 18 of a line's fields: names, queue, sessions … status.
_ROW = "regex:(?m)^([^#,\\n][^,\\n]{0,80},[^,\\n]{1,80}(?:,[^,\\n]{0,40}){16}),"
_HEAD = (
    "regex:^(# pxname,svname,qcur,qmax,scur,smax,slim,stot,bin,bout,dreq,dresp,ereq,econ,eresp,wretr,wredis,"
    "status)"
)
_SEARCHED = 64 * 1024  # so much of an answer is looked through
_TOTALS = ("FRONTEND", "BACKEND")


@dataclass(frozen=True, slots=True)
class Gate:
    """A front or back end: sessions now and at most (None: no limit), requests that wait for a server."""

    name: str
    kind: str
    sessions: int | None
    most: int | None
    waiting: int | None


@dataclass(frozen=True, slots=True)
class Facts:
    """`whole`: the page has the known columns, and all of it was read."""

    steps: tuple[StepSeen, ...]
    whole: bool
    members: tuple[Member, ...]
    gates: tuple[Gate, ...]


@dataclass(frozen=True, slots=True)
class Params:
    """`url`: of the statistics page (`stats uri`). `expected`: back ends that must be there; `ignore`:
    servers (`BACKEND/SERVER`) meant to be out of service. `sessions` in percent of the limit; `waiting`:
    requests."""

    url: str
    secret: str = ""
    expected: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    sessions: Upper = Upper(80, 95)
    waiting: Upper = Upper(1, 100)
    verify: bool = True
    ca: str = ""
    timeout_ms: int = 10_000

    def __post_init__(self) -> None:
        self.script()

    def script(self) -> Script:
        """The page as a table."""
        login = {"Authorization": "Basic ${basic}"} if self.secret else {}
        step = Step(f"{self.url.rstrip('/')};csv", "stats", headers=login, read=(_HEAD, _ROW))
        return Script((step,), self.secret, self.verify, self.ca, 0, 1 << 20, self.timeout_ms)


def observe(net: Protocols, params: Params) -> Facts:
    steps = net.run(params.script())
    bare = tuple(replace(step, fields={}) for step in steps)
    fields = steps[0].fields
    rows = [row.split(",") for row in fields.get(_ROW, ())]
    read = bool(fields.get(_HEAD)) and (steps[0].body_bytes or 0) <= _SEARCHED
    members = tuple(
        Member(row[0], row[1], _state(row[17])) for row in rows if row[1] not in _TOTALS and row[17] != "OPEN"
    )
    gates = tuple(
        Gate(row[0], row[1].lower(), whole(row[4]), whole(row[6]), whole(row[2]))
        for row in rows
        if row[1] in _TOTALS
    )
    return Facts(bare, read, members, gates)


def _state(said: str) -> str:
    """`UP`, `UP 1/3`, `DOWN 1/2`, `MAINT (via …)`, `DRAIN`, `no check` in one word."""
    low = said.lower()
    for mark, state in (("up", "up"), ("down", "down"), ("nolb", "draining"), ("drain", "draining")):
        if low.startswith(mark):
            return state
    if low.startswith("maint"):
        return "disabled"
    return "unchecked" if low.startswith("no check") else ""


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    facts = seen.facts
    yield from judge_steps(facts.steps, params.script())
    if not facts.whole:
        yield Reading("stats", None, Unit.NONE, State.UNKNOWN, "garbled")
    yield from judge_pools(facts.members, params.expected, params.ignore)
    for gate in facts.gates:
        share = percent(gate.sessions, gate.most)
        if share is not None:
            state = params.sessions.judge(share)
            name = f"{gate.name}/{gate.kind}:sessions_used"
            yield Reading(name, share, Unit.PERCENT, state, "" if state is State.OK else "too_high")
        if gate.kind == "backend":
            state = params.waiting.judge(gate.waiting)
            why = "not_reported" if gate.waiting is None else "many"
            yield Reading(
                f"{gate.name}:requests_waiting",
                gate.waiting,
                Unit.COUNT,
                state,
                "" if state is State.OK else why,
            )


CHECK = Check(
    id="middleware.haproxy",
    version=1,
    title="HAProxy 负载均衡",
    title_en="HAProxy load balancer",
    source=Source.HTTP,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("HA-20",),
    needs=(
        "`stats enable` and `stats uri` at an address the agent reaches, a user in a secret where `stats"
        " auth` is set; `stats admin` is not needed and should be off",
        "tried on HAProxy 2.6",
    ),
)
