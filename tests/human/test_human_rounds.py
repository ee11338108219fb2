"""Human items from checklist to record: what nobody entered is not done, and never good."""

import pytest

from collector.inspection.human import Answer
from collector.jobs.human import HumanError


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
