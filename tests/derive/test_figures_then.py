"""Availability of the past goes by the estate that was in force then, for whoever asks."""

import pytest

from collector.jobs import estates, figures
from collector.jobs import statements as statement_jobs
from collector.jobs.derive import catch_up

MINUTE = 60_000
HOUR = 60 * MINUTE
ESTATE = """
estate: e
units: [{id: u, name: U}]
systems:
  - {id: portal, unit: u, service: web, target: 99.9%}
assets:
  - {id: host-a, kind: server, agent: a}
probes:
  - {id: web, check: service.tcp, from: a, every: 60s, params: {host: h, port: 1}}
  - {id: dbs, check: service.tcp, from: a, every: 60s, params: {host: h, port: 2}}
"""


@pytest.fixture
def portal(world):
    world.agent("a")
    estates.apply(world.context, world.estate(ESTATE), by="test")
    return world


def hour(world, sight, web="ok", dbs="crit"):
    """An hour of looks each minute, as these two were."""
    start = world.at
    for minute in range(0, 60, 10):
        looks = []
        for i in range(minute, minute + 10):
            t = start + i * MINUTE + 7_000
            looks += [sight("web", t, web), sight("dbs", t + 1, dbs)]
        world.at = start + (minute + 10) * MINUTE
        world.agent("a").send(*looks)
    catch_up(world.context)
    return start


def made(world, begin, end, service="portal"):
    figure = figures.service_figure(world.context, service, begin, end).figure
    return figure.buckets, figure.ratios.known


def test_an_apply_changes_nothing_of_the_hours_before_it(portal, sight):
    begin = hour(portal, sight, web="crit", dbs="ok")
    before = made(portal, begin, begin + 50 * MINUTE)
    assert 48 * MINUTE < before[0].down <= 50 * MINUTE
    edge = portal.at
    better = ESTATE.replace("service: web", "service: {any: [web, dbs]}")
    estates.apply(portal.context, portal.estate(better), by="test")
    hour(portal, sight, web="crit", dbs="ok")
    assert made(portal, begin, begin + 50 * MINUTE) == before
    sums, _ = made(portal, begin, edge + HOUR)
    assert 58 * MINUTE < sums.down < 62 * MINUTE and sums.up > 55 * MINUTE
    said = figures.as_json(figures.service_figure(portal.context, "portal", begin, edge + HOUR))
    assert len(said["changed"]) == 1
    assert figures.service_figure(portal.context, "portal", begin, edge).changed == ()


def test_what_was_only_called_otherwise_is_one_stretch(portal, sight):
    begin = hour(portal, sight)
    named = ESTATE.replace("id: portal,", "id: portal, name: 门户,")
    estates.apply(portal.context, portal.estate(named), by="test")
    hour(portal, sight)
    whole = figures.service_figure(portal.context, "portal", begin, portal.at)
    assert whole.changed == () and len(whole.figure.evidence) == 1


def test_a_window_that_is_widened_after_its_approval_gains_nothing(portal, sight):
    window = "windows:\n  - {id: w1, from: %s, to: %s, systems: portal}\n"
    day = "2026-11-21T"
    start = figures.instant_of(f"{day}00:00", "Asia/Shanghai")
    portal.at = start
    estates.apply(portal.context, portal.estate(ESTATE + window % (f"{day}01:00", f"{day}01:30")), by="test")
    statement_jobs.add(portal.context, "approval", {"window": "w1"}, by="cli")
    wide = ESTATE + window % (f"{day}01:00", f"{day}02:00")
    portal.at = start + HOUR
    estates.apply(portal.context, portal.estate(wide), by="test")
    hour(portal, sight, web="crit")
    sums, _ = made(portal, start + HOUR, start + 2 * HOUR)
    assert sums.maintenance == 30 * MINUTE and 28 * MINUTE < sums.down <= 30 * MINUTE
