"""What must not change an account: order of arrival, evidence twice, periods split, silence about others."""

from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


def at(text):
    """UTC ms of a local time in China."""
    return round(datetime.fromisoformat(f"{text}+08:00").timestamp()) * 1000


T = at("2026-07-11 00:00")


def played(make, seed):
    """A month with faults, flaws and findings, some with words about them; the same for a seed."""
    dice = Random(seed)
    case = make(pack=dice.choice(["luohe-2026", "huaian-2025"]), now=at("2026-08-28 00:00"))
    case.term = (at("2026-06-10 00:00"), at("2026-08-29 00:00"))
    for day in range(0, 40, 3):
        start = T + day * DAY + dice.randrange(20) * HOUR
        system = dice.choice(["portal", "tool"])
        case.down(
            system, start, dice.choice([30_000, 5 * MINUTE, 3 * HOUR, 26 * HOUR]), probes=dice.randrange(1, 9)
        )
        ref = f"{system}@{datetime.fromtimestamp(start / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
        case.say("fault_acknowledged", start + dice.randrange(30) * MINUTE, fault=ref)
        if dice.random() < 0.5:
            case.say("level", start + HOUR, fault=ref, level=dice.randrange(1, 3))
        case.record(T + day * DAY, ("host.filesystem", dice.choice(["ok", "warn", "crit", "unknown"])))
        case.scan(T + day * DAY + HOUR, *[("CVE-1", "high")][: dice.randrange(2)])
    return case


WHOLE = ("2026-06-10 00:00", "2026-08-29 00:00")
HALVES = (("2026-06-10 00:00", "2026-07-20 00:00"), ("2026-07-20 00:00", "2026-08-29 00:00"))


@settings(max_examples=15)
@given(st.integers(0, 10_000))
def test_order_and_repetition_change_nothing_and_halves_add_up(seed):
    make = CASE[0]
    case = played(make, seed)
    account, items, gaps = case.everything(case.period(at(WHOLE[0]), at(WHOLE[1])))
    split = [case.everything(case.period(at(a), at(b)))[1:] for a, b in HALVES]
    assert sorted(map(repr, (*split[0][0], *split[1][0]))) == sorted(map(repr, items))
    assert len(gaps) <= len(split[0][1]) + len(split[1][1])
    for kept in (case.seen, case.said, case.reports, case.records):
        Random(seed).shuffle(kept)
    case.reports += case.reports[:3]
    case.records += case.records[:3]
    assert case.account() == account


@settings(max_examples=10)
@given(st.integers(0, 10_000))
def test_a_clock_is_never_late_before_its_limit_nor_kept_after_it(seed):
    for fault in played(CASE[0], seed).account().faults:
        for clock in fault.clocks:
            if clock.stop_ms is not None and clock.due_ms is not None and clock.state in ("kept", "late"):
                assert (clock.stop_ms < clock.due_ms) is (clock.state == "kept")


CASE = []


@pytest.fixture(autouse=True)
def _case(case):
    CASE[:] = [case]
