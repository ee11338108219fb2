"""Cache hits, temporary files, checkpoints, dead rows, invalid indexes."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Lower, Reading, Seen, Source, State, Unit, Upper, percent
from checks.sql import GRANTS, TRIED_ON, DeadRows, Reach, Sql, Statistics, grown, limited


@dataclass(frozen=True, slots=True)
class Facts:
    statistics: Statistics


@dataclass(frozen=True, slots=True)
class Params(Reach):
    """Limits of what came since the last look: per cent of hits (of `fewest_reads` blocks or more), bytes
    in temporary files, per cent of checkpoints that were forced (of ten or more), slow statements; per
    cent of dead rows (of tables with `fewest_rows` or more)."""

    hits: Lower = Lower(90, None)
    temp_bytes: Upper = Upper(10 << 30, None)
    forced_checkpoints: Upper = Upper(50, None)
    slow: Upper = Upper(None, None)
    dead: Upper = Upper(30, 60)
    invalid_indexes: Upper = Upper(1, None)
    fewest_reads: int = 10_000
    fewest_rows: int = 10_000


def observe(sql: Sql, params: Params) -> Facts:
    return Facts(sql.statistics(params))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    found = seen.facts.statistics
    yield _hits(found, params)
    for name, tally, limit, unit in (
        ("temp_bytes", found.temp_bytes, params.temp_bytes, Unit.BYTES),
        ("slow_queries", found.slow, params.slow, Unit.COUNT),
    ):
        if tally.grown() is not None:
            yield grown(name, tally, limit, "too_many", unit)
    yield from _checkpoints(found, params)
    for table in found.tables:
        yield from _table(table, params)
    number = len(found.invalid_indexes)
    yield limited("invalid_indexes", number, Unit.COUNT, params.invalid_indexes, "invalid_index")
    for name in found.invalid_indexes:
        yield Reading(f"{name}:index", None, Unit.NONE, State.OK)


def _hits(found: Statistics, params: Params) -> Reading:
    hits, reads = found.hits.grown(), found.reads.grown()
    if hits is None or reads is None:
        told = found.hits if hits is None else found.reads
        # The first look has nothing to compare with, and that is no fault of the database.
        state = State.OK if told.why_not() == "first_look" else State.UNKNOWN
        return Reading("cache_hits", None, Unit.PERCENT, state, told.why_not())
    share = percent(hits, hits + reads)
    if share is None or hits + reads < params.fewest_reads:
        return Reading("cache_hits", share, Unit.PERCENT, State.OK, "few_reads")
    state = params.hits.judge(share)
    return Reading("cache_hits", share, Unit.PERCENT, state, "" if state is State.OK else "low")


def _checkpoints(found: Statistics, params: Params) -> Iterator[Reading]:
    timed, asked = found.checkpoints_timed.grown(), found.checkpoints_asked.grown()
    if timed is not None and asked is not None and timed + asked >= 10:
        share = percent(asked, timed + asked)
        yield limited("forced_checkpoints", share, Unit.PERCENT, params.forced_checkpoints, "too_many")


def _table(one: DeadRows, params: Params) -> Iterator[Reading]:
    if one.live + one.dead >= params.fewest_rows:
        share = percent(one.dead, one.live + one.dead)
        yield limited(f"{one.name}:dead_rows", share, Unit.PERCENT, params.dead, "too_many")


CHECK = Check(
    id="database.statistics",
    version=1,
    title="数据库缓存与统计",
    title_en="Database cache and statistics",
    source=Source.SQL,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-34", "PD-48"),
    needs=(*GRANTS, TRIED_ON),
)
