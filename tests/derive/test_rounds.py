"""Rounds from plan to record: what was not looked at is never silently done."""

import pytest
from sqlalchemy import select

from checks import plan as plans_wire
from checks.api import Seen
from checks.codec import to_json
from checks.host import load
from checks.sources import Load
from checks.wire import entry, strict_json
from checks.wire.numbers import EntryKind
from collector.inspection import record as records
from collector.jobs import estates, lifecycle, rounds, statements
from collector.jobs.derive import DERIVED, catch_up, rebuild
from collector.store import evidence, packs, plans

HOUR = 3_600_000
DAY = 24 * HOUR
PARAMS = to_json(load.Params())

ESTATE = """
estate: e
assets:
  - {id: host-a, kind: server, agent: a}
  - {id: host-b, kind: server, agent: b}
  - {id: shelf, kind: shelf}
rounds:
  - {id: daily, name: 日检, every: day, window: "09:00-11:00", assets: all, checks: [host.load]}
"""


def look(sight, target, t, window, *, one=50, params=PARAMS, state=None):
    """A real result of host.load, or an error."""
    if state == "error":
        return sight(target, t, "error", check="host.load", round=window, asset=target, params=params)
    facts = load.Facts(Load(one, one, one, 1))
    readings = tuple(load.judge(Seen(facts, t), load.Params()))
    worst = max((r.state for r in readings), key=lambda s: s.rank)
    return sight(
        target,
        t,
        str(worst),
        check="host.load",
        round=window,
        asset=target,
        params=params,
        facts=to_json(facts),
        readings=readings,
    )


@pytest.fixture
def two(world):
    """Agents a and b with a plan; the clock stands at midnight of 2026-11-21 in China."""
    world.agent("a")
    world.agent("b")
    estates.apply(world.context, world.estate(ESTATE), by="test")
    return world


def opened(world):
    world.at += 9 * HOUR + 60_000
    return "daily/2026-11-21", world.at


def occasion(world, window):
    with world.context.read() as conn:
        return rounds.find(conn, window, world.at)


def record_of(world, window):
    with world.context.read() as conn:
        return rounds.read_record(conn, occasion(world, window).record)


def test_a_plan_lists_each_look_with_all_its_parameters_and_is_signed(two):
    with two.context.read() as conn:
        data, signature, digest = plans.current(conn, "a")
    plan = plans_wire.parse(data)
    assert plans_wire.digest(data) == digest and len(signature) == 64
    (item,) = plan.rounds[0].items
    assert (item.target, item.params) == ("host-a", PARAMS)


def test_nothing_is_closed_while_looks_are_outstanding(two, sight):
    window, t = opened(two)
    two.agent("a").send(look(sight, "host-a", t, window))
    catch_up(two.context)
    assert rounds.close_due(two.context) == []
    one = occasion(two, window)
    assert (one.state, one.due, one.done, one.missed) == ("due", 2, 1, 1)
    two.at += 3 * HOUR
    assert rounds.close_due(two.context) == []
    assert occasion(two, window).state == "late"


def test_what_never_came_is_missed_and_what_failed_is_not_inspected(two, sight):
    window, t = opened(two)
    two.agent("a").send(look(sight, "host-a", t, window, state="error"))
    catch_up(two.context)
    two.at += DAY + HOUR
    assert rounds.close_due(two.context) == [window]
    made = record_of(two, window)
    assert [(m.target, m.reason, m.error) for m in made.not_inspected] == [
        ("host-a", "error", "timeout"),
        ("host-b", "missing", None),
    ]
    assert (made.overview.due, made.overview.done, made.overview.missed, made.overview.errors) == (2, 0, 1, 1)
    assert occasion(two, window).state == "missed"
    assert made.human.note == "not measured by machine" and made.human.items == ()


def test_an_agent_that_nobody_enrolled_owes_its_looks_all_the_same(world, sight):
    world.agent("a")
    done = estates.apply(world.context, world.estate(ESTATE), by="test")
    assert (done.agents, done.waiting) == (("a",), ("b",))
    window, t = opened(world)
    world.agent("a").send(look(sight, "host-a", t, window))
    catch_up(world.context)
    world.at += 2 * DAY
    assert rounds.close_due(world.context)[0] == window
    assert [(m.target, m.reason) for m in record_of(world, window).not_inspected] == [
        ("host-b", "not_enrolled")
    ]


