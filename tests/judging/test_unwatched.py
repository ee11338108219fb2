"""Silence proves nothing where nobody looked: lines that count faults, flaws and what only people know."""

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from collector.availability.calendar_cn import shipped
from collector.availability.estate_terms import EstateTerms
from collector.faults.ground import Ground as Troubles
from collector.inspection.deadlines import start_of
from collector.inspection.obligations import ledger
from collector.inspection.obligations_counted import counting, seen_by_all
from collector.inspection.obligations_counted import seen as observed
from collector.jobs import scorecards as jobs
from collector.judging import priced, services, unwatched
from collector.judging.asked import Asked, kinds_of
from collector.judging.facts import facts_of
from collector.judging.ground import CHINA, Applied, Ground, ServiceSeen
from collector.judging.scope import Scope, SystemScope, UnitScope
from collector.packs.checking import walk
from collector.packs.loading import names, packaged
from collector.packs.options import resolve
from collector.scoring.model import Item, LineState, PackPeriod, PeriodFacts, System, Unit
from collector.scoring.score import score
from collector.scoring.terms import Select
from collector.statements.model import Said, Through

PERIOD = PackPeriod("p", 1, 0, 1000, date(1970, 1, 1), date(1970, 1, 2))
UNITS = (
    Unit("centre", "中心", systems=(System("portal", "门户"), System("mail", "邮件"))),
    Unit("county", "县"),
)


DAY_ONE = date(2025, 8, 29)


def at(days):
    """UTC ms of so many days after the first day of Huai'an's term."""
    return start_of(DAY_ONE, CHINA) + days * 86_400_000


def asked(pack="luohe-2026", as_of_ms=1000, period=PERIOD, **options):
    found = packaged(pack).pack
    chosen = resolve(found, options)
    return Asked(found, kinds_of(found), chosen, period, as_of_ms, (period.first, period.end), {})


def said(kind, **fields):
    return Said(kind, 7, 1, "buyer", "buyer", Through.SESSION, fields)


def seen(system, low, high):
    """Up in all of what was seen."""
    known = None if low in ("0", None) else Fraction(1)
    bounds = (None, None) if low is None else (Fraction(low), Fraction(high))
    return ServiceSeen(system, known, *bounds)


def gaps(*found, **more):
    return {
        (one.kind, one.reason, one.unit, one.system)
        for one in unwatched.unwatched(found, more.pop("units", UNITS), asked(**more))
    }


@pytest.mark.parametrize(
    ("low", "reason"), [("1", None), ("0.9991", None), ("0.998", "unknown_time"), ("0", "not_observed")]
)
def test_a_system_is_watched_only_if_hardly_any_of_its_time_was_unseen(low, reason):
    found = gaps(seen("portal", low, 1), seen("mail", 1, 1))
    assert found == ({("fault", reason, "centre", "portal")} if reason else set())


def test_a_system_without_a_service_is_not_watched_and_one_without_agreed_time_need_not_be():
    assert gaps(seen("mail", None, None)) == {("fault", "not_observed", "centre", "portal")}


def test_how_much_may_be_unseen_is_an_option():
    half = seen("portal", "0.5", 1), seen("mail", 1, 1)
    assert {one[1] for one in gaps(*half)} == {"unknown_time"}
    assert gaps(*half, **{"unseen.max": 500}) == set()


def test_a_contract_without_a_system_in_scope_has_nothing_that_could_be_watched():
    assert gaps(units=UNITS[1:]) == {("fault", "nothing_in_scope", None, None)}
    (one,) = unwatched.unwatched((), UNITS[1:], asked())
    assert one.at_most is None  # of nothing nobody can say how often it failed


def test_the_availability_of_what_was_half_seen_is_not_proven_by_the_same_limit():
    half = seen("portal", "0.998", 1), seen("mail", 1, 1)
    found = unwatched.unproven(half, {"portal": "centre", "mail": "centre"}, asked("huaian-2025"))
    assert [(one.kind, one.reason, one.system) for one in found] == [
        ("availability", "unknown_time", "portal")
    ]


