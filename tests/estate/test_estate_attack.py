"""What people of good faith get wrong in an estate file: told by line, path and reason, never a crash."""

import copy
import json
import random
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from collector.cli import main
from collector.estate.catalog import installed
from collector.estate.errors import EstateError
from collector.estate.loading import read_estate, reread

BASE = """estate: e
timezone: Asia/Shanghai
contract: {pack: luohe-2026, start: 2026-06-10}
units: [{id: u, name: U}]
systems:
  - {id: s, unit: u, owner: z, service: {all: [web, host.cpu@h]}, target: 99.9%}
assets:
  - {id: h, kind: server, agent: a, system: s}
  - {id: sw, kind: switch, via: a, snmp: {address: 10.0.0.3}}
probes:
  - {id: web, check: service.tcp, from: [a, collector], every: 10s, params: {host: x, port: 1}}
checks:
  - {check: host.cpu, assets: all, every: 1m}
rounds:
  - {id: weekly, every: week, on: monday, window: "09:00-17:00", assets: all, checks: all}
windows:
  - {id: w, from: 2026-12-01T22:00, to: 2026-12-01T23:00, systems: all}
objects:
  - {id: s/db, asset: h, system: s}
places:
  - {id: store, asset: h, path: "/srv/{object}/"}
backups:
  - object: s/db
    level: unchanged
    source: {kind: file, path: "/backup/db/*.dmp"}
    full: {every: day, window: "00:00-05:00", grace: 3h, keep: 1 week}
    copy: {to: store, within: 2h}
backup_success: {at_least: 99%, over: year}
notify:
  - {when: fault, to: "jsons://desk.example/hook", id: duty}
"""
CATALOG = installed()
MISTAKES = yaml.safe_load((Path(__file__).parent / "mistakes.yaml").read_text(encoding="utf-8"))
CASES = [(old, *one) for old, held in MISTAKES.items() for one in held]


def loaded(body):
    return read_estate("e.yaml", lambda _: body if isinstance(body, bytes) else body.encode(), CATALOG)


def problems(body):
    with pytest.raises(EstateError) as refused:
        loaded(body)
    return [(one.line, one.path, one.reason) for one in refused.value.problems]


def changed(*pairs):
    text = BASE
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def test_the_base_has_no_mistake_and_there_are_many_ways_to_make_one():
    assert loaded(BASE).estate.estate == "e"
    assert len(CASES) > 200


@pytest.mark.parametrize(("old", "new", "line", "path", "reason"), CASES, ids=[one[1][:40] for one in CASES])
def test_a_mistake_is_told_where_it_stands_and_why(old, new, line, path, reason):
    found = problems(changed((old, new)))
    assert any(one[:2] == (line, path) and one[2].startswith(reason) for one in found), found


@pytest.mark.parametrize(
    ("body", "line", "reason"),
    [
        (BASE.replace("name: U", "name: 中心").encode("gbk"), 4, "not UTF-8 (GBK perhaps)"),
        (BASE.encode("utf-16"), 1, "not UTF-8"),
        (BASE.encode() + b"\0", 1, "not YAML: unacceptable character"),
        (b"", 1, "the file is empty"),
        (BASE.encode() + b"---\nestate: f\n", 31, "not YAML: but found another document"),
        (BASE.encode() + b"#%roundseal-file x\n", 31, "#%roundseal-file begins a file in the log"),
        (BASE.replace("  - {id: s,", "\t- {id: s,").encode(), 6, "not YAML: found character"),
        (b"a: " + b"[" * 200_000, 1, "too large or nested too deeply"),
        (b"a: " + b"{a: " * 20_000, 1, "too large or nested too deeply"),
        (b"a: [" + b"x, " * 1_100_000 + b"]", 1, "too large or nested too deeply"),
        (b"#" * 20_000_001, 1, "is larger than 20 MB"),
        (BASE.replace("name: U", 'name: "\\ud800"').encode(), 4, "not YAML: found invalid Unicode"),
        (BASE.replace("name: U", 'name: "a\\nb"').encode(), 4, "has a line break"),
        (
            BASE.replace("estate: e\n", 'estate: e\ninclude: ["a\\0b"]\n').encode(),
            2,
            "'a\\x00b': no name of a file",
        ),
    ],
    ids=lambda value: None if isinstance(value, bytes) else str(value)[:30],
)
def test_a_file_that_is_none_is_told_so_and_ends_nothing(tmp_path, body, line, reason):
    """The library of the format would end the process at the deep ones."""
    (tmp_path / "e.yaml").write_bytes(body)
    ran = CliRunner().invoke(main, ["estate", "check", str(tmp_path / "e.yaml"), "--json"])
    assert ran.exit_code == 1 and ran.exception.__class__ is SystemExit
    found = json.loads(ran.output)["problems"]
    assert any(one["line"] == line and one["reason"].startswith(reason) for one in found), found


