"""An agent told to receive has a receiver beside it, looks at it, and ends it."""

import signal

import pytest

from agent.sources.means import Means
from agent.sources.memory import Transient
from agent.sources.received import open_received
from checks.api import ErrorKind, ObservationError


def test_what_is_received_becomes_a_result_and_the_receiver_ends_with_the_agent(
    collector, state, start_agent, until, item
):
    state.path("agent.yaml").write_text("receive: {syslog: {port: 0}}\n")
    params = {"address": "127.0.0.1", "silence": "expected", "silence_s": 86_400}
    collector.serve_plan(items=[item("network.syslog", params=params)])
    process = start_agent(state)
    found = until(lambda: [one["facts"] for one in collector.results() if "facts" in one], 180)
    assert found[0]["received"]["first_look"] is True
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    # Its socket file stays; nobody listens behind it any more.
    with pytest.raises(ObservationError) as raised:
        open_received(Transient(), Means(state=state.root)).receiver()
    assert raised.value.kind is ErrorKind.UNREACHABLE
