"""One batch of 50 results: what it costs to make and to check, CPU time of one core (bar: 250 µs to make)."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from checks.wire import chain, frame, header, lines, signing, strict_json

N = 50
BAR = 250
ROUNDS = 1_500


def result(i: int) -> dict[str, object]:
    """A result of the usual size (about 300 bytes)."""
    return {
        "check": "host.filesystem", "version": 1, "asset": f"web-{i:02d}", "target": f"web-{i:02d}",
        "vantage": "web-01", "slot": 1_800_000_000_000 + i, "t0": 1_800_000_000_100, "t1": 1_800_000_000_140,
        "params": "3f" * 32, "facts": {"mounts": [["/", 52_710_469_632, 31_139_995_648 + i]]},
        "readings": [["/", [59 + i, 1], "percent", "ok"]], "state": "ok",
    }  # fmt: skip


def cost(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """CPU µs a call: the best of three runs."""
    best = float("inf")
    for _ in range(3):
        begin = time.process_time()
        for _ in range(rounds // 3):
            work()
        best = min(best, (time.process_time() - begin) / (rounds // 3))
    return best * 1e6


def main() -> int:
    signer, seed = signing.Signer(bytes(range(32))), bytes(16)
    results = [result(i) for i in range(N)]
    found = [strict_json.dumps(one) for one in results]
    size, root = len(lines.join(found)), lines.body_root(seed, found).hex()

    def head() -> bytes:
        return header.encode(
            header.Header(
                log="log.example/luohe", agent="web-01", epoch=1, seq=7, prev=chain.GENESIS.hex(),
                kind=header.Kind.RESULTS, n=N, bytes=size, root=root, from_ms=1, to_ms=2,
                clock=header.Clock(1, 2, "boot", 0, True), seen=header.SeenNote(256, "5e" * 32),
                plan="70" * 32, code="c0" * 32, machine="3a" * 32,
            )
        )  # fmt: skip

    data = head()
    whole = frame.Frame(data, frame.sign_header(data, signer), seed, 1, frame.pack_body(found))
    sent = frame.encode(whole)
    parsed = header.parse(data)

    def make() -> bytes:
        lines.body_root(seed, found)
        fresh = head()
        signed = frame.sign_header(fresh, signer)
        return frame.encode(frame.Frame(fresh, signed, seed, 1, frame.pack_body(found)))

    def check() -> None:
        got = frame.decode(sent)
        frame.check(got, header.parse(got.header), signer.public)

    print(f"{signing.backend_name()}; {N} lines, body {size} B, frame {len(sent)} B, header {len(data)} B")
    print(f"encode the lines   {cost(lambda: [strict_json.dumps(one) for one in results]):7.1f} µs")
    print(f"tree of the lines  {cost(lambda: lines.body_root(seed, found)):7.1f} µs")
    print(f"encode the header  {cost(head):7.1f} µs")
    print(f"sign               {cost(lambda: frame.sign_header(data, signer)):7.1f} µs")
    print(f"gzip               {cost(lambda: frame.pack_body(found)):7.1f} µs")
    print(f"verify signature   {cost(lambda: frame.check_signature(whole, parsed, signer.public)):7.1f} µs")
    print(f"unpack             {cost(lambda: frame.unpack_body(whole, parsed)):7.1f} µs")
    print(f"parse the header   {cost(lambda: header.parse(data)):7.1f} µs")
    checked = cost(check)
    print(f"check in all       {checked:7.1f} µs a batch, {N / checked * 1e6:,.0f} results/s and core")
    print(f"bar: {BAR} µs to make a batch (header, tree, signature, gzip; lines already encoded)")
    print(f"make a batch of {N}: {cost(make):.0f} µs, check it: {checked:.0f} µs (CPU time)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
