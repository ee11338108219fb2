"""The cadence ledger, by hand: first what nobody could tell, the late and the wrong, then what was done."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from cadence_rows import HOUR, MONTHLY, WEEKLY, at, deed, frame, ledger, midnight, seen, states, terms

from collector.availability.errors import MissingYear
from collector.inspection.cadence_model import (
    Event,
    Occasion,
    State,
    Subject,
    Waiver,
)
from collector.inspection.cadence_terms import (
    Absent,
    Cadence,
    Each,
    Every,
    Reads,
    WeekRule,
)
from collector.inspection.deadlines import Deadline, Unit


def test_a_week_that_nobody_watched_is_not_proven_and_one_that_was_is_missed():
    dark = seen("2026-07-20T00:00", watched=((midnight("2026-07-06"), midnight("2026-07-07")),))
    found = ledger(terms(WEEKLY), dark, "2026-06-29", "2026-07-20")
    assert [one.turn.key for one in found] == ["2026-W27", "2026-W28", "2026-W29"]
    assert states(found) == ["not_proven", "missed", "not_proven"]
    assert {one.reason for one in found if one.state is State.NOT_PROVEN} == {"nobody_watched"}


def test_a_period_with_no_evidence_at_all_is_not_proven():
    found = ledger(terms(WEEKLY, MONTHLY), seen("2027-06-10T00:00", watched=()), "2026-06-10", "2027-06-10")
    assert set(states(found)) == {"not_proven"} and len(found) == 52 + 12


def test_what_only_people_know_is_not_proven_by_their_silence():
    visit = Cadence(Every.MONTH, ("visit",), absent=Absent.NOT_PROVEN)
    found = ledger(terms(visit), seen("2026-08-01T00:00"), "2026-06-10", "2026-07-10")
    assert (states(found), found[0].reason) == (["not_proven"], "no_statement")


def test_a_result_that_comes_after_the_period_counts_from_then_on_and_is_marked():
    late = deed("2026-07-08T10:00", received="2026-07-15T10:00")
    before = ledger(terms(WEEKLY), seen("2026-07-14T00:00", late), "2026-07-06", "2026-07-13")
    after = ledger(terms(WEEKLY), seen("2026-07-16T00:00", late), "2026-07-06", "2026-07-13")
    assert (states(before), states(after)) == (["missed"], ["done"])
    assert after[0].arrived_late and after[0].entries == (7,)


def test_a_clock_that_may_be_hours_off_proves_nothing_at_an_edge_and_enough_inside():
    unsure = deed("2026-07-12T23:00", slack_ms=3 * HOUR)  # an hour before Monday
    found = ledger(terms(WEEKLY), seen("2026-07-27T00:00", unsure), "2026-07-06", "2026-07-20")
    assert [(one.state.value, one.reason) for one in found] == [("not_proven", "uncertain_time")] * 2
    inside = replace(unsure, at_ms=at("2026-07-10T12:00"))
    found = ledger(terms(WEEKLY), seen("2026-07-27T00:00", inside), "2026-07-06", "2026-07-20")
    assert states(found) == ["done", "missed"]


def test_a_partial_inspection_is_shown_and_does_not_count():
    part = deed("2026-07-08T10:00", counts=False, reason="coverage")
    found = ledger(terms(WEEKLY), seen("2026-07-20T00:00", part), "2026-07-06", "2026-07-13")
    assert (states(found), found[0].partial, found[0].reason) == (["missed"], ((7, "coverage"),), "partial")
    assert found[0].entries == (7,)


def test_four_in_one_week_are_one_week_or_four_by_the_literal_reading():
    busy = [deed(f"2026-07-{day:02d}T10:00", entry=day) for day in (13, 14, 15, 16)]
    asked = (seen("2026-09-01T00:00", *busy), "2026-07-10", "2026-08-10")
    strict = ledger(terms(MONTHLY), *asked)
    literal = ledger(terms(MONTHLY, count=Reads.LITERAL), *asked)
    assert [(one.state.value, one.counted) for one in strict] == [("missed", 1)]
    assert [(one.state.value, one.counted) for one in literal] == [("done", 4)]


def test_an_ISO_week_belongs_to_the_cycle_that_holds_its_thursday():
    cycle = frame("2024-09-30", "2025-09-30")
    found = ledger(terms(WEEKLY), seen("2025-12-31T00:00"), "2024-09-30", "2024-12-30", cycle)
    assert len(found) == 13 and (found[0].turn.key, found[-1].turn.key) == ("2024-W40", "2024-W52")
    # 2025-03-30 is a Sunday: its week's Thursday lies in the cycle before.
    found = ledger(terms(WEEKLY), seen("2025-12-31T00:00"), "2024-12-30", "2025-03-30", cycle)
    assert (found[0].turn.key, found[-1].turn.key, len(found)) == ("2025-W01", "2025-W13", 13)
    year = ledger(terms(WEEKLY), seen("2025-12-31T00:00"), "2024-09-30", "2025-09-30", cycle)
    assert len(year) == len({one.turn.key for one in year}) == 52


def test_by_the_day_done_a_week_across_an_edge_belongs_to_the_cycle_in_which_the_work_was_done():
    cycle, second = frame("2024-09-30", "2025-09-30"), ("2024-12-30", "2025-03-30")
    third = ("2025-03-30", "2025-06-30")

    def last(rule, *deeds):
        """The week of 24 to 30 March (Thursday the 27th) in cycle 2 and in cycle 3: whether done."""
        asked = terms(WEEKLY, week_rule=rule), seen("2025-12-31T00:00", *deeds)
        found = [
            {row.turn.key: row.state.value for row in ledger(*asked, *span, cycle)}
            for span in (second, third)
        ]
        assert "2025-W12" in found[0] and "2025-W14" in found[1]
        return [one.get("2025-W13") for one in found]

    sunday, tuesday = deed("2025-03-30T10:00"), deed("2025-03-25T10:00")
    by_thursday, by_work = WeekRule.ISO_THURSDAY, WeekRule.DAY_DONE
    assert last(by_thursday, sunday) == ["done", None] and last(by_work, sunday) == [None, "done"]
    assert last(by_work, tuesday, sunday) == last(by_thursday, tuesday) == ["done", None]
    assert last(by_work) == last(by_thursday) == ["missed", None]


def test_a_week_done_months_late_belongs_to_the_period_in_which_it_was_done():
    late = replace(WEEKLY, late=True)
    term = frame("2024-09-30", "2025-09-30")
    asked = terms(late, week_rule=WeekRule.DAY_DONE), seen("2025-12-31T00:00", deed("2025-04-08T10:00"))
    second, third = (
        ledger(*asked, *span, term) for span in (("2024-12-30", "2025-03-30"), ("2025-03-30", "2025-06-30"))
    )
    every = ledger(*asked, "2024-09-30", "2025-09-30", term)
    first, last = (
        ledger(*asked, *span, term) for span in (("2024-09-30", "2024-12-30"), ("2025-06-30", "2025-09-30"))
    )
    # No week is in no period, none in two.
    found = [one.turn.key for rows in (first, second, third, last) for one in rows]
    assert sorted(found) == sorted(one.turn.key for one in every) and len(set(found)) == len(found) >= 52


def test_a_notice_before_excuses_and_one_after_is_flagged():
    def waiver(received):
        span = (midnight("2026-07-06"), midnight("2026-07-13"))
        return Waiver(("X-01",), *span, at(received), 9)

    kept = seen("2026-07-20T00:00", waivers=(waiver("2026-07-09T10:00"),))
    late = seen("2026-07-20T00:00", waivers=(waiver("2026-07-14T10:00"),))
    unknown = seen("2026-07-14T00:00", waivers=(waiver("2026-07-14T10:00"),))
    made = [ledger(terms(WEEKLY), one, "2026-07-06", "2026-07-13")[0] for one in (kept, late, unknown)]
    assert [one.state.value for one in made] == ["excused", "missed", "missed"]
    assert [(one.waiver, one.late_waivers) for one in made] == [(9, ()), (None, (9,)), (None, ())]
    strict = ledger(terms(WEEKLY, waiver_before="start"), kept, "2026-07-06", "2026-07-13")
    assert (states(strict), strict[0].late_waivers) == (["missed"], (9,))


def test_the_last_responsible_moment_of_four_distinct_weeks():
    one = deed("2026-07-13T10:00")
    found = ledger(terms(MONTHLY), seen("2026-07-14T00:00", one), "2026-07-10", "2026-08-10")[0]
    # Weeks left: 30 (20-26), 31, 32 (to the 9th); three are missing, so the next by the end of week 30.
    assert (found.state, found.act_by_ms) == (State.OPEN, midnight("2026-07-27"))
    gone = ledger(terms(MONTHLY), seen("2026-07-28T00:00", one), "2026-07-10", "2026-08-10")[0]
    assert (gone.state, gone.act_by_ms, gone.reason) == (State.OPEN, None, "cannot_be_reached")
    lead = replace(WEEKLY, lead_hours=5)
    made = ledger(terms(lead), seen("2026-07-08T00:00"), "2026-07-06", "2026-07-13")[0]
    assert made.act_by_ms == at("2026-07-12T19:00")


def test_months_of_a_contract_from_the_29th_to_the_31st():
    once = Cadence(Every.MONTH, ("scan",))
    held = frame("2024-01-31", "2024-07-31")
    found = ledger(terms(once), seen("2025-01-01T00:00"), "2024-01-31", "2024-07-31", held)
    assert [one.turn.key for one in found] == [
        "m2024-01-31",
        "m2024-02-29",
        "m2024-03-31",
        "m2024-04-30",
        "m2024-05-31",
        "m2024-06-30",
    ]
    leap = frame("2024-02-29", "2025-02-28")
    yearly = Cadence(Every.YEAR, ("scan",))
    found = ledger(terms(yearly), seen("2025-06-01T00:00"), "2024-02-29", "2025-02-28", leap)
    assert [(one.turn.key, one.turn.last.isoformat()) for one in found] == [("m2024-02-29", "2025-02-27")]


def test_half_years_and_counts_of_a_year():
    drill = Cadence(Every.HALF_YEAR, ("drill",), absent=Absent.NOT_PROVEN)
    scans = Cadence(Every.YEAR, ("scan",), count=4)
    held = frame("2025-08-29", "2026-08-29")
    done = [deed(f"2025-{month}-15T10:00", "scan", entry=month) for month in (10, 11, 12)]
    done.append(deed("2026-01-10T10:00", "drill", entry=99))
    found = ledger(terms(drill, scans), seen("2026-09-01T00:00", *done), "2025-08-29", "2026-08-29", held)
    assert [(one.state.value, one.counted) for one in found] == [
        ("done", 1),
        ("not_proven", 0),
        ("missed", 3),
    ]


def test_every_fourteen_days():
    twice = Cadence(Every.DAYS, ("check",), step=14)
    found = ledger(terms(twice), seen("2026-09-01T00:00"), "2026-06-10", "2026-07-10")
    assert [one.turn.last.isoformat() for one in found] == ["2026-06-23", "2026-07-07"]


def test_working_days_need_the_year_and_go_on_provisionally_if_they_may():
    daily = Cadence(Every.WORKING_DAY, ("check:os.*",))
    asked = (terms(daily), seen("2026-12-01T00:00"), "2026-12-28", "2027-01-05")
    with pytest.raises(MissingYear, match="2027"):
        ledger(*asked)
    found = ledger(*asked, frame(guess=True))
    assert [one.turn.provisional for one in found] == [False] * 4 + [True] * 2
    made_up = ledger(terms(daily), seen("2026-12-01T00:00"), "2026-09-19", "2026-09-28")
    assert [one.turn.key for one in made_up] == [
        "2026-09-20",
        "2026-09-21",
        "2026-09-22",
        "2026-09-23",
        "2026-09-24",
    ]


def test_so_many_days_before_an_occasion():
    spring = Occasion("spring-festival", date(2026, 2, 15), date(2026, 2, 24))
    moment = Occasion("key_moment", date(2026, 3, 5), date(2026, 3, 12), entry=3)
    before = Cadence(Every.BEFORE, ("special_inspection",), occasions=("spring-festival",), opens_days=7)
    ahead = Cadence(
        Every.BEFORE, ("special_inspection",), occasions=("key_moment",), opens_days=14, ahead_days=7
    )
    held = frame("2025-08-29", "2026-08-29")

    def look(*done):
        observed = seen("2026-04-01T00:00", *done, occasions=(spring, moment))
        return ledger(terms(before, ahead), observed, "2026-02-01", "2026-04-01", held)

    first, second = look()
    assert (first.turn.from_ms, first.turn.due_ms) == (midnight("2026-02-08"), midnight("2026-02-15"))
    assert (second.turn.due_ms, second.entries) == (midnight("2026-02-27"), (3,))
    done = look(
        deed("2026-02-14T10:00", "special_inspection", entry=1),
        deed("2026-02-27T10:00", "special_inspection", entry=2),
    )
    assert states(done) == ["done", "missed"]
    late = replace(ahead, late=True)
    observed = seen(
        "2026-04-01T00:00", deed("2026-02-27T10:00", "special_inspection"), occasions=(spring, moment)
    )
    found = ledger(terms(late), observed, "2026-02-01", "2026-04-01", held)
    assert (states(found), found[0].days_late) == (["late"], 1)


def test_duty_at_an_occasion_is_a_roster_of_all_its_days_whenever_it_began():
    """保障期间安排专人值守: from the first day on will do; one that ended before shows nothing."""
    moment = Occasion("key_moment", date(2026, 2, 27), date(2026, 3, 3), entry=3)
    duty = Cadence(
        Every.BEFORE,
        ("document:plan", "roster"),
        occasions=("key_moment",),
        opens_days=30,
        absent=Absent.NOT_PROVEN,
        during=True,
    )
    held = frame("2025-08-29", "2026-08-29")

    def roster(begins, ends, entry=1, **more):
        return deed(begins, "roster", until_ms=at(ends), entry=entry, **more)

    def look(*done, one=duty, now="2026-04-01T00:00"):
        (row,) = ledger(terms(one), seen(now, *done, occasions=(moment,)), "2026-02-01", "2026-04-01", held)
        return row.state.value, [held.entry for held in row.deeds], row.arrived_late

    before = roster("2026-02-01T00:00", "2026-02-27T00:00")
    assert look(before) == ("not_proven", [], False)
    some = roster("2026-02-27T08:00", "2026-03-02T00:00", 2)
    assert look(before, some) == ("not_proven", [], False)
    assert look(roster("2026-02-28T00:00", "2026-03-03T00:00")) == ("not_proven", [], False)
    # Months are deeds of their own: together they cover it, each day by whichever.
    rest = roster("2026-03-01T00:00", "2026-04-01T00:00", 4)
    assert look(before, some, rest) == ("done", [2, 4], True)
    assert look(some, rest, now="2026-02-28T12:00") == ("not_proven", [], False)  # nobody stated `rest` yet
    whole = roster("2026-02-27T08:00", "2026-03-02T18:00", received="2026-02-20T09:00")
    assert look(whole, now="2026-02-21T00:00") == ("done", [1], False)
    assert look(whole) == ("done", [1], False)
    assert look(roster("2026-02-27T08:00", "2026-03-02T18:00")) == ("done", [1], True)
    # What does not last is done before, as ever.
    assert look(deed("2026-02-10T09:00", "document:plan", entry=9), some) == ("done", [9], False)
    assert look(deed("2026-02-27T09:00", "document:plan", entry=9)) == ("not_proven", [], False)
    # 提前进驻: where it has to be before, only what began before counts.
    ahead = replace(duty, during=False)
    assert look(whole, one=ahead) == ("not_proven", [], False)
    assert look(before, one=ahead) == ("done", [1], False)


def test_last_months_report_in_the_first_week_counts_by_the_month_it_is_about():
    report = Cadence(Every.FIRST_WEEK, ("document:monthly_inspection",), late=True)
    done = (
        deed("2026-07-07T20:00", "document:monthly_inspection", about=date(2026, 6, 30), entry=1),
        deed("2026-08-11T09:00", "document:monthly_inspection", about=date(2026, 7, 31), entry=2),
    )
    found = ledger(terms(report), seen("2026-09-05T00:00", *done), "2026-06-10", "2026-10-01")
    assert [(one.turn.key, one.state.value, one.days_late) for one in found] == [
        ("w2026-07-01", "done", 0),
        ("w2026-08-01", "late", 4),
        ("w2026-09-01", "open", 0),
    ]


def test_a_report_without_its_period_fills_the_oldest_gap_once():
    after = Deadline(10, Unit.WORKING_DAYS)
    quarter = Cadence(Every.QUARTER, ("document:quarterly",), deadline=after, late=True)
    done = (deed("2026-09-18T20:00", "document:quarterly", entry=1),)
    found = ledger(terms(quarter), seen("2027-01-05T00:00", *done), "2026-06-10", "2026-12-10")
    assert [(one.state.value, str(one.turn.last)) for one in found] == [
        ("done", "2026-09-22"),  # the 20th is made up, the 25th would be a holiday
        ("missed", "2026-12-23"),
    ]


def test_within_working_days_of_an_event():
    plan = Cadence(
        Every.EVENT,
        ("document:plan",),
        deadline=Deadline(5, Unit.WORKING_DAYS, "flaw.reported"),
        late=True,
    )
    flaws = tuple(
        Event("flaw.reported", key, at(when), at(when), 30 + number)
        for number, (key, when) in enumerate([("a", "2026-06-11T10:00"), ("b", "2026-06-12T10:00")])
    )
    done = (
        deed("2026-06-18T23:00", "document:plan", facts={"event": "a"}, entry=40),
        deed("2026-06-23T10:00", "document:plan", facts={"event": "b"}, entry=41),
    )
    found = ledger(terms(plan), seen("2026-08-01T00:00", *done, events=flaws), "2026-06-10", "2026-07-10")
    # From Friday 12 June: 15, 16, 17, 18 and (19-21 is the Dragon Boat festival) 22 June.
    assert [(one.state.value, one.days_late, one.entries) for one in found] == [
        ("done", 0, (30, 40)),
        ("late", 1, (31, 41)),
    ]


def test_of_every_unit_only_while_it_is_in_scope():
    moved = (
        Subject("a", spans=((midnight("2026-06-10"), midnight("2026-07-01")),)),
        Subject("b", spans=((midnight("2026-07-01"), midnight("2027-06-10")),)),
    )
    weekly = replace(WEEKLY, each=Each.UNIT)
    found = ledger(terms(weekly), seen("2026-08-01T00:00", units=moved), "2026-06-22", "2026-07-13")
    assert [(one.turn.unit, one.turn.key) for one in found] == [
        ("a", "2026-W26"),
        ("b", "2026-W27"),  # 1 July is the Wednesday: the middle of the week decides
        ("b", "2026-W28"),
    ]


def test_what_is_done_at_one_unit_is_not_done_at_another_nor_for_all():
    units = (Subject("a"), Subject("b"))
    mine = deed("2026-07-08T10:00", unit="a")
    each = ledger(
        terms(replace(WEEKLY, each=Each.UNIT)),
        seen("2026-07-20T00:00", mine, units=units),
        "2026-07-06",
        "2026-07-13",
    )
    assert states(each) == ["done", "missed"]
    whole = ledger(terms(WEEKLY), seen("2026-07-20T00:00", mine, units=units), "2026-07-06", "2026-07-13")
    assert states(whole) == ["missed"]


def test_one_of_each_kind_where_all_are_wanted():
    both = Cadence(Every.MONTH, ("inspection", "scan"), all_of=True)
    half = deed("2026-07-15T10:00")
    asked = ("2026-07-10", "2026-08-10")
    assert states(ledger(terms(both), seen("2026-09-01T00:00", half), *asked)) == ["missed"]
    full = (half, deed("2026-07-16T10:00", "scan"))
    assert states(ledger(terms(both), seen("2026-09-01T00:00", *full), *asked)) == ["done"]


def test_the_order_in_which_deeds_come_and_their_doubles_change_nothing():
    done = [deed(f"2026-07-{day:02d}T10:00", entry=day) for day in (13, 21, 28)]
    asked = ("2026-07-10", "2026-08-10")
    straight = ledger(terms(MONTHLY, WEEKLY), seen("2026-09-01T00:00", *done), *asked)
    turned = ledger(terms(MONTHLY, WEEKLY), seen("2026-09-01T00:00", *reversed(done), *done), *asked)
    assert [(one.id, one.state, one.counted, one.entries) for one in straight] == [
        (one.id, one.state, one.counted, one.entries) for one in turned
    ]


def test_splitting_a_span_gives_the_same_rows():
    done = [deed(f"2026-0{month}-15T10:00", entry=month) for month in (6, 7, 9)]
    observed = seen("2027-07-01T00:00", *done)
    made = terms(WEEKLY, MONTHLY, Cadence(Every.MONTH_END, ("inspection",), late=True))
    whole = ledger(made, observed, "2026-06-10", "2026-12-10")
    edge = date(2026, 6, 10)
    parts = []
    while edge < date(2026, 12, 10):
        parts += ledger(made, observed, edge.isoformat(), (edge + timedelta(days=1)).isoformat())
        edge += timedelta(days=1)
    assert sorted(one.id for one in whole) == sorted(one.id for one in parts)
    assert {one.id: one.state for one in whole} == {one.id: one.state for one in parts}
