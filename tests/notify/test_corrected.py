"""What people were told and what came in later shows otherwise: it is told again."""

import pytest

from checks.recurrence import zone
from collector.faults.said import fault_id
from collector.jobs import derive, messages
from collector.jobs.message_subjects import SOON_MS
from collector.notify.due import MOST_TURNS, Subject, Told, wanted
from collector.notify.receipts import Item, announced
from collector.notify.rules import Rule
from collector.packs.loading import packaged
from collector.reports.messages import Place, text_of

MINUTE = 60_000
HOUR = 60 * MINUTE
CHINA = zone("Asia/Shanghai")
ENGLISH = Place("", CHINA, "en")
PACKS = ("luohe-2026", "pingdingshan-2024", "pingdingshan-2025", "huaian-2025")


def stages(told, kind="fault"):
    return [one.stage for one in told.outbox() if one.kind == kind][::-1]


def looks(told, *times, sent):
    """Looks at (minute, down) that arrive now."""
    begin = told.begin
    told.world.at = begin + round(sent * MINUTE)
    told.agent.send(*(told.look("p", begin + round(minute * MINUTE), down) for minute, down in times))
    derive.catch_up(told.context)


def test_a_fault_that_late_evidence_shows_never_was_is_taken_back(told, hook):
    told.apply(f"{{when: fault, to: '{hook.url}'}}")
    told.begin = told.world.at
    looks(told, (0, False), (1, True), (3, True), (4, True), sent=4.1)
    assert told.turn() == ["accepted"]
    fault = told.faults()[0]
    looks(told, (2, False), (5, False), (6, False), sent=6.1)  # the first one in the middle of the outage
    assert told.faults() == ()
    assert told.turn() == ["accepted"] and told.turn() == []
    assert stages(told) == ["begun", "void"]
    body = hook.got[-1][2]
    assert body["type"] == "success" and "不成立" in body["title"] and "门户网站" in body["title"]
    assert body["items"] == [{"kind": "fault", "id": fault.id, "stage": "void"}]


def test_one_told_to_be_over_that_never_was_is_taken_back_too(told, hook):
    told.apply(f"{{when: fault, to: '{hook.url}'}}")
    told.begin = told.world.at
    looks(told, (0, False), (1, True), (3, True), (4, True), (5, False), (6, False), (7, False), sent=8)
    assert told.turn() == ["accepted"]
    assert stages(told) == ["past"]
    looks(told, (2, False), sent=9)
    assert told.turn() == ["accepted"] and stages(told) == ["past", "void"]


def test_nothing_is_taken_back_before_all_that_was_logged_is_worked_in(told, hook):
    """After a rebuild the figures come back one by one: what is not there yet is not gone."""
    told.apply(f"{{when: fault, to: '{hook.url}'}}")
    told.probe(4, down=range(4))
    assert told.turn() == ["accepted"]
    told.world.at += MINUTE
    told.agent.send(told.look("p", told.world.at - 1000, down=True))  # logged, not yet derived
    with told.context.write() as conn:
        conn.exec_driver_sql("DELETE FROM run")
    assert messages.prepare(told.context) == 0
    derive.catch_up(told.context)
    assert messages.prepare(told.context) == 1 and stages(told) == ["begun", "void"]


def test_a_fault_that_lasts_after_all_is_told_again(told, hook):
    told.apply(f"{{when: fault, to: '{hook.url}'}}")
    told.begin = told.world.at
    looks(told, (0, False), (1, True), (2, True), (3, True), (4, False), (6, False), sent=6.1)
    assert told.turn() == ["accepted"]
    first = told.faults()[0]
    late = [(n / 2, True) for n in (9, 10, 11, 13, 14, 15)]
    looks(told, *late, sent=7.6)  # recoveries of half a minute split no fault
    assert [one.id for one in told.faults()] == [first.id]
    assert told.turn() == ["accepted"]
    assert stages(told) == ["past", "again"]
    assert "仍未恢复" in hook.got[-1][2]["title"] and hook.got[-1][2]["type"] == "failure"
    looks(told, *((n, False) for n in range(8, 14)), sent=14)
    assert told.turn() == ["accepted"] and stages(told) == ["past", "again", "over"]


