"""Every kind of statement that a pack offers moves something in it, or the table says why not."""

from datetime import datetime

import pytest

from collector.availability import calendar_cn
from collector.inspection.obligations_counted import counting, told
from collector.inspection.obligations_seen import Extra
from collector.judging import not_done, said
from collector.judging.asked import Asked, backs, kinds_of
from collector.judging.changes import changes
from collector.judging.ground import Ground
from collector.judging.spans import periods_of
from collector.judging.words import words
from collector.packs import archive
from collector.packs.loading import names, packaged
from collector.packs.options import resolve
from collector.scoring.choices import Choices
from collector.scoring.model import PeriodFacts, System, Unit
from collector.scoring.score import score
from collector.statements.fold import standing
from collector.statements.kinds import KINDS
from collector.statements.lateness import instant_of
from collector.statements.windows import approvals

HOUR, DAY = 3_600_000, 86_400_000
PERIODS = {
    "luohe-2026": ("2026-06-10", "2026-07", "2026-07-14"),
    "pingdingshan-2024": ("2024-09-30", "cycle-2", "2025-01-14"),
    "pingdingshan-2025": ("2025-10-08", "cycle-2", "2026-01-14"),
    "huaian-2025": ("2025-08-29", "year-1", "2026-01-14"),
}
UNITS = (Unit("centre", "中心", systems=(System("portal", "门户"), System("tool", "工具"))),)


ELSEWHERE = {
    "maintenance": "only its approval has an effect",
    "change_requested": "only its approval has an effect",
    "change_approved": "tests/judging: drifts",
    "migration": "tests/cadence: HA-03",
    "escalated": "tests/cadence: LH-17",
    "shutdown_reported": "tests/cadence: LH-40",
    "acceptance": "tests/scoring: option silence; tests/cadence: HA-32",
}
"""What moves by evidence that is not in this world, and where that is tested."""


RECORDED = {
    "owner": "owners are counted as the estate names them",
    "consent": "tuning wants consent; no clause prices it",
    "baseline_accepted": "why a baseline changed; no clause prices it",
    "restore_approved": "a restore wants approval; no clause prices it",
    "promise_given": "the register of promises: only unfulfilled ones cost",
    "promise_fulfilled": "the register of promises: only unfulfilled ones cost",
}
"""Kinds that stand in the log and its lists and that no rule of the shipped packs counts: why."""


def at(text):
    return round(datetime.fromisoformat(f"{text}+08:00").timestamp()) * 1000


