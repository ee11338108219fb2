"""Packing a finished day: bytes a result before and after, and the CPU of it.

    python tests/bench/bench_pack.py [--agents N] [--batches N] [--lines tcp|host|probe|mixed] [--per N]

Each agent looks once a minute and sends 50 lines a batch. The lines are looks at this very machine: what
differed between three looks wanders by as much from batch to batch, the rest stays. Seeds, digests, notes and
signatures are as random as agents make them. A byte counts if it stands in a page of the log's tables; the
file does not shrink: the freed pages are there for the next day. Prints the figures last.
"""

import argparse
import os
import random
import re
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from load import ORIGIN, Chain, collector, probe_lines, real_lines

from checks.wire import frame as frames
from checks.wire import header as headers
from checks.wire import lines as bodies
from checks.wire.chain import chain_hash
from checks.wire.header import Clock, Header, Kind, SeenNote
from collector.context import Context, open_context
from collector.jobs.checkpoints import Publisher
from collector.jobs.fsck import Fsck
from collector.jobs.packing import pack_finished
from collector.metrics import Metrics
from collector.store import evidence
from collector.store.packs import GROUP
from collector.web.batches import Batches
from collector.web.plans import Plans

BAR = {"received": 40.0, "packed": 12.0}
DAY_MS = 86_400_000
LOG = ("entry", "sqlite_autoindex_entry_1", "entry_fork", "body", "tile", "sqlite_autoindex_tile_1", "pack")
_NUMBER = re.compile(rb"(?<![0-9a-f%\"])[0-9]+(?![0-9a-f]*\")")
Wandering = list[tuple[bytes, dict[bytes, int]]]


def wandering(kind: str) -> Wandering:
    """Templates of lines, each with the numbers in it that differed between looks and by how much."""

    def looks() -> list[bytes]:
        # The page that is looked at has another port each time, as no page out there has.
        if kind == "tcp":
            return probe_lines()[:1]
        found = (real_lines() if kind != "probe" else []) + (probe_lines() if kind != "host" else [])
        return [re.sub(rb"127\.0\.0\.1:[0-9]+", b"127.0.0.1:8080", line) for line in found]

    found = []
    for same in zip(looks(), looks(), looks(), strict=True):
        tokens = [_NUMBER.findall(line) for line in same]
        moved: dict[bytes, int] = {}
        for other in tokens[1:]:
            for a, b in zip(tokens[0], other, strict=False):
                if a != b and len(other) == len(tokens[0]):
                    moved[a] = max(moved.get(a, 0), abs(int(a) - int(b)))
        found.append((same[0], moved))
    return found


def lines_of(templates: Wandering, name: bytes, count: int, at: int, turn: random.Random) -> list[bytes]:
    """`count` result lines of one agent's minute."""
    made = []
    for i in range(count):
        template, moved = templates[i % len(templates)]
        # One number in two places (fact and reading) stays one number.
        now = {old: b"%d" % max(int(old) + turn.randint(-by, by), 1) for old, by in moved.items()}
        line = _NUMBER.sub(lambda found, now=now: now.get(found[0], found[0]), template)
        began = at + turn.randrange(200)
        made.append((line % (i % 100, at, began, began + turn.randrange(40))).replace(b"web-01", name))
    return made


def batch(chain: Chain, lines: list[bytes], at: int, turn: random.Random) -> bytes:
    """The next frame of an agent, its random parts random; one plan, machine and boot an agent."""
    seed, own = os.urandom(16), random.Random(chain.name)
    digest = [own.randbytes(32).hex() for _ in range(2)]
    raw = headers.encode(
        Header(
            ORIGIN, chain.name, chain.epoch, chain.seq, chain.prev, Kind.RESULTS, len(lines),
            sum(map(len, lines)) + len(lines), bodies.body_root(seed, lines).hex(), at, at + 1000,
            Clock(at + 2000, at % 10**9, f"{own.getrandbits(64):016x}", turn.randrange(-3000, 3000), True),
            SeenNote(chain.seq * 4 + 9, turn.randbytes(32).hex()), digest[0], "ab" * 32, digest[1],
        )
    )  # fmt: skip
    chain.prev, chain.seq = chain_hash(raw).hex(), chain.seq + 1
    signed = frames.sign_header(raw, chain.signer)
    return frames.encode(frames.Frame(raw, signed, seed, 1, frames.pack_body(lines)))


def fill(context: Context, chains: list[Chain], templates: Wandering, batches: int, per: int) -> int:
    """Take a day in; how many results."""
    intake, turn = Batches(context, Publisher(context), Metrics(), Plans(context)), random.Random(7)
    intake._publisher.saw = lambda *_: True  # made-up heads: this bench is about bytes
    begin = context.now() - 400 * DAY_MS
    with context.read() as conn:
        size = evidence.size(conn)
    # A group that is not full waits for its rest: the last minute goes on until there is none.
    total = batches * len(chains) + -(size + batches * len(chains)) % GROUP
    for number in range(total):
        one, at = chains[number % len(chains)], begin + 60_000 * (number // len(chains))
        lines = lines_of(templates, one.name.encode(), per, at, turn)
        bad = [ack for ack in intake.take(batch(one, lines, at, turn)) if ack.status != "ok"]
        if bad:
            raise SystemExit(f"refused: {bad[0]}")
    return total * per


def pages(directory: Path) -> dict[str, int]:
    """Bytes of the log's tables by name, and of the file."""
    with closing(sqlite3.connect(directory / "collector.db")) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        rows = dict(db.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name"))
    return {name: rows.get(name, 0) for name in LOG} | {"file": (directory / "collector.db").stat().st_size}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--agents", type=int, default=8)
    parser.add_argument("--batches", type=int, default=1440, help="of each agent")
    parser.add_argument("--per", type=int, default=50, help="lines a batch")
    parser.add_argument("--lines", choices=("tcp", "host", "probe", "mixed"), default="tcp")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "collector"
        chains, templates = collector(directory, args.agents), wandering(args.lines)
        with open_context(directory) as context:
            results = fill(context, chains, templates, args.batches, args.per)
            before = pages(directory)
            later = context.now() + 2 * DAY_MS
            context.now = lambda: later
            begin = time.process_time()
            groups, was, now = pack_finished(context)
            cpu = time.process_time() - begin
            after = pages(directory)
            begin = time.process_time()
            report = Fsck(context, full=True).run()
            checked = time.process_time() - begin
    sizes = sum(len(template) for template, _ in templates) // len(templates)
    print(f"{results} results of {args.agents} agents, {args.per} a batch; lines of {sizes} bytes on average")
    print(f"{'bytes a result':28}{'received':>10}{'packed':>10}")
    for name in (*LOG, "file"):
        print(f"  {name:26}{before[name] / results:10.2f}{after[name] / results:10.2f}")
    received, packed = (sum(of[name] for name in LOG) / results for of in (before, after))
    print(f"  {'the log in all':26}{received:10.2f}{packed:10.2f}")
    print(f"  {'bar':26}{BAR['received']:10.2f}{BAR['packed']:10.2f}")
    print(f"contents of {groups} groups: {was / results:.2f} -> {now / results:.2f} bytes a result")
    print(f"packing: {cpu * 100_000 / results:.2f} CPU s per 100 000 results")
    checked *= 100_000 / results
    print(f"fsck --full after it: {len(report.problems)} problems, {checked:.2f} CPU s per 100 000 results")
    return 0 if received <= BAR["received"] and packed <= BAR["packed"] and not report.problems else 1


if __name__ == "__main__":
    sys.exit(main())
