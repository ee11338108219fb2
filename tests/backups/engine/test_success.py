"""Drills: which are due, which point each takes, how long they took, and what their share proves."""

from dataclasses import replace
from fractions import Fraction
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.artefacts.levels import Level, bad, good, untold
from collector.backups.observed import Drill, Excuse
from collector.backups.success import failures_allowed, lower_bound, verdict_of

DONE = (good(Level.TRUE), good(Level.RESTORABLE), good(Level.USABLE))
RULE = {"at_least": "99%", "over": "year", "unit": "drill", "count": "first_attempt"}
MONTHLY = {"every": "month", "restore_within": "12h"}


@pytest.mark.parametrize(
    ("drills", "failures", "percent"),
    [(24, 0, "88.3"), (288, 0, "98.97"), (299, 0, "99.00"), (288, 3, "97.3")],
)
def test_the_table_of_bounds(drills, failures, percent):
    bound = float(100 * lower_bound(drills - failures, drills))
    assert f"{bound:.{len(percent.partition('.')[2])}f}" == percent


def test_299_drills_without_a_failure_are_the_fewest_that_prove_99_percent():
    assert lower_bound(298, 298) < Fraction(99, 100) <= lower_bound(299, 299)


def test_at_most_two_of_288_may_fail():
    assert failures_allowed(288, Fraction(99, 100)) == 2
    assert Fraction(286, 288) >= Fraction(99, 100) > Fraction(285, 288)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 60), st.data())
def test_the_bound_is_where_the_tail_is_five_percent(begun, data):
    ok = data.draw(st.integers(0, begun))
    bound = lower_bound(ok, begun)
    step = Fraction(1, 10**6)
    assert 0 <= bound <= Fraction(ok, begun)
    if ok:
        assert _tail(ok, begun, bound) <= Fraction(1, 20) <= _tail(ok, begun, bound + 2 * step)


def _tail(ok, begun, p):
    """The other way round: one minus what is below, in fractions."""
    return sum(comb(begun, k) * p**k * (1 - p) ** (begun - k) for k in range(ok, begun + 1))


def drill(kit, number, when, *, verdicts=DONE, hours=2, **more):
    begun = kit.at(when)
    fields = {
        "id": f"d{number}",
        "object": kit.DB,
        "begun_ms": begun,
        "decided_ms": begun - 10 * 60_000,
        "answered_ms": begun + hours * kit.HOUR,
        "ended_ms": begun + (hours + 1) * kit.HOUR,
        "verdicts": verdicts,
        "bytes": 10**9,
        "whole": 10**9,
    }
    return Drill(**{**fields, **more})


def drilled(kit, *drills, now="2026-04-01 13:00", entry=None, until="2026-03-31", **more):
    world = kit.World(entry or kit.entry(drill=MONTHLY), success=RULE)
    world.nightly("2026-03-01", until)
    world.more = {"drills": drills, **more}
    return world.ledger(now)


def test_only_what_was_restored_and_read_is_good(kit):
    assert verdict_of(drill(kit, 1, "2026-03-10")) == "good"
    assert verdict_of(drill(kit, 1, "2026-03-10", verdicts=(good(Level.TRUE),))) == "could_not_tell"
    assert verdict_of(drill(kit, 1, "2026-03-10", verdicts=(*DONE, bad("overran")))) == "bad"
    needs = (untold(Level.RESTORABLE, "needs_extension"),)
    assert verdict_of(drill(kit, 1, "2026-03-10", verdicts=needs)) == "could_not_tell"
    assert verdict_of(drill(kit, 1, "2026-03-10", ended_ms=None)) == ""


def test_first_attempts_count_and_retries_are_shown(kit):
    ledger = drilled(
        kit,
        drill(kit, 1, "2026-03-10", verdicts=(bad("restore_failed"),)),
        drill(kit, 2, "2026-03-11", attempt=2),
        drill(kit, 3, "2026-03-12"),
    )
    held = ledger.success[0]
    assert (held.begun, held.good, held.failed, held.retries, held.rate) == (2, 1, 1, 1, Fraction(1, 2))
    assert held.holds is False and held.failures_allowed == 0


