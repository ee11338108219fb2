"""Whether a database lets in, answers a simple query, and in which role."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper
from checks.sql import TRIED_ON, Login, Reach, Sql


@dataclass(frozen=True, slots=True)
class Facts:
    login: Login


@dataclass(frozen=True, slots=True)
class Params(Reach):
    """`role`: primary or standby, where one is agreed; `restarted_s`: up for less is a warning."""

    login_ms: Upper = Upper(2000, None)
    answer_ms: Upper = Upper(1000, None)
    role: str = ""
    restarted_s: int = 0

    def __post_init__(self) -> None:
        super(Params, self).__post_init__()
        if self.role not in ("", "primary", "standby"):
            raise ValueError("role must be primary or standby")


def observe(sql: Sql, params: Params) -> Facts:
    return Facts(sql.login(params))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    found = seen.facts.login
    if found.outcome != "answered":
        # Refused, silent or full is what the server did: a fact, and a bad one (ruling 1).
        yield Reading("login", None, Unit.MICROSECONDS, State.CRIT, found.outcome or "no_answer")
        return
    yield _timed("login", found.login_us, params.login_ms)
    yield _timed("answer", found.answer_us, params.answer_ms)
    if params.role:
        state = State.OK if found.role == params.role else State.CRIT if found.role else State.UNKNOWN
        reason = "" if state is State.OK else "role_changed" if found.role else "not_reported"
        yield Reading("role", None, Unit.NONE, state, reason)
    if found.started is not None:
        up = max(seen.taken_at - found.started, 0) // 1000
        fresh = up < params.restarted_s
        yield Reading(
            "uptime", up, Unit.SECONDS, State.WARN if fresh else State.OK, "restarted" if fresh else ""
        )


def _timed(name: str, us: int | None, limit: Upper) -> Reading:
    state = limit.judge(None if us is None else Fraction(us, 1000))
    reason = {State.OK: "", State.UNKNOWN: "no_time"}.get(state, "slow")
    return Reading(name, us, Unit.MICROSECONDS, state, reason)


CHECK = Check(
    id="database.alive",
    version=1,
    title="数据库存活与登录",
    title_en="Database alive, login and simple query",
    source=Source.SQL,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-35", "HA-19"),
    needs=("an account that may log in", TRIED_ON),
)
