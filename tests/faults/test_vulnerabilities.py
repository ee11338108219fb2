"""Vulnerabilities: what a rescan shows, never what somebody clicks."""

from datetime import datetime

import pytest

from collector.faults.model import ClockState, Stage
from collector.statements.model import Said, Through

HOUR, DAY = 3_600_000, 86_400_000


def at(text):
    """UTC ms of a local time in China."""
    return round(datetime.fromisoformat(f"{text}+08:00").timestamp()) * 1000


T = at("2026-07-14 10:00")
JULY = ("2026-07-10 00:00", "2026-08-10 00:00")


def one(case):
    (flaw,) = case.account().vulnerabilities
    return flaw


def clock(case, name="fix"):
    return next(c for c in one(case).clocks if c.id == name)


def test_a_flaw_that_nobody_scans_for_again_is_late_once_its_limit_is_over(case):
    made = case().scan(T, ("CVE-1", "high"))
    assert clock(made).state is ClockState.LATE
    assert clock(made).due_ms == at("2026-07-22 00:00")  # seven days, the day of the scan not counted
    (item,) = made.items(*JULY)
    assert (item.kind, item.facts["severity"], item.unit, item.system) == (
        "vulnerability_late",
        "high",
        "centre",
        "portal",
    )
    made.now = T + DAY
    assert clock(made).state is ClockState.RUNNING


@pytest.mark.parametrize(
    ("severity", "hours", "word"),
    [("critical", 23, ClockState.KEPT), ("critical", 25, ClockState.LATE), ("high", 25, ClockState.KEPT)],
)
def test_it_is_fixed_when_a_rescan_that_could_show_it_does_not(case, severity, hours, word):
    made = case().scan(T, ("CVE-1", severity)).scan(T + hours * HOUR)
    assert (one(made).stage, one(made).ended_by, clock(made).state) == (Stage.FIXED, "rescan", word)


def test_a_mitigation_counts_for_medium_and_low_only(case):
    for severity, name, word in (
        ("medium", "fix_or_mitigate", ClockState.KEPT),
        ("high", "fix", ClockState.LATE),
    ):
        made = case().scan(T, ("CVE-1", severity))
        made.say("mitigated", T + DAY, finding=one(made).id, text="WAF")
        assert (one(made).stage, clock(made, name).state) == (Stage.MITIGATED, word)


def test_closing_it_as_a_finding_is_a_click_and_fixes_nothing(case):
    made = case().scan(T, ("CVE-1", "high"))
    made.say("finding_closed", T + DAY, finding=one(made).id, reason="done")
    assert one(made).stage is Stage.OPEN


def test_a_flaw_that_comes_back_is_a_new_episode_with_a_clock_of_its_own(case):
    made = case().scan(T, ("CVE-1", "high")).scan(T + DAY).scan(T + 20 * DAY, ("CVE-1", "high"))
    first, second = made.account().vulnerabilities
    assert second.id == f"{first.id}#2"
    assert (first.stage, second.stage) == (Stage.FIXED, Stage.OPEN)
    assert second.found_ms == T + 20 * DAY


def test_a_report_that_arrives_long_after_the_limit_proves_nothing_before_it_without_the_buyer(case):
    made = case().scan(T, ("CVE-1", "critical")).scan(T + 20 * HOUR, received=T + 9 * DAY)
    assert (clock(made).state, clock(made).reason) == (ClockState.UNKNOWN, "late_statement")
    assert [(gap.kind, gap.reason, gap.who) for gap in made.gaps(*JULY)] == [
        ("vulnerability_late", "late_statement", "buyer")
    ]
    made.now = T + 5 * DAY
    assert clock(made).state is ClockState.LATE


