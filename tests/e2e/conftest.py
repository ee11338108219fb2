"""Fixtures of the tests with real processes; the harness is loaded by its path (importlib mode)."""

import importlib.util
import sys
from pathlib import Path

import pytest


def load(name):
    """A module beside this file."""
    path = Path(__file__).with_name(f"{name}.py")
    full = f"e2e_{name}"
    if full not in sys.modules:
        spec = importlib.util.spec_from_file_location(full, path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[full] = module  # dataclasses look themselves up there
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[full]
            raise
    return sys.modules[full]


@pytest.fixture(scope="session")
def e2e():
    """The harness."""
    return load("harness")


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
def load_beside():
    """`load_beside(name)`: a module beside this file."""
    return load
