"""What happens in a year, drawn from a seed before anything is played: the truth scorecards must come to."""

import random
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import chinese_calendar

ZONE = ZoneInfo("Asia/Shanghai")
SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000
NOTICE = 2 * HOUR  # what the estate asks between an approval and the work
FAKED = (
    3  # number of the server whose memory stands still; of the one that is another's copy, and of that one
)
COPY, MODEL = 6, 5
FAKED_WEEKS = range(3, 11)  # numbers of the weeks in which they do
HOLIDAYS = "National Day", "Spring Festival", "Labour Day"  # as chinese_calendar calls them
SEALED_AFTER, AMENDED_AFTER = 9, 13  # days after a period's end


def at(day, clock="00:00"):
    """UTC ms of a local day and time."""
    return int(datetime.combine(day, time.fromisoformat(clock), ZONE).timestamp() * 1000)


def local_day(ms):
    """The day in Shanghai of an instant."""
    return datetime.fromtimestamp(ms / 1000, ZONE).date()


@dataclass(frozen=True)
class Outage:
    """A system is away or slow; what people do about it, in ms after its onset.

    `level`: what the buyer states (None: nothing, what was measured stands); `contradicted`: what the
    vendor's manager says of it afterwards. `window`: maintenance that was asked for, `approved`: when the
    approval came (None: never). `majeure`: how a claim of force majeure is decided ("": there is none).
    """

    system: int
    begin: int
    end: int
    word: str = "refused"
    level: int | None = None
    vendor: bool = True
    serious: bool = True
    answered: int = 5 * MINUTE
    report_days: int | None = 1
    contradicted: int | None = None
    majeure: str = ""
    window: tuple[int, int] | None = None
    approved: int | None = None

    @property
    def counted(self):
        """The parts of it that no maintenance excuses: from the later of start, and approval and notice."""
        if self.window is None or self.approved is None:
            return ((self.begin, self.end),)
        start = max(self.window[0], self.approved + NOTICE)
        parts = (self.begin, min(self.end, start)), (max(self.begin, self.window[1]), self.end)
        if start >= self.window[1]:
            return ((self.begin, self.end),)
        return tuple((a, b) for a, b in parts if a < b)

    @property
    def bad(self):
        """How long it was bad and nothing excused it, ms."""
        return sum(b - a for a, b in self.counted)

    @property
    def onset(self):
        """When it began to be a fault; None where it never was one."""
        return self.counted[0][0] if self.counted else None


@dataclass(frozen=True)
class Reported:
    """A fault that only people know: the buyer reports it at `at`."""

    system: int
    at: int
    level: int
    answered: int
    recovered: int


@dataclass(frozen=True)
class Flaw:
    """What a scan on a day shows of a system's server, and a scan days later no longer shows."""

    system: int
    name: str
    cvss: str
    severity: str
    found: int
    gone: int


@dataclass(frozen=True)
class Occasion:
    """What a special inspection (特巡特维) is owed before: days [first, after) of a holiday of the calendar,
    or of a key moment that the buyer announces on the day `told`.

    `looked`: the day of the inspection, None where there was none; `silent`: number of the server that did
    not answer in it, None where all did.
    """

    name: str
    first: date
    after: date
    looked: date | None
    silent: int | None = None
    told: date | None = None


@dataclass
class Tale:
    """The year. Days are local; `absent`: the unit whose servers are silent in the week of that Monday.

    `held`: results of the agent outside that wait for a line; `joined`: (day, system that comes into the
    estate); `moved`: (instant, server, system it then belongs to); `waived`: weeks with a notice beforehand.
    """

    begin: date
    end: date
    outages: list[Outage] = field(default_factory=list)
    reported: list[Reported] = field(default_factory=list)
    flaws: list[Flaw] = field(default_factory=list)
    absent: set[tuple[int, date]] = field(default_factory=set)
    waived: set[tuple[int, date]] = field(default_factory=set)
    backups_missed: set[tuple[int, date]] = field(default_factory=set)
    backups_late: set[tuple[int, date]] = field(default_factory=set)
    occasions: list[Occasion] = field(default_factory=list)
    held: tuple[int, int] = (0, 0)
    joined: tuple[date, int] | None = None
    moved: tuple[int, int, int] | None = None

    def mondays(self):
        """Mondays of all weeks with a day in the year."""
        day = self.begin - timedelta(days=self.begin.weekday())
        while day < self.end:
            yield day
            day += timedelta(days=7)

    def weeks(self):
        """Mondays of all whole weeks of the year."""
        last = self.end - timedelta(days=7)
        return [day for day in self.mondays() if self.begin <= day <= last]

    def is_there(self, system, day):
        """Whether a system is in the estate on a day."""
        return self.joined is None or system != self.joined[1] or day >= self.joined[0]

    def system_of(self, server, found, ms):
        """The system a server belongs to at an instant."""
        if self.moved is not None and server == self.moved[1] and ms >= self.moved[0]:
            return self.moved[2]
        return server % len(found.systems)


