"""Slots: what is due, which run serves it, and what is said where nobody looked."""

import pytest

from checks.artefacts.levels import Level, bad, untold
from collector.backups.observed import Change, Excuse, SealedPeriod


def test_a_slot_with_nothing_in_it_is_missed_once_somebody_looked_after_grace(kit):
    world = kit.World()
    world.nightly("2026-03-01", "2026-03-03")
    account = world.account("2026-03-05 09:00")
    assert kit.states(account)["2026-03-04"] == "due"
    account = world.account("2026-03-05 13:00")
    assert kit.states(account)["2026-03-04"] == "missed"
    problem = next(p for p in account.problems if p.reason == "missing")
    assert (problem.slot, problem.level, kit.said(problem.first_provable_ms)) == (
        "full/2026-03-04",
        0,
        "2026-03-05 12:00",
    )
    assert problem.clause == ("HA-06", "HA-08", "HA-09")


def test_a_slot_is_unseen_and_not_missed_while_nobody_looks(kit):
    world = kit.World()
    world.nightly("2026-03-01", "2026-03-06")
    world.off = [(kit.at("2026-03-04"), kit.at("2026-03-08"))]
    account = world.account("2026-03-07 13:00")
    assert [kit.states(account)[f"2026-03-0{day}"] for day in (2, 3, 4, 5, 6)] == [
        "on_time",
        "unseen",
        "unseen",
        "unseen",
        "unseen",
    ]
    problems = kit.reasons(account, outcome="could_not_tell")
    assert problems == {"not_read": ["full/2026-03-03"]}
    assert kit.day_states(account)["2026-03-04"] == "unproven"


def test_an_agent_that_was_offline_proves_its_slots_later_by_the_time_inside(kit):
    world = kit.World()
    world.nightly("2026-03-01", "2026-03-08")
    world.off = [(kit.at("2026-03-04"), kit.at("2026-03-08"))]
    account = world.account("2026-03-09 13:00")
    assert set(kit.states(account).values()) == {"on_time"}
    assert kit.reasons(account) == {}


def test_proof_after_the_period_was_sealed_is_an_amendment(kit):
    world = kit.World()
    world.nightly("2026-03-01", "2026-03-05")
    sealing = kit.at("2026-03-04 12:30")
    world.off = [(kit.at("2026-03-03"), kit.at("2026-03-04 12:31"))]
    world.more["sealed"] = (SealedPeriod(kit.at("2026-03-01"), kit.at("2026-03-04"), sealing),)
    account = world.account("2026-03-06 13:00")
    slots = {one.day: one for one in account.slots}
    assert (slots["2026-03-01"].state, slots["2026-03-01"].amended) == ("on_time", None)
    assert (slots["2026-03-02"].state, slots["2026-03-02"].amended) == ("unseen", "on_time")
    # What came in time for nobody is restorable all the same.
    assert kit.day_states(account)["2026-03-02"] == "restorable"
    assert slots["2026-03-04"].amended is None and slots["2026-03-04"].state == "on_time"


def test_a_window_over_midnight_belongs_to_the_day_it_opens(kit):
    world = kit.World(kit.entry(full=kit.WEEKLY))
    world.add("a", "2026-03-02 01:30")  # a Monday morning
    account = world.account("2026-03-03 13:00")
    slot = account.slots[0]
    assert (slot.id, slot.state, slot.artefacts, slot.off_ms) == ("full/2026-03-01", "on_time", ("a",), 0)
    assert (kit.said(slot.opens_ms), kit.said(slot.deadline_ms)) == ("2026-03-01 22:00", "2026-03-02 10:00")


def test_late_but_inside_grace_across_midnight_is_no_finding(kit):
    world = kit.World()
    world.add("a", "2026-03-02 06:30")
    account = world.account("2026-03-02 13:00")
    assert (account.slots[0].day, account.slots[0].state) == ("2026-03-01", "late")
    assert kit.reasons(account) == {}
    assert account.slots[0].off_ms == 30 * 60_000 + 1


def test_a_run_after_grace_serves_no_slot_and_is_shown(kit):
    world = kit.World()
    world.add("noon", "2026-03-02 11:00", hours=0)
    world.add("night", "2026-03-02 23:00")
    account = world.account("2026-03-03 13:00")
    first, second = account.slots
    assert (first.state, first.made_up, first.good) == ("missed", "noon", None)
    assert (second.state, second.artefacts) == ("on_time", ("night",))
    # A finding that a made-up run ended, for those who ask whether there is a newer one.
    assert [p.until_ms is not None for p in account.problems if p.reason == "missing"] == [True]


