"""Retention as restorable days, the deletion guard, and the table of purge rules."""

from datetime import date

import pytest

from checks.artefacts.levels import Level, bad
from checks.china import day_of, start_of
from collector.backups.assign import Scene, assign, series_of
from collector.backups.calendar import expires, iso, longest, promised_from
from collector.backups.days import days_of, fulls_needed, retention
from collector.backups.observed import Place, Record
from collector.backups.paths import chain, judge
from collector.backups.policy import HOUR_MS, Keep, ObjectKind, To
from collector.backups.runs import build

MONTHS = Keep(months=3)


def day(text):
    return (date.fromisoformat(text) - date(1970, 1, 1)).days


@pytest.mark.parametrize(
    ("today", "oldest"),
    [
        ("2026-05-31", "2026-02-28"),
        ("2028-05-31", "2028-02-29"),
        ("2028-05-29", "2028-02-29"),
        ("2026-06-01", "2026-03-01"),
        ("2026-03-31", "2025-12-31"),
        ("2026-07-15", "2026-04-15"),
    ],
)
def test_months_are_calendar_months_clamped_to_their_last_day(today, oldest):
    assert iso(promised_from(day(today), MONTHS)) == oldest


def test_three_months_are_89_to_92_days():
    reach = {today - promised_from(today, MONTHS) for today in range(day("2026-01-01"), day("2028-12-31"))}
    assert (min(reach), max(reach), longest(MONTHS)) == (89, 92, 92)


@pytest.mark.parametrize("keep", [MONTHS, Keep(months=1), Keep(days=90), Keep(months=12)])
def test_a_day_expires_when_it_is_first_no_longer_promised(keep):
    for one in range(day("2027-11-25"), day("2028-06-05")):
        end = expires(one, keep)
        assert promised_from(end, keep) > one >= promised_from(end - 1, keep)


def test_fifteen_weekly_fulls_are_needed_for_three_months():
    assert fulls_needed(MONTHS, "week") == 15
    assert fulls_needed(MONTHS, "day") == 93
    assert fulls_needed(Keep(days=30), "week") == 6


def test_a_tool_set_to_keep_twelve_fulls_is_told_that_it_needs_fifteen(kit):
    world = kit.World(kit.entry(full={**kit.WEEKLY, "fulls_kept": 12}, incremental=kit.DAILY))
    world.weekly("2026-03-01", "2026-03-10")
    account = world.account("2026-03-11 13:00")
    assert (account.retention.fulls_needed, account.retention.fulls_set) == (15, 12)
    problem = next(p for p in account.problems if p.reason == "retention_short")
    # Nothing is lost yet: a warning, with both numbers.
    assert (problem.outcome, dict(problem.numbers)) == ("warn", {"need": 15, "have": 12})


def test_the_promise_begins_with_the_service(kit):
    world = kit.World()
    world.nightly("2026-03-01", "2026-03-10")
    kept = world.account("2026-03-11 13:00").retention
    assert (kept.from_day, kept.promised_days, kept.restorable_days, kept.oldest) == (
        "2026-03-01",
        10,
        10,
        "2026-03-01",
    )


def test_an_expired_point_that_is_purged_is_no_finding(kit):
    world = kit.World(kit.entry(full={**kit.DAILY, "keep": "10 days"}))
    for one in kit.each_day("2026-03-01", "2026-03-20"):
        gone = start_of(day(one) + 11) + 9 * HOUR_MS
        world.add(f"full-{one}", f"{one} 23:00", until=gone)
    account = world.account("2026-03-21 13:00")
    assert kit.reasons(account, standing=False) == {}
    assert kit.day_states(account)["2026-03-02"] == "expired"
    assert account.retention.short_days == 0 and account.retention.over_days == 0


def test_keeping_longer_than_promised_is_information(kit):
    world = kit.World(kit.entry(full={**kit.DAILY, "keep": "10 days"}))
    world.nightly("2026-03-01", "2026-03-20")
    account = world.account("2026-03-21 13:00")
    assert kit.reasons(account) == {} and account.retention.over_days == 10