class World:
    """A period in which something of everything happened, and what people say of it."""

    def __init__(self, case, pack):
        self.pack = pack
        start, self.period_name, self.day = PERIODS[pack]
        self.compiled = packaged(pack)
        made = self.compiled.pack
        self.options = resolve(made, {})
        self.periods = periods_of(made.periods, start, Choices(self.options))
        self.period = next(one for one in self.periods if one.name == self.period_name)
        term = (self.periods[0].from_ms, self.periods[-1].to_ms)
        self.now = self.period.to_ms + 5 * DAY
        self.case = case(pack=pack, term=term, now=self.now)
        self.noon = at(f"{self.day} 12:00")
        self.case.down("portal", self.noon, 6 * HOUR).down("portal", self.noon + DAY, 6 * HOUR)
        self.case.scan(self.noon, ("CVE-1", "high"))
        self.case.record(self.noon + HOUR, ("host.disk", "warn"))
        known = self.case.account()
        self.flaw = next((one.id for one in known.vulnerabilities), "V0")
        self.finding = next((one.id for one in known.findings), "H0")
        self.faults = [f"portal@{self.utc(self.noon + n * DAY)}" for n in (0, 1)]

    @staticmethod
    def utc(ms):
        from collector.faults.said import fault_id

        return fault_id("x", ms).partition("@")[2]

    def say(self, kind, role, when=None, **fields):
        known = KINDS[kind]
        told_ms = instant_of(fields.get(known.when)) if known.when else None
        return self.case.say(
            kind, self.noon + 8 * HOUR if when is None else when, by=role, role=role, at_ms=told_ms, **fields
        )

    def outcome(self):
        """Everything that a scorecard, the ledgers, the archive and the clocks make of it."""
        asked = Asked(
            self.compiled.pack,
            kinds_of(self.compiled.pack),
            self.options,
            self.period,
            self.now,
            (self.periods[0].first, self.periods[-1].end),
            backs(self.compiled.pack, self.period, self.periods),
        )
        account, faulty, open_ = self.case.everything(self.period)
        stands = standing(self.case.said, self.now)
        made = [*faulty, *said.statements(stands, {"portal": "centre"}, asked)]
        wanted = said.Wanted(asked.kinds, UNITS)
        gaps = [*open_, *said.unproven(stands, made, wanted, self.period, self.now)]
        items, gaps = not_done.settled(stands, (made, gaps), asked)
        items = [one for one in items if one.kind in asked.kinds or one.kind == "not_done"]
        gaps = [one for one in (*gaps, *said.weighty(items, asked)) if one.kind in asked.kinds]
        card = score(self.compiled, PeriodFacts(self.period, self.now, UNITS, tuple(items), tuple(gaps)), {})
        question = counting(
            self.compiled.pack,
            self.options,
            asked.term,
            (self.periods[0].from_ms, self.periods[-1].to_ms),
            self.periods[-1].to_ms + DAY,
            calendar_cn.shipped(),
        )
        # Any word shows that somebody was there: that is not what is asked here.
        there = Extra(watched=((0, 2**53),))
        ledger = told(question, Ground(0, said=stands), there) if question is not None else ()
        terms = self.compiled.pack.archive
        question = archive.ArchiveAsked(self.period, self.now, self.options)
        filed = archive.archive(terms, question, UNITS, stands) if terms is not None else ()
        drifts = changes(account.findings, stands, (), (self.period.from_ms, self.period.to_ms))
        bare = [
            (one.id, one.judged, one.moments, one.clocks, one.reports, one.repeated) for one in account.faults
        ]
        rest = (account.incidents, account.vulnerabilities, account.findings, account.key_moments)
        scope = words(stands)
        return repr((bare, rest, card.lines, card.money, ledger, filed, drifts, approvals(stands))) + repr(
            (scope.inside, scope.kinds)
        )


def fields_of(world, kind):
    """Fields of a good statement of a kind, and whatever it needs to stand on."""
    if kind == "waiver":
        return _waiver(world)
    held = _possible(world, kind, _earlier(world, kind))
    given = {one.name: held.get(one.name, "x") for one in KINDS[kind].fields}
    for name in ("percent", "expires", "until", "row1", "row2", "row3", "row4", "row5", "entry", "grade"):
        if given.get(name) in ("x", None):
            given.pop(name, None)
    if kind == "satisfaction" and world.pack == "huaian-2025":
        given["percent"] = "80"
        given.pop("points")
    if kind == "not_done":
        given.pop("obligation" if world.pack != "huaian-2025" else "item")
    if kind == "force_majeure_claimed":
        given.pop("finding")
    if kind in ("document_filed", "report_signed") and world.compiled.pack.archive is not None:
        given["item"] = _document(world, kind)
        given.pop("fault", None)
    return given


def _earlier(world, kind):
    """The entry of the statement that one of this kind answers, said now; None where it answers none."""
    noon, fault = world.noon, world.faults[0]
    target = {
        "force_majeure_decided": ("force_majeure_claimed", "manager", {"fault": fault, "reason": "x"}),
        "fix_plan_approved": (
            "fix_plan",
            "operator",
            {"finding": world.flaw, "at": noon + HOUR, "plan": "x"},
        ),
        "event_responded": ("security_event", "buyer", _event(world)),
        "event_closed": ("security_event", "buyer", _event(world)),
        "warning_acted": ("warning_received", "operator", {"at": noon, "from_whom": "city", "text": "x"}),
        "maintenance_approved": ("maintenance", "operator", _window(noon)),
        "change_approved": ("change_requested", "operator", _change(noon)),
        "waiver_decided": ("waiver", "operator", _waiver(world)),
    }.get(kind)
    if target is None:
        return None
    # What is asked for comes before; its own effect is in the baseline.
    when = noon + HOUR if target[0] in ("security_event", "fix_plan") else noon - 30 * DAY
    return world.say(target[0], target[1], when, **target[2]).entry


