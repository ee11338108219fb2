"""The figures of a scorecard as a document prints them, for whoever makes them anew (pure).

{"seal": entry of the scorecard that is printed, null while provisional, "size": of the log, "as_of": …,
 "values": [[what, unit, value or null, low, high], …], "judging": version, where it is provisional (a seal
names its own; older documents name none)}: lines, total, money; ratios and yuan as texts; low or high null
where nothing bounds it.
"""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

from collector.judging import version
from collector.scoring.model import Scorecard

Value = list[str | None]


def figures(card: Scorecard, seal: int | None, size: int, judging: int = version.JUDGING) -> dict[str, Any]:
    """What a document says of a scorecard; one that is not sealed was judged by a version."""
    made = {"seal": seal, "size": size, "as_of": card.as_of_ms, "values": list(values(card))}
    return {**made, "judging": judging} if judging and seal is None else made


def values(card: Scorecard) -> Iterator[Value]:
    """Every figure with its bounds: in order of the scorecard."""
    for line in card.lines:
        points = None if line.points is None else str(line.points)
        yield [f"line.{line.id}", line.unit or "", points, _text(line.low), _text(line.high)]
    total = None if card.total is None else str(card.total)
    yield ["total", "", total, _text(card.low), _text(card.high)]
    yield ["grade", "", card.grade, "", ""]
    yield ["vetoes", "", ",".join(card.vetoes), "", ""]
    for step in card.money:
        yuan = None if step.yuan is None else str(step.yuan)
        yield [f"money.{step.id}", "", yuan, _text(step.low), _text(step.high)]


def _text(value: Fraction | Decimal | None) -> str | None:
    return None if value is None else str(value)
