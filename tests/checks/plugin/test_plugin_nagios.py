"""plugin.nagios with real plugins, and with programs that hang, flood, fork and mumble."""

import hashlib
import os
import time
from fractions import Fraction
from pathlib import Path

import pytest

from agent.sources import perfdata
from agent.sources.plugins import open_plugins
from checks.api import ErrorKind, ObservationError, State, Unit


def _alive(pid: int) -> bool:
    """Whether a process still runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _gone(pid: int) -> bool:
    until = time.monotonic() + 60
    while _alive(pid) and time.monotonic() < until:
        time.sleep(0.01)
    return not _alive(pid)


def test_a_plugin_that_is_not_in_the_settings_is_denied():
    with pytest.raises(ObservationError) as caught:
        open_plugins({"other": ["/bin/true"]}).run("it", timeout_ms=1000)
    assert caught.value.kind is ErrorKind.DENIED


def test_a_plan_can_not_smuggle_words_in_with_the_name(ran, program):
    marker = Path(program("touch /tmp/never")).with_name("marker")
    with pytest.raises(ObservationError):
        open_plugins({"it": ["/bin/true"]}).run(f"it; touch {marker}", timeout_ms=1000)
    assert not marker.exists()


def test_words_are_given_as_they_stand_and_no_shell_reads_them(ran, program):
    out = Path(program("")).with_name("words")
    plugin = program(f'printf "%s\\n" "$@" > {out}; echo ok')
    ran([plugin, "$(touch /tmp/never)", "a b; c", "*"])
    assert out.read_text().splitlines() == ["$(touch /tmp/never)", "a b; c", "*"]


def test_a_plugin_that_hangs_is_ended_with_all_its_children(ran, program):
    pids = Path(program("")).with_name("pids")
    plugin = program(f"echo started; sleep 1000 & echo $$ $! > {pids}; wait")
    result = ran([plugin], "unknown_timeout", timeout_ms=400)
    assert (result.state, result.error) == (State.UNKNOWN, ErrorKind.TIMEOUT)
    assert result.t1 - result.t0 < 300_000  # the child sleeps for a thousand seconds
    assert all(_gone(int(pid)) for pid in pids.read_text().split())


def test_a_plugin_that_ignores_polite_signals_is_ended_too(ran, program):
    plugin = program("trap '' TERM INT HUP; while :; do sleep 1; done")
    assert ran([plugin], timeout_ms=300).error is ErrorKind.TIMEOUT


def test_a_child_left_behind_with_the_pipe_open_does_not_hold_up_the_answer(ran, program):
    pids = Path(program("")).with_name("pids")
    result = ran([program(f"sleep 1000 & echo $! > {pids}; echo fine")], timeout_ms=120_000)
    assert result.state is State.OK
    assert result.t1 - result.t0 < 100_000
    assert _gone(int(pids.read_text()))


def test_ten_megabytes_of_output_are_not_kept(ran, program):
    result = ran([program("head -c 10000000 /dev/zero | tr '\\0' x; exit 1")], "warn_flood")
    run = result.facts["run"]
    assert (result.state, run["output_bytes"], run["cut"]) == (State.WARN, 10_000_000, True)
    assert run["first_line"] == hashlib.sha256(b"x" * 65536).hexdigest()


def test_output_without_end_is_stopped(ran, program):
    result = ran([program("exec yes")], timeout_ms=300_000)
    assert result.error is ErrorKind.GARBLED
    assert result.t1 - result.t0 < 200_000


@pytest.mark.parametrize("raw", [r"\377\376\001", r"\320\305\317\242\263\311\271\246", r"\000\000", ""])
def test_output_in_any_bytes_survives(ran, program, raw):
    result = ran([program(f"printf '{raw} | t=1s'; exit 2")])
    assert result.state is State.CRIT
    assert result.readings[1].value == 1
    raw_bytes = raw.encode().decode("unicode_escape").encode("latin-1")
    printed = bytes(int(raw[i + 1 : i + 4], 8) for i in range(0, len(raw), 4)) if raw else raw_bytes
    assert result.facts["run"]["first_line"] == hashlib.sha256((printed + b" ").rstrip()).hexdigest()


@pytest.mark.parametrize(
    ("code", "state", "reason"),
    [
        (0, State.OK, ""),
        (1, State.WARN, "plugin_warning"),
        (2, State.CRIT, "plugin_critical"),
        (3, State.UNKNOWN, "plugin_unknown"),
        (4, State.UNKNOWN, "plugin_failed"),
        (127, State.UNKNOWN, "plugin_failed"),
        (255, State.UNKNOWN, "plugin_failed"),
    ],
)
def test_the_exit_code_decides(ran, program, code, state, reason):
    result = ran([program(f"echo 'OK - all is well | a=1'; exit {code}")], f"{state}_{code}")
    assert (result.state, result.readings[0].reason) == (state, reason)


def test_a_plugin_that_is_killed_is_unknown(ran, program):
    result = ran([program("kill -SEGV $$")], "unknown")
    assert (result.state, result.readings[0].reason) == (State.UNKNOWN, "plugin_killed")
    assert result.facts["run"]["signal"] == 11


def test_a_plugin_that_is_not_there_or_may_not_run_is_our_trouble(ran, program, tmp_path):
    assert ran([str(tmp_path / "none")]).error is ErrorKind.UNSUPPORTED
    assert ran([str(tmp_path)]).error in {ErrorKind.UNSUPPORTED, ErrorKind.DENIED}
    plain = tmp_path / "plain"
    plain.write_text("no program")
    assert ran([str(plain)]).error is ErrorKind.DENIED


def test_a_plugin_that_anybody_may_rewrite_is_not_run(ran, program):
    plugin = program('touch "$0".ran')
    os.chmod(plugin, 0o777)
    assert ran([plugin], "unknown_writable").error is ErrorKind.DENIED
    assert not Path(plugin + ".ran").exists()


def test_the_digests_of_program_and_script_are_facts(ran, tmp_path):
    script = tmp_path / "check.sh"
    script.write_text("echo hello there")
    run = ran(["/bin/sh", str(script)]).facts["run"]
    assert run["programs"][str(script)] == hashlib.sha256(script.read_bytes()).hexdigest()
    assert set(run["programs"]) == {"/bin/sh", str(script)}
    assert run["first_line"] == hashlib.sha256(b"hello there").hexdigest()


def test_secrets_in_the_agents_environment_do_not_reach_a_plugin(ran, program, monkeypatch):
    monkeypatch.setenv("ROUNDSEAL_SECRET", "x")
    out = Path(program("")).with_name("environment")
    ran([program(f"env > {out}")])
    assert "ROUNDSEAL_SECRET" not in out.read_text()


def test_limits_of_the_site_are_judged_and_one_on_nothing_is_unknown(ran, program):
    plugin = program("echo 'fine | used=91% free=9%'")
    bad = ran([plugin], "crit_limit", limits={"used": {"warn": 80, "crit": 90}})
    assert (bad.state, bad.readings[1].reason) == (State.CRIT, "limit")
    none = ran([plugin], "unknown_not_reported", limits={"inodes": {"warn": 80, "crit": 90}})
    assert (none.state, none.readings[-1].reason) == (State.UNKNOWN, "not_reported")


def test_what_a_plugin_could_not_determine_is_unknown(ran, program):
    result = ran([program("echo 'fine | load=U'")])
    assert (result.state, result.readings[1].reason) == (State.UNKNOWN, "not_determined")


@pytest.mark.parametrize("argv", [[], "check_disk", ["check_disk"], ["/bin/true", 1], ["/bin/true", "a\0b"]])
def test_settings_that_cannot_be_meant_are_refused_by_name(argv):
    with pytest.raises(ValueError, match=r"plugins\.it"):
        open_plugins({"it": argv})


def test_a_real_check_disk_gives_its_state_and_readings(ran, real):
    result = ran([str(real / "check_disk"), "-w", "1%", "-c", "0%", "-p", "/"], "ok")
    assert result.state is State.OK
    used = next(r for r in result.readings if r.name == "/")
    assert (used.unit, used.value > 1_000_000) == (Unit.BYTES, True)
    full = ran([str(real / "check_disk"), "-w", "100%", "-c", "100%", "-p", "/"], "crit")
    assert full.state is State.CRIT


def test_a_real_check_load_gives_its_readings(ran, real):
    result = ran([str(real / "check_load"), "-w", "999,999,999", "-c", "999,999,999"], "ok_load")
    assert [r.name for r in result.readings] == ["exit", "load1", "load5", "load15"]
    assert ran([str(real / "check_load"), "--nonsense"]).state is State.UNKNOWN


# Performance data ----------------------------------------------------------------------------------


def _read(text: str) -> dict:
    return {item.label: (item.value, item.unit) for item in perfdata.parse(text)[0]}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a=1", {"a": (Fraction(1), "")}),
        ("time=0.001234s;;;0.000000;10.0", {"time": (Fraction(1234, 10**6), "s")}),
        ("'C:\\ Used %'=12,5%;80;90 b=-3", {"C:\\ Used %": (Fraction(25, 2), "%"), "b": (Fraction(-3), "")}),
        ("'it''s'=1c", {"it's": (Fraction(1), "c")}),
        ("used=3.5e2KiB;@10:20;~:30", {"used": (Fraction(350), "KiB")}),
        ("x=U;1;2", {"x": (None, "")}),
        ("a=1 a=2", {"a": (Fraction(1), "")}),
        ("内存=5MB", {"内存": (Fraction(5), "MB")}),
        ("a=.5 b=5. c=+7", {"a": (Fraction(1, 2), ""), "b": (Fraction(5), ""), "c": (Fraction(7), "")}),
    ],
)
def test_performance_data_is_read_exactly(text, wanted):
    assert _read(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "a=",
        "=1",
        "a",
        "a=1e999999999",
        "a=nan",
        "a=inf",
        "'a=1",
        "a=1 2 3",
        "a=0x10",
        "a=" + "9" * 40,
        "a=1\0s;",
    ],
)
def test_performance_data_that_is_none_is_counted_and_harmless(text):
    found, unread = perfdata.parse(text)
    assert unread >= 1 or found
    assert all(item.value is None or abs(item.value) < 2**53 for item in found)


def test_a_flood_of_items_is_bounded_and_costs_no_square_of_its_length():
    started = time.process_time()
    found, unread = perfdata.parse(" ".join(f"a{i}=1" for i in range(5000)))
    assert (len(found), unread) == (200, 4800)
    for text in ("'" * 65000, "=" * 65000, "a'" * 32000, " " * 65000, "a=1" * 20000):
        perfdata.parse(text)
    assert time.process_time() - started < 20  # the square of 65 000 costs minutes


def test_long_output_has_its_performance_data_in_two_places():
    text, values = perfdata.split(b"DISK OK | a=1\nline two\nline three | b=2\nc=3\n")
    assert text == b"DISK OK"
    assert _read(values) == {"a": (1, ""), "b": (2, ""), "c": (3, "")}