def test_a_look_after_the_window_counts_as_late(two, sight):
    window, t = opened(two)
    two.agent("a").send(look(sight, "host-a", t, window))
    two.at = t = t + 4 * HOUR
    two.agent("b").send(look(sight, "host-b", t, window))
    catch_up(two.context)
    assert rounds.close_due(two.context) == [window]
    made = record_of(two, window)
    assert (made.overview.done, made.overview.late) == (2, 1)
    assert [item.late for item in made.items] == [False, True]
    assert occasion(two, window).state == "late"


def test_a_judgement_that_does_not_follow_from_the_facts_is_a_finding(two, sight):
    window, t = opened(two)
    good = look(sight, "host-a", t, window)
    bad = look(sight, "host-b", t, window, one=900)
    forged = type(bad)(
        **{n: getattr(bad, n) for n in bad.__slots__} | {"readings": good.readings, "state": "ok"}
    )
    two.agent("a").send(look(sight, "host-a", t, window, params={**PARAMS, "one": {"warn": 1, "crit": 1}}))
    two.agent("b").send(forged)
    catch_up(two.context)
    assert rounds.close_due(two.context) == [window]
    made = record_of(two, window)
    assert [(f.target, f.kind) for f in made.findings] == [
        ("host-a", "other_params"),
        ("host-b", "judged_differently"),
    ]
    assert [item.judged for item in made.items] == ["other_params", "differs"]


def test_problems_are_carried_over_until_they_are_seen_resolved(two, sight):
    window, t = opened(two)
    two.agent("a").send(look(sight, "host-a", t, window, one=900))
    two.agent("b").send(look(sight, "host-b", t, window, one=900))
    catch_up(two.context)
    rounds.close_due(two.context)
    first = record_of(two, window)
    assert {(p.target, p.reading.name, p.reading.state) for p in first.problems} == {
        (target, name, "crit") for target in ("host-a", "host-b") for name in ("5min", "15min")
    }
    assert first.problems[0].evidence.entry > 0 and first.carried_over == ()
    two.at += DAY
    t, second = two.at, "daily/2026-11-22"
    two.agent("a").send(look(sight, "host-a", t, second))
    catch_up(two.context)
    two.at += DAY + HOUR
    assert rounds.close_due(two.context) == [second]
    made = record_of(two, second)
    assert made.previous == records.digest(records.encode(first))
    assert {(c.target, c.now) for c in made.carried_over} == {
        ("host-a", "resolved"),
        ("host-b", "not_inspected"),
    }
    t, third = two.at, "daily/2026-11-23"
    two.agent("b").send(look(sight, "host-b", t, third, one=160))
    catch_up(two.context)
    two.at += DAY
    assert rounds.close_due(two.context) == [third]
    made = record_of(two, third)
    assert {(p.target, p.reading.name, p.since) for p in made.problems} >= {("host-b", "5min", window)}
    assert {(c.target, c.name, c.now) for c in made.carried_over} == {
        ("host-b", "5min", "open"),
        ("host-b", "15min", "open"),
    }


def test_a_record_is_logged_once_with_its_digest_and_survives_a_rebuild(two, sight):
    window, t = opened(two)
    for name in "ab":
        two.agent(name).send(look(sight, f"host-{name}", t, window))
    catch_up(two.context)
    assert rounds.close_due(two.context) == [window]
    assert rounds.close_due(two.context) == []
    with two.context.read() as conn:
        (row,) = evidence.of_kinds(conn, [EntryKind.RECORD])
    one = occasion(two, window)
    assert one.state == "done" and one.record.idx == row.idx
    assert records.digest(records.encode(record_of(two, window))) == one.record.digest
    before = dump(two.context)
    rebuild(two.context)
    assert dump(two.context) == before


def dump(context):
    found = {}
    with context.read() as conn:
        for table in DERIVED:
            rows = conn.execute(select(table).order_by(*table.primary_key.columns))
            found[table.name] = [tuple(row) for row in rows]
    # The record's own entry stands behind the last batch: how far it was read is no result.
    found.pop("derive_cursor")
    return found


