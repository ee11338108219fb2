"""Fixtures of the tests with real processes; the modules beside are loaded by their path (importlib mode)."""

import subprocess
from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from parts import loaded


@pytest.fixture(scope="session")
def e2e():
    """Names of the harness, the oracle and the kills, in one place."""
    parts = [vars(loaded(f"e2e/{name}.py")) for name in ("harness", "oracle", "kills")]
    return SimpleNamespace(**{name: part[name] for part in parts for name in part if name[0] != "_"})


@pytest.fixture
def site(e2e, tmp_path):
    """A collector's directory; every process started through it is ended with the test."""
    made = e2e.Site(tmp_path).init()
    yield made
    made.close()


@pytest.fixture
def rounds(site, e2e):
    """`rounds(count, seed)`: so many rounds of kill -9, then all compared; (tally, batches, results)."""

    def run(count, seed):
        site.serve()
        machine = site.enrol()
        site.plan()
        site.server.kill()
        tally = e2e.kill_rounds(site, machine, count, seed)
        e2e.settle(site, machine)
        signed, lines = e2e.check_all(site, machine)
        site.server.stop()
        site.fsck()
        e2e.check_log(site)
        return tally, signed, lines

    return run


@pytest.fixture(scope="session")
def small_bundle(e2e, tmp_path_factory):
    """A bundle of a few seconds of a real agent: `.data`, `.bench` to verify spoiled copies, `.site`."""
    place = tmp_path_factory.mktemp("bundle")
    site = e2e.Site(place).init()
    try:
        site.serve()
        machine = site.enrol()
        site.plan(probes=4, flush_ms=1000)
        machine.start()
        e2e.until(lambda: len(site.logged()) >= 4 and max(e2e.sizes(site), default=0) >= 2, 180)
        e2e.settle(site, machine)
        site.server.stop()
    finally:
        site.close()
    file = place / "bundle.zip"
    # Not "today": the agent may have looked before midnight in Shanghai, and this be after it.
    period = f"{date.today() - timedelta(2)}/{date.today() + timedelta(3)}"
    done = site.run(
        "roundseal-collector", "bundle", "make", site.directory, "--period", period, "--out", file
    )
    assert done.returncode == 0, done.stdout + done.stderr
    data = file.read_bytes()
    bench = loaded("e2e/spoiled.py").Bench(place, data, (site.directory / "policy").read_text())
    return SimpleNamespace(data=data, bench=bench, site=site)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 96 MiB; needs root."""
    place = tmp_path / "small"
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", str(place)]
    made = subprocess.run(words, capture_output=True, check=False)
    if made.returncode:
        pytest.skip("NOT TESTED: no permission to mount a small file system for the full-disk test")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=False)


@pytest.fixture
def small_site(e2e, tmp_path, small_disk):
    """A site whose collector's directory is on the small disk."""
    made = e2e.Site(tmp_path, small_disk / "collector").init()
    yield made
    made.close()
