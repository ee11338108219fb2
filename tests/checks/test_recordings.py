"""Every recording of every installed check, judged again."""

import json
from pathlib import Path
from typing import Any

import pytest

from checks import registry
from checks.api import ErrorKind, Seen, State, worst
from checks.codec import from_json, to_json

HERE = Path(__file__).parent / "recordings"
RECORDINGS = sorted(HERE.glob("*/*.json"))


def read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text("utf-8"))


@pytest.mark.parametrize("check_id", registry.ids())
def test_a_check_has_recordings_of_ok_crit_and_unknown(check_id: str) -> None:
    states = {read(path)["expect"]["state"] for path in (HERE / check_id).glob("*.json")}
    absent = {"ok", "crit", "unknown"} - states
    assert not absent, f"{check_id} lacks recordings of: {', '.join(sorted(absent))}"


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_a_recording_is_judged_as_it_says(path: Path) -> None:
    recording = read(path)
    check = registry.get(path.parent.name)
    params = from_json(check.params, recording["params"], "params")
    assert {"facts", "error"} & recording.keys() != {"facts", "error"}
    if "error" in recording:
        assert ErrorKind(recording["error"])
        assert recording["expect"]["state"] == "unknown"
        return
    facts = from_json(check.facts, recording["facts"], "facts")
    assert to_json(facts) == recording["facts"], "facts do not survive the way there and back"
    readings = list(check.judge(Seen(facts, recording["taken_at"]), params))
    shown = [
        [r.name, to_json(r.value), r.unit.value, r.state.value, *([r.reason] if r.reason else [])]
        for r in readings
    ]
    assert shown == recording["expect"]["readings"]
    assert worst(r.state for r in readings) == recording["expect"]["state"]
    for reading in readings:
        assert reading.reason or reading.state is not State.UNKNOWN, (
            f"{reading.name} is unknown for no reason"
        )


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_a_recording_belongs_to_an_installed_check(path: Path) -> None:
    assert path.parent.name in registry.ids()


def test_no_recording_folder_is_empty() -> None:
    assert RECORDINGS
    assert all(any(folder.glob("*.json")) for folder in HERE.iterdir() if folder.is_dir())
