"""The ledger of obligations asks of systems what the scorecard asks: by estates, and by the buyer's word."""

from datetime import datetime

from collector.inspection import obligations_scope
from collector.jobs import cadence
from collector.jobs.as_of import applied, said_of
from collector.judging.words import words


def at(text):
    return int(datetime.fromisoformat(f"{text}+08:00").timestamp() * 1000)


def held(site, system, text):
    """Of each unit the system was in, whether it was in scope at an instant."""
    with site.context.read() as conn:
        said = said_of(conn, site.world.at, 2**62)
        found = obligations_scope.systems(applied(conn, 2**62), words(said))
    return [one.unit for one in found if one.id == system and one.holds(at(text))]


def due(site, system):
    """Turns of July that are a system's."""
    with site.context.read() as conn:
        told = cadence.ledger(conn, site.world.at, "2026-07")
    return [row.turn.key for line in told.lines for row in line.rows if row.turn.system == system]


def test_a_system_that_the_buyer_says_was_out_of_scope_owes_nothing_then(site):
    site.apply()
    site.inspect("2026-07-13")
    site.go("2026-08-11T01:00")
    site.settle()
    assert held(site, "mail", "2026-07-15T00:00") == ["county"] and due(site, "mail")
    span = {"since": "2026-07-10", "until": "2026-08-09"}
    site.say("in_scope", system="mail", in_scope="no", **span)
    assert held(site, "mail", "2026-07-15T00:00") == []
    assert held(site, "mail", "2026-08-10T12:00") == held(site, "mail", "2026-07-05T00:00") == ["county"]
    assert held(site, "portal", "2026-07-15T00:00") == ["centre"]
    assert due(site, "mail") == [] and due(site, "portal")


def test_what_the_vendor_says_of_days_that_are_over_changes_nothing_of_them(site):
    site.apply()
    site.go("2026-08-11T01:00")
    site.settle()
    before = due(site, "mail")
    site.say("in_service", "manager", system="mail", in_service="no", since="2026-07-10", until="2026-12-31")
    assert due(site, "mail") == before and held(site, "mail", "2026-07-15T00:00") == ["county"]
    assert held(site, "mail", "2026-08-12T00:00") == []
