"""Two sides speak about a fault: the buyer's word stands, late words of the vendor's prove nothing alone."""

from dataclasses import replace
from datetime import datetime

import pytest

from collector.faults.model import ClockState
from collector.statements.model import Through

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


def at(text):
    """UTC ms of a local time in China."""
    return round(datetime.fromisoformat(f"{text}+08:00").timestamp()) * 1000


TUESDAY = at("2026-07-14 10:00")
ID = "portal@2026-07-14T02:00:00Z"
JULY = ("2026-07-10 00:00", "2026-08-10 00:00")


def only(case):
    (fault,) = case.account().faults
    return fault


def clock(fault, name):
    return next(one for one in fault.clocks if one.id == name)


def state(fault, name):
    found = clock(fault, name)
    return found.state, found.reason


def down(case, length=30 * MINUTE, **more):
    return case(**more).down("portal", TUESDAY, length)


def facts(made):
    return next(one for one in made.items(*JULY) if one.kind == "fault").facts


def test_the_vendors_level_after_the_buyers_is_disputed_and_the_buyers_counts(case):
    made = down(case)
    made.say("level", TUESDAY + HOUR, by="jia", role="buyer", fault=ID, level=1)
    later = made.say("level", TUESDAY + DAY, fault=ID, level=4)
    fault = only(made)
    assert fault.judged.level == 1
    assert fault.judged.disputed == (("level", later.entry),)
    assert facts(made)["disputed"] is True
    assert [event.disputed for event in fault.timeline if event.entry == later.entry] == [True]


def test_the_buyers_level_after_the_vendors_counts_and_nothing_is_disputed(case):
    made = down(case)
    made.say("level", TUESDAY + HOUR, fault=ID, level=4)
    made.say("level", TUESDAY + DAY, by="jia", role="buyer", fault=ID, level=2)
    judged = only(made).judged
    assert (judged.level, judged.disputed, judged.unconfirmed) == (2, (), ())


def test_the_same_word_of_both_sides_is_no_dispute(case):
    made = down(case)
    made.say("level", TUESDAY + HOUR, by="jia", role="buyer", fault=ID, level=2)
    made.say("level", TUESDAY + DAY, fault=ID, level=2)
    assert only(made).judged.disputed == ()


@pytest.mark.parametrize(
    ("kind", "mine", "theirs", "name"),
    [
        ("vendor_cause", {"vendor": True}, {"vendor": False}, "vendor_cause"),
        ("impact", {"serious": True}, {"serious": False}, "impact"),
        ("cause", {"cause": "power"}, {"cause": "other"}, "cause"),
    ],
)
def test_whose_cause_which_effect_and_which_cause_are_the_buyers_to_say(case, kind, mine, theirs, name):
    made = down(case)
    made.say(kind, TUESDAY + HOUR, by="jia", role="buyer", fault=ID, **mine)
    later = made.say(kind, TUESDAY + DAY, fault=ID, **theirs)
    judged = only(made).judged
    assert getattr(judged, name) == next(iter(mine.values()))
    assert judged.disputed == ((kind, later.entry),)


def test_the_vendors_word_alone_counts_and_waits_to_be_confirmed(case):
    made = down(case)
    said = made.say("level", TUESDAY + HOUR, fault=ID, level=4)
    judged = only(made).judged
    assert (judged.level, judged.unconfirmed) == (4, ("level",))
    assert "level" in judged.asked
    made.say("second", TUESDAY + DAY, by="jia", role="buyer", entry=said.entry)
    judged = only(made).judged
    assert (judged.level, judged.unconfirmed) == (4, ())
    assert "level" not in judged.asked


def test_where_the_option_says_so_the_vendors_word_counts_only_once_it_is_confirmed(case):
    made = down(case, options={"statement.vendor": "confirmed_only"})
    said = made.say("level", TUESDAY + HOUR, fault=ID, level=4)
    assert only(made).judged.level == 1
    made.say("second", TUESDAY + DAY, by="jia", role="buyer", entry=said.entry)
    assert only(made).judged.level == 4


def test_another_manager_confirms_nothing(case):
    made = down(case)
    said = made.say("level", TUESDAY + HOUR, fault=ID, level=4)
    made.say("second", TUESDAY + DAY, by="liu", role="manager", entry=said.entry)
    assert only(made).judged.unconfirmed == ("level",)


def test_the_buyers_report_of_what_only_people_know_stands_against_the_vendors_level(case):
    made = case()
    made.say("fault_reported", TUESDAY, by="jia", role="buyer", system="tool", level=3, text="x")
    made.say("level", TUESDAY + DAY, fault="tool@2026-07-14T02:00:00Z", level=4)
    assert only(made).judged.level == 3


