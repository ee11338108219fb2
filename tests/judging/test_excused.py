"""Assets that are said to be out of service, and rounds that left them out."""

import pytest
from luohe_site import ESTATE

from collector.jobs import cadence
from collector.jobs import scorecards as jobs

MONDAYS = ("2026-07-13", "2026-07-20")
OUT = {"asset": "web-02", "in_service": "false", "since": "2026-07-10"}


def card(site):
    site.go("2026-08-11T12:00")
    site.settle()
    made = jobs.scorecard(site.context, "2026-07")
    line = next(one for one in made.scorecard.lines if (one.id, one.unit) == ("inspection", "centre"))
    return line, [made.facts.gaps[place] for place in line.gaps]


def rounds(site):
    for monday in MONDAYS:
        site.inspect(monday, ("web-01", "mail-01"))


def test_what_the_vendor_alone_calls_out_of_service_leaves_the_rounds_open(site):
    site.apply()
    site.go("2026-07-10T09:00")
    entry = site.say("in_service", by="manager", **OUT)
    rounds(site)
    line, (gap,) = card(site)
    assert (line.points, line.low, line.high) == (None, 0, 4)
    assert (gap.reason, gap.who, gap.facts["assets"], gap.at_most) == ("not_confirmed", "buyer", "web-02", 2)
    site.say("second", by="buyer", entry=str(entry))
    line, gaps = card(site)
    assert (line.points, gaps) == (4, [])


def test_what_the_buyer_says_excuses_at_once(site):
    site.apply()
    rounds(site)
    site.say("in_service", by="buyer", **OUT)
    line, gaps = card(site)
    assert (line.points, gaps) == (4, [])


def test_nobodys_word_leaves_a_silent_asset_missing(site):
    site.apply()
    rounds(site)
    line, gaps = card(site)
    assert (line.points, gaps) == (0, [])


@pytest.mark.parametrize(("joined", "word"), [(False, "not_confirmed"), (True, "")])
def test_the_ledger_tells_the_same_of_a_week_of_the_contract(site, joined, word):
    site.apply(ESTATE.replace("luohe-2026, start: 2026-06-10", "pingdingshan-2024, start: 2026-07-10"))
    site.go("2026-07-10T09:00")
    entry = site.say("in_service", by="manager", **OUT)
    if joined:
        site.say("second", by="buyer", entry=str(entry))
    rounds(site)
    site.go("2026-08-01T12:00")
    site.settle()
    with site.context.read() as conn:
        lines = cadence.ledger(conn, site.context.now(), "cycle-1").lines
    rows = next(one.rows for one in lines if one.obligation.id == "PD-37")
    assert [(row.state.value, row.reason) for row in rows[:2]] == [
        ("not_proven" if word else "done", word),
        ("not_proven" if word else "done", word),
    ]


@pytest.mark.parametrize(("silent", "points"), [("refuses", 0), ("counts", 4)])
def test_a_silent_agent_refuses_the_round_or_counts_as_unanswered_looks_by_the_option(site, silent, points):
    site.apply()
    rounds(site)  # one of two servers was silent: half of the looks
    card(site)
    half = {"inspection.silent": silent, "inspection.min_coverage": 50}
    made = jobs.scorecard(site.context, "2026-07", options=half)
    found = next(one for one in made.scorecard.lines if (one.id, one.unit) == ("inspection", "centre"))
    assert (found.points, dict(found.options)["inspection.silent"]) == (points, silent)
    strict = jobs.scorecard(site.context, "2026-07", options={"inspection.silent": silent})
    found = next(one for one in strict.scorecard.lines if (one.id, one.unit) == ("inspection", "centre"))
    assert found.points == 0