def _possible(world, kind, entry):
    """A good value of each field."""
    noon, fault = world.noon, world.faults[0]
    doable = {"luohe-2026": "visit"}.get(world.pack, "training")
    items = {"deduction": "complaint", "fine": "risk_not_fixed", "veto": "major_security_event"}
    return {
        "fault": world.faults[1] if kind == "repeat" else fault,
        "of": fault,
        "finding": world.finding if kind in ("finding_closed", "finding_assigned") else world.flaw,
        "entry": entry,
        "unit": "centre",
        "system": "portal",
        "asset": "web-01",
        "object": "db",
        "period": world.period_name,
        "at": noon + 5 * 60_000,
        "from": noon,
        "to": noon + DAY,
        "day": world.day,
        "since": world.day,
        "level": 3,
        "class": "largest",
        "points": "3",
        "yuan": "10000",
        "serious": False,
        "vendor": False,
        "approved": kind != "waiver_decided",  # a notice excuses until somebody refuses it
        "accepted": True,
        "justified": True,
        "same": True,
        "in_scope": False,
        "in_service": False,
        "item": items.get(kind, doable),
        "check": "host.disk",
        "cause": "power",
        "id": "k1",
        "change": "c1",
        "promise": "p1",
        "obligation": _waiver(world)["obligation"],
        "activity": "security_drill" if "pingdingshan" in world.pack else "vulnerability_scan",
        "severity": "major",
        "found_by": "buyer",
        "from_whom": "city",
        "risk": "high",
        "scenario": "s1",
        "starts": {"luohe-2026": "fee_cut", "huaian-2025": "acceptance_requested"}.get(
            world.pack, "policy_change"
        ),
        "count": 2,
        "people": 10,
        "owner": "li",
        "digest": "0" * 64,
    }


def _event(world):
    return {"at": world.noon, "severity": "hazard", "found_by": "buyer", "system": "portal", "text": "x"}


def _window(noon):
    return {"system": "portal", "from": noon, "to": noon + HOUR, "reason": "x"}


def _change(noon):
    return {"change": "c1", "what": "x", "asset": "web-01", "from": noon, "to": noon + DAY}


def _waiver(world):
    known = {"luohe-2026": "LH-07", "huaian-2025": "HA-24"}
    return {
        "obligation": known.get(world.pack, "PD-04"),
        "from": world.period.from_ms,
        "to": world.period.to_ms,
        "reason": "x",
    }


def _document(world, kind):
    found = [
        what for one in world.compiled.pack.obligations.obligations for c in one.cadences for what in c.what
    ]
    word = "signed:" if kind == "report_signed" else "document:"
    listed = [what.partition(":")[2] for what in found if what.startswith(word)]
    return listed[0] if listed else world.compiled.pack.archive.documents[0].id


@pytest.mark.parametrize("pack", names())
def test_every_kind_that_a_pack_offers_moves_something_in_it(case, pack):
    world, still = World(case, pack), []
    quiet = world.outcome()
    for terms in packaged(pack).pack.statements.kinds:
        kind = KINDS[terms.kind]
        world.case.said.clear()
        fields = fields_of(world, kind.name)
        before = world.outcome() if world.case.said else quiet
        role = next(role for role in ("buyer", "manager", "operator") if role in (terms.who or kind.who))
        early = kind.late.rule == "before"
        made = world.say(kind.name, role, world.noon - 10 * DAY if early else None, **fields)
        if made.two:
            world.say("second", "manager", entry=made.entry)
        if world.outcome() == before:
            still.append(kind.name)
    assert " ".join(sorted(set(still) - RECORDED.keys() - ELSEWHERE.keys())) == ""


def test_what_is_recorded_only_is_no_other_kind_and_says_why():
    assert RECORDED.keys() | ELSEWHERE.keys() <= KINDS.keys()
    assert not RECORDED.keys() & ELSEWHERE.keys()
