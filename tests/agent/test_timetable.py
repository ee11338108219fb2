"""The timetable as a pure function: slots, catch-up, clock steps, looks again, rounds."""

import random
from collections import Counter

import pytest

from agent.clock import Sample
from agent.timetable import Timetable
from checks.codec import from_json
from checks.plan import Plan

T0 = 1_771_000_020_000  # a full minute
HOUR = 3_600_000


def plan_of(items=(), rounds=()):
    return from_json(
        Plan,
        {
            "v": 1,
            "log": "l",
            "agent": "web-01",
            "epoch": 1,
            "made_ms": 0,
            "estate": "",
            "timezone": "Asia/Shanghai",
            "flush_ms": 10_000,
            "items": list(items),
            "rounds": list(rounds),
        },
    )


def item(kind="regular", every_ms=60_000, check="host.load", target="web-01"):
    return {
        "kind": kind,
        "check": check,
        "version": 1,
        "target": target,
        "asset": None,
        "params": {},
        "every_ms": every_ms,
        "deadline_ms": 5000,
        "hold_ms": every_ms * 3,
        "confirm": 2,
        "canary": False,
    }


class Run:
    """Ticks a timetable a little slower than once a second, as the loop does."""

    def __init__(self, plan, done=(), wall=T0, seed=1):
        self.table = Timetable(plan, dict(done), random.Random(seed).randrange)
        self.now = Sample(wall, 5_000_000)
        self.due = []

    def seconds(self, count, step_ms=1010):
        given = []
        end = self.now.mono + count * 1000
        while self.now.mono < end:
            for one in self.table.due(self.now):
                given.append((self.now.wall + one.at_mono - self.now.mono, one))
            self.now = Sample(self.now.wall + step_ms, self.now.mono + step_ms)
        self.due += given
        return given

    def set_wall(self, by_ms):
        self.now = Sample(self.now.wall + by_ms, self.now.mono)
        self.table.clock_set()

    def sleep(self, ms):
        self.now = Sample(self.now.wall + ms, self.now.mono + ms)


class Sleeper(Run):
    """Asks only when the timetable has said so, as the loop does."""

    def seconds(self, count, step_ms=0):
        given = []
        end = self.now.mono + count * 1000
        while self.now.mono < end:
            for one in self.table.due(self.now):
                given.append((self.now.wall + one.at_mono - self.now.mono, one))
            step = max(self.table.wait_ms(self.now), 1) + step_ms
            self.now = Sample(self.now.wall + step, self.now.mono + step)
            self.asked += 1
        self.due += given
        return given

    asked = 0


