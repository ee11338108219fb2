"""How long a quarter's figure takes from stored runs: a year of 10-second probes from two vantage points.

Run alone: `python tests/bench/bench_availability.py`. The last line is the figure.
"""

import random
import sys
import time
from fractions import Fraction
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from checks.china import day_of
from collector.availability.calendar_cn import shipped
from collector.availability.engine import Params, ServiceSpec, evaluate
from collector.availability.faults import FaultRules, Profile
from collector.availability.hours import Hours
from collector.availability.runs import Observation, Outcome, fold
from collector.availability.spans import union
from collector.availability.tree import Leaf
from collector.availability.votes import CheckRuns

START = 1_735_660_800_000  # 2025-01-01 in Shanghai
DAY = 86_400_000
STEP, HOLD, OUTAGES, ROUNDS = 10_000, 25_000, 200, 60


def observations(rng, outages, phase):
    """A year of probes at a random instant of each slot, failing inside the outages."""
    at, out = 0, []
    for slot in range(START, START + 365 * DAY, STEP):
        t = slot + phase + int(rng.random() * (STEP // 2))
        while at < len(outages) and outages[at][1] <= t:
            at += 1
        failing = at < len(outages) and outages[at][0] <= t
        out.append(Observation(t, Outcome.FAIL if failing else Outcome.OK, len(out)))
    return out


def timed(spec):
    """The median of some rounds in ms of processor time, and the figure."""
    took = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        figure = evaluate(spec)
        took.append(time.process_time() - begun)
    return sorted(took)[ROUNDS // 2] * 1000, figure


def main():
    rng = random.Random(1)
    starts = sorted(rng.randrange(START, START + 365 * DAY) for _ in range(OUTAGES))
    outages = [(t, t + rng.randrange(20_000, 600_000)) for t in starts]
    begun = time.perf_counter()
    seen = {vantage: observations(rng, outages, phase) for vantage, phase in (("a", 0), ("b", 3_000))}
    made = time.perf_counter()
    runs = {vantage: fold(probes, HOLD, day_of) for vantage, probes in seen.items()}
    folded = time.perf_counter()
    n = sum(map(len, seen.values()))
    stored = sum(map(len, runs.values()))
    print(
        f"{n} observations made in {made - begun:.1f} s, reduced to {stored} runs in {folded - made:.1f} s "
        f"({(folded - made) / n * 1e6:.2f} us each)"
    )
    check = CheckRuns(runs, HOLD, confirm=2)
    params = Params(Fraction("0.99999"), faults=FaultRules(Profile.PINGDINGSHAN))
    quarter = ServiceSpec(START + 90 * DAY, START + 181 * DAY, params, {"web": check}, Leaf("web"))
    hours = Hours("Asia/Shanghai", None, ((540, 720), (780, 1020)))
    office = ServiceSpec(
        quarter.from_ms, quarter.to_ms, params, {"web": check}, Leaf("web"), hours=hours, calendar=shipped()
    )
    year = ServiceSpec(START, START + 365 * DAY, params, {"web": check}, Leaf("web"))
    for name, spec in (("year", year), ("quarter in office hours", office)):
        ms, figure = timed(spec)
        print(f"{name}: {ms:.2f} ms, {len(figure.segments)} segments, {len(figure.faults)} faults")
    ms, figure = timed(quarter)
    down = sum(
        min(b, quarter.to_ms) - max(a, quarter.from_ms)
        for a, b in union(outages)
        if a < quarter.to_ms and b > quarter.from_ms
    )
    print(
        f"quarter: down {figure.bounds.down_min} <= {figure.buckets.down} <= {figure.bounds.down_max} ms "
        f"(generated: {down})"
    )
    print(
        f"availability: quarter's figure from stored runs {ms:.2f} ms (goal < 5 ms), "
        f"{figure.observations} observations, {len(figure.faults)} faults"
    )


if __name__ == "__main__":
    main()
