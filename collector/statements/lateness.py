"""When a statement comes too late for what it says. Pure.

What is late still counts as said; it is marked, and the pack says what that costs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from collector.evidence.periods import PeriodError, parse_period
from collector.statements.fields import ZONE, day_ms
from collector.statements.model import Scalar

HOUR_MS, DAY_MS = 3_600_000, 86_400_000


class Rule(StrEnum):
    """What the limit is measured from."""

    NEVER = "never"
    AFTER = "after"  # so many hours after the instant (or the end of the day) the field names
    BEFORE = "before"  # at least so many hours before it: notices
    PERIOD_END = "period_end"  # by the end of the period the field names, and so many hours


@dataclass(frozen=True, slots=True)
class Late:
    """A limit for a statement: `field` names the time it is measured from."""

    rule: Rule = Rule.NEVER
    field: str = ""
    hours: int = 0


NEVER = Late()
Spans = Mapping[str, tuple[int, int]]
"""Periods by the names that a pack gives them: from and to, UTC ms."""
NO_SPANS: Spans = {}


def instant_of(value: Scalar, end: bool = False) -> int | None:
    """UTC ms of an instant, a day or a period; `end`: where the day or the period is over."""
    if type(value) is int:
        return value
    if type(value) is not str:
        return None
    try:
        if len(value) == 10 and value[4] == "-" and value[7] == "-":
            return day_ms(value) + (DAY_MS if end else 0)
        period = parse_period(value, ZONE, 0)
    except (PeriodError, ValueError, OverflowError):
        return None
    return period.to_ms if end else period.from_ms


def due_ms(late: Late, fields: Mapping[str, Scalar], spans: Spans = NO_SPANS) -> int | None:
    """The first instant that is too late; None where there is none. `spans`: periods that a contract's pack
    names (`cycle-2`); what a calendar names too (`2026-07`) is the calendar's."""
    if late.rule is Rule.NEVER:
        return None
    end = late.rule is not Rule.BEFORE
    value = fields.get(late.field)
    at = instant_of(value, end=end)
    if at is None and type(value) is str and value in spans:
        at = spans[value][1 if end else 0]
    if at is None:
        return None
    return at - late.hours * HOUR_MS if late.rule is Rule.BEFORE else at + late.hours * HOUR_MS


def is_late(late: Late, fields: Mapping[str, Scalar], received_ms: int, spans: Spans = NO_SPANS) -> bool:
    """Whether a statement that came then came too late."""
    due = due_ms(late, fields, spans)
    return due is not None and received_ms >= due
