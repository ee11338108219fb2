"""ClamAV itself: a daemon with definitions of today, with old ones, and none. clamav-daemon is in no list of
packages of ours, since Debian starts what fetches its definitions; without it this is skipped, saying so."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from agent.sources.host import open_host
from agent.sources.memory import Transient
from checks import registry
from checks.api import Seen
from checks.codec import from_json

CONF = """Foreground yes
LocalSocket {place}/clamd.sock
DatabaseDirectory {place}
User {user}
LogFile {place}/clamd.log
"""
EICAR = "44d88612fea8a8f36de82e1278abb02f:68:Test.Eicar\n"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    if missing := [name for name in ("clamd", "sigtool", "faketime") if not shutil.which(name)]:
        pytest.skip(f"NOT TESTED: not installed: {', '.join(missing)}")
    return tmp_path


def definitions(place: Path, days: int) -> Path:
    """A database that sigtool builds DAYS ago."""
    work = place / "work"
    work.mkdir()
    (work / "daily.hdb").write_text(EICAR)
    (work / "COPYING").touch()
    words = ["faketime", "-f", f"-{days}d", "sigtool", "--build=daily.cud", "--unsigned", "--cvd-version=1"]
    subprocess.run(words, cwd=work, input=b"tester\n", capture_output=True, check=False)
    return (work / "daily.cud").rename(place / "daily.cud")


def looked(place: Path) -> dict[str, tuple[object, str, str]]:
    check = registry.get("security.antivirus")
    product = {"product": "clamav", "programs": ["clamd"], "definitions": [f"{place}/daily.cud"]}
    params = from_json(check.params, {"products": [product]}, "params")
    facts = check.observe(open_host(Transient()), params)
    now = time.time_ns() // 1_000_000
    return {
        one.name: (one.value, str(one.state), one.reason) for one in check.judge(Seen(facts, now), params)
    }


def test_a_daemon_and_the_age_of_its_definitions(place: Path) -> None:
    if subprocess.run(["pgrep", "-x", "clamd"], capture_output=True, check=False).returncode == 0:
        pytest.skip("NOT TESTED: a clamd runs here already")
    definitions(place, 40)
    assert looked(place)["clamav:running"][1:] == ("crit", "not_running")
    (place / "clamd.conf").write_text(CONF.format(place=place, user=os.environ.get("USER") or "root"))
    with (
        (place / "out").open("wb") as out,
        subprocess.Popen(["clamd", "-c", place / "clamd.conf"], stdout=out, stderr=out) as daemon,
    ):
        try:
            until = time.monotonic() + 120
            while not (place / "clamd.sock").exists() and time.monotonic() < until:
                assert daemon.poll() is None, (place / "out").read_text()
                time.sleep(0.1)
            found = looked(place)
            assert found["antivirus"][1] == "ok" and found["clamav:running"][1] == "ok"
            assert found["clamav:definitions"][:2] == (40, "crit")
            shutil.rmtree(place / "work")
            definitions(place, 1)
            assert looked(place)["clamav:definitions"][:2] == (1, "ok")
        finally:
            daemon.terminate()
            daemon.wait(60)