def test_a_run_that_begins_a_little_early_serves_the_slot_it_was_made_for(kit):
    world = kit.World()
    world.add("early", "2026-03-01 21:10")
    account = world.account("2026-03-02 13:00")
    assert (account.slots[0].state, account.slots[0].off_ms) == ("on_time", -50 * 60_000)


def test_a_backup_that_spans_two_slots_serves_only_its_own(kit):
    world = kit.World()
    world.add("long", "2026-03-01 23:00", hours=26)
    account = world.account("2026-03-03 13:00")
    assert kit.states(account) == {"2026-03-01": "late", "2026-03-02": "missed"}


def test_two_good_backups_in_a_slot_are_information(kit):
    world = kit.World()
    world.add("a", "2026-03-01 22:30")
    world.add("b", "2026-03-02 02:00")
    account = world.account("2026-03-02 13:00")
    assert (account.slots[0].state, account.slots[0].artefacts) == ("double", ("a", "b"))
    assert kit.reasons(account) == {} and account.counts["double"] == 1


def test_a_good_retry_in_the_same_slot_counts_after_a_bad_run(kit):
    world = kit.World()
    world.add("a", "2026-03-01 22:30", verdicts=(*kit.PROVEN[:4], bad("truncated")))
    world.add("b", "2026-03-02 02:00")
    slot = world.account("2026-03-02 13:00").slots[0]
    assert (slot.state, slot.artefacts, slot.good) == ("on_time", ("b", "a"), True)


def test_a_backup_running_now_is_no_finding(kit):
    world = kit.World(looks="23:30")
    world.nightly("2026-03-01", "2026-03-01", clock="22:05")
    world.add(
        "b",
        "2026-03-02 23:00",
        shows=kit.at("2026-03-02 23:00"),
        end=None,
        trouble="moving",
        verdicts=(untold(Level.PRESENT, "unfinished"),),
    )
    account = world.account("2026-03-02 23:40")
    assert account.slots[-1].state == "running"
    assert kit.reasons(account) == {} and kit.reasons(account, outcome="could_not_tell") == {}
    assert kit.day_states(account)["2026-03-02"] == "open"


def test_a_temporary_name_that_stays_is_a_finding_once_grace_is_over(kit):
    world = kit.World()
    world.add("b.part", "2026-03-01 23:00", end=None, verdicts=(bad("unfinished"),))
    assert kit.reasons(world.account("2026-03-02 09:00")) == {}
    assert kit.reasons(world.account("2026-03-02 13:00")) == {"unfinished": ["b.part"]}


@pytest.mark.parametrize(
    ("given", "entry", "state"),
    [
        ("2026-03-02 12:00", 7, "excused"),
        ("2026-03-02 22:30", 7, "missed"),
        ("2026-03-02 12:00", None, "missed"),
    ],
    ids=["signed before", "told afterwards", "not signed"],
)
def test_only_a_signed_notice_before_the_slot_excuses_it(kit, given, entry, state):
    world = kit.World()
    world.nightly("2026-03-01", "2026-03-01")
    span = kit.at("2026-03-02"), kit.at("2026-03-03")
    world.more["excuses"] = (Excuse(kit.DB, *span, kit.at(given), entry),)
    account = world.account("2026-03-03 13:00")
    assert kit.states(account)["2026-03-02"] == state


def test_the_agents_clock_offset_is_taken_off_and_shown(kit):
    """The machine's clock was set back by a day for one night: its word would lie in the night before."""
    world = kit.World()
    world.nightly("2026-03-01", "2026-03-01")
    noon = kit.at("2026-03-03 12:00")
    world.add("b", "2026-03-01 23:00", shows=kit.at("2026-03-03"), modified=kit.at("2026-03-02"))
    world.offsets[noon] = -kit.DAY
    account = world.account("2026-03-03 13:00")
    slot = account.slots[-1]
    assert (slot.day, slot.state, slot.offset_ms) == ("2026-03-02", "on_time", -kit.DAY)
    assert kit.said(slot.run_ms) == "2026-03-02 23:00"


