"""Human items from checklist to record: what nobody entered is not done, and never good."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from checks.wire import entry, strict_json
from collector.inspection import record as records
from collector.inspection.human import Answer
from collector.jobs import estates, human, packing, rounds
from collector.jobs.derive import rebuild
from collector.jobs.human import HumanError
from collector.store import human as stored
from collector.store import packs


def refused(code, do):
    with pytest.raises(HumanError) as problem:
        do()
    assert problem.value.code == code


def test_what_nobody_entered_is_not_done_and_not_inspected(walk):
    walk.machine()
    walk.at(40)
    made = walk.close()
    assert {look.state for look in made.human.items} == {"not_done"}
    assert [(m.check, m.target, m.reason) for m in made.not_inspected] == [
        ("human.lamps", "web-01", "not_done"),
        ("human.water", "room-1", "not_done"),
        ("human.temperature", "room-1", "not_done"),
    ]
    o = made.overview
    assert (made.v, o.due, o.done, o.missed, o.ok) == (2, 4, 1, 3, 1)


def test_from_arrival_to_sign_off_and_the_bundle_is_verified(walk, tmp_path):
    refused("not_arrived", lambda: walk.enter("web-01", Answer("lamps", "ok")))
    walk.arrive()
    walk.machine()
    last = walk.everything()
    walk.yard.settle()
    assert walk.occasion().record is None, "what people entered waits for its sign-off"
    walk.sign(last)
    made = walk.close()
    assert (made.overview.due, made.overview.done, made.overview.ok) == (4, 4, 4)
    assert all(look.signed and look.by == "zhao" and look.arrived_ms for look in made.human.items)
    verdict = walk.verify(walk.bundle(tmp_path / "day.zip"))
    assert verdict.good, verdict.findings.problems
    claims = {name: (word, detail) for name, word, detail in verdict.claims}
    assert claims["inspection record walk/2026-11-16"][0] == "proven if"
    word, detail = claims["human items of walk/2026-11-16"]
    assert word == "human" and "session of zhao" in detail and "not by the person" in detail


def test_a_clock_that_is_set_back_does_not_make_statements_older_than_the_log(walk, tmp_path):
    walk.arrive()
    walk.at(9.1)
    last = walk.everything()
    walk.sign(last)
    walk.machine()
    made = walk.close()
    assert {look.t_ms for look in made.human.items} == {walk.yard_start + int(9.5 * 3_600_000)}
    verdict = walk.verify(walk.bundle(tmp_path / "back.zip"))
    assert verdict.good, verdict.findings.problems


def test_a_bundle_of_the_next_day_carries_what_was_said_before(walk, tmp_path):
    walk.arrive()
    first = walk.enter("web-01", Answer("lamps", "crit", "灭了", photos=("ab" * 32,)))
    walk.machine()
    for hour in range(10, 60):
        walk.at(hour)
        if hour == 35:
            walk.enter("web-01", Answer("lamps", "ok", corrects=first))
        walk.yard.settle()
    out = walk.bundle(tmp_path / "second.zip", day="2026-11-18")
    verdict = walk.verify(out)
    assert verdict.good, verdict.findings.problems
    claims = {name: word for name, word, _ in verdict.claims}
    assert verdict.range[0] > first and claims["inspection record walk/2026-11-17"] == "proven if"
    assert not any("photographs" in text for text in verdict.findings.notices)


def test_nothing_can_be_entered_before_the_round(walk):
    walk.at(8)
    refused("planned", walk.arrive)


@pytest.mark.parametrize(
    ("asset", "answer", "code"),
    [
        ("room-9", Answer("water", "ok"), "not_asked"),
        ("room-1", Answer("lamps", "ok"), "not_asked"),
        ("room-1", Answer("water", "ok", "x" * 501), "too_long"),
        ("room-1", Answer("water", "ok", corrects=4), "not_corrected"),
    ],
)
def test_what_is_not_asked_is_refused_and_not_logged(walk, asset, answer, code):
    walk.arrive()
    refused(code, lambda: walk.enter(asset, answer))
    refused("nothing", lambda: walk.enter(asset))
    refused("nothing", lambda: walk.sign(1))
    assert walk.occasion().human.done == 0


def test_of_two_people_who_enter_the_same_the_second_must_look_first(walk):
    walk.arrive()
    walk.arrive("qian")
    first = walk.enter("web-01", Answer("lamps", "ok"))
    refused("not_corrected", lambda: walk.enter("web-01", Answer("lamps", "crit"), by="qian"))
    refused("changed", lambda: walk.sign(first - 1))
    second = walk.enter("web-01", Answer("lamps", "crit", "灭了", corrects=first), by="qian")
    refused("changed", lambda: walk.sign(first))
    walk.sign(second, by="qian")
    walk.machine()
    walk.at(40)
    part = walk.close().human
    (lamps,) = [one for one in part.items if one.item == "lamps"]
    assert (lamps.state, lamps.by, lamps.note, lamps.signed) == ("crit", "qian", "灭了", True)
    assert [(one.state, one.by, one.replaced) for one in part.corrected] == [("ok", "zhao", second)]


def test_a_correction_that_says_the_same_again_is_refused_and_not_logged(walk):
    walk.arrive()
    first = walk.enter("web-01", Answer("lamps", "crit", "灭了", photos=("ab" * 32,)))
    refused("same", lambda: walk.enter("web-01", Answer("lamps", "crit", "灭了", corrects=first)))
    assert walk.occasion().human.done == 1
    second = walk.enter("web-01", Answer("lamps", "crit", "灭了", photos=("cd" * 32,), corrects=first))
    assert second > first, "a picture more is something new"


def test_a_sign_off_does_not_cover_what_is_entered_after_it(walk):
    walk.arrive()
    walk.sign(walk.enter("web-01", Answer("lamps", "ok")))
    walk.enter("room-1", Answer("water", "ok"))
    assert walk.occasion().human.unsigned
    walk.at(40)
    made = walk.close()
    assert {look.item: look.signed for look in made.human.items if look.entry is not None} == {
        "lamps": True,
        "water": False,
    }


def test_what_comes_after_the_window_is_late_and_says_so(walk):
    walk.machine()
    walk.at(12)
    walk.arrive()
    walk.sign(walk.everything())
    made = walk.close()
    assert made.overview.late == 3 and all(look.late for look in made.human.items)
    assert made.human.sign_offs[0].late and made.human.arrivals[0].late


def test_the_verifier_counts_late_answers_and_late_sheets(walk, tmp_path):
    walk.arrive()
    walk.enter("web-01", Answer("lamps", "ok"))
    walk.at(12)
    walk.arrive()
    walk.enter("room-1", Answer("water", "ok"), Answer("temperature", "ok", "", 23, "℃"))
    walk.yard.settle()
    verdict = walk.verify(walk.bundle(tmp_path / "late.zip"))
    claims = {name: detail for name, _, detail in verdict.claims}
    said = claims["human items of walk/2026-11-16"]
    assert said.startswith("3 answers on 2 sheets; late: 2 answers on 1 sheets; signed off by nobody"), said


def test_once_the_record_is_made_only_corrections_are_taken_and_it_stays_as_it_was(walk, tmp_path):
    walk.arrive()
    first = walk.enter("web-01", Answer("lamps", "crit"))
    walk.sign(first)
    walk.at(40)
    made = walk.close()
    window = made.window
    refused("closed", lambda: human.enter(walk.context, window, "room-1", [Answer("water", "ok")], by="zhao"))
    refused("closed", lambda: human.sign_off(walk.context, window, first, by="zhao"))
    human.enter(walk.context, window, "web-01", [Answer("lamps", "ok", corrects=first)], by="zhao")
    walk.yard.settle()
    assert walk.close() == made
    verdict = walk.verify(walk.bundle(tmp_path / "after.zip"))
    assert verdict.good, verdict.findings.problems


def test_problems_of_people_are_carried_over_until_somebody_sees_them_gone(walk):
    walk.arrive()
    walk.sign(walk.enter("web-01", Answer("lamps", "crit", "灭了")))
    walk.at(40)
    first = walk.close()
    assert [(p.check, p.reading.state) for p in first.problems] == [("human.lamps", "crit")]
    walk.at(64)
    walk.yard.settle()
    with walk.context.read() as conn:
        second = rounds.read_record(conn, rounds.find(conn, "walk/2026-11-17", walk.context.now()).record)
    assert ("human.lamps", "web-01", "not_inspected") in {
        (c.check, c.target, c.now) for c in second.carried_over
    }


def test_a_record_without_people_is_written_as_before(walk):
    walk.machine()
    walk.at(40)
    made = walk.close()
    old = replace(made, v=1, human=records.HumanPart())
    text = records.encode(old).decode()
    assert text.endswith('"human":{"note":"not measured by machine","items":[]}}')
    assert records.parse(text.encode()) == old
    assert records.parse(records.encode(made)) == made


def test_the_tables_follow_from_the_log(walk):
    walk.arrive()
    first = walk.enter("web-01", Answer("lamps", "ok"))
    walk.enter("web-01", Answer("lamps", "crit", corrects=first))

    def tables():
        with walk.context.read() as conn:
            return [
                sorted(tuple(row) for row in conn.execute(select(table)))
                for table in (stored.owed_table, stored.done_table)
            ]

    before = tables()
    rebuild(walk.context)
    assert tables() == before and len(before[1]) == 1


def test_the_header_is_written_in_the_order_of_the_format(walk):
    walk.arrive()
    idx = walk.enter("web-01", Answer("lamps", "ok"))
    with walk.context.read() as conn:
        header = strict_json.loads(entry.parse(packs.data_of(conn, packs.entry(conn, idx))).header)
    keys = "v log kind window asset arrival by role at late digest bytes"
    assert list(header) == keys.split() and header["role"] == "operator"


def test_a_round_for_people_alone_is_due_closed_and_verified(walk, tmp_path):
    import re

    text = walk.estate_text()
    alone = re.sub(r"    assets: \[web-01\]\n    checks: .*\n", "", text)
    assert alone != text
    walk.at(8)
    walk.yard.apply(alone)
    walk.at(9.5)
    with walk.context.read() as conn:
        occasion = rounds.find(conn, "walk", walk.context.now())
    assert (occasion.due, occasion.human.due) == (3, 3)
    walk.arrive()
    walk.sign(walk.everything())
    made = walk.close()
    assert made.items == () and made.overview.ok == 3
    verdict = walk.verify(walk.bundle(tmp_path / "alone.zip"))
    assert verdict.good, verdict.findings.problems


def test_a_round_run_by_hand_asks_people_too(walk, tmp_path):
    window, _, _ = estates.run_round(walk.context, "walk", by="zhao")
    human.arrive(walk.context, window, by="zhao")
    human.enter(walk.context, window, "web-01", [Answer("lamps", "ok")], by="zhao")
    walk.at(13)
    walk.yard.settle()
    with walk.context.read() as conn:
        one = rounds.find(conn, window.id, walk.context.now())
        made = rounds.read_record(conn, one.record)
    assert made.overview.due == 4 and made.overview.done == 1
    verdict = walk.verify(walk.bundle(tmp_path / "hand.zip"))
    assert verdict.good, verdict.findings.problems


def test_statements_are_read_where_finished_days_are_packed_too(walk, tmp_path):
    walk.arrive()
    walk.sign(walk.everything())
    window = walk.window()
    for _ in range(256):
        human.arrive(walk.context, window, by="qian")
    with walk.context.read() as conn:
        before = human.said(conn, walk.window().id)
    packing.pack_group(walk.context, 0)
    human._read.cache_clear()
    with walk.context.read() as conn:
        assert human.said(conn, walk.window().id) == before and len(before) > 256
        assert human.photos(conn, 0, 300) == ()
    walk.machine()
    assert walk.close().overview.done == 4
    assert walk.verify(walk.bundle(tmp_path / "packed.zip")).good
