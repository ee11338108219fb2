"""A new machine from a backup: agents refill it, nothing is doubled, nothing published is contradicted."""

import json
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from checks.wire import entry
from checks.wire import header as headers
from checks.wire.numbers import EntryKind
from collector.context import open_context
from collector.store import alarms, evidence, packs

ESTATE = """
estate: restore
units: [{id: here}]
systems: [{id: self, unit: here, service: door}]
assets: [{id: host, kind: server, system: self, agent: host}]
probes:
  - id: door
    check: service.tcp
    from: [host]
    every: 2s
    params: {host: 127.0.0.1, port: @PORT@, timeout_ms: 1000}
"""


def batches(directory: Path) -> Counter[tuple[int, bytes]]:
    """(seq, header) of every batch in the log, with how often it is there."""
    found: Counter[tuple[int, bytes]] = Counter()
    with open_context(directory) as context, context.read() as conn:
        for row in packs.entry_rows(conn, 0, evidence.size(conn)):
            if row.kind == EntryKind.BATCH:
                raw = entry.parse(row.data or b"").header
                found[headers.parse(raw).seq, raw] += 1
    return found


def heads(directory: Path) -> dict[int, str]:
    """Every signed head by its size."""
    with open_context(directory) as context, context.read() as conn:
        rows = [evidence.checkpoint(conn, size) for size in range(1, evidence.size(conn) + 1)]
        return {row.size: row.note for row in rows if row is not None}


def status(done_or_run, state: Path) -> dict:
    return json.loads(done_or_run("roundseal-agent", "status", "--state", state, "--json").out)


def restore(backup: Path, place: Path) -> Path:
    """As the documentation says: a new private directory, tar, serve."""
    place.mkdir(mode=0o700)
    subprocess.run(["tar", "-xpf", backup, "-C", place], check=True)
    return place


@pytest.mark.slow
def test_a_collector_restored_on_a_new_machine_is_refilled_from_the_agents(
    start, done, run, until, directory, tmp_path
):
    state, backup = tmp_path / "agent", tmp_path / "backup.tar"
    old = start.collector(directory)
    listen = f"127.0.0.1:{old.port}"
    estate = tmp_path / "estate.yaml"
    estate.write_text(ESTATE.replace("@PORT@", str(old.port)))
    done("roundseal-collector", "estate", "apply", directory, estate)
    token = done("roundseal-collector", "token", "create", directory, "--asset", "host").strip()
    url = f"http://{listen}"
    said = done("roundseal-agent", "enrol", url, token, "--state", state, "--no-wait", "--json")
    done("roundseal-collector", "agents", "approve", directory, json.loads(said)["code"])
    agent = start.agent(state)
    until(lambda: sum(batches(directory).values()) >= 1, 180)
    done("roundseal-collector", "backup", directory, backup)
    assert backup.stat().st_mode & 0o077 == 0, "it holds the keys"
    in_backup, held = sum(batches(directory).values()), max(heads(directory))
    # More arrives, its head is published, the agent has seen it; then the machine is lost.
    until(lambda: sum(batches(directory).values()) >= in_backup + 1, 180)
    until(lambda: max(heads(directory)) > held, 180)  # a head is published up to a second later
    size = max(heads(directory))
    agent.stop()
    agent = start.agent(state)  # it asks for the newest head when it starts
    until(lambda: (status(run, state)["seen"] or {"size": 0})["size"] >= size, 180)
    old.kill()
    lost = batches(directory)

    new = restore(backup, tmp_path / "new-machine")
    again = start.collector(new, "--listen", listen)
    code, body = again.get("/readyz")
    assert (code, "restored" in json.loads(body)["checkpoints"]) == (503, True), (
        "signs before it was refilled"
    )
    # Everything the agent signed before and after the loss comes, without a person's help.
    until(lambda: set(lost) <= set(batches(new)), 90)
    agent.stop()
    settled = batches(new)
    assert set(settled.values()) == {1}, "a batch is there twice"
    seqs = sorted(seq for seq, _ in settled)
    assert seqs == list(range(len(seqs))), "the chain has a hole"
    assert seqs[-1] + 1 >= status(run, state)["chain"]["seq"]
    # The agent says in signed headers what it saw: nothing is signed that could contradict it.
    assert again.get("/readyz")[0] == 503
    assert set(heads(new).items()) <= set(heads(directory).items())
    again.stop()
    with open_context(new) as context, context.read() as conn:
        assert [one.agent for one in alarms.every(conn)] == ["host"]
    report = json.loads(run("roundseal-collector", "fsck", new, "--full", "--json").out)
    assert report["problems"] == []