def test_a_clock_set_back_without_a_known_offset_proves_nothing_for_tonight(kit):
    world = kit.World()
    world.nightly("2026-03-01", "2026-03-01")
    world.add("b", "2026-03-01 23:00", shows=kit.at("2026-03-02 23:50"), modified=kit.at("2026-03-02 23:50"))
    account = world.account("2026-03-03 13:00")
    assert kit.states(account)["2026-03-02"] == "missed"
    assert kit.reasons(account)["old_inside"] == ["b"]


def test_hosts_that_keep_utc_fall_into_the_same_slots_all_year(kit):
    """There is no daylight saving in Shanghai: 14:00 UTC is 22:00 in January and in July."""
    world = kit.World(since="2026-01-01")
    for day in ("2026-01-15", "2026-07-15"):
        world.add(day, f"{day} 22:00")
    opens = {one.day: one.opens_ms % kit.DAY for one in world.account("2026-07-17 13:00").slots}
    assert set(opens.values()) == {14 * kit.HOUR}
    served = [one.day for one in world.account("2026-07-17 13:00").slots if one.artefacts]
    assert served == ["2026-01-15", "2026-07-15"]


def test_weeks_are_iso_weeks_of_the_slots_anchor_and_two_fulls_in_one_are_one(kit):
    world = kit.World(kit.entry(full={"every": "week", "keep": "3 months"}), since="2025-12-29")
    for name, start in (("a", "2025-12-31 10:00"), ("b", "2026-01-02 10:00"), ("c", "2026-01-09 10:00")):
        world.add(name, start)
    weeks = {one.week: one.artefacts for one in world.account("2026-01-19 13:00").weeks}
    assert weeks == {"2026-W01": ("a", "b"), "2026-W02": ("c",), "2026-W03": (), "2026-W04": ()}


def test_a_full_on_two_days_is_one_slot_and_a_point_beside_it(kit):
    world = kit.World(kit.entry(full=kit.WEEKLY, incremental=kit.DAILY))
    world.add("sunday", "2026-03-01 23:00", id="s")
    world.add("monday", "2026-03-02 23:00", id="m")
    account = world.account("2026-03-03 13:00")
    assert kit.states(account, "full") == {"2026-03-01": "on_time"}
    # The increment of Monday is served too: a full holds all that it would.
    assert kit.states(account, "incremental") == {"2026-03-01": "on_time", "2026-03-02": "on_time"}
    assert kit.reasons(account) == {}


def test_a_slot_before_a_change_wants_a_backup_that_ended_before_it(kit):
    entry = kit.entry(
        full=[kit.DAILY, {"before": "change", "within": "4h", "keep": "1 year"}], clause="LH-15"
    )
    world = kit.World(entry)
    world.nightly("2026-03-01", "2026-03-03")
    world.add("before-1", "2026-03-02 14:00")
    world.add("too-long", "2026-03-03 15:00", hours=3)
    world.more["changes"] = (
        Change("c1", kit.DB, "change", kit.at("2026-03-02 17:00")),
        Change("c2", kit.DB, "change", kit.at("2026-03-03 17:00")),
        Change("other", "city/else", "change", kit.at("2026-03-03 17:00")),
    )
    account = world.account("2026-03-04 13:00")
    events = {one.id: (one.state, one.artefacts) for one in account.slots if one.role == "event"}
    assert events == {
        "event/c1": ("on_time", ("before-1",)),
        "event/c2": ("missed", ()),
    }
    missed = next(p for p in account.problems if p.reason == "missing")
    assert (missed.slot, missed.clause) == ("event/c2", ("LH-15",))


def test_a_slot_before_an_announced_change_is_due_from_when_its_window_opens(kit):
    entry = kit.entry(full=[kit.DAILY, {"before": "change", "within": "4h", "keep": "1 year"}])
    world = kit.World(entry)
    world.nightly("2026-03-01", "2026-03-03")
    world.add("before-1", "2026-03-02 14:00")
    world.more["changes"] = (Change("c1", kit.DB, "change", kit.at("2026-03-02 17:00")),)
    told = {}
    for now in ("12:59", "13:00", "15:30", "16:59"):
        account = world.account(f"2026-03-02 {now}")
        told[now] = [(one.state, one.artefacts) for one in account.slots if one.role == "event"]
    assert told == {
        "12:59": [],
        "13:00": [("due", ())],
        "15:30": [("due", ())],  # the backup stands there, and no look has told of it
        "16:59": [("due", ())],
    }
    world.extra_looks.append(kit.at("2026-03-02 16:00"))
    account = world.account("2026-03-02 16:30")
    assert [(one.state, one.artefacts) for one in account.slots if one.role == "event"] == [
        ("on_time", ("before-1",))
    ]


