"""An estate that stands in the log was accepted: a newer version reads it, whatever it would refuse."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from collector.cli import main
from collector.estate.catalog import installed
from collector.estate.errors import EstateError
from collector.estate.loading import read_estate, reread
from collector.packs.loading import OURS

PACKS = Path(__file__).resolve().parents[1] / "packs"
ESTATE = """estate: e
timezone: Asia/Shanghai
systems: [{id: s}]
assets:
  - {id: h, kind: server, agent: a}
  - {id: r, kind: router, via: a, ssh: {address: 10.0.0.1, legacy: true}}
windows:
  - {id: w, from: 2026-12-01T22:00, to: 2026-12-01T23:00, systems: all}
"""
# (replace, with, place, part of the reason that a file to be applied is told)
REFUSED = [
    (
        "agent: a}",
        "agent: a, in_service: [{from: 2026-01-01, to: 9999-12-31}]}",
        "assets[h].in_service",
        "2199",
    ),
    ("agent: a}", "agent: a, in_service: [{from: 1900-01-01}]}", "assets[h].in_service", "2199"),
    ("{id: s}", "{id: s, in_scope: [{to: 9999-12-31T23:59}]}", "systems[s].in_scope", "2199"),
    ("2026-12-01T23:00", "2200-01-01", "windows[w].to", "2199"),
    (
        "agent: a}",
        "agent: a, in_service: [{from: 2026-01-01T00:00+00:00, to: 2026-01-01T06:00}]}",
        "assets[h].in_service",
        "does not end after it starts",
    ),
    (
        "{id: s}",
        "{id: s, in_scope: [{from: 2026-01-02, to: 2026-01-01}]}",
        "systems[s].in_scope",
        "does not end",
    ),
    ("to: 2026-12-01T23:00", "to: 2026-12-01T10:00Z", "windows[w].to", "is not after from"),
    *(
        ("legacy: true", f"legacy: {word}", "assets[r].ssh.legacy", "true or false")
        for word in ("1", "y", "T")
    ),
    ("{id: s}", '{id: s, name: "a\\nb"}', "systems[s].name", "line break"),
    ("estate: e\n", "estate: e\n#%roundseal-file x\n", "(file)", "begins a file in the log"),
    ("estate: e\n", "estate: e\ncontract: {pack: nobodys, start: 2026-01-01}\n", "contract.pack", "no pack"),
]


def read(text: str):
    return read_estate("e.yaml", lambda _: text.encode(), installed())


def test_the_base_of_these_tests_is_good():
    assert [one.id for one in read(ESTATE).estate.assets] == ["h", "r"]


@pytest.mark.parametrize(("old", "new", "place", "reason"), REFUSED)
def test_what_is_refused_today_is_read_where_it_is_in_force(old, new, place, reason):
    assert ESTATE.count(old) == 1
    text = ESTATE.replace(old, new)
    with pytest.raises(EstateError) as refused:
        read(text)
    (problem,) = refused.value.problems
    assert problem.path.startswith(place) and reason in problem.reason
    held = reread(text.encode(), installed())
    assert [one.id for one in held.estate.assets] == ["h", "r"]
    assert held.estate.assets[1].ssh.legacy is True


@pytest.mark.parametrize(
    ("word", "meant"), [("yes", True), ("on", True), ("True", True), ("no", False), ("off", False)]
)
def test_a_switch_is_written_as_in_agent_yaml(word, meant):
    text = ESTATE.replace("legacy: true", f"legacy: {word}")
    assert read(text).estate.assets[1].ssh.legacy is meant
    assert reread(text.encode(), installed()).estate.assets[1].ssh.legacy is meant


def test_a_switch_that_is_neither_is_refused_and_shown():
    with pytest.raises(EstateError, match="true or false is wanted here, not 'maybe'"):
        read(ESTATE.replace("legacy: true", "legacy: maybe"))


def test_an_estate_in_force_asks_for_no_file_of_a_pack(monkeypatch, tmp_path):
    shutil.copy(PACKS / "town.yaml", tmp_path / "town-2027.yaml")
    monkeypatch.setenv(OURS, str(tmp_path))
    text = ESTATE + "contract: {pack: town-2027, start: 2026-01-01}\nunits: [{id: u, name: U}]\n"
    assert read(text).estate.contract.pack == "town-2027"
    (tmp_path / "town-2027.yaml").write_text("pack: [", encoding="utf-8")
    assert reread(text.encode(), installed()).estate.contract.pack == "town-2027"
    monkeypatch.delenv(OURS)
    # An option and a kind of unit that were the pack's when it was applied.
    odd = text.replace("start: 2026-01-01", "start: 2026-01-01, options: {gone: later}")
    odd = odd.replace("name: U", "name: U, kind: hamlet")
    assert reread(odd.encode(), installed()).estate.contract.options == {"gone": "later"}


@pytest.mark.parametrize("body", ["pack: [", "pack: own\n", "", "{"])
def test_a_broken_pack_of_ones_own_is_a_mistake_of_the_estate_and_no_traceback(monkeypatch, tmp_path, body):
    (tmp_path / "own.yaml").write_text(body, encoding="utf-8")
    monkeypatch.setenv(OURS, str(tmp_path))
    file = tmp_path / "estate" / "e.yaml"
    file.parent.mkdir()
    text = (
        ESTATE
        + "contract: {pack: own, start: 2026-01-01}\nnotify: [{when: fault, levels: [1], to: 'json://h'}]\n"
    )
    file.write_text(text, encoding="utf-8")
    ran = CliRunner().invoke(main, ["estate", "check", str(file)])
    assert ran.exit_code == 1 and isinstance(ran.exception, SystemExit)
    assert "contract.pack: its file cannot be used: own.yaml:" in ran.output
