"""A copied agent directory: two writers of one key are found with the first batch of the second one."""

import json
import shutil

import pytest

from checks.wire import entry
from checks.wire import header as headers
from checks.wire.numbers import EntryKind
from collector.store import compact
from collector.web.pages import chains


@pytest.fixture
def site(e2e, tmp_path):
    """This one over TLS, as installed."""
    made = e2e.Site(tmp_path, tls=True).init()
    yield made
    made.close()


def test_a_cloned_agent_is_found_within_one_batch_and_shown(site, e2e):
    site.serve()
    first = site.enrol()
    site.plan()
    first.start()
    e2e.until(lambda: len(site.logged()) >= 3)
    e2e.settle(site, first)
    before = site.logged()
    copy = site.place / "state-copy"
    shutil.copytree(first.state, copy)
    second = e2e.Machine(site, copy)
    first.start()
    second.start()
    both = (first, second)
    e2e.until(lambda: any(one.meta("halt") for one in both), 180, 0.2, "one of the two to stop")
    (loser,) = [one for one in both if one.meta("halt")]
    (winner,) = [one for one in both if one is not loser]
    assert loser.meta("halt")["why"] == "fork"
    # Not one batch of the second writer is in the log; its first one is the proof.
    theirs = loser.batches()
    logged = site.logged()
    fresh = sorted(set(theirs) - set(before))
    assert fresh and not any(theirs[seq].header == logged[seq][0][1].header for seq in fresh if seq in logged)
    ((idx, data),) = site.rows("SELECT idx, data FROM entry WHERE kind = ?", int(EntryKind.FORK))
    proof = json.loads(entry.parse(compact.unpack(data)).header)
    assert proof["seq"] == len(before)
    assert bytes.fromhex(proof["header"]) == theirs[proof["seq"]].header
    assert proof["ours"] == logged[proof["seq"]][0][0] < idx
    # The other one goes on: its batches are logged, and not scored.
    size = len(site.logged())
    e2e.until(lambda: len(site.logged()) > size + 1)
    # Shown: by the commands on both sides, and on the agents' page.
    said = site.run("roundseal-collector", "agents", site.directory, "--json")
    (row,) = json.loads(said.stdout)
    assert row["quarantine"] is True
    assert "QUARANTINE" in site.run("roundseal-collector", "agents", site.directory).stdout
    code, value = loser.status()
    assert code == 1 and value["troubles"][0] == "halted_fork"
    with site.context() as context, context.read() as conn:
        (chain,) = chains.every(conn, context.now())
    assert chain.state == "forked" and chains.wrong(chain) and chain.agent.fork_idx == idx
    for one in both:
        one.program.stop()
    e2e.check_log(site)
    e2e.check_chain(site)
    assert winner.meta("halt") is None
    assert all(headers.parse(one.header).agent == "web-01" for ((_, one),) in site.logged().values())
    site.server.stop()
    site.fsck()
