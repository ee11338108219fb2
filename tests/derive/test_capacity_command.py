"""`capacity` and `baseline`: made on demand from what stands in the log."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from checks import registry
from checks.api import Reading, Seen, State, Unit
from checks.codec import from_json
from collector.cli import main
from collector.jobs import baselines, capacity, derive

DAY = 86_400_000
GB = 10**9


def mount(used: int, **changes: Any) -> dict[str, Any]:
    whole = 500 * GB
    base = {
        "path": "/data",
        "device": "/dev/vdb1",
        "kind": "xfs",
        "read_only": False,
        "total": whole,
        "free": whole - used,
        "available": whole - used,
        "inodes": None,
        "inodes_free": None,
        "trouble": "",
    }
    return base | changes


READING = (Reading("/data", 50, Unit.PERCENT, State.OK),)


def fill(world, sight, days: int, step: int) -> None:
    """A look in the morning and one in the evening of each day, as an agent sends them."""
    agent = world.agent("web-1")
    for day in range(days):
        for hour in (2, 12):
            t = world.at
            used = 100 * GB + day * step + (0 if hour == 12 else 90 * GB)
            agent.send(
                sight(
                    "web-1",
                    t,
                    check="host.filesystem",
                    asset="web-1",
                    facts={"mounts": [mount(used), mount(0, path="/run", kind="tmpfs")]},
                    readings=READING,
                )
            )
            world.at += DAY // 2
    derive.catch_up(world.context)


def run(*words: str) -> Any:
    return CliRunner().invoke(main, words)


def test_the_last_look_of_each_day_gives_the_trend(world, sight):
    fill(world, sight, 20, 10 * GB)
    with world.context.read() as conn:
        [place] = capacity.outlooks(conn, world.at, 60, "web-1")
    assert (place.name, place.asset, len(place.values)) == ("/data", "web-1", place.outlook.days_used)
    assert 19 <= len(place.values) <= 21, "one value a day"
    assert place.outlook.slope == pytest.approx(10 * GB, rel=0.01)


def test_the_command_prints_days_and_as_json_what_they_stand_on(world, sight, monkeypatch):
    monkeypatch.setattr("collector.cli_capacity.open_context", lambda at: _same(world))
    fill(world, sight, 20, 16 * GB)
    said = run("capacity", str(world.directory), "web-1", "--json")
    assert said.exit_code == 0, said.output
    [one] = json.loads(said.stdout)
    assert (one["asset"], one["name"], one["total"]) == ("web-1", "/data", 500 * GB)
    assert one["outlook"] == "filling"
    assert one["earliest"] <= one["days"] <= (one["latest"] or one["horizon"])
    text = run("capacity", str(world.directory))
    assert "full in" in text.stdout


def kept(check: str) -> list[dict[str, Any]]:
    """Facts of the check's recordings."""
    folder = Path(__file__).parents[1] / "checks" / "recordings" / check
    held = [json.loads(one.read_text("utf-8")) for one in sorted(folder.glob("*.json"))]
    found = [one["facts"] for one in held if one.get("facts")]
    for facts in found if check == "database.space" else ():
        # Those that we recorded grow as far as their file system: as an Oracle would tell it.
        facts["space"]["areas"] = [{**one, "limit": 10**15} for one in facts["space"]["areas"]]
    return found


@pytest.mark.parametrize("check", sorted(capacity.AMOUNTS))
def test_what_each_such_check_signs_holds_amounts(world, sight, check):
    """The facts of its recordings, as an agent would send them: names, used and whole that make sense."""
    agent = world.agent("web-1")
    found = []
    for facts in kept(check):
        agent.send(sight("web-1", world.at, check=check, asset="web-1", facts=facts))
        world.at += DAY
        derive.catch_up(world.context)
        with world.context.read() as conn:
            found += capacity.outlooks(conn, world.at, 1, "web-1")
    assert found
    for place in found:
        [value] = place.values[-1:]
        assert place.name and 0 <= value.used <= value.total * 2


def test_a_few_days_make_no_claim_and_say_so(world, sight, monkeypatch):
    monkeypatch.setattr("collector.cli_capacity.open_context", lambda at: _same(world))
    fill(world, sight, 4, 16 * GB)
    assert "no claim: too_few_days" in run("capacity", str(world.directory), "web-1").stdout
    nothing = run("capacity", str(world.directory), "web-9")
    assert nothing.exit_code == 2
    assert "nothing that can be full" in nothing.stderr