def test_a_first_attempt_that_nothing_came_of_was_begun_all_the_same(kit):
    first = drill(kit, 1, "2026-03-05")
    ledger = drilled(kit, first, drill(kit, 2, "2026-04-20", attempt=2), now="2026-05-02 13:00")
    held = ledger.success[0]
    assert (held.begun, held.good, held.untold, held.retries) == (2, 1, 1, 1)
    turns = {turn.period: turn for turn in ledger.object(kit.DB).drills}
    assert turns["2026-04-01"].outcome == "could_not_tell" and turns["2026-04-01"].drills == ("d2",)
    found = [one for one in ledger.problems if one.slot.startswith("drill/d2")]
    assert [(one.reason, one.level, str(one.outcome)) for one in found] == [("not_read", 8, "could_not_tell")]
    # One in the same month, killed or not, is enough; a real recovery is not.
    for more, begun in (({"aborted": "killed"}, 2), ({"real": True}, 3)):
        also = drill(kit, 3, "2026-04-02", **more)
        again = drilled(kit, first, also, drill(kit, 2, "2026-04-20", attempt=2), now="2026-05-02 13:00")
        assert again.success[0].begun == begun


def test_could_not_tell_is_no_success_and_no_failure_and_counts_as_begun(kit):
    ledger = drilled(kit, drill(kit, 1, "2026-03-10", verdicts=(untold(Level.RESTORABLE, "needs_licence"),)))
    held = ledger.success[0]
    assert (held.begun, held.good, held.failed, held.untold) == (1, 0, 0, 1)
    assert kit.reasons(ledger.object(kit.DB)) == {}


@pytest.mark.parametrize(
    ("entry", "accepted", "begun"),
    [(7, "2026-09-01", 1), (7, "2027-03-02", 2), (7, None, 2), (None, "2026-09-01", 2)],
    ids=["accepted in the period", "accepted too late", "not accepted", "not signed"],
)
def test_a_drill_that_infrastructure_ended_is_excused_only_by_the_buyers_word(kit, entry, accepted, begun):
    aborted = drill(kit, 1, "2026-03-10", verdicts=(), aborted="no_room")
    span = kit.at("2026-03-01"), kit.at("2026-04-01")
    excuse = Excuse(kit.DB, *span, kit.at("2026-03-11"), entry, "d1", accepted and kit.at(accepted))
    ledger = drilled(kit, aborted, drill(kit, 2, "2026-03-12"), excuses=(excuse,))
    held = ledger.success[0]
    assert (held.begun, held.good, held.excused) == (begun, 1, 2 - begun)


def test_a_failed_restore_is_no_infrastructure_whatever_is_signed(kit):
    failed = drill(kit, 1, "2026-03-10", verdicts=(bad("restore_failed"),))
    excuse = Excuse(kit.DB, 0, kit.at("2027-01-01"), 0, 7, "d1", kit.at("2026-03-12"))
    assert drilled(kit, failed, excuses=(excuse,)).success[0].begun == 1


def test_real_recoveries_count(kit):
    ledger = drilled(kit, drill(kit, 1, "2026-03-10", real=True, recovered=(99, 100)))
    assert (ledger.success[0].begun, ledger.success[0].recovered) == (1, (99, 100))
    assert ledger.object(kit.DB).rto[0].real


def test_a_drill_that_never_ended_is_a_failed_one(kit):
    hung = drill(kit, 1, "2026-03-10", verdicts=(), ended_ms=None)
    assert drilled(kit, hung).success[0].begun == 1
    running = drill(kit, 1, "2026-04-01 10:00", verdicts=(), ended_ms=None)
    assert drilled(kit, running).success[0].begun == 0


def test_years_run_from_the_start_of_service(kit):
    ledger = drilled(kit, drill(kit, 1, "2026-03-10"), drill(kit, 2, "2027-03-02"), now="2027-03-05 13:00")
    assert [(one.begun, kit.said(one.from_ms)[:10]) for one in ledger.success] == [
        (1, "2026-03-01"),
        (1, "2027-03-01"),
    ]


