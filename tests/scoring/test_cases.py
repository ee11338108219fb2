"""Worked scorecards: those of our own hand, those that come with the specification, and bad ones."""

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from collector.availability.errors import CaseError
from collector.cli import main
from collector.packs.loading import packaged
from collector.scoring.cases import run_case, run_cases

OWN = Path(__file__).with_name("cases.yaml")
SHARED = Path(__file__).resolve().parents[3] / "shared" / "examples" / "scorecards.yaml"


def run(document):
    return run_cases(document, packaged)


def one(scheme, given, **rest):
    return run_case("x", {"id": "x", "scheme": scheme, "input": given, **rest}, packaged).got


@pytest.mark.parametrize("example", yaml.safe_load(OWN.read_text())["examples"], ids=lambda one: one["id"])
def test_every_example_of_our_own_hand_comes_out_to_the_fen(example):
    (result,) = run({"examples": [example]}).results
    assert result.got == example["expect"]
    assert result.agrees


@pytest.mark.skipif(not SHARED.exists(), reason="the specification's examples are not here")
def test_every_example_of_the_specification_comes_out_to_the_fen():
    examples = yaml.safe_load(SHARED.read_text())["examples"]
    report = run({"examples": examples})
    assert report.differing == ()
    assert report.as_json() == [{"id": one["id"], "got": one["expect"]} for one in examples]


def test_the_command_prints_every_example_and_names_those_that_differ(tmp_path):
    file = tmp_path / "cases.yaml"
    file.write_text(
        "examples:\n"
        "- {id: right, scheme: pds_quarterly, input: {}, expect: {total: 100}}\n"
        "- {id: wrong, scheme: pds_quarterly, input: {}, expect: {total: 99}}\n"
        "- {id: asks, scheme: huaian_yearly, input: {availability: 99.85}}\n"
    )
    said = CliRunner().invoke(main, ["scorecard", "case", str(file)])
    assert said.exit_code == 1
    assert [line.split("\t")[:2] for line in said.stdout.splitlines()] == [
        ["right", "good"],
        ["wrong", "DIFFERS"],
        ["asks", "no expectation"],
    ]
    assert said.stderr == "wrong\n"
    listed = CliRunner().invoke(main, ["scorecard", "case", "--json", str(file)])
    got = json.loads(listed.stdout)
    assert got[:2] == [{"id": "right", "got": {"total": 100}}, {"id": "wrong", "got": {"total": 100}}]
    assert got[2]["got"]["lines"]["availability"] == "14"
    assert got[2]["got"]["repayable"] == "0.00"


def test_what_is_got_has_the_types_of_what_is_expected_and_an_unknown_key_is_null():
    got = one("pds_quarterly", {}, expect={"total": "100", "colour": 1, "lines": {"faults": "20"}})
    assert got == {"total": "100", "colour": None, "lines": {"faults": "20"}}
    assert one("luohe_monthly", {}, expect={"total": 100}) == {"total": 100}


