"""Plugins to run: real ones of monitoring-plugins-basic, and programs that behave badly."""

import json
import os
import stat
import tempfile
import time
from pathlib import Path

import pytest

from agent.sources.plugins import open_plugins
from checks import registry
from checks.result import Item, Result, When, decode, encode, look, rejudge

RECORDINGS = Path(__file__).parents[1] / "recordings" / "plugin.nagios"
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
        if name and os.environ.get("ROUNDSEAL_RECORD"):
            record(name, asked, json.loads(line), result.t0)
        return result

    return run


def record(name: str, params: dict, line: dict, taken_at: int) -> None:
    seen = {"error": line["error"]["kind"]} if "error" in line else {"facts": line["facts"]}
    expect = {"state": line.get("state", "unknown"), "readings": line.get("readings", [])}
    recording = {"params": params, **seen, "taken_at": taken_at, "expect": expect}
    RECORDINGS.mkdir(parents=True, exist_ok=True)
    text = json.dumps(recording, ensure_ascii=False, indent=1)
    (RECORDINGS / f"{name}.json").write_text(text + "\n", encoding="utf-8")
