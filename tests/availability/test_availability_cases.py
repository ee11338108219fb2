"""Worked examples: ours, those handed to the project, and case files that are wrong."""

from pathlib import Path

import pytest
import yaml

from collector.availability.cases import run_case, run_cases
from collector.availability.errors import CaseError

OWN = Path(__file__).parent / "cases.yaml"


def own():
    return yaml.safe_load(OWN.read_text(encoding="utf-8"))["examples"]


def wrong(**changes):
    example = {"id": "X1", "len": 600, "checks": {"web": {"probes": [{"at": [0], "out": "ok"}]}}} | changes
    with pytest.raises(CaseError) as caught:
        run_case("X1", example)
    assert caught.value.example == "X1"
    return caught.value


@pytest.mark.parametrize("example", own(), ids=lambda example: example["id"])
def test_our_own_example_gives_exactly_the_figure_worked_by_hand(example):
    (result,) = run_cases([example]).results
    assert result.got == example["expect"]
    assert result.agrees is True


def test_every_shared_example_gives_exactly_its_expected_figure(shared):
    document = yaml.safe_load((shared / "examples/availability.yaml").read_text(encoding="utf-8"))
    report = run_cases(document)
    expected = {example["id"]: example["expect"] for example in document["examples"]}
    assert {one.id: one.got for one in report.results} == expected
    assert report.differing == ()


def test_a_wrong_expectation_is_reported_and_the_figure_printed_all_the_same():
    example = {"id": "D1", "len": 600, "checks": {"web": {"base": "up"}}, "expect": {"up": 599, "known": "x"}}
    report = run_cases([example])
    assert report.differing == ("D1",)
    assert report.as_json() == [{"id": "D1", "got": {"up": 600, "known": "100.000000"}}]


def test_a_class_that_the_expectation_forgets_shows_as_a_difference():
    example = {"id": "D2", "len": 600, "not_in_service": [[0, 100]], "checks": {"web": {"base": "up"}}}
    report = run_cases([example | {"expect": {"up": 500, "down": 0, "unknown": 0}}])
    assert report.differing == ("D2",)


def test_an_example_that_expects_nothing_prints_all_its_figures_and_differs_from_nothing():
    report = run_cases([{"id": "N", "len": 60, "checks": {"web": {"base": "down"}}}])
    assert report.differing == ()
    assert report.results[0].agrees is None
    assert report.results[0].got["down"] == 60
    assert report.results[0].got["meets"] is False


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"len": "long"}, "len", "number"),
        ({"len": 0}, "len", "below"),
        ({"len": 0.0001}, "len", "finer"),
        ({"len": 10**30}, "example", "calendars"),
        ({"t0": "0001-01-01T00:00:00+14:00"}, "example", "calendars"),
        ({"colour": 1}, "example", "colour"),
        ({"t0": "yesterday"}, "t0", "ISO 8601"),
        ({"params": {"holt": 3}}, "params", "holt"),
        ({"params": {"hold": 0}}, "params.hold", "below"),
        ({"params": {"confirm": 1.5}}, "params.confirm", "whole"),
        ({"params": {"target": "101"}}, "params.target", "between"),
        ({"params": {"unknown_cap_budget": -1}}, "params.unknown_cap_budget", "negative"),
        ({"params": {"vantage_rule": "most"}}, "params.vantage_rule", "majority"),
        ({"params": []}, "params", "mapping"),
        ({"checks": {}}, "example", "neither"),
        ({"checks": {"web": {"probes": [{"at": [0]}]}}}, "checks.web.probes[0]", "out"),
        ({"checks": {"web": {"probes": [{"at": [0], "out": "fine"}]}}}, "checks.web.probes[0].out", "fine"),
        (
            {"checks": {"web": {"probes": [{"from": 0, "to": 9, "out": "ok"}]}}},
            "checks.web.probes[0]",
            "every",
        ),
        (
            {"checks": {"web": {"probes": [{"at": [1], "every": 2, "out": "ok"}]}}},
            "checks.web.probes[0]",
            "both",
        ),
        (
            {"checks": {"web": {"probes": [{"every": 60, "from": 0, "to": 10**30, "out": "ok"}]}}},
            "checks.web.probes[0]",
            "more than",
        ),
        (
            {"checks": {"web": {"probes": [{"every": 0.001, "from": 0, "to": 9e6, "out": "ok"}]}}},
            "checks.web.probes[0]",
            "more than",
        ),
        ({"checks": {"web": {"intervals": [[0, 1]]}}}, "checks.web.intervals[0]", "3 values"),
        ({"checks": {"web": {"intervals": [[0, 1, "off"]]}}}, "checks.web.intervals[0][2]", "off"),
        ({"checks": {"web": {"host": "box", "intervals": []}}}, "checks.web.host", "box"),
        ({"checks": {"a": {}, "b": {}}}, "example", "names no service"),
        ({"service": "wep"}, "service", "wep"),
        ({"service": {"all": []}}, "service.all", "nothing"),
        ({"service": {"all": ["web"], "any": ["web"]}}, "service", "one of"),
        ({"service": {"quorum": {"of": ["web"]}}}, "service.quorum", "up"),
        ({"service": {"quorum": {"up": 0, "of": ["web"]}}}, "service.quorum", "whatever fails"),
        ({"service": {"quorum": {"up": 1, "degraded": -1, "of": ["web"]}}}, "service.quorum", "above 0"),
        ({"service": {"weighted": {"up": 1, "of": {"web": -1}}}}, "service.weighted.of.web", "weight"),
        ({"windows": [{"id": "W", "kind": "rain", "from": 0, "to": 1}]}, "windows[0].kind", "rain"),
        ({"windows": [{"id": "W", "kind": "maintenance", "from": 0}]}, "windows[0]", "to"),
        ({"hours": {"days": [7], "ranges": []}}, "hours.days", "Monday"),
        ({"hours": {"days": [1], "ranges": [["8", "9"]]}}, "hours.ranges[0][0]", "08:30"),
        ({"hours": {"tz": "Mars/Olympus", "days": [1], "ranges": []}}, "hours.tz", "zone"),
        ({"expect": [{"up": 1}]}, "expect", "shape"),
        ({"as_of": [1, 2], "expect": [{"up": 1}]}, "expect", "shape"),
        ({"expect": 5}, "expect", "mapping"),
        ({"faults": "yes"}, "faults", "true or false"),
    ],
)
def test_a_wrong_case_names_the_example_and_the_field(changes, field, says):
    error = wrong(**changes)
    assert error.field == field
    assert says in str(error)


