"""Sizes: the source's word first; statistics against the same weekday only where it has none."""

import random

import pytest

from collector.backups.observed import Fingerprint
from collector.backups.sizes import judge_size


def test_within_a_factor_of_two_and_a_half_nothing_is_odd():
    assert judge_size(250, [100] * 8) is None
    assert judge_size(40, [100] * 8) is None
    assert judge_size(251, [100] * 8) == ("grown", False, 100)
    assert judge_size(39, [100] * 8) == ("shrunk", False, 100)


def test_beyond_a_factor_of_ten_is_bad():
    assert judge_size(1001, [100] * 8) == ("grown", True, 100)
    assert judge_size(9, [100] * 8) == ("shrunk", True, 100)


def test_sizes_that_always_swing_widen_the_bounds():
    swinging = [40, 250, 60, 160, 45, 230, 100, 90]
    assert judge_size(400, swinging) is None


def test_fewer_than_three_good_ones_before_are_no_measure():
    assert judge_size(1, [1000, 1000]) is None
    assert judge_size(1, [1000] * 3) == ("shrunk", True, 1000)


def _nightly(kit, sizes):
    world = kit.World()
    for day, size in zip(kit.each_day("2026-03-01", "2026-12-31"), sizes, strict=False):
        world.add(f"full-{day}", f"{day} 23:00", bytes=size)
    return world, [*kit.each_day("2026-03-01", "2026-12-31")][len(sizes)]


def _sizes(account):
    return {(p.artefact, p.reason, str(p.outcome)) for p in account.problems if p.level == 3}


def test_weekend_dips_cry_wolf_in_no_run(kit):
    """The rule of one factor against the last 14 alarms in a third of such runs."""
    rng = random.Random(1)
    sizes = [int(rng.lognormvariate(0, 0.1) * (300 if day % 7 in (0, 6) else 1000)) for day in range(120)]
    world, end = _nightly(kit, sizes)
    assert _sizes(world.account(f"{end} 13:00")) == set()


def test_a_dump_that_shrank_to_nothing_is_bad_without_any_word_of_the_source(kit):
    world, end = _nightly(kit, [10**6] * 40 + [50_000])
    assert _sizes(world.account(f"{end} 13:00")) == {("full-2026-04-10", "shrunk", "bad")}


@pytest.mark.parametrize(("size", "reason"), [(333_333, "shrunk"), (4_000_000, "grown")])
def test_a_third_or_fourfold_is_bad_where_the_source_says_that_it_did_not_change(kit, size, reason):
    world, end = _nightly(kit, [10**6, size])
    nights = [f"2026-03-0{day}" for day in (1, 2)]
    prints = [Fingerprint(kit.DB, kit.at(f"{night} 23:10"), night, bytes=7_000_000) for night in nights]
    world.more["fingerprints"] = tuple(prints)
    account = world.account(f"{end} 13:00")
    assert _sizes(account) == {("full-2026-03-02", reason, "bad")}
    assert dict(account.problems[-1].numbers or account.problems[-2].numbers)


def test_a_month_end_that_doubles_as_the_source_says_is_good(kit):
    world, end = _nightly(kit, [10**6] * 30 + [3 * 10**6])
    night = kit.at("2026-03-30 23:10"), kit.at("2026-03-31 23:10")
    world.more["fingerprints"] = (
        Fingerprint(kit.DB, night[0], "a", bytes=7_000_000),
        Fingerprint(kit.DB, night[1], "b", bytes=21_000_000),
    )
    # The weekday before says nothing of it; the night before does.
    assert _sizes(world.account(f"{end} 13:00")) <= {("full-2026-03-31", "grown", "warn")}


def test_content_that_is_proven_equal_may_have_any_size(kit):
    world, end = _nightly(kit, [10**6] * 30)
    world.add("full-last", f"{end} 23:00", bytes=1000, fingerprint="root")
    world.more["fingerprints"] = (Fingerprint(kit.DB, kit.at(f"{end} 23:10"), "root"),)
    assert _sizes(world.account(kit.at(f"{end} 13:00") + kit.DAY)) == set()
