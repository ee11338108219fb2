"""What people of the three contracts state in a year, and the truth in the words of a worked case."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from typing import Any

import year_estate as estates
from year_tale import MINUTE, ZONE, at

from collector.jobs import derive, faults, scans, statements
from collector.scans import reading

OPERATOR, MANAGER, BUYER = "zhao", "qian", "li"
ACCOUNTS = ((OPERATOR, "operator"), (MANAGER, "manager"), (BUYER, "buyer"))
MONTHLY = ("daily-maintenance", "inspection-log", "maintenance-record", "backup-paths", "scan-report")


@dataclass
class People:
    """Everything they will do, in order."""

    site: Any
    acts: list[Any] = field(default_factory=list)
    done: int = 0
    _numbers: Any = field(default_factory=count)

    def will(self, at_ms, kind, by, document=None, **fields):
        """Plan a statement; a field may be a call, made when it happens."""

        def state():
            said = {name: str(one() if callable(one) else one) for name, one in fields.items()}
            statements.add(self.site.context, kind, said, by=by, document=document)

        heappush(self.acts, (at_ms, next(self._numbers), state))

    def will_scan(self, at_ms, system, flaws):
        """Plan the import of a scanner's report about a system's server: its flaws as (name, CVSS)."""

        def bring():
            data = report(at_ms, estates.server_id(system), flaws)
            source = scans.Source(
                data, f"{estates.system_id(system)}.xml", OPERATOR, (estates.server_id(system),)
            )
            scans.add(self.site.context, reading.read(data, ZONE), source)

        heappush(self.acts, (at_ms, next(self._numbers), bring))

    def upto(self, ms):
        """Do all that is to be done before an instant."""
        while self.acts and self.acts[0][0] < ms:
            at_ms, _, act = heappop(self.acts)
            self.site.hands.ms = max(self.site.hands.ms, at_ms)
            act()
            self.done += 1

    def fault(self, outage):
        """The id under which an outage is known."""
        system = estates.system_id(outage.system)
        derive.catch_up(self.site.context)
        with self.site.context.read() as conn:
            known = faults.told(conn, self.site.context.now()).account.faults
        mine = [
            one
            for one in known
            if one.system == system and abs(one.moments.onset_ms - outage.begin) < 15 * MINUTE
        ]
        assert len(mine) == 1, (outage, [(one.id, one.system) for one in known])
        return mine[0].id


def report(at_ms, host, flaws):
    """A report as nmap writes it with its script vulners."""
    found = "".join(
        f'<table><elem key="cvss">{cvss}</elem><elem key="id">{name}</elem></table>' for name, cvss in flaws
    )
    script = f'<script id="vulners" output=""><table key="cpe:/a:x">{found}</table></script>' if flaws else ""
    end = at_ms // 1000 - 60
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<nmaprun scanner="nmap" args="nmap -sV -p443 --script=vulners {host}" start="{end - 30}" version="7.93">
<scaninfo type="connect" protocol="tcp" numservices="1" services="443"/>
<host starttime="{end - 30}" endtime="{end}"><status state="up" reason="syn-ack"/>
<address addr="{host}" addrtype="ipv4"/>
<ports><port protocol="tcp" portid="443"><state state="open" reason="syn-ack"/><service name="https"/>
{script}</port></ports></host>
<runstats><finished time="{end}" elapsed="30" exit="success"/><hosts up="1" down="0" total="1"/></runstats>
</nmaprun>
""".encode()


def clock(ms):
    """An instant as people write it."""
    return datetime.fromtimestamp(ms / 1000, ZONE).isoformat(timespec="seconds")


