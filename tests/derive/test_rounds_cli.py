"""The commands beside a running or stopped server: tables for people, JSON for scripts, exit codes."""

import json

import pytest
from click.testing import CliRunner

from checks.codec import to_json
from checks.host import load
from collector.cli import main
from collector.context import open_context
from collector.jobs import estates
from collector.jobs.derive import catch_up

ESTATE = """
estate: e
systems: [{id: s, service: p, target: 99%}]
assets: [{id: host-a, kind: server, agent: a}]
probes: [{id: p, check: service.tcp, from: a, every: 60s, params: {host: x, port: 1}}]
rounds: [{id: daily, every: day, assets: all, checks: [host.load]}]
windows: [{id: w1, from: 2026-11-21T00:10, to: 2026-11-21T00:20, systems: s}]
"""


@pytest.fixture
def run(world, monkeypatch):
    """`run(*arguments)` on the world's directory, put in place of `DIR`, and by the world's clock."""
    for module in ("cli_parts", "cli_figures"):
        monkeypatch.setattr(f"collector.{module}.open_context", lambda at: open_context(at, world.now))
    world.agent("a")
    estates.apply(world.context, world.estate(ESTATE), by="test")

    def call(*arguments: str):
        parts = [str(world.directory) if part == "DIR" else part for part in arguments]
        return CliRunner().invoke(main, parts)

    return call


def test_what_is_not_there_exits_with_two(run, tmp_path):
    for arguments in (
        ("rounds", str(tmp_path / "nothing")),
        ("round", "show", "DIR", "weekly"),
        ("round", "run", "DIR", "weekly"),
        ("statement", "add", "DIR", "approval", "--field", "window=w2"),
        ("availability", "DIR", "nobody", "--from", "2026-11-21", "--to", "2026-11-22"),
        ("availability", "DIR", "s", "--from", "someday", "--to", "2026-11-22"),
        ("availability", "case", str(tmp_path / "none.yaml")),
    ):
        done = run(*arguments)
        assert done.exit_code == 2 and "Traceback" not in done.output, (arguments, done.output)


def test_a_round_is_listed_run_and_shown(run, world, sight):
    found = json.loads(run("rounds", "DIR", "--json").output)
    assert {one["window"]["id"] for one in found} >= {"daily/2026-11-21"}
    asked = json.loads(run("round", "run", "DIR", "daily", "--json").output)
    assert asked["agents"] == ["a"]
    shown = json.loads(run("round", "show", "DIR", asked["window"]["id"], "--json").output)
    assert (shown["closed"], shown["record"]["not_inspected"][0]["reason"]) == (False, "missing")
    world.at += 1000
    params = to_json(load.Params())
    t = world.at - 10
    world.agent("a").send(
        sight(
            "host-a",
            t,
            "error",
            check="host.load",
            asset="host-a",
            round=asked["window"]["id"],
            params=params,
        )
    )
    text = run("round", "show", "DIR", asked["window"]["id"]).output
    assert "not inspected: host.load host-a by a: error timeout" in text
    assert "human items: not measured by machine" in text


def test_a_figure_and_an_approval_by_command(run, world, sight):
    agent = world.agent("a")
    for _ in range(30):
        world.at += 60_000
        agent.send(sight("p", world.at - 1000))
    catch_up(world.context)
    asked = ("availability", "DIR", "s", "--from", "2026-11-21T00:01", "--to", "2026-11-21T00:29")
    made = json.loads(run(*asked, "--json").output)
    assert made["buckets"]["up"] == 28 * 60_000 and made["percent"]["known"] == "100.000000"
    assert made["flags"][0]["code"] == "never approved, ignored"
    done = json.loads(run("statement", "add", "DIR", "approval", "--field", "window=w1", "--json").output)
    assert done["entry"] > 0
    text = run(*asked).output
    assert "s " in text and "known" in text and "100.000000 %" in text


def test_worked_examples_print_what_they_got_and_name_what_differs(run, tmp_path):
    file = tmp_path / "case.yaml"
    example = (
        "- {{id: {}, len: 60, checks: {{web: {{intervals: [[0, 30, down]]}}}}, "
        "expect: {{up: 30, down: {}, unknown: 0}}}}\n"
    )
    file.write_text("examples:\n" + example.format("X1", 30) + example.format("X2", 31))
    done = run("availability", "case", str(file), "--json")
    assert done.exit_code == 1 and "X2" in done.stderr and "X1" not in done.stderr
    got = {"up": 30, "down": 30, "unknown": 0}
    assert json.loads(done.stdout) == [{"id": "X1", "got": got}, {"id": "X2", "got": got}]
