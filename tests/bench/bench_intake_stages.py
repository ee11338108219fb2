"""Where intake's CPU goes: server and provers in a run of 50x4, and a prover's stages, a batch of 50 lines.

    python tests/bench/bench_intake_stages.py [--seconds S] [--repeats N]

First one run of bench_intake.py's case 50x4, its bill told by process. Then a prover's work on such batches
in this process, stage by stage: the least of N (15) repeats over 640 batches, in microseconds of CPU; the
whole last. Indented are stages within a stage. With a star: what is mostly work of libraries (signature,
inflating, SHA-256 of 50 salts, 50 leaves and 49 nodes).
"""

import argparse
import gc
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from bench_intake import CASES, catching_up, prepare
from load import Chain, cpu_seconds, drive, family, probe_lines, serving
from machine import loop_ms

from checks.wire import frame as frames
from checks.wire import lines as bodies
from checks.wire import tree
from checks.wire.signing import Signer
from collector import prover
from collector.evidence import rows
from collector.evidence.fast_header import read_header
from collector.evidence.unzstd import unzstd

AGENTS, BATCHES, LINES = 16, 40, 50


class Stages:
    """The least CPU time of each stage."""

    def __init__(self) -> None:
        self.least: dict[str, float] = {}

    def time(self, name: str, work: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
        """Do it for all; microseconds for each are remembered. Results are made anew: kept, they cost."""
        begin = time.process_time()
        for item in items:
            work(item)
        took = 1e6 * (time.process_time() - begin) / len(items)
        self.least[name] = min(took, self.least.get(name, took))
        return [work(item) for item in items]


def pieces(batches: int = BATCHES) -> list[tuple[bytes, bytes]]:
    """Public key and frame of so many batches of each of many agents, in turn."""
    templates = probe_lines()[:1]
    chains = [Chain(f"a{i:04d}x", Signer(sha256(b"%d" % i).digest()), 1, "00" * 32) for i in range(AGENTS)]
    return [(one.signer.public, one.frame(templates, LINES)) for _ in range(batches) for one in chains]


def proven(stages: Stages, given: list[tuple[bytes, bytes]]) -> None:
    """What a prover does with a batch, once for each."""
    took = stages.time
    found = took("frame", lambda it: frames.decode(it[1]), given)
    heads = took("header", lambda it: read_header(it.header), found)
    whole = list(zip(found, heads, given, strict=True))
    took("signature *", lambda it: frames.check_signature(it[0], it[1], it[2][0]), whole)
    inflated = took("inflate *", lambda it: frames.inflate(it[0], it[1], unzstd), whole)
    split = took("split", lambda it: frames.split_body(*it), list(zip(inflated, heads, strict=True)))
    salted = list(zip((one.seed for one in found), split, strict=True))
    leaves = took("salts and leaves *", lambda it: bodies.leaves(*it), salted)
    took("root of the leaves *", tree.root, leaves)
    lines = list(zip(split, inflated, heads, strict=True))
    read = took("lines", lambda it: rows.read_lines(it[0], it[1], it[2].agent), lines)
    took("  no number too long", rows._small, inflated)
    took("  decoded typed", rows._HEALTHY.decode_lines, inflated)
    took("  encoded again", rows._ENCODER.encode_lines, read)
    took("packed", rows.pack, read)
    took("all of it", lambda it: prover.one(*it), given)


def by_process(seconds: float) -> None:
    """One run of 50x4; CPU for 100 000 results of server and provers."""
    given = argparse.Namespace(seconds=seconds, agents=64, templates=probe_lines()[:1])
    with tempfile.TemporaryDirectory() as folder:
        made = prepare(CASES[0], given, Path(folder))
        case = made.case
        with serving(made.directory, "--plain-http") as (pid, port):
            drive(port, [agent[:1] for agent in made.work], case.connections)
            before = {one: cpu_seconds(one) for one in family(pid)[1:]}
            everything = cpu_seconds(pid)
            got = drive(port, [agent[1:] for agent in made.work], case.connections)
            catching_up(made.directory)
            results = got["requests"] * case.count * case.per / 100_000
            provers = sum(cpu_seconds(one) - used for one, used in before.items()) / results
            total = (cpu_seconds(pid) - everything) / results
    print(
        f"50x4, CPU s/100k: {total:.2f}, of which {len(before)} provers {provers:.2f}, "
        f"server (HTTP, log, derived tables) {total - provers:.2f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--repeats", type=int, default=15)
    args = parser.parse_args()
    by_process(args.seconds)
    stages, given = Stages(), pieces()
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)  # as a prover does
    for _ in range(args.repeats):
        proven(stages, given)
    print(f"a prover's stages, microseconds a batch of {LINES} lines; speed loop {loop_ms():.1f} ms")
    for name, took in stages.least.items():
        print(f"  {name:24}{took:8.1f}")
    fixed = sum(took for name, took in stages.least.items() if name.endswith("*"))
    whole = stages.least["all of it"]
    print(f"{fixed:.0f} of {whole:.0f} microseconds a batch are signature, inflating and SHA-256")


if __name__ == "__main__":
    main()
