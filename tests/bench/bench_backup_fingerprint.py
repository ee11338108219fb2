"""What a fingerprint costs the database that it is taken of: CPU of the server per GB of COPY text.

    .venv/bin/python tests/bench/bench_backup_fingerprint.py [--rows N] [--rounds N]

2 000 000 rows of each of two tables are 810 MB of COPY text: what a session costs before its first row
(0.05 s) does not count for much then. Beside it the CPU of this side (its own and psql's), and of a
`pg_dump` to nowhere, which asks the server for the same text. Interleaved, the best of five. The last lines
are the figures: the ratio to that dump, and backend CPU seconds per GB (<= 3.2).
"""

import argparse
import importlib.util
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))
_SPEC = importlib.util.spec_from_file_location("bench_backup_digest", HERE / "bench_backup_digest.py")
digest = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(digest)

from agent.fingerprints import wrap  # noqa: E402
from agent.fingerprints.login import Login  # noqa: E402
from agent.fingerprints.take import Pace  # noqa: E402
from checks.artefacts.copyrows import SHA256  # noqa: E402


def spent(pg, work):
    """CPU seconds of the server and of this side."""
    theirs, own = digest.server_cpu(pg), digest.own_cpu()
    work()
    while pg.sql("SELECT count(*) FROM pg_stat_activity WHERE datname = 'oa_db'")[0][0]:
        time.sleep(0.05)
    time.sleep(0.5)  # until the first process has waited for them
    return digest.server_cpu(pg) - theirs, digest.own_cpu() - own


def main():
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--rows", type=int, default=2_000_000)
    given.add_argument("--rounds", type=int, default=5)
    args = given.parse_args()
    with digest.server.running(15) as pg, tempfile.TemporaryDirectory(prefix="rs-bench-") as folder:
        pg.create("oa_db", rows=args.rows)
        text = Path(folder) / "oa.sql"
        pg.tool("pg_dump", "-f", text, "oa_db")
        with text.open("rb") as file:
            size = sum(one.size for one in digest.copytext.read(file).parts[0].own().values())
        login = Login("oa_db", "127.0.0.1", pg.port, "postgres", programs=str(pg.programs))
        wish = wrap.Wish(login, Pace(), SHA256, Path(folder))
        taken, dumped = [], []
        for _ in range(args.rounds):
            taken.append(spent(pg, lambda: wrap.alone(wish)))
            dumped.append(spent(pg, lambda: pg.tool("pg_dump", "-f", "/dev/null", "oa_db")))
            print(
                f"fingerprint {taken[-1][0]:.2f} + {taken[-1][1]:.2f}  dump {dumped[-1][0]:.2f}", flush=True
            )
    gb = size / 1e9
    print(f"{size / 1e6:.0f} MB of COPY text")
    print(f"this side: {min(one[1] for one in taken) / gb:.1f} CPU s per GB")
    print(f"pg_dump to nowhere: {min(one[0] for one in dumped) / gb:.1f} backend CPU s per GB")
    ratio = min(one[0] for one in taken) / min(one[0] for one in dumped)
    print(f"ratio of the fingerprint to the dump: {ratio:.2f}")
    print(f"fingerprint: {min(one[0] for one in taken) / gb:.2f} backend CPU seconds per GB (bar 3.2)")


if __name__ == "__main__":
    main()
