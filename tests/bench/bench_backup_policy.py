"""How long the ledger of 200 objects takes, each with two years of daily points, evaluated from nothing.

Run alone: `python tests/bench/bench_backup_policy.py [--objects N] [--copies]`. The last line is the figure.
A quarter of the objects has weekly fulls with daily incrementals, the rest daily fulls; all are purged after
three months by chain; one in a hundred nights is missed, one in two hundred artefacts bad.
"""

import argparse
import random
import sys
import time
import timeit
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from checks.artefacts.levels import Level, bad, good
from checks.china import day_of, start_of
from collector.backups.compile import Estate, parse
from collector.backups.engine import evaluate
from collector.backups.ledger import as_json
from collector.backups.observed import Observed, Place, Record, Turn

HOUR, DAY = 3_600_000, 86_400_000
FIRST = day_of(1_735_660_800_000)  # 2025-01-01 in Shanghai
DAYS = 730
ROUNDS = 7
PROVEN = tuple(good(level) for level in Level if level <= Level.TRUE)
BROKEN = (*PROVEN[:3], bad("changed"), *PROVEN[4:])
WINDOW = {"window": "22:00-06:00", "grace": "4h", "keep": "3 months"}


def policy(count, copies):
    """The estate's mappings for so many objects."""
    copy = {"copy": {"to": "backup-server", "within": "12h"}} if copies else {}
    drill = {"drill": {"every": "month", "restore_within": "12h", "pick": "rotating"}}
    chained = {
        "object": "city/*",
        "clause": "HA-06 HA-07",
        "full": {"every": "week", "on": "sunday", **WINDOW},
        "incremental": {"every": "day", **WINDOW},
    }
    daily = {"object": "county/*", "clause": "HA-08", "full": {"every": "day", **WINDOW}}
    names = [f"city/{i}" if i % 4 == 0 else f"county/{i}" for i in range(count)]
    estate = Estate(dict.fromkeys(names, "database"), start_of(FIRST))
    return parse([{**one, **copy, **drill} for one in (chained, daily)], estate)


def records(name, rng, place):
    """Two years of one object: what stands is what the purge has left."""
    made, parent, chained = [], "", name.startswith("city/")
    for number in range(DAYS):
        day = FIRST + number
        if rng.random() < 0.01 and number % 7 != 4:
            continue
        full = not chained or not parent or number % 7 == 4
        start = start_of(day) + 22 * HOUR + rng.randrange(4 * HOUR)
        sunday = number - (number - 4) % 7 if chained else number
        gone = start_of(FIRST + sunday + (100 if chained else 93)) + 7 * HOUR
        spoiled = rng.random() < 0.005
        one = Record(
            name=f"{name}-{day}",
            kind="full" if full else "incremental",
            place=place,
            vantage="agent",
            bytes=int(
                10**9 * (0.3 if not full else 1) * rng.uniform(0.9, 1.1) * (0.4 if number % 7 > 4 else 1)
            ),
            modified=start + HOUR,
            start=start,
            end=start + HOUR,
            first_ms=start + 2 * HOUR,
            last_ms=min(gone - HOUR, start_of(FIRST + DAYS)),
            received_ms=start + 2 * HOUR,
            verdicts=BROKEN if spoiled else PROVEN,
            sha256=f"{rng.getrandbits(64):x}",
            id=f"{name}-{day}",
            parent="" if full else parent,
            absent_ms=start - HOUR,
            gone_ms=gone if gone < start_of(FIRST + DAYS) else None,
            read_ms=start + 2 * HOUR,
            told_ms=start + 2 * HOUR,
            turns=(Turn(start + 2 * HOUR + DAY, bad("changed"), start + 2 * HOUR),) if spoiled else (),
        )
        made.append(one)
        parent = one.id
    looks = tuple(start_of(FIRST + number) + 12 * HOUR for number in range(DAYS + 1))
    return Place(tuple(made), looks, looks[-1])


def observed(policies, copies):
    """What was seen of all of them."""
    rng = random.Random(4)
    places = {}
    for one in policies.objects:
        places[one.name] = {"": records(one.name, rng, "")}
        if copies:
            twins = tuple(
                replace(r, place="backup-server", vantage="there") for r in places[one.name][""].records
            )
            places[one.name]["backup-server"] = replace(places[one.name][""], records=twins)
    return Observed(places=places)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--objects", type=int, default=200)
    options.add_argument("--copies", action="store_true", help="a second copy of each point")
    chosen = options.parse_args()
    policies = policy(chosen.objects, chosen.copies)
    seen = observed(policies, chosen.copies)
    points = sum(len(place.records) for places in seen.places.values() for place in places.values())
    now = start_of(FIRST + DAYS) + 13 * HOUR
    took = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        ledger = evaluate(policies, seen, now)
        took.append(time.process_time() - begun)
    begun = time.process_time()
    as_json(ledger, objects=[policies.objects[0].name])
    spelled = time.process_time() - begun
    kinds = {}
    for problem in ledger.problems:
        kinds[problem.reason] = kinds.get(problem.reason, 0) + 1
    print(f"{points} artefacts; problems: {', '.join(f'{n} {word}' for word, n in sorted(kinds.items()))}")
    loop = min(timeit.repeat("sum(i * i for i in range(1000))", number=100, repeat=5)) * 10**4
    print(f"how busy this machine is: a loop over 1000 squares takes {loop:.0f} us")
    print(f"one object spelled out as JSON: {spelled * 1000:.0f} ms; rounds {[f'{t:.3f}' for t in took]}")
    print(
        f"backup policy: {chosen.objects} objects x 2 years of daily points evaluated in"
        f" {min(took):.3f} s of CPU (goal < 0.5 s), {points / min(took):.0f} artefacts/s"
    )


if __name__ == "__main__":
    main()
