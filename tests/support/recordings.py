"""Recordings of what checks see (tests/checks/recordings), written anew where ROUNDSEAL_RECORD is set.

A recording holds `params`, `facts` (or `error`), `taken_at` and what is expected of them: state and readings.
"""

import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from checks.api import Reading, worst
from checks.codec import to_json

RECORDINGS = Path(__file__).resolve().parents[1] / "checks" / "recordings"


def wanted() -> bool:
    """Whether recordings are made anew."""
    return bool(os.environ.get("ROUNDSEAL_RECORD"))


def of_line(line: bytes, params: Mapping[str, Any], taken_at: int) -> dict[str, Any]:
    """Of a result line, as agents send it."""
    said = json.loads(line)
    seen = {"error": said["error"]["kind"]} if "error" in said else {"facts": said["facts"]}
    expect = {"state": said.get("state", "unknown"), "readings": said.get("readings", [])}
    return {"params": params, **seen, "taken_at": taken_at, "expect": expect}


def expected(readings: Iterable[Reading]) -> dict[str, Any]:
    """State and readings, in the form of a line."""
    found = list(readings)
    rows = [
        [one.name, to_json(one.value), one.unit.value, one.state.value, *([one.reason] if one.reason else [])]
        for one in found
    ]
    return {"state": str(worst(one.state for one in found)), "readings": rows}


def keep(
    check_id: str, name: str, recording: Mapping[str, Any], hidden: Mapping[str, str] | None = None
) -> None:
    """Write it, where that is wanted. `hidden`: expressions for what tells where the test ran, and what
    stands there instead."""
    if not wanted():
        return
    text = json.dumps(recording, ensure_ascii=False, indent=1)
    for expression, instead in (hidden or {}).items():
        text = re.sub(expression, instead, text)
    place = RECORDINGS / check_id
    place.mkdir(parents=True, exist_ok=True)
    (place / f"{name}.json").write_text(text + "\n", "utf-8")
