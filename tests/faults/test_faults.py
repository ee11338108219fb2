"""A fault with all that people state of it, first where nobody says anything, or says it late or wrongly."""

from datetime import datetime

import pytest

from collector.faults.model import ClockState, Origin
from collector.faults.reports import draft
from collector.scoring.model import LineState

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


def at(text):
    """UTC ms of a local time in China."""
    return round(datetime.fromisoformat(f"{text}+08:00").timestamp()) * 1000


TUESDAY = at("2026-07-14 10:00")  # a working day
SUNDAY = at("2026-07-19 03:00")
ID = "portal@2026-07-14T02:00:00Z"


def only(case):
    (fault,) = case.account().faults
    return fault


def clock(fault, name):
    return next(one for one in fault.clocks if one.id == name)


def state(fault, name):
    return clock(fault, name).state


def test_a_fault_that_nobody_says_anything_about_is_proposed_and_its_response_is_unknown(case):
    made = case().down("portal", TUESDAY, 30 * MINUTE)
    fault = only(made)
    assert (fault.id, fault.origin, fault.unit) == (ID, Origin.MEASURED, "centre")
    assert (fault.judged.level, fault.judged.level_by) == (1, None)
    assert fault.judged.asked == ("level", "cause", "vendor_cause", "impact")
    response = clock(fault, "response")
    assert (response.state, response.reason) == (ClockState.UNKNOWN, "no_statement")
    assert state(fault, "recovery") is ClockState.KEPT
    (item,) = made.items("2026-07-10 00:00", "2026-08-10 00:00")
    assert item.facts["late"] is False
    assert item.facts["provisional"] is True
    (gap,) = made.gaps("2026-07-10 00:00", "2026-08-10 00:00")
    assert (gap.kind, gap.unit, gap.at_most, gap.facts["late"], gap.facts["level"]) == (
        "fault",
        "centre",
        1,
        True,
        1,
    )


def test_without_an_alert_receipt_the_detection_starts_the_clocks_and_that_is_said(case):
    fault = only(case().down("portal", TUESDAY, 30 * MINUTE))
    assert fault.moments.announced_ms is None
    assert clock(fault, "recovery").start_ms == TUESDAY + 1000
    assert "clock_from_detected" in fault.flags


def test_the_earlier_of_alert_and_report_starts_the_clocks(case):
    made = case().down("portal", TUESDAY, 30 * MINUTE)
    made.announced[ID] = TUESDAY + 20_000
    made.say("fault_reported", TUESDAY + 5000, system="portal", text="打不开")
    fault = only(made)
    assert clock(fault, "recovery").start_ms == TUESDAY + 5000
    made.options["clock.start"] = "onset"
    assert clock(only(made), "recovery").start_ms == TUESDAY


@pytest.mark.parametrize(("seconds", "late"), [(120, False), (121, True), (540, True)])
def test_an_alert_that_waited_moves_no_clock(case, seconds, late):
    made = case().down("portal", TUESDAY, 30 * MINUTE)
    made.announced[ID] = TUESDAY + 1000 + seconds * 1000
    fault = only(made)
    assert ("announced_late" in fault.flags, "clock_from_detected" in fault.flags) == (late, late)
    assert clock(fault, "response").start_ms == TUESDAY + 1000 + (0 if late else seconds * 1000)


def test_what_a_fault_costs_already_its_open_clocks_do_not_cost_again(case):
    term = (at("2026-05-05 00:00"), at("2027-05-05 00:00"))
    made = case(pack="pingdingshan-2024", term=term)
    made.down("portal", TUESDAY, 30 * MINUTE, recovered_ms=None, observed_to_ms=TUESDAY + 30 * MINUTE)
    made.say("no_support", TUESDAY + HOUR, fault=ID, text="x")
    gaps = [one for one in made.gaps("2026-05-05 00:00", "2026-08-05 00:00") if one.kind == "fault"]
    asked = [tuple(one.facts[name] for name in ("no_support", "not_restored")) for one in gaps]
    assert asked == [(False, True)]


