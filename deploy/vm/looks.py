"""What the log holds of each check: states and error kinds, one line each. Run with the collector's Python.

python looks.py DIR
"""

import sys
from collections import Counter, defaultdict
from pathlib import Path

from checks import result
from collector.context import open_context
from collector.jobs.batches import lines_of, log_size, read_batches


def counted(directory: Path) -> dict[str, Counter[str]]:
    """Words by check: a state with the reasons of its worst readings, or the kind of error."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    with open_context(directory) as context, context.read() as conn:
        for batch in read_batches(conn, 0, log_size(conn)):
            for line in lines_of(conn, batch.idx):
                look = result.decode(line)
                found[look.check][_word(look)] += 1
    return found


def _word(look: result.Result) -> str:
    if look.error is not None:
        return f"error {look.error}"
    bad = [f"{r.name}={r.reason or r.state}" for r in look.readings if str(r.state) != "ok"]
    return str(look.state) + (f" ({', '.join(bad[:4])})" if bad else "")


if __name__ == "__main__":
    for check, words in sorted(counted(Path(sys.argv[1])).items()):
        print(f"{check:20} " + "; ".join(f"{n} x {word}" for word, n in words.most_common()))
