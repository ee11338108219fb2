"""One number, or a number a row, from a SELECT that the agent's own settings allow."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from checks.api import Check, Lower, Reading, Seen, Source, State, Unit, Upper
from checks.sql import TRIED_ON, Answer, Reach, Row, Sql, limited


@dataclass(frozen=True, slots=True)
class Facts:
    answer: Answer


@dataclass(frozen=True, slots=True)
class Params(Reach):
    """`query` is a name in the agent's settings; the statement is never part of a plan, its SHA-256 is
    signed. One column: one number. Two: a name and its number, at most `most_rows` rows. `digest`: the
    agreed statement's, where one is agreed. `upper`, `lower`: limits of each number; `rows`: of how many.
    """

    query: str = field(kw_only=True)
    digest: str = ""
    upper: Upper = Upper(None, None)
    lower: Lower = Lower(None, None)
    rows: Upper = Upper(None, None)
    most_rows: int = 50

    def __post_init__(self) -> None:
        super(Params, self).__post_init__()
        if not self.query:
            raise ValueError("query must be given")
        if not 1 <= self.most_rows <= 200:
            raise ValueError("most_rows must be 1 to 200")


def observe(sql: Sql, params: Params) -> Facts:
    return Facts(sql.query(params, params.query, most_rows=params.most_rows))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    found = seen.facts.answer
    if params.digest and params.digest.lower() != found.digest:
        yield Reading("statement", None, Unit.NONE, State.UNKNOWN, "other_statement")
    for row in found.rows:
        yield _row(row, params)
    if not found.rows or any(row.name for row in found.rows):
        yield limited("rows", len(found.rows), Unit.COUNT, params.rows, "too_many")
    if found.cut:
        yield Reading("rows", None, Unit.COUNT, State.UNKNOWN, "too_much")


def _row(row: Row, params: Params) -> Reading:
    name = f"{row.name}:value" if row.name else "value"
    if row.value is None:
        return Reading(name, None, Unit.NONE, State.UNKNOWN, "no_number")
    high, low = params.upper.judge(row.value), params.lower.judge(row.value)
    worse, reason = (low, "too_low") if low.rank > high.rank else (high, "too_high")
    return Reading(name, row.value, Unit.NONE, worse, "" if worse is State.OK else reason)


CHECK = Check(
    id="database.query",
    version=1,
    title="约定的业务计数",
    title_en="Agreed business counters",
    source=Source.SQL,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-06", "PD-43"),
    needs=(
        "the SELECT under `queries` in the agent's settings",
        "an account with SELECT on those tables only",
        TRIED_ON,
    ),
)
