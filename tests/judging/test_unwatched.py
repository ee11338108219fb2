"""Silence proves nothing where nobody looked: lines that count faults, flaws and what only people know."""

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from collector.jobs import scorecards as jobs
from collector.judging import services, unwatched
from collector.judging.asked import Asked, kinds_of
from collector.judging.ground import ServiceSeen
from collector.packs.loading import packaged
from collector.scoring.model import LineState, PackPeriod, System, Unit

PERIOD = PackPeriod("p", 1, 0, 1000, date(1970, 1, 1), date(1970, 1, 2))
UNITS = (
    Unit("centre", "中心", systems=(System("portal", "门户"), System("mail", "邮件"))),
    Unit("county", "县"),
)


def asked(pack="luohe-2026", as_of_ms=1000, **options):
    found = packaged(pack).pack
    return Asked(found, kinds_of(found), options, PERIOD, as_of_ms, (PERIOD.first, PERIOD.end), {})


def seen(system, low, high):
    """Up in all of what was seen."""
    known = None if low in ("0", None) else Fraction(1)
    bounds = (None, None) if low is None else (Fraction(low), Fraction(high))
    return ServiceSeen(system, known, *bounds)


def gaps(*found, **more):
    return {
        (one.kind, one.reason, one.unit, one.system)
        for one in unwatched.unwatched(found, more.pop("units", UNITS), asked(**more))
    }


@pytest.mark.parametrize(
    ("low", "reason"), [("1", None), ("0.9991", None), ("0.998", "unknown_time"), ("0", "not_observed")]
)
def test_a_system_is_watched_only_if_hardly_any_of_its_time_was_unseen(low, reason):
    found = gaps(seen("portal", low, 1), seen("mail", 1, 1))
    assert found == ({("fault", reason, "centre", "portal")} if reason else set())


def test_a_system_without_a_service_is_not_watched_and_one_without_agreed_time_need_not_be():
    assert gaps(seen("mail", None, None)) == {("fault", "not_observed", "centre", "portal")}


def test_how_much_may_be_unseen_is_an_option():
    half = seen("portal", "0.5", 1), seen("mail", 1, 1)
    assert {one[1] for one in gaps(*half)} == {"unknown_time"}
    assert gaps(*half, **{"unseen.max": 500}) == set()


def test_a_contract_without_a_system_in_scope_has_nothing_that_could_be_watched():
    assert gaps(units=UNITS[1:]) == {("fault", "nothing_in_scope", None, None)}


def test_the_availability_of_what_was_half_seen_is_not_proven_by_the_same_limit():
    half = seen("portal", "0.998", 1), seen("mail", 1, 1)
    found = unwatched.unproven(half, {"portal": "centre", "mail": "centre"}, asked("huaian-2025"))
    assert [(one.kind, one.reason, one.system) for one in found] == [
        ("availability", "unknown_time", "portal")
    ]


def test_the_worst_availability_may_be_that_of_a_system_that_looks_better():
    half = replace(seen("mail", "0.5", 1), known=Fraction(1))
    slow = ServiceSeen("portal", Fraction("0.999"), Fraction("0.999"), Fraction("0.999"))
    (worst,) = [one for one in services.availability([half, slow], {}) if one.facts["of"] == "worst"]
    assert worst.value == Fraction("99.9")
    assert (worst.facts["low"], worst.facts["high"]) == ("50.000000", "99.900000")


HOURLY = ("every: 5m", "every: 1h")


def watch(site, begin, end):
    """One look an hour at the portal, all of them good, and a scan of its servers; the period is over."""
    site.probe((begin, True), (end, True), every=3_600_000)
    site.go("2026-08-09T20:00")
    site.scan("web-01", "web-02")
    site.go("2026-08-10T03:00")
    site.settle()
    return jobs.scorecard(site.context, "2026-07")


def line(made, name, unit=None):
    return next(one for one in made.scorecard.lines if (one.id, one.unit) == (name, unit))


@pytest.fixture
def hourly(site, estate):
    site.apply(estate.replace(*HOURLY))
    return site


def test_a_month_that_was_watched_for_two_days_is_not_proven(hourly):
    made = watch(hourly, "2026-07-09T22:00", "2026-07-12T00:00")
    assert line(made, "incidents", "centre").state is LineState.NOT_PROVEN
    assert ("fault", "unknown_time", "portal") in {(g.kind, g.reason, g.system) for g in made.facts.gaps}


def test_a_month_that_was_watched_throughout_is_proven_where_it_was_watched(hourly):
    made = watch(hourly, "2026-07-09T22:00", "2026-08-10T02:00")
    assert line(made, "incidents", "centre").points == 30
    assert line(made, "incidents", "county").state is LineState.NOT_PROVEN  # nothing looks at its mail
