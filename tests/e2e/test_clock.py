"""The collector's clock is set forward and back by an hour; the agent's too (real processes, faketime)."""

import itertools
import json

import pytest

from checks.wire import header as headers


@pytest.fixture
def faked(tmp_path, libfaketime):
    """`faked(name)`: a file that says how far a process's clock is off, and the environment for it."""

    def make(name):
        file = tmp_path / f"{name}.faketime"
        file.write_text("+0\n")
        return file, {
            "LD_PRELOAD": libfaketime,
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_NO_CACHE": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    return make


def more(site, e2e, count=3):
    size = len(site.logged())
    e2e.until(lambda: len(site.logged()) >= size + count, 180, 0.1, "more batches")


def test_a_collector_whose_clock_is_set_goes_on_in_order_and_the_agent_says_how_far(site, e2e, faked):
    file, env = faked("collector")
    site.serve(env=env)
    machine = site.enrol()
    site.plan()
    machine.start()
    more(site, e2e, 2)
    file.write_text("+3600\n")

    def told():
        """theta is agent minus collector; of the last exchanges the quickest one speaks."""
        newest = max(site.logged().items())[1][0][1]
        offset = headers.parse(newest.header).clock.offset_us
        return offset is not None and abs(offset + 3600 * 1_000_000) < 5_000_000

    e2e.until(told, 300, 0.2, "the agent to say it")
    file.write_text("+0\n")
    more(site, e2e)
    e2e.settle(site, machine)
    e2e.check_all(site, machine)
    received = [at for (at,) in site.rows("SELECT received FROM entry ORDER BY idx")]
    assert received == sorted(received)
    assert site.server.stop() == 0
    site.fsck()


def test_an_agent_whose_clock_is_set_loses_nothing_and_its_batches_are_flagged(site, e2e, faked):
    step = 3600
    file, env = faked("agent")
    site.serve()
    machine = site.enrol()
    site.plan()
    machine.start(env=env)
    more(site, e2e, 2)
    file.write_text(f"{step:+d}\n")
    more(site, e2e)
    metrics = site.get("/metrics")[1].decode()
    flagged = next(line for line in metrics.splitlines() if line.startswith("roundseal_clock_flags_total "))
    # What was seen before the step goes out under the clock of before: that one is not flagged.
    assert float(flagged.split()[1]) >= 2
    file.write_text("+0\n")
    more(site, e2e)
    e2e.settle(site, machine)
    _, count = e2e.check_all(site, machine)
    found = [headers.parse(one.header) for ((_, one),) in site.logged().values()]
    assert any(
        one.clock.offset_us is not None and abs(one.clock.offset_us - step * 1_000_000) < 5_000_000
        for one in found
    )
    jumps = [
        round(((b.clock.wall - a.clock.wall) - (b.clock.mono - a.clock.mono)) / 1000)
        for a, b in itertools.pairwise(found)
    ]
    assert [jump for jump in jumps if abs(jump) > 2] == [step, -step]
    # No burst: four probes a second, on a clock that nobody sets.
    spent = (found[-1].clock.mono - found[0].clock.mono) / 1000
    assert count <= 4 * (spent + 6), (count, spent)
    assert json.dumps(machine.meta("running")["jumps"]) == "2"
    site.server.stop()
    site.fsck()