@pytest.mark.parametrize(("minutes", "word"), [(9, ClockState.KEPT), (11, ClockState.LATE)])
def test_a_signed_click_stops_the_response(case, minutes, word):
    made = case().down("portal", TUESDAY, 30 * MINUTE)
    made.say("fault_acknowledged", TUESDAY + minutes * MINUTE, fault=ID)
    assert state(only(made), "response") is word


def test_nothing_received_later_than_as_of_is_looked_at(case):
    made = case(now=TUESDAY + DAY).down("portal", TUESDAY, 30 * MINUTE)
    made.say("fault_acknowledged", TUESDAY + 3 * DAY, fault=ID, at_ms=TUESDAY + 4 * MINUTE)
    assert state(only(made), "response") is ClockState.UNKNOWN


def test_a_clock_hours_ahead_makes_a_statement_of_the_future_which_decides_nothing(case):
    made = case().down("portal", TUESDAY, 30 * MINUTE)
    said = made.say("fault_acknowledged", TUESDAY + MINUTE, fault=ID, at_ms=TUESDAY + 5 * HOUR)
    assert made.account().stray == ((said.entry, "in_the_future"),)
    assert state(only(made), "response") is ClockState.UNKNOWN


def test_a_clock_hours_behind_gives_no_negative_response_and_is_flagged(case):
    made = case().down("portal", TUESDAY, 30 * MINUTE)
    made.say("fault_acknowledged", TUESDAY + MINUTE, fault=ID, at_ms=TUESDAY - 8 * HOUR)
    fault = only(made)
    assert fault.moments.acknowledged_ms == TUESDAY
    assert "fault_acknowledged_before_onset" in fault.flags


def test_a_statement_for_an_unknown_fault_is_listed_and_decides_nothing(case):
    made = case().down("portal", TUESDAY, 30 * MINUTE)
    said = made.say("level", TUESDAY + HOUR, fault="portal@2026-07-14T12:00:00Z", level=4)
    account = made.account()
    assert account.stray == ((said.entry, "unknown_fault"),)
    assert account.faults[0].judged.level == 1


def test_an_operators_report_decides_neither_the_level_nor_whose_cause_it_was(case):
    made = case().down("portal", TUESDAY, 30 * MINUTE)
    for role in ("operator", "manager"):
        made.say("fault_reported", TUESDAY + MINUTE, system="portal", level=4, text="x", role=role)
    assert only(made).judged.level == 1
    own = case()
    own.say("fault_reported", TUESDAY, system="tool", level=3, vendor=False, text="x", role="operator")
    judged = only(own).judged
    assert (judged.level, judged.level_by, judged.vendor_cause) == (3, None, None)


def test_late_evidence_that_moves_the_onset_keeps_the_statements(case):
    made = case().down("portal", TUESDAY - 7 * MINUTE, 40 * MINUTE)
    made.say("level", TUESDAY + HOUR, fault=ID, level=3)
    assert only(made).judged.level == 3


def test_a_level_that_is_corrected_later_is_the_new_one_from_its_receipt_on(case):
    made = case().down("portal", TUESDAY, 30 * MINUTE)
    first = made.say("level", TUESDAY + HOUR, fault=ID, level=3)
    made.say("level", TUESDAY + 2 * DAY, fault=ID, level=2, corrects=first.entry)
    assert only(made).judged.level == 2
    made.now = TUESDAY + DAY
    assert only(made).judged.level == 3


def test_somebody_elses_statement_corrects_nothing_that_he_may_not_correct(case):
    made = case().down("portal", TUESDAY, 30 * MINUTE)
    first = made.say("fault_acknowledged", TUESDAY + 5 * MINUTE, fault=ID, by="wang", role="operator")
    made.say(
        "fault_acknowledged",
        TUESDAY + DAY,
        fault=ID,
        by="eve",
        role="viewer",
        corrects=first.entry,
        at_ms=TUESDAY,
    )
    assert only(made).moments.acknowledged_ms == TUESDAY + 5 * MINUTE


