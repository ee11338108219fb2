"""What an amendment or a supposition changes, as the command prints it."""

from fractions import Fraction

import pytest

from collector.cli_scorecards_dir import changed
from collector.judging.sealed import changes
from collector.packs.loading import packaged
from collector.scoring.case_read import facts
from collector.scoring.model import Gap, Item, PeriodFacts, Unit
from collector.scoring.score import score

FINE = Item("fine", Fraction(20000), facts={"item": "online_rate_missed", "percent": False})


def card(items=(), gaps=()):
    made = facts([Item("document_required", unit="u"), *items], (Unit("u", "U"),))
    return score(packaged("luohe-2026"), PeriodFacts(made.period, 0, made.units, made.items, tuple(gaps)))


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (card(), card([FINE]), "line.fine.online_rate_missed: none -> 0"),  # it costs yuan, no points
        (card([FINE]), card(), "line.fine.online_rate_missed: 0 -> none"),
    ],
)
def test_a_fine_that_was_none_is_not_called_unproven(before, after, said):
    assert said in {changed(one, before, after) for one in changes(before, after)}


def test_what_nobody_can_tell_is_called_not_proven():
    blind = card(gaps=[Gap("fault", "unknown_time", "u", "s", at_most=1)])
    found = [changed(one, card(), blind) for one in changes(card(), blind)]
    assert "line.incidents u: 30 -> not proven" in found
