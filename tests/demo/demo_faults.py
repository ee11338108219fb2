"""The faults of faults.yaml: read, drawn by a seed, planted, compared with what a record says, and healed."""

import random
import sys
import time
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import yaml
from demo_parts import Cannot
from demo_site import Finding

FILE = Path(__file__).with_name("faults.yaml")
SOURCES = ("host", "ssh", "snmp", "bmc", "sql", "http")
PLANTED = 12


@dataclass(frozen=True)
class Fault:
    """One fault: method `make` of `part` plants it, `undo` heals it, `expect` is what a record must show."""

    id: str
    source: str
    part: str
    what: str
    make: str
    undo: str
    expect: tuple

    def expected(self, part):
        """The findings that it must bring, no more and no less."""
        checks = {asset.id: asset.checks for asset in part.assets()}
        made = set()
        for asset, check, item, state in self.expect:
            for one in checks[asset]:
                if fnmatchcase(one, check):
                    made.add(Finding(asset, one, item.format(**part.names), state))
        return made


def read(file=FILE):
    """All faults; what is wrong in the file raises."""
    made = []
    for one in yaml.safe_load(file.read_text("utf-8")):
        expect = tuple(tuple(str(word) for word in row) for row in one.pop("expect"))
        made.append(Fault(**{"undo": "heal", **one}, expect=expect))
    assert len({one.id for one in made}) == len(made), "two faults have one name"
    assert {one.source for one in made} <= {*SOURCES}
    return made


def possible(faults, parts):
    """Faults whose part runs here, and is looked at for what they bring."""
    there = {part.name: part for part in parts}
    return [one for one in faults if one.part in there and one.expected(there[one.part])]


def choose(faults, parts, seed, count=PLANTED):
    """`count` of these faults that do not touch each other: one of each source first, then any."""
    rng = random.Random(seed)
    by_name = {part.name: part for part in parts}
    order = rng.sample(faults, len(faults))
    first = [next((one for one in order if one.source == source), None) for source in SOURCES]
    chosen, touched, parts_taken = [], set(), set()
    for one in [*filter(None, first), *order]:
        part = by_name[one.part]
        looks = {(found.asset, found.check) for found in one.expected(part)}
        if one in chosen or looks & touched or (part.exclusive and one.part in parts_taken):
            continue
        chosen.append(one)
        touched |= looks
        parts_taken.add(one.part)
        if len(chosen) == count:
            break
    return chosen


@dataclass
class Score:
    """What a record found beside what it had to find."""

    expected: set
    found: set

    @property
    def precision(self):
        """Share of the findings that were planted; None without findings."""
        return len(self.expected & self.found) / len(self.found) if self.found else None

    @property
    def recall(self):
        """Share of what was planted that was found; None where nothing was."""
        return len(self.expected & self.found) / len(self.expected) if self.expected else None

    @property
    def exact(self):
        """Whether it is exactly the expected set."""
        return self.expected == self.found

    def lines(self):
        """What differs."""
        yield from (f"    missing  {one}" for one in sorted(self.expected - self.found))
        yield from (f"    too much {one}" for one in sorted(self.found - self.expected))


def plant(chosen, parts):
    """Make these faults real; what they must bring."""
    by_name = {part.name: part for part in parts}
    expected = set()
    for one in chosen:
        part = by_name[one.part]
        expected |= one.expected(part)
        try:
            getattr(part, one.make)()
        except Exception as problem:
            raise Cannot(f"{one.id} cannot be planted: {problem!r}") from problem
    return expected


def heal(chosen, parts):
    """Undo them, the last first; what cannot be undone is said and raised at the end."""
    by_name = {part.name: part for part in parts}
    failed = []
    for one in reversed(chosen):
        try:
            getattr(by_name[one.part], one.undo)()
        except Exception as problem:
            failed.append(f"{one.id}: {problem!r}")
    if failed:
        raise Cannot("cannot be undone: " + "; ".join(failed))


def settle(site, good, seconds=120):
    """Rounds until one finds nothing of ours: what a fault leaves behind (a log line, a counter) is gone."""
    end = time.monotonic() + seconds
    while True:
        left = good(site.round())
        if not left:
            return
        if time.monotonic() > end:
            raise Cannot("not healed: " + "; ".join(map(str, sorted(left))))
        sys.stdout.write("    still there: " + "; ".join(map(str, sorted(left))) + "\n")
