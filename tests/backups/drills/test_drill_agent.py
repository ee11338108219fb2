"""Drills as the agent takes them: signed like any look, as itself where it is not root; the commands."""

import contextlib
import json
import os
import pwd
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from parts import loaded

from agent import cli
from agent.clock import Clock
from agent.daemon import Agent
from agent.faults import HOLD
from agent.runner import Eyes, encode_line
from agent.sources.means import Means
from agent.sources.memory import Transient
from agent.state import State
from checks import registry
from checks.result import Item, When, decode, rejudge

ROOT = Path(__file__).parents[3]
_AGENTS = loaded("agent/conftest.py")
collector, state, start_agent, item, until = (
    getattr(_AGENTS, name) for name in ("collector", "state", "start_agent", "item", "until")
)


@pytest.fixture
def files(tmp_path):
    """A small tree."""
    (tmp_path / "files" / "a").mkdir(parents=True)
    (tmp_path / "files" / "a" / "1.txt").write_text("one\n")
    return tmp_path / "files"


def test_a_planned_drill_is_one_signed_line_that_others_judge_alike(site, files):
    (site.state / "agent.yaml").write_text("drills: {reserve_mb: 0, quota_mb: 100}\n")
    params = {"object": "city/files", "path": str(files), "kind": "tree", "compare": "none"}
    item = Item("backup.drill", 1, "city/files", None, params)
    eyes = Eyes("drill-1", Means(state=site.state), Clock())  # in its child process, as the agent has it
    try:
        memory = Transient()
        result = eyes.look(item, When(1), memory, 60_000)
    finally:
        eyes.close()
    assert result.error is None
    line = encode_line(result)
    again = decode(line)
    assert again.readings == result.readings
    assert rejudge(registry.get("backup.drill"), again, params) == result.readings
    assert {r.name: str(r.state) for r in again.readings}["files:restorable"] == "ok"
    assert site.left() == []


def test_an_agent_killed_in_a_drill_sweeps_at_its_start_and_reports_both(
    cells, state, collector, start_agent, item, until, files, capsys
):
    state.path("agent.yaml").write_text("drills: {reserve_mb: 0}\n")
    params = {"object": "city/files", "path": str(files), "kind": "tree", "compare": "none"}
    wanted = item("backup.drill", 2000, target="city/files", deadline_ms=120_000, params=params)
    collector.serve_plan(items=[wanted])
    agent = start_agent(state, **{HOLD: "read"})
    journal = state.path("drills/journal.json")
    for line in agent.stderr:
        if line.startswith("held at"):
            break
    directory = json.loads(journal.read_text())["directory"]
    assert os.path.isdir(directory)
    agent.kill()
    agent.wait()
    start_agent(state)

    def drilled():
        found = [one for one in collector.results() if one["check"] == "backup.drill" and "facts" in one]
        return [one["facts"]["artefacts"][0] for one in found if not one["facts"]["artefacts"][0]["reason"]]

    first = until(drilled, 90)[0]
    assert first["attempt"] == 2
    assert [(one["attempt"], one["phase"]) for one in first["aborted"]] == [(1, "read")]
    assert not os.path.exists(directory)
    # The object's drill by hand, as the plan has it.
    words = ["drill", "run", "city/files", "--state", str(state.root), "--param", "patience_s=60"]
    assert cli.main(words) == 0
    assert "files:restorable" in capsys.readouterr().out
    assert cli.main(["drill", "run", "city/other", "--state", str(state.root)]) == 2
    assert "city/files" in capsys.readouterr().err


@pytest.mark.parametrize(
    "wrong", ["drills: {directory: relative}", "drills: {quota_mb: 0}", "drills: {users: x}"]
)
def test_settings_that_make_no_sense_are_refused_with_their_file(site, files, wrong, capsys):
    (site.state / "agent.yaml").write_text(wrong + "\n")
    words = ["drill", "run", "--state", str(site.state), "--target", str(files), "--kind", "tree"]
    assert cli.main(words) == 2
    assert "agent.yaml" in capsys.readouterr().err


