"""How far our SNMP readings agree with another system's, from the same recordings: per kind and per family.

    python tests/bench/bench_snmp_agreement.py BASE SCORE_TOOL [--out DIR]

BASE holds recordings/, expected/ and MANIFEST.json; SCORE_TOOL is the script that compares. Recordings are
replayed over real UDP, four times: with the profiles; leaving out of them what only the recording itself
shows (for systems with three or more, snmp_left_out.py); as devices whose sysObjectID no profile knows, which
are read by their makers' tables that answer; and by the standard MIBs alone. Printed, over all and per vendor
family: agreement, expected warning and critical states found with that severity (beside it, of those that the
device itself does not contradict: snmp_own_words.py), expected ok states given as bad; and per system with
three or more recordings how far these lie apart.

Profiles are written from MIBs, not drawn from recordings one by one; the recordings were at hand all the
same while they were written, so the figures are in-sample, and leave-one-out is a lower bound (docs/snmp.md).
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from snmp_left_out import Backed
from snmp_own_words import OwnWords

from agent.sources.snmp_profiles import Profile, chosen
from agent.sources.snmp_replay import replay

Scores = dict[str, tuple[int, int]]  # per recording: readings that agree, readings expected
BAD = ("warning", "critical")
AGREES = (": agrees", "version: contains", "hardware: contains")  # a serial number only where it is equal
FEW = 3  # recordings of a system below which there is no spread to speak of


def load(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def states(expected: Path, mine: Path, recording: Path) -> Counter[str]:
    """Expected states of one recording by what became of them."""
    found: Counter[str] = Counter()
    have = load(mine).get("sensors", ()) if mine.exists() else ()
    severity = {sensor.get("oid"): sensor["severity"] for sensor in have if sensor["class"] == "state"}
    wanted = load(expected)["sensors"]
    own = OwnWords(recording)
    for sensor in wanted:
        want, got = sensor.get("severity"), severity.get(sensor["oid"])
        if sensor["class"] != "state" or not want:
            continue
        if want in BAD:
            denied = own.calm(sensor["oid"])
            found["bad expected"] += 1
            found["bad denied"] += denied
            found["bad found"] += got == want
            found["bad found and not denied"] += got == want and not denied
            found["bad given as ok"] += got == "ok"
            found["bad not read"] += got is None
        elif want == "ok":
            found["ok expected"] += 1
            found["ok given as bad"] += got in BAD
    return found


def said(title: str, found: Counter[str]) -> str:
    bad = f"{found['bad found']}/{found['bad expected']}"
    rest = f"as ok {found['bad given as ok']}, not read {found['bad not read']}"
    sure = f"{found['bad found and not denied']}/{found['bad expected'] - found['bad denied']}"
    ok = f"{found['ok given as bad']}/{found['ok expected']}"
    told = f"that the device does not contradict {sure}"
    return f"   {title:28} warning, critical {bad} ({rest}), {told}; ok given as bad {ok}"


def score(tool: Path, base: Path, out: Path, *more: str) -> str:
    done = subprocess.run(
        [sys.executable, tool, base, out, *more], capture_output=True, text=True, check=True
    )
    return done.stdout


def each(tool: Path, base: Path, out: Path) -> Scores:
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
        agrees = sum(
            n
            for key, n in counted.items()
            if key.endswith((": agrees", "version: contains", "hardware: contains"))
        )
        found[name] = agrees, sum(n for key, n in counted.items() if not key.endswith(": extra"))
    return found


def spread(recordings: dict[str, Any], columns: list[Scores]) -> Iterator[str]:
    """A line a system that has recordings enough: worst, middle and best share of agreement, each column."""
    systems: dict[str, list[str]] = defaultdict(list)
    for name, about in recordings.items():
        if columns[0][name][1]:
            systems[about["os"]].append(name)
    for system, names in sorted(systems.items()):
        if len(names) >= FEW:
            told = "  ".join(_spread([scores[name] for name in names]) for scores in columns)
            yield f"   {system:20} {len(names):3}  {told}"


def _spread(scores: list[tuple[int, int]]) -> str:
    shares = sorted(100 * agrees / expected for agrees, expected in scores)
    return f"| {shares[0]:5.1f} {shares[len(shares) // 2]:5.1f} {shares[-1]:5.1f}"


_GROUPS = {
    "identification": "identity ",
    "processors": "cpu",
    "memory": "memory",
    "storage": "storage",
    "ports": "port",
    "sensors": "sensor ",
    "states: severity": "state severity",
}


def by_kind(tool: Path, base: Path, out: Path) -> dict[str, tuple[int, int, int]]:
    """Agree, expected, extra by kind, over all recordings; a serial number agrees only where it is equal."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "scores.json"
        score(tool, base, out, "--json", str(path))
        counted = load(path)["all"]
    found = {}
    for title, begin in _GROUPS.items():
        agrees = expected = extra = 0
        for key, n in counted.items():
            kind, _, what = key.partition(": ")
            if not kind.startswith(begin):
                continue
            good = key.endswith(AGREES)
            agrees, extra = agrees + n * good, extra + n * (what == "extra")
            expected += n * (what != "extra")
        found[title] = agrees, expected, extra
    return found


