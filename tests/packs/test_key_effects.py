"""Every key of every pack changes something that a clerk would see: here, or in the test that is named."""

import ast
from dataclasses import replace
from datetime import date, datetime
from fractions import Fraction
from pathlib import Path

import pytest

from collector.availability.classes import TimeClass
from collector.availability.faults import outages
from collector.availability.figure import Scenarios
from collector.faults.fold import is_fault
from collector.faults.ground import Seen
from collector.faults.levels import of_times
from collector.faults.options import with_options
from collector.faults.terms import Terms
from collector.judging.backups import counts
from collector.judging.ground import BackedUp
from collector.packs.archive import ArchiveAsked, archive, facts_of
from collector.packs.loading import names, packaged
from collector.packs.options import resolve
from collector.scoring.model import Item, PackPeriod, PeriodFacts, System, Unit
from collector.scoring.score import score
from collector.statements.model import Said, Through

ROOT = Path(__file__).resolve().parents[2]
# Keys that decide what becomes a fact, and the test in which another fact comes of another value.
_SHOWN = """
month_anchor packs/schemes
    luohe_by_calendar_months_has_thirteen_pieces_that_make_twelve_months
inspection.min_coverage judging/scorecards
    a_round_that_left_out_an_asset_of_the_unit_is_partial_and_does_not_count
inspection.silent judging/excused
    a_silent_agent_refuses_the_round_or_counts_as_unanswered_looks_by_the_option
backup.counts_if packs/key_effects
    what_makes_a_backup_count
satisfaction.map statements/counted
    a_form_of_rows_counts_by_the_option_and_waits_for_points_without_it
satisfaction.late statements/counted
    a_form_that_came_late_is_deemed_satisfied_unless_the_option_says_that_it_counts
clock.start faults/faults
    the_earlier_of_alert_and_report_starts_the_clocks
waiver faults/faults
    force_majeure_suspends_what_ran_out_until_the_centre_decides
repeat.window faults/faults
    how_long_ago_the_same_fault_counts_as_one_again_is_an_option
archive.late packs/key_effects
    a_document_that_came_late_is_missing_or_counts
statement.tolerance faults/sides
    what_came_within_the_tolerance_counts_and_the_option_moves_it
statement.vendor faults/sides
    where_the_option_says_so_the_vendors_word_counts_only_once_it_is_confirmed
unseen.max judging/unwatched
    how_much_may_be_unseen_is_an_option
silence judging/unwatched
    by_the_other_reading_silence_counts_only_once_the_buyer_has_accepted
impact faults/levels
    no_serious_effect_makes_every_level_the_fourth_whatever_straddles
no_impact faults/levels
    no_serious_effect_makes_every_level_the_fourth_whatever_straddles
min_fault_s packs/key_effects
    how_long_a_fault_is_at_least_and_how_near_two_are_one
merge_gap_s packs/key_effects
    how_long_a_fault_is_at_least_and_how_near_two_are_one
q_includes_down packs/key_effects
    degraded_time_with_or_without_the_time_down
week_rule cadence/cadence
    by_the_day_done_a_week_across_an_edge_belongs_to_the_cycle_in_which_the_work_was_done
report.due faults/faults
    two_reports_are_due_in_pingdingshan_and_only_the_scorecards_costs
restore_limit packs/key_effects
    without_an_agreed_limit_no_recovery_is_too_late
limits faults/faults
    both_sets_of_limits_run_in_huaian_and_the_option_says_which_is_scored
vulnerability.counts_if faults/vulnerabilities
    huaian_counts_what_others_found_and_the_vendors_own_only_past_the_limit
availability.limit packs/key_effects
    in_a_leap_year_hours_are_stricter_than_per_cent
"""
FACTS = {
    line.split()[0]: (line.split()[1], f"test_{name.strip()}")
    for line, name in zip(*[iter(_SHOWN.strip().splitlines())] * 2, strict=True)
}
# No reading of these moves a point: what they are about is judged by the estate's own policy of backups.
PRINTED = {"restore.min_attempts", "retention.chain", "rto"}


def scored_keys():
    source = (ROOT / "tests/scoring/test_options.py").read_text(encoding="utf-8")
    table = next(
        node
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign) and node.targets[0].id == "MOVES"
    )
    return {key for moves in ast.literal_eval(table.value).values() for key in moves}


@pytest.mark.parametrize("name", names())
def test_every_key_that_has_another_reading_is_shown_to_change_something(name):
    known = scored_keys() | set(FACTS) | PRINTED
    for option in packaged(name).pack.options:
        choice = option.most != option.least if option.least is not None else len(option.allowed) > 1
        if choice:
            assert option.key in known, f"{option.key}: no test shows what it changes"


def test_a_key_that_is_printed_only_says_so():
    known = {option.key: option for option in packaged("huaian-2025").pack.options}
    for key in PRINTED:
        assert "printed only" in known[key].en and "仅列示" in known[key].zh