def due(rule, subject, *said):
    told = [Told("x", subject.kind, subject.id, stage, n) for n, stage in enumerate(said)]
    return [one.stage for one in wanted([(rule, 0)], [subject], told, 10 * HOUR, CHINA)]


@pytest.mark.parametrize(
    ("said", "over", "stage"),
    [
        (("begun",), False, []),
        (("begun", "over"), False, ["again"]),
        (("begun", "over", "again"), False, []),
        (("begun", "over", "again", "reminder-1"), True, ["over-2"]),
        (("begun", "over", "again", "over-2"), True, []),
        (("begun", "over", "again", "over-2"), False, ["again-2"]),
        (("begun", "void"), False, ["again"]),
        (("begun", "void"), True, ["past"]),
        (("begun", "void", "past"), True, []),
    ],
)
def test_what_is_told_next_depends_on_what_was_told_last(said, over, stage):
    subject = Subject("fault", fault_id("s", 9 * HOUR), 9 * HOUR, 9 * HOUR + 9 if over else None, None, "s")
    assert due(Rule("fault", "x"), subject, *said) == stage


def test_it_is_not_told_back_and_forth_for_ever():
    subject = Subject("fault", fault_id("s", 9 * HOUR), 9 * HOUR, None, None, "s")
    said = ["begun", "over"] + [f"{w}-{n}" for n in range(1, MOST_TURNS + 1) for w in ("again", "over")]
    assert due(Rule("fault", "x"), subject, *said) == []


def test_who_was_told_of_a_fault_is_told_its_end_whatever_its_level_is_by_then():
    ended = Subject("fault", fault_id("s", 9 * HOUR), 9 * HOUR, 9 * HOUR + 9, None, "s", level=3)
    assert due(Rule("fault", "x", levels=(1,)), ended, "begun") == ["over"]
    assert due(Rule("fault", "x", levels=(1,)), ended) == []
    gone = Subject("fault", ended.id, 9 * HOUR, system="s", void=True)
    assert due(Rule("fault", "x", units=("u",)), gone, "begun") == ["void"]
    assert due(Rule("fault", "x"), gone) == due(Rule("finding", "x"), gone, "begun") == []


def test_a_message_that_takes_back_or_ends_announces_nothing():
    from collector.faults.said import Extent
    from collector.notify.receipts import Message

    extent = Extent(fault_id("s", HOUR), "s", HOUR, None)

    def message(stage):
        items = (Item("fault", extent.id, stage),)
        return Message(7, 2 * HOUR, "0" * 64, "1" * 64, "2" * 64, "json", True, 1, 1, "3" * 64, items)

    for stage in ("over", "over-2", "void", "void-3"):
        assert announced([message(stage)], [extent]) == {}
    assert set(announced([message("again-2")], [extent])) == {extent.id}


def test_a_limit_is_told_before_it_ends_and_again_when_it_has_run_out(told, hook):
    told.apply(f"{{when: clock, to: '{hook.url}'}}")
    told.probe(3, down=range(3))
    told.turn()
    fault = told.faults()[0]
    clock = max((one for one in fault.clocks if one.due_ms), key=lambda one: one.due_ms)

    def said():
        return [one.stage for one in told.outbox() if one.item == f"{fault.id}/{clock.id}"][::-1]

    assert said() == []
    ahead = (clock.due_ms - SOON_MS - told.world.at) // MINUTE + 2
    told.probe(ahead, down=range(ahead))
    told.turn()
    assert said() == ["begun"]
    told.probe(32, down=range(32))
    assert "accepted" in told.turn()
    assert said() == ["begun", "late"]
    assert told.turn() == [] and "超时" in hook.got[-1][2]["message"]


@pytest.mark.parametrize("pack", PACKS)
def test_limits_are_told_in_words(pack):
    place = Place("https://x.example", CHINA, "zh")
    for clock in packaged(pack).pack.faults.clocks:
        words = f'{{"limits":[["{clock.id}",1]],"name":"门户"}}'
        text = text_of([(Item("fault", "s@2026-07-01T00:00:00Z", "begun"), words)], 0, place)
        assert clock.id not in text.body and "时限" in text.body
        english = text_of([(Item("fault", "s@2026-07-01T00:00:00Z", "begun"), words)], 0, ENGLISH)
        assert f"limit {clock.id}:" not in english.body
