"""Slips of the pen that a statement or a case may hold, and how fines that nobody can tell are printed."""

import pytest
from click.testing import CliRunner

from collector.availability.errors import CaseError
from collector.cli import main
from collector.jobs import scorecards as jobs
from collector.jobs import statements
from collector.packs.loading import packaged
from collector.scoring.cases import run_case

AS_OF = "2026-07-20T12:00"


def refused(site, kind, **fields):
    with pytest.raises(statements.StatementError) as found:
        site.say(kind, **fields)
    return found.value.code, str(found.value).split(":")[0]


def test_what_is_counted_by_a_day_outside_of_the_term_is_refused(site):
    site.apply()
    site.go("2026-07-20T12:00")
    fine = {"item": "order_unfulfilled", "yuan": "20000", "text": "x"}
    assert refused(site, "fine", day="2020-10-20", **fine) == ("out_of_term", "day")
    assert refused(site, "fine", day="2026-06-09", **fine) == ("out_of_term", "day")
    assert site.say("fine", day="2026-06-10", **fine)
    assert refused(site, "visit", unit="centre", at="2026-06-01T10:00", by="operator") == (
        "out_of_term",
        "at",
    )


def test_a_recovery_before_the_fault_began_is_refused(site):
    site.apply()
    site.probe(
        ("2026-07-14T09:00", True),
        ("2026-07-14T10:00", False),
        ("2026-07-14T11:00", True),
        ("2026-07-14T11:30", True),
    )
    made = jobs.scorecard(site.context, "2026-07")
    (fault,) = {one.facts["fault"] for one in (*made.facts.items, *made.facts.gaps) if one.facts.get("fault")}
    fields = {"fault": fault, "by": "manager"}
    assert refused(site, "fault_recovered", at="2026-07-14T09:00", **fields) == ("before_fault", "at")
    assert site.say("fault_recovered", at="2026-07-14T11:00", **fields)


def test_a_fine_that_nobody_can_tell_is_not_printed_as_none(site):
    site.apply()
    site.go(AS_OF)
    site.settle()
    site.context.close()
    run = CliRunner().invoke(
        main, ["scorecard", str(site.world.directory), "--period", "2026-07", "--as-of", AS_OF]
    )
    fines = [one for one in run.output.splitlines() if one.startswith("  fine.") and "\t" in one]
    assert fines and all("yuan or more, not proven" in one for one in fines), run.output


def case(**more):
    one = {"id": "X", "scheme": "luohe_monthly", "input": {"units": [{"name": "a"}]}} | more
    return run_case("X", one, packaged)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"input": {"fee": -1, "units": [{"name": "a"}]}}, "input.fee"),
        ({"scheme": "pds_quarterly", "pack": "huaian-2025", "input": {}}, "pack"),
        ({"scheme": "huaian_yearly", "pack": "luohe-2026", "input": {}}, "pack"),
        ({"scheme": "huaian_yearly", "input": {"price": -5}}, "input.price"),
        (
            {"scheme": "pds_quarterly", "input": {"contract_total": -5, "cycles": [{}]}},
            "input.contract_total",
        ),
    ],
)
def test_a_case_with_a_negative_fee_or_a_pack_of_another_scheme_names_the_field(more, field):
    with pytest.raises(CaseError) as found:
        case(**more)
    assert field in str(found.value)
    assert case()
