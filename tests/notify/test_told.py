"""A fault is told through a real channel, its receipt is logged, its clock starts there, all agree."""

from dataclasses import replace
from datetime import datetime
from hashlib import sha256

from checks.recurrence import zone
from checks.wire.numbers import EntryKind
from collector.faults.clocks import ALERT_SLACK_MS
from collector.jobs import messages, projection, scorecards
from collector.notify import receipts


def test_a_fault_is_told_once_logged_and_announces(told, hook):
    told.apply(f"{{when: fault, to: '{hook.url}'}}")
    told.probe(10)
    assert told.turn() == []
    told.probe(3, down=range(3), sent_ms=5000)
    assert told.turn() == ["accepted"]
    assert told.turn() == []
    (path, headers, body) = hook.got[0]
    fault = told.faults()[0]
    assert path == "/hook" and headers["Content-Type"] == "application/json"
    assert "门户网站" in body["title"] and f"/faults/{fault.id}" in body["message"]
    assert body["items"] == [{"kind": "fault", "id": fault.id, "stage": "begun"}]
    made = told.logged()[0]
    assert made.accepted and made.channel == "json" and made.items[0].id == fault.id
    assert made.to == sha256(hook.url.encode()).hexdigest()
    assert made.text == sha256(f"{body['title']}\n\n{body['message']}".encode()).hexdigest()
    assert fault.moments.announced_ms == made.received_ms and fault.announced_by == made.entry
    assert "clock_from_detected" not in fault.flags
    told.probe(10)
    assert told.turn() == ["accepted"]
    assert [item.stage for one in told.logged() for item in one.items] == ["begun", "over"]


def begins(told):
    return {one.start_ms for one in told.faults()[0].clocks if one.start == "problem"}


def local(told, ms):
    return f"{datetime.fromtimestamp(ms / 1000, zone('Asia/Shanghai')):%Y-%m-%d %H:%M:%S}"


def test_a_message_says_from_when_its_limits_count_and_what_it_changes_itself(told, hook):
    told.apply(f"{{when: fault, to: '{hook.url}', remind: 2m}}")
    told.probe(3, down=range(3), sent_ms=5000)
    detected = told.faults()[0].moments.detected_ms
    assert begins(told) == {detected}
    assert told.turn() == ["accepted"]
    first = hook.got[0][2]["message"]
    assert f"时限暂自 {local(told, detected)} 起算" in first
    assert f"不晚于 {local(told, detected + ALERT_SLACK_MS)} 送达的，改自送达时起算" in first
    announced = told.logged()[0].received_ms
    assert announced > detected and begins(told) == {announced}
    told.probe(4, down=range(4))
    assert told.turn() == ["accepted"]
    reminder = hook.got[1][2]["message"]
    assert f"时限自 {local(told, announced)} 起算" in reminder and "改自" not in reminder


def test_a_message_that_comes_too_late_to_be_a_start_promises_none(told, hook):
    told.apply(f"{{when: fault, to: '{hook.url}', lang: en}}")
    told.probe(3, down=range(3), sent_ms=5000)
    messages.prepare(told.context)
    detected = told.faults()[0].moments.detected_ms
    told.world.at = detected + ALERT_SLACK_MS
    assert "by" in counted(told) and "for now" in counted(told)
    told.world.at += 1
    assert counted(told) == f"limits count from {local(told, detected)}"
    assert told.turn() == ["accepted"]
    assert begins(told) == {detected}


def counted(told):
    """The line of the message that waits."""
    (due,) = messages.outgoing(told.context, told.world.at)
    return next(line for line in due.text.body.splitlines() if line.startswith("limits count"))


def test_where_the_contract_counts_from_the_detection_no_message_changes_it(told, hook):
    by_option = told.estate.replace("2026-06-10}}", "2026-06-10, options: {{clock.start: detected}}}}")
    told.apply(f"{{when: fault, to: '{hook.url}'}}", text=by_option)
    told.probe(3, down=range(3), sent_ms=5000)
    assert told.turn() == ["accepted"]
    detected = told.faults()[0].moments.detected_ms
    assert begins(told) == {detected}
    body = hook.got[0][2]["message"]
    assert f"时限自 {local(told, detected)} 起算" in body and "改自" not in body


def verdict_of(told, tmp_path):
    found = told.verdict(tmp_path / "b.zip")
    words = {name: (word, detail) for name, word, detail in found.claims}
    return found, words


def test_the_verifier_finds_the_same_clock_from_the_bundle_alone(told, hook, tmp_path):
    told.apply(f"{{when: fault, to: '{hook.url}'}}")
    told.probe(10)
    told.probe(3, down=range(3))
    told.turn()
    told.probe(10)
    told.turn()
    told.site.go("2026-08-05T09:00")
    told.site.settle()
    _, sealed = scorecards.seal(told.context, "2026-06", by="test") or (None, None)
    assert sealed is not None
    found, words = verdict_of(told, tmp_path)
    assert words["messages"] == ("proven if", "2 taken by their channels, 0 given up")
    assert words["scorecard 2026-06 (seal)"][0] == "proven if", words
    assert found.good, found.findings.problems


def test_a_message_that_nobody_asked_for_and_one_of_another_form_are_problems(told, hook, tmp_path):
    told.apply(f"{{when: fault, to: '{hook.url}'}}")
    told.probe(4, down=range(4))
    told.turn()
    good = told.logged()[0]
    strange = receipts.header(replace(good, to="ab" * 32))
    future = receipts.header(replace(good, at_ms=told.world.at + 3_600_000))
    bare = {**receipts.header(good), "items": []}
    wanted = [(EntryKind.COLLECTOR, one, None) for one in (strange, future, bare)]
    idxs = projection.log(told.context, wanted)
    found, words = verdict_of(told, tmp_path)
    bad = [(one.code, one.where) for one in found.findings.problems]
    assert set(bad) == {("bad_statement", f"entry {idx}") for idx in idxs}
    assert words["messages"][0] == "contradicted"
    assert len(told.logged()) == 2  # the store reads what has the form, no more
