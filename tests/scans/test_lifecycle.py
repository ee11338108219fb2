"""Findings over several reports: silence is proof only of a report that looked."""

from dataclasses import replace

from collector.scans.lifecycle import Import, State, lives
from collector.scans.model import Finding, Scan, Severity

A = Finding("cve-1", "10.0.0.1", "22/tcp", "One", Severity.HIGH)
B = Finding("cve-2", "10.0.0.2", "", "Two", Severity.LOW)
FULL = Scan("x", "1", ("net",), ("10.0.0.1", "10.0.0.2"), None, None, ())


def history(*scans: Scan) -> dict[str, State]:
    imports = [Import(n, n * 1000, scan) for n, scan in enumerate(scans)]
    return {one.finding.id: one.state for one in lives(imports)}


def found(*findings: Finding, **changes) -> Scan:
    return replace(FULL, findings=findings, **changes)


def test_a_report_that_examined_nothing_fixes_nothing() -> None:
    assert history(found(A, B), found(examined=())) == {"cve-1": State.OPEN, "cve-2": State.OPEN}


def test_a_report_that_was_cut_off_or_asked_for_less_fixes_nothing() -> None:
    assert history(found(A), found(complete=False)) == {"cve-1": State.OPEN}
    assert history(found(A), found(settings="levels=h"), found(settings="levels=h")) == {"cve-1": State.OPEN}


def test_a_host_that_was_not_looked_at_keeps_its_findings() -> None:
    assert history(found(A, B), found(examined=("10.0.0.1",))) == {"cve-1": State.FIXED, "cve-2": State.OPEN}


def test_a_finding_is_open_fixed_reopened_and_fixed_again() -> None:
    assert history(found(A)) == {"cve-1": State.OPEN}
    assert history(found(A), found()) == {"cve-1": State.FIXED}
    assert history(found(A), found(), found(A)) == {"cve-1": State.REOPENED}
    assert history(found(A), found(), found(A), found(A)) == {"cve-1": State.REOPENED}
    assert history(found(A), found(), found(A), found()) == {"cve-1": State.FIXED}


def test_mitigated_is_the_tools_word_and_ends_with_it() -> None:
    mild = replace(A, mitigated=True)
    assert history(found(A), found(mild)) == {"cve-1": State.MITIGATED}
    assert history(found(mild), found(A)) == {"cve-1": State.OPEN}
    assert history(found(mild, A)) == {"cve-1": State.OPEN}


def test_reports_count_by_the_time_they_were_taken_not_by_the_order_of_import() -> None:
    late = Import(0, 9000, replace(found(), ended=2000))
    early = Import(1, 9500, replace(found(A), ended=1000))
    (one,) = lives([late, early])
    assert (one.state, one.first, one.last, one.looked, one.entries) == (
        State.FIXED,
        1000,
        1000,
        2000,
        (1, 0),
    )


def test_first_seen_is_the_tools_own_word_where_it_is_earlier() -> None:
    (one,) = lives([Import(3, 5000, found(replace(A, first_seen=70)))])
    assert (one.first, one.entries) == (70, (3,))
