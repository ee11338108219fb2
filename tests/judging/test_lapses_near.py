"""A period's lapses are those of the whole term that end in it, however few months are looked at for them."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.availability.calendar_cn import shipped
from collector.availability.estate_terms import EstateTerms
from collector.backups.policy import BackupObject, ObjectKind, Policies
from collector.inspection.cadence_terms import Cadence, Each, Every, WeekRule
from collector.inspection.deadlines import shanghai, start_of, stretches
from collector.inspection.obligations import ledger
from collector.inspection.obligations_counted import (
    backups_since,
    counting,
    reach_of,
    rounds_since,
    seen,
    seen_by_all,
    span_of,
    unparted,
)
from collector.inspection.obligations_seen import gathered
from collector.judging import lapse_months, lapses
from collector.judging.estates import Estates
from collector.judging.ground import (
    Applied,
    BackedUp,
    Earlier,
    EarlierRounds,
    Ground,
    ScanSeen,
    UnitRound,
    Unseen,
)
from collector.judging.scope import AssetScope, Scope, SystemScope, UnitScope
from collector.judging.united import when
from collector.packs.loading import packaged
from collector.statements.model import Said, Through

PACK = packaged("luohe-2026").pack
TERM = (date(2026, 6, 10), date(2027, 6, 10))
MONTHS = [(start_of(low, shanghai()), start_of(high, shanghai())) for low, high in stretches(*TERM, 1, 10)]
NAMES = [f"{low:%Y-%m}" for low, _ in stretches(*TERM, 1, 10)]
OBLIGATION = {"visit": "LH-30", "inspection": "LH-31", "backup": "LH-32", "scan": "LH-33"}
DAY = 86_400_000
SYSTEMS = {"s0": "u0", "s1": "u0", "s2": "u1"}
NOBODY = UnitScope("u2", "u2", "line_rental")


def estate(systems):
    """An estate with these systems, each with an asset and a backup object."""
    return Scope(
        (UnitScope("u0", "u0"), UnitScope("u1", "u1"), NOBODY),
        tuple(SystemScope(name, name, SYSTEMS[name]) for name in systems),
        tuple(AssetScope(f"a-{name}", "server", system=name, agent=f"a-{name}") for name in systems),
        {f"o-{name}": name for name in systems},
    )


def terms(systems):
    scope = estate(systems)
    objects = tuple(BackupObject(name, ObjectKind.DATABASE, 0, ()) for name in scope.objects)
    policies = Policies(objects) if objects else None
    return EstateTerms(1, "00", "e", "Asia/Shanghai", "", (), scope=scope, backups=policies)


HOURS = st.sampled_from([0, DAY // 2, DAY - 1])
"""On the edge of a day as well, for weeks and months begin there."""
MONTH = st.integers(0, len(MONTHS) - 1)
EVENT = st.tuples(
    st.sampled_from(
        [
            "round",
            "short",
            "both",
            "backup",
            "bad",
            "unseen",
            "scan",
            "scan late",
            "visit",
            "not_done",
            "waiver",
        ]
    ),
    MONTH,
    st.integers(0, 27),
    st.sampled_from(sorted(SYSTEMS)),
    st.sampled_from(["visit", "inspection", "backup", "scan"]),
    HOURS,
)
ESTATES = st.lists(st.tuples(MONTH, st.sets(st.sampled_from(sorted(SYSTEMS)), min_size=1)), max_size=3)


def said(entry, at, kind, fields):
    return Said(kind, entry, at, "works", "operator", Through.SESSION, fields, at_ms=at)


def ground(estates, events):
    """Everything that was done, in the order of months."""
    first = Applied(0, MONTHS[0][0] - DAY, terms(sorted(SYSTEMS)))
    later = sorted(estates, key=lambda one: one[0])
    applied = [
        first,
        *(Applied(n + 1, MONTHS[m][0] + 12 * DAY, terms(sorted(s))) for n, (m, s) in enumerate(later)),
    ]
    rounds, points, blind, scans, words = [], [], [], [], []
    for number, (what, month, day, system, kind, *hour) in enumerate(events):
        at, entry, unit = MONTHS[month][0] + day * DAY + sum(hour or [DAY // 2]), 10 + number, SYSTEMS[system]
        if what in ("round", "short"):
            given_ = 10 if what == "round" else 3
            share = UnitRound(
                f"w{number}",
                unit,
                "weekly",
                entry,
                at,
                at,
                at,
                10,
                given_,
                2,
                2,
                "B",
                looks=(("a-s0", 10, given_),),
            )
            rounds.append(share)
        elif what == "both":  # a round of two units, looked at around midnight
            for unit, last in (("u0", at - 1), ("u1", at)):
                rounds.append(
                    UnitRound(f"w{number}", unit, "weekly", entry, at, at - 2, last, 10, 10, 1, 1, "B")
                )
        elif what in ("backup", "bad"):
            points.append(
                BackedUp(f"o-{system}", f"f{number}", at, 5, what == "backup", "p", entry, 0, "a", "C")
            )
        elif what == "unseen":
            blind.append(Unseen(f"o-{system}", at))
        elif what in ("scan", "scan late"):
            came = at if what == "scan" else at + 90 * DAY
            scans.append(ScanSeen(entry, came, at, "nessus", "works", (f"a-{system}",), "done"))
        elif what == "visit":
            words.append(said(entry, at, "visit", {"unit": unit, "at": at}))
        else:
            until = MONTHS[month][1]
            fields = {"item": kind, "unit": unit, "system": system, "period": NAMES[month]}
            fields |= {"from": MONTHS[month][0], "to": until, "obligation": OBLIGATION[kind], "text": "x"}
            words.append(said(entry, at if what == "not_done" else MONTHS[month][0] - DAY, what, fields))
    return Ground(
        size=1000,
        applied=tuple(applied),
        rounds=tuple(sorted(rounds, key=lambda one: (one.from_ms, one.window, one.unit))),
        backups=tuple(sorted(points, key=lambda p: (p.object, p.at_ms, p.artefact))),
        unseen=tuple(blind),
        scans=tuple(scans),
        said=tuple(words),
    )


def asked(number, as_of):
    made = counting(PACK, {}, TERM, MONTHS[number], as_of, shipped())
    assert made is not None
    return made


def cut(whole, since):
    """The same, with backups before `since` left to be read."""

    def read(from_ms, to_ms):
        return tuple(one for one in whole.backups if from_ms <= one.at_ms < to_ms)

    near = tuple(one for one in whole.backups if one.at_ms >= since)
    return replace(whole, backups=near, earlier=Earlier(since, read))


def cut_rounds(whole, since):
    """The same, with rounds before `since` left to be read, unless another share of them was done since."""
    first = unparted(whole.rounds, since)

    def read(from_ms, to_ms):
        return tuple(one for one in whole.rounds if from_ms <= when(one) < to_ms)

    waited = {
        (one.from_ms, max(one.received_ms, one.from_ms + 1)) for one in whole.rounds if when(one) < first
    }
    near = tuple(one for one in whole.rounds if when(one) >= first)
    return replace(whole, rounds=near, earlier_rounds=EarlierRounds(first, read, tuple(waited)))


@settings(max_examples=25, deadline=None)
@given(ESTATES, st.lists(EVENT, max_size=60), MONTH, st.integers(0, 120))
def test_a_months_lapses_are_those_of_the_whole_term_that_end_in_it(estates, events, number, days):
    whole, as_of = ground(estates, events), MONTHS[number][1] + days * DAY
    question = asked(number, as_of)
    base = seen_by_all(question, whole)
    of_term = lapses.Question(PACK, {}, question.terms, TERM, as_of)
    proven, perhaps = lapses.lapses(whole, of_term, base.waivers, base.denied)
    low, high = MONTHS[number]
    wanted = [tuple(one for one in some if low <= one.at_ms < high) for some in (proven, perhaps)]
    for since in (low, low - 40 * DAY):
        near = cut(whole, since)
        assert list(lapses.lapses(near, of_term, base.waivers, base.denied, (low, high))) == wanted
        told = seen_by_all(question, near)
        assert tuple(one for one in told.breaches if one.kind == lapses.LAPSE) == wanted[0]
        assert told.perhaps == wanted[1]
        if since < rounds_since(question):
            assert seen_by_all(question, cut_rounds(near, since)) == told


@settings(max_examples=40, deadline=None)
@given(ESTATES, st.lists(EVENT, max_size=60), MONTH, st.integers(0, 120), st.data())
def test_rounds_left_to_be_read_tell_what_they_tell_when_all_are_there(estates, events, number, days, data):
    """Whatever pack, and however late they came."""
    whole, as_of = ground(estates, events), MONTHS[number][1] + days * DAY
    name, options = data.draw(st.sampled_from(READINGS))
    question = counting(packaged(name).pack, options, TERM, MONTHS[number], as_of, shipped())
    some = cut_rounds(whole, rounds_since(question))
    wanted = data.draw(st.sampled_from([None, frozenset({"LH-31", "PD-37"})]))
    assert seen_by_all(question, some, wanted) == seen_by_all(question, whole, wanted)


def test_of_rounds_as_many_months_are_read_as_a_lapse_reaches_back():
    every = [("round", month, 4, system, "") for month in range(11) for system in SYSTEMS]
    question = asked(11, MONTHS[-1][1])
    for systems, wanted in ((["s0", "s2"], []), (["s0"], [MONTHS[10]])):
        whole = ground([], [*every, *(("round", 11, 4, system, "") for system in systems)])
        near, counted = cut_rounds(whole, rounds_since(question)), Counted(whole)
        kept = replace(near.earlier_rounds, read=counted.rounds)
        seen_by_all(question, replace(near, earlier_rounds=kept))
        assert counted.read_ == wanted


@settings(max_examples=25, deadline=None)
@given(ESTATES, st.lists(EVENT, max_size=40), st.data())
def test_what_is_remembered_of_months_gives_what_is_told_of_them_anew(estates, events, data):
    """Whatever comes later, or late: looks, reports, statements, estates."""
    arrived = [events[:n] for n in range(0, len(events) + 1, 5)]
    for number, some in enumerate([*arrived, *arrived[::-3], data.draw(st.permutations(events))]):
        whole = ground(estates[: number % 4], some)
        month = data.draw(MONTH)
        question = asked(month, MONTHS[month][1] + 30 * DAY)
        of_term = lapses.Question(PACK, {}, question.terms, TERM, question.as_of_ms)
        base = gathered(whole, question.terms, question.frame, question.as_of_ms)
        for span in (MONTHS[month], None):
            remembered = lapses.lapses(whole, of_term, base.waivers, base.denied, span)
            held = dict(lapse_months.TOLD)
            lapse_months.TOLD.clear()
            assert lapses.lapses(whole, of_term, base.waivers, base.denied, span) == remembered
            lapse_months.TOLD.update(held)


@settings(max_examples=25, deadline=None)
@given(ESTATES, st.lists(EVENT, max_size=40), MONTH, st.integers(0, 120))
def test_a_month_is_told_from_what_is_its_own_as_from_all_that_there_is(estates, events, number, days):
    """Else what is left out of what it is remembered by could change it, and nobody would tell it anew."""
    whole, as_of = ground(estates, events), MONTHS[number][1] + days * DAY
    question = asked(number, as_of)
    of_term = lapses.Question(PACK, {}, question.terms, TERM, as_of)
    base = gathered(whole, question.terms, question.frame, as_of)

    def of_all(matter):
        every = Estates.of(whole.applied, whole.said)
        then = replace(matter.asked, as_of_ms=max(as_of, matter.asked.period.to_ms))
        return lapse_months.told_anew(replace(matter, ground=whole, estates=every, asked=then))

    for span in (MONTHS[number], None):
        own = lapses.lapses(whole, of_term, base.waivers, base.denied, span)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(lapses, "told", of_all)
            assert lapses.lapses(whole, of_term, base.waivers, base.denied, span) == own


class Months(dict):
    """What is remembered, and which months were asked for that were not."""

    def __init__(self, held):
        super().__init__(held)
        self.anew = []

    def __setitem__(self, key, value):
        self.anew.append(key[0].name)
        super().__setitem__(key, value)


def test_a_late_result_has_its_own_month_told_anew_and_no_other(monkeypatch):
    """A visit that is never made has all months before looked at: each once."""
    every = [("backup", month, 4, system, "") for month in range(12) for system in SYSTEMS]
    question = asked(11, MONTHS[-1][1])
    seen_by_all(question, ground([], every))
    for more, wanted in (
        ([], []),
        ([("scan", 11, 4, "s0", "")], [NAMES[11]]),
        ([("visit", 3, 4, "s0", "")], [NAMES[3]]),
        ([("not_done", 5, 4, "s0", "visit")], [NAMES[5]]),
    ):
        remembered = Months(lapse_months.TOLD)
        monkeypatch.setattr(lapse_months, "TOLD", remembered)
        seen_by_all(question, ground([], [*every, *more]))
        assert remembered.anew == wanted


def test_histories_hold_lapses_that_are_proven_and_such_as_may_be():
    """Else the property above would say nothing."""
    undone = [("not_done", month, 3, "s2", "backup") for month in range(4)]
    whole = ground([], [*undone, ("backup", 5, 3, "s0", ""), ("backup", 6, 3, "s0", "")])
    question = asked(3, MONTHS[-1][1])
    told = seen_by_all(question, whole)
    assert {(one.system, one.what) for one in told.breaches if one.kind == lapses.LAPSE}
    assert {(one.system, one.what) for one in told.perhaps}


READINGS = [
    ("luohe-2026", {}),
    ("huaian-2025", {}),
    ("pingdingshan-2025", {}),
    ("pingdingshan-2025", {"week_rule": "day_done"}),
]


@settings(max_examples=40, deadline=None)
@given(ESTATES, st.lists(EVENT, max_size=60), MONTH, st.integers(0, 120), st.sampled_from(READINGS))
def test_a_ledger_is_the_same_without_the_rounds_and_backups_that_tell_nothing_of_it(
    estates, events, number, days, reading
):
    whole, as_of = ground(estates, events), MONTHS[number][1] + days * DAY
    pack = packaged(reading[0]).pack
    question = counting(pack, reading[1], TERM, MONTHS[number], as_of, shipped())
    begin, points = backups_since(question), whole.backups
    some = replace(whole, backups=tuple(p for p in points if begin is not None and p.at_ms >= begin))
    known = [
        gathered(of, question.terms, question.frame, as_of, frozenset({"weekly"}), since)
        for of, since in ((whole, -(2**53)), (some, unparted(whole.rounds, rounds_since(question))))
    ]
    far, near = (ledger(question.terms, one, question.frame, question.span, whole.said) for one in known)
    assert far == near


def test_rounds_of_the_first_months_are_left_out_of_a_late_ledger_and_counted_by_a_week_that_moves():
    """Else the property above would say nothing."""
    whole = ground([], [("round", month, 4, "s0", "") for month in range(12)])

    def deeds(name, options):
        question = counting(packaged(name).pack, options, TERM, MONTHS[11], MONTHS[11][1], shipped())
        since = rounds_since(question)
        made = gathered(whole, question.terms, question.frame, MONTHS[11][1], frozenset(), since)
        return {one.entry for one in made.deeds if one.kind == "inspection"}

    assert deeds("luohe-2026", {}) == {20, 21}  # what is due before a holiday reaches back three days
    assert len(deeds("pingdingshan-2025", {"week_rule": "day_done"})) == 12


def test_weeks_that_belong_to_the_day_of_the_work_need_the_backups_of_all_weeks_before():
    """Else the first backup after a gap does, late, each week whose own was left out."""
    whole = ground([], [("backup", month, 4, "s0", "") for month in (*range(9), 11)])
    question = counting(packaged("luohe-2026").pack, {}, TERM, MONTHS[11], MONTHS[-1][1], shipped())
    late = tuple(
        replace(one, cadences=tuple(replace(held, late=True) for held in one.cadences))
        for one in question.terms.obligations
        if any("backup" in held.what for held in one.cadences)
    )
    assert late
    moved = replace(question.terms, obligations=late, week_rule=WeekRule.DAY_DONE)
    question = replace(question, terms=moved)
    begin = backups_since(question)
    some = replace(whole, backups=tuple(one for one in whole.backups if one.at_ms >= begin))
    far, near = (
        ledger(
            moved, gathered(of, moved, question.frame, question.as_of_ms), question.frame, question.span, ()
        )
        for of in (whole, some)
    )
    assert any(row.deeds for line in far for row in line.rows)
    assert far == near


def test_a_ledger_holds_the_rounds_of_all_months_that_a_turn_of_its_span_counts():
    """Of packs that count no lapses: else a year's four rounds are missed because three are too old."""
    whole = ground([], [("round", month, 4, "s0", "") for month in (0, 3, 6, 11)])
    question = counting(packaged("pingdingshan-2025").pack, {}, TERM, MONTHS[11], MONTHS[-1][1], shipped())
    week = question.terms.obligation("PD-37")
    year = replace(week, cadences=(Cadence(Every.YEAR, ("inspection",), count=4, each=Each.UNIT),))
    question = replace(question, terms=replace(question.terms, obligations=(year,)))
    begin, end = reach_of(question)
    some = replace(whole, rounds=tuple(one for one in whole.rounds if begin <= one.from_ms < end))
    found = ledger(question.terms, seen(question, some), question.frame, question.span, ())
    assert {"u0": (4, "done")}.items() <= {
        row.turn.unit: (row.counted, row.state.value) for row in found[0].rows
    }.items()
    # What is counted by weeks and quarters needs no more than the span has.
    usual = counting(packaged("pingdingshan-2025").pack, {}, TERM, MONTHS[11], MONTHS[-1][1], shipped())
    assert reach_of(usual) == span_of(usual)


class Counted:
    """Reads backups or rounds, and keeps for which months."""

    def __init__(self, whole):
        self.whole, self.read_ = whole, []

    def read(self, from_ms, to_ms):
        self.read_.append((from_ms, to_ms))
        return tuple(one for one in self.whole.backups if from_ms <= one.at_ms < to_ms)

    def rounds(self, from_ms, to_ms):
        self.read_.append((from_ms, to_ms))
        return tuple(one for one in self.whole.rounds if from_ms <= when(one) < to_ms)


def test_older_backups_are_read_back_to_the_month_in_which_each_system_has_one_and_no_further():
    every = [("backup", month, 4, system, "") for month in range(11) for system in SYSTEMS]
    question = asked(11, MONTHS[-1][1])
    for systems, wanted in ((sorted(SYSTEMS), []), (["s0", "s2"], [MONTHS[10]])):
        whole = ground([], [*every, *(("backup", 11, 4, system, "") for system in systems)])
        counted = Counted(whole)
        near = replace(cut(whole, MONTHS[11][0]), earlier=Earlier(MONTHS[11][0], counted.read))
        seen_by_all(question, near)
        assert counted.read_ == wanted
