"""The deriver alone: results per CPU second in order and late, and how long one batch waits for a flush.

    python tests/bench/bench_derive.py [--batches N] [--series N]

A log is filled through the real intake with 50 lines a batch, then derived in this process: first as it
came, then with one late look for each series of a day, once and then once more for every batch. Last,
a server's deriver flushes `--series` series while single batches of an idle agent are committed.
"""

import argparse
import gc
import os
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from load import Chain, collector, real_lines
from machine import Speed

from collector.context import Context, open_context
from collector.evidence.examine import Batch, examine
from collector.jobs.batches import log_size, read_batches
from collector.jobs.derive import Deriver
from collector.jobs.derive_state import Memory
from collector.jobs.placing import BatchWork
from collector.jobs.sequencer import load_standing
from collector.serve import SWITCH_S

COUNT, BAR_MS, BAR_RATE = 50, 50.0, 100_000


def place(context: Context, frames: list[bytes]) -> None:
    """Commit these frames of one agent, as the intake does."""

    def standing(agent: str, epoch: int):
        with context.read() as conn:
            return load_standing(conn, agent, epoch)

    works = []
    for frame in frames:
        batch = examine(frame, context.origin, standing)
        assert isinstance(batch, Batch), batch
        works.append(BatchWork(batch, context.origin, context.signer))
    context.writer.place(works)


def derived(context: Context) -> tuple[float, Deriver]:
    """CPU seconds to derive all that waits, and the deriver that did."""
    deriver = Deriver(context)
    deriver.load()
    begin = time.process_time()
    deriver.catch_up()
    deriver.settle()
    return time.process_time() - begin, deriver


def handed_over(context: Context) -> float:
    """Microseconds of CPU time a line, of batches as the intake hands them over: already decoded."""
    with context.read() as conn:
        batches = list(read_batches(conn, 0, log_size(conn)))
    rows = [len(batch.rows) for batch in batches]
    memory = Memory(lambda digest: {})
    begin = time.thread_time()
    for batch in batches:
        memory.take(batch)
    return 1e6 * (time.thread_time() - begin) / sum(rows)


def late(chain: Chain, templates: list[bytes], back: int) -> bytes:
    """A batch whose looks are from `back` batches ago, a second beside those that there are."""
    from load import START_MS

    return chain.frame(templates, COUNT, at=START_MS + 60_000 * max(chain.seq - back, 1) + 1000)


def waits(
    context: Context, chain: Chain, templates: list[bytes], series: int
) -> tuple[list[float], list[float]]:
    """Commit times in ms of single batches while a deriver flushes this many series again and again.

    With the CPU seconds of each flush.
    """
    deriver = Deriver(context)
    deriver.catch_up()
    deriver.settle()
    stop, flushes, cpus = threading.Event(), [], []

    def flush() -> None:
        while not stop.is_set():
            deriver.catch_up()
            if not deriver.behind:  # then a flush has nothing to do, whatever is marked
                stop.wait(0.001)
                continue
            memory = deriver._memory
            for one in memory.every[:series]:
                if not one.dirty:
                    one.dirty = True
                    memory.dirty.append(one)
            begin, cpu = time.perf_counter(), time.thread_time()
            deriver.flush()
            flushes.append(time.perf_counter() - begin)
            cpus.append(time.thread_time() - cpu)

    def commit(count: int) -> list[float]:
        times = []
        for frame in [chain.frame(templates, COUNT) for _ in range(count)]:
            begin = time.perf_counter()
            place(context, [frame])
            times.append(1000 * (time.perf_counter() - begin))
            time.sleep(0.01)
        return sorted(times)

    gc.collect()
    gc.freeze()
    thread = threading.Thread(target=flush)
    context.writer.start()
    alone = commit(200)
    print(f"a batch with nothing beside it: p50 {alone[100]:.1f} ms, p99 {alone[198]:.1f} ms")
    thread.start()
    times = commit(400)
    stop.set()
    thread.join()
    print(f"{len(flushes)} flushes meanwhile, {sum(flushes) / max(len(flushes), 1):.2f} s each")
    return times, cpus


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--batches", type=int, default=2000)
    parser.add_argument("--series", type=int, default=20_000)
    args = parser.parse_args()
    sys.setswitchinterval(SWITCH_S)  # as the server has it,
    gc.set_threshold(50_000, 20, 100)  # and this too
    templates = real_lines()
    agents = max(args.series // COUNT, 2)
    speed = Speed()
    with tempfile.TemporaryDirectory() as folder, speed.around() as moment:
        mine = sum(os.times()[:2])
        directory = Path(folder) / "collector"
        chains = collector(directory, agents)
        with open_context(directory) as context:
            for chain in chains:
                place(context, [chain.frame(templates, COUNT)])
            derived(context)
            each = max(args.batches // 4, 1)
            for chain in chains[:4]:
                place(context, [chain.frame(templates, COUNT) for _ in range(each)])
            normal, _ = derived(context)
            fed = handed_over(context)
            place(context, [late(chains[0], templates, each // 2)])
            once, _ = derived(context)
            place(context, [late(chains[0], templates, 1 + i % each) for i in range(each)])
            often, _ = derived(context)
            times, cpus = waits(context, chains[-1], templates, args.series)
        moment.ours_s = sum(os.times()[:2]) - mine
    p99 = times[len(times) * 99 // 100]
    rate = 4 * each * COUNT / normal
    print(f"in order, read back from the log: {rate:.0f} results per CPU second")
    print(f"one late batch into a day of {each}: {once:.2f} CPU s")
    print(f"{each} late batches at once: {each * COUNT / often:.0f} results per CPU second")
    print(
        f"in order, as handed over, without flushes: {fed:.2f} µs of CPU time a line, "
        f"{1e6 / fed:.0f} results per CPU second (bar {BAR_RATE})"
    )
    each_series = 1e6 * sum(cpus) / max(len(cpus), 1) / args.series
    print(f"{speed.said()}; others kept {moment.others:.2f} cores busy")
    print(f"flush: {each_series:.1f} µs of CPU time a series")
    print(
        f"a batch while {args.series} series are flushed: p50 {times[len(times) // 2]:.1f} ms, "
        f"p99 {p99:.1f} ms (bar {BAR_MS:.0f})"
    )
    return 0 if p99 < BAR_MS and 1e6 / fed >= BAR_RATE else 1


if __name__ == "__main__":
    sys.exit(main())
