"""What else is told: limits, silent agents, missed rounds, findings, backups."""

from collector.jobs import derive, messages, rounds
from collector.jobs.message_subjects import SOON_MS

RULES = tuple(f"{{when: {kind}, to: 'custom:desk'}}" for kind in ("clock", "silent", "missed", "finding"))


def lines(told):
    return [(one.kind, one.stage, one.item) for one in told.outbox()][::-1]


def test_an_agent_that_falls_silent_is_told_and_told_to_be_back(told):
    told.apply("{when: silent, to: 'custom:desk'}")
    told.probe(2)
    up = told.world.at
    told.world.at += 200_000
    assert messages.prepare(told.context) == 0
    told.world.at += 101_000
    assert messages.prepare(told.context, up_ms=up + 1000) == 0  # nobody was here to be heard by
    assert messages.prepare(told.context) == 1
    assert messages.prepare(told.context) == 0
    told.probe(1)
    assert messages.prepare(told.context) == 1
    assert [(kind, stage) for kind, stage, _ in lines(told)] == [("silent", "begun"), ("silent", "over")]
    assert lines(told)[0][2].startswith("web-01@")


def test_a_limit_that_ends_soon_is_told_and_so_is_a_round_that_was_missed(told):
    told.apply(*RULES)
    told.probe(40, down=range(40))
    messages.prepare(told.context)
    fault = told.faults()[0]
    late = {one.id for one in fault.clocks if one.due_ms and one.due_ms - SOON_MS <= told.world.at}
    assert late and {item.rpartition("/")[2] for kind, _, item in lines(told) if kind == "clock"} == late
    told.site.go("2026-07-13T09:30")
    told.site.settle()
    rounds.close_due(told.context)
    derive.catch_up(told.context)
    messages.prepare(told.context)
    assert ("missed", "begun", "weekly/2026-07-06") in lines(told)
    shown = messages.outgoing(told.context, told.world.at)[0].text
    assert "漏检" in shown.body and "时限" in shown.body


def test_a_finding_is_told_when_its_record_is_closed_and_again_when_it_is_over(told):
    told.apply("{when: finding, to: 'custom:desk', lang: en}")
    for monday, load, wanted in (("2026-07-06", 5000, "begun"), ("2026-07-13", 50, "over")):
        told.site.go(f"{monday}T09:30")
        told.agent.send(told.loaded(f"weekly/{monday}", load))
        told.site.settle()
        messages.prepare(told.context)
        told.site.go(f"{monday}T17:30")
        told.site.settle()
        messages.prepare(told.context)
        assert lines(told)[-1][:2] == ("finding", wanted)
    assert "[finding closed] web-01" in messages.outgoing(told.context, told.world.at)[0].text.body
