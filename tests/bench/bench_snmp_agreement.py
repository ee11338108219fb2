"""How far our SNMP readings agree with another system's, from the same recordings: per kind and per family.

    python tests/bench/bench_snmp_agreement.py BASE SCORE_TOOL [--out DIR] [--standard-only]

BASE holds recordings/, expected/ and MANIFEST.json; SCORE_TOOL is the script that compares. Recordings are
replayed over real UDP. Printed besides, over all and per vendor family: expected warning and critical states
found with that severity, expected ok states given as bad; and per system with three or more recordings how
far its recordings lie apart. --standard-only reads every recording as a device that no profile knows.

Leave-one-out is not printed: profiles name whole tables and enumerations, not drawn from recordings one
by one. The recordings were at hand while they were written, so the figures are in-sample (docs/snmp.md).
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agent.sources.snmp_replay import replay

BAD = ("warning", "critical")
FEW = 3  # recordings of a system below which there is no spread to speak of


def load(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def states(expected: Path, mine: Path) -> Counter[str]:
    """Expected states of one recording by what became of them."""
    found: Counter[str] = Counter()
    have = load(mine).get("sensors", ()) if mine.exists() else ()
    severity = {sensor.get("oid"): sensor["severity"] for sensor in have if sensor["class"] == "state"}
    for sensor in load(expected)["sensors"]:
        want, got = sensor.get("severity"), severity.get(sensor["oid"])
        if sensor["class"] != "state" or not want:
            continue
        if want in BAD:
            found["bad expected"] += 1
            found["bad found"] += got == want
            found["bad given as ok"] += got == "ok"
            found["bad not read"] += got is None
        elif want == "ok":
            found["ok expected"] += 1
            found["ok given as bad"] += got in BAD
    return found


def said(title: str, found: Counter[str]) -> str:
    bad = f"{found['bad found']}/{found['bad expected']}"
    rest = f"as ok {found['bad given as ok']}, not read {found['bad not read']}"
    ok = f"{found['ok given as bad']}/{found['ok expected']}"
    return f"   {title:28} warning, critical {bad} ({rest}); ok given as bad {ok}"


def score(tool: Path, base: Path, out: Path, *more: str) -> str:
    done = subprocess.run(
        [sys.executable, tool, base, out, *more], capture_output=True, text=True, check=True
    )
    return done.stdout


def each(tool: Path, base: Path, out: Path) -> dict[str, tuple[int, int]]:
    """Per recording: readings that agree, readings expected. The tool's families are the recordings here."""
    manifest = load(base / "MANIFEST.json")
    manifest["recordings"] = {name: {"family": name} for name in manifest["recordings"]}
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        (place / "MANIFEST.json").write_text(json.dumps(manifest), "utf-8")
        (place / "expected").symlink_to((base / "expected").resolve())
        score(tool, place, out, "--json", str(place / "scores.json"))
        scores = load(place / "scores.json")
    found = {}
    for name in manifest["recordings"]:
        counted = {key: n for key, n in scores[name].items() if not key.startswith("device")}
        agrees = sum(n for key, n in counted.items() if key.endswith(": agrees"))
        found[name] = agrees, sum(n for key, n in counted.items() if not key.endswith(": extra"))
    return found


def spread(recordings: dict[str, Any], scores: dict[str, tuple[int, int]]) -> Iterator[str]:
    """A line a system that has recordings enough: worst, middle and best share of agreement."""
    systems: dict[str, list[float]] = defaultdict(list)
    for name, about in recordings.items():
        agrees, expected = scores[name]
        if expected:
            systems[about["os"]].append(100 * agrees / expected)
    for system, shares in sorted(systems.items()):
        if len(shares) >= FEW:
            low, *_, high = ordered = sorted(shares)
            middle = ordered[len(ordered) // 2]
            yield f"   {system:20} {len(shares):3}  {low:5.1f} %  {middle:5.1f} %  {high:5.1f} %"


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("base", type=Path)
    words.add_argument("tool", type=Path)
    words.add_argument("--out", type=Path)
    words.add_argument("--standard-only", action="store_true")
    args = words.parse_args()
    recordings = load(args.base / "MANIFEST.json")["recordings"]
    with tempfile.TemporaryDirectory() as scratch:
        out = args.out or Path(scratch)
        before = time.process_time()
        paths = sorted((args.base / "recordings").glob("*.snmprec"))
        failed = replay(paths, out, makers=not args.standard_only)
        spent = time.process_time() - before
        print(score(args.tool, args.base, out), end="")
        families: dict[str, Counter[str]] = defaultdict(Counter)
        for name, about in recordings.items():
            families[about["family"]] += states(args.base / "expected" / f"{name}.json", out / f"{name}.json")
        scores = each(args.tool, args.base, out)
    for name, error in failed.items():
        print(f"not read: {name}: {error}")
    print(f"CPU, responder included: {spent:.1f} s")
    print("== states, found with that severity")
    print(said("all", sum(families.values(), Counter())))
    for family, counted in sorted(families.items()):
        print(said(family, counted))
    print("== systems with three or more recordings: worst, middle, best recording")
    print("   (no leave-one-out, and in-sample all the same: see the top of this file)")
    print("\n".join(spread(recordings, scores)))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
