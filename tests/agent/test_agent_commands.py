"""The commands a person types: bad input is one clear line, good input has exit code, text and JSON."""

import json
import lzma
import os
import subprocess
import sys
from base64 import b64encode

import pytest

from agent import doctor, settings
from agent.errors import AgentError
from checks.wire import frame, header


def run(*words, env=None):
    return subprocess.run(
        [sys.executable, "-m", "agent.cli", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=os.environ | (env or {}),
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["discover", "http://192.0.2.1"], "snmp://ADDRESS"),
        *(
            (["discover", f"{scheme}://192.0.2.1:{port}"], "its PORT must be a number from 1 to 65535")
            for scheme, port in (("snmp", 99999), ("redfish", 99999), ("ssh", 0))
        ),
        (["parse", "--platform", "vrp", "x"], "--command"),
        (["parse", "--platform", "vrp", "--command", "display version", "/absent"], "unreadable"),
        (
            ["parse", "--platform", "vrp", "--command", "display version", "/ab\nsent\x1b[2J"],
            r"/ab\nsent\x1b[2J",
        ),
        (["no\nsuch"], r"no\nsuch"),
        *((["trust", name], "no such name") for name in ("a..b", "x" * 64 + ".invalid", "\udcff")),
        (["run"], "holds no enrolment"),
        (["status"], "holds no enrolment"),
        (["check", "host.nosuch"], "host.cpu"),
        (["check", "host.load", "--param", "nonsense"], "k=v is wanted"),
        (["check", "host.load", "--param", "nonsense=1"], "unknown key"),
        (["once", "--plan", "absent", "--seal", "x.xz"], "holds no enrolment"),
        (["enrol", "http://127.0.0.1:1", "rubbish"], "enrol1."),
        ([], "COMMAND"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_2(tmp_path, words, said):
    state = [] if not words or words[0] == "parse" else ["--state", tmp_path]
    found = run(*words, *state)
    assert found.returncode == 2
    assert said in found.stderr and found.stderr.count("\n") == 1


def test_status_before_the_first_run_and_after_a_fork(collector, state):
    found = run("status", "--state", state.root, "--json")
    assert found.returncode == 1
    assert json.loads(found.stdout)["troubles"] == ["not_running"]
    from agent.outbox import Outbox

    outbox = Outbox(state.path("outbox.db"))
    outbox.put(halt={"why": "fork", "at": 1})
    outbox.close()
    found = run("status", "--state", state.root, "--json")
    assert json.loads(found.stdout)["troubles"][0] == "halted_fork"
    assert "halted_fork" in run("status", "--state", state.root).stdout


def test_status_prints_words_for_people_not_values_of_the_program(state):
    from agent.outbox import Outbox

    Outbox(state.path("outbox.db")).close()
    printed = run("status", "--state", state.root).stdout
    lines = {line.split()[0]: line for line in printed.splitlines()}
    assert lines["running"].split() == ["running", "no"] and lines["contact"].endswith("none yet")
    assert lines["clock"].endswith("not compared with the collector's yet")
    assert not [word for word in ("None", "[]", "{", "_us", "_ms") if word in printed]


def test_status_says_in_a_sentence_what_needs_a_person(state):
    from agent.outbox import Outbox

    outbox = Outbox(state.path("outbox.db"))
    outbox.put(
        halt={"why": "fork", "at": 1},
        log_alarm={"why": "rewritten", "at": 1},
        running={"at": 1, "started": 1_795_391_005_049, "looks": 3, "stuck": 1, "dropped": 2}
        | {"contact": {"word": "refused", "detail": "no route", "at": 1_795_391_005_049}}
        | {"offset_us": -2_500, "jumps": 1, "last_jump_ms": 3_600_000, "last_jump_at": 1_795_391_005_049},
    )
    outbox.close()
    found = run("status", "--state", state.root, env={"TZ": "Asia/Shanghai"})
    *_, rewritten, fork, stopped, refused, plan, dropped = found.stdout.splitlines()
    assert found.returncode == 1
    assert rewritten.startswith("! log_rewritten: the log is not a continuation")
    assert fork.startswith("! halted_fork: ") and "a copy of this directory" in fork
    assert stopped.startswith("! not_running: no agent runs") and plan.startswith("! no_plan: ")
    assert refused == "! collector_refused: nothing is taken by the collector: no route"
    assert dropped.startswith("! results_dropped: ")
    assert "contact    refused (no route), last at 2026-11-23 07:43:25+08:00" in found.stdout
    assert "looks      3 since the start, 1 hanging, 2 results lost" in found.stdout
    assert (
        "2.5 ms behind the collector's; was set 1 time since the start, the last by 3600000 ms"
        in found.stdout
    )


def test_check_prints_facts_and_readings_and_its_exit_code_follows_the_state(tmp_path):
    found = run("check", "host.load", "--state", tmp_path, "--json")
    value = json.loads(found.stdout)
    assert value["facts"] and value["readings"]
    assert found.returncode == {"ok": 0, "warn": 1, "crit": 1, "unknown": 2}[value["state"]]
    text = run("check", "host.load", "--state", tmp_path).stdout
    assert "host.load" in text and "facts {" in text


def test_check_takes_parameters_and_a_refused_probe_is_crit(tmp_path):
    found = run(
        "check",
        "service.tcp",
        "--param",
        "host=127.0.0.1",
        "--param",
        "port=1",
        "--state",
        tmp_path,
        "--json",
    )
    assert found.returncode == 1
    assert json.loads(found.stdout)["state"] == "crit"


def test_doctor_says_for_each_check_what_it_needs_or_why_it_cannot(state, quick_apt):
    found = run("doctor", "--state", state.root, "--json")
    value = json.loads(found.stdout)
    by = {point["name"]: point for point in value["checks"]}
    assert by["host.load"]["result"] == "ok"
    assert by["service.tcp"]["result"] == "needs"
    assert {point["name"] for point in value["here"]} >= {
        "capabilities",
        "systemd",
        "journal",
        "ping",
        "clock",
        "state",
    }
    assert all(point["why"] for point in value["checks"] if point["result"] in ("no", "needs", "bad"))
    assert run("doctor", "--state", state.root).returncode == found.returncode


def test_doctor_finds_a_key_that_others_can_read(state, quick_apt):
    state.path("agent.key").chmod(0o644)
    found = run("doctor", "--state", state.root)
    assert found.returncode == 1 and "0644" in found.stdout


def test_doctor_finds_secrets_that_cannot_be_read_and_shows_nothing_of_them(state, quick_apt):
    path = state.path("secrets.yaml")
    path.write_text("db: {password: *pa55}\n: [\n")
    path.chmod(0o600)
    found = run("doctor", "--state", state.root, "--json")
    points = {point["name"]: point for point in json.loads(found.stdout)["here"]}
    assert found.returncode == 1 and points["secrets"]["result"] == "bad"
    assert "secrets.yaml:1: no YAML" in points["secrets"]["why"] and "pa55" not in found.stdout
    path.write_text("db: {password: pa55}\n")
    points = {p.name: p for p in doctor._secrets(state)}
    assert points["secrets"].word == "ok" and points["secrets"].why.startswith("1 in ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("plugins: {raid: [check_raid]}", "absolute path"),
        ("plugins: [1]", "agent.yaml.plugins: a mapping"),
        ("plugin: {}", "agent.yaml.plugin: unknown key"),
        ("spool: {days: 7, days: 8}", ":1: 'days' appears twice"),
        ("spool:\n  days: 1.5", ":2: '1.5' is read as float"),
        ("spool: {days: 0}", "days from 1"),
        ("plugins: {a: [/x, 22:30]}", "quote it"),
        ("a: [", "agent.yaml:1"),
        ("plugins: &a {x: *a}", "agent.yaml:1: nested deeper"),
        *((text, "agent.yaml: names with their values") for text in ("[]", "0", "false", '""', "- off")),
        ("!!python/object:os.system {}", "agent.yaml"),
    ],
)
def test_settings_errors_name_file_and_place(state, text, said):
    state.path("agent.yaml").write_text(text)
    with pytest.raises(AgentError) as refused:
        settings.read(state)
    assert said in refused.value.detail and str(state.root) in refused.value.detail


def test_a_state_directory_that_is_a_file_is_told_once_with_its_reason(tmp_path):
    place = tmp_path / "state"
    place.write_text("")
    for words in (["check", "host.load"], ["status"], ["discover", "snmp://127.0.0.1:1"]):
        found = run(*words, "--state", place)
        assert found.returncode == 2 and found.stderr.count(str(place)) == 1, found.stderr
        assert found.stderr.endswith(": Not a directory\n") and "Errno" not in found.stderr


def test_settings_are_read_as_written(state):
    state.path("agent.yaml").write_text("plugins:\n  raid: [/bin/true, --warn, '3']\nspool: {max_mb: 64}\n")
    found = settings.read(state)
    assert dict(found.plugins) == {"raid": ("/bin/true", "--warn", "3")}
    assert (found.spool.days, found.spool.max_mb) == (7, 64)


def plan_files(collector, tmp_path, item, **fields):
    collector.serve_plan(items=[item("host.load"), item("host.nosuch")], **fields)
    plan = tmp_path / "plan.json"
    plan.write_bytes(collector.plan)
    plan.with_name("plan.json.sig").write_bytes(b64encode(collector.plan_signature))
    return plan


def test_once_refuses_a_plan_that_is_not_signed_by_the_log_or_not_ours(collector, state, tmp_path, item):
    plan = plan_files(collector, tmp_path, item)
    plan.write_bytes(plan.read_bytes().replace(b"host.load", b"host.disk"))
    found = run("once", "--plan", plan, "--seal", tmp_path / "x.xz", "--state", state.root)
    assert found.returncode == 2 and f"{plan}: the plan is not signed by the log" in found.stderr
    plan.with_name("plan.json.sig").unlink()
    found = run("once", "--plan", plan, "--seal", tmp_path / "x.xz", "--state", state.root)
    assert found.returncode == 2 and "no signature beside it" in found.stderr
    plan.write_bytes(b"\0garbage")
    found = run("once", "--plan", plan, "--seal", tmp_path / "x.xz", "--state", state.root)
    assert found.returncode == 2 and f"bad_plan: {plan}: the plan cannot be read" in found.stderr
    assert not (tmp_path / "x.xz").exists()


def test_once_seals_every_look_of_a_plan_into_frames_of_our_own_chain(collector, state, tmp_path, item):
    plan = plan_files(collector, tmp_path, item)
    seal = tmp_path / "out.xz"
    found = run("once", "--plan", plan, "--seal", seal, "--state", state.root, "--json")
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout)["unsupported"] == ["host.nosuch"]
    run("once", "--plan", plan, "--seal", seal, "--state", state.root)
    with lzma.open(seal) as stream:
        frames = list(frame.decode_stream(stream))
    assert [header.parse(one.header).seq for one in frames] == [0, 1]
    for one in frames:  # taken as if they had come over the network
        assert collector.take(frame.encode(one))[0]["status"] == "ok"
    assert sorted(line["check"] for line in collector.results()) == ["host.load"] * 2 + ["host.nosuch"] * 2


def test_once_serves_an_open_window_of_a_round(collector, state, tmp_path, item):
    import time

    now = time.time_ns() // 1_000_000
    owed = {
        k: v for k, v in item("host.uptime").items() if k in ("check", "version", "target", "asset", "params")
    }
    window = {"id": "hand/1", "from_ms": now - 1000, "to_ms": now + 600_000, "until_ms": now + 900_000}
    rounds = [
        {
            "id": "hand",
            "items": [{**owed, "deadline_ms": 60_000}],
            "every": "",
            "on": "",
            "window": "",
            "windows": [window],
        }
    ]
    plan = plan_files(collector, tmp_path, item, rounds=rounds)
    assert run("once", "--plan", plan, "--seal", tmp_path / "o.xz", "--state", state.root).returncode == 0
    with lzma.open(tmp_path / "o.xz") as stream:
        (one,) = frame.decode_stream(stream)
    collector.take(frame.encode(one))
    (line,) = [line for line in collector.results() if line["check"] == "host.uptime"]
    assert (line["round"], line["slot"]) == ("hand/1", now - 1000)
