"""Every host check on the machine the tests run on, through the real source and the signed line."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from agent.sources.host import open_host
from agent.sources.memory import Transient
from checks import registry
from checks.api import State, Unit, worst
from checks.result import Item, Result, When, decode, encode, look, rejudge

ROOT = Path(__file__).parents[3]
HOST_CHECKS = registry.matching("host.*")
# Enough to have something to judge wherever the tests run.
PARAMS: dict[str, dict[str, object]] = {
    "host.processes": {"expected": [{"name": "tests", "pattern": "python", "least": 0}]},
    "host.ports": {"baseline": ["tcp/22"]},
    "host.log": {"logs": ["/etc/hostname"]},
}


def now() -> int:
    return time.time_ns() // 1_000_000


def looked(check_id: str, memory: Transient) -> Result:
    check = registry.get(check_id)
    item = Item(check_id, check.version, "here", "here", PARAMS.get(check_id, {}))
    return look(check, item, open_host(memory), vantage="here", when=When(0), now=now)


@pytest.mark.parametrize("check_id", HOST_CHECKS)
def test_a_look_at_this_machine_survives_the_signed_line_and_is_judged_the_same(check_id: str) -> None:
    memory = Transient()
    for result in (looked(check_id, memory), looked(check_id, memory)):
        again = decode(encode(result))
        assert again == result
        if result.error is not None:
            absent = {"host.units", "host.sensors"}
            assert check_id in absent, "only systemd and sensors may be absent where tests run"
            continue
        assert rejudge(registry.get(check_id), again, PARAMS.get(check_id, {})) == result.readings
        assert result.readings, "a look that says nothing"
        assert worst(each.state for each in result.readings) is result.state
        for each in result.readings:
            assert each.reason or each.state is not State.UNKNOWN, each
            assert each.reason.isascii() and " " not in each.reason, "a reason is a code word"


@pytest.mark.parametrize("check_id", HOST_CHECKS)
def test_a_check_declares_itself_in_both_languages(check_id: str) -> None:
    check = registry.get(check_id)
    assert check.id == check_id
    assert check.title and not check.title.isascii()
    assert check.title_en.isascii() and check.title_en
    assert check.needs
    check.params()  # every parameter has a default


@pytest.mark.parametrize("check_id", ["host.cpu", "host.disk_io"])
def test_even_the_first_look_has_a_reading(check_id: str) -> None:
    result = looked(check_id, Transient())
    shares = [each for each in result.readings if each.unit is Unit.PERCENT]
    assert shares and all(each.value is not None for each in shares)


def test_all_host_checks_load_nothing_heavy() -> None:
    program = (
        "import sys, time\n"
        "from agent.sources.host import open_host\n"
        "from agent.sources.memory import Transient\n"
        "from checks import registry\n"
        "from checks.result import Item, When, look\n"
        "for i in registry.matching('host.*'):\n"
        "    c = registry.get(i)\n"
        "    look(c, Item(i, c.version, 'h', 'h', {}), open_host(Transient()), vantage='h', when=When(0),"
        " now=lambda: time.time_ns() // 1_000_000)\n"
        "print(*sorted(sys.modules.keys() & {'requests', 'urllib3', 'ssl', 'paramiko', 'pysnmp', 'asyncio',"
        " 'cryptography', 'yaml', 'http.client', 'sqlite3', 'collector'}))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (ran.stdout.strip(), ran.stderr) == ("", "")
