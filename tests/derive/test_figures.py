"""A service's figure from what agents sent: silence is unknown, windows count from their approval on."""

import pytest

from checks.wire.numbers import EntryKind
from collector.availability.classes import TimeClass
from collector.availability.errors import MissingYear
from collector.jobs import estates, figures, projection
from collector.jobs.derive import catch_up, rebuild

MINUTE = 60_000
HOUR = 60 * MINUTE

ESTATE = """
estate: e
units: [{id: u, name: U}]
systems:
  - id: portal
    unit: u
    service: {all: [web, {name: dbs, any: [db-1, db-2]}]}
    target: 99.9%
    in_service: [{from: 2026-01-01}]
  - {id: desk, service: web, hours: {days: cn_workdays, ranges: ["08:30-17:30"]}}
assets:
  - {id: host-a, kind: server, agent: a}
  - {id: host-b, kind: server, agent: b}
probes:
  - {id: web, check: service.tcp, from: [a, b], every: 60s, params: {host: h, port: 1}}
  - {id: db-1, check: service.tcp, from: a, every: 60s, params: {host: h, port: 2}}
  - {id: db-2, check: service.tcp, from: a, every: 60s, params: {host: h, port: 3}}
windows:
  - {id: w1, from: 2026-11-21T01:00, to: 2026-11-21T02:00, systems: portal}
"""


@pytest.fixture
def portal(world):
    """An applied estate and two agents with their plans."""
    for name in "ab":
        world.agent(name)
    estates.apply(world.context, world.estate(ESTATE), by="test")
    return world


def hours(world, sight, count, down=()):
    """Probes each minute for so many hours; `down` are minutes at which web fails."""
    start = world.at
    for minute in range(0, count * 60, 10):
        for name in "ab":
            looks = []
            for i in range(minute, minute + 10):
                t = start + i * MINUTE + 7_000
                looks.append(sight("web", t, "crit" if i in down else "ok"))
                if name == "a":
                    looks += [sight("db-1", t + 1), sight("db-2", t + 2, "crit")]
            world.at = start + (minute + 10) * MINUTE
            world.agent(name).send(*looks)
    catch_up(world.context)


def test_without_an_estate_or_for_an_unknown_service_there_is_no_figure(world):
    with pytest.raises(figures.NoFigure) as problem:
        figures.service_figure(world.context, "portal", 0, 1)
    assert problem.value.code == "no_estate"
    estates.apply(world.context, world.estate(ESTATE), by="test")
    for name in ("nobody", "portal/nothing", "host-a"):
        with pytest.raises(figures.NoFigure):
            figures.service_figure(world.context, name, 0, 1)


def test_silence_is_unknown_and_a_state_that_is_too_old_is_none(portal, sight):
    start = portal.at
    hours(portal, sight, 1)
    assert figures.service_now(portal.context, "portal").state is TimeClass.UP
    portal.at += HOUR
    now = figures.service_now(portal.context, "portal")
    assert now.state is TimeClass.UNKNOWN and now.age_ms > 3_000_000
    made = figures.service_figure(portal.context, "portal", start, start + 2 * HOUR)
    assert made.figure.buckets.unknown > 50 * MINUTE
    assert made.figure.meets is False


def test_an_outage_of_web_is_down_and_one_of_two_databases_is_not(portal, sight):
    start = portal.at
    hours(portal, sight, 2, down=range(30, 40))
    made = figures.service_figure(portal.context, "portal", start, start + 2 * HOUR)
    assert made.figure.buckets.down == 10 * MINUTE
    assert made.figure.buckets.unknown == 7_001  # before the first look at any database
    assert made.figure.meets is False and len(made.figure.faults) == 1
    proof = next(one for one in made.proofs if one.target == "web" and one.vantage == "b")
    assert proof.n == 120 and proof.first[0] < proof.last[0]
    part = figures.service_figure(portal.context, "portal/dbs", start, start + 2 * HOUR)
    assert part.figure.buckets.down == 0 and part.figure.meets is True
    alone = figures.service_figure(portal.context, "db-2", start, start + 2 * HOUR)
    assert alone.figure.buckets.up == 0 and alone.figure.meets is None


def test_a_window_mutes_until_it_is_approved_and_counts_from_then_on(portal, sight):
    start = portal.at
    hours(portal, sight, 1)
    before = figures.service_figure(portal.context, "portal", start, start + 3 * HOUR)
    assert before.figure.buckets.maintenance == 0
    portal.at = start + 90 * MINUTE
    header = {"kind": "approval", "window": "w1", "by": "admin", "role": "admin"}
    projection.log(portal.context, [(EntryKind.STATEMENT, header, None)])
    portal.at = start + 3 * HOUR
    made = figures.service_figure(portal.context, "portal", start, start + 3 * HOUR)
    assert made.figure.buckets.maintenance == 30 * MINUTE
    assert [flag.code.name for flag in made.figure.flags] == ["LATE"]
    rebuild(portal.context)
    again = figures.service_figure(portal.context, "portal", start, start + 3 * HOUR)
    assert figures.as_json(again) == figures.as_json(made)


def test_a_running_period_is_judged_as_far_as_the_agents_have_reported(portal, sight):
    start = portal.at
    hours(portal, sight, 1)
    portal.at += 20_000
    made = figures.service_figure(portal.context, "portal", start + 8_000, start + 24 * HOUR)
    assert made.figure.evaluated_to_ms == made.watermark_ms == start + HOUR - 53_000 + 5
    assert made.figure.buckets.unknown == 0 and made.figure.meets is True


def test_agreed_hours_leave_the_night_out_and_a_year_without_calendar_stops_the_figure(portal, sight):
    start = portal.at
    hours(portal, sight, 1)
    made = figures.service_figure(portal.context, "desk", start, start + HOUR)
    assert made.figure.buckets.off_hours == made.figure.evaluated_to_ms - start
    assert made.figure.ratios.known is None
    with pytest.raises(MissingYear):
        figures.service_figure(portal.context, "desk", start - 24 * 400 * HOUR * 3, start)


def test_instants_are_of_the_estates_zone_unless_they_name_one():
    assert figures.instant_of("2026-11-21T00:00", "Asia/Shanghai") == 1_795_190_400_000
    assert figures.instant_of("2026-11-21T00:00+00:00", "Asia/Shanghai") == 1_795_219_200_000
    with pytest.raises(ValueError):
        figures.instant_of("yesterday", "Asia/Shanghai")
