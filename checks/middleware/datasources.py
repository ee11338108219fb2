"""Data sources of a Tomcat (or its kin) through its manager: connections in use, threads that wait."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper, percent
from checks.protocols import Protocols, Script, Step, StepSeen, judge_steps, whole

# One answer holds a block for each pool: its name, then its attributes in any order. Nothing else is read of
# it: addresses of databases and users stand there too.
_LINES = (
    "regex:(?m)^(Name: [^\\n]{1,600}|(?:num|max|min)?(?:Active|Total|Idle): -?[0-9]{1,9}"
    "|waitCount: [0-9]{1,9}|(?:ActiveCount|PoolingCount|MaxActive|WaitThreadCount): -?[0-9]{1,9})"
)
_NAME = re.compile(r'(?:name|id)="?([^",]{1,100})')
_CONTEXT = re.compile(r"context=([^,]{1,80})")
# What each pool calls them: Tomcat's DBCP and JDBC pools, Druid.
_ACTIVE, _IDLE = ("numActive", "ActiveCount"), ("numIdle", "PoolingCount")
_MOST, _WAITING = ("maxTotal", "maxActive", "MaxActive"), ("waitCount", "WaitThreadCount")
_SEARCHED = 64 * 1024  # so much of an answer is looked through


@dataclass(frozen=True, slots=True)
class Pool:
    """One data source: connections in use, idle and at most (negative: no limit), threads that wait.
    None: not told."""

    name: str
    active: int | None
    idle: int | None
    most: int | None
    waiting: int | None


@dataclass(frozen=True, slots=True)
class Facts:
    """`whole`: all of each answer was read."""

    steps: tuple[StepSeen, ...]
    whole: bool
    pools: tuple[Pool, ...]


@dataclass(frozen=True, slots=True)
class Params:
    """`url`: of the manager application. `beans`: patterns of what holds the pools. `expected`: data sources
    that must be there. `used` in percent of the limit; `waiting`: threads."""

    url: str
    secret: str = "tomcat"  # noqa: S105  # a name to look up on the agent, no secret
    beans: tuple[str, ...] = ("*:type=DataSource,*", "com.alibaba.druid:type=DruidDataSource,*")
    expected: tuple[str, ...] = ()
    used: Upper = Upper(80, 95)
    waiting: Upper = Upper(1, 10)
    verify: bool = True
    ca: str = ""
    timeout_ms: int = 10_000

    def __post_init__(self) -> None:
        if not self.beans or any(not re.fullmatch(r'[\w.*:=,"/ -]{1,200}', one) for one in self.beans):
            raise ValueError("beans must name at least one kind of data source")
        self.script()

    def script(self) -> Script:
        """One question for each kind of data source."""
        login = {"Authorization": "Basic ${basic}"}
        base = f"{self.url.rstrip('/')}/jmxproxy/?qry="
        steps = tuple(
            Step(f"{base}{one.replace(' ', '%20')}", f"beans{at}", headers=login, text="OK -", read=(_LINES,))
            for at, one in enumerate(self.beans, 1)
        )
        return Script(steps, self.secret, self.verify, self.ca, 0, 1 << 20, self.timeout_ms)


def observe(net: Protocols, params: Params) -> Facts:
    steps = net.run(params.script())
    pools = [pool for step in steps for pool in _pools(step.fields.get(_LINES, ()))]
    bare = tuple(replace(step, fields={}) for step in steps)
    read = len(steps) == len(params.beans) and all((step.body_bytes or 0) <= _SEARCHED for step in steps)
    return Facts(bare, read, tuple(pools))


def _pools(lines: Iterable[str]) -> Iterator[Pool]:
    found: list[tuple[str, dict[str, str]]] = []
    for line in lines:
        key, _, value = line.partition(": ")
        if key == "Name":
            found.append((value, {}))
        elif found:
            found[-1][1].setdefault(key, value)
    for bean, told in found:
        if any(one in told for one in _ACTIVE):
            yield Pool(_named(bean), *(_first(told, names) for names in (_ACTIVE, _IDLE, _MOST, _WAITING)))


def _named(bean: str) -> str:
    name, context = _NAME.search(bean), _CONTEXT.search(bean)
    shown = name[1] if name else bean[:100]
    return f"{context[1]} {shown}" if context else shown


def _first(told: dict[str, str], names: tuple[str, ...]) -> int | None:
    return next((whole(told[one]) for one in names if one in told), None)


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    facts = seen.facts
    yield from judge_steps(facts.steps, params.script())
    if not facts.whole:
        yield Reading("data_sources", None, Unit.COUNT, State.UNKNOWN, "too_much")
    elif not facts.pools:
        yield Reading("data_sources", 0, Unit.COUNT, State.UNKNOWN, "no_parts")
    for name in sorted(set(params.expected) - {one.name for one in facts.pools}):
        yield Reading(f"{name}:connections_used", None, Unit.PERCENT, State.CRIT, "missing")
    for one in facts.pools:
        yield from _pool(one, params)


def _pool(one: Pool, params: Params) -> Iterator[Reading]:
    name = f"{one.name}:connections_used"
    if one.most is not None and one.most < 0:
        yield Reading(f"{one.name}:connections", one.active, Unit.COUNT, State.WARN, "no_limit")
    else:
        share = percent(one.active, one.most)
        state = params.used.judge(share)
        why = "not_reported" if share is None else "too_high"
        yield Reading(name, share, Unit.PERCENT, state, "" if state is State.OK else why)
    if one.waiting is not None:
        state = params.waiting.judge(one.waiting)
        why = "" if state is State.OK else "threads_wait"
        yield Reading(f"{one.name}:threads_waiting", one.waiting, Unit.COUNT, state, why)


CHECK = Check(
    id="middleware.datasources",
    version=1,
    title="数据源连接池",
    title_en="Data source pools",
    source=Source.HTTP,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("HA-04", "PD-35"),
    needs=(
        "a manager user with the role manager-jmx, in a secret: user, password (that role may also set"
        " attributes: keep the manager to the agent's address)",
        "tried on Tomcat 10 with its DBCP and JDBC pools; Druid's names never on the product itself",
    ),
)