@pytest.mark.parametrize(
    ("scheme", "given", "field"),
    [
        ("luohe_monthly", {"units": [{"visit": 1}]}, "input.units[0]"),
        ("luohe_monthly", {"units": []}, "input"),
        ("luohe_monthly", {"units": [{"visits": -1}]}, "input.units[0].visits"),
        ("luohe_monthly", {"units": [{"inspections": ["2026-02-30"]}]}, "input.units[0].inspections[0]"),
        ("luohe_monthly", {"units": [{"inspections": "2026-02-03"}]}, "input.units[0].inspections"),
        ("luohe_monthly", {"units": [{"kind": "castle"}]}, "input.units[0].kind"),
        ("luohe_monthly", {"units": [{"late_faults": [5]}]}, "input.units[0].late_faults[0]"),
        ("luohe_monthly", {"units": [{"satisfaction": "much"}]}, "input.units[0].satisfaction"),
        ("luohe_monthly", {"units": [{"docs": {"required": "all"}}]}, "input.units[0].docs.required"),
        ("luohe_monthly", {"fines": [{"item": "x"}]}, "input.fines[0]"),
        ("luohe_monthly", {"fines": [{"item": "x", "yuan": 1, "percent": 1}]}, "input.fines[0]"),
        ("luohe_monthly", {"deductions": [{"item": "x", "points": -1}]}, "input.deductions[0].points"),
        (
            "luohe_monthly",
            {"deductions": [{"item": "complaint", "points": 15}]},
            "input.deductions[0].points",
        ),
        ("luohe_monthly", {"fines": [{"item": "misoperation", "percent": 31}]}, "input.fines[0].percent"),
        ("luohe_monthly", {"units": [{"satisfaction": 31}]}, "input.units[0].satisfaction"),
        ("luohe_monthly", {"months": []}, "input.months"),
        ("luohe_monthly", {"months": [{"unit": 1}]}, "input.months[0]"),
        ("luohe_monthly", [], "input"),
        ("pds_quarterly", {"faults": [{"level": 0}]}, "input.faults[0].level"),
        ("pds_quarterly", {"faults": [{"vendor_cause": True}]}, "input.faults[0]"),
        ("pds_quarterly", {"half_year_end": "yes"}, "input.half_year_end"),
        ("pds_quarterly", {"security": {"majors": 1}}, "input.security"),
        ("pds_quarterly", {"response": {"report_late_days": [1.5]}}, "input.response.report_late_days[0]"),
        ("pds_quarterly", {"cycles": []}, "input.cycles"),
        ("pds_quarterly", {"cycles": [{}], "weeks_required": 1}, "input"),
        ("pds_quarterly", {"onsite": {"absences": 10**9}}, "input.onsite.absences"),
        ("huaian_yearly", {"availability": 101}, "input.availability"),
        ("huaian_yearly", {"avail": 99}, "input"),
        ("quarterly", {}, "scheme"),
    ],
)
def test_a_mistake_in_a_case_names_the_example_and_the_field(scheme, given, field):
    with pytest.raises(CaseError) as caught:
        one(scheme, given)
    assert (caught.value.example, caught.value.field) == ("x", field)


@pytest.mark.parametrize(
    ("rest", "field"),
    [
        ({"options": {"cuont": "literal"}}, "options.cuont"),
        ({"options": {"count": "twice"}}, "options.count"),
        ({"options": {"count": 1.5}}, "options.count"),
        ({"pack": "luohe-2027"}, "pack"),
        ({"expect": [1]}, "expect"),
        ({"note": 1}, "example"),
    ],
)
def test_a_mistake_around_the_input_is_named_too(rest, field):
    with pytest.raises(CaseError) as caught:
        one("luohe_monthly", {}, **rest)
    assert caught.value.field == field


def test_a_whole_float_is_the_same_number_also_as_an_option():
    given = {"onsite": {"refusals": 3.0}}
    assert one("pds_quarterly", given, options={"refusal_points": 1.0})["total"] == 97
    with pytest.raises(CaseError) as caught:
        one("pds_quarterly", given, options={"refusal_points": 1.5})
    assert caught.value.field == "options.refusal_points"


def test_an_instant_counts_on_its_day_in_the_contracts_zone():
    """The second is a Sunday in Greenwich and already Monday in Shanghai."""
    text = "[2026-07-05T23:30, 2026-07-05T16:30:00Z, '2026-07-06 08:00', 2026-07-12 09:00:00]"
    units = one("luohe_monthly", {"units": [{"inspections": yaml.safe_load(text)}]})["units"]
    assert units[0]["inspection"] == "4"


def test_null_months_and_cycles_are_left_out():
    assert one("luohe_monthly", {"months": None})["total"] == "100"
    assert one("pds_quarterly", {"cycles": None})["total"] == 100


