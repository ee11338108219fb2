"""Where the time of a full verification goes, by stage: CPU microseconds a line, in one process.

    bench_verify_stages.py [REPEATS]

Each batch of a few chunks goes through each stage alone, several times; of each the least time counts, which
leaves out most of what other programs on the machine cost. The stages share caches less than the whole does,
so their sum is not exactly the whole. Tails that repeat are answered from memory in the whole only.
"""

import sys
from pathlib import Path
from time import thread_time_ns

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "bench")]

import bench_verify  # noqa: E402

from checks.wire import entry as entries  # noqa: E402
from checks.wire import frame, lines, tree  # noqa: E402
from collector.evidence import bundle  # noqa: E402
from collector.evidence.bundle import Lines  # noqa: E402
from collector.evidence.policy import parse_policy  # noqa: E402
from collector.verify import batches, growth, looks, swift, tails, verify  # noqa: E402
from collector.verify.archive import open_archive  # noqa: E402
from collector.verify.findings import Findings  # noqa: E402

CHUNKS = (5, 20)
FIRST = 1000  # an index behind every approval


class Stages:
    """Least times by stage, in nanoseconds a piece of work."""

    def __init__(self, repeats: int) -> None:
        self.repeats, self.least = repeats, {}

    def run(self, name: str, work, pieces: list) -> list:
        """Do `work` on every piece, several times; what it gave the last time."""
        best, made = [1 << 60] * len(pieces), [None] * len(pieces)
        for _ in range(self.repeats):
            for at, piece in enumerate(pieces):
                began = thread_time_ns()
                made[at] = work(piece)
                best[at] = min(best[at], thread_time_ns() - began)
        self.least[name] = sum(best)
        return made


def opened():
    """The archive, and what the second reading needs."""
    path, policy = bench_verify.data_set(10_000, 50, "--fresh" in sys.argv)
    findings = Findings()
    archive = open_archive(path, parse_policy(policy.read_text()), findings)
    began = thread_time_ns()
    history = growth.read_history(archive, findings)
    took = thread_time_ns() - began
    assert not findings.problems
    return archive, verify._task(archive, history, verify.Options(full=True)), took


def placed(judge: looks.Judge, heads: list, split: list) -> list:
    """The tail of every line, with its place."""
    found = []
    for (_, header), own in zip(heads, split, strict=True):
        order = judge.order(header.agent)
        for number, line in enumerate(own):
            judge.look(line, header.agent, order, number)
            when = looks._WHEN(line, order[number].end)
            found.append((order[number], int(when[2]), b"{" + line[when.end() :]))
    return found


def tail_stages(stages: Stages, found: list) -> None:
    """What happens to a tail that was not there before."""
    seen = tails.Taken(None, 0)

    def judged(job):
        (place, t0, _), made = job
        seen.facts, seen.at = made.facts, t0
        return tails.listed(place.judge(seen, place.params))

    def encoded(job):
        (_, _, tail), made, (readings, state) = job
        made.readings, made.state = readings, state
        assert swift._encode(made) == tail
        assert swift._LONG_INTEGER not in tail.translate(swift._DIGITS_TO_ZERO) or swift.small(tail)

    made = stages.run("decode facts", lambda job: job[0].tails._decode(job[2]), found)
    again = stages.run("judge again", judged, list(zip(found, made, strict=True)))
    stages.run("encode, compare, long integers", encoded, list(zip(found, made, again, strict=True)))


def batch_stages(stages: Stages, archive, task) -> int:
    """All stages; the number of lines."""
    names = [name(chunk) for chunk in CHUNKS for name in (bundle.entries_name, bundle.bodies_name)]
    members = stages.run("read members, checksums", archive.get, names)
    plain = stages.run("decompress", lambda data: bundle.expand(data, ""), members)
    stages.run("take bodies apart", lambda data: list(bundle.parse_bodies(data, "")), plain[1::2])
    bodies = [body for chunk in CHUNKS for body in growth.bodies_of(archive, chunk)]
    raw = [entry for chunk in CHUNKS for entry in growth.entries_of(archive, chunk)]
    assert all(isinstance(body, Lines) for body in bodies)

    def heads_of(data):
        entry = entries.parse(data)
        return entry, swift.read_header(entry.header)

    def signed(job):
        entry, header = job
        key = task.keys.key_of(header.agent, header.epoch, FIRST, header.seq)
        frame.check_signature(frame.Frame(entry.header, entry.signatures, bytes(16), 0, b""), header, key)

    heads = stages.run("entry and header", heads_of, raw)
    stages.run("signature", signed, heads)
    split = stages.run("split", lambda body: lines.split(body.data), bodies)
    hashed = stages.run(
        "salts and leaves",
        lambda job: lines.leaves(job[0].seed, job[1]),
        list(zip(bodies, split, strict=True)),
    )
    stages.run("root of the body", tree.root, hashed)
    judge = looks.Judge.of(task.asked)
    if swift.LIBRARY:
        tail_stages(stages, placed(judge, heads, split))
    found = batches.Found()

    def whole(job):
        (entry, header), body = job
        batches._Batch(task, found, judge, FIRST, entry, header).read(body)

    stages.run("a batch as a whole, from its signature on", whole, list(zip(heads, bodies, strict=True)))
    assert not found.findings.problems
    return sum(map(len, split))


def main() -> None:
    numbers = [word for word in sys.argv[1:] if word.isdigit()]
    stages = Stages(int(numbers[0]) if numbers else 15)
    archive, task, first = opened()
    count = batch_stages(stages, archive, task)
    total = archive.manifest.to_size * 50
    print(f"  {first / total / 1000:6.2f}  first reading: entries, tree, chains (timed once)")
    for name, least in stages.least.items():
        print(f"  {least / count / 1000:6.2f}  {name}")
    whole = stages.least["a batch as a whole, from its signature on"] / count / 1000
    reader = swift.LIBRARY or "json"
    print(f"one process, {count:,} lines by {reader}: {whole:.2f} us CPU a line from its signature on")


if __name__ == "__main__":
    main()
