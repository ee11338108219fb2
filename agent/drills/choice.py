"""Which artefact a drill takes, and which period it falls into: nobody's word is needed for it.

Periods are the contract's: days, weeks from Monday, fortnights, months, quarters, years of China's calendar
(UTC+8, no summer time). `rotating` walks newest, oldest, middle and random, one a period, from the first that
began after service did, as the policy engine does. `random` is drawn here, by the agent.
"""

import secrets
import time
from collections.abc import Sequence
from typing import TypeVar

from checks.china import EAST_MS, day_of

T = TypeVar("T")
_MONDAY = 4  # 5 January 1970, in days
_DAYS = {"day": 1, "week": 7, "fortnight": 14}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_ROTATION = ("newest", "oldest", "middle", "random")


def period_of(every: str, at: int) -> int:
    """Number of the period that an instant (UTC epoch ms) falls into."""
    if every in _DAYS:
        return (day_of(at) - _MONDAY) // _DAYS[every]
    day = time.gmtime((at + EAST_MS) // 1000)
    return (day.tm_year * 12 + day.tm_mon - 1) // _MONTHS[every]


def rule_of(pick: str, every: str, since: int, at: int) -> str:
    """`rotating` resolved; the others stand for themselves."""
    if pick != "rotating":
        return pick
    # A period that had begun when service did owes nothing.
    first = period_of(every, since - 1) + 1
    return _ROTATION[max(period_of(every, at) - first, 0) % len(_ROTATION)]


def by_rule(entries: Sequence[T], rule: str) -> T:
    """One of these, the newest of which is first."""
    count = len(entries)
    if rule == "random":
        return entries[secrets.randbelow(count)]
    return entries[{"newest": 0, "oldest": count - 1, "middle": count - 1 - count // 2}[rule]]