def test_a_host_that_is_its_own_host_is_refused():
    error = wrong(checks={"a": {"host": "b"}, "b": {"host": "a"}}, service="a")
    assert "own host" in str(error)


def test_a_calendar_year_without_data_stops_the_figure_with_the_year():
    hours = {"days": "cn_workdays", "ranges": [["09:00", "17:00"]]}
    error = wrong(t0="2031-01-05T00:00+08:00", hours=hours)
    assert "2031" in str(error)


@pytest.mark.parametrize(
    "document",
    [None, 7, "x", [], {"examples": []}, {"examples": 3}, [3], [{"id": 4}], [{"id": "a"}, {"id": "a"}]],
)
def test_a_document_that_is_no_case_file_is_a_case_error(document):
    with pytest.raises(CaseError):
        run_cases(document)


def test_one_wrong_example_is_named_and_spoils_no_other():
    good = {"id": "G", "len": 60, "checks": {"web": {"base": "up"}}, "expect": {"up": 60}}
    bad = {"id": "B", "len": 60, "checks": {"web": {"base": "upp"}}, "expect": {"up": 60}}
    report = run_cases([bad, good])
    assert report.differing == ()
    assert [(wrong.example, wrong.field) for wrong in report.wrong] == [("B", "checks.web.base")]
    assert report.as_json() == [
        {"id": "B", "got": None, "error": "checks.web.base: must be one of up, down, none, not 'upp'"},
        {"id": "G", "got": {"up": 60}},
    ]


def test_a_day_alone_is_its_midnight_as_text_or_as_yaml_reads_it():
    example = {"id": "T", "len": 86400, "hours": {"days": [0], "ranges": [["00:00", "12:00"]]}}
    for day in ("2026-03-02", yaml.safe_load("2026-03-02"), yaml.safe_load("2026-03-02T00:00:00+08:00")):
        got = run_case("T", example | {"t0": day, "checks": {"web": {"base": "up"}}}).got
        assert got["up"] == got["off_hours"] == 43200


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"checks": {"web": {"intervals": [[0, 10, "down"], [100, 90, "down"]]}}}, "checks.web.intervals[1]"),
        (
            {"checks": {"web": {"probes": [{"every": 60, "from": 300, "to": 0, "out": "ok"}]}}},
            "checks.web.probes[0]",
        ),
        ({"windows": [{"id": "W", "kind": "maintenance", "from": 90, "to": 10}]}, "windows[0]"),
        ({"not_in_service": [[90, 10]]}, "not_in_service[0]"),
        ({"as_of": []}, "as_of"),
    ],
)
def test_what_ends_before_it_begins_is_a_mistake_and_no_figure(changes, field):
    """An outage that is turned round would be none, and the figure full."""
    assert wrong(**changes).field == field


def test_a_stretch_that_is_empty_is_none():
    example = {"len": 600, "checks": {"web": {"intervals": [[100, 100, "down"]]}}}
    assert run_case("E", example).got["up"] == 600
