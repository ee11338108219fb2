"""Whose people a recipient reaches: estate and receipt say it, LH-35 wants the buyer's and the user's."""

from dataclasses import replace

import pytest

from checks.codec import FieldError
from checks.wire.numbers import EntryKind
from collector.availability.estate_terms import encode
from collector.jobs import cadence, derive, projection, statements
from collector.notify import receipts
from collector.store import estates as store


def ledger(told, name="LH-35"):
    told.world.at += 3_600_000
    derive.catch_up(told.context)
    with told.context.read() as conn:
        made = cadence.ledger(conn, told.world.at, whole_term=True)
    return next(line for line in made.lines if line.obligation.id == name)


def failed(told, *rules):
    """A fault of level 1 that those were told of."""
    told.apply(*rules)
    told.probe(4, down=range(4))
    told.turn()
    fault = told.faults()[0]
    said = {"fault": fault.id, "level": "1", "class": "larger"}
    statements.add(told.context, "level", said, by="cli")
    return fault


def rows(line):
    return {(row.what[0], row.state.value) for row in line.rows}


def test_the_receipt_says_whose_people_were_told(told, hook, tmp_path):
    both = f"{{when: fault, to: '{hook.url}', whose: [buyer, user]}}"
    fault = failed(told, both, f"{{when: fault, to: '{hook.url}2'}}")
    first, second = told.logged()
    assert (first.whose, second.whose) == (("buyer", "user"), ())
    assert "whose" not in receipts.header(second)
    announced = {one.whose: one.entry for one in fault.announced_to}
    assert announced == {"buyer": first.entry, "user": first.entry}
    found = told.verdict(tmp_path / "b.zip")
    assert found.good, found.findings.problems


def test_it_is_kept_only_where_both_were_told(told, hook):
    failed(
        told,
        f"{{when: fault, to: '{hook.url}', whose: buyer}}",
        f"{{when: fault, to: '{hook.url}2', whose: user}}",
        f"{{when: fault, to: '{hook.url}3', whose: vendor}}",
    )
    line = ledger(told)
    assert line.standing.value == "kept"
    assert rows(line) == {("fault_announced:buyer", "done"), ("fault_announced:user", "done")}
    assert {one.entry for one in told.logged() if one.whose != ("vendor",)} <= set(line.entries)


@pytest.mark.parametrize("whose", ["", ", whose: vendor", ", whose: buyer"])
def test_it_is_not_proven_where_one_of_them_was_not_told(told, hook, whose):
    failed(told, f"{{when: fault, to: '{hook.url}'{whose}}}")
    line = ledger(told)
    assert line.standing.value == "not_proven"
    assert ("fault_announced:user", "not_proven") in rows(line)


@pytest.mark.parametrize(("whom", "standing"), [("", "not_proven"), ("user", "not_proven"), ("both", "kept")])
def test_a_person_may_say_whom_it_was_reported_to(told, whom, standing):
    fault = failed(told)
    said = {"fault": fault.id, "at": "2026-07-01T08:05+08:00"} | ({"whom": whom} if whom else {})
    statements.add(told.context, "escalated", said, by="cli")
    line = ledger(told)
    assert line.standing.value == standing
    done = {row.what[0].partition(":")[2] for row in line.rows if row.state.value == "done"}
    assert done == {"": {"buyer"}, "user": {"user"}, "both": {"buyer", "user"}}[whom]


def mechanism(told):
    """States of the months in which the estate is to tell somebody of trouble (PD-09), to mid-September."""
    told.site.go("2026-09-15T09:00")
    derive.catch_up(told.context)
    with told.context.read() as conn:
        made = cadence.ledger(conn, told.world.at, whole_term=True)
    line = next(one for one in made.lines if one.obligation.id == "PD-09")
    rows = [row for row in line.rows if row.what == ("alert_rules",)]
    return [row.state.value for row in rows[:3]], {entry for row in rows for entry in row.entries}


def test_the_early_warning_of_a_contract_is_the_alert_rules_of_its_estates(told):
    text = told.estate.replace("luohe-2026", "pingdingshan-2025")
    told.apply("{when: fault, to: 'custom:desk'}", text=text)
    with told.context.read() as conn:
        first = store.newest(conn).idx
    states, entries = mechanism(told)
    assert states == ["done", "done", "done"] and entries == {first}


def test_months_in_which_the_estate_told_nobody_are_not_proven(told):
    text = told.estate.replace("luohe-2026", "pingdingshan-2025")
    told.apply("{when: fault, to: 'custom:desk'}", text=text)
    told.site.go("2026-07-15T09:00")
    told.apply(text=text)  # five days into the second month the rules go
    assert mechanism(told)[0] == ["done", "not_proven", "not_proven"]


def test_a_rule_for_one_second_is_no_early_warning_and_a_day_without_costs_nothing(told):
    text = told.estate.replace("luohe-2026", "pingdingshan-2025")
    rule = "{when: fault, to: 'custom:desk'}"
    told.apply(rule, text=text)
    told.site.go("2026-07-20T09:00")
    told.apply(text=text)
    told.site.go("2026-07-21T09:00")
    told.apply(rule, text=text)  # of the second month all but a day
    told.site.go("2026-08-10T00:00")
    told.apply(text=text)
    told.site.go("2026-08-20T09:00")
    told.apply(rule, text=text)
    told.world.at += 1_000
    told.apply(text=text)
    assert mechanism(told)[0] == ["done", "done", "not_proven"]


def test_an_entry_that_claims_other_people_than_the_estate_is_a_problem(told, hook, tmp_path):
    failed(told, f"{{when: fault, to: '{hook.url}', whose: vendor}}")
    good = told.logged()[0]
    claimed = receipts.header(replace(good, whose=("buyer", "user")))
    (idx,) = projection.log(told.context, [(EntryKind.COLLECTOR, claimed, None)])
    found = told.verdict(tmp_path / "b.zip")
    assert [(one.code, one.where) for one in found.findings.problems] == [("bad_statement", f"entry {idx}")]


@pytest.mark.parametrize("whose", [[], ["buyer", "buyer"], ["king"], "buyer", [["buyer"]], None])
def test_a_receipt_of_another_form_is_none(told, hook, whose):
    told.apply(f"{{when: fault, to: '{hook.url}', whose: buyer}}")
    told.probe(4, down=range(4))
    told.turn()
    said = {"v": 1, "log": "x", "kind": "collector", **receipts.header(told.logged()[0])}
    assert receipts.parse(1, told.world.at, said).whose == ("buyer",)
    with pytest.raises(FieldError):
        receipts.parse(1, told.world.at, said | {"whose": whose})
    moved = {key: said[key] for key in said if key != "whose"} | {"whose": ["buyer"]}
    with pytest.raises(FieldError):
        receipts.parse(1, told.world.at, moved)


def test_terms_that_say_nothing_of_whose_keep_their_bytes(told, hook):
    told.apply(f"{{when: fault, to: '{hook.url}'}}")
    with told.context.read() as conn:
        terms = estates_terms(conn)
    assert b'"whose":[' not in encode(terms)
    named = replace(terms, notify=(replace(terms.notify[0], whose=("buyer",)),))
    assert b'"whose":["buyer"]' in encode(named)


def estates_terms(conn):
    return store.terms(conn, store.newest(conn).idx)
