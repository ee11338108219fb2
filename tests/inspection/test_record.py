"""The record is a pure function: what it cannot prove it does not say."""

from dataclasses import replace

import pytest

from checks.api import ErrorKind, State
from checks.api import Seen as SeenFacts
from checks.codec import to_json
from checks.host import load
from checks.plan import Plan, RoundItem, RoundPlan, Window
from checks.result import Result, params_digest
from checks.sources import Load
from collector.inspection.due import Issued, Owed, RuleSpan, governing, history, occurrences, owed
from collector.inspection.record import (
    EmptyRecord,
    Frame,
    Place,
    Seen,
    encode,
    make_record,
    parse,
)

PARAMS = to_json(load.Params())
WINDOW = Window("r/1", 100, 200, 300)
FRAME = Frame("r", "巡检", WINDOW, "Asia/Shanghai", "ee" * 32, 400)
CHECKS = {"host.load": load.CHECK}


def owes(target="h", agent="a", params=PARAMS, enrolled=True) -> Owed:
    return Owed("host.load", 1, target, target, agent, params, enrolled)


def saw(target="h", agent="a", *, hundredths=50, t=150, error=None, idx=7) -> Seen:
    facts = load.Facts(Load(hundredths, hundredths, hundredths, 1))
    readings = tuple(load.judge(SeenFacts(facts, t), load.Params()))
    result = Result(
        check="host.load",
        version=1,
        asset=target,
        target=target,
        vantage=agent,
        slot=t,
        t0=t,
        t1=t + 1,
        params=params_digest(PARAMS),
        facts=None if error else to_json(facts),
        readings=() if error else readings,
        state=State.UNKNOWN if error else max((r.state for r in readings), key=lambda s: s.rank),
        error=error,
    )
    return Seen(result, t, Place(idx, 0))


def record(due, seen, previous=None, frame=FRAME):
    by_key = {("host.load", s.result.target, s.result.vantage): s for s in seen}
    return make_record(frame, due, by_key, previous, CHECKS.get)


def test_an_empty_record_cannot_be_made():
    with pytest.raises(EmptyRecord):
        record([], [saw()])


def test_what_was_seen_without_being_owed_is_not_in_the_record():
    made = record([owes()], [saw(), saw("other")])
    assert [item.target for item in made.items] == ["h"]


def test_due_is_always_done_missed_and_errors_together():
    due = [owes("a1"), owes("a2"), owes("a3", enrolled=False)]
    made = record(due, [saw("a1"), saw("a2", error=ErrorKind.DENIED)])
    o = made.overview
    assert (o.due, o.done, o.errors, o.missed) == (3, 1, 1, 1) and o.due == o.done + o.errors + o.missed
    assert [(m.target, m.reason, m.error) for m in made.not_inspected] == [
        ("a2", "error", "denied"),
        ("a3", "not_enrolled", None),
    ]


def test_a_check_that_is_not_known_here_is_not_judged_again_and_says_so():
    made = make_record(FRAME, [owes()], {("host.load", "h", "a"): saw()}, None, lambda _: None)
    assert made.items[0].judged == "other_version" and made.findings == ()


def test_facts_that_do_not_fit_the_check_are_a_finding():
    odd = saw()
    odd = replace(odd, result=replace(odd.result, facts={"load": {}}))
    made = record([owes()], [odd])
    assert (made.items[0].judged, made.findings[0].kind) == ("unreadable", "unreadable")


def test_of_two_agents_that_owe_one_look_the_one_that_looked_counts():
    due = [owes(agent="old"), owes(agent="new")]
    assert record(due, [saw(agent="new")]).items[0].agent == "new"
    assert record(due, [saw(agent="new", error=ErrorKind.TIMEOUT)]).not_inspected[0].agent == "new"
    assert record([owes(agent="x", enrolled=False), owes(agent="y")], []).not_inspected[0].agent == "y"


def test_a_problem_nobody_could_look_at_again_stays_carried_over_until_somebody_does():
    first = record([owes()], [saw(hundredths=900)])
    second = record([owes()], [], first)
    third = record([owes()], [saw(hundredths=900)], second)
    fourth = record([owes()], [saw()], third)
    assert {c.now for c in second.carried_over} == {"not_inspected"}
    assert {(c.now, c.since) for c in third.carried_over} == {("open", "r/1")}
    assert {c.now for c in fourth.carried_over} == {"resolved"} and fourth.problems == ()
    gone = record([owes("other")], [saw("other")], third)
    assert {c.now for c in gone.carried_over} == {"no_longer_due"}


def test_the_record_reads_back_and_says_what_machines_do_not_see():
    made = record([owes()], [saw(hundredths=170)])
    assert parse(encode(made)) == made
    assert made.human.note == "not measured by machine" and made.human.items == ()
    assert {p.reading.state for p in made.problems} == {"warn"}
    assert made.problems[0].evidence == Place(7, 0)


def plan(agent, rounds, epoch=1, made=0) -> Plan:
    return Plan(1, "log", agent, epoch, made, "ee", "UTC", 60_000, (), tuple(rounds))


def part(target, *windows, every="day") -> RoundPlan:
    return RoundPlan("r", (RoundItem("host.load", 1, target, target, PARAMS, 1000),), every, "", "", windows)


def due_in(round_id, window, issued):
    return owed(governing(round_id, window, history(issued)))


def test_the_plan_in_force_when_the_window_opened_decides_what_is_owed():
    plans = [
        Issued(plan("a", [part("old")]), 50),
        Issued(plan("a", [part("new")]), 150),
        Issued(plan("b", []), 50),
        Issued(plan("b", [part("joined")]), 150),
        Issued(plan("c", [part("too-late")]), 200),
        Issued(plan("d", [part("nobody")], epoch=0), 60),
    ]
    found = due_in("r", WINDOW, plans)
    assert [(look.target, look.agent, look.enrolled) for look in found] == [
        ("joined", "b", True),
        ("nobody", "d", False),
        ("old", "a", True),
    ]
    assert due_in("other", WINDOW, plans) == ()


def test_a_window_run_by_hand_binds_only_the_plans_that_name_it():
    by_hand = Window("r/run-100", 100, 200, 300)
    plans = [Issued(plan("a", [part("x")]), 50), Issued(plan("b", [part("y", by_hand)]), 101)]
    assert [look.target for look in due_in("r", by_hand, plans)] == ["y"]


def test_windows_are_due_by_the_rule_of_their_time():
    day = 86_400_000
    old = RuleSpan(RoundPlan("r", (), "day", "", "09:00-10:00"), "UTC", 0, 3 * day)
    new = RuleSpan(RoundPlan("r", (), "day", "", "15:00-16:00"), "UTC", 3 * day, None)
    found = occurrences([old, new], 0, 5 * day)
    assert [w.id for w in found] == [f"r/1970-01-0{i}" for i in range(1, 6)]
    assert [w.from_ms % day // 3_600_000 for w in found] == [9, 9, 9, 15, 15]
