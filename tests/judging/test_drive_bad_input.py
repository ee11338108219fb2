"""Faults and bad input: which test plays what, and a calendar year that nobody has published.

| what | test |
| --- | --- |
| a pack with a typo, a missing option, overlapping grades, limits the wrong way round | packs/test_reading::test_a_mistake_is_named |
| a statement for an unknown fault, by someone without the right, in the future | statements/test_refusals::test_each_wrong_statement_has_its_code |
| a statement twice | statements/test_refusals::test_the_same_twice_is_refused_however_it_comes |
| results and statements after the seal | judging/test_sealing::test_what_comes_after_the_seal_makes_a_numbered_amendment_that_verifies |
| a calendar year missing | this file |
| a clock wrong by hours | judging/test_scorecards::test_a_clock_that_is_wrong_by_hours_moves_no_inspection_into_another_month |
| a clock that may be wrong | cadence/test_cadence::test_a_clock_that_may_be_hours_off_proves_nothing_at_an_edge_and_enough_inside |
| a service tree with a loop | judging/test_scorecards::test_a_service_tree_with_a_loop_is_no_estate |
| an asset moved between units in mid-period | judging/test_scorecards::test_an_asset_that_moves_between_units_counts_where_it_was_at_the_time |
| leap years, anniversaries on the 29th to 31st: periods | packs/test_schemes::test_an_anniversary_late_in_the_month_comes_back_after_a_short_one |
| the same: months of a cadence | cadence/test_cadence::test_months_of_a_contract_from_the_29th_to_the_31st |
| the same: limits | cadence/test_deadlines::test_an_anniversary_on_the_31st_comes_back_after_february |
| a period with no evidence at all: the scorecard | judging/test_scorecards::test_a_period_without_any_evidence_is_neither_zero_nor_full |
| the same: every obligation | cadence/test_driven::test_what_nobody_saw_is_not_proven_and_never_kept |
"""  # noqa: E501

import ast
import re
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from collector.availability.calendar_cn import shipped
from collector.availability.errors import MissingYear
from collector.cli import main
from collector.store import accounts
from collector.web.app import create_app

TESTS = Path(__file__).resolve().parents[1]
MISSING, PERIOD = "2023", "2023-07"  # a year of which no notice is shipped
HOURS = 'hours: {days: cn_workdays, ranges: ["08:30-17:30"]}, target: 99.9%'


def test_each_named_test_is_there():
    found = re.findall(r"\| (\w+)/(\w+)::(\w+) \|", __doc__)
    assert len(found) == 13
    for folder, file, name in found:
        tree = ast.parse((TESTS / folder / f"{file}.py").read_text(encoding="utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, name


@pytest.fixture
def beyond(site, estate):
    """A term that begins before the years that are published, with agreed hours on working days."""
    text = estate.replace("target: 99.9%", HOURS).replace("start: 2026-06-10", f"start: {MISSING}-06-10")
    site.apply(text)
    site.settle()
    return site


@pytest.mark.parametrize("words", [("scorecard",), ("scorecard", "seal"), ("faults",), ("obligations",)])
def test_the_command_stops_with_the_year_and_no_figure(beyond, words):
    beyond.context.close()
    made = CliRunner().invoke(main, [*words, str(beyond.world.directory), "--period", PERIOD])
    assert made.exit_code == 2 and isinstance(made.exception, SystemExit), made.output
    assert made.output.startswith("roundseal-collector: ") and len(made.output.splitlines()) == 1
    assert f"no public holidays of {MISSING}" in made.output


PAGES = (
    f"/scorecard?period={PERIOD}",
    f"/scorecard/line/incidents?period={PERIOD}&unit=centre",
    f"/faults?period={PERIOD}",
    f"/obligations?period={PERIOD}",
)


@pytest.mark.parametrize("path", PAGES)
def test_the_page_says_so_and_shows_no_figure(beyond, path):
    client = create_app(beyond.context).test_client()
    with beyond.context.write() as conn:
        client.set_cookie("roundseal", accounts.open_session(conn, "buyer", beyond.context.now()))
    answer = client.get(path)
    assert answer.status_code == 409
    shown = re.sub(r"<style.*?</style>|<[^>]*>", "", answer.text, flags=re.DOTALL)
    assert MISSING in shown and ("节假日" in shown or "public holidays" in shown)
    assert not re.search(r"\d+ / \d+|%", shown)


def test_the_interface_says_so_with_a_code(beyond):
    client = create_app(beyond.context).test_client()
    with beyond.context.write() as conn:
        client.set_cookie("roundseal", accounts.open_session(conn, "buyer", beyond.context.now()))
    answer = client.get(f"/api/v1/scorecards/{PERIOD}")
    assert 400 <= answer.status_code < 500 and MISSING in answer.json["detail"]


def test_each_published_year_has_its_notice_and_its_version():
    known = shipped()
    assert MISSING not in {str(year) for year in known.years} and len(known.years) >= 3
    assert known.version.startswith("cn-")
    with pytest.raises(MissingYear, match=f"no public holidays of {MISSING}"):
        known.is_workday(date(int(MISSING), 7, 3))
