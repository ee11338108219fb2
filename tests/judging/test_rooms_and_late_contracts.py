"""Rounds of which people do a part, scans that are brought late, and a contract that is written down late."""

from itertools import pairwise

import pytest
from luohe_site import ESTATE, at

from collector.estate.catalog import installed
from collector.estate.errors import EstateError
from collector.estate.loading import read_estate
from collector.inspection.due import occurrences
from collector.inspection.human import Answer
from collector.jobs import human, statements
from collector.jobs import scorecards as jobs
from collector.judging.pending import Rule, spans
from collector.judging.spans import periods_of
from collector.packs.loading import packaged
from collector.packs.options import resolve
from collector.scoring.choices import Choices
from collector.store import rounds

MONDAYS = ("2026-07-13", "2026-07-20", "2026-07-27", "2026-08-03")
ROOM = ESTATE.replace("probes:", "  - {id: room-1, kind: room, unit: centre}\nprobes:").replace(
    "checks: [host.load]}", "checks: [host.load], human: {assets: [room-1]}}"
)
CONTRACT = next(line for line in ESTATE.splitlines(keepends=True) if line.startswith("contract:"))


def line(made, name, unit=None):
    return next(one for one in made.scorecard.lines if (one.id, one.unit) == (name, unit))


def window(site, monday):
    with site.context.read() as conn:
        rules = [Rule("weekly", one.since_ms, one.timezone, one.plan) for one in rounds.rules(conn)["weekly"]]
    found = occurrences(spans(rules), at(f"{monday}T00:00"), at(f"{monday}T23:00"))
    return next(one for one in found if one.id == f"weekly/{monday}")


def walk(site, monday):
    """People look at the room and sign."""
    site.go(f"{monday}T09:20")
    asked = window(site, monday)
    human.arrive(site.context, asked, by="operator")
    with site.context.read() as conn:
        part = human.part_of(conn, "weekly", asked)
    answers = [Answer(key[1], "ok") for key in sorted(part.keys)]
    entry = human.enter(site.context, asked, "room-1", answers, by="operator")
    human.sign_off(site.context, asked, entry, by="operator")


def test_a_room_that_people_inspect_makes_a_round_whole_and_one_they_left_out_does_not(site):
    site.apply(ROOM)
    for monday in MONDAYS:
        if monday != MONDAYS[-1]:
            walk(site, monday)
        site.inspect(monday)
    site.go("2026-08-10T12:00")
    site.settle()
    made = jobs.scorecard(site.context, "2026-07")
    found = line(made, "inspection", "centre")
    assert (found.counted, found.points) == (3, 6)
    mine = [one for one in made.facts.items if (one.kind, one.unit) == ("inspection", "centre")]
    assert {proof.grade for one in mine for proof in one.proofs} == {"D"}


def test_a_contract_that_is_written_down_late_is_about_its_units_from_its_start_on(site):
    site.apply(ESTATE.replace(CONTRACT, ""))
    for monday in MONDAYS:
        site.inspect(monday)
    site.go("2026-08-12T12:00")
    site.settle()
    site.apply()
    site.go("2026-08-12T13:00")
    site.settle()
    made = jobs.scorecard(site.context, "2026-07")
    assert [unit.id for unit in made.facts.units] == ["centre", "county"]
    assert line(made, "incidents", "centre").points is None
    assert made.scorecard.total is None


def test_a_late_scan_proves_nothing_of_incidents_either(site):
    site.apply()
    for begin, end in pairwise(("2026-07-10", "2026-07-20", "2026-07-30", "2026-08-10")):
        site.probe((f"{begin}T00:00", True), (f"{end}T00:00", True))
    site.go("2026-10-20T12:00")
    site.settle()
    before = jobs.scorecard(site.context, "2026-07")
    late_scan(site, "2026-07-15T12:00")
    made = jobs.scorecard(site.context, "2026-07")
    assert line(made, "incidents", "centre").state == line(before, "incidents", "centre").state
    assert line(made, "incidents", "centre").points is None
    assert "imported_late" in {gap.reason for gap in made.facts.gaps if gap.kind == "scan"}


def late_scan(site, when):
    """A report of that time, brought now."""
    now = site.world.at
    site.go(when)
    taken = site.world.at
    site.world.at = now
    site.scan("web-01", "web-02", "mail-01", ended=taken)
    site.settle()


STARTS = [f"2026-09-{day:02d}" for day in range(1, 31)] + ["2028-02-29", "2026-10-31"]


@pytest.mark.parametrize("start", STARTS)
def test_every_period_of_a_term_has_a_name_of_its_own(start):
    pack = packaged("luohe-2026").pack
    made = periods_of(pack.periods, start, Choices(resolve(pack, {})))
    assert len({one.name for one in made}) == len(made)
    assert all(one.to_ms == two.from_ms for one, two in pairwise(made))


@pytest.mark.parametrize("start", ["0001-01-01", "1969-12-31", "9999-12-31"])
def test_a_contract_of_another_age_is_refused_with_its_line(start):
    text = ESTATE.replace("start: 2026-06-10", f"start: {start}").encode()
    with pytest.raises(EstateError, match="is no first day of a contract"):
        read_estate("estate.yaml", lambda name: text, installed())


def test_a_span_that_ends_before_it_begins_is_refused(site):
    site.apply()
    fields = {"system": "portal", "in_scope": "false", "since": "2026-07-20", "until": "2026-07-10"}
    with pytest.raises(statements.StatementError, match="does not end after it begins"):
        statements.add(site.context, "in_scope", fields, by="buyer")
