"""The built wheel in environments of its own: each program starts where only its own extra is installed."""

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CLEAN = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "ROUNDSEAL", "VIRTUAL_ENV"))}


def run(*words, **kw):
    return subprocess.run(
        [str(w) for w in words], capture_output=True, text=True, check=False, env=CLEAN, **kw
    )


@pytest.fixture(scope="session")
def wheel(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    done = run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(out.glob("roundseal-*.whl"))


def installed(place: Path, wheel: Path, extra: str) -> Path:
    venv.create(place)  # without pip: ours installs into it
    # Nothing here runs often enough to be compiled first.
    pip = [*pip_of(place), "install", "--quiet", "--no-compile"]
    if extra:
        lock = ROOT / "deploy/requirements-dev.lock"
        done = run(*pip, "--constraint", unhashed(lock, place), f"{wheel}[{extra}]")
    else:
        done = run(*pip, "--no-index", wheel)
    assert done.returncode == 0, done.stderr
    return place / "bin"


def pip_of(place: Path) -> list[object]:
    """Words of pip on the environment at `place`."""
    return [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", place / "bin/python"]


def unhashed(lock: Path, place: Path) -> Path:
    """The same exact versions as constraints (a wheel made here has no digest in the lock)."""
    lines = [line.rstrip(" \\") for line in lock.read_text().splitlines() if line and line[0].isalnum()]
    made = place / "constraints.txt"
    made.write_text("\n".join(lines) + "\n")
    return made


def modules(bin: Path) -> str:
    done = run(*pip_of(bin.parent), "list", "--format=freeze")
    assert done.returncode == 0 and "roundseal" in done.stdout, done.stderr
    return done.stdout


def test_the_verifier_needs_no_other_package(tmp_path, wheel):
    bin = installed(tmp_path, wheel, "")
    assert run(bin / "roundseal-verify", "--help").returncode == 0
    absent = run(bin / "roundseal-verify", tmp_path / "none.zip", "--policy", tmp_path / "none")
    assert absent.returncode == 2
    assert "Traceback" not in absent.stderr
    names = {line.partition("==")[0].lower() for line in modules(bin).split()}
    assert names == {"roundseal"}


def test_the_agent_starts_with_its_own_extra_only(tmp_path, wheel):
    bin = installed(tmp_path, wheel, "agent")
    done = run(bin / "roundseal-agent", "check", "host.load", "--json")
    assert done.returncode in (0, 1), done.stderr
    assert '"host.load"' in done.stdout
    assert "flask" not in modules(bin).lower()


def test_the_collector_starts_with_its_own_extra_only(tmp_path, wheel):
    bin = installed(tmp_path, wheel, "collector")
    data = tmp_path / "data"
    made = run(bin / "roundseal-collector", "init", data)
    assert made.returncode == 0, made.stderr
    checked = run(bin / "roundseal-collector", "fsck", data)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "paramiko" not in modules(bin).lower()
