"""The periods of a contract's term, from the pack's rule and the first day (pure)."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise

from checks.recurrence import instant
from collector.judging.ground import CHINA
from collector.scoring.choices import Choices
from collector.scoring.model import PackPeriod
from collector.scoring.terms import Periods


def periods_of(rule: Periods, start: str, choices: Choices) -> tuple[PackPeriod, ...]:
    """Every period, in order. `start` (ISO): the estate's own first day; the pack's where it is empty.

    With an anchor day that is not the first day's, the outer two are broken ones, with a share each.
    """
    first = date.fromisoformat(start or rule.start)
    end = _later(first, rule.months * rule.count, first.day)
    anchor = first.day if rule.anchor_day is None else int(choices.amount(rule.anchor_day))
    edges = [first, *_edges(first, end, anchor, rule.months), end]
    return tuple(
        _period(rule, number, low, high, anchor) for number, (low, high) in enumerate(pairwise(edges), 1)
    )


def _edges(first: date, end: date, anchor: int, months: int) -> Iterator[date]:
    at = _on(first.year, first.month, anchor)
    step = 0 if at > first else 1
    while (edge := _later(at.replace(day=1), step * months, anchor)) < end:
        if edge > first:
            yield edge
        step += 1


def _period(rule: Periods, number: int, low: date, high: date, anchor: int) -> PackPeriod:
    # From 31 January to 28 February is a month by itself: a whole one of a contract whose months begin on the
    # 31st, and none of one whose months begin on the 28th.
    begins, ends = (day == _on(day.year, day.month, anchor) for day in (low, high))
    whole = _later(low.replace(day=1), rule.months, anchor) if begins else high
    begun = low if begins or not ends else _later(high.replace(day=1), -rule.months, anchor)
    days = max((whole - begun).days, 1)
    # A first period that is broken goes by the month in which a whole one would have begun.
    name = rule.name.format(year=begun.year, month=f"{begun.month:02d}", number=number)
    share = Fraction((high - low).days, days)
    return PackPeriod(name, number, _midnight(low), _midnight(high), low, high, min(share, Fraction(1)))


def _later(day: date, months: int, wanted: int) -> date:
    month = day.year * 12 + day.month - 1 + months
    return _on(month // 12, month % 12 + 1, wanted)


def _on(year: int, month: int, wanted: int) -> date:
    """That day of the month, or the month's last."""
    after = date(year + month // 12, month % 12 + 1, 1)
    return date(year, month, min(wanted, (after - timedelta(days=1)).day))


def _midnight(day: date) -> int:
    return instant(datetime(day.year, day.month, day.day), CHINA)
