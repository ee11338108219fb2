"""Faults as tests write them down: outages, statements, records and reports, under the four packs."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from checks.plan import Window
from collector.availability import calendar_cn
from collector.availability.faults import Outage
from collector.faults.counted import counted, days_of, terms_of
from collector.faults.ground import Ground, Report, Seen
from collector.faults.model import Account
from collector.faults.notices import inspected, looks
from collector.inspection.human import HumanPart
from collector.inspection.record import Counts, ItemReading, MachineItem, Missing, Place, ProblemItem, Record
from collector.judging.asked import kinds_of
from collector.judging.scope import AssetScope, Scope, SystemScope, UnitScope
from collector.packs.loading import packaged
from collector.scans.lifecycle import Import
from collector.scans.model import Finding, Scan, Severity
from collector.scoring.model import Gap, Item, Line, PackPeriod, PeriodFacts, Proof, System, Unit
from collector.scoring.score import score
from collector.statements.kinds import KINDS
from collector.statements.model import Said, Through

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


def at(text: str) -> int:
    """UTC ms of a local time in China, `2026-07-14 10:00`."""
    return round(datetime.fromisoformat(f"{text}+08:00").timestamp()) * 1000


SCOPE = Scope(
    units=(UnitScope("centre", "交易中心"),),
    systems=(SystemScope("portal", "门户网站", "centre", "zhang"), SystemScope("tool", "工具", "centre")),
    assets=(AssetScope("web-01", "server", "web-01", "portal", "centre"),),
)


def outage(start: int, length: int, *, degraded: int = 0, gap: int = 0, **changes: Any) -> Outage:
    """Down from `start` for `length` ms, then degraded; known to `gap` ms; up again after it."""
    end = start + length + degraded
    made = {
        "from_ms": start,
        "to_ms": end,
        "down_ms": length,
        "degraded_ms": degraded,
        "least": (max(length - gap, 0), max(length + degraded - gap, 0)),
        "most": (length + gap, length + degraded + gap),
        "recovered_ms": end,
    }
    return Outage(**{**made, **changes})


@dataclass
class Case:
    """One contract's account in the making."""

    pack: str = "luohe-2026"
    term: tuple[int, int] = (at("2026-06-10 00:00"), at("2027-06-10 00:00"))
    now: int = at("2026-08-20 00:00")
    core: frozenset[str] = frozenset({"portal"})
    window: tuple[int, int] | None = None
    options: dict[str, object] = field(default_factory=dict)
    scope: Scope = SCOPE
    seen: list[Seen] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    records: list[tuple[int, Record]] = field(default_factory=list)
    named: frozenset[tuple[str, str]] = frozenset()
    announced: dict[str, int] = field(default_factory=dict)

    def down(self, system: str, start: int, length: int, **more: Any) -> "Case":
        """An outage that the machine measured and confirmed one second after its onset."""
        extra = {key: more.pop(key) for key in ("probes", "observed_to_ms", "flags") if key in more}
        proofs = (Proof(len(self.seen), "agent-1", "B", 0),)
        made = outage(start, length, **more)
        known = {"detected_ms": start + 1000, "probes": 30, "observed_to_ms": self.now} | extra
        self.seen.append(Seen(system, made, proofs=proofs, **known))
        return self

    def say(self, kind: str, when: int, *, by: str = "wang", role: str = "manager", **fields: Any) -> Said:
        """A statement received at `when`; `at_ms` defaults to its receipt."""
        corrects, at_ms = fields.pop("corrects", None), fields.pop("at_ms", None)
        made = Said(
            kind=kind,
            entry=1000 + len(self.said),
            received_ms=when,
            by=by,
            role=role,
            through=Through.SESSION,
            fields=fields,
            corrects=corrects,
            at_ms=at_ms,
            two=KINDS[kind].two,
        )
        self.said.append(made)
        return made

    def scan(self, taken: int, *flaws: tuple[str, str], received: int | None = None, **more: Any) -> "Case":
        """A complete report of one series about web-01: (id, severity) of what it shows."""
        findings = tuple(
            Finding(
                name, "web-01", "443/tcp", name, Severity(word), mitigated=name in more.get("mitigated", ())
            )
            for name, word in flaws
        )
        scan = Scan("nessus", "1", ("web-01",), ("web-01",), taken - HOUR, taken, findings)
        entry = 2000 + len(self.reports)
        imported = Import(entry, taken if received is None else received, scan)
        who = more.get("found_by", "vendor")
        self.reports.append(Report(more.get("series", "nessus: web"), imported, who, Proof(entry, "li", "E")))
        return self

    def record(
        self, when: int, *looks: tuple[str, str], missing: tuple[str, ...] = (), round_: str = "weekly"
    ) -> "Case":
        """A closed round with looks at web-01: (check, state), one reading `/data` each."""
        self.records.append((3000 + len(self.records), make_record(when, looks, missing, round_)))
        return self

    def account(self) -> Account:
        return self.everything(self.period(self.term[0], self.term[1]))[0]

    def everything(self, period: PackPeriod) -> tuple[Account, tuple[Item, ...], tuple[Gap, ...]]:
        pack = packaged(self.pack).pack
        terms = terms_of(pack, self.options)
        ground = Ground(
            term=self.term,
            window=self.window or self.term,
            scope=self.scope,
            core=self.core,
            outages=tuple(self.seen),
            said=tuple(self.said),
            announced=self.announced,
            reports=tuple(self.reports),
            records=inspected(self.records),
            looks=tuple(one for _, record in self.records for one in looks(record, self.named)),
        )
        return counted(terms, ground, period, self.now, days_of(pack, calendar_cn.shipped()))

    def period(self, start: int, end: int) -> PackPeriod:
        first, last = (datetime.fromtimestamp(ms / 1000).date() for ms in (start, end))
        return PackPeriod("p", 1, start, end, first, last)

    def items(self, start: str, end: str) -> tuple[Item, ...]:
        return self.everything(self.period(at(start), at(end)))[1]

    def gaps(self, start: str, end: str) -> tuple[Gap, ...]:
        return self.everything(self.period(at(start), at(end)))[2]

    def line(self, name: str, unit: str | None, start: str, end: str) -> Line:
        """A line of the scorecard that these facts give."""
        period = self.period(at(start), at(end))
        _, items, gaps = self.everything(period)
        units = (Unit("centre", "交易中心", systems=(System("portal", "门户网站"), System("tool", "工具"))),)
        compiled = packaged(self.pack)
        kinds = kinds_of(compiled.pack)
        gaps = tuple(one for one in gaps if one.kind in kinds)
        card = score(compiled, PeriodFacts(period, self.now, units, items, gaps))
        return next(one for one in card.lines if (one.id, one.unit) == (name, unit))


