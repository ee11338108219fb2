"""What the clerk makes of a tale: the figures of each period in the words of a worked case.

He has the contracts, a calendar and the tale; nothing that the product computes. Times of answers and repairs
are held against the contracts' limits here, levels against their durations, weeks against their Thursdays.
"""

from datetime import timedelta

import chinese_calendar
from year_tale import DAY, HOUR, MINUTE, at, local_day

LUOHE = {1: (10, 120), 2: (10, 240), 3: (20, 1440), 4: (30, 1440)}  # minutes to answer, to restore
HUAIAN = {1: (30, 240), 2: (120, 1440)}


def restful(day):
    """Whether a day is a rest day."""
    return not chinese_calendar.is_workday(day)


def length(outage):
    """From its onset until it ran again, whatever excused a part of it."""
    return outage.end - outage.onset


def excused(outage):
    """Whether lateness is pardoned as force majeure."""
    return outage.majeure == "approved"


def faults(tale, first, end, systems=None):
    """Outages that are faults and began in a period."""
    for one in tale.outages:
        if one.onset is not None and first <= local_day(one.onset) < end and in_(one, systems):
            yield one


def in_(one, systems):
    """Whether it is one of these systems'; None: of any."""
    return systems is None or one.system in systems


def late(answered, took, limits):
    """Whether an answer or a repair came too late; limits in minutes."""
    return answered > limits[0] * MINUTE or took > limits[1] * MINUTE


# Luohe (annex 2)


def luohe_level(one):
    """Table 2.2: the core's standstill, another's; what is only slow has the level that was stated."""
    if one.level is not None:
        return one.level
    return 1 if one.system < 9 else 2


def luohe_late(tale, first, end, systems):
    """Levels of the faults of these systems that were answered or repaired too late."""
    found = []
    for one in faults(tale, first, end, systems):
        level = luohe_level(one)
        if not excused(one) and late(one.answered, length(one), LUOHE[level]):
            found.append(level)
    for one in tale.reported:
        mine = first <= local_day(one.at) < end and one.system in systems
        if mine and late(one.answered, one.recovered, LUOHE[one.level]):
            found.append(one.level)
    return sorted(found)


def luohe_flaws(tale, first, end, systems):
    """Flaws whose limit ran out unfixed in a period: a day, seven days, fifteen days."""
    limits = {"critical": 1, "high": 7, "medium_low": 15}
    found = {}
    for one in tale.flaws:
        due = one.found + limits[one.severity] * DAY
        if one.system in systems and one.gone > due and first <= local_day(due) < end:
            found[one.severity] = found.get(one.severity, 0) + 1
    return found


def luohe_lapses(found, tale, months, number):
    """Systems without any backup in this month and the one before, told once for each pair of months."""

    def none_in(system, first, end):
        return tale.is_there(system, first) and not backups(tale, system, first, end)

    def streak(system):
        return next(
            (k for k in range(number + 1) if not none_in(system, *months[number - k][1:])), number + 1
        )

    return sum(1 for system in range(len(found.systems)) if streak(system) and streak(system) % 2 == 0)


def backups(tale, system, first, end):
    """Days of a period on which a system was backed up."""
    mondays = [day for day in tale.mondays() if tale.is_there(system, day + timedelta(days=3))]
    thursdays = [day + timedelta(days=3) for day in mondays]
    return [str(day) for day in thursdays if first <= day < end and (system, day) not in tale.backups_missed]


def rounds(found, tale, unit, first, end):
    """Days of a period on which a unit was inspected: by the week's round, or by a special one."""
    tuesdays = [monday + timedelta(days=1) for monday in tale.mondays()]
    days = [day for day in tuesdays if not silent(tale, unit, day)] + specials(found, tale, (unit,))
    return [str(day) for day in sorted(days) if first <= day < end]


def silent(tale, unit, day):
    """Whether a unit's servers are silent in the week of a day."""
    return (unit, day - timedelta(days=day.weekday())) in tale.absent


