"""Scorecards over the store: from signed results and statements to lines, points and money."""

import pytest
from click.testing import CliRunner

from collector.cli import main
from collector.jobs import scorecards as jobs
from collector.scoring.model import LineState

MONDAYS = ("2026-07-13", "2026-07-20", "2026-07-27", "2026-08-03")
PERIOD = "2026-07"


def line(made, name, unit=None):
    return next(one for one in made.scorecard.lines if (one.id, one.unit) == (name, unit))


@pytest.fixture
def month(site):
    """A Luohe month with every weekly round done, and nothing else; it is over."""
    site.apply()
    for monday in MONDAYS:
        site.inspect(monday)
    site.go("2026-08-10T01:00")
    return site


def test_nothing_said_of_a_line_is_not_proven_and_what_was_inspected_counts(month):
    made = jobs.scorecard(month.context, PERIOD)
    assert line(made, "inspection", "centre").points == 8
    visit = line(made, "visit", "centre")
    assert (visit.points, visit.low, visit.high, visit.state) == (None, 0, 8, LineState.NOT_PROVEN)
    assert made.scorecard.total is None and made.scorecard.money[0].yuan is None


def test_the_command_prints_a_scorecard_of_signed_results(month):
    asked = ["scorecard", str(month.world.directory), "--period", PERIOD]
    month.context.close()
    said = CliRunner().invoke(main, [*asked, "--as-of", "2026-08-10T01:00"])
    assert "inspection" in said.output
