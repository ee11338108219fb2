"""What people state of faults, work and flaws in a year, whatever the contract."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from typing import Any

import year_estate as estates
from year_tale import AMENDED_AFTER, DAY, MINUTE, SEALED_AFTER, ZONE, at

from collector.jobs import derive, faults, scans, scorecards, statements
from collector.scans import reading

OPERATOR, MANAGER, BUYER = "zhao", "qian", "li"
_CAUSES = (
    "数据库连接池耗尽，重启应用后恢复",
    "应用服务内存溢出，进程被系统终止",
    "接入交换机端口故障，更换光模块",
    "日志写满系统盘，清理并加设轮转",
    "证书到期未更换，已重新签发",
    "升级后配置项遗漏，已回退",
)
ACCOUNTS = ((OPERATOR, "operator"), (MANAGER, "manager"), (BUYER, "buyer"))


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


def about_moments(people, tale):
    """Key moments that the buyer announces, and who is on duty from three days before them on."""
    for one in tale.occasions:
        if one.told is not None:
            span = {"from": clock(at(one.first)), "to": clock(at(one.after))}
            people.will(at(one.told, "11:00"), "key_moment", BUYER, id=one.name, text="重要会议", **span)
            span["from"] = clock(at(one.first) - 3 * DAY)
            people.will(at(one.told, "17:00"), "roster", MANAGER, people="3", text="专项值守", **span)


def about_work(people, one, key):
    """Maintenance: asked for five days ahead, and perhaps approved."""
    begin, end = one.window
    system = estates.system_id(one.system)
    asked = {"system": system, "from": clock(begin), "to": clock(end), "reason": "升级"}
    people.will(begin - 5 * DAY, "maintenance", OPERATOR, key=key, **asked)
    if one.approved is not None:
        people.will(one.approved, "maintenance_approved", BUYER, entry=people.entry(key), approved="true")


def cause_of(one):
    """What the manager wrote, of each outage its own: the same words again would mean the same fault."""
    found = _CAUSES[one.onset % len(_CAUSES)]
    return f"{found}（{estates.system_id(one.system)}，{clock(one.onset)[:16]}起）"


def about_outage(people, one, key):
    """What people say of what was measured, from the first answer to the report."""
    answered = one.onset + one.answered
    name = lambda: people.fault(one)  # noqa: E731 - the fault has no name before it happens
    people.will(answered + 1000, "fault_acknowledged", OPERATOR, fault=name, at=clock(answered))
    if one.end - one.onset > 45 * MINUTE:
        there = one.onset + 45 * MINUTE
        people.will(there + 1000, "arrived", OPERATOR, fault=name, at=clock(there), grade="engineer")
    decided = max(one.end, answered) + 60 * MINUTE
    people.will(decided, "cause", MANAGER, fault=name, cause=cause_of(one))
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
