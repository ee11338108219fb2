"""Reading a log again: seconds for the tree alone, for fsck as it is, for every signature.

    python tests/bench/bench_fsck.py [--entries N]     default 100 000; figures are also given per 10^6

Bars per 10^6 entries: tree < 10 s, fsck < 60 s.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from load import Chain, collector

from checks.wire import entry
from checks.wire import frame as frames
from checks.wire.numbers import EntryKind
from checks.wire.tree import leaf_hash
from collector.context import open_context
from collector.evidence.edge import Edge
from collector.jobs.fsck import Fsck
from collector.jobs.sequencer import Draft, Sequencer
from collector.store import leases, packs


class Fill:
    """Many signed batches of one line, placed at once without the intake's checks."""

    def __init__(self, chains: list[Chain], count: int) -> None:
        self.chains, self.count = chains, count

    def place(self, draft: Draft, sequencer: Sequencer) -> None:
        for i in range(self.count):
            chain = self.chains[i % len(self.chains)]
            seq = chain.seq
            frame = frames.decode(chain.frame([b'{"n":[%d,%d,%d,%d]}'], 1))
            data = entry.encode(entry.Entry(EntryKind.BATCH, draft.received, frame.header, frame.signatures))
            draft.add(
                EntryKind.BATCH,
                data,
                key=(chain.name, chain.epoch, seq),
                body=(frame.seed, frame.enc, frame.body),
            )


def timed(work) -> tuple[float, float, object]:
    wall, cpu = time.perf_counter(), time.process_time()
    got = work()
    return time.perf_counter() - wall, time.process_time() - cpu, got


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--entries", type=int, default=100_000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "collector"
        chains = collector(directory, 20)
        with open_context(directory) as context:
            fence = leases.SqlLeases(context.database, context.now)
            sequencer = Sequencer(context.database, fence, context.now)
            for begin in range(0, args.entries, 5000):
                sequencer.commit([Fill(chains, min(5000, args.entries - begin))])

            def tree() -> str:
                edge = Edge()
                with context.read() as conn:
                    leaves = []
                    for _, data in packs.entries(conn, 0, args.entries):
                        leaves.append(leaf_hash(data))
                        if len(leaves) == 4096:
                            edge.extend(leaves)
                            leaves = []
                edge.extend(leaves)
                return edge.root().hex()

            rows = []
            for name, work in (
                ("tree", tree),
                ("fsck", lambda: Fsck(context).run()),
                ("fsck --bodies", lambda: Fsck(context, bodies=True).run()),
                ("fsck --full", lambda: Fsck(context, full=True).run()),
            ):
                wall, cpu, got = timed(work)
                if not isinstance(got, str) and got.problems:
                    print(got.problems[:3])
                    return 1
                rows.append((name, wall, cpu))
    print(f"{args.entries} entries of 20 agents")
    print(f"{'':16}{'s':>8}{'CPU s':>8}{'s per 10^6':>12}{'CPU s per 10^6':>16}{'bar':>6}")
    good = True
    for (name, wall, cpu), bar in zip(rows, (10, 60, 0, 0), strict=True):
        scale = 1_000_000 / args.entries
        good &= not bar or cpu * scale < bar
        print(f"{name:16}{wall:8.2f}{cpu:8.2f}{wall * scale:12.1f}{cpu * scale:16.1f}{bar or '':>6}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