def test_the_worst_availability_may_be_that_of_a_system_that_looks_better():
    half = replace(seen("mail", "0.5", 1), known=Fraction(1))
    slow = ServiceSeen("portal", Fraction("0.999"), Fraction("0.999"), Fraction("0.999"))
    (worst,) = [one for one in services.availability([half, slow], {}) if one.facts["of"] == "worst"]
    assert worst.value == Fraction("99.9")
    assert (worst.facts["low"], worst.facts["high"]) == ("50.000000", "99.900000")


HOURLY = ("every: 5m", "every: 1h")


def watch(site, begin, end):
    """One look an hour at the portal, all of them good, and a scan of its servers; the period is over."""
    site.probe((begin, True), (end, True), every=3_600_000)
    site.go("2026-08-09T20:00")
    site.scan("web-01", "web-02")
    site.go("2026-08-10T03:00")
    site.settle()
    return jobs.scorecard(site.context, "2026-07")


def line(made, name, unit=None):
    return next(one for one in made.scorecard.lines if (one.id, one.unit) == (name, unit))


@pytest.fixture
def hourly(site, estate):
    site.apply(estate.replace(*HOURLY))
    return site


def test_a_month_that_was_watched_for_two_days_is_not_proven(hourly):
    made = watch(hourly, "2026-07-09T22:00", "2026-07-12T00:00")
    assert line(made, "incidents", "centre").state is LineState.NOT_PROVEN
    assert ("fault", "unknown_time", "portal") in {(g.kind, g.reason, g.system) for g in made.facts.gaps}


def test_a_month_that_was_watched_throughout_is_proven_where_it_was_watched(hourly):
    made = watch(hourly, "2026-07-09T22:00", "2026-08-10T02:00")
    assert line(made, "incidents", "centre").points == 30
    assert line(made, "incidents", "county").state is LineState.NOT_PROVEN  # nothing looks at its mail


def flaws(*at_ms, pack="luohe-2026", **more):
    scans = [Item("scan", unit="centre", system="portal", at_ms=when) for when in at_ms]
    found = unwatched.unscanned(scans, lambda part: UNITS, asked(pack, **more))
    return {(one.kind, one.reason, one.system) for one in found}


def test_flaws_of_what_nobody_scanned_are_not_proven_to_be_none():
    assert flaws(5) == {("vulnerability_late", "no_report", "mail")}
    assert flaws() == {("vulnerability_late", "no_report", name) for name in ("portal", "mail")}
    assert not flaws(pack="pingdingshan-2024")  # no line of it counts flaws


def test_one_scan_says_nothing_of_the_other_quarters_of_a_year():
    year = PackPeriod("year-1", 1, at(0), at(365), DAY_ONE, date(2026, 8, 29))
    told = {"period": year, "as_of_ms": at(365), "pack": "huaian-2025"}
    assert ("vulnerability_found", "no_report", "portal") in flaws(at(5), at(100), at(200), **told)
    found = flaws(at(5), at(100), at(200), at(300), **told)
    assert ("vulnerability_found", "no_report", "portal") not in found
    assert ("vulnerability_found", "no_report", "mail") in found


def test_what_costs_a_unit_and_names_none_may_be_any_units():
    late = Item("fault", facts={"late": True, "level": None, "fault": "x"})
    (gap,) = unwatched.placeless([late, replace(late, unit="centre"), Item("visit")], asked())
    assert (gap.kind, gap.reason, gap.unit, gap.at_most) == ("fault", "no_unit", None, 1)
    assert gap.facts == {"late": True, "fault": "x"}  # whatever the level turns out to be
    assert not list(unwatched.placeless([late], asked("pingdingshan-2025")))  # counted for the contract


def quiet(pack, as_of_ms=1000, said=(), **options):
    question = asked(pack, as_of_ms, **options)
    items = [Item("availability", Fraction(100), facts={"of": "worst"})] if pack == "huaian-2025" else []
    gaps = tuple(unwatched.silent(said, question))
    facts = PeriodFacts(PERIOD, as_of_ms, UNITS, tuple(items), gaps)
    return score(packaged(pack), facts, options)


