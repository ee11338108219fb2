"""From signed result lines to the account: what was planted is found, once each, with its day and clause."""

from dataclasses import replace
from typing import Any

import pytest

from collector.backups.policy import Alias, BackupObject, Keep, ObjectKind, Policies, Policy, Role, Schedule
from collector.backups.said import KINDS, Said, cited
from collector.backups.versions import policies_of as joined
from collector.jobs import backup_statements, derive, statements
from collector.jobs import backups as jobs
from collector.jobs.statements import StatementError
from collector.store import backups as store

PLANTED = {
    ("city/oa-db", "not_drilled"),
    ("county/xian-1/oa-db", "open_to_others"),
    ("county/xian-2/oa-db", "copy_differs"),
    ("county/xian-2/oa-db", "changed"),
    ("county/xian-2/oa-db", "missing"),
}


def account(site: Any, as_of: int | None = None) -> jobs.Account:
    with site.context.read() as conn:
        return jobs.account(conn, site.context.now(), as_of)


def test_what_was_planted_is_found_and_nothing_else_is_bad(site: Any) -> None:
    found = account(site)
    bad = {(p.object, p.reason) for p in found.ledger.problems if p.outcome == "bad" and p.until_ms is None}
    assert bad == PLANTED


def test_a_problem_says_since_when_it_can_be_proven_and_what_it_breaks(site: Any, backups: Any) -> None:
    [missing] = [p for p in account(site).ledger.problems if p.reason == "missing"]
    assert missing.slot.endswith("2026-11-05") and missing.clause == ("HA-08",)
    assert backups.at("2026-11-05", "08:00") <= missing.first_provable_ms < backups.at("2026-11-05", "10:00")


def test_the_account_can_be_given_as_the_log_stood_at_any_time(site: Any, backups: Any) -> None:
    before = account(site, backups.at("2026-11-04", "12:00"))
    assert {p.reason for p in before.ledger.problems if p.outcome == "bad"} <= {"not_drilled"}
    assert before.ledger.now_ms == backups.at("2026-11-04", "12:00")


def test_every_artefact_leads_to_the_line_that_read_it(site: Any) -> None:
    found = account(site)
    for one in found.ledger.objects:
        for point in one.points:
            entry, line = found.entries[one.name, point.name]
            with site.context.read() as conn:
                row = next(r for r in store.every(conn) if (r.idx, r.line) == (entry, line))
            assert f'"name":"{point.name}"' in row.seen
            break


def test_a_drill_brings_its_times(site: Any) -> None:
    found = account(site)
    drill = next(d for d in found.observed.drills if d.object == "county/xian-1/oa-db")
    assert drill.answered_ms - drill.decided_ms == 8_400_900
    assert dict(found.phases[drill.id])["restore"] == 7_500_000
    assert drill.recovered == (9_000_000, 9_000_000)


def test_a_rebuild_gives_the_same_account(site: Any) -> None:
    before = account(site)
    derive.rebuild(site.context)
    after = account(site)
    assert after.ledger.problems == before.ledger.problems and after.entries == before.entries


def test_statements_about_backups_are_refused_where_they_say_nothing(site: Any) -> None:
    def refused(kind: str, **fields: str) -> str:
        with pytest.raises(StatementError) as found:
            statements.add(site.context, kind, fields, by="admin")
        return found.value.code

    assert refused("recovery", object="county/xian-1/oa-db") == "missing_field"
    assert refused("recovery", object="nobody", begun="2026-11-20T10:00", outcome="good") == "no_such_object"
    assert refused("recovery", object="city/oa-db", begun="soon", outcome="good") == "bad_field"
    assert refused("recovery", object="city/oa-db", begun="2026-11-20", outcome="fine") == "bad_field"
    assert refused("backup_excuse", object="city/oa-db", reason="r") == "missing_field"
    assert refused("backup_accept", excuse="3") == "no_document"


SLOTS = (Schedule(Role.FULL, Keep(months=3), every="day", opens=0, closes=300),)


def promise(*policies: Policy) -> Policies:
    return Policies((BackupObject("o", ObjectKind.DATABASE, 0, policies, place="p"),))


def policies_of(*versions: tuple[int, Policies | None]) -> Policies:
    return joined(versions)


def test_old_slots_keep_the_policy_that_was_in_force() -> None:
    first = Policy(1, 0, SLOTS, ("HA-08",))
    later = replace(first, clause=("HA-08", "HA-11"))
    made = policies_of((1000, promise(first)), (5000, promise(first)), (9000, promise(later)))
    [one] = made.objects
    assert [(p.version, p.from_ms, p.clause) for p in one.policies] == [
        (1, 1000, ("HA-08",)),
        (2, 9000, ("HA-08", "HA-11")),
    ]
    assert one.since_ms == 1000


def test_a_promise_cannot_be_changed_backwards() -> None:
    first, second = Policy(1, 0, SLOTS, ("A",)), Policy(2, 100, SLOTS, ("B",))
    made = policies_of((1000, promise(first)), (9000, promise(first, second)))
    assert [(p.from_ms, p.clause) for p in made.objects[0].policies] == [(1000, ("A",)), (9000, ("B",))]


def test_an_object_that_the_estate_no_longer_names_owes_nothing_from_then_on() -> None:
    made = policies_of((1000, promise(Policy(1, 0, SLOTS))), (9000, None))
    assert [(p.from_ms, p.schedules) for p in made.objects[0].policies] == [(1000, SLOTS), (9000, ())]


def test_an_alias_stands_on_a_statement_that_names_it_or_on_nothing() -> None:
    [one] = promise(Policy(1, 0, SLOTS)).objects
    aliases = (Alias("old", 5, entry=7), Alias("older", 5, entry=8), Alias("oldest", 5))
    said = [Said(7, 1, {"kind": "backup_alias", "object": "o", "name": "old"})]
    said += [Said(8, 1, {"kind": "backup_alias", "object": "o", "name": "another"})]
    made = cited(Policies((replace(one, aliases=aliases),)), said)
    assert [alias.entry for alias in made.objects[0].aliases] == [7, None, None]


def test_every_kind_of_statement_is_known_to_whoever_makes_the_account_again() -> None:
    assert set(backup_statements.KINDS) == set(KINDS)
