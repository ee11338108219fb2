"""What the reports of a scanner tell together is the same, whether they are read one by one or all anew."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from collector.faults import scanned
from collector.faults.counted import terms_of
from collector.faults.ground import Report
from collector.packs.loading import packaged
from collector.scans.lifecycle import Import
from collector.scans.model import Finding, Scan, Severity
from collector.scoring.model import Proof

DAY = 86_400_000
TERMS = terms_of(packaged("luohe-2026").pack).vulnerabilities
HOSTS = ("h1", "h2")

FINDING = st.builds(
    Finding,
    st.sampled_from(["CVE-1", "CVE-2", "CVE-3"]),
    st.sampled_from(HOSTS),
    st.just("443/tcp"),
    st.just("flaw"),
    st.sampled_from([Severity.HIGH, Severity.LOW, Severity.INFO]),
    mitigated=st.booleans(),
)
SCAN = st.tuples(
    st.integers(0, 30),  # the day on which it was taken
    st.integers(0, 40),  # and on which it came
    st.booleans(),
    st.lists(FINDING, max_size=4),
    st.sampled_from(["a", "b"]),
    st.sampled_from(["full", "quick"]),
)


def report(idx, made):
    """A report of a series in the log."""
    taken, came, complete, found, series, asked = made
    scan = Scan(
        "nessus",
        "10",
        ("10.0.0.0/24",),
        HOSTS,
        None,
        taken * DAY,
        tuple(found),
        complete=complete,
        settings=asked,
    )
    return Report(series, Import(idx, came * DAY, scan), "vendor", Proof(idx, "works", "E"))


@settings(max_examples=60, deadline=None)
@given(st.lists(SCAN, min_size=1, max_size=8), st.data(), st.sampled_from(["scanned", "received"]))
def test_reports_in_any_order_tell_on_top_of_what_is_remembered_what_they_tell_anew(made, data, count_from):
    terms = replace(TERMS, found_from=count_from)
    every = [report(idx, one) for idx, one in enumerate(made)]
    scanned.READ.clear()
    for _ in range(6):
        some = data.draw(st.lists(st.sampled_from(every), unique_by=id, max_size=8))
        as_of = data.draw(st.integers(0, 40)) * DAY
        known = dict(scanned.READ)
        scanned.READ.clear()
        anew = scanned.scanned(terms, some, as_of)
        scanned.READ.update(known)
        assert scanned.scanned(terms, some, as_of) == anew
        for one in scanned.scanned(terms, some, as_of):  # who asks changes them
            one.ended_ms, one.number = -1, 77
        assert scanned.scanned(terms, some, as_of) == anew


class Findings(tuple):
    """Findings of a report, and how often somebody read them."""

    times = 0

    def __iter__(self):
        self.times += 1
        return super().__iter__()


def test_of_a_new_report_none_of_those_before_it_is_read_again():
    scanned.READ.clear()
    found = [Findings([Finding("CVE-1", "h1", "443/tcp", "flaw", Severity.HIGH)]) for _ in range(12)]
    every = []
    for day, findings in enumerate(found):
        plain = report(day, (day, day, True, [], "a", "full"))
        scan = replace(plain.imported.scan, findings=findings)
        every.append(replace(plain, imported=replace(plain.imported, scan=scan)))
        scanned.scanned(TERMS, every, 40 * DAY)
    assert [one.times for one in found] == [1] * 12


def test_a_flaw_that_was_mitigated_when_it_was_first_seen_and_is_gone_in_the_next_report_is_none():
    flaw = Finding("CVE-1", "h1", "443/tcp", "flaw", Severity.HIGH, mitigated=True)
    every = [report(0, (1, 1, True, [flaw], "a", "full")), report(1, (2, 2, True, [], "a", "full"))]
    assert scanned.scanned(TERMS, every, 40 * DAY) == []