def probe_at(system, slot):
    """When the probe of a system looks in its ten-minute slot."""
    return slot + 997 * system + 200


def first_look(system, begin):
    """The first look of a probe at or after an instant."""
    slot = begin - begin % (10 * MINUTE)
    here = probe_at(system, slot)
    return here if here >= begin else probe_at(system, slot + 10 * MINUTE)


class Draw:
    """Places what happens, three days apart from each other and from what is quiet."""

    def __init__(self, tale, found, seed):
        self.tale, self.found, self.seed, self.rng = tale, found, seed, random.Random(seed)
        self.taken = [*(tale.held if tale.held[1] else ()), *((at(tale.joined[0]),) if tale.joined else ())]

    def day(self, wanted=None):
        """A free day, in the first `wanted` share of the year."""
        tale, days = self.tale, (self.tale.end - self.tale.begin).days
        for _ in range(4000):
            day = tale.begin + timedelta(days=self.rng.randrange(2, int((wanted or 1) * days) - 4))
            here = at(day)
            quiet = tale.held[0] - 2 * DAY < here < tale.held[1] + DAY
            if not quiet and all(abs(here - one) > 3 * DAY for one in self.taken):
                self.taken.append(here)
                return day
        raise AssertionError("the year is too full")

    def system(self, core=None):
        """A system that is there all year; `core`: of the first nine or not."""
        joined = self.tale.joined[1] if self.tale.joined else None
        known = [k for k in range(len(self.found.systems)) if k != joined and core in (None, k < 9)]
        return self.rng.choice(known)

    def outage(self, minutes, system=None, core=None, clock=None, **more):
        """One that begins with a look, so that what was seen is what was; `clock`: local time."""
        system = self.system(core) if system is None else system
        minute = self.rng.randrange(8 * 60, 18 * 60)
        begin = first_look(
            system, at(self.day()) + minute * MINUTE if clock is None else at(self.day(), clock)
        )
        self.tale.outages.append(Outage(system, begin, begin + minutes * MINUTE, **more))

    def maintenance(self, minutes, approved, after=10, **more):
        """Work in the evening from 20:00 to 22:00, away `after` minutes from its start; `approved`: hours
        before the start (less than the notice: it counts from later on), None never."""
        system, day = self.system(), self.day()
        window = at(day, "20:00"), at(day, "22:00")
        begin = first_look(system, window[0] + after * MINUTE)
        self.tale.outages.append(
            Outage(
                system,
                begin,
                begin + minutes * MINUTE,
                window=window,
                approved=None if approved is None else window[0] - int(approved * HOUR),
                **more,
            )
        )

    def reported(self, level, answered, recovered):
        """A fault of people, in minutes."""
        moment = at(self.day(), "10:07")
        given = (level, answered * MINUTE, recovered * MINUTE)
        self.tale.reported.append(Reported(self.system(), moment, *given))

    def missed_weeks(self, unit, count):
        """Weeks in which a unit's servers are silent; never those in which somebody fakes."""
        weeks = self.tale.weeks()
        free = [day for number, day in enumerate(weeks) if number not in FAKED_WEEKS]
        self.tale.absent |= {(unit, day) for day in self.rng.sample(free, count)}

    def missed_backups(self, missed, late):
        """Thursdays on which a system's backup is not made, or in the evening."""
        for system in range(len(self.found.systems)):
            thursdays = [day + timedelta(days=3) for day in self.tale.weeks()]
            days = [day for day in thursdays if self.tale.is_there(system, day)]
            drawn = self.rng.sample(days, missed + late)
            self.tale.backups_missed |= {(system, day) for day in drawn[:missed]}
            self.tale.backups_late |= {(system, day) for day in drawn[missed:]}

    def key_moments(self, kept, begin=None):
        """Key moments of two days, each announced 20 days before: `kept` has for each how many days before
        it the special inspection was (0: on its first day, None: never) and a server that was silent in it.
        `begin`: the first day of the second one, where it is to lie around a fault.
        """
        rng = random.Random(f"{self.seed} key moments")  # its own: what else is drawn stays as it was
        share = ((self.tale.end - self.tale.begin).days - 45) // len(kept)
        fixed = [] if begin is None else [(1, begin)]
        for number, wanted in (*fixed, *((k, None) for k in range(len(kept)) if (k, begin) not in fixed)):
            ahead, silent = kept[number]
            days = [self.tale.begin + timedelta(days=35 + k) for k in range(share * len(kept))]
            mine = days[share * number : share * (number + 1) - 25]
            free = [day for day in mine if self._plain(day, ahead or 0)]
            free = free or [day for day in days if self._plain(day, ahead or 0)]
            first = wanted or rng.choice(free)
            looked = None if ahead is None else first - timedelta(days=ahead)
            after, told = first + timedelta(days=2), first - timedelta(days=20)
            self.tale.occasions.append(Occasion(f"moment-{number + 1}", first, after, looked, silent, told))

    def _plain(self, first, ahead):
        """Whether an occasion that begins on a day is no other's neighbour, and whether its inspection is in
        a week in which nobody is silent or fakes, and not on the day of the week's round."""
        weeks = self.tale.weeks()
        looked = first - timedelta(days=ahead)
        monday = looked - timedelta(days=looked.weekday())
        near = any(abs(first - one.first) < timedelta(days=25) for one in self.tale.occasions)
        taken = {day for _, day in self.tale.absent} | {weeks[k] for k in FAKED_WEEKS}
        return not near and monday not in taken and looked.weekday() != 1

    def holidays(self, names, missed):
        """The holidays of these names in the term, each inspected three days before; one of `missed` (drawn)
        was not, or a server was silent then."""
        rng = random.Random(f"{self.seed} holidays")
        lost, silent = rng.choice(missed), rng.choice((None, 4))
        for first, after, name in free_days(self.tale.begin, self.tale.end, names):
            looked = None if name == lost and silent is None else first - timedelta(days=3)
            self.tale.occasions.append(Occasion(name, first, after, looked, silent if name == lost else None))

    def maintained(self, **more):
        """Work of every kind: approved in time, with too little notice, overrun, and never approved."""
        self.maintenance(60, approved=72)
        self.maintenance(90, approved=1.5, after=0, **more)
        self.maintenance(150, approved=48, **more)
        self.maintenance(45, approved=None)


