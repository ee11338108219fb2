"""Intake beside a peer in the same minutes: CPU for 100 000 results, and results a second, as ratios.

    apt-get install zabbix-server-pgsql postgresql        (as root; Debian 12: Zabbix 6.0, PostgreSQL 15)
    .venv/bin/python tests/bench/bench_intake_beside.py [--rounds N] [--seconds S] [--only NAME]

CPU seconds of shared cores say nothing without those of something else at the same time. Each round runs the
peer with 50 values a batch and our cases, one after the other, and 200 a batch with ours of that size:

the peer   zabbix_server with a PostgreSQL of its own on one disk (`zabbix.py` has the settings), 100 hosts of
           50 trapper items (60 % whole numbers, 20 % decimal, 20 % text), ZBXD senders on four connections, a
           connection a batch; tables emptied before each run. Bill: both process trees until they rest, all
           of the values counted in the history tables. No signature, no TLS, no trigger; it answers before
           anything is on disk.
ours       the cases of bench_intake.py, each on a fresh collector: every signature, root and line checked, on
           disk before the answer, derived tables level. Bill: server and provers until they rest.

A bar on this machine when it was quiet, over what the peer took on it then, is a bar for the ratio:
1.1 CPU seconds for 100 000 results at 50x4 over its 1.1 to 1.2, the middle of which is 1.15; results a second
over its 127 000 to 135 000 with 50 a batch, 153 000 to 157 000 with 200. The median of the rounds is held
against it. Results a second are held against theirs only in rounds in which others kept at most 0.3 cores
busy: of busy cores the peer's dozen processes get more than our three. Exit 1 where one is missed; where the
peer is not installed nothing is measured, which is said.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent))

import zabbix
from bench_intake import CASES, Prepared, prepare
from load import probe_lines
from machine import Speed

PEER_CPU = 1.15
PEER_RATE = {50: 131_000, 200: 155_000}
QUIET = 0.3  # cores that others may keep busy where rates are compared
EXPECTED = 130_000  # values/s, to size a run


@dataclass(frozen=True)
class Run:
    """Of one run: values/s until all were stored, CPU seconds for 100 000 of them, bytes of its tables each.

    `others` is how many cores everybody else kept busy.
    """

    rate: float
    cpu: float
    size: float
    others: float


class Sender:
    """The peer under load."""

    def __init__(self, peer: zabbix.Peer, seconds: float) -> None:
        self._peer, self._seconds = peer, seconds
        # Always later, and all of it within an hour that is over: its hourly averages are in no run's bill.
        self._begin = (int(time.time()) // 3600 - 1) * 3600
        zabbix.send(peer.port, self._packets(50, 2000), 50)

    def _packets(self, count: int, total: int) -> list[bytes]:
        made = zabbix.batches(count, total, self._begin)
        self._begin += total * count // (zabbix.HOSTS * zabbix.ITEMS) + 2
        return made

    def run(self, count: int, speed: Speed) -> Run:
        """Once, with so many values a batch."""
        peer, packets = self._peer, self._packets(count, int(self._seconds * EXPECTED / count))
        zabbix.rest(peer.cpu)
        peer.emptied()
        with speed.around() as moment:
            before, mine = peer.cpu(), sum(os.times()[:4])
            sent = zabbix.send(peer.port, packets, count)
            ended = zabbix.rest(peer.cpu)
            used = peer.cpu() - before
            moment.ours_s = used + sum(os.times()[:4]) - mine
        stored, wanted = peer.stored(), len(packets) * count
        if stored != wanted:
            raise SystemExit(f"the peer took {wanted} values and stored {stored}")
        rate, size = stored / (ended - sent["began"]), peer.database_bytes() / stored
        return Run(rate, 100_000 * used / stored, size, moment.others)


def measured(args: argparse.Namespace, cases: list[Prepared], peer: zabbix.Peer) -> dict[int, list[Run]]:
    """All rounds; the peer's runs by values a batch, ours are in their cases."""
    speed, sender = Speed(), Sender(peer, args.seconds)
    theirs: dict[int, list[Run]] = {count: [] for count in sorted({one.case.count for one in cases})}
    for number in range(1, args.rounds + 1):
        for count in theirs:
            run = sender.run(count, speed)
            theirs[count].append(run)
            print(
                f"round {number}: peer, {count} a batch: {run.rate:.0f} values/s, {run.cpu:.2f} CPU s/100k, "
                f"{run.size:.0f} B/value; others kept {run.others:.2f} cores busy",
                flush=True,
            )
            for one in cases:
                if one.case.count == count:
                    one.run(args, speed)
                    mine = one.runs[-1]
                    print(
                        f"round {number}: ours, {one.case.name}: {mine.rate:.0f} results/s, "
                        f"{mine.cpu_all:.2f} CPU s/100k, {mine.size:.0f} B/result; "
                        f"{mine.cpu_all / run.cpu:.2f} of the peer's CPU; others {mine.moment.others:.2f}",
                        flush=True,
                    )
    print(speed.said())
    return theirs


