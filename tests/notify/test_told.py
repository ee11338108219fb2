"""A fault is told through a real channel, its receipt is logged, its clock starts there, all agree."""

from dataclasses import replace
from hashlib import sha256

from checks.wire.numbers import EntryKind
from collector.jobs import projection, scorecards
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
