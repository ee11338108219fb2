"""kill -9 of either side, at a write point or anywhere."""

import random
import time
from collections import deque
from dataclasses import dataclass, field
from functools import partial

from parts import loaded

until = loaded("e2e/harness.py").until

AGENT_POINTS = (
    "pending.before",
    "pending.after",
    "batch.before",
    "batch.after",
    "sent.before",
    "sent.after",
    "accept.before",
    "accept.after",
    "prove.before",
    "prove.after",
    "meta.before",
    "meta.after",
)
COLLECTOR_POINTS = (
    "entries-written",
    "bodies-written",
    "before-commit",
    "after-commit",
    "tiles-written",
    "derive-written",
    "derive-committed",
    "checkpoint-signed",
    "checkpoint-remembered",
)


@dataclass
class Tally:
    """What the rounds have reached: rounds, deaths at a write point, which points."""

    rounds: int = 0
    at_points: int = 0
    hit: set = field(default_factory=set)

    def add(self, side, point):
        self.rounds += 1
        if point:
            self.at_points += 1
            self.hit.add((side, point))


EVERY_POINT = frozenset({("agent", p) for p in AGENT_POINTS} | {("collector", p) for p in COLLECTOR_POINTS})


def kill_rounds(site, machine, count, seed, patience=8.0):
    """`count` times: one side dies at a write point, or anywhere, and comes back.

    A point whose turn does not come in time is tried again later, in at most `count` more rounds.
    """
    rng = random.Random(seed)
    tally = Tally()
    slow = 0.0  # s, what the last start of the collector took
    queue = deque()
    while tally.rounds < count or (
        EVERY_POINT - tally.hit and count >= len(EVERY_POINT) > tally.rounds - count
    ):
        if not queue:
            every = [*sorted(EVERY_POINT), ("agent", ""), ("collector", "")]
            missing = sorted(EVERY_POINT - tally.hit)
            queue.extend(rng.sample(every, len(every)) if tally.rounds < count else missing)
        side, point = queue.popleft()
        again = tally.rounds >= count
        begun = time.monotonic()
        victim = _with_crash(site, machine, side, point, rng, again=again)
        if point and side == "collector":
            until(partial(_up_or_dead, victim), what="the server")
            slow = time.monotonic() - begun
        # Where a start alone takes long, all that leads to the point does.
        longest = max(patience * 5 if again else patience, 3 * slow)
        # Without a point: at any instant, be it while it starts.
        end = time.monotonic() + (longest if point else rng.uniform(0.2, 4))
        while victim.alive and time.monotonic() < end:
            time.sleep(0.03)
        victim.kill()
        tally.add(side, victim.crashed_at)
        machine.look()
        if rng.random() < 0.15:  # the other side dies as well, at no point in particular
            (site.server if side == "agent" else machine.program).kill()
    for alive, start in ((machine.alive, machine.start), (site.alive, site.serve)):
        if not alive:
            start()
    return tally


def _up_or_dead(server):
    return not server.alive or "listening" in server.said()


def _with_crash(site, machine, side, point, rng, again):
    """Stop one side and start it with its crash point set."""
    turn = (
        1
        if point.startswith(("derive", "checkpoint", "prove", "tiles", "meta"))
        else rng.choice((1, 1, 2, 3))
    )
    setting = f"{point}:{turn}" if point else str(rng.randint(1, 25))
    if side == "agent":
        if not site.alive:
            site.serve()
        if machine.alive:
            machine.program.kill()
        return machine.start(crash=setting)
    if site.alive:
        site.server.kill()
    if point == "tiles-written":
        site.fill(255)
    site.serve(crash=setting, wait=False)
    # A fresh agent: one that met several dead collectors in a row would wait up to a minute.
    if machine.alive:
        machine.program.kill()
    machine.start()
    return site.server
