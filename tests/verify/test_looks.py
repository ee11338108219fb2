"""A judge that remembers says of every line what one without memories says."""

from hashlib import sha256

import pytest

from checks import registry
from checks.api import Seen
from checks.codec import FieldError, from_json, to_json
from checks.result import Result, encode
from checks.wire import strict_json
from collector.verify import looks
from collector.verify.looks import SAME, UNKNOWN, Judge, Said

CHECK = registry.get("host.load")
PARAMS = {"five": {"warn": 150, "crit": 300}}
DIGEST = sha256(strict_json.dumps(PARAMS)).hexdigest()
ASKED = {("web-01", "host.load", "web-01", DIGEST): PARAMS, ("web-01", "host.load", "db-01", DIGEST): PARAMS}


def line(one: int, target: str = "web-01", t0: int = 1_795_190_400_000) -> bytes:
    facts = from_json(CHECK.facts, {"load": {"one": one, "five": 10, "fifteen": 10, "cores": 2}}, "facts")
    readings = tuple(CHECK.judge(Seen(facts, t0), from_json(CHECK.params, PARAMS, "params")))
    state = max((reading.state for reading in readings), key=lambda state: state.rank)
    result = Result(
        "host.load", 1, "web-01", target, "web-01", t0, t0, t0 + 1, DIGEST, to_json(facts), readings, state
    )
    return encode(result)


def said_of(judge: Judge, line: bytes, agent: str = "web-01", number: int = 0) -> Said:
    return judge.look(line, agent, judge.order(agent), number)[4]


def test_a_line_is_judged_alike_however_often_it_comes():
    judge = Judge.of(ASKED)
    for _ in range(3):
        who, _, _, _, said = judge.look(line(7), "web-01", judge.order("web-01"), 0)
        assert (who.series, said.judged, said.problem) == (("host.load", "web-01", "web-01"), SAME, None)
    assert [place.said for place in judge.places.values()] == [said]


def test_what_another_agent_was_asked_is_no_answer_for_this_one():
    judge = Judge.of(ASKED)
    for _ in range(3):
        assert said_of(judge, line(7)).problem is None
    for agent, target in (("web-02", "web-01"), ("web-01", "elsewhere")):
        said = said_of(judge, line(7, target), agent)
        assert (said.judged, said.problem and said.problem[0]) == (UNKNOWN, "bad_plan")


def test_a_series_that_never_repeats_is_hardly_remembered_and_still_judged():
    judge = Judge.of(ASKED)
    for number in range(200):
        assert said_of(judge, line(number)).problem is None
    (place,) = judge.places.values()
    known = place.last
    for number in range(200, 207):
        assert said_of(judge, line(number)).problem is None
        wrong = line(number).replace(b'"1min",[', b'"1min",[1')
        problem = said_of(judge, wrong).problem
        assert problem is not None and problem[0] == "judged_differently"
    assert place.last == known and known in line(191)
    for _ in range(20):
        assert said_of(judge, line(7)).problem is None
    assert place.last in line(7)


def test_lines_that_change_their_order_or_their_number_are_judged_alike():
    judge = Judge.of(ASKED)
    one, two = line(7), line(8, "db-01")
    for batch in ((one, two), (two, one), (one,), (one, one, two, two), (b"{}", two), (two, one)):
        for number, each in enumerate(batch):
            if each == b"{}":
                with pytest.raises(FieldError):
                    said_of(judge, each, "web-01", number)
            else:
                who, *_, said = judge.look(each, "web-01", judge.order("web-01"), number)
                assert (who.pair[1] == "db-01", said.problem) == (each is two, None)


def test_a_line_whose_parameters_change_stands_elsewhere():
    judge = Judge.of(ASKED)
    assert said_of(judge, line(7)).problem is None
    problem = said_of(judge, line(7).replace(DIGEST.encode(), b"00" * 32)).problem
    assert problem is not None and problem[0] == "bad_plan"
    assert said_of(judge, line(7)).problem is None


def test_memory_has_an_end(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(looks, "_MOST", 3)
    judge = Judge.of(ASKED)
    for number in range(20):
        problem = said_of(judge, line(7, f"host-{number}"), number=number).problem
        assert problem is not None and problem[0] == "bad_plan"
        assert len(judge.places) <= 3
    judge.room = 10
    assert said_of(judge, line(7)).problem is None
    assert all(not place.last for place in judge.places.values())


@pytest.mark.parametrize(
    ("old", "new"),
    [(b'"ok"}', b'"warn"}'), (b'"one":7,', b'"one":8,'), (b'"cores":2', b'"cores":3'), (b"[7,2]", b"[7,3]")],
)
def test_one_changed_word_is_noticed_before_and_after_the_line_was_remembered(old: bytes, new: bytes):
    judge = Judge.of(ASKED)
    bad = line(7).replace(old, new)
    assert bad != line(7)
    for _ in range(3):
        problem = said_of(judge, bad).problem
        assert problem is not None and problem[0] == "judged_differently"
        assert said_of(judge, line(7)).problem is None


def test_a_unit_that_there_is_not_is_no_line():
    with pytest.raises(FieldError, match="none of"):
        said_of(Judge.of(ASKED), line(7).replace(b'"percent"', b'"cent"'))