def specials(found, tale, units):
    """Days of the special inspections that were whole in these units: none of their servers was silent."""

    def whole(one, unit):
        if one.silent is not None:
            system = tale.system_of(one.silent, found, at(one.looked, "15:00"))
            if system % len(found.units) == unit:
                return False
        return not silent(tale, unit, one.looked)

    done = [one for one in tale.occasions if one.looked is not None]
    return [one.looked for one in done if all(whole(one, unit) for unit in units)]


def in_time(found, tale, one, opens, ahead=1):
    """Whether a special inspection of everything was done from `opens` days before an occasion on, and at
    the latest `ahead` days before it. Which occasion it was done for is nothing that anybody writes down."""
    days = specials(found, tale, range(len(found.units)))
    return any(opens >= (one.first - day).days >= ahead for day in days)


def key_moments(tale, first, end):
    """Those that begin in a period."""
    return [one for one in tale.occasions if one.told is not None and first <= one.first < end]


def neglected(found, tale, occasions, *limits):
    """How many of these occasions had no special inspection in time."""
    return sum(not in_time(found, tale, one, *limits) for one in occasions)


def pds_special(found, tale, first, end):
    """Special patrols of a cycle in the words of a case: within seven days before each key moment."""
    moments = key_moments(tale, first, end)
    short = neglected(found, tale, moments, 7)
    return {"special_required": len(moments), "special_done": len(moments) - short} if moments else {}


def huaian_troubled(found, tale):
    """Faults with a part in a key moment."""
    moments = [(at(one.first), at(one.after)) for one in key_moments(tale, found.begin, found.end)]
    every = faults(tale, found.begin, found.end)
    return sum(any(one.onset < end and one.end > begin for begin, end in moments) for one in every)


# Pingdingshan (annex 2)


def pds_level(one):
    """Strictly more than 5 h, 1 h, 20 min away, or 2 h, 1 h bad, with serious effect; else the fourth."""
    if one.level is not None:
        return one.level
    away = one.bad if one.word == "refused" else 0
    if one.serious:
        if away > 5 * HOUR:
            return 1
        if away > HOUR or one.bad > 2 * HOUR:
            return 2
        if away > 20 * MINUTE or one.bad > HOUR:
            return 3
    return 4


def pds_faults(tale, first, end):
    """Level and cause of each fault of a cycle, those of people too."""
    made = [{"level": pds_level(one), "vendor_cause": one.vendor} for one in faults(tale, first, end)]
    told = [one for one in tale.reported if first <= local_day(one.at) < end]
    return made + [{"level": one.level, "vendor_cause": True} for one in told]


def pds_response(tale, first, end):
    """Answered after more than ten minutes (of a fault that was not over by then), and reports too late."""
    found = list(faults(tale, first, end))
    slow = [one for one in found if not excused(one) and one.answered > 10 * MINUTE]
    days = [report_late(one) for one in found if one.report_days is not None]
    return {"no_support": len(slow), "report_late_days": [one for one in days if one > 0]}


PROMISED = ("pingdingshan-2025",)  # contracts whose bid promised the availability


def pds_away(tale, first, end):
    """Whether the worst platform missed 99.999 %: 78 seconds in a cycle, and any outage is longer."""
    return any(one.word == "refused" for one in faults(tale, first, end))


def report_late(one):
    """Calendar days begun after the last day, which is the third after recovery or the next working day."""
    recovered = local_day(one.end)
    last = recovered + timedelta(days=3)
    while restful(last):
        last += timedelta(days=1)
    return (filed(one) - last).days


def filed(one):
    """The day on which the report of a fault was handed in."""
    return local_day(one.end) + timedelta(days=one.report_days)


def thursdays(first, end):
    """Mondays of the weeks that belong to a cycle: each to the one that holds its Thursday."""
    day = first - timedelta(days=first.weekday())
    while day < end:
        if first <= day + timedelta(days=3) < end:
            yield day
        day += timedelta(days=7)


# Huai'an


