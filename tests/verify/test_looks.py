"""A judge that remembers says of every line what one without memories says."""

from hashlib import sha256

import pytest

from checks import registry
from checks.api import Seen
from checks.codec import FieldError, from_json, to_json
from checks.result import Result, encode
from checks.wire import strict_json
from collector.verify.looks import SAME, UNKNOWN, Judge

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


def test_a_line_is_judged_alike_however_often_it_comes():
    judge = Judge.of(ASKED)
    for _ in range(3):
        who, _, _, _, said = judge.look(line(7), "web-01")
        assert (who.series, said.judged, said.problem) == (("host.load", "web-01", "web-01"), SAME, None)
    assert len(judge.memory) == 1


def test_what_another_agent_was_asked_is_no_answer_for_this_one():
    judge = Judge.of(ASKED)
    for _ in range(3):
        assert judge.look(line(7), "web-01")[4].problem is None
    for agent, target in (("web-02", "web-01"), ("web-01", "elsewhere")):
        said = judge.look(line(7, target), agent)[4]
        assert (said.judged, said.problem and said.problem[0]) == (UNKNOWN, "bad_plan")


def test_a_series_that_never_repeats_is_no_longer_remembered_and_still_judged():
    judge = Judge.of(ASKED)
    for number in range(200):
        assert judge.look(line(number), "web-01")[4].problem is None
    known = len(judge.once)
    for number in range(200, 300):
        assert judge.look(line(number), "web-01")[4].problem is None
        wrong = line(number).replace(b'"1min",[', b'"1min",[1')
        problem = judge.look(wrong, "web-01")[4].problem
        assert problem is not None and problem[0] == "judged_differently"
    assert len(judge.once) == known < 200


@pytest.mark.parametrize(
    ("old", "new"),
    [(b'"ok"}', b'"warn"}'), (b'"one":7,', b'"one":8,'), (b'"cores":2', b'"cores":3'), (b"[7,2]", b"[7,3]")],
)
def test_one_changed_word_is_noticed_before_and_after_the_line_was_remembered(old: bytes, new: bytes):
    judge = Judge.of(ASKED)
    bad = line(7).replace(old, new)
    assert bad != line(7)
    for _ in range(3):
        problem = judge.look(bad, "web-01")[4].problem
        assert problem is not None and problem[0] == "judged_differently"
        assert judge.look(line(7), "web-01")[4].problem is None


def test_a_unit_that_there_is_not_is_no_line():
    with pytest.raises(FieldError, match="none of"):
        Judge.of(ASKED).look(line(7).replace(b'"percent"', b'"cent"'), "web-01")
