"""What people of the three contracts state in a year, and the truth in the words of a worked case."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from typing import Any

import year_estate as estates
import year_truth as clerk
from year_tale import AMENDED_AFTER, COPY, DAY, FAKED, MINUTE, MODEL, SEALED_AFTER, ZONE, at

from collector.jobs import derive, faults, scans, scorecards, statements
from collector.scans import reading

OPERATOR, MANAGER, BUYER = "zhao", "qian", "li"
ACCOUNTS = ((OPERATOR, "operator"), (MANAGER, "manager"), (BUYER, "buyer"))
MONTHLY = ("daily-maintenance", "inspection-log", "maintenance-record", "backup-paths", "scan-report")


@dataclass
class People:
    """Everything they will do, in order. `entries`: of statements that others name; `sealed`: by period."""

    site: Any
    acts: list[Any] = field(default_factory=list)
    entries: dict[str, int] = field(default_factory=dict)
    sealed: dict[str, list[Any]] = field(default_factory=dict)
    done: int = 0
    _numbers: Any = field(default_factory=count)
    _known: dict[Any, str] = field(default_factory=dict)

    def act(self, at_ms, what):
        """Plan anything."""
        heappush(self.acts, (at_ms, next(self._numbers), what))

    def will(self, at_ms, kind, by, document=None, *, key="", corrects="", amendment=False, **fields):
        """Plan a statement; a field may be a call, made when it happens. `key`: how others name it."""

        def state():
            said = {name: str(one() if callable(one) else one) for name, one in fields.items()}
            entry = statements.add(
                *(self.site.context, kind, said),
                by=by,
                document=document,
                corrects=self.entries[corrects] if corrects else None,
                amendment=amendment,
            )
            self.entries[key] = entry

        self.act(at_ms, state)

    def entry(self, key):
        """A call that gives the entry of what was stated under a key."""
        return lambda: self.entries[key]

    def will_scan(self, at_ms, system, flaws):
        """Plan the import of a scanner's report about a system's server: its flaws as (name, CVSS)."""

        def bring():
            data = report(at_ms, estates.server_id(system), flaws)
            source = scans.Source(
                data, f"{estates.system_id(system)}.xml", OPERATOR, (estates.server_id(system),)
            )
            scans.add(self.site.context, reading.read(data, ZONE), source)

        self.act(at_ms, bring)

    def will_seal(self, name, end):
        """Plan the seal of a period some days after its end, and the amendment after what came late."""

        def seal():
            self.site.settle()
            made = scorecards.seal(self.site.context, name, by=MANAGER)
            if made is not None:
                self.sealed.setdefault(name, []).append(made)

        for days in (SEALED_AFTER, AMENDED_AFTER):
            self.act(at(end + timedelta(days=days), "09:00"), seal)

    def upto(self, ms):
        """Do all that is to be done before an instant."""
        while self.acts and self.acts[0][0] < ms:
            at_ms, _, what = heappop(self.acts)
            self.site.hands.ms = max(self.site.hands.ms, at_ms)
            what()
            self.done += 1

    def fault(self, outage):
        """The id under which an outage is known."""
        if outage in self._known:
            return self._known[outage]
        system = estates.system_id(outage.system)
        derive.catch_up(self.site.context)
        with self.site.context.read() as conn:
            known = faults.told(conn, self.site.context.now()).account.faults
        mine = [
            one
            for one in known
            if one.system == system and abs(one.moments.onset_ms - outage.onset) < 15 * MINUTE
        ]
        assert len(mine) == 1, (outage, [(one.id, one.system) for one in known])
        self._known[outage] = mine[0].id
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
    """Acknowledged, judged and reported, each as the tale has it; work asked for and approved."""
    for number, one in enumerate(tale.outages):
        if one.window is not None:
            about_work(people, one, f"work-{number}")
        if one.onset is not None:
            about_outage(people, one, f"fault-{number}")
    for one in tale.reported:
        about_reported(people, one)


def about_work(people, one, key):
    """Maintenance: asked for five days ahead, and perhaps approved."""
    begin, end = one.window
    system = estates.system_id(one.system)
    asked = {"system": system, "from": clock(begin), "to": clock(end), "reason": "升级"}
    people.will(begin - 5 * DAY, "maintenance", OPERATOR, key=key, **asked)
    if one.approved is not None:
        people.will(one.approved, "maintenance_approved", BUYER, entry=people.entry(key), approved="true")


def about_outage(people, one, key):
    """What people say of what was measured, from the first answer to the report."""
    answered = one.onset + one.answered
    name = lambda: people.fault(one)  # noqa: E731 - the fault has no name before it happens
    people.will(answered + 1000, "fault_acknowledged", OPERATOR, fault=name, at=clock(answered))
    if one.end - one.onset > 45 * MINUTE:
        there = one.onset + 45 * MINUTE
        people.will(there + 1000, "arrived", OPERATOR, fault=name, at=clock(there), grade="engineer")
    decided = max(one.end, answered) + 60 * MINUTE
    people.will(decided, "cause", MANAGER, fault=name, cause=f"cause-{one.system}-{one.onset % 9973}")
    people.will(decided + 1000, "vendor_cause", BUYER, fault=name, vendor=str(one.vendor).lower())
    people.will(decided + 2000, "impact", BUYER, fault=name, serious=str(one.serious).lower())
    if one.level is not None:
        people.will(decided + 3000, "level", BUYER, fault=name, level=one.level)
    if one.contradicted is not None:
        people.will(decided + 3500, "level", MANAGER, fault=name, level=one.contradicted)
    if one.report_days is not None:
        filed = at(day_of(one.end) + timedelta(days=one.report_days), "15:00")
        people.will(max(filed, decided + 4000), "fault_report_filed", OPERATOR, b"%PDF report", fault=name)
    if one.majeure:
        claim = {"fault": name, "reason": "市电中断"}
        people.will(decided + 5000, "force_majeure_claimed", MANAGER, b"%PDF power cut", key=key, **claim)
        answer = {"entry": people.entry(key), "approved": str(one.majeure == "approved").lower()}
        people.will(decided + DAY, "force_majeure_decided", BUYER, **answer)


def about_reported(people, one):
    """A fault that only people know: reported by the buyer, answered, repaired, with a report."""
    system = estates.system_id(one.system)

    def name():
        derive.catch_up(people.site.context)  # the report itself must have been followed
        return f"{system}@{datetime.fromtimestamp(one.at / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"

    said = {"system": system, "at": clock(one.at), "level": one.level, "text": "终端打印异常"}
    people.will(one.at + MINUTE, "fault_reported", BUYER, vendor="true", **said)
    for kind, at_ms, more in (
        ("fault_acknowledged", one.at + one.answered, {}),
        ("arrived", one.at + 45 * MINUTE, {"grade": "engineer"}),
        ("fault_recovered", one.at + one.recovered, {}),
    ):
        people.will(at_ms + 1000, kind, OPERATOR, fault=name, at=clock(at_ms), **more)
    cause = f"people-{one.at % 9973}"
    people.will(one.at + one.recovered + MINUTE, "cause", MANAGER, fault=name, cause=cause)
    people.will(one.at + one.recovered + DAY, "fault_report_filed", OPERATOR, b"%PDF report", fault=name)


def scan_all(people, found, tale, first, day):
    """Each system that is there is scanned on a day; what is open then is in the report."""
    for system in range(len(found.systems)):
        when = at(day, "11:00") + system * MINUTE
        if tale.is_there(system, first):
            shown = [
                (one.name, one.cvss)
                for one in tale.flaws
                if one.system == system and one.found < when < one.gone
            ]
            people.will_scan(when, system, shown)


def scan_flaws(people, tale):
    """The scans that show a flaw first, and no more."""
    for one in tale.flaws:
        people.will_scan(one.found, one.system, [(one.name, one.cvss)])
        people.will_scan(one.gone, one.system, [])


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


def roster(people, first, end):
    """Who is there in a period: without it nobody can tell that nobody was absent."""
    span = {"from": clock(at(first)), "to": clock(at(end))}
    people.will(at(first, "08:00"), "roster", MANAGER, people="10", **span)


def luohe(people, found, tale, seed):
    """Visits, forms, papers; the truth of each month."""
    rng = random.Random(seed + 1)
    about_faults(people, tale)
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
        "inspections": clerk.rounds(tale, unit, first, end),
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
    for k, (item, how_many) in enumerate(HUAIAN_PAPERS.items()):
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
            "process_missing": 1,
            "incidents_late": clerk.huaian_late(tale, found.begin, found.end),
            "vulnerabilities_late": slow,
            "vulnerabilities_found": grave,
        }
    }