def make_record(
    when: int, looks: tuple[tuple[str, str], ...], missing: tuple[str, ...], round_: str
) -> Record:
    window = Window(f"{round_}/{when}", when - DAY, when, when + DAY)
    items, bad = [], []
    for line, (check, state) in enumerate(looks):
        place = Place(when // 1000 % 100_000, line)
        reading = ItemReading("/data", 91, "percent", state)
        items.append(
            MachineItem(
                check,
                1,
                "web-01",
                "web-01",
                "agent-1",
                when - HOUR,
                False,
                state,
                (reading,),
                "same",
                place,
            )
        )
        if state != "ok":
            bad.append(ProblemItem(check, "web-01", "web-01", reading, place, window.id))
    gone = tuple(Missing(check, "web-01", "web-01", "agent-1", "missing") for check in missing)
    return Record(
        v=1,
        round=round_,
        name=round_,
        window=window,
        timezone="Asia/Shanghai",
        estate="00",
        closed_ms=when,
        previous="",
        overview=Counts(0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
        problems=tuple(p for p in bad if p.reading.state != "unknown"),
        unclear=tuple(p for p in bad if p.reading.state == "unknown"),
        carried_over=(),
        not_inspected=gone,
        items=tuple(items),
        findings=(),
        human=HumanPart("", ()),
    )


@pytest.fixture
def case() -> Callable[..., Case]:
    return Case