def about_faults(people, tale):
    """Acknowledged, judged and reported, each as the tale has it."""
    for one in tale.outages:
        answered = one.begin + one.answered
        name = lambda one=one: people.fault(one)  # noqa: E731 - the fault has no name before it happens
        people.will(answered + 1000, "fault_acknowledged", OPERATOR, fault=name, at=clock(answered))
        if one.end - one.begin > 45 * MINUTE:
            there = one.begin + 45 * MINUTE
            people.will(there + 1000, "arrived", OPERATOR, fault=name, at=clock(there), grade="engineer")
        decided = max(one.end, answered) + 60 * MINUTE
        people.will(decided, "cause", MANAGER, fault=name, cause=f"cause-{one.system}")
        people.will(decided + 1000, "vendor_cause", BUYER, fault=name, vendor=str(one.vendor).lower())
        people.will(decided + 2000, "impact", BUYER, fault=name, serious=str(one.serious).lower())
        people.will(decided + 3000, "level", BUYER, fault=name, level=one.level)
        if one.report_days is not None:
            filed = at(day_of(one.end) + timedelta(days=one.report_days), "15:00")
            people.will(
                max(filed, decided + 4000), "fault_report_filed", OPERATOR, b"%PDF report", fault=name
            )


def day_of(ms):
    """The local day of an instant."""
    return datetime.fromtimestamp(ms / 1000, ZONE).date()


def months(found):
    """Service months of Luohe: (name, first day, end)."""
    day = found.begin
    while day < found.end:
        end = (day.replace(day=1) + timedelta(days=32)).replace(day=found.begin.day)
        yield f"{day:%Y-%m}", day, end
        day = end


def mondays(first, end):
    """Mondays whose week touches a span."""
    day = first - timedelta(days=first.weekday())
    while day < end:
        yield day
        day += timedelta(days=7)


def luohe(people, found, tale, seed):
    """Visits, forms, papers; the truth of each month."""
    rng = random.Random(seed + 1)
    about_faults(people, tale)
    systems = [
        [k for k in range(len(found.systems)) if k % len(found.units) == unit]
        for unit in range(len(found.units))
    ]
    told = {}
    for number, (name, first, end) in enumerate(months(found)):
        told[name] = {
            "units": [
                _luohe_unit(people, (found, tale, rng), (name, first, end, number), unit, systems[unit])
                for unit in range(len(found.units))
            ],
            "deductions": [],
            "fines": [],
        }
        if number == 3:
            day = first + timedelta(days=11)
            people.will(
                at(day, "16:00"), "deduction", BUYER, item="complaint", day=day, points=3, text="响应慢"
            )
            told[name]["deductions"].append({"item": "complaint", "points": 3})
        if number == 7:
            day = first + timedelta(days=5)
            people.will(
                at(day, "16:00"), "fine", BUYER, item="repeat_fault", day=day, yuan=20000, text="同一故障"
            )
            told[name]["fines"].append({"item": "repeat_fault", "yuan": 20000})
    return told


LATE_FLAWS = {1: {"critical": 1}, 9: {"medium_low": 1}}
LIMITS = {1: (10, 120), 2: (10, 240), 3: (20, 1440), 4: (30, 1440)}  # minutes to answer, to restore


def _luohe_unit(people, played, month, unit, systems):
    found, tale, rng = played
    name, first, end, _ = month
    tuesdays = [day + timedelta(days=1) for day in mondays(first, end)]
    tuesdays = [day for day in tuesdays if first <= day < end]
    truth = {
        "name": found.units[unit],
        "inspections": [str(day) for day in tuesdays if (unit, day - timedelta(days=1)) not in tale.absent],
        "visits": 1,  # that there was none, nobody could state: such a line is not proven
        "satisfaction": None if rng.random() < 0.2 else rng.randint(22, 30),
        "systems": [],
        "late_faults": [],
        "late_vulns": LATE_FLAWS.get(month[3], {}) if unit == 0 else {},
        "docs": {"required": len(MONTHLY), "present": len(MONTHLY)},
    }
    visited = first + timedelta(days=9)
    if truth["visits"]:
        people.will(
            at(visited, "17:00"),
            "visit",
            OPERATOR,
            unit=estates.unit_id(unit),
            at=clock(at(visited, "10:00")),
        )
    if truth["satisfaction"] is not None:
        people.will(
            at(first + timedelta(days=15), "17:00"),
            *("satisfaction", BUYER),
            period=name,
            unit=estates.unit_id(unit),
            points=truth["satisfaction"],
        )
    for one in tale.outages:
        if one.system in systems and first <= day_of(one.begin) < end:
            answer, restore = LIMITS[one.level]
            if one.answered > answer * MINUTE or one.end - one.begin > restore * MINUTE:
                truth["late_faults"].append(one.level)
    present = 0
    for system in systems:
        truth["systems"].append(_luohe_system(people, played, month, system))
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


