"""How far our SNMP readings agree with another system's, from the same recordings: per kind and per family.

    python tests/bench/bench_snmp_agreement.py BASE SCORE_TOOL [--out DIR]

BASE holds recordings/, expected/ and MANIFEST.json; SCORE_TOOL is the script that compares. Recordings are
replayed over real UDP. Printed besides: expected warning and critical states found with that severity, and
expected ok states given as bad.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from agent.sources.snmp_replay import replay

BAD = ("warning", "critical")


def states(base: Path, out: Path) -> Counter[str]:
    """Expected states by what became of them."""
    found: Counter[str] = Counter()
    for path in sorted((base / "expected").glob("*.json")):
        mine = out / path.name
        have = json.loads(mine.read_text("utf-8")) if mine.exists() else {}
        severity = {s.get("oid"): s["severity"] for s in have.get("sensors", ()) if s["class"] == "state"}
        for sensor in json.loads(path.read_text("utf-8"))["sensors"]:
            want = sensor.get("severity")
            if sensor["class"] != "state" or not want:
                continue
            got = severity.get(sensor["oid"])
            if want in BAD:
                found["bad expected"] += 1
                found["bad found"] += got == want
            elif want == "ok":
                found["ok expected"] += 1
                found["ok given as bad"] += got in BAD
    return found


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("base", type=Path)
    words.add_argument("tool", type=Path)
    words.add_argument("--out", type=Path)
    args = words.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        out = args.out or Path(scratch)
        before = time.process_time()
        failed = replay(sorted((args.base / "recordings").glob("*.snmprec")), out)
        spent = time.process_time() - before
        said = subprocess.run(
            [sys.executable, args.tool, args.base, out], capture_output=True, text=True, check=True
        )
        print(said.stdout, end="")
        counted = states(args.base, out)
    for name, error in failed.items():
        print(f"not read: {name}: {error}")
    print(f"CPU, responder included: {spent:.1f} s")
    print(f"warning and critical found with that severity: {counted['bad found']}/{counted['bad expected']}")
    print(f"ok given as warning or critical: {counted['ok given as bad']}/{counted['ok expected']}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