def test_a_missed_drill_is_unproven_and_no_failure(kit):
    ledger = drilled(kit, now="2026-05-01 13:00", until="2026-04-30")
    account = ledger.object(kit.DB)
    assert [(one.period, one.state) for one in account.drills] == [
        ("2026-03-01", "missed"),
        ("2026-04-01", "missed"),
        ("2026-05-01", "due"),
    ]
    missed = [p for p in account.problems if p.reason == "not_drilled"]
    assert (missed[0].slot, missed[0].clause) == ("drill/2026-03-01", ("HA-10", "HA-12"))
    assert ledger.success[0].begun == 0 and ledger.success[0].holds is None
    assert account.tested == "never"


def test_an_object_that_nobody_asks_to_drill_is_never_tested(kit):
    account = kit.World().account("2026-03-05 13:00")
    assert account.tested == "never"
    assert [p.slot for p in account.problems if p.reason == "not_drilled"] == ["drill/never"]


def test_turns_walk_newest_oldest_middle_and_a_draw(kit):
    entry = kit.entry(
        full=kit.WEEKLY, incremental=kit.DAILY, drill={**MONTHLY, "pick": "rotating", "every": "week"}
    )
    world = kit.World(entry, since="2026-03-02")
    world.weekly("2026-03-02", "2026-04-20")
    world.more["drills"] = tuple(
        drill(kit, number, f"2026-03-{day} 13:00") for number, day in enumerate((16, 23, 30))
    )
    world.more["seeds"] = {"2026-04-06": ("5eed", "witness")}
    account = world.account("2026-04-08 13:00")
    picks = {one.period: (one.pick, one.wanted, one.chosen_by) for one in account.drills}
    walk = ["newest", "oldest", "middle", "random"]
    assert [one.pick for one in account.drills] == [*walk, "newest", "oldest"]
    # The chain of 8 to 14 March has seven members, the next one has but begun.
    assert picks["2026-03-16"] == ("middle", "incremental-2026-03-11", "")
    assert picks["2026-03-23"] == ("random", "", "")
    assert picks["2026-03-30"] == ("newest", "full-2026-03-29", "")
    assert picks["2026-04-06"] == ("oldest", "full-2026-03-08", "")


def test_a_draw_needs_a_seed_and_says_who_chose_it(kit):
    entry = kit.entry(drill={**MONTHLY, "pick": "random"})
    drawn = {}
    for seed in ("5eed", "5eee"):
        ledger = drilled(kit, entry=entry, now="2026-03-31 13:00", seeds={"2026-03": (seed, "collector")})
        drawn[seed] = ledger.object(kit.DB).drills[0]
    assert drawn["5eed"].chosen_by == "collector" and drawn["5eed"].wanted
    assert drawn["5eed"].wanted != drawn["5eee"].wanted
    unseeded = drilled(kit, entry=entry, now="2026-03-31 13:00").object(kit.DB).drills[0]
    assert (unseeded.wanted, unseeded.chosen_by) == ("", "")


def test_whether_the_drill_took_what_its_turn_asks_is_told(kit):
    for name, expected in (("full-2026-03-09", True), ("full-2026-03-02", False)):
        ledger = drilled(kit, drill(kit, 1, "2026-03-10 13:00", artefact=name))
        turn = ledger.object(kit.DB).drills[0]
        assert (turn.state, turn.outcome, turn.wanted, turn.as_picked) == (
            "done",
            "good",
            "full-2026-03-09",
            expected,
        )


def test_the_time_to_restore_runs_from_the_decision_to_the_first_right_answer(kit):
    rto = drilled(kit, drill(kit, 1, "2026-03-10")).object(kit.DB).rto[0]
    assert rto.ms == 2 * kit.HOUR + 10 * 60_000 + 30 * 60_000
    assert (rto.reaction_ms, rto.estimate, rto.within) == (30 * 60_000, False, True)


def test_a_smaller_drill_gives_a_rate_and_a_labelled_estimate(kit):
    rto = drilled(kit, drill(kit, 1, "2026-03-10", hours=1, whole=20 * 10**9)).object(kit.DB).rto[0]
    assert rto.estimate and rto.bytes_per_hour == 10**9 * 60 // 70
    assert rto.ms > 20 * kit.HOUR and rto.within is False