def test_a_file_without_examples_or_with_one_twice_is_refused(tmp_path):
    for document in (
        {},
        [],
        {"examples": []},
        {"examples": 1},
        {"examples": [1]},
        {"examples": [{"id": ""}]},
    ):
        with pytest.raises(CaseError):
            run(document)
    twice = {"id": "x", "scheme": "pds_quarterly"}
    with pytest.raises(CaseError, match="twice"):
        run([twice, twice])
    bad = tmp_path / "bad.yaml"
    bad.write_text("- {id: a, scheme: pds_quarterly, input: {faults: [{level: 9}]}}")
    said = CliRunner().invoke(main, ["scorecard", "case", str(bad)])
    assert said.exit_code == 2
    assert "a" in said.stderr and "faults[0].level" in said.stderr


def test_one_wrong_example_spoils_no_other_and_the_end_is_two(tmp_path):
    file = tmp_path / "cases.yaml"
    file.write_text(
        "examples:\n"
        "- {id: right, scheme: pds_quarterly, input: {}, expect: {total: 100}}\n"
        "- {id: odd, scheme: pds_quarterly, input: {weeks: 1}, expect: {total: 100}}\n"
        "- {id: other, scheme: pds_quarterly, input: {}, expect: {total: 99}}\n"
    )
    said = CliRunner().invoke(main, ["scorecard", "case", "--json", str(file)])
    assert said.exit_code == 2
    right, odd, other = json.loads(said.stdout)
    assert (right, other) == ({"id": "right", "got": {"total": 100}}, {"id": "other", "got": {"total": 100}})
    assert (odd["id"], odd["got"]) == ("odd", None) and odd["error"].startswith("input: unknown key 'weeks'")
    differs, error = said.stderr.splitlines()
    assert differs == "other"
    assert error.startswith(f"roundseal-collector: {file}: odd: input: unknown key 'weeks'")
    plain = CliRunner().invoke(main, ["scorecard", "case", str(file)])
    assert [line.split("\t")[1] for line in plain.stdout.splitlines()] == ["good", "WRONG", "DIFFERS"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "- {id: a, scheme: pds_quarterly, input: {weeks_required: 13, weeks_required: 12}}",
            "line 1: the key",
        ),
        (
            "examples: [{id: a, scheme: pds_quarterly}]\nexamples: []",
            "line 2: the key 'examples' stands twice",
        ),
        ("examples: [{id: a, scheme: pds_quarterly}]\nnote: 1", "file: note: unknown key"),
        ("examples: []", "file: examples: is empty"),
        ("", "file: examples: must be a list"),
        ("- {id: a", "line 1"),
        ("- {id: a, scheme: luohe_monthly, input: {units: [{inspections: [2026-02-30]}]}}", "day"),
    ],
)
def test_a_file_that_loses_something_or_is_none_is_refused_with_its_place(tmp_path, text, says):
    for command in ("scorecard", "availability"):
        file = tmp_path / "bad.yaml"
        file.write_text(text)
        said = CliRunner().invoke(main, [command, "case", str(file)])
        assert (said.exit_code, said.stdout) == (2, "")
        assert said.stderr.startswith(f"roundseal-collector: {file}: ") and says in said.stderr
        assert said.stderr.count("\n") == 1


def test_a_file_that_is_not_there_is_named_once(tmp_path):
    said = CliRunner().invoke(main, ["scorecard", "case", str(tmp_path / "none.yaml")])
    assert (said.exit_code, said.stderr) == (
        2,
        f"roundseal-collector: {tmp_path / 'none.yaml'}: no such file or directory\n",
    )


def test_a_fault_whose_cause_nobody_has_told_counts_by_the_option():
    told = {"faults": [{"level": 1}, {"level": 4, "vendor_cause": True}, {"level": 2, "vendor_cause": False}]}
    assert one("pds_quarterly", told)["lines"]["faults"] == -5
    assert one("pds_quarterly", told, options={"vendor_cause": "stated"})["lines"]["faults"] == 15
