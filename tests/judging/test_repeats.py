"""The same fault again, where nobody stated a cause or only the vendor's side did."""

import pytest

from collector.jobs import scorecards as jobs
from collector.scoring.model import LineState


@pytest.fixture
def twice(site):
    """The portal was away twice in July, an hour each; ids of both faults."""
    site.apply()
    site.probe(
        ("2026-07-14T09:00", True),
        ("2026-07-14T10:00", False),
        ("2026-07-14T11:00", True),
        ("2026-07-14T11:30", True),
    )
    site.probe(
        ("2026-07-21T09:00", True),
        ("2026-07-21T10:00", False),
        ("2026-07-21T11:00", True),
        ("2026-07-21T11:30", True),
    )
    site.go("2026-08-11T12:00")
    site.settle()
    found = faults(jobs.scorecard(site.context, "2026-07"))
    assert len(found) == 2
    return site, [one.facts["fault"] for one in found]


def faults(made):
    every = [*made.facts.items, *made.facts.gaps]
    names = {one.facts["fault"]: one for one in every if one.kind == "fault" and "fault" in one.facts}
    return [names[name] for name in sorted(names)]


def fine(made):
    """(state of the fine's line, its gaps' reasons), None without a line."""
    found = [one for one in made.scorecard.lines if one.id == "fine.repeat_fault_measured"]
    return [(one.state, [made.facts.gaps[place].reason for place in one.gaps]) for one in found]


def test_two_faults_of_a_system_without_a_stated_cause_leave_the_fine_open(twice):
    site, (first, second) = twice
    made = jobs.scorecard(site.context, "2026-07")
    assert fine(made) == [(LineState.NOT_PROVEN, ["no_cause"])]
    (gap,) = [one for one in made.facts.gaps if one.kind == "repeat_fault"]
    assert (gap.reason, gap.at_most) == ("no_cause", 1)  # each costs 20 000
    site.say("cause", by="manager", fault=first, cause="power")
    assert fine(jobs.scorecard(site.context, "2026-07")) == [(LineState.NOT_PROVEN, ["no_cause"])]
    site.say("cause", by="manager", fault=second, cause="disk")
    made = jobs.scorecard(site.context, "2026-07")
    assert not fine(made)
    marked = [one for one in made.facts.items if one.facts.get("other_cause") == first]
    assert [one.facts["fault"] for one in marked] == [second]  # only the vendor's side says so
    site.say("cause", by="buyer", fault=second, cause="power")
    made = jobs.scorecard(site.context, "2026-07")
    assert fine(made) == [(LineState.NOT_PROVEN, ["no_statement"])]
    site.say("repeat", by="buyer", fault=second, of=first, same="true")
    made = jobs.scorecard(site.context, "2026-07")
    assert fine(made)[0][1] == []
