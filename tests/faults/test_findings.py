"""Findings: opened and closed by signed readings; a click closes nothing, two people may."""

from dataclasses import replace
from datetime import datetime

from collector.faults.model import ClockState, Stage

HOUR, DAY = 3_600_000, 86_400_000


def at(text):
    """UTC ms of a local time in China."""
    return round(datetime.fromisoformat(f"{text}+08:00").timestamp()) * 1000


T = at("2026-07-14 10:00")
DISK = "host.filesystem"
YEAR = ("2025-08-29 00:00", "2026-08-29 00:00")


def huaian(case, **more):
    return case(pack="huaian-2025", term=tuple(at(day) for day in YEAR), **more)


def one(case):
    (finding,) = case.account().findings
    return finding


def test_what_is_not_looked_at_again_stays_open_and_says_so(case):
    made = huaian(case).record(T, (DISK, "crit")).record(T + 7 * DAY, missing=(DISK,))
    finding = one(made)
    assert (finding.stage, len(finding.not_inspected)) == (Stage.OPEN, 1)
    assert finding.clock.state is ClockState.LATE


def test_an_unknown_reading_closes_nothing_and_opens_nothing(case):
    assert huaian(case).record(T, (DISK, "unknown")).account().findings == ()
    made = huaian(case).record(T, (DISK, "warn")).record(T + DAY, (DISK, "unknown"))
    assert one(made).stage is Stage.OPEN


def test_a_later_good_reading_closes_it_in_whatever_round(case):
    made = huaian(case).record(T, (DISK, "crit")).record(T + 2 * DAY, (DISK, "ok"), round_="monthly")
    finding = one(made)
    assert (finding.stage, finding.closed_by, finding.closed_ms) == (
        Stage.FIXED,
        "reading",
        T + 2 * DAY - HOUR,
    )
    assert finding.clock.state is ClockState.KEPT
    assert made.items(*YEAR) == ()


def test_an_older_good_look_in_a_record_that_was_closed_later_closes_nothing(case):
    made = huaian(case).record(T, (DISK, "crit"))
    late = made.record(T - DAY, (DISK, "ok"), round_="slow").records.pop()
    made.records.append((late[0], replace(late[1], closed_ms=T + DAY)))
    assert one(made).stage is Stage.OPEN


def test_one_person_claims_and_two_close(case):
    made = huaian(case).record(T, (DISK, "warn"))
    name = one(made).id
    said = made.say("finding_closed", T + DAY, finding=name, reason="已扩容")
    assert (one(made).stage, one(made).claims) == (Stage.CLAIMED, (said.entry,))
    made.say("second", T + DAY + HOUR, entry=said.entry, by="wang")
    assert one(made).stage is Stage.CLAIMED  # nobody seconds himself
    made.say("second", T + 2 * DAY, entry=said.entry, by="zhao", role="buyer")
    finding = one(made)
    assert (finding.stage, finding.closed_by, finding.closed_ms) == (Stage.FIXED, "statement", T + 2 * DAY)


def test_it_is_reopened_when_it_returns(case):
    made = (
        huaian(case)
        .record(T, (DISK, "warn"))
        .record(T + DAY, (DISK, "ok"))
        .record(T + 9 * DAY, (DISK, "crit"))
    )
    first, second = made.account().findings
    assert (second.id, second.episode, second.stage) == (f"{first.id}#2", 2, Stage.OPEN)
    assert second.since != first.since


def test_it_is_due_by_the_pack_in_its_records_state_and_the_owner_is_the_systems(case):
    made = huaian(case).record(T, (DISK, "crit"))
    finding = one(made)
    assert finding.due_ms == at("2026-07-18 00:00")  # three days after the record; a Friday
    assert (finding.owner, finding.system, finding.unit) == ("zhang", "portal", "centre")
    (item,) = made.items(*YEAR)
    assert (item.kind, item.facts) == ("finding_late", {"finding": finding.id})


def test_a_person_may_name_another_owner_and_an_agreed_day(case):
    made = huaian(case).record(T, (DISK, "crit"))
    made.say("finding_assigned", T + HOUR, finding=one(made).id, owner="li", until="2026-07-31")
    finding = one(made)
    assert (finding.owner, finding.due_ms) == ("li", at("2026-08-01 00:00"))
    made.record(T + 10 * DAY, (DISK, "ok"))
    assert one(made).clock.state is ClockState.KEPT


def test_a_record_that_came_later_than_as_of_is_not_looked_at(case):
    made = huaian(case, now=T + DAY).record(T, (DISK, "crit")).record(T + 2 * DAY, (DISK, "ok"))
    assert one(made).stage is Stage.OPEN


def test_the_order_of_arrival_changes_nothing(case):
    made = (
        huaian(case)
        .record(T, (DISK, "crit"))
        .record(T + DAY, (DISK, "ok"))
        .record(T + 2 * DAY, (DISK, "warn"))
    )
    before = made.account()
    made.records.reverse()
    assert made.account() == before
    made.records += made.records[:1]
    assert made.account().findings == before.findings


def test_hazards_of_others_are_priced_by_who_found_them(case):
    start = at("2025-09-30 00:00")
    made = case(pack="pingdingshan-2025", term=(start, start + 365 * DAY))
    for who in ("buyer", "superior", "vendor"):
        made.say(
            "security_event", start + DAY, severity="hazard", found_by=who, text="弱口令", at_ms=start + HOUR
        )
    found = [item.facts["found_by"] for item in made.items("2025-09-30 00:00", "2025-12-30 00:00")]
    assert found == ["buyer", "superior", "vendor"]  # the line says whose it counts


def test_a_security_event_without_a_response_is_unknown_and_open_at_the_end_is_late(case):
    made = huaian(case, now=at("2026-08-20 00:00"))
    event = made.say("security_event", T, severity="notified", found_by="buyer", text="x")
    kinds = [(gap.kind, gap.reason) for gap in made.gaps(*YEAR)]
    assert kinds == [("event_late", "no_statement")]
    made.say("event_responded", T + HOUR // 3, entry=event.entry, role="operator")
    assert [(gap.kind, gap.reason) for gap in made.gaps(*YEAR)] == [("event_late", "not_closed")]
    assert "event_late" not in [item.kind for item in made.items(*YEAR)]
    made.now = at("2026-08-30 00:00")
    assert "event_late" in [item.kind for item in made.items(*YEAR)]


def test_an_emergency_has_fifteen_minutes_and_two_hours(case):
    made = huaian(case)
    event = made.say("emergency", T, system="portal", text="x")
    made.say("event_responded", T + HOUR // 5, entry=event.entry)
    made.say("event_closed", T + 3 * HOUR, entry=event.entry)
    (item,) = made.items(*YEAR)
    assert (item.kind, item.unit) == ("emergency_late", "centre")


def test_no_evidence_at_all_is_no_item_and_no_finding(case):
    account = huaian(case).account()
    assert (account.faults, account.findings, account.vulnerabilities) == ((), (), ())
