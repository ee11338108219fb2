"""What the judges of databases say has words."""

import json
from pathlib import Path

from collector.words.codes import READINGS, REASONS


def test_every_name_and_reason_in_a_recording_has_words():
    for path in (Path(__file__).parents[1] / "recordings").glob("database.*/*.json"):
        for reading in json.loads(path.read_text("utf-8"))["expect"].get("readings", []):
            last = reading[0].rpartition(":")[2]
            assert last in READINGS or reading[0].startswith("/"), (path, reading)
            assert len(reading) < 5 or reading[4] in REASONS, (path, reading)