def test_a_fault_shorter_than_the_minimum_or_seen_too_seldom_is_a_blip(case):
    made = case(pack="pingdingshan-2024", core=frozenset())
    made.term = (at("2024-09-30 00:00"), at("2025-09-30 00:00"))
    start = at("2024-10-15 10:00")
    made.down("portal", start, 59_000).down("portal", start + DAY, 60_000).down(
        "tool", start, 600_000, probes=2
    )
    made.now = start + 9 * DAY
    account = made.account()
    assert [fault.judged.level for fault in account.faults] == [4]
    assert account.blips == 2


def test_recovery_is_late_while_bad_looks_reach_past_the_limit_and_unknown_where_nobody_looked(case):
    long = case().down("portal", TUESDAY, 3 * HOUR)
    assert state(only(long), "recovery") is ClockState.LATE
    silent = case().down("portal", TUESDAY, HOUR, recovered_ms=None, observed_to_ms=TUESDAY + HOUR)
    found = clock(only(silent), "recovery")
    assert (found.state, found.reason) == (ClockState.UNKNOWN, "not_observed")


def test_a_persons_word_ends_a_fault_only_where_nobody_looked(case):
    silent = case().down("portal", TUESDAY, HOUR, recovered_ms=None, observed_to_ms=TUESDAY + HOUR)
    silent.say("fault_recovered", TUESDAY + 90 * MINUTE, fault=ID)
    fault = only(silent)
    assert (state(fault, "recovery"), "recovery_stated" in fault.flags) == (ClockState.KEPT, True)
    seen = case().down("portal", TUESDAY, 5 * HOUR)
    seen.say("fault_recovered", TUESDAY + HOUR, fault=ID)
    assert state(only(seen), "recovery") is ClockState.LATE


def test_a_reported_fault_that_recovered_twice_recovered_the_second_time(case):
    made = case()
    made.say("fault_reported", TUESDAY, system="tool", level=3, text="打印机")
    ref = "tool@2026-07-14T02:00:00Z"
    made.say("fault_recovered", TUESDAY + HOUR, fault=ref)
    made.say("fault_recovered", TUESDAY + 30 * HOUR, fault=ref)
    fault = only(made)
    assert (fault.origin, fault.judged.level) == (Origin.REPORTED, 3)
    assert state(fault, "recovery") is ClockState.LATE
    assert "recovered_twice" in fault.flags


def test_a_corrected_report_keeps_the_name_of_its_fault(case):
    made = case()
    first = made.say("fault_reported", TUESDAY, system="tool", level=3, text="a")
    made.say(
        "fault_reported",
        TUESDAY + HOUR,
        system="tool",
        level=4,
        text="b",
        at_ms=TUESDAY - HOUR,
        corrects=first.entry,
    )
    made.say("fault_acknowledged", TUESDAY + 2 * HOUR, fault="tool@2026-07-14T02:00:00Z", at_ms=TUESDAY)
    fault = only(made)
    assert (fault.id, fault.judged.level) == ("tool@2026-07-14T02:00:00Z", 4)
    assert fault.moments.acknowledged_ms == TUESDAY


def test_only_people_know_it_and_nobody_says_it_is_over_is_unknown_not_late(case):
    made = case()
    made.say("fault_reported", TUESDAY, system="tool", level=4, text="a")
    found = clock(only(made), "recovery")
    assert (found.state, found.reason) == (ClockState.UNKNOWN, "no_statement")


def test_three_clocks_run_at_once_in_luohe(case):
    made = case().down("portal", TUESDAY, 90 * MINUTE)
    made.say("level", TUESDAY + HOUR, fault=ID, level=1, **{"class": "ordinary"})
    made.say("arrived", TUESDAY + 30 * MINUTE, fault=ID, grade="technician")
    fault = only(made)
    assert state(fault, "clearing") is ClockState.LATE  # an ordinary fault: 1 h
    assert state(fault, "recovery") is ClockState.KEPT  # level 1: 2 h
    assert state(fault, "attendance_technician") is ClockState.KEPT
    assert state(fault, "attendance_engineer") is ClockState.VOID  # it was over before an engineer was due


