"""Who states what under each of the three contracts, and the truth in the words of a worked case."""

import random
from datetime import timedelta

import year_estate as estates
import year_truth as clerk
from year_people import (
    BUYER,
    MANAGER,
    OPERATOR,
    about_faults,
    about_moments,
    clock,
    scan_all,
    scan_flaws,
)
from year_tale import COPY, FAKED, MINUTE, MODEL, SEALED_AFTER, at

MONTHLY = ("daily-maintenance", "inspection-log", "maintenance-record", "backup-paths", "scan-report")


def months(found):
    """Service months of Luohe: (name, first day, end)."""
    day = found.begin
    while day < found.end:
        end = (day.replace(day=1) + timedelta(days=32)).replace(day=found.begin.day)
        yield f"{day:%Y-%m}", day, end
        day = end


def roster(people, first, end):
    """Who is there in a period: without it nobody can tell that nobody was absent."""
    span = {"from": clock(at(first)), "to": clock(at(end))}
    people.will(at(first, "08:00"), "roster", MANAGER, people="10", **span)


def luohe(people, found, tale, seed):
    """Visits, forms, papers; the truth of each month."""
    rng = random.Random(seed + 1)
    about_faults(people, tale)
    about_moments(people, tale)
    scan_flaws(people, tale)
    every = list(months(found))
    told = {}
    for number, (name, first, end) in enumerate(every):
        scan_all(people, found, tale, first, first + timedelta(days=17))
        roster(people, first, end)
        told[name] = {
            "units": [
                _luohe_unit(people, (found, tale, rng), (name, first, end, number), unit)
                for unit in range(len(found.units))
            ],
            "deductions": [],
            "fines": [],
        }
        lapses = clerk.luohe_lapses(found, tale, every, number)
        told[name]["deductions"] += [{"item": "lapse", "points": 5}] * lapses
        _luohe_extra(people, told[name], first, number)
        people.will_seal(name, end)
    for unit, monday in tale.waived:
        week = {"from": clock(at(monday)), "to": clock(at(monday + timedelta(days=7)))}
        said = {"obligation": "LH-31", "unit": estates.unit_id(unit), "reason": "机房搬迁", **week}
        people.will(at(monday - timedelta(days=3), "10:00"), "waiver", OPERATOR, key="waiver", **said)
        people.will(
            at(monday - timedelta(days=2), "10:00"),
            *("waiver_decided", BUYER),
            entry=people.entry("waiver"),
            approved="true",
        )
    return told


NOTICES = {5: ("city", "notice_city", 5), 8: ("province", "notice_province", 10)}


def _luohe_extra(people, told, first, number):
    """What the buyer takes off: a complaint, a repeated fault, and what the sensors that stood still cost."""
    day = first + timedelta(days=11)
    if number == 3:
        people.will(at(day, "16:00"), "deduction", BUYER, item="complaint", day=day, points=3, text="响应慢")
        told["deductions"].append({"item": "complaint", "points": 3})
    if number in NOTICES:
        whose, item, points = NOTICES[number]
        said = {"at": clock(at(day, "09:00")), "from_whom": whose, "text": "数据更新频率低"}
        people.will(at(day, "16:10"), "notice", BUYER, **said)
        told["deductions"].append({"item": item, "points": points})
    if number == 8:
        said = {"item": "refused_cooperation", "day": day, "points": 9, "text": "拒不配合"}
        people.will(at(day, "16:20"), "deduction", BUYER, **said)
        told["deductions"].append({"item": "refused_cooperation", "points": 9})
    if number == 7:
        people.will(
            at(day, "16:00"), "fine", BUYER, item="repeat_fault", day=day, yuan=20000, text="同一故障"
        )
        told["fines"].append({"item": "repeat_fault", "yuan": 20000})
    if number == 4:
        # Two cases in a month; without “每发生一次” they are one fine.
        for minute, server in enumerate((FAKED, COPY)):
            text = f"{estates.server_id(server)} 巡检数据不实"
            said = {"item": "documents_faked", "day": day, "yuan": 10000, "text": text}
            people.will(at(day, f"16:0{minute}"), "fine", BUYER, **said)
        told["fines"].append({"item": "documents_faked", "yuan": 10000})


