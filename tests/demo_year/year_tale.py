"""What happens in a year, drawn from a seed before anything is played: the truth scorecards must come to."""

import random
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")
SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000


def at(day, clock="00:00"):
    """UTC ms of a local day and time."""
    return int(datetime.combine(day, time.fromisoformat(clock), ZONE).timestamp() * 1000)


def local_day(ms):
    """The day in Shanghai of an instant."""
    return datetime.fromtimestamp(ms / 1000, ZONE).date()


@dataclass(frozen=True)
class Outage:
    """A system is away or slow; what people do about it, in ms after it was seen first."""

    system: int
    begin: int
    end: int
    word: str = "refused"
    level: int = 4
    vendor: bool = True
    serious: bool = True
    answered: int = 5 * MINUTE
    report_days: int | None = 1

    @property
    def seen(self):
        """The first probe that can notice it: probes come every ten minutes, see `Tale.probe_at`."""
        return self.begin


@dataclass
class Tale:
    """The year. Days are local; `absent`: the unit whose servers are silent in the week of that Monday."""

    begin: date
    end: date
    outages: list[Outage] = field(default_factory=list)
    absent: set[tuple[int, date]] = field(default_factory=set)
    backups_missed: set[tuple[int, date]] = field(default_factory=set)
    backups_late: set[tuple[int, date]] = field(default_factory=set)
    silent: list[tuple[int, int]] = field(default_factory=list)

    def mondays(self):
        """Mondays of all weeks with a day in the year."""
        day = self.begin - timedelta(days=self.begin.weekday())
        while day < self.end:
            yield day
            day += timedelta(days=7)


def probe_at(system, slot):
    """When the probe of a system looks in its ten-minute slot."""
    return slot + 997 * system + 200


def first_look(system, begin):
    """The first look of a probe at or after an instant."""
    slot = begin - begin % (10 * MINUTE)
    here = probe_at(system, slot)
    return here if here >= begin else probe_at(system, slot + 10 * MINUTE)


def outage(rng, tale, system, minutes, **more):
    """One that begins on a looked-at instant on some day, so that what was seen is what was."""
    days = (tale.end - tale.begin).days
    for _ in range(1000):
        day = tale.begin + timedelta(days=rng.randrange(2, days - 3))
        begin = first_look(system, at(day) + rng.randrange(8 * 60, 20 * 60) * MINUTE)
        made = Outage(system, begin, begin + minutes * MINUTE, **more)
        if all(abs(made.begin - other.begin) > 3 * DAY for other in tale.outages):
            tale.outages.append(made)
            return made
    raise AssertionError("the year is too full")


def luohe(found, seed):
    """Luohe: missed weeks, missed and late backups, faults of every level."""
    rng = random.Random(seed)
    tale = Tale(found.begin, found.end)
    weeks = [day for day in tale.mondays() if found.begin <= day and day + timedelta(days=7) <= found.end]
    for unit in range(len(found.units)):
        tale.absent |= {(unit, day) for day in rng.sample(weeks, 3)}
    thursdays = [day + timedelta(days=3) for day in weeks]
    for system in range(len(found.systems)):
        tale.backups_missed |= {(system, day) for day in rng.sample(thursdays, 3)}
        tale.backups_late |= {(system, day) for day in rng.sample(thursdays, 2)}
    for level, minutes, answered in (
        (1, 40, 4),
        (1, 300, 4),
        (2, 90, 25),
        (2, 60, 5),
        (3, 45, 5),
        (4, 12, 45),
    ):
        core = [k for k in range(len(found.systems)) if (k < 9) == (level == 1)]
        outage(rng, tale, rng.choice(core), minutes, level=level, answered=answered * MINUTE)
    return tale


def pingdingshan(found, seed):
    """Pingdingshan: weeks without a round, faults of all four levels, one that was not the vendor's."""
    rng = random.Random(seed)
    tale = Tale(found.begin, found.end)
    weeks = [day for day in tale.mondays() if found.begin <= day and day + timedelta(days=7) <= found.end]
    tale.absent |= {(0, day) for day in rng.sample(weeks, 3)}
    for minutes, level, more in (
        (310, 1, {}),
        (90, 2, {}),
        (30, 3, {}),
        (8, 4, {"report_days": 6}),
        (400, 1, {"vendor": False}),
        (95, 4, {"serious": False}),
    ):
        outage(rng, tale, rng.randrange(len(found.systems)), minutes, level=level, **more)
    return tale


def huaian(found, seed):
    """Huai'an: one platform below the promise, months without a whole inspection, incidents answered late."""
    rng = random.Random(seed)
    tale = Tale(found.begin, found.end)
    weeks = [day for day in tale.mondays() if found.begin <= day and day + timedelta(days=7) <= found.end]
    tale.absent |= {(0, day) for day in rng.sample(weeks, 2)}
    for minutes, answered in ((500, 150), (340, 5), (200, 150), (30, 5)):
        outage(rng, tale, 3, minutes, level=2, answered=answered * MINUTE)
    for _ in range(3):
        outage(rng, tale, rng.randrange(len(found.systems)), 20, level=3)
    return tale


TALES = {"luohe_monthly": luohe, "pds_quarterly": pingdingshan, "huaian_yearly": huaian}