def test_the_class_that_nobody_picked_leaves_the_clearing_unknown_unless_all_agree(case):
    unsure = only(case().down("portal", TUESDAY, 90 * MINUTE))
    found = clock(unsure, "clearing")
    assert (found.state, found.reason) == (ClockState.UNKNOWN, "no_grade")
    sure = only(case().down("portal", TUESDAY, 30 * MINUTE))
    assert state(sure, "clearing") is ClockState.KEPT


def test_off_hours_have_clocks_of_their_own(case):
    fault = only(case().down("portal", SUNDAY, 2 * HOUR))
    names = {one.id for one in fault.clocks}
    assert "arrival_off_hours" in names
    assert "clearing" not in names


def test_escalation_goes_up_every_two_hours_until_the_fault_is_over(case):
    fault = only(case().down("portal", TUESDAY, 5 * HOUR))
    begin = TUESDAY + 1000
    assert fault.escalation == (begin + 2 * HOUR, begin + 4 * HOUR)
    assert only(case().down("portal", TUESDAY, HOUR)).escalation == ()


@pytest.mark.parametrize(
    ("answer", "word", "late"),
    [(None, ClockState.SUSPENDED, False), (True, ClockState.VOID, False), (False, ClockState.LATE, True)],
)
def test_force_majeure_suspends_what_ran_out_until_the_centre_decides(case, answer, word, late):
    made = case().down("portal", TUESDAY, 3 * HOUR)
    made.say("fault_acknowledged", TUESDAY + MINUTE, fault=ID)
    claim = made.say("force_majeure_claimed", TUESDAY + DAY, fault=ID, reason="挖断光缆")
    if answer is not None:
        made.say("force_majeure_decided", TUESDAY + 2 * DAY, entry=claim.entry, approved=answer, role="buyer")
    assert state(only(made), "recovery") is word
    (item,) = made.items("2026-07-10 00:00", "2026-08-10 00:00")
    assert item.facts["late"] is late
    made.options["waiver"] = "ignore"
    assert only(made).late


def test_a_level_that_straddles_and_decides_the_outcome_is_provisional(case):
    made = case(pack="huaian-2025", term=(at("2025-08-29 00:00"), at("2026-08-29 00:00")))
    made.say("fault_reported", TUESDAY, system="tool", text="x")
    assert only(made).judged.level == 2
    assert only(made).judged.asked[0] == "level"


def test_a_fault_belongs_to_the_period_of_its_onset_even_if_it_ends_in_the_next(case):
    late = at("2026-08-09 23:30")
    made = case().down("portal", late, 3 * HOUR)
    made.say("fault_acknowledged", late + MINUTE, fault="portal@2026-08-09T15:30:00Z")
    assert [item.facts["late"] for item in made.items("2026-07-10 00:00", "2026-08-10 00:00")] == [True]
    assert made.items("2026-08-10 00:00", "2026-09-10 00:00") == ()


def test_the_same_cause_again_is_proposed_and_costs_only_once_a_person_has_said_so(case):
    made = case().down("portal", TUESDAY - 20 * DAY, 30 * MINUTE).down("portal", TUESDAY, 30 * MINUTE)
    first = made.account().faults[0].id
    for fault in (first, ID):
        made.say("cause", TUESDAY + HOUR, fault=fault, cause="disk_full")
    again = made.account().faults[1].repeated
    assert (again.of, again.decided) == (first, None)
    july = ("2026-07-10 00:00", "2026-08-10 00:00")
    assert [gap.kind for gap in made.gaps(*july)] == ["fault", "repeat_fault"]
    made.say("repeat", TUESDAY + 2 * HOUR, fault=ID, of=first, same=True)
    assert [item.kind for item in made.items(*july)] == ["fault", "repeat_fault"]
    assert [gap.kind for gap in made.gaps(*july)] == ["fault"]


