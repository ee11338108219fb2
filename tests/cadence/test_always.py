"""What must always hold is kept only while somebody looks who could tell."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from cadence_rows import at, deed, frame, ledger, seen, states, terms

from collector.inspection.cadence_model import Breach
from collector.inspection.cadence_terms import Absent, Cadence, Cover, Every
from collector.inspection.obligations_looks import Looked, deeds

HOURS = ("08", "18") * 6
NOWS = ("2026-07-20T23:59", "2026-07-21T00:00")  # the 20th goes on, and is over


def test_what_always_holds_is_kept_only_while_somebody_looks():
    always = Cadence(Every.ALWAYS, ("check:database.*",), breach=("capacity_fault",))
    asked = ("2026-07-10", "2026-08-10")
    look = deed("2026-07-15T10:00", "check:database.connections")
    fault = Breach("capacity_fault", at("2026-07-20T10:00"), at("2026-07-20T10:00"), 5)
    assert states(ledger(terms(always), seen("2026-09-01T00:00"), *asked)) == ["not_proven"]
    assert states(ledger(terms(always), seen("2026-09-01T00:00", look), *asked)) == ["done"]
    broken = ledger(terms(always), seen("2026-09-01T00:00", look, breaches=(fault,)), *asked)
    assert (states(broken), broken[0].entries) == (["missed"], (5, 7))
    unheard = replace(fault, received_ms=at("2026-09-02T00:00"))
    assert states(ledger(terms(always), seen("2026-09-01T00:00", look, breaches=(unheard,)), *asked)) == [
        "done"
    ]


def test_what_machines_look_at_is_kept_only_where_they_looked_in_every_month():
    """A look proves nothing of another month; nor is what could not be told of a backup proof of it."""
    asked = ("2026-07-10", "2026-10-10")
    for word in ("check:database.alive", "backup_line:X-01"):
        always = Cadence(Every.ALWAYS, (word,), breach=("backup_line:X-01",))
        looks = [deed(f"2026-{month}-20T10:00", word) for month in ("07", "08", "09")]
        for left_out in range(3):
            some = looks[:left_out] + looks[left_out + 1 :]
            found = ledger(terms(always), seen("2026-11-01T00:00", *some), *asked)
            assert (states(found), found[0].reason) == (["not_proven"], "not_observed")
        assert states(ledger(terms(always), seen("2026-11-01T00:00", *looks), *asked)) == ["done"]
        when = at("2026-08-25T05:00")
        dark = Breach("backup_line:X-01", when, when, 5, until_ms=when)
        found = ledger(terms(always), seen("2026-11-01T00:00", *looks, perhaps=(dark,)), *asked)
        assert (states(found), found[0].reason) == (["not_proven"], "not_told")


def test_the_last_31_days_end_with_the_period_and_a_look_a_month_keeps_it():
    """365 days are not a whole number of 31: of what is left over nobody owes a look of its own."""
    asked = ("2026-06-10", "2027-06-10")
    always = Cadence(Every.ALWAYS, ("check:database.alive",), breach=("crit:database.alive",))
    months = [*(f"2026-{n:02}" for n in range(6, 13)), *(f"2027-{n:02}" for n in range(1, 6))]
    looks = [deed(f"{month}-12T10:00", "check:database.alive") for month in months]
    assert states(ledger(terms(always), seen("2027-07-01T00:00", *looks), *asked)) == ["done"]
    found = ledger(terms(always), seen("2027-07-01T00:00", *looks[:-1]), *asked)
    assert (states(found), found[0].reason) == (["not_proven"], "not_observed")
    for number in range(11):
        some = looks[:number] + looks[number + 2 :]
        assert states(ledger(terms(always), seen("2027-07-01T00:00", *some), *asked)) != ["done"], number


def test_two_looks_may_be_31_days_apart_wherever_they_lie_and_no_more():
    """On a grid of 31 days, one at a cell's beginning and one at the next one's end would
    both have been in time, with nearly two months between them."""
    asked = ("2026-06-10", "2027-06-10")
    always = Cadence(Every.ALWAYS, ("check:database.alive",), breach=("crit:database.alive",))
    daily = [f"{date(2026, 6, 10) + timedelta(days=n)}" for n in range(365)]
    for left_out in (30, 31, 60):
        looks = [deed(f"{day}T10:00", "check:database.alive") for day in daily[:50] + daily[50 + left_out :]]
        found = ledger(terms(always), seen("2027-07-01T00:00", *looks), *asked)
        assert states(found) == ["done" if left_out == 30 else "not_proven"], left_out
    some = [
        deed(f"{day}T{hour}:00", "check:database.alive") for day, hour in zip(daily[::31], HOURS, strict=True)
    ]
    assert states(ledger(terms(always), seen("2027-07-01T00:00", *some), *asked)) == ["done"]


def test_being_there_at_all_is_told_by_the_same_31_days():
    asked = ("2026-07-10", "2026-12-10")
    always = Cadence(Every.ALWAYS, breach=("late_waiver",))
    for dark, state in (("2026-10-01", "done"), ("2026-10-03", "not_proven")):
        spans = (
            (at("2026-07-11T00:00"), at("2026-08-31T09:00")),
            (at(f"{dark}T12:00"), at("2026-12-09T00:00")),
        )
        found = ledger(terms(always), seen("2027-01-01T00:00", watched=spans), *asked)
        assert states(found) == [state], dark


def test_while_a_period_goes_on_only_31_days_without_a_look_are_told():
    asked = ("2026-07-10", "2026-10-10")
    always = Cadence(Every.ALWAYS, ("check:database.alive",), breach=("crit:database.alive",))
    looks = [deed(f"2026-{when}T10:00", "check:database.alive") for when in ("07-20", "08-09")]
    told = {
        now: ledger(terms(always), seen(f"{now}T00:00", *looks), *asked)[0].reason
        for now in ("2026-07-25", "2026-08-11", "2026-09-08", "2026-09-12")
    }
    assert told == dict(zip(told, ("", "", "", "not_observed"), strict=True))


def test_what_only_people_know_and_nobody_said_is_not_kept_by_being_there():
    silent = Cadence(Every.ALWAYS, breach=("reprimand",), absent=Absent.NOT_PROVEN)
    asked = ("2026-07-10", "2026-10-10")
    found = ledger(terms(silent), seen("2026-11-01T00:00"), *asked)
    assert (states(found), found[0].reason) == (["not_proven"], "no_statement")
    when = at("2026-08-25T05:00")
    said = (Breach("reprimand", when, when, 5),)
    assert states(ledger(terms(silent), seen("2026-11-01T00:00", breaches=said), *asked)) == ["missed"]
    assert states(ledger(terms(silent), seen("2026-08-01T00:00"), *asked)) == ["open"]


def roster(begins, ends, people=10, **more):
    return deed(f"{begins}T00:00", "roster", until_ms=at(f"{ends}T00:00"), facts={"people": people}, **more)


ROSTERS = [
    ([], "not_observed"),
    ([("2026-07-13", "2026-07-14", 10)], "roster_short"),  # one Monday proves nothing of the month
    ([("2026-07-10", "2026-08-08", 10)], ""),  # Saturday and Sunday are left out
    ([("2026-07-10", "2026-08-07", 10)], "roster_short"),  # a Friday is
    ([("2026-07-10", "2026-08-10", 9)], "roster_short"),
    ([("2026-07-10", "2026-08-10", None)], "roster_short"),
    ([("2026-07-10", "2026-07-25", 11), ("2026-07-27", "2026-08-10", 10)], ""),
    ([("2026-07-10", "2026-07-25", 11), ("2026-07-28", "2026-08-10", 10)], "roster_short"),
    ([("2026-07-10", "2026-08-10", 6), ("2026-07-10", "2026-08-10", 4)], "roster_short"),
    ([("2026-07-10", "2026-08-10", 6), ("2026-07-01", "2026-12-10", 10)], ""),
]


@pytest.mark.parametrize(("held", "reason"), ROSTERS)
def test_ten_people_on_every_working_day_are_proven_by_rosters_of_them_all(held, reason):
    duty = Cadence(Every.ALWAYS, ("roster",), breach=("absence",), cover=Cover.WORKING_DAYS, people=10)
    asked = ("2026-07-10", "2026-08-10")
    (row,) = ledger(terms(duty), seen("2026-09-01T00:00", *(roster(*one) for one in held)), *asked)
    assert (row.state, row.reason) == ("not_proven" if reason else "done", reason)


def test_duty_around_the_clock_wants_every_day_and_no_number_where_the_contract_has_none():
    duty = Cadence(Every.ALWAYS, ("roster",), breach=("unreachable",), cover=Cover.DAYS)
    asked = ("2026-07-10", "2026-08-10")
    for ends, state in (("2026-08-08", "not_proven"), ("2026-08-10", "done")):
        held = seen("2026-09-01T00:00", roster("2026-07-10", ends, None))
        assert states(ledger(terms(duty), held, *asked)) == [state]
    when = at("2026-07-20T10:00")
    broken = seen("2026-09-01T00:00", breaches=(Breach("unreachable", when, when, 5),))
    assert states(ledger(terms(duty), broken, *asked)) == ["missed"]
    told = [ledger(terms(duty), seen(now, roster("2026-07-10", "2026-07-20")), *asked) for now in NOWS]
    assert [(one.state, one.reason) for (one,) in told] == [("open", ""), ("open", "roster_short")]


def test_a_make_up_day_is_a_working_day_and_a_holiday_is_none():
    duty = Cadence(Every.ALWAYS, ("roster",), breach=("absence",), cover=Cover.WORKING_DAYS, people=10)
    asked, held = ("2025-09-26", "2025-10-12"), frame("2025-09-26", "2026-09-26")
    for first, state in (("2025-10-09", "done"), ("2025-10-10", "not_proven")):  # 28 September is a Sunday
        some = [roster("2025-09-26", "2025-10-01"), roster(first, "2025-10-12")]
        found = ledger(terms(duty), seen("2025-11-01T00:00", *some), *asked, held)
        assert states(found) == [state]
    some = [roster("2025-09-26", "2025-09-28"), roster("2025-09-29", "2025-10-12")]
    assert states(ledger(terms(duty), seen("2025-11-01T00:00", *some), *asked, held)) == ["not_proven"]


def test_working_days_of_a_year_that_is_not_published_are_provisional():
    duty = Cadence(Every.ALWAYS, ("roster",), breach=("absence",), cover=Cover.WORKING_DAYS, people=10)
    every = replace(duty, cover=Cover.DAYS)
    span, year = ("2026-12-10", "2027-01-10"), frame("2026-06-10", "2027-06-10", guess=True)
    held = seen("2027-02-01T00:00", roster("2026-12-10", "2027-01-10"))
    told = [ledger(terms(one), held, *span, year)[0] for one in (duty, every)]
    assert [(one.state, one.turn.provisional) for one in told] == [("done", True), ("done", False)]


def test_an_answer_that_is_unknown_is_a_look_and_no_proof_that_all_is_well():
    always = Cadence(Every.ALWAYS, ("check:application.sms",), breach=("crit:application.sms",))
    monthly = Cadence(Every.MONTH, ("check:application.sms",))
    opened, last, closed = (at(f"2026-07-15T{hour}:00") for hour in ("09", "10", "11"))
    look = Looked("daily/1", "application.sms", 7, closed, opened, last, 20, 20, 0, 0, -1, -1)
    told = {}
    for unknown in (0, 1, 2):
        made = deeds([replace(look, unknown=unknown)])
        found = ledger(terms(monthly, always), seen("2026-09-01T00:00", *made), "2026-07-10", "2026-08-10")
        told[unknown] = states(found)
    assert told == {0: ["done", "done"], 1: ["done", "done"], 2: ["done", "not_proven"]}  # 95 of 100