@pytest.mark.parametrize("key", FACTS)
def test_the_test_that_shows_it_is_there(key):
    place, name = FACTS[key]
    folder, _, module = place.partition("/")
    source = (ROOT / "tests" / folder / f"test_{module}.py").read_text(encoding="utf-8")
    assert name in {node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}


def faults(**chosen):
    made = packaged("pingdingshan-2024").pack.faults
    return with_options(Terms(made), chosen).faults


def test_degraded_time_with_or_without_the_time_down():
    # 1 000 s down and 3 000 s slow: 4 000 s are over an hour, 3 000 s are not.
    wanted = {True: 3, False: 4}
    for value, level in wanted.items():
        assert of_times(1_000_000, 4_000_000, True, faults(q_includes_down=value)) == level


def test_how_long_a_fault_is_at_least_and_how_near_two_are_one():
    usual, other = faults(), faults(min_fault_s=300, merge_gap_s=0)
    assert (usual.min_fault_s, usual.merge_gap_s) == (60, 60)
    assert (other.min_fault_s, other.merge_gap_s) == (300, 0)
    # Away 59 s, back for 60 s, away 300 s.
    classes = [(0, 59, TimeClass.DOWN), (59, 119, TimeClass.UP), (119, 419, TimeClass.DOWN)]
    course = tuple((a * 1000, b * 1000, what) for a, b, what in classes)
    found = {}
    for terms in (usual, other):
        outs = outages(Scenarios(course, course, course), course, terms.merge_gap_s * 1000, 120_000)
        found[terms.min_fault_s] = [
            (out.from_ms // 1000, out.down_ms // 1000) for out in outs if is_fault(Seen("s", out), terms)
        ]
    assert found == {60: [(0, 359)], 300: [(119, 300)]}


def test_without_an_agreed_limit_no_recovery_is_too_late():
    def limit(**chosen):
        (rule,) = [one for one in faults(**chosen).clocks if one.counts_as == "not_restored"]
        return {key: (due.count, due.unit.value) for key, due in rule.limits.items()}

    assert limit() == limit(restore_limit="8_working_hours") == {"any": (8, "working_hours")}
    assert limit(restore_limit="none") == {}


def test_what_makes_a_backup_count():
    made = {
        word: BackedUp("db", "a", 0, level, good, "disk", 1, 1, "agent", "C")
        for word, good, level in (("verified", True, 4), ("artefact", False, 2), ("job_ok", False, -1))
    }
    rules = ("verified", "artefact", "job_ok")
    counted = {rule: [word for word in rules if counts(made[word], rule)] for rule in rules}
    assert counted == {"verified": ["verified"], "artefact": ["verified", "artefact"], "job_ok": list(rules)}


def at(day):
    return int(datetime.fromisoformat(f"{day}T00:00:00+08:00").timestamp() * 1000)


def test_a_document_that_came_late_is_missing_or_counts():
    pack = packaged("luohe-2026").pack
    month = PackPeriod("2026-07", 2, at("2026-07-10"), at("2026-08-10"), date(2026, 7, 10), date(2026, 8, 10))
    units = (Unit("u", "甲", systems=(System("s", "一"),)),)
    one = next(one for one in pack.archive.documents if one.id == "inspection-log")
    # Due by the end of July; it came on the 5th of August.
    said = [
        Said(
            "document_filed",
            9,
            at("2026-08-05"),
            "zhao",
            "operator",
            Through.SESSION,
            {"item": "inspection-log", "system": "s", "period": "2026-07"},
            "ab" * 32,
        )
    ]
    shares = {}
    for word in ("missing", "counts"):
        options = resolve(pack, {"archive.late": word})
        terms = replace(pack.archive, documents=(one,))
        found = archive(terms, ArchiveAsked(month, at("2026-08-11"), options), units, said)
        items, _ = facts_of(found, units)
        card = score(
            packaged("luohe-2026"), PeriodFacts(month, 0, units, tuple(items)), {"archive.late": word}
        )
        shares[word] = next(line.points for line in card.lines if line.id == "docs")
    assert shares == {"missing": 0, "counts": 10}


def test_in_a_leap_year_hours_are_stricter_than_per_cent():
    def points(first, end, value, limit):
        facts = PeriodFacts(
            PackPeriod("year-1", 1, 0, 0, first, end),
            0,
            items=(Item("availability", Fraction(value), facts={"of": "worst"}),),
        )
        card = score(packaged("huaian-2025"), facts, {"availability.limit": limit})
        return next(line.points for line in card.lines if line.id == "availability")

    plain, leap = (date(2025, 8, 29), date(2026, 8, 29)), (date(2027, 8, 29), date(2028, 8, 29))
    # 0.1 % of 8 760 h are 8.76 h; of the 8 784 h of a leap year 8.784 h, which is over 8.76 h: a step begun.
    assert [points(*plain, "99.9", word) for word in ("percent", "hours")] == [15, 15]
    assert [points(*leap, "99.9", word) for word in ("percent", "hours")] == [15, 14]
    # 8.76 h of 8 784 h, rounded to the vendor's side in the sixth decimal.
    assert [points(*leap, "99.900274", word) for word in ("percent", "hours")] == [15, 15]