def test_an_acknowledgement_written_down_days_later_proves_nothing_alone(case):
    made = down(case)
    said = made.say("fault_acknowledged", TUESDAY + 3 * DAY, fault=ID, at_ms=TUESDAY + 4 * MINUTE)
    assert state(only(made), "response") == (ClockState.UNKNOWN, "late_statement")
    gap = next(one for one in made.gaps(*JULY) if one.reason == "late_statement")
    assert (gap.kind, gap.who, gap.facts["late"]) == ("fault", "buyer", True)
    made.say("second", TUESDAY + 4 * DAY, by="jia", role="buyer", entry=said.entry)
    assert state(only(made), "response") == (ClockState.KEPT, "")


def test_what_came_within_the_tolerance_counts_and_the_option_moves_it(case):
    made = down(case)
    made.say("fault_acknowledged", TUESDAY + 69 * MINUTE, fault=ID, at_ms=TUESDAY + 4 * MINUTE)
    assert state(only(made), "response") == (ClockState.KEPT, "")
    made.options["statement.tolerance"] = 30
    assert state(only(made), "response") == (ClockState.UNKNOWN, "late_statement")


def test_against_himself_one_may_say_it_whenever_he_likes(case):
    made = down(case)
    made.say("fault_acknowledged", TUESDAY + 30 * DAY, fault=ID, at_ms=TUESDAY + 20 * MINUTE)
    assert state(only(made), "response") == (ClockState.LATE, "")


def test_a_timely_word_that_it_was_late_is_not_undone_by_a_backdated_one(case):
    made = down(case)
    made.say("fault_acknowledged", TUESDAY + 20 * MINUTE, fault=ID)
    made.say("fault_acknowledged", TUESDAY + 30 * DAY, fault=ID, at_ms=TUESDAY + 4 * MINUTE)
    assert state(only(made), "response") == (ClockState.LATE, "")


def test_the_buyers_own_word_of_an_arrival_counts_whenever_it_comes(case):
    made = case(pack="pingdingshan-2024", term=(at("2024-09-30 00:00"), at("2025-09-30 00:00")))
    start = at("2024-10-15 10:00")
    made.now = start + 40 * DAY
    made.down("portal", start, 3 * HOUR)
    name = "portal@2024-10-15T02:00:00Z"
    made.say("arrived", start + 30 * DAY, fault=name, at_ms=start + 20 * MINUTE)
    fault = only(made)
    arrival = next(one for one in fault.clocks if one.stop == "arrived")
    assert (arrival.state, arrival.reason) == (ClockState.UNKNOWN, "late_statement")
    made.say("arrived", start + 31 * DAY, by="jia", role="buyer", fault=name, at_ms=start + 30 * MINUTE)
    assert next(one for one in only(made).clocks if one.stop == "arrived").state is ClockState.KEPT


def test_no_arrival_before_the_one_that_the_buyer_saw(case):
    made = case(pack="pingdingshan-2024", term=(at("2024-09-30 00:00"), at("2025-09-30 00:00")))
    start = at("2024-10-15 10:00")
    made.now = start + 40 * DAY
    made.down("portal", start, 3 * HOUR)
    name = "portal@2024-10-15T02:00:00Z"
    early = made.say("arrived", start + 20 * MINUTE, fault=name)
    made.say("arrived", start + 2 * HOUR, by="jia", role="buyer", fault=name)
    fault = only(made)
    assert next(one for one in fault.clocks if one.stop == "arrived").state is ClockState.LATE
    assert fault.judged.disputed == (("arrived", early.entry),)


def test_a_recovery_of_what_only_people_know_is_the_buyers_to_say(case):
    made = case()
    made.say("fault_reported", TUESDAY, by="jia", role="buyer", system="tool", level=3, text="x")
    name = "tool@2026-07-14T02:00:00Z"
    made.say("fault_recovered", TUESDAY + 30 * HOUR, by="jia", role="buyer", fault=name)
    early = made.say("fault_recovered", TUESDAY + 31 * HOUR, fault=name, at_ms=TUESDAY + HOUR)
    fault = only(made)
    assert fault.moments.recovered_ms == TUESDAY + 30 * HOUR
    assert fault.judged.disputed == (("fault_recovered", early.entry),)
    assert clock(fault, "recovery").state is ClockState.LATE


