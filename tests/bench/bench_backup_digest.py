"""What reading a dump to its last row costs, beside restoring it.

    .venv/bin/python tests/bench/bench_backup_digest.py [--rows N] [--rounds N] [--stream ROWS]

A database of every column type, N documents and as many log lines (400 000: about 170 MB of COPY text),
dumped as -Fc and as plain SQL. Interleaved, the best of five:

digest     `pg_restore -f -` and the sums of all rows: CPU of both
restore    `pg_restore` into a scratch server: CPU of the tool and of the server
plain      the sums of a plain dump, CPU of this process
memory     a generated stream of ROWS rows (10 000 000), read in a process of its own: what it grows to

CPU is user and system time. The last lines are the figures: ratio (<= 0.55), MB of COPY text per CPU second
of both, MB of plain SQL per CPU second (>= 230), MiB (< 64).
"""

import argparse
import importlib.util
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from checks.artefacts import copytext  # noqa: E402

_SPEC = importlib.util.spec_from_file_location("logical_server", ROOT / "tests/backups/logical/server.py")
server = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(server)

TICKS = os.sysconf("SC_CLK_TCK")
HEAD = b"--\n-- PostgreSQL database dump\n--\n\nCOPY public.t (id, a, b, c) FROM stdin;\n"
TAIL = b"\\.\n\n--\n-- PostgreSQL database dump complete\n--\n\n"


def own_cpu():
    """CPU seconds of this process and of all that it waited for."""
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in both)


def server_cpu(pg):
    """CPU seconds of a server: its first process, those it waited for, those that still run."""
    first = int((pg.place / "data/postmaster.pid").read_text().split()[0])
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(stat.parent.name) == first:
            total += sum(map(int, fields[11:15]))
        elif int(fields[1]) == first:
            total += sum(map(int, fields[11:13]))
    return total / TICKS


def digest(pg, path):
    """CPU seconds, bytes of COPY text."""
    before = own_cpu()
    with subprocess.Popen([pg.programs / "pg_restore", "-f", "-", path], stdout=subprocess.PIPE) as child:
        told = copytext.read(child.stdout)
    assert told.complete and child.returncode == 0
    return own_cpu() - before, sum(one.size for one in told.parts[0].tables.values())


def plain(path):
    """CPU seconds."""
    before = own_cpu()
    with path.open("rb", buffering=0) as file:
        assert copytext.read(file).complete
    return own_cpu() - before


def restore(pg, path, number):
    """CPU seconds of the tool and the server."""
    name = f"scratch_{number}"
    pg.sql(f"CREATE DATABASE {name}")
    own, theirs = own_cpu(), server_cpu(pg)
    pg.tool("pg_restore", "--no-owner", "--no-acl", "--exit-on-error", "-d", name, path)
    while pg.sql(f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}'")[0][0]:
        time.sleep(0.05)
    time.sleep(0.5)  # until the first process has waited for them
    spent = own_cpu() - own + server_cpu(pg) - theirs
    pg.sql(f"DROP DATABASE {name}")
    return spent


class Generated:
    """A dump of so many rows, made while it is read."""

    def __init__(self, rows):
        self.pieces = self.make(rows)
        self.rest = b""

    def make(self, rows):
        yield HEAD
        block = b"".join(b"%d\trow %d\t%d.25\t2026-01-01 08:00:00+08\n" % (n, n, n) for n in range(2000))
        for _ in range(rows // 2000):
            yield block
        yield TAIL

    def read(self, size):
        while len(self.rest) < size and (more := next(self.pieces, b"")):
            self.rest += more
        made, self.rest = self.rest[:size], self.rest[size:]
        return made


def stream(rows):
    """Read a generated stream; print what the process grew to."""
    before = own_cpu()
    told = copytext.read(Generated(rows))
    assert told.complete
    spent, grown = own_cpu() - before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{told.rows} rows, {told.bytes / 1e6:.0f} MB: {spent:.1f} CPU s with making them, {grown:.0f} MiB")


def main():
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--rows", type=int, default=400_000)
    given.add_argument("--rounds", type=int, default=5)
    given.add_argument("--stream", type=int, default=10_000_000)
    given.add_argument("--only-stream", action="store_true")
    args = given.parse_args()
    if args.only_stream:
        stream(args.stream)
        return
    costs = {"digest": [], "restore": [], "plain": []}
    options = ("synchronous_commit=off", "full_page_writes=off", "autovacuum=off", "max_wal_size=4GB")
    with server.running(15, *options) as pg, tempfile.TemporaryDirectory(prefix="rs-bench-") as folder:
        pg.create("oa_db", rows=args.rows)
        custom, text = Path(folder) / "oa.dump", Path(folder) / "oa.sql"
        pg.tool("pg_dump", "-Fc", "-f", custom, "oa_db")
        pg.tool("pg_dump", "-f", text, "oa_db")
        for number in range(args.rounds):
            spent, size = digest(pg, custom)
            costs["digest"].append(spent)
            costs["plain"].append(plain(text))
            costs["restore"].append(restore(pg, custom, number))
            print("  ".join(f"{name} {each[-1]:.2f}" for name, each in costs.items()), flush=True)
        best = {name: min(each) for name, each in costs.items()}
        whole = text.stat().st_size
    print(f"{size / 1e6:.0f} MB of COPY text, {custom.name}")
    print(f"digest {best['digest']:.2f} CPU s, restore {best['restore']:.2f}, plain {best['plain']:.2f}")
    print(f"ratio of the digest to a restore: {best['digest'] / best['restore']:.2f} (bar 0.55)")
    print(f"digest: {size / 1e6 / best['digest']:.0f} MB per CPU second (bar 130)")
    print(f"plain SQL: {whole / 1e6 / best['plain']:.0f} MB per CPU second (bar 230)", flush=True)
    again = [sys.executable, __file__, "--only-stream", "--stream", str(args.stream)]
    subprocess.run(again, check=True)


if __name__ == "__main__":
    main()