def _tale(found, held_month, **more):
    """An empty year; results wait for a line around the end of the period of that number of months."""
    last = _months(found.begin, held_month)
    held = at(last - timedelta(days=2), "18:00"), at(last + timedelta(days=SEALED_AFTER + 1), "12:00")
    return Tale(found.begin, found.end, held=held, **more)


def free_days(begin, end, names):
    """(first day, day after the last, name) of the public holidays of these names that begin in [begin, end),
    as chinese_calendar has them."""
    day = begin
    while day < end:
        free, name = chinese_calendar.get_holiday_detail(day)
        after = day + timedelta(days=1)
        if free and name in names:
            # The mid-autumn day may lie in the middle of the national holiday.
            while chinese_calendar.get_holiday_detail(after)[1] and chinese_calendar.is_holiday(after):
                after += timedelta(days=1)
            yield day, after, name
        day = after


def _months(day, count):
    """The same day so many months later; of a long month's last days the last there is."""
    month = day.month - 1 + count
    year, month = day.year + month // 12, month % 12 + 1
    for back in range(4):
        try:
            return date(year, month, day.day - back)
        except ValueError:
            continue
    raise AssertionError(day)


def luohe(found, seed):
    """Luohe: missed weeks and backups, a notice beforehand, faults and flaws of every level."""
    joined = _months(found.begin, 6), len(found.systems) - 1
    moved = at(_months(found.begin, 2) + timedelta(days=12), "12:00"), len(found.systems), 1
    tale = _tale(found, 2, joined=joined, moved=moved)
    draw = Draw(tale, found, seed)
    for unit in range(len(found.units)):
        draw.missed_weeks(unit, 3)
    tale.waived = {min(tale.absent, key=lambda one: (one[1], one[0]))}
    draw.missed_backups(3, 2)
    # A system without a backup in two whole service months: the lapse of annex 2 §5(5)6.
    lapse = _months(found.begin, 8), _months(found.begin, 10)
    days = [day + timedelta(days=3) for day in tale.weeks()]
    tale.backups_missed |= {(2, day) for day in days if lapse[0] <= day < lapse[1]}
    draw.outage(40, core=True, answered=4 * MINUTE)
    draw.outage(300, core=True, answered=4 * MINUTE, majeure="approved")
    draw.outage(300, core=True, majeure="refused")
    draw.outage(90, core=False, answered=25 * MINUTE, level=2, contradicted=4)
    draw.outage(60, core=False)
    draw.outage(45, core=False, level=3, answered=25 * MINUTE)
    draw.outage(12, core=False, level=4, answered=45 * MINUTE)
    draw.outage(80, core=False, word="slow", level=3)
    draw.maintained()
    draw.reported(3, 30, 300)
    draw.reported(4, 10, 30 * 60)
    draw.reported(3, 10, 200)
    # On site three days before: kept, on its first day, not at all, and with a server that was silent.
    draw.key_moments(((2, None), (0, None), (None, None), (1, 4)))
    for month, name, cvss, severity, days in (
        (1, "CVE-2025-0001", "9.8", "critical", 2),
        (4, "CVE-2025-0002", "8.1", "high", 5),
        (6, "CVE-2025-0004", "7.7", "high", 12),
        (8, "CVE-2025-0003", "5.3", "medium_low", 22),
    ):
        day = _months(found.begin, month) + timedelta(days=4)
        when = at(day, "11:00"), at(day + timedelta(days=days), "11:00")
        tale.flaws.append(Flaw(0, name, cvss, severity, *when))
    return tale


