"""Documents that the collector made of evidence and logged do the obligations that ask for them."""

import pytest

from collector.evidence.periods import parse_period
from collector.jobs import cadence
from collector.reports.documents import draft, logged
from collector.reports.material import Material
from collector.reports.material_found import found_in, span_of
from collector.statements.fields import ZONE

QUARTER, YEAR = "2026-06-10/2026-09-10", "2026-06-10/2027-06-10"


def states(site, now, name="LH-14"):
    """The states of an obligation's rows by cadence and stretch, and the entries that did them."""
    site.settle()
    with site.context.read() as conn:
        lines = {line.obligation.id: line for line in cadence.ledger(conn, now, whole_term=True).lines}
    return [
        (row.cadence, row.state.value, row.entries) for row in lines[name].rows if row.state.value != "open"
    ]


def make(site, kind, period):
    """The document of a period, logged; its entry."""
    site.settle()
    span = span_of(site.context, period)
    material = Material(site.context, span, found_in(site.context, span))
    return logged(material, draft(kind, material, "zh"), "cli")[0]


@pytest.fixture
def quarter(site):
    """Three months are over, in which one round was held."""
    site.apply()
    site.inspect("2026-06-15")
    site.go("2026-09-09T12:00")
    site.settle()
    assert parse_period(QUARTER, ZONE, 0).to_ms > site.world.at
    return site


def test_an_analysis_that_was_made_after_its_quarter_keeps_it_and_one_before_its_end_does_not(quarter):
    early = make(quarter, "quarterly-operation", QUARTER)
    now = quarter.go("2026-09-12T10:00")
    assert states(quarter, now) == []
    entry = make(quarter, "quarterly-operation", QUARTER)
    assert entry != early
    found = states(quarter, quarter.go("2026-09-12T12:00"))
    assert found == [(0, "done", (early, entry))]  # the early one is shown beside it
    # A month late and it is late; of another quarter it is none.
    late = quarter.go("2027-01-20T10:00")
    assert [state for _, state, _ in states(quarter, late)] == ["done", "missed"]
    other = make(quarter, "quarterly-operation", "2026-09-10/2026-12-10")
    assert states(quarter, quarter.go("2027-01-20T12:00"))[1] == (0, "late", (other,))


def test_the_report_of_a_year_is_the_years_analysis_and_no_quarters(quarter):
    quarter.go("2027-06-12T10:00")
    quarter.settle()
    entry = make(quarter, "service-year", YEAR)
    found = states(quarter, quarter.go("2027-06-12T12:00"))
    assert (1, "done", (entry,)) in found
    assert not any(entry in entries for number, _, entries in found if number == 0)
