"""Special patrols (特巡特维): where nobody announced an occasion, the line rests on that silence."""

import pytest
from luohe_site import ESTATE

from collector.jobs import scorecards as jobs
from collector.scoring.model import LineState

TERM = "pingdingshan-2025, start: 2026-07-01"


@pytest.fixture
def cycle(site):
    site.apply(ESTATE.replace("luohe-2026, start: 2026-06-10", TERM))
    return site


def line(site, **options):
    made = jobs.scorecard(site.context, "cycle-1", options=options)
    return made, next(one for one in made.scorecard.lines if one.id == "special")


def over(site):
    site.go("2026-10-02T12:00")
    site.settle()


def test_no_announced_occasion_is_silence_and_printed_with_its_option(cycle):
    over(cycle)
    _, found = line(cycle)
    assert (found.points, found.state) == (5, LineState.PROVEN)
    assert [(one.code, one.numbers["kinds"]) for one in found.causes] == [("silence", "special_inspection")]
    assert ("silence", "none") in found.options
    made, found = line(cycle, silence="acceptance")
    assert (found.points, found.low, found.high) == (None, 0, 5)  # nobody can say how many there were
    assert [made.facts.gaps[place].reason for place in found.gaps] == ["not_accepted"]
    cycle.say("acceptance", by="buyer", period="cycle-1", accepted="true")
    _, found = line(cycle, silence="acceptance")
    assert (found.points, found.state) == (5, LineState.PROVEN)


def test_an_occasion_that_was_announced_is_judged_by_itself(cycle):
    cycle.go("2026-07-10T12:00")
    fields = {"id": "m", "from_": "2026-08-20", "to": "2026-08-22"}
    cycle.say("key_moment", by="buyer", **fields)
    made, found = line(cycle)
    assert (found.points, found.low) == (None, 3)  # it may still be patrolled
    over(cycle)
    made, found = line(cycle, silence="acceptance")
    assert not [one for one in found.causes if one.code == "silence"]
    assert "not_accepted" not in {made.facts.gaps[place].reason for place in found.gaps}


def test_while_the_cycle_runs_an_occasion_may_still_be_announced(cycle):
    cycle.go("2026-07-10T12:00")
    cycle.settle()
    made, found = line(cycle)
    assert (found.points, [made.facts.gaps[place].reason for place in found.gaps]) == (None, ["period_open"])
