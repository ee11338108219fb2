"""What a figure says beside its numbers: divergences, gaps, evidence, bounds of clocks, verdicts, JSON."""

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from collector.availability.classes import TimeClass
from collector.availability.display import (
    Provenance,
    exact,
    figure_json,
    flag_text,
    percent,
    seconds,
    target_of,
)
from collector.availability.engine import Params, ServiceSpec, evaluate
from collector.availability.errors import SpecError
from collector.availability.figure import Verdict
from collector.availability.hours import Hours
from collector.availability.members import combine
from collector.availability.runs import Observation, Outcome, Run, fold
from collector.availability.tree import All, Leaf
from collector.availability.votes import CheckRuns, CheckStates, Divergence
from collector.availability.windows import Flag, FlagCode, Window, WindowKind

TARGET = Fraction("0.999")
OK, FAIL = Outcome.OK, Outcome.FAIL
HOLD = 150_000


def one(check, to_ms=3_600_000, **more):
    params = more.pop("params", Params(TARGET))
    return ServiceSpec(0, to_ms, params, {"web": check}, Leaf("web"), **more)


def probes(outcomes, every=60_000):
    return fold([Observation(i * every, outcome, i) for i, outcome in enumerate(outcomes)], HOLD)


def test_a_check_that_nobody_ever_ran_is_unknown_and_never_up():
    figure = evaluate(one(CheckRuns({}, HOLD)))
    assert figure.buckets.unknown == 3_600_000
    assert figure.ratios.known is None
    assert figure.ratios.coverage == 0
    assert figure.meets is False
    assert figure.longest_gap_ms == 3_600_000
    assert evaluate(one(CheckRuns({"a": ()}, HOLD))).buckets.unknown == 3_600_000


def test_a_period_that_has_not_begun_is_in_no_bucket():
    figure = evaluate(one(CheckRuns({"a": probes([OK] * 60)}, HOLD), as_of_ms=-5))
    assert figure.buckets.total == 0
    assert figure.segments == ()
    assert figure.bounds.verdict is Verdict.NO_FIGURE
    assert figure.meets is None


def test_a_minority_opinion_is_logged_as_a_divergence():
    a, b, c = probes([OK] * 60), probes([OK] * 10 + [FAIL] * 5 + [OK] * 45), probes([OK] * 60)
    figure = evaluate(one(CheckRuns({"a": a, "b": b, "c": c}, HOLD)))
    assert figure.buckets.down == 0
    assert figure.divergences == (Divergence("web", 600_000, 900_000, (("a", 2), ("b", 0), ("c", 2))),)


def test_only_the_voter_that_the_contract_names_counts():
    a, b = probes([OK] * 60), probes([FAIL] * 60)
    figure = evaluate(one(CheckRuns({"a": a, "b": b}, HOLD, voters=frozenset({"b"}))))
    assert figure.buckets.down == 3_600_000
    assert figure.divergences == ()


def test_the_longest_gap_counts_only_where_no_other_vantage_point_looked():
    a = fold([Observation(t * 60_000, OK) for t in range(60) if not 10 < t < 30], HOLD)
    b = fold([Observation(t * 60_000, OK) for t in range(60) if not 25 < t < 50], HOLD)
    figure = evaluate(one(CheckRuns({"a": a, "b": b}, HOLD)))
    # a is silent 10..30 min, b 25..50 min: together nobody looked from 25 to 30, but each gap is longer.
    assert figure.longest_gap_ms == 20 * 60_000
    assert evaluate(one(CheckRuns({"a": a}, HOLD))).longest_gap_ms == 20 * 60_000


def test_the_evidence_names_the_first_and_last_sequence_number_of_every_series():
    figure = evaluate(one(CheckRuns({"a": probes([OK] * 10 + [FAIL] + [OK] * 49)}, HOLD)))
    (series,) = figure.evidence
    assert (series.first_seq, series.last_seq, series.n) == (0, 59, 60)
    assert figure.observations == 60
    assert figure.observations_whole


def test_a_run_that_reaches_over_the_edge_says_that_its_count_does_too():
    runs = (Run(OK, -600_000, 3_000_000, 61, 60_000),)
    figure = evaluate(one(CheckRuns({"a": runs}, HOLD)))
    assert figure.observations == 61
    assert not figure.observations_whole


def test_clocks_that_may_be_off_widen_the_bounds_by_twice_that_for_every_outage():
    outcomes = [OK] * 10 + [FAIL] * 3 + [OK] * 20 + [FAIL] * 3 + [OK] * 24
    exactly = evaluate(one(CheckRuns({"a": probes(outcomes)}, HOLD)))
    loosely = evaluate(
        one(CheckRuns({"a": probes(outcomes)}, HOLD), params=Params(TARGET, clock_uncertainty_ms=5_000))
    )
    assert (exactly.bounds.down_min, exactly.bounds.down_max) == (240_000, 480_000)
    assert (loosely.bounds.down_min, loosely.bounds.down_max) == (220_000, 500_000)


def test_a_figure_whose_bounds_straddle_the_target_is_within_uncertainty_and_the_score_decides():
    check = CheckRuns({"a": probes([OK] * 30 + [FAIL] + [OK] * 29)}, HOLD)
    figure = evaluate(one(check, params=Params(Fraction(98, 100))))
    assert figure.bounds.verdict is Verdict.WITHIN
    assert figure.meets is True
    assert evaluate(one(check, params=Params(Fraction(96, 100)))).bounds.verdict is Verdict.MET


def test_attested_seconds_are_printed_but_stay_unknown():
    check = CheckStates(spans=((0, 600_000, 3),))
    figure = evaluate(one(check, attested=((300_000, 900_000),)))
    assert figure.attested_ms == 300_000
    assert figure.buckets.unknown == 600_000