def test_what_only_people_know_counts_as_none_and_says_that_it_rests_on_silence():
    card = quiet("pingdingshan-2025")
    security = next(one for one in card.lines if one.id == "security")
    assert (security.points, security.state) == (20, LineState.PROVEN)
    assert [(one.code, dict(one.numbers)) for one in security.causes] == [("silence", {"kinds": "security"})]
    assert ("silence", "none") in security.options
    complaint = next(one for one in quiet("luohe-2026").lines if one.id == "deduction.complaint")
    assert [one.code for one in complaint.causes] == ["silence"]


def test_by_the_other_reading_silence_counts_only_once_the_buyer_has_accepted():
    accepted = said("acceptance", period="p", accepted=True)
    for words, state in (
        ((), LineState.NOT_PROVEN),
        ((accepted,), LineState.PROVEN),
        ((replace(accepted, fields={"period": "p", "accepted": False}),), LineState.NOT_PROVEN),
    ):
        card = quiet("huaian-2025", said=words, silence="acceptance")
        states = {one.id: one.state for one in card.lines}
        assert {states[name] for name in ("events", "emergency", "process", "plans")} == {state}


def test_while_a_period_runs_tomorrow_may_bring_a_complaint_a_fine_and_a_veto():
    card = quiet("luohe-2026", as_of_ms=500)
    lines = {one.id: one for one in card.lines}
    assert lines["deduction.complaint"].low == -10 and lines["deduction.complaint"].points is None
    assert lines["fine.order_unfulfilled"].state is LineState.NOT_PROVEN
    assert next(one for one in card.money if one.id == "net").yuan is None
    assert {one.id for one in quiet("huaian-2025", as_of_ms=500).lines if one.state is LineState.PROVEN} <= {
        "availability"
    } | {
        "handling",
        "inspection",
        "documents",
        "key_moments",
        "deduction.critical_interruption",
    }  # whose gaps come from elsewhere


def test_a_veto_without_a_figure_is_not_proven():
    card = quiet("huaian-2025")
    vetoes = {one.id: (one.state, one.points) for one in card.lines if one.id.startswith("veto.")}
    assert vetoes == {"veto.satisfaction<60": (LineState.NOT_PROVEN, None)}
    whole = score(packaged("huaian-2025"), PeriodFacts(PERIOD, 1000, UNITS))
    assert {one.id for one in whole.lines if one.id.startswith("veto.")} == {
        "veto.availability<95",
        "veto.satisfaction<60",
    }


def test_a_round_that_an_agent_may_still_answer_is_not_missing_yet_and_the_verifier_agrees(site, tmp_path):
    site.apply()
    for monday in ("2026-07-13", "2026-07-20", "2026-07-27"):
        site.inspect(monday)
    site.inspect("2026-08-03", ("web-01", "mail-01"))  # web-02 may answer until the next Monday's begins
    site.go("2026-08-10T01:00")
    assert site.settle() == []
    made = jobs.scorecard(site.context, "2026-07")
    one = line(made, "inspection", "centre")
    assert (one.points, one.low, one.high) == (None, 6, 8)
    gap = next(made.facts.gaps[place] for place in one.gaps)
    assert (gap.reason, dict(gap.facts)) == ("round_open", {"round": "weekly/2026-08-03"})
    jobs.seal(site.context, "2026-07", by="manager")
    site.go("2026-08-10T12:00")
    site.settle()
    after = line(jobs.scorecard(site.context, "2026-07"), "inspection", "centre")
    assert (after.points, after.counted) == (6, 3)
    jobs.seal(site.context, "2026-07", by="manager")
    verdict = site.verdict(tmp_path / "all.zip")
    told = {name: word for name, word, _ in verdict.claims if name.startswith("scorecard")}
    assert set(told.values()) == {"proven if"} and len(told) == 2, verdict.claims