def test_a_purge_that_is_too_early_is_retention_short_once(kit):
    world = kit.World(kit.entry(full={**kit.DAILY, "keep": "10 days"}))
    for one in kit.each_day("2026-03-01", "2026-03-20"):
        world.add(f"full-{one}", f"{one} 23:00", until=start_of(day(one) + 7) + 9 * HOUR_MS)
    account = world.account("2026-03-21 13:00")
    assert kit.reasons(account) == {"retention_short": ["full-2026-03-01"]}
    problem = next(p for p in account.problems if p.reason == "retention_short")
    assert kit.said(problem.first_provable_ms) == "2026-03-08 12:00"
    numbers = dict(problem.numbers)
    assert (numbers["short"], numbers["need"]) == (4, 11)
    assert account.retention.short_days == 4


def test_a_point_taken_out_of_the_middle_is_bad_even_if_todays_is_fine(kit):
    world = kit.World()
    world.nightly("2026-03-01", "2026-03-10")
    world.purge("full-2026-03-05", "2026-03-09")
    account = world.account("2026-03-11 13:00")
    assert kit.reasons(account) == {"vanished": ["full-2026-03-05"]}
    assert account.retention.short_days == 1
    gone = next(p for p in account.problems if p.reason == "vanished")
    assert (kit.said(gone.first_provable_ms), kit.said(gone.last_good_ms)) == (
        "2026-03-09 12:00",
        "2026-03-08 12:00",
    )


def test_one_of_two_good_backups_of_a_slot_may_go(kit):
    world = kit.World()
    world.add("a", "2026-03-01 22:30")
    world.add("b", "2026-03-02 01:00")
    world.purge("a", "2026-03-03")
    account = world.account("2026-03-03 13:00")
    assert kit.day_states(account)["2026-03-01"] == "restorable"
    assert "vanished" not in kit.reasons(account)


def test_a_bad_artefact_may_be_deleted(kit):
    world = kit.World()
    world.add("a", "2026-03-01 22:30", verdicts=(*kit.PROVEN[:4], bad("truncated")))
    world.add("b", "2026-03-02 01:00")
    world.purge("a", "2026-03-03")
    assert kit.reasons(world.account("2026-03-02 23:00")) == {"truncated": ["a"]}
    assert "vanished" not in kit.reasons(world.account("2026-03-03 13:00"), standing=False)


def test_a_renamed_file_has_not_vanished(kit):
    world = kit.World()
    world.nightly("2026-03-01", "2026-03-02")
    world.purge("full-2026-03-01", "2026-03-03")
    moved = world.add("archive/full-2026-03-01", "2026-03-01 23:00", sha256="full-2026-03-01@")
    moved["from"] = kit.at("2026-03-03")
    account = world.account("2026-03-03 13:00")
    assert "vanished" not in kit.reasons(account) and "same_as_before" not in kit.reasons(account)
    assert kit.day_states(account)["2026-03-01"] == "restorable"


def test_retention_that_eats_good_backups_while_the_new_ones_are_bad_is_told(kit):
    """Seven bad nights against MAXBACKUPS=7: each of them pushes a good one out."""
    world = kit.World(kit.entry(full={**kit.DAILY, "keep": "7 days"}))
    broken = (*kit.PROVEN[:4], bad("truncated"))
    for number, one in enumerate(kit.each_day("2026-03-01", "2026-03-14")):
        until = start_of(day(one) + 7) + 23 * HOUR_MS
        world.add(
            f"full-{one}", f"{one} 23:00", until=until, verdicts=broken if 6 < number < 10 else kit.PROVEN
        )
    account = world.account("2026-03-11 13:00")
    assert account.retention.eating
    assert "eating_good" in kit.reasons(account)
    healed = world.account("2026-03-13 13:00")
    assert not healed.retention.eating
    ended = next(p for p in healed.problems if p.reason == "eating_good")
    assert kit.said(ended.until_ms) == "2026-03-12 12:00"


def test_purging_while_a_backup_is_being_made_eats_nothing(kit):
    world = kit.World(kit.entry(full={**kit.DAILY, "keep": "3 days"}), looks="23:30")
    for one in kit.each_day("2026-03-01", "2026-03-08"):
        begun = f"{one} 23:00"
        until = start_of(day(one) + 4) + 23 * HOUR_MS + 20 * 60_000
        part = kit.at(f"{one} 23:40")
        world.add(
            f"{one}.part", begun, shows=kit.at(begun), until=part, verdicts=(bad("unfinished"),), undated=True
        )
        world.add(f"full-{one}", begun, shows=part, until=until)
    account = world.account("2026-03-08 23:35")
    assert kit.reasons(account, standing=False) == {} and not account.retention.eating