def huaian_level(one):
    """A standstill of the core is the graver one, unless somebody said otherwise."""
    if one.level is not None:
        return one.level
    return 1 if one.word == "refused" and one.system < 9 else 2


def huaian_late(tale, first, end):
    """How many incidents were answered or solved too late."""
    found = faults(tale, first, end)
    return sum(
        1 for one in found if not excused(one) and late(one.answered, length(one), HUAIAN[huaian_level(one)])
    )


def huaian_flaws(tale, first, end):
    """Flaws fixed later than 24 and 72 hours; of those the grave ones that the vendor found himself."""
    limits = {"critical": DAY, "high": DAY, "medium": 3 * DAY}
    dues = [(one, one.found + limits[one.severity]) for one in tale.flaws]
    slow = [one for one, due in dues if one.gone > due and first <= local_day(due) < end]
    return len(slow), sum(one.severity in ("critical", "high") for one in slow)


def huaian_reach(found, tale):
    """Per cent of the agreed time that the worst platform could be used; approved work is not agreed."""

    def share(system):
        mine = [one for one in tale.outages if one.system == system and one.word == "refused"]
        whole = (found.end - found.begin).days * DAY
        away = sum(one.bad for one in mine)
        free = sum(
            min(one.window[1], 2**62) - max(one.window[0], one.approved + 2 * HOUR)
            for one in mine
            if allowed(one)
        )
        return 100 - 100 * away / (whole - free)

    return min(share(system) for system in range(len(found.systems)))


def allowed(one):
    """Whether maintenance was approved early enough for any part of it."""
    return one.window is not None and one.approved is not None and one.approved + 2 * HOUR < one.window[1]


# The ledger of obligations: what was missed or late in the whole term, as far as the tale says it.


def ledger(found, tale):
    """Obligation -> how many of its rows were missed or late, of those that the clerk can count; `LH-31.0`:
    of its first rhythm alone (weekly, beside four a month)."""
    moments = key_moments(tale, found.begin, found.end)
    weeks = set(tale.weeks())
    missed = len({one for one in tale.absent - tale.waived if one[1] in weeks})
    mine = list(faults(tale, found.begin, found.end))
    if found.scheme == "luohe_monthly":
        return {
            "LH-03": luohe_clocks(tale, mine),
            "LH-05.0": neglected(found, tale, moments, 3),
            "LH-31.0": missed,
            "LH-37": luohe_slow(tale),
        }
    if found.scheme == "huaian_yearly":
        slow = [
            one for one in mine if not excused(one) and one.answered > HOUR
        ]  # 一.5, beside the scorecard's
        flaws = huaian_flaws(tale, found.begin, found.end)[0]
        holidays = [one for one in tale.occasions if one.told is None]
        return {
            "HA-13.0": missed,
            "HA-14": neglected(found, tale, holidays, 7),
            "HA-16": len(slow),
            "HA-17.0": neglected(found, tale, moments, 14),
            "HA-27": flaws,
            "HA-29.0": neglected(found, tale, moments, 21, 7),
        }
    reports = [one for one in mine if one.report_days is not None and report_late(one) > 0]
    slow = pds_response(tale, found.begin, found.end)["no_support"]
    return {
        "PD-07": slow,
        "PD-37.0": missed,
        "PD-37.1": neglected(found, tale, moments, 7),
        "PD-47": len(reports),
    }


def luohe_clocks(tale, mine):
    """How many answers and repairs came too late, each by itself."""
    told = [(one.answered, length(one), luohe_level(one)) for one in mine if not excused(one)]
    told += [(one.answered, one.recovered, one.level) for one in tale.reported]
    return sum(
        (answered > LUOHE[level][0] * MINUTE) + (took > LUOHE[level][1] * MINUTE)
        for answered, took, level in told
    )


def luohe_slow(tale):
    """How many flaws were fixed too late."""
    limits = {"critical": 1, "high": 7, "medium_low": 15}
    return sum(one.gone > one.found + limits[one.severity] * DAY for one in tale.flaws)