def per_second(given):
    return Counter(one.at_mono // 1000 for _, one in given)


def many(count, **fields):
    return [item(target=f"t{i}", **fields) for i in range(count)]


def test_slots_missed_in_sleep_are_never_made_up():
    run = Run(plan_of([item()]))
    run.seconds(120)
    run.sleep(HOUR)
    woke = run.now.wall
    after = run.seconds(120)
    assert all(one.slot > woke - 60_000 for _, one in after)
    assert 2 <= len(after) <= 3


@pytest.mark.parametrize("step", [HOUR, -HOUR, 5 * HOUR + 7777, -40_000])
@pytest.mark.parametrize("kind", ["regular", "probe"])
def test_a_clock_set_forward_or_back_neither_stops_looks_nor_brings_a_burst(step, kind):
    run = Run(plan_of(many(40, kind=kind, check="service.tcp")))
    run.seconds(300)
    run.set_wall(step)
    after = run.seconds(300)
    for target in range(40):
        looks = [one for _, one in after if one.item.target == f"t{target}"]
        assert 4 <= len(looks) <= 6, (target, [one.slot for one in looks])
    assert max(per_second(after).values()) <= 10


def test_a_clock_set_to_and_fro_each_second_brings_no_burst():
    run = Run(plan_of([item(kind="probe", every_ms=10_000)]))
    for turn in range(300):
        run.set_wall(HOUR if turn % 2 else -HOUR)
        run.seconds(1)
    assert len(run.due) <= 300 + 30


def test_each_slot_gets_one_probe_at_a_random_instant_inside_it():
    run = Run(plan_of([item(kind="probe", every_ms=10_000)]))
    given = run.seconds(3600)
    slots = Counter(one.slot for _, one in given)
    assert len(slots) >= 358 and set(slots.values()) == {1}
    within = sorted(at - one.slot for at, one in given)
    assert within[0] >= -20 and within[-1] < 10_020
    assert within[len(within) // 2] == pytest.approx(5000, abs=900)
    assert sum(w < 1000 for w in within) == pytest.approx(36, abs=20)


def test_a_regular_check_keeps_its_place_in_the_slot_and_others_have_other_places():
    run = Run(plan_of(many(60, check="service.tcp")))
    given = run.seconds(1200)
    places = {}
    for at, one in given:
        if one.slot > T0:
            places.setdefault(one.item.target, []).append((at - one.slot) // 100)
    assert all(max(p) - min(p) <= 1 for p in places.values())
    assert len({p[0] for p in places.values()}) > 40
    assert all(len(p) >= 18 for p in places.values())


@pytest.mark.parametrize("late_ms", [0, 3, 400])
@pytest.mark.parametrize("kind", ["regular", "probe"])
@pytest.mark.parametrize("every_ms", [1000, 1500, 10_000, 60_000])
def test_asked_only_when_it_said_so_a_timetable_misses_no_slot(kind, every_ms, late_ms):
    for agent in range(20):
        items = [dict(item(kind, every_ms, target=f"{agent}/{n}"), deadline_ms=50 * n) for n in range(1, 4)]
        run = Sleeper(plan_of(items), wall=T0 + 37 * agent, seed=agent)
        given = run.seconds(every_ms * 50 // 1000, late_ms)
        for n in range(1, 4):
            looks = [(at, one.slot) for at, one in given if one.item.target == f"{agent}/{n}"]
            slots = [slot for _, slot in looks]
            assert slots == list(range(slots[0], slots[0] + len(slots) * every_ms, every_ms))
            assert len(slots) >= 48
            assert all(slot <= at < slot + every_ms + late_ms + 1 for at, slot in looks[1:])
        # Once for each look, and at most once more for the beginning of each slot.
        assert run.asked <= 2 * len(given) + 3


def test_the_hosts_own_checks_share_a_place_and_other_looks_do_not():
    names = [f"host.{name}" for name in ("cpu", "load", "memory", "uptime", "network")]
    own = [item(check=name) for name in names]
    given = Sleeper(plan_of([*own, *many(20, check="service.tcp")])).seconds(600)
    places = {}
    for at, one in given:
        if one.slot > T0:
            places.setdefault((one.item.check, one.item.target), set()).add(at - one.slot)
    shared = {min(places[name, "web-01"]) // 10 for name in names}
    assert len(shared) == 1
    assert len({min(p) // 10 for (check, _), p in places.items() if check == "service.tcp"}) > 15


def test_a_timetable_sleeps_until_a_failing_target_or_a_round_wants_it():
    run = Run(plan_of([item("probe", 60_000)]))
    (one,) = [one for _, one in run.seconds(61, 1000)][:1]
    run.table.failing(one.key, True, run.now.mono)
    assert run.table.wait_ms(run.now) <= 1000
    assert Run(plan_of()).table.wait_ms(run.now) > 60_000


def test_a_restart_in_a_slot_that_is_done_does_not_look_again():
    first = Run(plan_of([item()]))
    (_, done), *_ = first.seconds(59)
    again = Run(plan_of([item()]), done=[(done.key, done.slot)], wall=T0 + 59_000)
    assert [one.slot for _, one in again.seconds(50)] in ([], [T0 + 60_000])
    assert all(one.slot != T0 for _, one in again.due)


def test_a_start_late_in_the_slot_still_uses_what_is_left_of_it_spread_out():
    run = Run(plan_of(many(60, every_ms=24 * HOUR)), wall=T0 // (24 * HOUR) * 24 * HOUR + 20 * HOUR)
    given = run.seconds(60)
    past = [one for one in given]
    assert len(past) >= 40
    assert max(per_second(given).values()) <= 8


def test_a_failing_target_is_looked_at_each_second_until_it_recovers():
    run = Run(plan_of([item(kind="probe", every_ms=10_000)]))
    (_, last), *_ = run.seconds(10)
    first = len(run.due)
    for _ in range(30):
        run.table.failing(last.key, True, last.at_mono)
        last = (run.seconds(1) or [(0, last)])[-1][1]
    assert 25 <= len(run.due) - first <= 33
    assert len({one.slot for _, one in run.due if not one.extra}) == len(
        [1 for _, one in run.due if not one.extra]
    )
    for at, one in run.due:
        assert one.slot <= at + 20 and at < one.slot + 10_020
    run.table.failing(last.key, False, run.now.mono)
    assert len(run.seconds(60)) <= 7


def test_a_regular_check_that_is_bad_is_not_looked_at_again_before_its_slot():
    run = Run(plan_of([item()]))
    (_, one), *_ = run.seconds(60)
    run.table.failing(one.key, True, run.now.mono)
    assert len(run.seconds(60)) == 1


def weekly(count=20):
    owed = [
        {
            "check": "host.load",
            "version": 1,
            "target": f"t{i}",
            "asset": None,
            "params": {},
            "deadline_ms": 5000,
        }
        for i in range(count)
    ]
    return {
        "id": "hand",
        "items": owed,
        "every": "",
        "on": "",
        "window": "",
        "windows": [
            {"id": "hand/1", "from_ms": T0 + 120_000, "to_ms": T0 + 420_000, "until_ms": T0 + 900_000}
        ],
    }


def test_a_round_takes_each_item_once_inside_its_window():
    run = Run(plan_of(rounds=[weekly()]))
    given = run.seconds(1200)
    assert Counter(one.item.target for _, one in given) == {f"t{i}": 1 for i in range(20)}
    assert all(T0 + 120_000 <= at < T0 + 420_000 for at, _ in given)
    assert {(one.round, one.slot) for _, one in given} == {("hand/1", T0 + 120_000)}
    assert max(per_second(given).values()) <= 5


def test_a_round_missed_by_sleep_is_taken_late_but_not_after_the_next_one_began():
    late = Run(plan_of(rounds=[weekly()]), wall=T0 + 600_000)
    assert len(late.seconds(120)) == 20
    gone = Run(plan_of(rounds=[weekly()]), wall=T0 + 900_000)
    assert gone.seconds(120) == []


def test_a_restart_in_a_window_takes_only_what_is_still_owed():
    first = Run(plan_of(rounds=[weekly()]), wall=T0 + 130_000)
    taken = first.seconds(60)
    done = {one.key: one.slot for _, one in taken[:12]}
    second = Run(plan_of(rounds=[weekly()]), done=done, wall=T0 + 200_000)
    assert {one.key for _, one in second.seconds(120)} == {one.key for _, one in taken[12:]}


def test_a_clock_set_over_a_window_opens_it_and_setting_it_back_does_not_repeat_it():
    run = Run(plan_of(rounds=[weekly()]))
    assert run.seconds(30) == []
    run.set_wall(200_000)
    assert len(run.seconds(60)) == 20
    run.set_wall(-150_000)
    assert run.seconds(200) == []


def test_a_recurring_round_comes_each_day():
    daily = {**weekly(3), "every": "day", "window": "09:00-17:00", "windows": []}
    run = Run(plan_of(rounds=[daily]), wall=T0 // (24 * HOUR) * 24 * HOUR + HOUR)
    given = run.seconds(3 * 24 * 3600, step_ms=20_000)
    assert Counter(one.item.target for _, one in given) == {"t0": 3, "t1": 3, "t2": 3}
    assert len({one.round for _, one in given}) == 3
    assert len({one.memory for _, one in given}) == 3  # one memory per item, whatever the window
