"""What the vendor wrote into the estate on the last day of a month stays with the months after it."""

from luohe_site import ESTATE

from collector.jobs import scorecards as jobs

RENTED = ESTATE.replace("name: 县级中心}", "name: 县级中心, kind: line_rental}").replace(
    "start: 2026-06-10}", "start: 2026-06-10, options: {unseen.max: 1000}}"
)


def marks(site, period):
    site.settle()
    made = jobs.scorecard(site.context, period)
    return {
        (one.facts["what"], one.unit, one.facts["names"])
        for one in made.facts.items
        if one.kind == "estate_changed" and one.facts["what"] in ("kind", "contract")
    }


def test_a_rented_line_and_a_lenient_reading_are_marked_until_the_buyer_states_or_accepts_them(site):
    site.apply()
    site.go("2026-07-09T23:00")
    site.apply(RENTED)
    site.go("2026-07-20T12:00")
    kind, option = ("kind", "county", "unit, line_rental"), ("contract", None, "unseen.max")
    assert marks(site, "2026-07") == {kind, option}
    site.go("2026-08-12T12:00")
    assert marks(site, "2026-08") == {kind, option}
    site.say("unit_kind", by="buyer", unit="county", unit_kind="line_rental", since="2026-07-10")
    assert marks(site, "2026-08") == {option}
    site.say("acceptance", by="buyer", period="2026-07", accepted="true")
    assert marks(site, "2026-08") == set()


def test_what_was_put_back_is_no_change_any_more(site):
    site.apply()
    site.go("2026-07-05T12:00")
    site.apply(RENTED)
    site.go("2026-07-06T12:00")
    site.apply()
    site.go("2026-07-20T12:00")
    assert marks(site, "2026-07") == set()


def test_the_acceptance_of_a_period_before_the_change_takes_no_mark_away(site):
    site.apply()
    site.go("2026-08-12T23:00")
    site.apply(RENTED)
    found = {("kind", "county", "unit, line_rental"), ("contract", None, "unseen.max")}
    site.go("2026-08-20T12:00")
    site.say("acceptance", by="buyer", period="2026-07", accepted="true")
    site.go("2026-09-12T12:00")
    assert marks(site, "2026-09") == found
    site.say("acceptance", by="buyer", period="2026-08", accepted="true")
    assert marks(site, "2026-09") == set()


def test_other_rules_of_messages_are_marked_in_their_period(site):
    site.apply()
    site.go("2026-07-05T12:00")
    site.apply(ESTATE + "notify: [{when: fault, to: 'json://127.0.0.1:9/', after: 10m}]\n")
    site.go("2026-07-06T12:00")
    site.settle()
    made = jobs.scorecard(site.context, "2026-06")
    found = [one.facts for one in made.facts.items if one.kind == "estate_changed"]
    assert found == [{"what": "notify", "names": "fault", "count": 1}]