def _luohe_unit(people, played, month, unit):
    found, tale, rng = played
    name, first, end, number = month
    systems = [
        k for k in range(len(found.systems)) if k % len(found.units) == unit and tale.is_there(k, first)
    ]
    truth = {
        "name": found.units[unit],
        "inspections": clerk.rounds(found, tale, unit, first, end),
        "visits": 1,  # that there was none, nobody could state: such a line is not proven
        "satisfaction": None if rng.random() < 0.2 and number != 1 else rng.randint(22, 30),
        "systems": [
            {"name": found.systems[k], "backups": clerk.backups(tale, k, first, end), "scans": 1}
            for k in systems
        ],
        "late_faults": clerk.luohe_late(tale, first, end, systems),
        "late_vulns": clerk.luohe_flaws(tale, first, end, systems),
    }
    visited = at(first + timedelta(days=9), "10:00")
    people.will(visited + 7 * 60 * MINUTE, "visit", OPERATOR, unit=estates.unit_id(unit), at=clock(visited))
    if truth["satisfaction"] is not None:
        form = {"period": name, "unit": estates.unit_id(unit)}
        filled = at(first + timedelta(days=15), "17:00")
        people.will(
            filled, "satisfaction", BUYER, key=f"form-{name}-{unit}", points=truth["satisfaction"], **form
        )
        if (number, unit) == (1, 0):  # put right after the seal
            truth["satisfaction"] = 21
            people.will(
                at(end + timedelta(days=SEALED_AFTER + 1), "15:00"),
                *("satisfaction", BUYER),
                corrects=f"form-{name}-{unit}",
                amendment=True,
                points=21,
                **form,
            )
    present = 0
    for system in systems:
        left = MONTHLY[: len(MONTHLY) - (rng.random() < 0.1)]
        present += len(left)
        for k, item in enumerate(left):
            filed = at(first + timedelta(days=14), "14:00") + k * MINUTE
            people.will(
                *(filed, "document_filed", OPERATOR, f"{item} {system} {name}".encode()),
                item=item,
                system=estates.system_id(system),
                period=name,
            )
    truth["docs"] = {"required": len(MONTHLY) * len(systems), "present": present}
    return truth


def cycles(found):
    """Cycles of Pingdingshan: (name, first day, end)."""
    day = found.begin
    for number in range(1, 5):
        month = day.month + 3
        end = day.replace(year=day.year + (month > 12), month=(month - 1) % 12 + 1, day=found.begin.day)
        yield f"cycle-{number}", day, end
        day = end


SECURITY = {2: ("notified", "superior"), 3: ("hazard", "buyer")}


def pds(people, found, tale, seed):
    """Reports, drills, trainings, a notice, absences; the truth of each cycle."""
    del seed
    about_faults(people, tale)
    about_moments(people, tale)
    scan_flaws(people, tale)
    told = {}
    for number, (name, first, end) in enumerate(cycles(found), 1):
        weeks = list(clerk.thursdays(first, end))
        day = first + timedelta(days=40)
        scan_all(people, found, tale, first, day)
        roster(people, first, end)
        people.will(at(day, "16:00"), "defect_report", OPERATOR, b"%PDF defects", period=name)
        told[name] = truth = {
            "weeks_required": len(weeks),
            "weeks_inspected": sum(1 for week in weeks if (0, week) not in tale.absent),
            **clerk.pds_special(found, tale, first, end),
            "defect_reports": 1,
            "faults": clerk.pds_faults(tale, first, end),
            "response": clerk.pds_response(tale, first, end),
            "security": {},
            "onsite": {},
            "support": {},
        }
        if number % 2 == 0:
            truth.update(half_year_end=True, drill_done=True, training_done=True)
            people.will(at(day, "17:00"), "emergency_drill", MANAGER, at=clock(at(day, "09:00")))
            people.will(at(day, "17:05"), "training", MANAGER, at=clock(at(day, "14:00")), topic="平台使用")
        if number in SECURITY:
            severity, by = SECURITY[number]
            people.will(
                *(at(day, "18:00"), "security_event", BUYER),
                at=clock(at(day, "08:00")),
                severity=severity,
                found_by=by,
                text="检查发现",
            )
            truth["security"] = {{"hazard": "hazards"}.get(severity, severity): 1}
        _pds_extra(people, truth, (first, end), number)
        truth["away"] = clerk.pds_away(tale, first, end)
        if found.pack in clerk.PROMISED and truth["away"]:
            support = truth["support"]
            support["promises_missed"] = support.get("promises_missed", 0) + 1
        people.will_seal(name, end)
    return told