def quiet(one: Prepared, theirs: Sequence[Run]) -> list[tuple[float, float]]:
    """Results/s of ours and of the peer, of those rounds in which nobody else wanted the cores."""
    pairs = zip(one.runs, theirs, strict=True)
    return [(a.rate, b.rate) for a, b in pairs if max(a.moment.others, b.others) <= QUIET]


def judged(one: Prepared, theirs: Sequence[Run]) -> list[str]:
    """Each ratio of a case: per round, the median, HELD or MISSED; rates of quiet rounds only."""
    case = one.case
    rates = [a / b for a, b in quiet(one, theirs)]
    bar = case.rate / PEER_RATE[case.count]
    text = f"at least {bar:.3f} = {case.rate} / {PEER_RATE[case.count]}"
    name = f"{case.name} results/s, ours to peer's"
    said = [
        f"{name}: {_shown(rates)} ({text}): {_word(median(rates) >= bar)}"
        if rates
        else f"{name}: NOT HELD AGAINST ITS BAR ({text}), for others worked in every round"
    ]
    costs = [a.cpu_all / b.cpu for a, b in zip(one.runs, theirs, strict=True)]
    name = f"{case.name} CPU, ours to peer's: {_shown(costs)}"
    if not case.cpu:
        return [*said, f"{name} (no bar)"]
    bar = case.cpu / PEER_CPU
    text = f"at most {bar:.3f} = {case.cpu} / {PEER_CPU}"
    return [*said, f"{name} ({text}): {_word(median(costs) <= bar)}"]


def _shown(ratios: Sequence[float]) -> str:
    return f"{', '.join(f'{ratio:.3f}' for ratio in ratios)}; median {median(ratios):.3f}"


def _word(held: bool) -> str:
    return "HELD" if held else "MISSED"


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="about how long each run takes")
    parser.add_argument("--agents", type=int, default=64)
    parser.add_argument("--only", choices=[case.name for case in CASES if case.rate])
    args = parser.parse_args()
    if lacking := zabbix.missing():
        print(zabbix.not_measured(lacking))
        return 0
    zabbix.ended_by_a_signal()
    args.no_derive, args.provers, args.templates = False, None, probe_lines()[:1]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        cases = [prepare(case, args, place) for case in CASES if case.rate and args.only in (None, case.name)]
        (place / "peer").mkdir()
        place.chmod(0o755)  # the peer's users reach their folders through it
        with zabbix.running(place / "peer") as peer:
            theirs = measured(args, cases, peer)
    for count, runs in theirs.items():
        print(
            f"peer, {count} a batch, medians: {median(run.rate for run in runs):.0f} values/s, "
            f"{median(run.cpu for run in runs):.2f} CPU s/100k, "
            f"{median(run.size for run in runs):.0f} B/value"
        )
    for one in cases:
        print(
            f"ours, {one.case.name}, medians: {median(run.rate for run in one.runs):.0f} results/s, "
            f"{median(run.cpu_all for run in one.runs):.2f} CPU s/100k, "
            f"{median(run.size for run in one.runs):.0f} B/result"
        )
    said = [line for one in cases for line in judged(one, theirs[one.case.count])]
    # The one that the issue names last: it is what the bench is for.
    said.sort(key=lambda line: line.startswith("50x4 CPU"))
    print("\n".join(said))
    return int(any("MISSED" in line for line in said))


if __name__ == "__main__":
    sys.exit(main())