def test_a_list_that_was_cut_proves_nothing_about_what_is_older(kit):
    world = kit.World()
    world.nightly("2026-03-01", "2026-03-05")
    seen = list(world.looks(kit.at("2026-03-07 13:00")))
    from dataclasses import replace

    from collector.backups.fold import fold

    cut = replace(seen[-1], listed=seen[-1].listed[-2:], sightings=seen[-1].sightings[-2:], count=5)
    records = fold([*seen[:-1], cut])[kit.DB][""].records
    assert [one.gone_ms for one in records] == [None] * 5


# --- The table of purge rules: weekly fulls on Sundays, incrementals on the other days, two years. ---

FIRST, SETTLED = day("2025-08-31"), 200  # a Sunday; days until every rule has found its rhythm
YEARS = 730


def _two_years(kit, purge):
    """For each day, settled: (promised days lost, orphans lying about), by the engine's own paths and days.
    `purge(today, standing)` names the days whose artefacts it removes."""
    policies = kit.policies(kit.entry(full=kit.WEEKLY, incremental=kit.DAILY), since=iso(FIRST))
    one = policies.objects[0]
    made = {}
    standing = []
    results = []
    for today in range(FIRST, FIRST + YEARS):
        kind = "full" if (today - FIRST) % 7 == 0 else "incremental"
        start = start_of(today) + 23 * HOUR_MS
        parent = "" if kind == "full" else iso(today - 1)
        made[today] = Record(
            name=iso(today),
            kind=kind,
            place="",
            vantage="agent",
            bytes=1,
            modified=start,
            start=start,
            end=start,
            first_ms=start,
            last_ms=start,
            received_ms=start,
            verdicts=kit.PROVEN,
            id=iso(today),
            parent=parent,
            read_ms=start,
        )
        standing.append(today)
        now = start + 30 * 60_000
        for gone in purge(today, tuple(standing)):
            made[gone].gone_ms = now
            standing.remove(gone)
        if today - FIRST >= SETTLED:
            results.append(_measured(one, made, today, now))
    return results


def _measured(one, made, today, now):
    recent = tuple(made[held] for held in range(max(FIRST, today - 120), today + 1))
    runs = build({"": Place(recent, (now,), now)}, [""])
    judge(runs, [(0, int(Level.WELL_FORMED))], {}, {})
    chain(runs, To.LAST, ())
    series = series_of(one, (), now)
    for held in series:
        assign(held, runs, ObjectKind.DATABASE, Scene(now, (now,), (), ()))
    days = days_of(series, runs)
    kept = retention(series, runs, days, day_of(now), False)
    orphans = sum(1 for run in runs.parents if runs.codes[run] < 2 and runs.records[run].gone_ms is None)
    return kept.short_days, orphans


def _older_than(reach):
    return lambda today, standing: [held for held in standing if held < reach(today)]


def _fulls(count):
    """A new full pushes out the oldest, with all that builds on it."""

    def purge(today, standing):
        fulls = [held for held in standing if (held - FIRST) % 7 == 0]
        if len(fulls) <= count:
            return []
        return [held for held in standing if held < fulls[-count]]

    return purge


def _by_chain(today, standing):
    """A chain goes when its newest member has expired."""
    fulls = [held for held in standing if (held - FIRST) % 7 == 0]
    gone = [full for full in fulls if full + 6 < promised_from(today, MONTHS) and full + 7 <= today]
    return [held for held in standing if gone and held <= max(gone) + 6]


@pytest.mark.parametrize(
    ("rule", "broken", "worst", "orphans"),
    [
        (_older_than(lambda today: today - 89), 98.5, 9, 3.0),
        (_older_than(lambda today: promised_from(today, MONTHS)), 85.5, 6, 3.0),
        (_fulls(12), 100, 15, 0),
        (_fulls(13), 94, 8, 0),
        (_fulls(14), 7.7, 1, 0),
        (_fulls(15), 0, 0, 0),
        (_by_chain, 0, 0, 0),
    ],
    ids=["90 days", "3 months", "12 fulls", "13 fulls", "14 fulls", "15 fulls", "by chain"],
)
def test_the_table_of_purge_rules_over_two_years(kit, rule, broken, worst, orphans):
    results = _two_years(kit, rule)
    share = 100 * sum(1 for short, _ in results if short) / len(results)
    assert share == pytest.approx(broken, abs=0.2)
    assert max(short for short, _ in results) == worst
    assert sum(held for _, held in results) / len(results) == pytest.approx(orphans, abs=0.1)
