"""Full verification of a bundle: container, tree, chains, every signature and body, every line judged again.

    bench_verify.py [ENTRIES] [LINES] [--fresh]      100 000 entries of 50 lines unless told otherwise

Lines are those of the host checks on this machine, each with numbers of its own (large integers among the
facts move from line to line, readings are judged anew), and TCP probes, in equal shares. The data set is
made once and kept in the temporary directory. Then the real program runs on it; the last line is the figure.
"""

import json
import os
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "bench")]

import load  # noqa: E402

from checks import registry  # noqa: E402
from checks.api import Seen, worst  # noqa: E402
from checks.codec import from_json  # noqa: E402
from checks.plan import Plan, PlanItem, encode  # noqa: E402
from checks.result import _reading_json  # noqa: E402
from checks.wire import checkpoint, strict_json, tree  # noqa: E402
from checks.wire import entry as entries  # noqa: E402
from checks.wire import frame as frames  # noqa: E402
from checks.wire import header as headers  # noqa: E402
from checks.wire import lines as bodies  # noqa: E402
from checks.wire.chain import chain_hash  # noqa: E402
from checks.wire.entry import Entry, sign_statement  # noqa: E402
from checks.wire.header import Clock, Header, Kind  # noqa: E402
from checks.wire.note import format_vkey, make_vkey  # noqa: E402
from checks.wire.numbers import ALG_ED25519, EntryKind, pae_type  # noqa: E402
from checks.wire.pae import pae  # noqa: E402
from checks.wire.signing import Signer  # noqa: E402
from checks.wire.tiles import bundle as entry_bundle  # noqa: E402
from collector.evidence import bundle, container  # noqa: E402
from collector.evidence.bundle import Absent, Document, Lines, Manifest, Period  # noqa: E402

AGENTS = 50
START = 1_795_190_400_000
LOG = Signer(sha256(b"bench log").digest())
ORIGIN = "bench.example/log"
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_SMALL = 1000  # integers below it are counts, ports, limits: they stay


def templates() -> list[dict]:
    """One line of each host check that could look here, and a TCP probe."""
    found = [
        strict_json.loads(
            re.sub(rb"%013d", b"1795190400000", raw).replace(b"-%02d", b"").replace(b"%%", b"%")
        )
        for raw in load.real_lines()
    ]
    connection = {"outcome": "connected", "address": "192.0.2.17", "resolve_us": 1240, "connect_us": 12345}
    probe = dict(found[0]) | {"check": "service.tcp", "version": 1, "target": "portal"}
    probe["facts"] = {"connection": connection}
    probe["params"] = sha256(strict_json.dumps({"host": "portal.example", "port": 443})).hexdigest()
    return [one for one in [*found, probe] if "facts" in one]