def _pds_extra(people, truth, span, number):
    """What the buyer finds on site, what was promised, and an absence that is put right after the seal."""
    first, end = span
    day = first + timedelta(days=40)
    said = {"at": clock(at(day, "10:00")), "text": "现场检查"}
    if number == 1:
        people.will(at(day, "18:10"), "absence", BUYER, key="absence", count=3, **said)
        later = at(end + timedelta(days=SEALED_AFTER + 1), "15:00")
        people.will(later, "absence", BUYER, corrects="absence", amendment=True, count=1, **said)
        truth["onsite"] = {"absences": 1}
    if number == 2:
        for k in range(4):
            people.will(
                at(day, "18:20") + k * MINUTE,
                "unreachable",
                BUYER,
                **{**said, "at": clock(at(day, f"1{k}:00"))},
            )
        people.will(at(day, "18:30"), "refusal", BUYER, **said)
        truth["onsite"] = {"refusals": 1, "unreachable": 4}
    if number == 3:
        people.will(at(day, "18:10"), "late_optimisation", BUYER, **said)
        people.will(at(day, "18:40"), "promise_unfulfilled", BUYER, promise="health-check", day=day)
        truth["support"] = {"late_optimisations": 1, "promises_missed": 1}
    if number == 1:
        names = [estates.server_id(k) for k in (FAKED, COPY, MODEL)]
        text = "{}、{}(同{}) 巡检数据不实".format(*names)
        people.will(at(day, "18:50"), "reprimand", BUYER, day=day, text=text)
        truth["reprimands"] = 1


HUAIAN_PAPERS = {
    "maintenance-plan": 1,
    "configuration-archive": 1,
    "duty-roster": 1,
    "monthly-inspection": 12,
    "plan-data": 1,
    "plan-key-moment": 1,
    "plan-outage": 1,
    "plan-security": 1,
    "scan-report": 4,
    "penetration-test": 2,
    "code-audit": 2,
    "app-security": 2,
    "system-assessment": 1,
    "risk-assessment": 2,
    "emergency-support": 2,
    "security-training": 1,
    "service-year": 1,
}
"""Documents that the pack wants in the year, and how many."""


def huaian(people, found, tale, seed):
    """Satisfaction, missing papers, incidents answered late; the truth of the year."""
    del seed
    about_faults(people, tale)
    about_moments(people, tale)
    scan_flaws(people, tale)
    for number in range(12):
        scan_all(people, found, tale, found.begin, found.begin + timedelta(days=30 * number + 12))
    last = found.end - timedelta(days=20)
    people.will(at(last, "10:00"), "satisfaction", BUYER, key="form", period="year-1", percent="87.5")
    people.will(
        at(found.end + timedelta(days=SEALED_AFTER + 1), "15:00"),
        *("satisfaction", BUYER),
        corrects="form",
        amendment=True,
        period="year-1",
        percent="88.4",
    )
    people.will(at(last, "10:05"), "process_missing", BUYER, item="change-review", period="year-1")
    # Of a holiday before which nobody inspected there is no report either.
    holidays = [one for one in tale.occasions if one.told is None]
    unwritten = clerk.neglected(found, tale, holidays, 7)
    papers = {**HUAIAN_PAPERS, "holiday-inspection": len(holidays) - unwritten}
    for k, (item, how_many) in enumerate(papers.items()):
        for number in range(how_many):
            filed = at(last, "11:00") + (20 * k + number) * MINUTE
            text = f"{item} {number}".encode()
            people.will(filed, "document_filed", OPERATOR, text, item=item, period="year-1")
    people.will_seal("year-1", found.end)
    slow, grave = clerk.huaian_flaws(tale, found.begin, found.end)
    return {
        "year-1": {
            "availability": f"{clerk.huaian_reach(found, tale):.6f}",
            "satisfaction": "88.4",
            "process_missing": 1 + unwritten,
            "incidents_late": clerk.huaian_late(tale, found.begin, found.end),
            "vulnerabilities_late": slow,
            "vulnerabilities_found": grave,
            "key_moment_faults": clerk.huaian_troubled(found, tale),
        }
    }
