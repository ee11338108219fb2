"""The offline set: damaged or enriched it is refused; whole, it installs and runs with the network cut."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow
CUT = ["unshare", "--net", *([] if os.geteuid() == 0 else ["--map-root-user"])]
# From within the cut network: only loopback exists, and it carries the programs' own talk.
SERVE = """
set -e
ip link set lo up
test "$(ip -brief link | awk '$1 != "lo"' | wc -l)" = 0
cd "$1"; bin=$2/venv/bin
"$bin/roundseal-verify" --help > verify.log; "$bin/roundseal-agent" --version
"$bin/roundseal-collector" init data --listen 127.0.0.1:8443 > init.log
"$bin/roundseal-collector" serve data > serve.log 2>&1 & server=$!
trap 'kill $server; wait $server || true' EXIT
for _ in $(seq 150); do grep -q listening serve.log && break; sleep 0.2; done
token=$("$bin/roundseal-collector" token create data --asset here)
"$bin/roundseal-agent" enrol https://127.0.0.1:8443 "$token" --state state --no-wait
"""


@pytest.fixture(scope="session")
def offline(tmp_path_factory) -> Path:
    """The set as `make wheels` makes it (the only step that fetches anything)."""
    out = tmp_path_factory.mktemp("offline") / "set"
    done = subprocess.run(
        ["bash", ROOT / "deploy/wheels.sh", out], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return out


@pytest.fixture
def copy(offline, tmp_path) -> Path:
    """The set to spoil; files are shared with the original until one is replaced."""
    return Path(shutil.copytree(offline, tmp_path / "set", copy_function=os.link))


def install(place: Path, what: str, *options: str | Path, cut: bool = False):
    words = [*(CUT if cut else []), "bash", place / "install.sh", what, *options]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def replace(path: Path, content: bytes) -> None:
    path.unlink()
    path.write_bytes(content)


def refused(copy: Path, tmp_path: Path, reason: str) -> None:
    done = install(copy, "agent", "--no-units", "--prefix", tmp_path / "opt")
    assert done.returncode == 1
    assert reason in done.stderr
    assert not (tmp_path / "opt").exists()


def test_a_damaged_wheel_is_refused_before_anything_is_installed(copy, tmp_path):
    wheel = next((copy / "wheels").glob("requests-*.whl"))
    whole = bytearray(wheel.read_bytes())
    whole[len(whole) // 2] ^= 1
    replace(wheel, bytes(whole))
    refused(copy, tmp_path, "damaged")


def test_a_missing_wheel_is_refused(copy, tmp_path):
    next((copy / "wheels").glob("schedule-*.whl")).unlink()
    refused(copy, tmp_path, "damaged")


def test_a_wheel_that_is_not_listed_is_refused_as_pip_would_take_it(copy, tmp_path):
    wheel = next((copy / "wheels").glob("requests-*.whl"))
    shutil.copy(wheel, copy / "wheels/requests-99.0.0-py3-none-any.whl")
    refused(copy, tmp_path, "not in SHA256SUMS: ./wheels/requests-99.0.0-py3-none-any.whl")


def test_a_set_without_its_list_is_refused(copy, tmp_path):
    (copy / "SHA256SUMS").unlink()
    refused(copy, tmp_path, "SHA256SUMS is missing")


@pytest.mark.parametrize("words", [[], ["everything"], ["agent", "--prefx", "/x"]])
def test_a_command_line_that_is_not_understood_exits_2(offline, words):
    done = subprocess.run(
        ["bash", offline / "install.sh", *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "usage: install.sh agent|collector|both" in done.stderr


def test_with_the_network_cut_both_sides_install_start_and_enrol(offline, tmp_path):
    if subprocess.run([*CUT, "true"], capture_output=True, check=False).returncode:
        pytest.skip("NOT TESTED: no network namespace can be made here")
    prefix = tmp_path / "opt"
    done = install(offline, "both", "--no-units", "--prefix", prefix, cut=True)
    assert done.returncode == 0, done.stdout + done.stderr
    ran = subprocess.run(
        [*CUT, "bash", "-c", SERVE, "serve", tmp_path, prefix], capture_output=True, text=True, check=False
    )
    logs = "".join(log.read_text() for log in tmp_path.glob("*.log"))
    assert ran.returncode == 0, ran.stdout + ran.stderr + logs
    assert "approval code" in ran.stdout
    assert (prefix / "docs/install.md").exists() and (prefix / "examples/agent.yaml").exists()