def moved(value, rng: random.Random):
    """The same facts at another time: large numbers differ by up to a thousandth."""
    if type(value) is int and value >= _SMALL:
        return value - rng.randrange(max(value // 1000, 2))
    if type(value) is dict:
        return {key: moved(one, rng) for key, one in value.items()}
    return [moved(one, rng) for one in value] if type(value) is list else value


def params_of(name: str) -> dict:
    return {"host": "portal.example", "port": 443} if name == "service.tcp" else {}


@cache
def judged_by(name: str):
    """The check and its parameters."""
    check = registry.get(name)
    return check, from_json(check.params, params_of(name), "params")


def lines_of(agent: str, at: int, count: int, kinds: list[dict], rng: random.Random) -> list[bytes]:
    made = []
    for number in range(count):
        one = dict(kinds[number % len(kinds)])
        check, params = judged_by(one["check"])
        t0 = at + 200 * number
        facts = moved(one["facts"], rng)
        readings = tuple(check.judge(Seen(from_json(check.facts, facts, "facts"), t0), params))
        state = worst(reading.state for reading in readings)
        one |= {"asset": agent, "target": "portal" if check.id == "service.tcp" else agent, "vantage": agent}
        one |= {"slot": t0 - t0 % 60_000, "t0": t0, "t1": t0 + 7, "facts": facts, "state": state.value}
        one["readings"] = [_reading_json(reading) for reading in readings]
        made.append(_encode(one).encode())
    return made


def agent_batches(job: tuple[str, str, int, int, str, list[dict]]) -> list[tuple[bytes, bytes]]:
    """(entry, encoded body) of an agent's batches in order."""
    name, prev, batches, count, plan, kinds = job
    signer, rng = Signer(sha256(name.encode()).digest()), random.Random(name)
    made = []
    for seq in range(batches):
        at = START + 600_000 + seq * 60_000
        lines = lines_of(name, at, count, kinds, rng)
        seed = rng.randbytes(16)
        raw = headers.encode(
            Header(
                ORIGIN, name, 1, seq, prev, Kind.RESULTS, count, sum(map(len, lines)) + count,
                bodies.body_root(seed, lines).hex(), at, at + 59_000, Clock(at, 1, "boot-1", 0, True), None,
                plan, "22" * 32, "11" * 32,
            )
        )  # fmt: skip
        prev = chain_hash(raw).hex()
        entry = entries.encode(Entry(EntryKind.BATCH, at + 60_000, raw, frames.sign_header(raw, signer)))
        made.append((entry, bundle.encode_bodies([Lines(seed, bodies.join(lines))])))
    return made


def own(kind: EntryKind, said: dict, body: bytes | None = None) -> tuple[bytes, bytes]:
    header = {"v": 1, "log": ORIGIN, "kind": kind.word, **said}
    if body is not None:
        header |= {"digest": sha256(body).hexdigest(), "bytes": len(body)}
    raw = strict_json.dumps(header)
    entry = entries.encode(Entry(kind, START, raw, sign_statement(kind, raw, LOG)))
    return entry, bundle.encode_bodies([Absent() if body is None else Document(body)])


def beginnings(
    names: list[str], kinds: list[dict]
) -> tuple[list[tuple[bytes, bytes]], dict[str, tuple[str, str]]]:
    """Enrolment, approval and plan of each agent; (prev, plan digest) by agent."""
    made, known = [], {}
    for name in names:
        signer = Signer(sha256(name.encode()).digest())
        raw = strict_json.dumps(
            {"v": 1, "log": ORIGIN, "public": signer.public.hex(), "alg": 1, "hostname": name}
        )
        signed = sign_statement(EntryKind.ENROL, raw, signer)
        made.append(
            (entries.encode(Entry(EntryKind.ENROL, START, raw, signed)), bundle.encode_bodies([Absent()]))
        )
        said = {
            "agent": name,
            "epoch": 1,
            "public": signer.public.hex(),
            "asset": name,
            "enrol": len(made) - 1,
        }
        made.append(own(EntryKind.APPROVE, said))
        items = tuple(
            PlanItem(
                "regular", one["check"], one["version"],
                "portal" if one["check"] == "service.tcp" else name, name,
                params_of(one["check"]), 60_000, 10_000, 150_000,
            )
            for one in kinds
        )  # fmt: skip
        document = encode(Plan(1, ORIGIN, name, 1, START, "ab" * 32, "Asia/Shanghai", 60_000, items))
        made.append(own(EntryKind.PLAN, {"agent": name, "epoch": 1}, document))
        known[name] = (chain_hash(raw).hex(), sha256(document).hexdigest())
    return made, known


Place = tuple[int, int, int]  # where an entry stands in the spool, its size, its body's


def build(path: Path, total: int, count: int) -> None:
    kinds = templates()
    names = [f"a{i:03d}" for i in range(AGENTS)]
    rows, known = beginnings(names, kinds)
    each = -(-(total - len(rows)) // AGENTS)
    jobs = [(name, known[name][0], each, count, known[name][1], kinds) for name in names]
    places: dict[tuple[int, str], Place] = {}
    first: list[Place] = []
    with ProcessPoolExecutor() as pool, tempfile.NamedTemporaryFile() as spool:
        for entry, body in rows:
            first.append((spool.tell(), len(entry), len(body)))
            spool.write(entry + body)
        for name, made in zip(names, pool.map(agent_batches, jobs), strict=True):
            for seq, (entry, body) in enumerate(made):
                places[seq, name] = (spool.tell(), len(entry), len(body))
                spool.write(entry + body)
        spool.flush()
        order = first + [places[key] for key in sorted(places)]
        chunks = [(spool.name, order[at : at + bundle.CHUNK]) for at in range(0, len(order), bundle.CHUNK)]
        _write(path, pool.map(packed, chunks), len(order))


def packed(job: tuple[str, list[Place]]) -> tuple[bytes, bytes, list[bytes]]:
    """The two members of a chunk, and its leaf hashes."""
    spool, places = job
    entries, encoded = [], []
    with open(spool, "rb") as source:
        for at, size, more in places:
            source.seek(at)
            entries.append(source.read(size))
            encoded.append(source.read(more))
    leaves = [tree.leaf_hash(entry) for entry in entries]
    return bundle.squeeze(entry_bundle(entries)), bundle.squeeze(b"".join(encoded)), leaves


def _write(path: Path, chunks, size: int) -> None:
    edge, files = tree.Frontier(), {}
    store = path.with_suffix(".members")
    with store.open("w+b") as kept:
        for at, (log, encoded, leaves) in enumerate(chunks):
            edge.extend(leaves)
            for name, data in ((bundle.entries_name(at), log), (bundle.bodies_name(at), encoded)):
                files[name] = (kept.tell(), len(data), sha256(data).hexdigest())
                kept.write(data)
        head = checkpoint.Checkpoint(ORIGIN, size, edge.root())
        first = {
            bundle.END: checkpoint.sign_checkpoint(head, LOG),
            bundle.FRONTIER: tree.Frontier().serialise(),
        }
        first[bundle.NOTES] = b"[]"
        last = {bundle.CARRY: b"[]", bundle.CALENDARS: b"{}", bundle.CLAIM_FIGURES: b"[]"}
        digests = {name: sha256(data).hexdigest() for name, data in first.items()}
        digests |= {name: digest for name, (_, _, digest) in files.items()}
        digests |= {name: sha256(data).hexdigest() for name, data in last.items()}
        day = Period("bench", START, START + 40 * 86_400_000)
        manifest = bundle.encode_manifest(
            Manifest(1, "bundle", ORIGIN, START + 40 * 86_400_000, "bench", day, 0, size, digests)
        )
        signature = bytes([ALG_ED25519]) + LOG.key_id + LOG.sign(pae(pae_type("manifest"), manifest))
        with path.open("wb") as out:
            writer = container.Writer(out)
            for name, data in {bundle.MANIFEST: manifest, bundle.MANIFEST_SIG: signature, **first}.items():
                writer.add(name, data)
            for name, (at, length, _) in files.items():
                kept.seek(at)
                writer.add(name, kept.read(length))
            for name, data in last.items():
                writer.add(name, data)
            writer.close()
    store.unlink()


def busy() -> float:
    """CPU seconds that all programs of this machine have used, as the kernel counts them."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    idle = int(fields[3]) + int(fields[4])
    return (sum(map(int, fields[:8])) - idle) / os.sysconf("SC_CLK_TCK")


def speed() -> float:
    """Milliseconds of a fixed loop, the least of a few: how fast this machine is just now."""
    took = []
    for _ in range(5):
        began = time.thread_time()
        sum(one * one % 7 for one in range(500_000))
        took.append(1000 * (time.thread_time() - began))
    return min(took)


def run(path: Path, policy: Path, *words: str, backend: str = "") -> tuple[float, float, dict]:
    """(wall, CPU of the program and its workers, its report)."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [
        sys.executable,
        "-m",
        "collector.verify.cli",
        str(path),
        "--policy",
        str(policy),
        "--json",
        *words,
    ]
    environment = {**os.environ, **({"ROUNDSEAL_SIGNING": backend} if backend else {})}
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=False)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    told = json.loads(done.stdout)
    if done.returncode or not told["verified"]:
        raise SystemExit(f"not verified: {told['problems'][:5]}")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, told


def data_set(entries_: int, count: int, fresh: bool) -> tuple[Path, Path]:
    place = Path(tempfile.gettempdir()) / "roundseal-bench-verify"
    place.mkdir(exist_ok=True)
    policy = place / "policy"
    policy.write_text(f"log {format_vkey(make_vkey(ORIGIN, LOG.public))}\nquorum none\n")
    path = place / f"{entries_}x{count}.zip"
    if fresh or not path.exists():
        began = time.perf_counter()
        partial = path.with_suffix(".partial")
        build(partial, entries_, count)
        partial.replace(path)
        print(
            f"data set {path.name}: {path.stat().st_size:,} bytes, "
            f"made in {time.perf_counter() - began:.0f} s"
        )
    return path, policy


def main() -> None:
    words = [word for word in sys.argv[1:] if word != "--fresh"]
    total, count = int(words[0]) if words else 100_000, int(words[1]) if len(words) > 1 else 50
    path, policy = data_set(total, count, "--fresh" in sys.argv)
    small, _ = data_set(2_000, 5, "--fresh" in sys.argv)
    wall, cpu, told = run(small, policy, "--full", backend="pure")
    signed = told["checked"]["batch signatures"]
    print(
        f"pure Python signatures, {signed} batches of 5 lines: {wall:.1f} s wall, {cpu:.1f} s CPU, full mode"
    )
    wall, cpu, told = run(small, policy, backend="pure")
    print(f"pure Python signatures, the same in quick mode: {wall:.1f} s wall, {cpu:.1f} s CPU")
    loop, before = speed(), busy()
    wall, cpu, told = run(path, policy, "--full")
    others = max(busy() - before - cpu, 0)
    for what, number in told["checked"].items():
        print(f"  {number:>10,}  {what}")
    print("  phases (s): " + ", ".join(f"{name} {took}" for name, took in told["phases"].items()))
    lines, memory = told["checked"]["result lines"], told["memory"]
    print(
        f"  memory at most: the program {memory['program'] / 1e6:.0f} MB, a worker "
        f"{memory['largest_worker'] / 1e6:.0f} MB"
    )
    print(
        f"  meanwhile others used {others:.0f} CPU s ({others / wall:.1f} processors of {os.cpu_count()}); "
        f"a fixed loop took {loop:.0f} ms before and {speed():.0f} ms after"
    )
    print(
        f"full verification of {told['to_size']:,} entries with {lines:,} lines ({count} a batch, every "
        f"signature by {told['signatures_by']}, lines read by {told['lines_read_by']}, "
        f"{told['checked'].get('lines re-judged', 0):,} lines judged again): "
        f"{wall:.1f} s wall, {cpu:.1f} s CPU, {1e6 * cpu / lines:.1f} us CPU a line"
    )


if __name__ == "__main__":
    main()
