"""The collector is away for two days (the agent's outbox is made by its own code on a clock of our own)."""

import time

from parts import loaded

from agent.clock import Sample, boot_id
from agent.outbox import Finished, Outbox
from agent.seal import Moment, Sealer
from agent.state import State
from checks.wire import header as headers
from collector.jobs.batches import read_batches

DAYS_MS = 2 * 86_400_000
EVERY_MS = 60_000
PROBES = 6


def two_days(machine, line, now):
    """Looks each minute for two days, signed then, never sent; the lines in order."""
    state = State(machine.state)
    outbox = Outbox(state.path("outbox.db"))
    with outbox._lock:
        outbox._db.execute("PRAGMA synchronous=OFF")  # only here: 5760 commits of a past that is made up
    sealer = Sealer(outbox, state.identity(), state.signer())
    mono, made = 10_000_000, []
    try:
        for at in range(now - DAYS_MS, now, EVERY_MS):
            found = [Finished(line("web-01", at, i), at + 3, at + 5) for i in range(PROBES)]
            outbox.record(found)
            sealer.flush(Moment(Sample(at + 1000, mono + at - now + DAYS_MS), boot_id(), None, ""))
            made += [one.line for one in found]
    finally:
        outbox.close()
    return made


def test_after_two_days_without_a_collector_everything_arrives_once_and_in_order(site, e2e, capsys):
    site.serve()
    machine = site.enrol()
    site.plan(probes=1, flush_ms=500)
    site.server.stop()
    now = int(time.time() * 1000) // EVERY_MS * EVERY_MS
    lines = two_days(machine, loaded("intake/conftest.py").result_line, now)
    machine.look()
    machine.start()
    # It is away still: the agent waits, looks on, and loses nothing.
    e2e.until(lambda: (machine.meta("running") or {}).get("contact", {}).get("word") == "unreachable", 180)
    assert machine.counts()["unsent"] + machine.counts().get("sent", 0) >= DAYS_MS // EVERY_MS
    assert machine.program.alive
    begun = time.monotonic()
    site.serve()
    e2e.until(lambda: machine.drained() and len(site.logged()) > DAYS_MS // EVERY_MS, 300, 0.3)
    took = time.monotonic() - begun
    e2e.until(lambda: machine.counts().get("proven"), 180, 0.3)
    e2e.settle(site, machine)
    signed, count = e2e.check_all(site, machine)
    with site.context() as context, context.read() as conn:
        held = [row for batch in read_batches(conn, 0, 1 << 30) for row in batch.rows]
    assert len(held) == count >= len(lines) == DAYS_MS // EVERY_MS * PROBES
    first = headers.parse(site.logged()[0][0][1].header)
    assert first.from_ms == now - DAYS_MS + 3
    site.server.stop()
    site.fsck()
    with capsys.disabled():
        print(f"\n{signed} batches with {count} results of two days in {took:.1f} s")
