"""What reading the text of backups costs beside the least it can cost; nothing but this process is needed.

    .venv/bin/python tests/bench/bench_backup_reads.py [--rows N] [--rounds N]

plain      a plain PostgreSQL dump of N (100 000) rows of W bytes, read as the check reads it, in memory
loop       the shortest loop that adds up the same digests: lines, SHA-256, sum; it looks for nothing
mariadb    a MariaDB dump of the same rows: a row a line (as its own dumps are since 10.11), 500 rows on one
           line (MySQL), a statement for each row (--skip-extended-insert)
crc32c     CRC-32C of 64 MiB in blocks of 1 MiB, beside SHA-256 of the same

CPU of this process, the best of five interleaved rounds; MB are 10^6 bytes. No bar: figures for the docs.
"""

import argparse
import hashlib
import io
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import repeat
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from _hashlib import HASH

from checks.artefacts import copytext, mysqldump
from checks.artefacts.crc32c import Crc32c

HEAD = b"--\n-- PostgreSQL database dump\n--\n\nCOPY public.t (id, a, b) FROM stdin;\n"
TAIL = b"\\.\n\n--\n-- PostgreSQL database dump complete\n--\n\n"
MARIA = (
    b"-- MariaDB dump 10.19  Distrib 10.11.6-MariaDB, for debian-linux-gnu (x86_64)\n--\n"
    b"-- Host: localhost    Database: oa\n-- ------------------------------------------------------\n"
    b"-- Server version\t10.11.6-MariaDB\n\nCREATE TABLE `t` (\n  `id` int\n) ENGINE=InnoDB;\n"
)
MARIA_TAIL = b"-- Dump completed on 2026-03-04  2:00:09\n"
NUMBER: Callable[..., int] = int.from_bytes


def rows_of(count: int, width: int) -> list[bytes]:
    """COPY rows of so many bytes."""
    return [(b"%d\t" % n + b"x" * width)[: width - 3] + b"\ty\n" for n in range(count)]


def maria(rows: list[bytes], at_once: int, end: bytes) -> bytes:
    """The same rows as INSERT statements; `end`: a newline where each row has a line of its own."""
    made = [b"(%s,'%s','%s')" % tuple(row[:-1].split(b"\t")) for row in rows]
    parts = [
        b"INSERT INTO `t` VALUES" + (end or b" ") + (b"," + end).join(made[at : at + at_once]) + b";\n"
        for at in range(0, len(made), at_once)
    ]
    return MARIA + b"".join(parts) + MARIA_TAIL


def loop(text: bytes) -> None:
    """Lines, their digests, the sum."""
    stream, finished = io.BytesIO(text), partial(map, HASH.digest)
    while lines := stream.readlines(128 * 1024):
        sum(map(NUMBER, finished(map(hashlib.sha256, lines)), repeat("little")))


def plain(dump: bytes) -> None:
    """As the check reads a plain dump."""
    told = copytext.read(io.BytesIO(dump))
    assert told.complete and not told.misfits


def mariadb(text: bytes) -> None:
    """As the check reads a MariaDB dump."""
    dump = mysqldump.read_dump(io.BytesIO(text))
    assert dump.complete and not dump.wrong and sum(one.count for one in dump.tables.values())


def crc(data: bytes) -> None:
    """CRC-32C in blocks."""
    made = Crc32c()
    for at in range(0, len(data), 1 << 20):
        made.update(data[at : at + (1 << 20)])


def best(ways: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """CPU seconds of each way, the best of interleaved rounds."""
    found = dict.fromkeys(ways, float("inf"))
    for _ in range(rounds):
        for name, act in ways.items():
            began = time.process_time()
            act()
            found[name] = min(found[name], time.process_time() - began)
    return found


def main() -> None:
    """Print the figures."""
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--rows", type=int, default=100_000)
    given.add_argument("--rounds", type=int, default=5)
    args = given.parse_args()
    for width in (120, 200, 283):
        rows = rows_of(args.rows, width)
        text = b"".join(rows)
        dumps = {
            "mariadb, a row a line": maria(rows, 500, b"\n"),
            "mariadb, 500 on a line": maria(rows, 500, b""),
            "mariadb, a row an INSERT": maria(rows, 1, b""),
        }
        spent = best(
            {
                "plain": partial(plain, HEAD + text + TAIL),
                "loop": partial(loop, text),
                **{name: partial(mariadb, dump) for name, dump in dumps.items()},
            },
            args.rounds,
        )
        size = len(text) / 1e6
        sizes = {name: len(dump) / 1e6 for name, dump in dumps.items()}
        print(f"{args.rows} rows of {width} bytes, {size:.0f} MB")
        for name, seconds in spent.items():
            rate, beside = sizes.get(name, size) / seconds, spent["loop"] / seconds
            print(f"  {name:24} {seconds:6.2f} CPU s  {rate:5.0f} MB per CPU s  {beside:4.2f} of the loop")
    data = os.urandom(64 << 20)
    spent = best({"crc32c": partial(crc, data), "sha256": lambda: hashlib.sha256(data).digest()}, args.rounds)
    for name, seconds in spent.items():
        print(f"{name:26} {seconds:6.2f} CPU s  {len(data) / 1e6 / seconds:5.0f} MB per CPU s")


if __name__ == "__main__":
    main()
