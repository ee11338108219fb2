"""Two calculations of one scorecard: the product's, through its packs, and a clerk's, by the contracts."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parts import loaded

from collector.packs.loading import packaged
from collector.scoring.cases import run_case

clerk = loaded("demo_year/clerk.py")

few = st.integers(0, 4)
quarters = st.integers(0, 120).map(lambda n: str(n / 4))
dates = st.lists(st.integers(0, 45).map(lambda n: str(date(2025, 12, 12) + timedelta(days=n))), max_size=9)


def some(**fields):
    """A mapping that may leave any of its keys out."""
    return st.fixed_dictionaries({}, optional=fields)


systems = st.lists(
    st.fixed_dictionaries({"name": st.just("s")}, optional={"backups": dates, "scans": few}), max_size=3
)
units = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from("ABC")},
        optional={
            "kind": st.just("line_rental"),
            "satisfaction": st.none() | quarters,
            "visits": few,
            "inspections": dates,
            "systems": systems,
            "late_faults": st.lists(st.integers(1, 4), max_size=4),
            "late_vulns": some(critical=few, high=few, medium_low=few),
            "docs": st.integers(1, 12).flatmap(
                lambda n: st.fixed_dictionaries({"required": st.just(n), "present": st.integers(0, n)})
            ),
        },
    ),
    min_size=1,
    max_size=4,
)
fines = st.lists(
    st.fixed_dictionaries(
        {"item": st.sampled_from(("repeat_fault", "risk_not_fixed")), "yuan": st.integers(0, 90_000)}
    )
    | st.fixed_dictionaries({"item": st.just("misoperation"), "percent": st.integers(10, 30)}),
    max_size=3,
)
deductions = st.lists(
    st.fixed_dictionaries(
        {"item": st.sampled_from(("complaint", "notice_city")), "points": st.integers(1, 10)}
    ),
    max_size=3,
)
month = st.fixed_dictionaries(
    {"units": units}, optional={"fee": st.integers(1, 200_000), "deductions": deductions, "fines": fines}
)
luohe = month | st.fixed_dictionaries({"months": st.lists(month, min_size=3, max_size=3)})

cycle = some(
    weeks_required=st.just(13),
    weeks_inspected=st.integers(0, 13),
    special_required=st.just(4),
    special_done=few,
    defect_reports=few,
    half_year_end=st.booleans(),
    drill_done=st.booleans(),
    training_done=st.booleans(),
    faults=st.lists(
        st.fixed_dictionaries({"level": st.integers(1, 4)}, optional={"vendor_cause": st.booleans()}),
        max_size=4,
    ),
    security=some(major=few, notified=few, reminded=few, hazards=few),
    response=some(no_support=few, not_restored=few, report_late_days=st.lists(st.integers(0, 9), max_size=3)),
    onsite=some(absences=few, refusals=few, unreachable=st.integers(0, 12)),
    support=some(promises_missed=few, late_optimisations=few),
).filter(lambda one: ("weeks_required" in one) == ("weeks_inspected" in one))
cycle = cycle.filter(lambda one: ("special_required" in one) == ("special_done" in one))
total = {"contract_total": st.integers(1, 9_999_999)}
pingdingshan = st.fixed_dictionaries(
    {"cycles": st.lists(cycle, min_size=4, max_size=4)},
    optional={**total, "promises_missed_total": st.integers(0, 40), "blamed_by_superior": few},
)
pingdingshan = cycle | pingdingshan

huaian = st.fixed_dictionaries(
    {
        "availability": st.integers(9_300_000, 10_000_000).map(lambda n: f"{n / 100_000:.5f}"),
        "satisfaction": st.integers(5_000, 10_000).map(lambda n: f"{n / 100:.2f}"),
    },
    optional={
        name: st.integers(0, 6)
        for name in (
            "process_missing",
            "incidents_late",
            "risks_not_fixed",
            "documents_missing",
            "vulnerabilities_found",
            "vulnerabilities_late",
            "events_late_or_open",
        )
    },
)


def agree(scheme, given, options):
    """The product's answer has every figure of the clerk's."""
    expect = clerk.SCHEMES[scheme](given, options)
    raw = {"id": "x", "scheme": scheme, "input": given, "options": options, "expect": expect}
    assert run_case("x", raw, packaged).got == expect


@settings(max_examples=60, deadline=None)
@given(luohe, some(count=st.sampled_from(("distinct_weeks", "literal"))))
def test_luohe_comes_to_the_same_fen(given, options):
    agree("luohe_monthly", given, options)


@settings(max_examples=60, deadline=None)
@given(pingdingshan, some(refusal_points=st.sampled_from((1, 2))))
def test_pingdingshan_comes_to_the_same_fen(given, options):
    agree("pds_quarterly", given, options)


@settings(max_examples=60, deadline=None)
@given(huaian, some(step=st.sampled_from(("ceil", "floor", "linear"))))
def test_huaian_comes_to_the_same_fen(given, options):
    agree("huaian_yearly", given, options)


@pytest.mark.parametrize("scheme", sorted(clerk.SCHEMES))
def test_the_clerk_can_be_wrong(scheme):
    given = {
        "luohe_monthly": {"units": [{"name": "A", "visits": 1}]},
        "huaian_yearly": {"availability": "99.9", "satisfaction": "95"},
    }
    made = clerk.SCHEMES[scheme](given.get(scheme, {}), {})
    assert (
        run_case(
            "x",
            {"id": "x", "scheme": scheme, "input": given.get(scheme, {}), "expect": {**made, "total": "1"}},
            packaged,
        ).agrees
        is False
    )
