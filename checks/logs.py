"""How the growth of logs is judged: counts of lines against limits, and what could not be read in full."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from checks.api import Reading, State, Unit, Upper
from checks.sources import LogGrowth

ERRORS = r"\b(error|fatal|critical|emerg|panic)\b|错误|异常|严重"
MOST_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Pattern:
    """Something else to count: lines in which the regular expression is found, and its limit."""

    name: str
    pattern: str
    limit: Upper

    def __post_init__(self) -> None:
        check_expression(self.name, self.pattern)


def check_expression(name: str, text: str) -> None:
    """ValueError unless `text` is a regular expression."""
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"{name}: {error}") from error


def judge_growth(
    logs: Iterable[LogGrowth], limits: Mapping[str, Upper], beyond: str | Mapping[str, str] = ""
) -> Iterator[Reading]:
    """Readings per log: `LOG` when it could not be read in full, and `LOG:PATTERN`.

    `beyond`: the reason of a count beyond its limit, one for all or by the count's name.
    """
    reasons = dict.fromkeys(limits, beyond) if isinstance(beyond, str) else beyond
    for growth in logs:
        if reason := _incomplete(growth):
            yield Reading(growth.log, growth.skipped or None, Unit.BYTES, State.UNKNOWN, reason)
        if growth.first_look or growth.trouble:
            continue
        for name, limit in limits.items():
            count = growth.counts.get(name)
            state = limit.judge(count)
            reason = "not_counted" if count is None else "" if state is State.OK else reasons[name]
            yield Reading(f"{growth.log}:{name}", count, Unit.COUNT, state, reason)


def _incomplete(growth: LogGrowth) -> str:
    if growth.trouble:
        return growth.trouble
    if growth.first_look:
        return "first_look"
    if growth.lost:
        return "rotated_away"
    return "too_much" if growth.skipped else ""
