"""The security source on real files, real users, a real packet filter, real processes."""

import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.sources import host_security_firewall, host_security_run
from agent.sources.host import open_host
from agent.sources.host_proc import Tree
from agent.sources.memory import Transient
from agent.sources.net import open_net
from checks import registry
from checks.api import ErrorKind, ObservationError, Seen, State, worst
from checks.result import Item, When, decode, encode, look, rejudge
from checks.security import exposed, plaintext

ROOT = Path(__file__).parents[3]
ALL = [*registry.matching("security.*"), "host.jobs", "host.sensors"]
# What may be absent where tests run; everything else has to be looked at.
MAY_FAIL = {"host.sensors", "security.firewall", "security.patches"}


def security(root=Path("/"), memory=None):
    return open_host(memory or Transient(), root).security()


def put(root: Path, path: str, text: str, mode: int = 0o644) -> Path:
    place = root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)
    place.chmod(mode)
    return place


def needs(*programs: str) -> None:
    for program in programs:
        if shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is None:
            pytest.skip(f"NOT TESTED: {program} is not here")


@pytest.mark.parametrize("check_id", [one for one in ALL if one != "security.exposed"])
def test_a_look_at_this_machine_survives_the_signed_line_and_is_judged_the_same(check_id):
    check, memory = registry.get(check_id), Transient()
    item = Item(check_id, check.version, "here", "here", {})
    # apt reads all its lists at each look where a machine keeps no cache of them: once is enough.
    for _ in range(1 if check_id == "security.patches" else 2):
        host = open_host(memory)
        result = look(check, item, host, vantage="here", when=When(0), now=lambda: time.time_ns() // 10**6)
        again = decode(encode(result))
        assert again == result
        if result.error is not None:
            assert check_id in MAY_FAIL, result.error
            continue
        assert rejudge(check, again, {}) == result.readings
        for each in result.readings:
            assert each.reason or each.state is State.OK, each
            assert each.reason.isascii() and " " not in each.reason


def test_no_look_loads_anything_heavy():
    program = (
        "import sys, time\n"
        "from agent.sources.host import open_host\n"
        "from agent.sources.memory import Transient\n"
        "from checks import registry\n"
        "from checks.result import Item, When, look\n"
        "for i in registry.matching('security.*'):\n"
        "    c = registry.get(i)\n"
        "    if i not in ('security.exposed', 'security.patches'):\n"
        "        look(c, Item(i, c.version, 'h', 'h', {}), open_host(Transient()), vantage='h', when=When(0),"
        " now=lambda: 0)\n"
        "print(*sorted(sys.modules.keys() & {'requests', 'urllib3', 'paramiko', 'pysnmp', 'asyncio',"
        " 'psutil', 'yaml', 'http.client', 'sqlite3', 'collector'}))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert (ran.stdout.strip(), ran.stderr) == ("", "")


NFT = """table inet filter {
  chain input {
    type filter hook input priority 0; policy %s;
    iif lo accept
    tcp dport 22 counter accept
  }
}
"""


def in_a_namespace(script: str) -> str:
    done = subprocess.run(["unshare", "-rn", "sh", "-ec", script], capture_output=True, text=True, timeout=60)
    if done.returncode:
        pytest.skip(f"NOT TESTED: no packet filter in a namespace here: {done.stderr.strip()[:200]}")
    return done.stdout


def test_a_real_packet_filter_is_closed_or_open_and_its_digest_ignores_counters():
    needs("nft", "unshare")
    shown = {
        policy: in_a_namespace(f"nft -f - <<'X'\n{NFT % policy}X\nnft list ruleset")
        for policy in ("drop", "accept")
    }
    closed = host_security_firewall.read({"nft": shown["drop"]})
    opened = host_security_firewall.read({"nft": shown["accept"]})
    assert (closed.rules, closed.closed) == (2, True)
    assert (opened.rules, opened.closed) == (2, False)
    assert closed.digest != opened.digest
    counted = shown["drop"].replace("packets 0 bytes 0", "packets 812 bytes 70112")
    assert counted != shown["drop"]
    assert host_security_firewall.read({"nft": counted}).digest == closed.digest


def test_iptables_that_drops_the_rest_by_its_last_rule_is_closed():
    needs("iptables", "iptables-save", "unshare")
    rules = "iptables -A INPUT -i lo -j ACCEPT\niptables -A INPUT -j DROP\niptables-save"
    saved = in_a_namespace(f"export XTABLES_LOCKFILE=$(mktemp)\n{rules}")
    found = host_security_firewall.read({"iptables-save": saved})
    assert (found.rules, found.closed) == (2, True)
    half = saved.replace("-A INPUT -j DROP", "-A INPUT -p udp -j DROP")
    assert not host_security_firewall.read({"iptables-save": half}).closed


def test_a_real_listener_on_a_plaintext_port_is_found_and_one_on_loopback_is_not():
    with socket.socket() as listener:
        for port in range(5900, 5920):
            try:
                listener.bind(("0.0.0.0", port))
                break
            except OSError:
                continue
        listener.listen()
        facts = plaintext.observe(open_host(Transient()), plaintext.Params())
        assert (port, "vnc") in {(one.port, one.kind) for one in facts.services}
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        facts = plaintext.observe(open_host(Transient()), plaintext.Params())
        assert listener.getsockname()[1] not in {one.port for one in facts.services}


def test_a_port_that_is_open_to_us_is_exposed_and_silence_of_a_machine_that_is_off_is_unknown():
    with socket.socket() as listener, socket.socket() as shut:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        shut.bind(("127.0.0.1", 0))  # bound and not listening: nobody else can take it
        opened, closed = listener.getsockname()[1], shut.getsockname()[1]
        for ports, state in (((closed, opened), State.CRIT), ((closed,), State.OK)):
            params = exposed.Params("127.0.0.1", ports, alive=opened)
            seen = Seen(exposed.observe(open_net(), params), 0)
            assert worst(one.state for one in exposed.judge(seen, params)) is state
    # 192.0.2.0/24 is nobody's; what the network here says of it may be silence or a refusal by a router.
    params = exposed.Params("192.0.2.1", (23,), timeout_ms=300)
    try:
        facts = exposed.observe(open_net(), params)
    except ObservationError:
        return
    assert worst(one.state for one in exposed.judge(Seen(facts, 0), params)) is not State.CRIT


def test_psutil_reads_a_chip_s_own_limits(tmp_path):
    needs("unshare")
    look_at = (
        "from agent.sources.host import open_host\n"
        "from agent.sources.memory import Transient\n"
        "found = open_host(Transient()).security().sensors()\n"
        "print([(one.name, one.value, one.high, one.critical) for one in found.temperatures])\n"
        "print([(one.name, one.value) for one in found.fans])\n"
    )
    chip = "/sys/class/hwmon/hwmon0"
    written = {"name": "coretemp", "temp1_input": 47000, "temp1_label": "Package", "temp1_max": 84000}
    written |= {"temp1_crit": 100000, "fan1_input": 2873}
    shell = "mount -t tmpfs none /sys/class\n" + f"mkdir -p {chip}\n"
    shell += "".join(f"echo {value} > {chip}/{name}\n" for name, value in written.items())
    words = ["unshare", "-rm", "sh", "-ec", f'{shell}exec "$0" -c "$1"', sys.executable, look_at]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60)
    if "mount:" in done.stderr or "unshare:" in done.stderr:
        pytest.skip(f"NOT TESTED: no mount namespace here: {done.stderr.strip()[:200]}")
    assert done.stdout.splitlines() == [
        "[('coretemp/Package', 47000, 84000, 100000)]",
        "[('coretemp', 2873)]",
    ]


@contextmanager
def running(*words: str):
    with subprocess.Popen(words, stdout=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_program_that_runs_from_a_deleted_file_and_eats_a_core_is_seen(tmp_path):
    program = shutil.copy(shutil.which("sh"), tmp_path / "worker")
    memory = Transient()
    with running(program, "-c", "while :; do :; done") as process:
        os.unlink(program)
        first = security(memory=memory).executables()
        assert first.span_ms is None
        mine = [one for one in first.executables if one.path == str(tmp_path / "worker")]
        assert [(one.processes, one.deleted) for one in mine] == [(1, True)]
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            busy = security(memory=memory).executables().busy
            if any(one.pid == process.pid and one.percent > 0 for one in busy):
                return
            time.sleep(0.2)
    pytest.fail("a process that runs all the time never used the processor")


def program(folder: Path, name: str, text: str) -> None:
    put(folder, name, f"#!/bin/sh\n{text}\n", 0o755)


@pytest.mark.parametrize(
    ("text", "kind", "limit_s"),
    [
        ("echo 'You must be root to run this program.' >&2; exit 4", ErrorKind.DENIED, 60),
        ("echo 'no such thing' >&2; exit 1", ErrorKind.UNSUPPORTED, 60),
        ("exec sleep 600", ErrorKind.TIMEOUT, 1),
    ],
)
def test_a_program_that_refuses_fails_or_hangs_ends_in_a_typed_error(
    tmp_path, monkeypatch, text, kind, limit_s
):
    program(tmp_path, "auditctl", text)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(ObservationError) as caught:
        host_security_run.ask(Tree(Path("/")), "auditctl", "-s", timeout=limit_s)
    assert caught.value.kind is kind


def test_a_program_of_this_machine_says_nothing_of_a_recorded_one(tmp_path):
    with pytest.raises(ObservationError) as caught:
        host_security_run.ask(Tree(tmp_path), "true")
    assert caught.value.kind is ErrorKind.UNSUPPORTED
