"""Root on an agent's host. See cheating.py."""

import copy
from dataclasses import dataclass, replace

from parts import loaded

from collector.jobs import derive

cheating = loaded("judging/cheating.py")
cheat = cheating.cheat


@cheat("found", "judged_differently")
def agent_that_calls_a_bad_reading_good(hand):
    at = hand.site.go("2026-08-10T09:30")
    bad = hand.site.look("web-01", "weekly/2026-08-10", at, "crit")
    good = replace(bad, state="ok", readings=hand.site.look("web-01", "x", at).readings)
    hand.site.send("web-01", good)
    derive.catch_up(hand.context)


@cheat("found", "bad_plan")
def agent_that_looks_by_other_parameters(hand):
    at = hand.site.go("2026-08-10T09:30")
    look = hand.site.look("web-01", "weekly/2026-08-10", at)
    hand.site.send("web-01", replace(look, params={**look.params, "x": 1}))
    derive.catch_up(hand.context)


@cheat("found", "bad_line")
def agent_that_speaks_for_another(hand):
    at = hand.site.go("2026-08-10T09:30")
    world = hand.site.world
    lent = copy.copy(world.agent("web-01"))
    look = hand.site.look("mail-01", "weekly/2026-08-10", at)
    lent.name = "mail-01"
    lines = look.line("mail-01")
    world.agent("web-01").send(Line(lines, at))
    derive.catch_up(hand.context)


@dataclass(frozen=True)
class Line:
    """A line as it is, whoever sends it."""

    data: bytes
    t: int

    def line(self, _vantage: str) -> bytes:
        return self.data


@cheat("told", "batches that came more than an hour after what they tell of")
def agent_that_dates_a_late_look_back(hand):
    """Sent in the evening, dated in the window, as after an outage of the line: its host alone vouches."""
    at = hand.site.go("2026-08-10T09:30")
    look = hand.site.look("web-01", "weekly/2026-08-10", at)
    hand.site.go("2026-08-10T20:30")
    hand.site.send("web-01", look)
    derive.catch_up(hand.context)


@cheat("not found")
def agent_that_signs_facts_which_are_not_so(hand):
    """A program on the machine that it is about can say anything: grade C, and no look from outside."""
    at = hand.site.go("2026-08-10T09:30")
    hand.site.send("web-01", hand.site.look("web-01", "weekly/2026-08-10", at))
    derive.catch_up(hand.context)


@cheat("told", "1 of 3        round weekly/2026-07-27")
def agents_that_are_switched_off_on_a_bad_day(hand):
    """What was due and did not come stands in the report, and the record has it as missing."""
