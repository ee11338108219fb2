"""Restore drills of some agents, in a program of its own with the clock of that day.

    demo_drill.py TOP MS < {"agents": [name, …]}

By TOP/plans/NAME; prints NAME, a tab, the signed line in base64. A drill takes its times from the machine, as
it must: this program's clock begins at MS (libfaketime does not do, Python's own sleep fails under it).
"""

import base64
import json
import sys
import time
from pathlib import Path

import demo_parts as parts

from checks import result
from checks.plan import parse as parse_plan


def set_clock(ms):
    """From now on this program's time begins at that instant."""
    real, ahead = time.time_ns, ms * 1_000_000 - time.time_ns()
    time.time_ns = lambda: real() + ahead
    time.time = lambda: time.time_ns() / 1e9


def main():
    top, asked = Path(sys.argv[1]), json.load(sys.stdin)
    set_clock(int(sys.argv[2]))
    for name in asked["agents"]:
        for item in parse_plan((top / "plans" / name).read_bytes()).items:
            if item.check == "backup.drill":
                made = parts.look(top / "agents" / name, name, item, time.time_ns() // 1_000_000, {})
                line = base64.b64encode(result.encode(made)).decode()
                sys.stdout.write(f"{name}\t{line}\n")


if __name__ == "__main__":
    main()