def test_a_look_that_failed_or_held_other_facts_is_no_value(world, sight):
    agent = world.agent("web-1")
    agent.send(sight("web-1", world.at, check="host.filesystem", asset="web-1", state="error"))
    world.at += 1000
    agent.send(sight("web-1", world.at, check="host.filesystem", asset="web-1", facts={"n": 1}))
    world.at += 1000
    derive.catch_up(world.context)
    with world.context.read() as conn:
        assert capacity.outlooks(conn, world.at, 60) == []


def test_a_baseline_is_proposed_from_the_newest_signed_look(world, sight, monkeypatch):
    monkeypatch.setattr("collector.cli_capacity.open_context", lambda at: _same(world))
    agent = world.agent("web-1")
    sockets = [{"protocol": "tcp", "address": "0.0.0.0", "port": 22, "owner": ""}]
    facts = {"sockets": sockets, "ephemeral_first": 32768, "ephemeral_last": 60999}
    agent.send(sight("web-1", world.at, check="host.ports", asset="web-1", facts=facts))
    world.at += 1000
    derive.catch_up(world.context)
    said = run("baseline", str(world.directory), "web-1", "host.ports")
    assert said.exit_code == 0, said.output
    piece = json.loads(said.stdout.partition("\n")[2])
    assert piece["params"] == {"baseline": ["tcp/22"]}


@pytest.mark.parametrize(
    ("asset", "check", "code"),
    [
        ("web-9", "host.ports", "not_observed"),
        ("web-1", "host.cpu", "no_baseline"),
        ("web-1", "host.processes", "by_hand"),
        ("web-1", "x.y", "unknown_check"),
    ],
)
def test_where_nothing_can_be_proposed_it_says_why(world, asset, check, code):
    with world.context.read() as conn, pytest.raises(baselines.NoProposal) as caught:
        baselines.propose(conn, asset, check)
    assert caught.value.code == code


def test_every_check_that_may_lack_a_baseline_proposes_one_or_says_how_it_is_written():
    """All whose recordings say `no_baseline`, but those of backups, whose policy says it."""
    recordings = Path(__file__).parents[1] / "checks" / "recordings"
    lacking = {
        one.parent.name
        for one in recordings.glob("*/*.json")
        if '"no_baseline"' in one.read_text("utf-8") and not one.parent.name.startswith("backup.")
    }
    assert len(lacking) >= 12
    with pytest.raises(baselines.NoProposal, match="say what must run"):
        baselines.maker("host.processes")
    for check_id in lacking - {"host.processes"}:
        assert baselines.maker(check_id)


RECORDED = (
    "server.identity",
    "server.firmware",
    "network.device",
    "network.interfaces",
    "network.bgp",
    "network.ospf",
    "database.accounts",
    "middleware.instance",
)


@pytest.mark.parametrize("check_id", RECORDED)
def test_what_is_proposed_is_met_by_the_look_that_it_was_made_of(check_id):
    """Of each recording: where something is proposed, nothing is `no_baseline`, missing or different then."""
    check = registry.get(check_id)
    proposed = 0
    for path in sorted((Path(__file__).parents[1] / "checks" / "recordings" / check_id).glob("*.json")):
        held = json.loads(path.read_text("utf-8"))
        if not held.get("facts"):
            continue
        facts = from_json(check.facts, held["facts"], "facts")
        found = baselines.maker(check_id)(facts)
        if not found:
            continue
        proposed += 1
        reach = {
            key: held["params"][key] for key in ("address", "word", "version_file") if key in held["params"]
        }
        params = from_json(check.params, {**reach, **found}, "params")
        reasons = {one.reason for one in check.judge(Seen(facts, held["taken_at"]), params)}
        assert not reasons & {"no_baseline", "ledger_differs", "version_differs", "unexpected", "differs"}, (
            path
        )
    assert proposed


class _same:
    """The test's own collector, with its clock, which stays open after the command."""

    def __init__(self, world) -> None:
        self.context = world.context

    def __enter__(self):
        return self.context

    def __exit__(self, *_) -> None:
        pass