def test_a_repeat_of_a_fault_before_the_window_is_told_by_the_ids_that_people_named(case):
    made = case(window=(at("2026-07-10 00:00"), at("2026-08-10 00:00"))).down("portal", TUESDAY, 30 * MINUTE)
    made.say("cause", TUESDAY - 20 * DAY, fault="portal@2026-06-24T02:00:00Z", cause="disk_full")
    made.say("cause", TUESDAY + HOUR, fault=ID, cause="disk_full")
    account = made.account()
    assert account.stray == ()
    assert account.faults[0].repeated.of == "portal@2026-06-24T02:00:00Z"
    made.options["repeat.window"] = "month"
    assert only(made).repeated is not None
    made.options["repeat.window"] = "term"
    made.term = (TUESDAY - DAY, made.term[1])
    assert only(made).repeated is None


def test_how_long_ago_the_same_fault_counts_as_one_again_is_an_option(case):
    made = case(window=(at("2026-07-10 00:00"), at("2026-08-10 00:00"))).down("portal", TUESDAY, 30 * MINUTE)
    first = "portal@2026-06-11T02:00:00Z"  # 33 days before: within the term and a quarter, not within a month
    made.say("cause", TUESDAY - 33 * DAY, fault=first, cause="disk_full")
    made.say("cause", TUESDAY + HOUR, fault=ID, cause="disk_full")
    found = {}
    for window in ("term", "year", "quarter", "month"):
        made.options["repeat.window"] = window
        repeated = only(made).repeated
        found[window] = None if repeated is None else repeated.of
    assert found == {"term": first, "year": first, "quarter": first, "month": None}


def test_the_late_clock_of_an_acknowledged_recovery_sets_the_fact_and_says_how_many(case):
    made = case().down("portal", TUESDAY, 3 * HOUR)
    made.say("fault_acknowledged", TUESDAY + HOUR, fault=ID)
    (item,) = made.items("2026-07-10 00:00", "2026-08-10 00:00")
    assert (item.facts["late"], item.value) == (True, 2)
    assert made.gaps("2026-07-10 00:00", "2026-08-10 00:00") == ()


def pds(case, year="2025"):
    start = at(f"{year}-09-30 00:00")
    return case(pack=f"pingdingshan-{year}", term=(start, start + 365 * DAY), core=frozenset())


def test_pingdingshan_counts_response_arrival_and_eight_working_hours(case):
    friday = at("2025-10-17 16:30")
    made = pds(case).down("portal", friday, 90 * HOUR)
    made.now = friday + 9 * DAY
    fault = only(made)
    restore = clock(fault, "restore")
    # An hour on Friday less one second for the detection, six and a half on Monday (8:30-12:00 and
    # 14:30-17:30), the rest on Tuesday.
    assert restore.due_ms == at("2025-10-21 09:00") + 1000
    assert restore.state is ClockState.LATE
    assert fault.judged.level == 1
    item = made.items("2025-09-30 00:00", "2025-12-30 00:00")[0]
    assert item.facts["vendor_cause"] is None
    made.say("vendor_cause", made.now - HOUR, fault=fault.id, vendor=False)
    assert made.items("2025-09-30 00:00", "2025-12-30 00:00")[0].facts["vendor_cause"] is False


def test_what_the_buyer_says_of_missing_support_needs_no_clock(case):
    start = at("2025-10-14 10:00")
    made = pds(case).down("portal", start, 5 * MINUTE)
    made.now = start + DAY
    made.say("no_support", start + HOUR, fault="portal@2025-10-14T02:00:00Z", role="buyer")
    assert made.items("2025-09-30 00:00", "2025-12-30 00:00")[0].facts["no_support"] is True


def test_two_reports_are_due_in_pingdingshan_and_only_the_scorecards_costs(case):
    start = at("2025-10-15 10:00")  # Wednesday; day 3 is Saturday, which rolls to Monday the 20th
    made = pds(case).down("portal", start, 2 * HOUR)
    made.now = at("2025-10-25 00:00")
    made.say("fault_report_filed", at("2025-10-22 09:00"), fault="portal@2025-10-15T02:00:00Z")
    card, tender = only(made).reports
    assert (card.due_ms, card.late_days) == (at("2025-10-21 00:00"), 2)
    assert (tender.due_ms, tender.late_days, tender.scored) == (at("2025-10-18 00:00"), 5, False)
    found = [
        item for item in made.items("2025-09-30 00:00", "2025-12-30 00:00") if item.kind == "report_late_days"
    ]
    assert [item.value for item in found] == [2]
    made.options["report.due"] = "2_working_days"
    assert only(made).reports[0].late_days == 5