def test_a_policy_that_changes_leaves_old_slots_to_the_old_version(kit):
    weekly = {**kit.WEEKLY, "keep": "1 month"}
    world = kit.World(kit.entry(full=weekly), kit.entry(full=kit.DAILY, **{"from": "2026-03-16"}))
    world.add("a", "2026-03-01 23:00")
    world.add("b", "2026-03-08 23:00")
    world.add("c", "2026-03-15 23:00")
    world.nightly("2026-03-16", "2026-03-18")
    account = world.account("2026-03-19 13:00")
    assert [(one.day, one.policy) for one in account.slots] == [
        ("2026-03-01", 1),
        ("2026-03-08", 1),
        ("2026-03-15", 1),
        ("2026-03-16", 2),
        ("2026-03-17", 2),
        ("2026-03-18", 2),
    ]
    assert account.policies == (1, 2) and kit.reasons(account) == {}


def test_slots_keep_the_retention_of_their_own_version(kit):
    world = kit.World(
        kit.entry(full={**kit.DAILY, "keep": "10 days"}),
        kit.entry(**{"from": "2026-03-05"}),
        since="2026-03-01",
    )
    world.nightly("2026-03-01", "2026-03-19")
    for day in ("2026-03-01", "2026-03-06"):
        world.purge(f"full-{day}", "2026-03-18")
    account = world.account("2026-03-20 13:00")
    assert kit.day_states(account)["2026-03-01"] == "expired"
    assert kit.day_states(account)["2026-03-06"] == "lost"
    assert kit.reasons(account) == {"vanished": ["full-2026-03-06"]}


def test_what_stands_under_a_temporary_name_is_unfinished_not_missing() -> None:
    from checks.api import State
    from checks.result import Result
    from collector.backups.fold import look_of

    started = {"name": "20260304.dump.part", "bytes": 7, "modified": 1000}
    facts = {"artefacts": [], "stands": {"count": 0, "listed": [], "unfinished": [started]}}
    line = Result("backup.file", 1, "a", "a", "v", 0, 2000, 2000, "", facts, (), State.CRIT)
    look = look_of(line, object="a", place="p", received_ms=2000)
    assert [(one.name, one.verdicts[0].reason) for one in look.sightings] == [
        ("20260304.dump.part", "unfinished")
    ]
    assert look.count == 1 and look.listed is not None and look.listed[0].name == "20260304.dump.part"


def test_the_log_of_a_repository_is_judged_beside_its_backups() -> None:
    from checks.api import Reading, State, Unit
    from checks.artefacts.artefact import Artefact
    from checks.codec import to_json
    from checks.result import Result
    from collector.backups.fold import look_of

    log = to_json(Artefact("oa/archive", "log", 7, 1, 1000))
    facts = {"artefacts": [], "stanzas": [{"name": "oa", "base": log}], "stands": {"count": 0, "listed": []}}
    gap = Reading("oa/archive:connected", 0, Unit.NONE, State.CRIT, "gap")
    line = Result("backup.pgbackrest", 1, "a", "a", "v", 0, 2000, 2000, "", facts, (gap,), State.CRIT)
    look = look_of(line, object="a", place="p", received_ms=2000)
    assert [(one.name, one.kind, one.verdicts[0].reason) for one in look.sightings] == [
        ("oa/archive", "log", "gap")
    ]


def test_other_bytes_whose_digest_was_made_to_fit_are_an_edited_manifest() -> None:
    from collector.backups.fold import fold
    from collector.backups.observed import Look, Sighting

    def seen(sha: str, recorded: str, at: int) -> Look:
        one = Sighting("a.tar.gz", "full", 7, 1000, sha256=sha, recorded=recorded)
        return Look("o", "p", "backup.archive", "v", at, at, (one,), ())

    for recorded, word in (("b" * 64, "manifest_edited"), ("a" * 64, "changed")):
        looks = [seen("a" * 64, "a" * 64, 2000), seen("b" * 64, recorded, 3000)]
        (record,) = fold(looks)["o"]["p"].records
        assert [one.reason for one in record.verdicts] == [word]
