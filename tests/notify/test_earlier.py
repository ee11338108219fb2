"""What was said of one fault of a system says nothing of the next one, whenever it was said."""

import pytest

from checks.recurrence import zone
from collector.faults.said import Extent, fault_id
from collector.jobs import messages, scorecards
from collector.notify import receipts
from collector.notify.due import Subject, Told, wanted
from collector.notify.rules import Rule
from collector.notify.sending import send

HOUR = 3_600_000
BEGIN = 1_782_864_000_000


def stages(told):
    return [(one.item, one.stage) for one in told.outbox()][::-1]


def sends(told):
    due = messages.outgoing(told.context, told.context.now())
    return [messages.deliver(told.context, one, send, 60.0) for one in due]


def test_one_that_was_over_before_it_could_be_told_does_not_hide_the_one_that_runs(told, hook):
    told.apply(f"{{when: fault, to: '{hook.url}'}}")
    told.probe(5)
    told.probe(70, down=[*range(5), *range(60, 70)])
    assert told.turn() == ["accepted"]
    first, later = told.faults()
    assert stages(told) == [(first.id, "past"), (later.id, "begun")]
    assert later.announced_by == told.logged()[0].entry


def test_one_that_ends_in_the_batch_in_which_the_next_begins_does_not_hide_it(told, hook):
    told.apply(f"{{when: fault, to: '{hook.url}'}}")
    told.probe(5)
    told.probe(5, down=range(5))
    assert told.turn() == ["accepted"]
    told.probe(33, down=(31, 32))
    told.turn()
    told.probe(10, down=range(10))
    told.turn()
    first, later = told.faults()
    assert sorted(stages(told)) == sorted([(first.id, "begun"), (first.id, "over"), (later.id, "begun")])


def test_what_names_an_earlier_fault_does_not_announce_the_one_that_runs(told, hook, tmp_path):
    """The channel takes what waited of the first one while the second runs: store and verifier agree."""
    told.apply(f"{{when: fault, to: '{hook.url}'}}")
    told.probe(5)
    hook.status = 503
    told.probe(5, down=range(5))
    assert told.turn() == ["http_503"]
    told.probe(60)
    told.probe(4, down=range(4))
    hook.status = 200
    assert sends(told) == ["accepted"]
    first, later = told.faults()
    assert [item.id for one in told.logged() for item in one.items] == [first.id]
    assert first.announced_by == told.logged()[0].entry and "announced_late" in first.flags
    assert later.moments.announced_ms is None and "clock_from_detected" in later.flags
    told.probe(10)
    told.site.go("2026-08-05T09:00")
    told.site.settle()
    assert scorecards.seal(told.context, "2026-06", by="test") is not None
    found = told.verdict(tmp_path / "b.zip")
    words = {name: word for name, word, _ in found.claims}
    assert words["scorecard 2026-06 (seal)"] == "proven if" and found.good, found.findings.problems


def extent(system, begin, end=None):
    return Extent(fault_id(system, begin), system, begin, end)


@pytest.mark.parametrize(("minutes", "near"), [(9, True), (11, False)])
def test_an_onset_that_late_evidence_moved_is_followed_a_little_way(minutes, near):
    onset = BEGIN + minutes * 60_000
    known = receipts.Known([extent("s", BEGIN - HOUR, BEGIN - HOUR + 60_000), extent("s", onset)])
    old, now = fault_id("s", BEGIN), onset + 60_000
    assert known.about(old, "begun", now) == (fault_id("s", onset) if near else None)
    assert known.about(old, "past", now) is known.about(old, "over", now) is None
    assert known.about(fault_id("s", onset + 30_000), "over", now) == fault_id("s", onset)
    assert known.about(fault_id("t", onset), "begun", now) is known.about("s@once", "begun", now) is None


def test_of_many_faults_each_is_told_once_and_once_over():
    """Two months of them: what was told is known by its own name, whatever else ran then."""
    rule = Rule("fault", "x")
    told, subjects = [], []
    for n in range(1500):
        begin, name = BEGIN + n * HOUR, f"s{n % 40}"
        told += [
            Told("x", "fault", fault_id(name, begin), stage, begin + m)
            for stage, m in (("begun", 1), ("over", 9))
        ]
        subjects.append(Subject("fault", fault_id(name, begin), begin, begin + 8, None, name))
    new = subjects[-1]
    due = wanted([(rule, 0)], subjects, told[:-1], BEGIN + 1501 * HOUR, zone("Asia/Shanghai"))
    assert [(one.subject, one.stage) for one in due] == [(new, "over")]
