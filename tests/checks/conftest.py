"""What the checks' tests share: a look through real parts, its line, and the recording made of it.

With ROUNDSEAL_RECORD=1 every look that a test names is written to tests/checks/recordings/<id>/<name>.json.
"""

import time

import pytest
import recordings

from checks import registry
from checks.result import Item, When, decode, encode, look, rejudge


@pytest.fixture
def looked():
    """Look with a check, take the line through its bytes, judge it again; nothing `hidden` is in it."""

    def run(check_id, params, source, name="", hidden=()):
        check = registry.get(check_id)
        item = Item(check_id, check.version, "target", None, params)
        now = lambda: time.time_ns() // 1_000_000  # noqa: E731
        result = look(check, item, source, vantage="here", when=When(slot=0), now=now)
        line = encode(result)
        assert not any(word.encode() in line for word in hidden)
        again = decode(line)
        assert again == result
        if result.error is None:
            assert rejudge(check, again, params) == result.readings
            assert all(reading.reason for reading in result.readings if reading.state.value != "ok")
        if name:
            # Where the test ran is nobody's business.
            hidden = {r"/tmp/[^\"]*?/test_[a-z_]+[0-9]*": "/opt/app"}
            recordings.keep(check_id, name, recordings.of_line(line, params, result.t0), hidden)
        return result

    return run


@pytest.fixture
def why():
    """Reading name -> its reason (or ok)."""
    return lambda result: {r.name: r.reason or r.state.value for r in result.readings}
