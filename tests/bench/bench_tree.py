"""Tree append: leaf hashes into the right edge of a log, with its tiles (bar: 800 000/s and core)."""

import sys
import time
from hashlib import sha256
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from checks.wire import tree
from collector.evidence.edge import Edge

BAR = 800_000
CHUNK = 1_000  # what the sequencer commits at once
COUNT = 400_000


def leaves(count: int) -> list[bytes]:
    return [sha256(i.to_bytes(8, "big")).digest() for i in range(count)]


def frontier_alone(found: list[bytes]) -> float:
    """Leaves a CPU second, one by one."""
    frontier = tree.Frontier()
    begin = time.process_time()
    for leaf in found:
        frontier.append(leaf)
    return len(found) / (time.process_time() - begin)


def edge(found: list[bytes]) -> float:
    """Leaves a CPU second in chunks as the sequencer does it, full tiles made, a root a chunk."""
    right, begin = Edge(), time.process_time()
    for first in range(0, len(found), CHUNK):
        right.extend(found[first : first + CHUNK])
        right.root()
    return len(found) / (time.process_time() - begin)


def proofs(found: list[bytes]) -> tuple[float, float]:
    """Inclusion proofs made, and checked, a CPU second."""
    nodes, size = tree.node_source(found), len(found)
    root = tree.root(found)
    picked = range(0, size, size // 2_000)
    begin = time.process_time()
    made = [tree.inclusion_proof(nodes, i, size) for i in picked]
    middle = time.process_time()
    good = all(tree.verify_inclusion(i, size, found[i], p, root) for i, p in zip(picked, made, strict=True))
    end = time.process_time()
    if not good:
        raise SystemExit("a proof does not hold")
    return len(picked) / (middle - begin), len(picked) / (end - middle)


def main() -> int:
    found = leaves(COUNT)
    print(f"one by one, frontier only: {frontier_alone(found):,.0f} leaves/s")
    made, checked = proofs(found)
    print(f"inclusion proofs at {COUNT:,} leaves: {made:,.0f} made/s, {checked:,.0f} checked/s")
    figure = max(edge(found) for _ in range(3))
    print(f"bar: {BAR:,} leaves/s and core")
    print(f"tree append with tiles and roots: {figure:,.0f} leaves/s and core (CPU time)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