def test_a_report_that_arrives_within_the_tolerance_or_with_the_buyer_counts_from_when_it_was_taken(case):
    made = case().scan(T, ("CVE-1", "critical")).scan(T + 20 * HOUR, received=T + DAY + HOUR // 2)
    assert clock(made).state is ClockState.KEPT
    made = case().scan(T, ("CVE-1", "critical")).scan(T + 20 * HOUR, received=T + 9 * DAY)
    joined = Said("scan", 2001, T + 9 * DAY, "li", "buyer", Through.SESSION, {})
    made.said.append(joined)
    assert clock(made).state is ClockState.KEPT


def test_a_report_dated_after_its_receipt_is_held_to_its_receipt(case):
    made = case().scan(T + 30 * DAY, ("CVE-1", "high"), received=T)
    assert one(made).found_ms == T


def test_the_same_flaw_in_two_series_is_one(case):
    made = case().scan(T, ("CVE-1", "high")).scan(T + DAY, ("CVE-1", "high"), series="nessus: all")
    assert one(made).found_ms == T


def test_a_severity_that_nobody_could_read_makes_a_gap_and_no_deduction(case):
    made = case().scan(T, ("X", "unknown"))
    assert made.items(*JULY) == ()
    assert [(gap.kind, gap.reason) for gap in made.gaps(*JULY)] == [
        ("vulnerability_late", "severity_unknown")
    ]


def test_a_late_flaw_counts_once_in_the_period_in_which_its_limit_ran_out(case):
    made = case().scan(at("2026-08-05 10:00"), ("CVE-1", "high"))
    made.now = at("2026-10-01 00:00")
    assert made.items(*JULY) == ()
    assert len(made.items("2026-08-10 00:00", "2026-09-10 00:00")) == 1
    assert made.items("2026-09-10 00:00", "2026-10-10 00:00") == ()


def test_pingdingshan_wants_a_plan_in_five_and_a_fix_in_nine_working_days_after_its_approval(case):
    start = at("2025-10-14 10:00")  # Tuesday
    made = case(pack="pingdingshan-2025", term=(start - 14 * DAY, start + 350 * DAY), now=start + 40 * DAY)
    made.scan(start, ("CVE-1", "high"))
    assert (clock(made, "plan").due_ms, clock(made, "plan").state) == (
        at("2025-10-22 00:00"),
        ClockState.UNKNOWN,
    )
    assert clock(made).reason == "plan_not_approved"
    plan = made.say("fix_plan", start + DAY, finding=one(made).id, plan="升级")
    made.say("fix_plan_approved", start + 2 * DAY, entry=plan.entry, approved=True, role="buyer")
    assert clock(made, "plan").state is ClockState.KEPT
    assert (clock(made).due_ms, clock(made).state) == (at("2025-10-30 00:00"), ClockState.LATE)
    made.scan(start + 10 * DAY)
    assert clock(made).state is ClockState.KEPT


def test_huaian_counts_what_others_found_and_the_vendors_own_only_past_the_limit(case):
    term = (at("2025-08-29 00:00"), at("2026-08-29 00:00"))
    year = ("2025-08-29 00:00", "2026-08-29 00:00")
    own = case(pack="huaian-2025", term=term).scan(T, ("sql", "high")).scan(T + 5 * HOUR)
    assert own.items(*year) == ()
    own.options["vulnerability.counts_if"] = "all"
    assert [item.kind for item in own.items(*year)] == ["vulnerability_found"]
    others = (
        case(pack="huaian-2025", term=term).scan(T, ("sql", "high"), found_by="buyer").scan(T + 30 * HOUR)
    )
    assert [item.kind for item in others.items(*year)] == ["vulnerability_late", "vulnerability_found"]


def test_what_others_reported_without_a_scanner_runs_from_their_report(case):
    made = case(pack="huaian-2025", term=(at("2025-08-29 00:00"), at("2026-08-29 00:00")))
    made.say("vulnerability_reported", T, asset="web-01", found_by="superior", risk="high", text="越权访问")
    flaw = one(made)
    assert (flaw.found_by, flaw.system, clock(made).state) == ("superior", "portal", ClockState.LATE)


def test_a_good_look_that_the_plan_named_proves_a_fix_by_version(case):
    made = case(named=frozenset({("host.patches", "web-01")})).scan(T, ("CVE-1", "critical"))
    made.say("fix_plan", T + HOUR, finding=one(made).id, plan="升级", check="host.patches", asset="web-01")
    made.record(T + 2 * HOUR, ("host.patches", "crit"))
    assert clock(made).state is ClockState.LATE
    made.record(T + 20 * HOUR, ("host.patches", "ok"))
    assert (one(made).ended_by, clock(made).state) == ("version_check", ClockState.KEPT)


def test_a_statement_about_no_known_flaw_is_listed(case):
    made = case()
    said = made.say("mitigated", T, finding="V0000000000", text="WAF")
    assert made.account().stray == ((said.entry, "unknown_vulnerability"),)
