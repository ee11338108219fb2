"""A flaw on a host that no estate of its time knows: any unit's, until somebody places it."""

import pytest
from luohe_site import ESTATE, HOUR

from collector.jobs import faults, scans
from collector.jobs import scorecards as jobs
from collector.scans.model import Finding, Scan, Severity

HOST = "10.0.0.77"
NAMED = ESTATE.replace("probes:", f"  - {{id: h77, kind: server, name: {HOST}, system: mail}}\nprobes:")


@pytest.fixture
def late(site):
    """A critical flaw of the fifteenth of July that nobody fixed."""
    site.apply()
    site.go("2026-07-15T09:00")
    flaw = Finding("nessus:1", HOST, "443/tcp", "OpenSSL", Severity.CRITICAL)
    t = site.world.at
    made = Scan(
        tool="nessus",
        version="10",
        begun=t - HOUR,
        ended=t,
        complete=True,
        scope=("10.0.0.0/24",),
        examined=("web-01", "mail-01", HOST),
        findings=(flaw,),
    )
    scans.add(site.context, made, scans.Source(b"scan", "s.nessus", "test", ("web-01", "mail-01")))
    site.go("2026-08-11T12:00")
    site.settle()
    return site


def told(site):
    """Units that it costs, with what placed it; units that it may cost."""
    made = jobs.scorecard(site.context, "2026-07")
    items = {
        (one.unit, one.facts.get("placed")) for one in made.facts.items if one.kind == "vulnerability_late"
    }
    gaps = {
        one.unit for one in made.facts.gaps if (one.kind, one.reason) == ("vulnerability_late", "no_unit")
    }
    return items, gaps


def test_nobody_knows_whose_it_is_until_the_buyer_says_so(late, tmp_path):
    assert told(late) == ({(None, None)}, {None})
    with late.context.read() as conn:
        (name,) = {one for one in faults.named(conn, late.context.now()) if one.startswith("V")}
    fields = {"id": name, "unit": "county", "at": "2026-07-15T09:00", "found_by": "buyer"}
    fields["text"] = "县级的主机"
    late.say("vulnerability_reported", by="operator", **fields)
    items, gaps = told(late)
    assert gaps  # the vendor's word places nothing
    entry = late.say("vulnerability_reported", by="buyer", **fields)
    items, gaps = told(late)
    assert ("county", f"statement {entry}") in items and (None, None) not in items
    jobs.seal(late.context, "2026-07", by="manager")
    verdict = late.verdict(tmp_path / "all.zip")
    assert {word for what, word, _ in verdict.claims if what.startswith("scorecard")} == {"proven if"}


def test_an_estate_that_names_it_later_places_it_and_says_so(late, tmp_path):
    late.apply(NAMED)
    late.settle()
    items, gaps = told(late)
    (where,) = items
    assert where[0] == "county" and str(where[1]).startswith("estate ") and not gaps
    jobs.seal(late.context, "2026-07", by="manager")
    verdict = late.verdict(tmp_path / "all.zip")
    assert {word for what, word, _ in verdict.claims if what.startswith("scorecard")} == {"proven if"}
    out = {"asset": "h77", "in_scope": "false", "since": "2026-07-01"}
    late.say("in_scope", by="buyer", amendment="1", **out)
    assert told(late) == (set(), set())  # the buyer says that it is none of theirs