def pingdingshan(found, seed):
    """Pingdingshan: weeks without a round, faults of all four levels, one that was not the vendor's."""
    joined = (_months(found.begin, 7), len(found.systems) - 1) if found.pack.endswith("2024") else None
    moved = at(_months(found.begin, 1) + timedelta(days=12), "12:00"), found.servers - 1, 2
    tale = _tale(found, 3, joined=joined, moved=moved)
    draw = Draw(tale, found, seed)
    draw.missed_weeks(0, 3)
    draw.missed_backups(2, 1)
    draw.outage(310)
    draw.outage(90, level=2, contradicted=4)
    draw.outage(70, word="slow")
    draw.outage(30, vendor=False)
    draw.outage(8, report_days=6)
    draw.outage(400, vendor=False, majeure="approved")
    draw.outage(95, serious=False, majeure="refused", answered=25 * MINUTE)
    draw.maintained(serious=False)
    draw.reported(4, 5, 120)
    draw.key_moments(((3, None), (None, None), (2, 4), (6, None)))
    if found.pack.endswith("2025"):
        for month, name, days in ((2, "CVE-2025-0011", 8), (7, "CVE-2025-0012", 24)):
            day = _months(found.begin, month) + timedelta(days=4)
            when = at(day, "11:00"), at(day + timedelta(days=days), "11:00")
            tale.flaws.append(Flaw(0, name, "8.1", "high", *when))
    return tale


def huaian(found, seed):
    """Huai'an: one platform below the promise, incidents answered late, flaws fixed late."""
    moved = at(_months(found.begin, 5) + timedelta(days=12), "12:00"), found.servers - 1, 2
    tale = _tale(found, 12, moved=moved)
    draw = Draw(tale, found, seed)
    draw.missed_weeks(0, 2)
    draw.missed_backups(2, 1)
    for minutes, answered in ((500, 150), (340, 5), (200, 150), (30, 5)):
        draw.outage(minutes, system=3, level=2, answered=answered * MINUTE)
    draw.outage(20, level=2)
    draw.outage(270, system=1, level=1, majeure="refused", contradicted=2)
    draw.outage(280, system=2, level=1, majeure="approved")
    draw.outage(25, level=2, word="slow")
    draw.maintained()
    # Seven days ahead: kept, four days before (and a fault comes in it), and not at all.
    days = [local_day(one.begin) for one in tale.outages if one.window is None]
    troubled = next(day for day in days if day > found.begin + timedelta(days=30))
    draw.holidays(HOLIDAYS, HOLIDAYS[:2])
    draw.key_moments(((10, None), (4, None), (None, None)), begin=troubled)
    for month, name, cvss, severity, days in (
        (2, "CVE-2025-0021", "8.1", "high", 5),
        (5, "CVE-2025-0022", "5.3", "medium", 2),
        (8, "CVE-2025-0023", "5.9", "medium", 6),
    ):
        day = _months(found.begin, month) + timedelta(days=4)
        when = at(day, "11:00"), at(day + timedelta(days=days), "11:00")
        tale.flaws.append(Flaw(0, name, cvss, severity, *when))
    return tale


TALES = {"luohe_monthly": luohe, "pds_quarterly": pingdingshan, "huaian_yearly": huaian}