def test_force_majeure_without_the_buyers_approval_and_a_document_excludes_nothing():
    check = CheckStates(base=0)

    def excluded(**fields):
        window = Window("F", WindowKind.FORCE_MAJEURE, 0, 60_000, **fields)
        figure = evaluate(one(check, windows=(window,)))
        return figure.buckets.other_excluded, figure.flags[0].code

    assert excluded(status="claimed", role="buyer", document="ab") == (0, FlagCode.CLAIMED)
    assert excluded(status="approved", role="operator", document="ab") == (0, FlagCode.NOT_APPROVED)
    assert excluded(status="approved", role="buyer") == (0, FlagCode.NOT_APPROVED)
    assert excluded(status="approved", role="buyer", document="ab") == (60_000, FlagCode.RETROACTIVE)


def test_an_empty_window_is_ignored_and_flagged():
    window = Window("M", WindowKind.MAINTENANCE, 60_000, 60_000, 0)
    figure = evaluate(one(CheckStates(base=0), windows=(window,)))
    assert figure.buckets.maintenance == 0
    assert figure.flags == (Flag(FlagCode.EMPTY, "M"),)


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        (one(CheckStates(host="box")), "check.unknown"),
        (one(CheckStates(host="web")), "host.cycle"),
        (one(CheckStates(), params=Params(Fraction(999, 10))), "target"),
        (one(CheckStates(), to_ms=-1), "period"),
        (one(CheckStates(), hours=Hours("Asia/Shanghai", None, ((0, 60),))), "hours.calendar"),
    ],
)
def test_a_description_that_contradicts_itself_gives_no_figure(spec, code):
    with pytest.raises(SpecError) as caught:
        evaluate(spec)
    assert caught.value.code == code


def test_members_over_different_periods_are_never_combined():
    a, b = evaluate(one(CheckStates())), evaluate(one(CheckStates(), to_ms=60_000))
    with pytest.raises(SpecError):
        combine({"a": a, "b": b}, Params(TARGET))
    with pytest.raises(SpecError):
        combine({}, Params(TARGET))


def test_members_are_weighted_by_seconds_and_a_member_out_of_service_has_no_say():
    half = evaluate(one(CheckStates(spans=((0, 1_800_000, 0),))))
    full = evaluate(one(CheckStates()))
    out = evaluate(one(CheckStates(base=0), not_in_service=((0, 3_600_000),)))
    weights = {"half": Fraction(1), "full": Fraction(3), "out": Fraction(9)}
    combined = combine({"half": half, "full": full, "out": out}, Params(TARGET), weights)
    assert combined.worst == Fraction(1, 2)
    assert combined.mean == Fraction(3, 4)
    assert combined.weighted == Fraction(7, 8)
    assert combined.union.ratios.score == Fraction(1, 2)
    assert combined.each["out"] is None


def test_the_json_of_a_figure_is_plain_exact_and_carries_every_option():
    check = CheckRuns({"a": probes([OK] * 10 + [FAIL] * 3 + [OK] * 20)}, HOLD, confirm=2)
    window = Window("M", WindowKind.MAINTENANCE, 0, 120_000, 60_000)
    document = figure_json(
        evaluate(one(check, windows=(window,))), Provenance(contract="c0ffee", mark="sealed")
    )
    assert json.loads(json.dumps(document)) == document
    assert sum(document["buckets"].values()) == 3_600_000
    assert document["exact"]["known"] == exact(
        Fraction(document["exact"]["known"][0], document["exact"]["known"][1])
    )
    assert document["percent"]["known"] == percent(Fraction(*document["exact"]["known"]))
    assert document["options"]["target"] == [999, 1000]
    assert document["flags"] == [{"code": "late approval, effective from", "subject": "M", "at_ms": 60_000}]
    assert document["segments"][0] == [0, 60_000, "up"]
    assert document["provenance"]["mark"] == "sealed"
    assert document["formula"] == "availability/1"
    assert not [value for value in flat(document) if isinstance(value, float)]


def flat(value):
    if isinstance(value, dict):
        for below in value.values():
            yield from flat(below)
    elif isinstance(value, list):
        for below in value:
            yield from flat(below)
    else:
        yield value


def test_texts_are_exact():
    assert seconds(10_800_000) == "10800"
    assert seconds(-1_500) == "-1.5"
    assert flag_text(Flag(FlagCode.LATE, "M2", 10_800_000)) == "M2: late approval, effective from 10800"
    assert target_of("99.999%") == Fraction(99_999, 100_000)
    with pytest.raises(ValueError, match="between"):
        target_of("100.1")


def test_a_redundant_part_of_unknown_state_does_not_matter():
    spec = ServiceSpec(
        0, 1000, Params(TARGET), {"a": CheckStates(), "b": CheckStates(base=0)}, All((Leaf("a"),))
    )
    figure = evaluate(spec)
    assert figure.segments == ((0, 1000, TimeClass.UP),)


def test_the_engine_needs_nothing_but_the_standard_library():
    root = Path(__file__).resolve().parents[2]
    code = (
        "import sys, pkgutil, importlib, collector.availability as a\n"
        "for m in pkgutil.iter_modules(a.__path__):\n"
        "    importlib.import_module(f'collector.availability.{m.name}')\n"
        "foreign = {n.split('.')[0] for n in sys.modules} - set(sys.stdlib_module_names)\n"
        "print(*sorted(n for n in foreign if not n.startswith('_')))"
    )
    run = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(root)!r})\n{code}"]
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) <= {"checks", "collector"}