def table(columns: dict[str, dict[str, tuple[int, int, int]]]) -> Iterator[str]:
    """Kinds down, ways of reading across."""
    yield "   " + " " * 18 + "".join(f"{title:>36}" for title in columns)
    for kind in _GROUPS:
        cells = (found[kind] for found in columns.values())
        told = (f"{a}/{of} ({100 * a / max(of, 1):.1f} %) +{more}" for a, of, more in cells)
        yield f"   {kind:18}" + "".join(f"{cell:>36}" for cell in told)


def left_out(base: Path, recordings: dict[str, Any], out: Path) -> dict[str, str]:
    """Recordings of systems that have enough of them, each read without what it alone shows."""
    many = Counter(about["os"] for about in recordings.values())
    paths = sorted((base / "recordings").glob("*.snmprec"))
    backed = Backed(paths)
    failed: dict[str, str] = {}
    for path in paths:
        if many[recordings[path.stem]["os"]] >= FEW:
            failed |= replay([path], out, choose=backed.without(path.stem), kin=backed.kin(path.stem))
    return failed


def nobody(object_id: str, description: str) -> tuple[Profile, ...]:
    """What every device gets: as if no profile knew its sysObjectID."""
    return chosen("", "")


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("base", type=Path)
    words.add_argument("tool", type=Path)
    words.add_argument("--out", type=Path)
    args = words.parse_args()
    recordings = load(args.base / "MANIFEST.json")["recordings"]
    paths = sorted((args.base / "recordings").glob("*.snmprec"))
    with tempfile.TemporaryDirectory() as scratch:
        out = args.out or Path(scratch) / "out"
        bare, without, unnamed = (Path(scratch) / each for each in ("bare", "without", "unnamed"))
        before = time.process_time()
        failed = replay(paths, out)
        spent = time.process_time() - before
        failed |= replay(paths, bare, choose=nobody, kin=lambda enterprise: ())
        failed |= replay(paths, unnamed, choose=nobody)
        shutil.copytree(out, without)
        failed |= left_out(args.base, recordings, without)
        print(score(args.tool, args.base, out), end="")
        for name, error in failed.items():
            print(f"not read: {name}: {error}")
        print(f"CPU, responder included: {spent:.1f} s")
        outs = {
            "with profiles": out,
            "without what it alone shows": without,
            "sysObjectID of nobody": unnamed,
            "standard MIBs alone": bare,
        }
        print("== agreement by kind (extra behind it)")
        print("\n".join(table({title: by_kind(args.tool, args.base, each) for title, each in outs.items()})))
        print("== states, found with that severity")
        for title, place in outs.items():
            families = severities(args.base, recordings, place)
            print(said(title, sum(families.values(), Counter())))
            if place is out:
                for family, counted in sorted(families.items()):
                    print(said("  " + family, counted))
        print("== systems with three or more recordings: worst, middle, best recording in per cent,")
        print(f"   {' | '.join(outs)} (in-sample: see the top of this file)")
        columns = [each(args.tool, args.base, place) for place in outs.values()]
        print("\n".join(spread(recordings, columns)))
    return 1 if failed else 0


def severities(base: Path, recordings: dict[str, Any], out: Path) -> dict[str, Counter[str]]:
    """Expected states by vendor family and by what became of them."""
    families: dict[str, Counter[str]] = defaultdict(Counter)
    for name, about in recordings.items():
        recording = base / "recordings" / f"{name}.snmprec"
        families[about["family"]] += states(
            base / "expected" / f"{name}.json", out / f"{name}.json", recording
        )
    return families


if __name__ == "__main__":
    sys.exit(main())
