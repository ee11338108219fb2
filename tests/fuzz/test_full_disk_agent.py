"""A real agent before a collector whose disk is full for a minute and a half: it waits and loses nothing."""

import time


def test_an_agent_waits_out_a_full_collector_and_everything_arrives(small_site, small_disk, e2e, capsys):
    site = small_site
    site.serve()
    machine = site.enrol()
    site.plan()
    machine.start()
    e2e.until(lambda: len(site.logged()) >= 3)
    e2e.fill(small_disk)
    begun = time.monotonic()
    contact = ("disk_full", "not_durable")
    e2e.until(lambda: (machine.meta("running") or {})["contact"]["word"] in contact, 40)
    time.sleep(max(0, begun + 30 - time.monotonic()))  # beyond the lease's 15 seconds
    assert site.server.alive and machine.program.alive
    assert site.get("/readyz")[0] == 503
    size = len(site.logged())
    (small_disk / "fill").unlink()
    e2e.until(lambda: machine.drained() and len(site.logged()) > size + 20, 150, 0.5)
    took = time.monotonic() - begun
    e2e.settle(site, machine)
    signed, lines = e2e.check_all(site, machine)
    assert site.server.stop() == 0
    site.fsck()
    with capsys.disabled():
        print(f"\nfull, and drained after {took:.0f} s: {signed} batches, {lines} results, none lost")
