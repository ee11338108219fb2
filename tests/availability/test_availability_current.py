"""The current state: as of the watermark, and never older than it may be."""

from fractions import Fraction

from collector.availability.classes import TimeClass
from collector.availability.current import CurrentState, current
from collector.availability.engine import Params, ServiceSpec
from collector.availability.runs import Outcome, Run
from collector.availability.tree import Leaf
from collector.availability.votes import CheckRuns

RUNS = (Run(Outcome.OK, 0, 100_000, 11, 10_000), Run(Outcome.FAIL, 110_000, 120_000, 2, 10_000))
SPEC = ServiceSpec(0, 1, Params(Fraction(1)), {"web": CheckRuns({"a": RUNS}, 25_000)}, Leaf("web"))


def test_an_agent_that_never_reported_leaves_the_state_unknown():
    assert current(SPEC, None, 500_000, 35_000).state is TimeClass.UNKNOWN


def test_a_watermark_that_is_too_old_leaves_the_state_unknown_with_its_age():
    assert current(SPEC, 120_000, 155_001, 35_000) == CurrentState(TimeClass.UNKNOWN, 120_000, 35_001)


def test_the_state_is_that_of_the_watermark_with_its_age():
    assert current(SPEC, 120_000, 130_000, 35_000) == CurrentState(TimeClass.DOWN, 120_000, 10_000)
    assert current(SPEC, 105_000, 110_000, 35_000).state is TimeClass.UP