FLAWS = {
    1: (("CVE-2025-0001", "9.8"), 30),
    4: (("CVE-2025-0002", "8.1"), 5),
    8: (("CVE-2025-0003", "5.3"), 30),
}
"""Month -> a flaw of the first system, and after how many days a scan no longer shows it."""


def _luohe_system(people, played, month, system):
    found, tale, _ = played
    _, first, end, number = month
    flaw, days = FLAWS.get(number, (None, 0)) if system == 0 else (None, 0)
    people.will_scan(
        at(first + timedelta(days=17), "11:00") + system * MINUTE, system, [flaw] if flaw else []
    )
    if flaw and days < 20:
        people.will_scan(at(first + timedelta(days=17 + days), "11:00"), system, [])
    thursdays = [day + timedelta(days=3) for day in mondays(first, end)]
    good = [str(day) for day in thursdays if first <= day < end and (system, day) not in tale.backups_missed]
    return {"name": found.systems[system], "backups": good, "scans": 1}


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
    """Reports, drills, trainings, a notice, an absence; the truth of each cycle."""
    del seed
    about_faults(people, tale)
    told = {}
    for number, (name, first, end) in enumerate(cycles(found), 1):
        # A week belongs to the cycle that holds its Thursday.
        weeks = [day for day in mondays(first, end) if first <= day + timedelta(days=3) < end]
        day = first + timedelta(days=40)
        people.will(at(day, "16:00"), "defect_report", OPERATOR, b"%PDF defects", period=name)
        told[name] = truth = {
            "weeks_required": len(weeks),
            "weeks_inspected": sum(1 for week in weeks if (0, week) not in tale.absent),
            "defect_reports": 1,
            "faults": [],
            "response": {"report_late_days": []},
            "security": {},
            "onsite": {},
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
        if number == 4:
            people.will(at(day, "18:10"), "absence", BUYER, at=clock(at(day, "10:00")))
            truth["onsite"] = {"absences": 1}
        for one in tale.outages:
            if first <= day_of(one.begin) < end:
                truth["faults"].append({"level": one.level, "vendor_cause": one.vendor})
                late = (one.report_days or 0) - 3
                if late > 0:
                    truth["response"]["report_late_days"].append(late)
    return told


HUAIAN_PAPERS = {
    "maintenance-plan": 1,
    "configuration-archive": 1,
    "duty-roster": 1,
    "monthly-inspection": 12,
    "holiday-inspection": 3,
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
    last = found.end - timedelta(days=20)
    people.will(at(last, "10:00"), "satisfaction", BUYER, period="year-1", percent="87.5")
    people.will(at(last, "10:05"), "process_missing", BUYER, item="change-review", period="year-1")
    days = (found.end - found.begin).days
    worst = max(
        sum(one.end - one.begin for one in tale.outages if one.system == system)
        for system in range(len(found.systems))
    )
    reach = 100 - 100 * worst / (days * 86_400_000)
    late = sum(one.answered > 120 * MINUTE for one in tale.outages)
    for k, (item, how_many) in enumerate(HUAIAN_PAPERS.items()):
        for number in range(how_many):
            filed = at(last, "11:00") + (20 * k + number) * MINUTE
            text = f"{item} {number}".encode()
            people.will(filed, "document_filed", OPERATOR, text, item=item, period="year-1")
    return {
        "year-1": {
            "availability": f"{reach:.6f}",
            "satisfaction": "87.5",
            "process_missing": 1,
            "incidents_late": late,
        }
    }