def test_a_recovery_that_the_vendor_alone_wrote_down_days_later_is_unknown(case):
    made = case()
    made.say("fault_reported", TUESDAY, by="jia", role="buyer", system="tool", level=3, text="x")
    made.say("fault_recovered", TUESDAY + 9 * DAY, fault="tool@2026-07-14T02:00:00Z", at_ms=TUESDAY + HOUR)
    assert state(only(made), "recovery") == (ClockState.UNKNOWN, "late_statement")


def test_a_report_by_the_vendor_does_not_start_anew_what_the_machine_had_shown(case):
    made = down(case, 5 * HOUR)
    made.say("fault_reported", TUESDAY + 4 * HOUR, role="operator", system="portal", text="x")
    assert clock(only(made), "recovery").start_ms == TUESDAY + 1000
    made.say("fault_reported", TUESDAY + 4 * HOUR + MINUTE, by="jia", role="buyer", system="portal", text="x")
    assert clock(only(made), "recovery").start_ms == TUESDAY + 4 * HOUR


def test_a_refused_claim_of_force_majeure_is_not_opened_again_by_another_one(case):
    made = down(case, 5 * HOUR)
    claim = made.say("force_majeure_claimed", TUESDAY + HOUR, fault=ID, reason="雷击")
    made.say(
        "force_majeure_decided", TUESDAY + DAY, by="jia", role="buyer", entry=claim.entry, approved=False
    )
    made.say("force_majeure_claimed", TUESDAY + 2 * DAY, fault=ID, reason="台风")
    assert only(made).judged.waiver == "refused"
    assert state(only(made), "recovery")[0] is ClockState.LATE


def test_that_it_was_another_fault_the_vendor_cannot_say_alone(case):
    made = down(case).down("portal", TUESDAY + DAY, HOUR)
    first, second = ID, "portal@2026-07-15T02:00:00Z"
    for name in (first, second):
        made.say("cause", TUESDAY + 2 * DAY, fault=name, cause="power")
    denied = made.say("repeat", TUESDAY + 2 * DAY, fault=second, of=first, same=False)
    gap = next(one for one in made.gaps(*JULY) if one.kind == "repeat_fault")
    assert (gap.reason, gap.who) == ("not_confirmed", "buyer")
    made.say("second", TUESDAY + 3 * DAY, by="jia", role="buyer", entry=denied.entry)
    assert [one for one in made.gaps(*JULY) if one.kind == "repeat_fault"] == []


def command(made, *entries):
    """What these say was written on the collector's command line."""
    made.said[:] = [replace(one, through=Through.COMMAND) if one in entries else one for one in made.said]


@pytest.mark.parametrize("through", [Through.KEY, Through.SESSION])
@pytest.mark.parametrize("by", ["jia", "yi"])
def test_no_word_of_the_command_line_counts_over_a_signed_one_or_a_logins_of_its_side(case, through, by):
    made = down(case)
    first = made.say("level", TUESDAY + HOUR, by="jia", role="buyer", fault=ID, level=4)
    made.said[:] = [replace(first, through=through)]
    later = made.say("level", TUESDAY + DAY, by=by, role="buyer", fault=ID, level=2)
    command(made, later)
    judged = only(made).judged
    assert (judged.level, judged.disputed) == (4, (("level", later.entry),))
    assert facts(made)["disputed"] is True


def test_joining_in_on_the_command_line_sets_no_login_of_the_buyers_aside(case):
    made = down(case)
    first = made.say("level", TUESDAY + HOUR, by="jia", role="buyer", fault=ID, level=3)
    vendors = made.say("level", TUESDAY + 2 * HOUR, fault=ID, level=2)
    joined = made.say("second", TUESDAY + DAY, by="jia", role="buyer", entry=vendors.entry)
    assert only(made).judged.level == 2
    command(made, joined)
    judged = only(made).judged
    assert (judged.level, judged.level_by) == (3, first.entry)
    assert judged.disputed == (("level", vendors.entry),)


def test_the_command_lines_word_counts_while_its_side_said_nothing_else(case):
    made = down(case)
    made.say("level", TUESDAY + HOUR, fault=ID, level=4)
    command(made, made.say("level", TUESDAY + DAY, by="jia", role="buyer", fault=ID, level=2))
    judged = only(made).judged
    assert (judged.level, judged.disputed, judged.unconfirmed) == (2, (), ())


def test_of_the_vendors_own_words_too_the_command_lines_counts_last(case):
    made = down(case)
    made.say("level", TUESDAY + HOUR, fault=ID, level=2)
    later = made.say("level", TUESDAY + DAY, fault=ID, level=4)
    command(made, later)
    judged = only(made).judged
    assert (judged.level, judged.disputed, judged.unconfirmed) == (2, (("level", later.entry),), ("level",))