def test_a_report_that_came_before_the_recovery_reports_no_recovery(case):
    start = at("2025-10-15 10:00")
    made = pds(case).down("portal", start, 2 * HOUR)
    made.now = at("2025-10-25 00:00")
    made.say("fault_report_filed", start + HOUR, fault="portal@2025-10-15T02:00:00Z")
    assert only(made).reports[0].state is ClockState.LATE


def test_no_calendar_for_the_year_leaves_working_hours_unknown_and_hides_nothing_else(case):
    start = at("2031-10-15 10:00")
    made = case(pack="pingdingshan-2025", term=(start - DAY, start + 99 * DAY), now=start + 9 * DAY)
    fault = only(made.down("portal", start, 2 * HOUR))
    assert (clock(fault, "restore").reason, fault.judged.level) == ("no_calendar", 2)


def test_both_sets_of_limits_run_in_huaian_and_the_option_says_which_is_scored(case):
    made = case(pack="huaian-2025", term=(at("2025-08-29 00:00"), at("2026-08-29 00:00")))
    made.down("portal", TUESDAY, 5 * HOUR)
    made.say("fault_acknowledged", TUESDAY + MINUTE, fault=ID)
    fault = only(made)
    assert (state(fault, "recovery"), state(fault, "body_solution")) == (ClockState.LATE, ClockState.KEPT)
    kinds = [item.kind for item in made.items("2025-08-29 00:00", "2026-08-29 00:00")]
    assert kinds == ["fault", "incident_late"]
    made.options["limits"] = "body"
    assert [item.kind for item in made.items("2025-08-29 00:00", "2026-08-29 00:00")] == ["fault"]


def test_a_fault_in_a_key_moment_is_counted_for_it(case):
    made = case(pack="huaian-2025", term=(at("2025-08-29 00:00"), at("2026-08-29 00:00")))
    made.down("portal", TUESDAY, 5 * MINUTE)
    made.say("key_moment", TUESDAY - DAY, id="congress", **{"from": TUESDAY - HOUR, "to": TUESDAY + HOUR})
    assert "key_moment_fault" in [item.kind for item in made.items("2025-08-29 00:00", "2026-08-29 00:00")]


def test_the_draft_of_the_report_holds_what_the_evidence_knows_and_leaves_the_rest_open(case):
    made = case().down("portal", TUESDAY, 30 * MINUTE)
    made.say("fault_acknowledged", TUESDAY + MINUTE, fault=ID)
    filled = draft(only(made))
    assert (filled.category, filled.duration_ms, filled.cause, filled.responsibility) == (
        "service_down",
        1_800_000,
        None,
        None,
    )
    assert [event.what for event in filled.handling][:3] == ["onset", "detected", "acknowledged"]
    assert filled.provisional
    made.say("cause", TUESDAY + HOUR, fault=ID, cause="disk_full", text="日志未轮转")
    assert draft(only(made)).cause == "日志未轮转"


def test_a_late_fault_whose_level_nobody_stated_is_no_full_line(case):
    made = case().down("portal", TUESDAY, 0, degraded=30 * HOUR)
    assert only(made).judged.level is None
    gaps = made.gaps("2026-07-10 00:00", "2026-08-10 00:00")
    (gap,) = [one for one in gaps if one.reason == "no_level"]
    assert (gap.unit, gap.who, gap.facts["late"], "level" in gap.facts) == ("centre", "manager", True, False)
    worth = made.line("incidents", "centre", "2026-07-10 00:00", "2026-08-10 00:00")
    assert (worth.points, worth.low, worth.high, worth.state) == (None, 20, 30, LineState.NOT_PROVEN)
    made.say("level", TUESDAY + 2 * DAY, fault=ID, level=3)
    assert made.line("incidents", "centre", "2026-07-10 00:00", "2026-08-10 00:00").points == 25
