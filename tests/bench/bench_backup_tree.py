"""Trees: our verifier beside raw hashlib, `sha256sum` and `xargs sha256sum`; memory at a million files.

    python tests/bench/bench_backup_tree.py [FILES [MILLION [FOLDER]]]

documents  FILES (50 000) of log-normal sizes, 49 KB on average, in 500 directories, compared with their
           manifest, all of them read (`full`); again when nothing has moved (`unmoved`); the manifest made at
           the source (`make`, blocks' digests included). CPU seconds of this process, user and system.
           Beside: `find | xargs sha256sum` and a bare loop of Python over the same files.
large      4 files of 256 MiB compared with their manifest, beside hashlib over them in blocks of 1 MiB and
           `sha256sum`.
memory     MILLION (1 000 000) empty files in a generated tree, in directories of 10 000: peak of the
           resident memory of a process of its own that makes its manifest, and of one that compares.

Best of five interleaved rounds. Bars: at least 20 000 files a CPU second, 90 % of raw hashlib on large files,
ahead of sha256sum on both; memory below 64 MiB. Everything lies in FOLDER (memory where there is room). On a
busy machine all are slower, the bare loop with them. The last line is the figures.
"""

import contextlib
import hashlib
import importlib.util
import io
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from agent.sources.backup_local import LocalPlace
from checks.artefacts.manifest import replay
from checks.artefacts.treecompare import Compared, Comparer, Pick, held_states
from checks.artefacts.treemake import State, Turn, whole

ROUNDS = 5
SEED = 4
NEVER = Pick(Turn(1, 0))
LATER = 2 * 10**12  # when what was just written is long settled


def documents(top: Path, count: int) -> int:
    """Files as people keep them; their bytes."""
    chosen = random.Random(SEED)  # the same tree each time
    stock = os.urandom(4 << 20)
    total = 0
    for i in range(count):
        folder = top / f"d{i % 500}"
        if i < 500:
            folder.mkdir(parents=True)
        size = min(int(chosen.lognormvariate(9.8, 1.4)), 3 << 20)
        at = chosen.randrange(len(stock) - size)
        (folder / f"doc{i}.bin").write_bytes(memoryview(stock)[at : at + size])
        total += size
    return total


def empties(top: Path, count: int) -> None:
    """A tree of many names."""
    for i in range(0, count, 10_000):
        folder = top / f"d{i // 10_000}"
        folder.mkdir(parents=True)
        number = os.open(folder, os.O_RDONLY)
        for k in range(min(10_000, count - i)):
            os.mknod(f"document-{k}.bin", dir_fd=number)
        os.close(number)


def compare(top: Path, manifest: bytes, state: bytes | None, how: str = "sha256") -> tuple[Compared, bytes]:
    """One look at a copy: what was found, and the state it leaves."""
    kept = io.BytesIO()
    comparer = Comparer(LocalPlace(), str(top), State(kept), NEVER, LATER, how)
    lines = replay([lambda: [manifest]])
    found = comparer.compare(lines, held_states(None if state is None else [state]), set())
    assert not (found.missing.count or found.extra.count or found.differ.count), "the copy is as its manifest"
    return found, kept.getvalue()


def made(top: Path, how: str = "sha256") -> bytes:
    """Its manifest."""
    into = io.BytesIO()
    whole(LocalPlace(), str(top), into, how=how)
    return into.getvalue()


def bare(top: Path) -> None:
    """What a plain loop of Python costs."""
    buffer = memoryview(bytearray(1 << 20))
    for folder, _, names in os.walk(top):
        for name in names:
            made = hashlib.sha256()
            number = os.open(f"{folder}/{name}", os.O_RDONLY)
            while got := os.readv(number, [buffer]):
                made.update(buffer[:got])
            os.close(number)
            made.hexdigest()


def shell(command: str) -> Callable[[], None]:
    """A command whose output goes nowhere."""

    def run() -> None:
        subprocess.run(["sh", "-c", f"{command} >/dev/null"], check=True)  # a bench

    return run


def seconds(act: Callable[[], object]) -> float:
    """CPU of this process and of those it waited for."""

    def used() -> float:
        ours, theirs = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
        return ours.ru_utime + ours.ru_stime + theirs.ru_utime + theirs.ru_stime

    began = used()
    act()
    return used() - began


def best(ways: dict[str, Callable[[], object]]) -> dict[str, float]:
    """CPU seconds of each way, best of interleaved rounds."""
    found = dict.fromkeys(ways, float("inf"))
    for _ in range(ROUNDS):
        for name, act in ways.items():
            found[name] = min(found[name], seconds(act))
    return found


@contextlib.contextmanager
def folder(given: str | None, need: int) -> Iterator[Path]:
    """Where the trees lie: memory, where it has room."""
    shm = shutil.disk_usage("/dev/shm").free if os.path.isdir("/dev/shm") else 0
    place = given or ("/dev/shm" if shm > 2 * need else None)
    made = Path(tempfile.mkdtemp(prefix="roundseal-bench-", dir=place))
    try:
        yield made
    finally:
        shutil.rmtree(made)