def duties(pack, said=(), services=(), as_of_ms=None):
    """What the ledger and the scorecard make of the same ground: obligation -> standing, gaps by kind."""
    first, end = date(2025, 8, 29), date(2025, 11, 29)
    begin, over = at(0), start_of(end, CHINA)
    question = asked(
        pack, over if as_of_ms is None else as_of_ms, PackPeriod("q", 1, begin, over, first, end)
    )
    ground = Ground(1, (), services=tuple(services), said=tuple(said))
    terms = counting(
        question.pack, question.options, (first, end), (begin, over), question.as_of_ms, shipped()
    )
    wanted = [one for one in terms.terms.obligations if priced.provable(one)]
    known = observed(terms, ground, priced.extra(ground, question))
    lines = ledger(terms.terms, known, terms.frame, terms.span, said, [one.id for one in wanted])
    base = seen_by_all(terms, ground)
    gaps = {(gap.kind, gap.facts.get("item")) for gap in priced.gaps(terms, ground, question, base)}
    return {one.obligation.id: one for one in lines}, gaps, wanted


NOBODY = {
    # The buyer's silence is satisfaction, by the clause; what he has to state is not stated.
    "luohe-2026": {"satisfaction"},
    # Nobody announced an occasion; drills and trainings are judged in other cycles.
    "pingdingshan-2024": {"special", "drill", "training", "security"},
    "huaian-2025": {"events", "emergency"},
}
NOBODY["pingdingshan-2025"] = NOBODY["pingdingshan-2024"]


@pytest.mark.parametrize("pack", names())
def test_of_a_period_that_nobody_ever_saw_only_silence_is_proven(pack):
    first, end = DAY_ONE, date(2026, 8, 29) if pack == "huaian-2025" else date(2025, 11, 29)
    period = PackPeriod("p", 1, at(0), start_of(end, CHINA), first, end)
    question = replace(asked(pack, period.to_ms + 1, period), term=(first, end))
    scope = Scope((UnitScope("centre", "中心"),), (SystemScope("portal", "门户", "centre", "ops"),))
    applied = Applied(0, at(0), EstateTerms(1, "", "x", "Asia/Shanghai", "", (), scope=scope))
    span = period.from_ms, period.to_ms
    troubles = Troubles(term=span, window=span, scope=scope, core=frozenset(), outages=(), said=())
    facts = facts_of(Ground(1, (applied,), troubles=troubles), question, ())
    card = score(packaged(pack), facts, question.options)
    told = {one.id: one for one in card.lines if one.state is LineState.PROVEN}
    assert {name for name in told if not name.startswith("deduction.")} == NOBODY[pack]
    quiet = [one for name, one in told.items() if name.startswith("deduction.")]
    assert all([cause.code for cause in one.causes] == ["silence"] for one in quiet)
    assert card.total is None and card.grade is None
    assert all(one.who for one in facts.gaps)


def selects(pack):
    """What the rules of a pack count."""
    return [part for _, part in walk(pack.scoring, ()) if isinstance(part, Select)]


PRICED = {
    "luohe-2026": {"LH-01", "LH-41", "LH-44"},
    "pingdingshan-2024": {"PD-01", "PD-02", "PD-10"},
    "pingdingshan-2025": {"PD-01", "PD-02", "PD-10"},
    "huaian-2025": set(),
}


@pytest.mark.parametrize("pack", names())
def test_what_the_ledger_cannot_tell_of_a_duty_is_no_proven_nought_on_the_scorecard(pack):
    rosters = [said("roster", **{"from": at(3), "to": at(20), "people": "10"})]
    kept = [ServiceSeen("portal", *[Fraction(1)] * 3)]
    half = [ServiceSeen("portal", Fraction(1), Fraction(1, 2), Fraction(1))]
    assert set(duties(pack)[0]) == PRICED[pack]
    for words, looked in (((), ()), (rosters, ()), ((), half), (rosters, half), (rosters, kept)):
        told, gaps, wanted = duties(pack, words, looked)
        for one in wanted:
            costs = {(kind, facts.get("item")) for kind, facts in priced.costs(one)} & {
                (select.kind, item)
                for select in selects(packaged(pack).pack)
                for item in (select.where.get("item", (None,)) or (None,))
            }
            assert bool(priced.untold(told[one.id])) == bool(costs & gaps), (one.id, words, looked)
            if told[one.id].standing.value == "kept":
                assert not costs & gaps, (one.id, words, looked)
