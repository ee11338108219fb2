"""Sizes of databases and tablespaces, how full those with a limit are, and how fast they grow."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper, percent
from checks.sql import GRANTS, TRIED_ON, Area, Reach, Space, Sql, limited


@dataclass(frozen=True, slots=True)
class Facts:
    space: Space


@dataclass(frozen=True, slots=True)
class Params(Reach):
    """Limits: per cent where there is a limit; bytes; bytes a day (of looks an hour apart or more)."""

    used: Upper = Upper(80, 90)
    size: Upper = Upper(None, None)
    growth_per_day: Upper = Upper(None, None)
    ignore: tuple[str, ...] = ("template0", "template1")


def observe(sql: Sql, params: Params) -> Facts:
    return Facts(sql.space(params))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    areas = [one for one in seen.facts.space.areas if one.name not in params.ignore]
    if not areas:
        yield Reading("size", None, Unit.BYTES, State.UNKNOWN, "not_found")
    for one in areas:
        name = f"{one.kind}/{one.name}"
        yield limited(f"{name}:size", one.bytes, Unit.BYTES, params.size, "too_large", "rights_missing")
        if one.limit is not None:
            yield limited(
                f"{name}:used", percent(one.bytes, one.limit), Unit.PERCENT, params.used, "too_full"
            )
        growth = _a_day(one, seen.facts.space.since_ms)
        if growth is not None:
            yield limited(f"{name}:growth", growth, Unit.BYTES, params.growth_per_day, "growing")


def _a_day(one: Area, since_ms: int | None) -> Fraction | None:
    if one.bytes is None or one.before is None or since_ms is None or since_ms < 3_600_000:
        return None  # a day's growth made up from minutes would be noise
    return Fraction((one.bytes - one.before) * 86_400_000, since_ms)


CHECK = Check(
    id="database.space",
    version=1,
    title="数据库与表空间容量",
    title_en="Database and tablespace sizes",
    source=Source.SQL,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-34",),
    needs=(*GRANTS, TRIED_ON),
)