def of_documents(top: Path, count: int) -> tuple[float, float]:
    """Files a CPU second of our full look, and times those of xargs sha256sum."""
    size = documents(top, count)
    manifest = made(top)
    _, state = compare(top, manifest, None)
    ways: dict[str, Callable[[], object]] = {
        "full": lambda: compare(top, manifest, None),
        "unmoved": lambda: compare(top, manifest, state),
        "make": lambda: made(top),
        "bare loop": lambda: bare(top),
        "sha256sum": shell(f"find {top} -type f -print0 | xargs -0 sha256sum"),
    }
    if importlib.util.find_spec("blake3") is not None:
        other = made(top, "blake3")
        ways["blake3"] = lambda: compare(top, other, None, "blake3")
    found = best(ways)
    print(f"documents  {count} files, {size / 1e9:.2f} GB; manifest {len(manifest) / count:.0f} bytes a file")
    for name, spent in found.items():
        rate, ratio = count / spent, found["sha256sum"] / spent
        print(f"  {name:10} {spent:7.2f} CPU s  {rate:9.0f} files/s  {ratio:5.2f} x sha256sum")
    return count / found["full"], found["sha256sum"] / found["full"]


def of_large(top: Path) -> tuple[float, float]:
    """Our share of hashlib's speed on large files, and times sha256sum's."""
    top.mkdir()
    stock = os.urandom(16 << 20)
    for i in range(4):
        with (top / f"large{i}").open("wb") as file:
            for _ in range(16):
                file.write(stock)
    manifest = made(top)
    ways: dict[str, Callable[[], object]] = {
        "full": lambda: compare(top, manifest, None),
        "hashlib": lambda: bare(top),
        "sha256sum": shell(f"sha256sum {top}/*"),
    }
    found = best(ways)
    print("large      4 files of 256 MiB")
    for name, spent in found.items():
        rate, ratio = (1 << 30) / 1e6 / spent, found["hashlib"] / spent
        print(f"  {name:10} {spent:7.2f} CPU s  {rate:9.0f} MB/s     {ratio:5.2f} x hashlib")
    return found["hashlib"] / found["full"], found["sha256sum"] / found["full"]


_ALONE = """
import resource, sys
sys.path.insert(0, sys.argv[1])
from agent.sources.backup_local import LocalPlace
from checks.artefacts.manifest import replay
from checks.artefacts.treecompare import Comparer, Pick, held_states
from checks.artefacts.treemake import State, Turn, whole
what, top, manifest, state = sys.argv[2:6]
def blocks(path):
    with open(path, "rb") as file:
        yield from iter(lambda: file.read(1 << 20), b"")
if what == "make":
    with open(manifest, "wb") as into:
        whole(LocalPlace(), top, into)
else:
    with open(state + ".new", "wb") as kept:
        look = Comparer(LocalPlace(), top, State(kept), Pick(Turn(1, 0)), 2 * 10**12)
        held = held_states(blocks(state) if what == "again" else None)
        found = look.compare(replay([lambda: blocks(manifest)]), held, set())
    assert found.files == int(sys.argv[6]) and not found.differ.count
    import os
    os.rename(state + ".new", state)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def of_memory(top: Path, count: int) -> float:
    """MiB at the most, of processes of their own."""
    tree, manifest, state = top / "tree", top / "m.gz", top / "state.gz"
    empties(tree, count)
    most = 0.0
    for what in ("make", "compare", "again"):
        began = time.monotonic()
        words = [sys.executable, "-c", _ALONE, str(Path(__file__).resolve().parents[2]), what]
        ran = subprocess.run(  # a bench
            [*words, str(tree), str(manifest), str(state), str(count)], check=True, capture_output=True
        )
        peak = int(ran.stdout) / 1024
        most = max(most, peak)
        print(f"memory     {what:8} {count} files: peak {peak:.1f} MiB, {time.monotonic() - began:.0f} s")
    return most


def main() -> int:
    """Print the figures; 1 where a bar is missed."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    million = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    given = sys.argv[3] if len(sys.argv) > 3 else None
    with folder(given, 4 << 30) as top:
        rate, times = of_documents(top / "documents", count)
        shutil.rmtree(top / "documents")
        share, ahead = of_large(top / "large")
        shutil.rmtree(top / "large")
        peak = of_memory(top, million)
    print(
        f"{rate:.0f} files per CPU s ({times:.1f} x sha256sum); large files {100 * share:.0f} % of hashlib"
        f" ({ahead:.1f} x sha256sum); {peak:.1f} MiB at {million} files"
    )
    return 0 if rate >= 20_000 and share >= 0.9 and times > 1 and ahead > 1 and peak < 64 else 1


if __name__ == "__main__":
    sys.exit(main())