def test_a_full_width_mark_and_a_tab_are_named():
    assert "full-width ：" in problems(changed(("estate: e\n", "estate：e\n")))[0][2]
    assert "indent with spaces" in problems(changed(("  - {id: s,", "\t- {id: s,")))[0][2]


@pytest.mark.parametrize(
    ("pairs", "note"),
    [
        ([("unit: u, ", "")], "of no unit, so that the contract's lines by unit pass them by: s"),
        ([("owner: z,", "owner: z, in_scope: [{to: 2020-01-01}],")], "s is not in scope at any time"),
        ([("id: duty", "id: duty, whose: buyer")], "LH-35: no rule for `fault` says whose: user"),
        (
            [("level: unchanged", "level: unchanged\n    clause: LH-99 LH-15")],
            "none of its obligations: LH-99",
        ),
        ([("kind: server", "kind: servr")], "the kind servr; did you mean server?"),
        (
            [("snmp: {address: 10.0.0.3}", "ssh: {address: 10.0.0.3, platform: huawei}")],
            "platform huawei by its command line; did you mean huawei_vrp?",
        ),
        (
            [
                (
                    "  - {id: w,",
                    "  - {id: v, from: 2026-12-01T13:30Z, to: 2026-12-01T22:30, systems: s}\n  - {id: w,",
                )
            ],
            "the windows v and w overlap for s",
        ),
        (
            [("contract: {pack: luohe-2026, start: 2026-06-10}\n", "")],
            "without a contract nothing is a fault",
        ),
    ],
)
def test_what_leaves_something_unknown_is_said(pairs, note):
    assert not any(note in one for one in loaded(BASE).notes)
    assert any(note in one for one in loaded(changed(*pairs)).notes), loaded(changed(*pairs)).notes


def test_a_first_day_long_ago_is_said_by_the_check(tmp_path):
    file = tmp_path / "e.yaml"
    file.write_text(changed(("start: 2026-06-10", "start: 1971-06-10")), encoding="utf-8")
    text = file.read_text().replace("jsons://desk.example/hook", "custom:desk")
    file.write_text(text, encoding="utf-8")
    ran = CliRunner().invoke(main, ["estate", "check", str(file)])
    assert ran.exit_code == 0 and "more than five years ago" in ran.output


def test_an_estate_in_force_is_read_though_a_newer_version_would_refuse_it():
    odd = changed(
        ("target: 99.9%", 'target: 99.9%, hours: {days: [monday], ranges: ["08:00-12:00", "11:00-13:00"]}')
    )
    assert [reason for _, _, reason in problems(odd)] == ["two of these stretches overlap"]
    assert reread(odd.encode(), CATALOG).estate.systems[0].hours is not None


ODD = (
    None,
    [],
    {},
    "",
    "x",
    5,
    0,
    -1,
    True,
    "中文",
    [[]],
    [None],
    {"a": 1},
    [{}],
    "1d",
    "99%",
    "*",
    "[a",
    "a" * 300,
    10**15,
    "all",
    "s",
    "h",
    "web",
    "s/db",
    ["all"],
    {"all": ["s"]},
    "\0x",
    "..",
    "-",
    "@",
    "a@b",
    "{x}",
    "%",
    "://",
    {"id": "u"},
    [1, "x"],
    {"secret": 1},
    "00:00-00:00",
    1.5,
)


def paths(value, path=()):
    items = value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else ())
    for step, inner in items:
        yield (*path, step)
        yield from paths(inner, (*path, step))


def test_whatever_stands_anywhere_it_is_read_or_refused_with_a_reason():
    """Another value in any place; drawn by a fixed seed, for the same must pass each time."""
    whole = yaml.load(BASE, yaml.BaseLoader)
    for round_ in whole["rounds"]:
        round_["also"] = [{"assets": "sw", "checks": "network.*"}]
    places, draw = list(paths(whole)), random.Random(20261122)
    for _ in range(150):
        odd = copy.deepcopy(whole)
        *way, last = draw.choice(places)
        inner = odd
        for step in way:
            inner = inner[step]
        inner[last] = draw.choice(ODD)
        assert all(one.reason and one.line >= 1 for one in refused(odd))


def refused(whole):
    try:
        loaded(json.dumps(whole, ensure_ascii=False))
    except EstateError as error:
        return error.problems
    return ()
