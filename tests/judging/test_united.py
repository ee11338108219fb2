"""Rounds that look at everything only between them: in an ISO week, in a contract month."""

import pytest
from luohe_site import ESTATE

from collector.jobs import cadence
from collector.jobs import scorecards as jobs
from collector.judging.ground import UnitRound
from collector.judging.united import united

CONTRACT = "{pack: luohe-2026, start: 2026-06-10}"
ROUND = '  - {{id: {}, every: week, on: {}, window: "09:00-17:00", assets: {}, checks: [host.load]}}'
SPLIT = ESTATE.replace(
    ESTATE.splitlines()[-1],
    ROUND.format("servers", "monday", "[web-01]")
    + "\n"
    + ROUND.format("rest", "tuesday", "[web-02, mail-01]"),
)
MONDAYS = ("2026-07-13", "2026-07-20")


def tuesday(monday):
    return f"{monday[:-2]}{int(monday[-2:]) + 1:02d}"


def look(site, monday, servers=("web-01",), rest=("web-02", "mail-01")):
    site.go(f"{monday}T09:30")
    for name in servers:
        site.send(name, site.look(name, f"servers/{monday}", site.world.at))
    site.settle()
    site.go(f"{tuesday(monday)}T10:30")
    for name in rest:
        site.send(name, site.look(name, f"rest/{tuesday(monday)}", site.world.at))
    site.settle()


def luohe(site, unit="centre"):
    site.go("2026-08-20T12:00")
    site.settle()
    made = jobs.scorecard(site.context, "2026-07")
    line = next(one for one in made.scorecard.lines if (one.id, one.unit) == ("inspection", unit))
    return made, line


def test_two_rounds_of_a_week_are_one_inspection_at_the_last_look(site):
    site.apply(SPLIT)
    for monday in MONDAYS:
        look(site, monday)
    made, line = luohe(site)
    assert (line.points, line.counted) == (4, 2)
    one = next(made.facts.items[place] for place in line.items)
    assert str(one.day) == "2026-07-14" and one.facts["round"] == "servers/2026-07-13, rest/2026-07-14"
    assert len(one.proofs) == 2
    assert not [gap for gap in made.facts.gaps if gap.kind == "inspection"]


def test_what_nobody_looked_at_in_either_round_is_missing_though_each_was_planned_without_it(site):
    site.apply(SPLIT)
    for monday in MONDAYS:
        look(site, monday, rest=("mail-01",) if monday == MONDAYS[1] else ("web-02", "mail-01"))
    _, line = luohe(site)
    assert (line.points, line.counted) == (2, 1)  # a silent agent, not an asset that nobody had planned
    assert luohe(site, "county")[1].points == 4


def test_rounds_count_one_by_one_where_the_contract_is_read_literally(site):
    site.apply(SPLIT.replace(CONTRACT, CONTRACT.replace("}", ", options: {count: literal}}")))
    for monday in MONDAYS:
        look(site, monday)
    _, line = luohe(site)
    assert line.points is None and line.low == 0


@pytest.mark.parametrize(
    ("pack", "period", "name", "weeks"),
    [("pingdingshan-2024", "cycle-1", "PD-37", 3), ("huaian-2025", "year-1", "HA-26", 1)],
)
def test_weeks_and_months_of_the_contract_are_kept_by_rounds_that_cover_all_units_together(
    site, pack, period, name, weeks
):
    site.apply(SPLIT.replace(CONTRACT, f"{{pack: {pack}, start: 2026-07-10}}"))
    for monday in MONDAYS:
        look(site, monday, rest=("web-02",) if monday == MONDAYS[1] else ("web-02", "mail-01"))
    site.go("2026-08-11T12:00")
    site.settle()
    with site.context.read() as conn:
        line = next(
            one for one in cadence.ledger(conn, site.context.now(), period).lines if one.obligation.id == name
        )
    states = [row.state.value for row in line.rows if row.turn.due_ms <= site.context.now()]
    if weeks == 1:
        assert states == ["done"]  # of a month in which one week was not whole
        assert len(line.rows[0].deeds[0].also) == 1
    else:
        assert states[:2] == ["done", "missed"]


def test_rounds_of_a_month_together_are_no_inspection_of_a_week(site):
    """Huai'an counts months; Luohe's four weeks are not made of parts from different weeks."""
    site.apply(SPLIT)
    look(site, MONDAYS[0], rest=("mail-01",))
    look(site, MONDAYS[1], servers=())
    _, line = luohe(site)
    assert line.counted == 0
    with site.context.read() as conn:
        told = {one.obligation.id: one for one in cadence.ledger(conn, site.context.now(), "2026-07").lines}
    monthly = [row for row in told["LH-06"].rows if row.turn.unit == "centre"]
    weekly = [row for row in told["LH-31"].rows if row.turn.unit == "centre"]
    assert {row.counted for row in weekly} == {0}
    assert all(row.counted == 1 for row in monthly if "inspection" in row.what)


def part(window, at, *looks, untried=()):
    due = sum(owed for _, owed, _ in looks) + sum(owed for _, owed in untried)
    return UnitRound(
        window,
        "u",
        "r",
        at,
        at,
        at,
        at,
        due,
        sum(given for _, _, given in looks),
        len(looks) + len(untried),
        len(looks),
        "C",
        untried=untried,
        looks=looks,
    )


def test_of_an_asset_that_two_rounds_looked_at_the_better_look_counts_once():
    one = part("a", 1, ("x", 10, 2), untried=(("y", 5),))
    two = part("b", 2, ("x", 10, 10), ("y", 5, 4), untried=(("z", 1),))
    for parts in ((one, two), (two, one)):
        made = united(parts)
        assert (made.due, made.answered, made.assets, made.attempted) == (16, 14, 3, 2)
        assert made.untried == (("z", 1),) and made.window == "a, b"