def test_the_command_prints_phases_and_verdicts_and_its_code_is_the_verdict(site, files, tmp_path, capsys):
    (site.state / "agent.yaml").write_text("drills: {reserve_mb: 0}\n")
    (tmp_path / "q.yaml").write_text("- {id: one, path: a/1.txt, expected: '0'}\n")
    words = ["drill", "run", "--state", str(site.state), "--target", str(files), "--kind", "tree"]
    assert cli.main([*words, "--param", "compare=none"]) == 0
    said = capsys.readouterr().out
    assert "restore  " in said
    assert "files:restorable  good" in said
    figures = dict(line.split()[:2] for line in said.splitlines() if line.startswith("files:"))
    assert re.fullmatch(r"\d+\.\d\d", figures["files:rto"]), said
    assert cli.main([*words, "--param", "needs_approval=true"]) == 1
    said = capsys.readouterr().out
    assert "None" not in said and re.search(r"^files:rto +- ", said, re.MULTILINE), said
    assert (
        cli.main([*words, "--param", "compare=none", "--questions", str(tmp_path / "q.yaml"), "--json"]) == 1
    )
    told = json.loads(capsys.readouterr().out)
    assert told["verdict"] == "bad"
    assert told["facts"]["artefacts"][0]["attempt"] == 2
    assert cli.main(words) == 2  # no manifest to compare with
    assert cli.main(["drill", "run", "--state", str(site.state)]) == 2
    assert cli.main(["drill", "run", "--state", str(site.state), "--target", str(files), "--kind", "x"]) == 2
    assert "unsupported" in capsys.readouterr().out
    assert cli.main(["drill", "sweep", "--state", str(site.state), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["status"] == "clean"
    assert site.left() == []


def test_the_agents_start_sweeps_what_a_killed_drill_left(site):
    directory = site.state / "drills" / "rooms" / "drill-0123456789abcdef"
    directory.mkdir(parents=True)
    (directory / "byte").write_text("x")
    journal = {"object": "o", "attempt": 1, "directory": str(directory), "begun": 1, "phase": "restore"}
    (site.state / "drills" / "journal.json").write_text(json.dumps({**journal, "processes": []}))
    Agent._sweep(SimpleNamespace(state=State(site.state)))
    end, left = time.monotonic() + 90, ["not looked yet"]
    while left:
        assert time.monotonic() < end, left
        time.sleep(0.02)
        with contextlib.suppress(FileNotFoundError):  # it is being removed under our eyes
            left = site.left()


# As an agent without root: user namespaces, where the machine has them.
UNPRIVILEGED = """
import os, sys, tempfile
from pathlib import Path
from agent.drills.cell import Bounds, Cell
from agent.drills.settings import Drills, user_of
place = Path(sys.argv[1])
for name in ("root", "room", "room/tmp"):
    (place / name).mkdir()
cell = Cell(Bounds(place / "room", place / "root"), user_of(Drills(user="ignored")))
try:
    print(cell.proof)
    tries = "id -u; touch /drill/mine && echo written; cat /proc/self/status; ls "
    print(cell.run(["/bin/sh", "-c", tries + sys.argv[1]]))
finally:
    cell.close()
"""


def test_an_agent_that_is_not_root_drills_as_itself(tmp_path_factory):
    python = next((p for p in (sys.executable, "/usr/bin/python3") if usable(p)), None)
    if python is None:
        pytest.skip("NOT TESTED: no Python here that somebody else than root may run")
    place = tmp_path_factory.mktemp("plain")
    while place != place.parent and place.stat().st_mode & 0o077 == 0:  # pytest's own directories are closed
        place.chmod(0o711)
        place = place.parent
    place = tmp_path_factory.mktemp("unprivileged")
    for name in ("agent", "checks"):
        shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
    (place / "work").mkdir()
    become = []
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        for path in (place, place / "work"):
            os.chown(path, nobody.pw_uid, nobody.pw_gid)
        become = ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]
    done = subprocess.run(
        [*become, python, "-c", UNPRIVILEGED, str(place / "work")],
        cwd=place, env={"PYTHONDONTWRITEBYTECODE": "1"}, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    if "no_network_cut" in done.stderr:
        pytest.skip("NOT TESTED: no user namespaces for ordinary users here")
    assert done.returncode == 0, done.stderr
    assert "mode='user_namespace'" in done.stdout
    assert "interfaces=('lo',)" in done.stdout
    assert "written" in done.stdout
    assert "CapEff:\\t0000000000000000" in done.stdout
    assert "NoNewPrivs:\\t1" in done.stdout
    assert "No such file" in done.stdout  # its own directory, by the name it has outside


def usable(python):
    """Whether a user that is not root could run it."""
    named = Path(python).absolute()  # of an environment: the way to it, and to what it stands for
    way = {one for path in (named, named.resolve()) for one in (path, *path.parents)}
    closed = [one for one in way if not one.stat().st_mode & 0o001]
    done = subprocess.run([python, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"], check=False)
    return not closed and done.returncode == 0


def test_neither_a_narrow_umask_nor_a_relative_state_directory_spoils_a_drill(
    site, source, monkeypatch, capsys
):
    (site.state / "agent.yaml").write_text("drills: {reserve_mb: 0}\n")
    monkeypatch.chdir(site.state.parent)
    before = os.umask(0o077)  # as the agent's unit sets it
    try:
        words = ["--state", site.state.name, "--target", str(source / "custom.dump"), "--kind", "postgres"]
        code = cli.main(["drill", "run", *words])
    finally:
        os.umask(before)
    assert code == 0, capsys.readouterr().out