def test_a_round_run_by_hand_is_due_for_an_hour_and_outlives_an_apply(two, sight):
    with pytest.raises(estates.RoundError):
        estates.run_round(two.context, "weekly", by="test")
    window, agents, _ = estates.run_round(two.context, "daily", by="test")
    assert agents == ("a", "b") and window.to_ms - window.from_ms == HOUR
    estates.apply(two.context, two.estate(ESTATE + "# a remark\n"), by="test")
    with two.context.read() as conn:
        plan = plans_wire.parse(plans.current(conn, "b")[0])
    assert window in plan.rounds[0].windows
    two.at += 60_000
    for name in "ab":
        two.agent(name).send(look(sight, f"host-{name}", two.at, window.id))
    catch_up(two.context)
    assert rounds.close_due(two.context) == [window.id]
    assert record_of(two, window.id).overview.done == 2
    two.at += 3 * HOUR
    estates.run_round(two.context, "daily", by="test")
    with two.context.read() as conn:
        plan = plans_wire.parse(plans.current(conn, "b")[0])
    assert [w.id for w in plan.rounds[0].windows if w.id == window.id] == []


def test_a_window_that_was_over_before_the_plan_came_is_not_due(world, sight):
    world.at += 12 * HOUR
    world.agent("a")
    estates.apply(world.context, world.estate(ESTATE), by="test")
    with world.context.read() as conn:
        found = rounds.ledger(conn, world.at, world.at - 2 * DAY, world.at + 2 * DAY)
    assert [one.window.id for one in found] == ["daily/2026-11-22", "daily/2026-11-23"]
    assert {one.state for one in found} == {"planned"}


def test_an_agent_approved_after_the_apply_gets_its_plan_at_once(two):
    estates.apply(two.context, two.estate(ESTATE.replace("agent: b", "agent: c")), by="test")
    two.agent("c")
    with two.context.read() as conn:
        data, _, _ = plans.current(conn, "c")
        assert plans.current(conn, "nobody") is None
    assert plans_wire.parse(data).rounds[0].items[0].target == "host-b"
    with two.context.read() as conn:
        empty = plans_wire.parse(plans.current(conn, "b")[0])
    assert empty.items == empty.rounds == ()


def test_an_apply_of_the_same_estate_logs_nothing(two):
    with two.context.read() as conn:
        before = evidence.size(conn)
    done = estates.apply(two.context, two.estate(ESTATE), by="test")
    with two.context.read() as conn:
        assert evidence.size(conn) == before
    assert done.idx is None and done.agents == ()
    assert estates.compare(two.context, two.estate(ESTATE)) == []


def test_an_approval_of_a_window_that_is_not_there_is_refused(two):
    for kind, fields, code in [
        ("approval", {"window": "w"}, "no_such_window"),
        ("approval", {"date": "x"}, "unknown_field"),
        ("wedding", {}, "unknown_kind"),
    ]:
        with pytest.raises(statements.StatementError) as problem:
            statements.add(two.context, kind, fields, by="admin")
        assert problem.value.code == code


def test_a_revoked_agent_still_owes_what_the_estate_asks_for(two, sight):
    lifecycle.revoke(two.context, "b", reason="lost", by="test")
    estates.apply(two.context, two.estate(ESTATE + "# again\n"), by="test")
    window, t = opened(two)
    two.agent("a").send(look(sight, "host-a", t, window))
    catch_up(two.context)
    assert (occasion(two, window).due, occasion(two, window).done) == (2, 1)


def test_the_entry_of_a_record_names_window_counts_and_digest(two, sight):
    window, t = opened(two)
    for name in "ab":
        two.agent(name).send(look(sight, f"host-{name}", t, window))
    catch_up(two.context)
    rounds.close_due(two.context)
    with two.context.read() as conn:
        (row,) = evidence.of_kinds(conn, [EntryKind.RECORD])
        header = strict_json.loads(entry.parse(packs.data_of(conn, row)).header)
    assert header["window"] == window and header["counts"]["done"] == 2
    assert header["digest"] == occasion(two, window).record.digest