def test_larger_objects_may_take_longer_by_the_signed_table(kit):
    table = [{"up_to": "500GB", "within": "12h"}, {"up_to": "2TB", "within": "36h"}]
    entry = kit.entry(drill={**MONTHLY, "allowed": table})
    for size, allowed in ((10**9, 12), (600 * 10**9, 36), (9 * 10**12, 36)):
        made = drill(kit, 1, "2026-03-10", bytes=size, whole=size)
        rto = drilled(kit, made, entry=entry).object(kit.DB).rto[0]
        assert rto.allowed_ms == allowed * kit.HOUR


def test_a_drill_that_got_no_right_answer_has_no_time(kit):
    rto = drilled(kit, drill(kit, 1, "2026-03-10", answered_ms=None)).object(kit.DB).rto[0]
    assert (rto.ms, rto.within) == (None, None)


def test_what_a_restore_would_lose_is_the_age_of_the_newest_point_by_its_own_time(kit):
    account = drilled(kit, drill(kit, 1, "2026-03-10 13:00")).object(kit.DB)
    assert account.rpo_at_drills[0].artefact == "full-2026-03-09"
    assert account.rpo_at_drills[0].ms == 14 * kit.HOUR
    assert account.rpo.ms == 14 * kit.HOUR


def test_a_failed_drill_speaks_against_the_artefact_from_then_on(kit):
    pages = drill(kit, 1, "2026-03-10 13:00", artefact="full-2026-03-05", verdicts=(bad("pages_damaged"),))
    account = drilled(kit, pages).object(kit.DB)
    lost = next(one for one in account.days if one.day == "2026-03-05")
    assert (lost.state, kit.said(lost.lost_ms)) == ("lost", "2026-03-10 16:00")
    assert kit.reasons(account)["pages_damaged"] == ["full-2026-03-05"] * 2


def test_a_drill_at_the_wrong_target_says_nothing_against_the_artefact(kit):
    wrong = drill(kit, 1, "2026-03-10 13:00", artefact="full-2026-03-05", verdicts=(bad("wrong_target"),))
    account = drilled(kit, wrong).object(kit.DB)
    assert kit.day_states(account)["2026-03-05"] == "restorable"
    problem = next(p for p in account.problems if p.reason == "wrong_target")
    assert (problem.slot, problem.level, problem.until_ms) == ("drill/d1", 8, None)


def test_a_good_drill_proves_what_the_agent_could_not_open(kit):
    sealed = (*kit.PROVEN[:4], kit.cannot(Level.SEALED, "no_key"))
    world = kit.World(kit.entry(drill=MONTHLY))
    world.add("a", "2026-03-01 23:00", verdicts=sealed)
    world.more["drills"] = (drill(kit, 1, "2026-03-02 13:00", artefact="a"),)
    account = world.account("2026-03-03 13:00")
    assert kit.day_states(account)["2026-03-01"] == "restorable"
    assert account.points[0].restore_level == 9


def test_right_answers_of_a_restore_that_could_not_be_told_raise_nothing(kit):
    world = kit.World(kit.entry(drill=MONTHLY))
    world.add("a", "2026-03-01 23:00")
    words = (untold(Level.RESTORABLE, "not_read"), good(Level.USABLE))
    world.more["drills"] = (drill(kit, 1, "2026-03-02 13:00", artefact="a", verdicts=words),)
    assert world.account("2026-03-03 13:00").points[0].restore_level == Level.WELL_FORMED


def test_a_later_good_drill_ends_the_finding_of_a_bad_one(kit):
    failed = drill(kit, 1, "2026-03-10", verdicts=(bad("wrong_answer"),))
    account = drilled(kit, failed, replace(drill(kit, 2, "2026-03-20"), attempt=2)).object(kit.DB)
    problem = next(p for p in account.problems if p.reason == "wrong_answer")
    assert kit.said(problem.until_ms) == "2026-03-20 03:00"
