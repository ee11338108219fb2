"""What the judges of servers and storage say has words, whichever way the reason is put together."""

import json
from pathlib import Path

import pytest

from collector.words.codes import REASONS

RECORDINGS = Path(__file__).parents[1] / "recordings"
SAID = sorted(
    {
        reading[4]
        for package in ("server", "virtual")
        for path in RECORDINGS.glob(f"{package}.*/*.json")
        for reading in json.loads(path.read_text("utf-8"))["expect"]["readings"]
        if len(reading) > 4
    }
)


@pytest.mark.parametrize("reason", SAID)
def test_a_reason_that_a_recording_gives_has_words(reason: str) -> None:
    assert reason in REASONS


def test_every_reason_of_the_judges_tables_has_words() -> None:
    from checks.server import _parts

    tables = [*_parts._STATES.values(), *_parts._HEALTH.values(), *(verdict for _, verdict in _parts._EVENTS)]
    assert {why for _, why in tables if why} <= REASONS.keys()
