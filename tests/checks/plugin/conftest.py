"""Plugins to run: real ones of monitoring-plugins-basic, and programs that behave badly."""

import stat
import tempfile
import time
from pathlib import Path

import pytest
import recordings

from agent.sources.plugins import open_plugins
from checks import registry
from checks.result import Item, Result, When, decode, encode, look, rejudge

REAL = Path("/usr/lib/nagios/plugins")


@pytest.fixture
def real() -> Path:
    if not (REAL / "check_disk").exists():
        pytest.skip("NOT TESTED: monitoring-plugins-basic is not installed")
    return REAL


@pytest.fixture
def program():
    """Write a shell program; gives its path."""
    with tempfile.TemporaryDirectory(prefix="plugins-") as place:

        def write(text: str, name: str = "check_it") -> str:
            path = Path(place) / name
            path.write_text(f"#!/bin/sh\n{text}\n")
            path.chmod(stat.S_IRWXU)
            return str(path)

        yield write


@pytest.fixture
def ran():
    """Run the plugin `it` = these words, judge, take the line through its bytes and judge it again."""

    def run(argv: list[str], name: str = "", **params) -> Result:
        check = registry.get("plugin.nagios")
        asked = {"plugin": "it", **params}
        item = Item(check.id, check.version, "target", None, asked)
        result = look(
            check,
            item,
            open_plugins({"it": argv}),
            vantage="here",
            when=When(slot=0),
            now=lambda: time.time_ns() // 1_000_000,
        )
        line = encode(result)
        assert decode(line) == result
        if result.error is None:
            assert rejudge(check, decode(line), asked) == result.readings
            assert all(reading.reason for reading in result.readings if reading.state.value != "ok")
        if name:
            recordings.keep("plugin.nagios", name, recordings.of_line(line, asked, result.t0))
        return result

    return run
