"""What people state, counted: forms, late ones, amounts beyond their range, what was not done."""

from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction

import pytest

from collector.evidence.periods import parse_instant
from collector.judging import accepted, not_done, said
from collector.judging.asked import Asked, backs, kinds_of
from collector.judging.ground import ScanSeen
from collector.judging.late_scans import doubted
from collector.judging.spans import periods_of
from collector.judging.words import words
from collector.packs.loading import packaged
from collector.packs.options import resolve
from collector.scoring.choices import Choices
from collector.scoring.model import Item, LineState, PeriodFacts, Proof, System, Unit
from collector.scoring.score import score
from collector.statements.fields import ZONE
from collector.statements.fold import standing
from collector.statements.kinds import KINDS
from collector.statements.lateness import instant_of
from collector.statements.model import Said, Through

UNITS = (Unit("centre", "中心", systems=(System("portal", "门户"),)), Unit("line", "分中心"))
DAY = 86_400_000
STARTS = {"luohe-2026": "2026-06-10", "pingdingshan-2024": "2024-09-30", "huaian-2025": "2025-08-29"}


@dataclass
class Desk:
    """A period of a pack, and what people say about it."""

    pack: str = "luohe-2026"
    period: str = "2026-07"
    options: dict = field(default_factory=dict)
    said: list = field(default_factory=list)
    seen: list = field(default_factory=list)

    def asked(self) -> Asked:
        pack = packaged(self.pack).pack
        options = resolve(pack, self.options)
        every = periods_of(pack.periods, STARTS[self.pack], Choices(options))
        period = next(one for one in every if one.name == self.period)
        term = (every[0].first, every[-1].end)
        back = backs(pack, period, every)
        return Asked(pack, kinds_of(pack), options, period, period.to_ms + 10**9, term, back)

    def say(self, kind: str, role: str = "buyer", *, late: bool = False, corrects=None, **fields) -> Said:
        period, number = self.asked().period, len(self.said)
        when = instant_of(fields.get(KINDS[kind].when)) if KINDS[kind].when else None
        at = period.from_ms + (number + 1) * 3_600_000
        made = Said(kind, 100 + number, at, role, role, Through.SESSION, fields, late=late, at_ms=when)
        self.said.append(replace(made, corrects=corrects))
        return made

    def saw(self, kind: str, entry: int, unit: str = "centre", system: str | None = None) -> None:
        """What the log itself shows."""
        at = self.asked().period.from_ms + 10
        self.seen.append(
            Item(
                kind,
                day=date(2026, 7, 20),
                at_ms=at,
                unit=unit,
                system=system,
                proofs=(Proof(entry, "agent", "C"),),
            )
        )

    def card(self):
        asked = self.asked()
        stands = standing(self.said, asked.as_of_ms)
        made = [*said.statements(stands, {"portal": "centre"}, asked), *self.seen]
        wanted = said.Wanted(asked.kinds, UNITS)
        gaps = list(said.unproven(stands, made, wanted, asked.period, asked.as_of_ms))
        items, gaps = not_done.settled(stands, (made, gaps), asked)
        facts = PeriodFacts(asked.period, asked.as_of_ms, UNITS, tuple(items), tuple(gaps))
        return facts, score(packaged(self.pack), facts, asked.options)

    def line(self, name: str, unit: str | None = "centre"):
        return next(one for one in self.card()[1].lines if (one.id, one.unit) == (name, unit))


ROWS = {f"row{n}": "satisfied" for n in range(1, 6)}


def test_a_form_of_rows_counts_by_the_option_and_waits_for_points_without_it():
    desk = Desk()
    desk.say(
        "satisfaction", period="2026-07", unit="centre", **{**ROWS, "row2": "mostly", "row5": "not_satisfied"}
    )
    line = desk.line("satisfaction")
    assert (line.state, line.low, line.high) == (LineState.NOT_PROVEN, 0, 30)
    desk.options["satisfaction.map"] = "rows"
    assert desk.line("satisfaction").points == Fraction("22.8")  # 3 x 6 + 4.8 + 0


def test_points_beside_the_rows_count_where_the_unit_gives_points():
    desk = Desk()
    desk.say("satisfaction", period="2026-07", unit="centre", points="27", **{**ROWS, "row2": "mostly"})
    assert desk.line("satisfaction").points == 27
    desk.options["satisfaction.map"] = "rows"
    assert desk.line("satisfaction").points == Fraction("28.8")


def test_a_form_that_came_late_is_deemed_satisfied_unless_the_option_says_that_it_counts():
    desk = Desk()
    desk.say("satisfaction", period="2026-07", unit="centre", points="0", late=True)
    line = desk.line("satisfaction")
    assert line.points == 30
    (item,) = (one for one in desk.card()[0].items if one.kind == "satisfaction")
    assert (item.facts["late"], item.facts["stated"]) == (True, "0")
    assert item.proofs[0].entry == 100
    desk.options["satisfaction.late"] = "counts"
    assert desk.line("satisfaction").points == 0


def test_a_late_form_takes_nothing_from_a_timely_one_and_a_correction_is_as_timely_as_what_it_corrects():
    desk = Desk()
    first = desk.say("satisfaction", period="2026-07", unit="centre", points="12")
    desk.say("satisfaction", period="2026-07", unit="centre", points="3", late=True)
    assert desk.line("satisfaction").points == 12
    desk.say("satisfaction", period="2026-07", unit="centre", points="20", late=True, corrects=first.entry)
    assert desk.line("satisfaction").points == 20
    other = Desk()
    late = other.say("satisfaction", period="2026-07", unit="centre", points="12", late=True)
    other.say("satisfaction", period="2026-07", unit="centre", points="3", corrects=late.entry)
    assert other.line("satisfaction").points == 30


def test_a_period_by_its_dates_is_the_period():
    desk = Desk()
    desk.say("satisfaction", period="2026-07-10/2026-08-10", unit="centre", points="5")
    assert desk.line("satisfaction").points == 5


@pytest.mark.parametrize(("points", "counts"), [("99", 30), ("30", 30), ("-1", 0)])
def test_points_beyond_their_range_in_an_older_log_count_as_its_end(points, counts):
    desk = Desk()
    desk.say("satisfaction", period="2026-07", unit="centre", points=points)
    assert desk.line("satisfaction").points == counts


def test_deductions_and_fines_beyond_their_range_count_as_its_end_and_say_what_was_stated():
    desk = Desk()
    desk.say("complaint", at=parse_instant("2026-07-20", ZONE), justified=True, points="50", text="x")
    desk.say("fine", item="misoperation", day="2026-07-20", percent="90", text="x")
    facts, card = desk.card()
    assert next(one for one in card.lines if one.id == "deduction.complaint").low == -10
    assert {one.facts["stated"] for one in facts.items if one.kind in ("deduction", "fine")} == {"50", "90"}
    fines = next(one for one in card.money if one.id == "fines")
    assert fines.low == Fraction(133_000) * 30 / 100


def test_an_absence_costs_in_luohe_and_a_refusal_waits_for_its_points():
    desk = Desk()
    desk.say("absence", at=parse_instant("2026-07-20", ZONE), count=2)
    _, card = desk.card()
    assert next(one for one in card.money if one.id == "fines").low == 40_000
    desk.say("refusal", at=parse_instant("2026-07-21", ZONE), text="x")
    line = next(one for one in desk.card()[1].lines if one.id == "deduction.refused_cooperation")
    assert (line.points, line.low, line.high) == (None, -10, 0)
    desk.said.pop()
    desk.say("refusal", at=parse_instant("2026-07-21", ZONE), text="x", points="4")
    line = next(one for one in desk.card()[1].lines if one.id == "deduction.refused_cooperation")
    assert line.points == -4


def test_a_visit_that_nobody_states_is_not_proven_until_somebody_says_that_there_was_none():
    desk = Desk()
    assert desk.line("visit").state is LineState.NOT_PROVEN
    word = desk.say("not_done", "manager", item="visit", unit="centre", period="2026-07")
    line = desk.line("visit")
    assert (line.state, line.points) == (LineState.PROVEN, 0)
    cited = [desk.card()[0].items[place] for place in line.items]
    assert [(one.kind, one.proofs[0].entry) for one in cited] == [("not_done", word.entry)]
    assert desk.line("visit", "line").state is LineState.NOT_PROVEN


def visit(desk, role):
    return desk.say("visit", role, unit="centre", at=parse_instant("2026-07-20", ZONE))


def mark(desk):
    return next(one for one in desk.card()[0].items if one.kind == "not_done")


def test_against_the_buyers_word_the_vendors_visit_is_disputed_and_does_not_count():
    desk = Desk()
    desk.say("not_done", item="visit", unit="centre", period="2026-07")
    later = visit(desk, "operator")
    assert desk.line("visit").points == 0
    assert mark(desk).facts == {"item": "visit", "disputed": True, "against": str(later.entry)}


def test_two_words_of_the_vendors_own_side_leave_it_open():
    desk = Desk()
    desk.say("not_done", "manager", item="visit", unit="centre", period="2026-07")
    visit(desk, "operator")
    line = desk.line("visit")
    assert (line.state, line.low, line.high) == (LineState.NOT_PROVEN, 0, 8)
    assert {desk.card()[0].gaps[place].reason for place in line.gaps} == {"disputed"}


def test_the_buyers_visit_stands_against_the_vendors_own_denial():
    desk = Desk()
    desk.say("not_done", "manager", item="visit", unit="centre", period="2026-07")
    visit(desk, "buyer")
    assert desk.line("visit").points == 8
    assert mark(desk).facts["disputed"] is True


def test_what_agents_signed_no_word_undoes():
    desk = Desk()
    desk.say("not_done", item="inspection", unit="centre", period="2026-07")
    desk.saw("inspection", 7)
    assert desk.line("inspection").counted == 1
    assert mark(desk).facts["disputed"] is True


def test_of_all_units_at_once_and_of_a_half_year():
    desk = Desk()
    desk.say("not_done", item="visit", period="2026-07")
    assert [desk.line("visit", unit).points for unit in ("centre", "line")] == [0, 0]
    half = Desk("pingdingshan-2024", "cycle-2")
    assert half.line("training", None).state is LineState.NOT_PROVEN
    half.say("not_done", "manager", item="training", period="cycle-2")
    assert half.line("training", None).points == 0


def test_while_the_period_goes_on_it_may_still_be_done():
    desk = Desk()
    desk.say("not_done", item="visit", unit="centre", period="2026-07")
    asked = replace(desk.asked(), as_of_ms=desk.asked().period.to_ms - 1)
    stands = standing(desk.said, asked.as_of_ms)
    wanted = said.Wanted(asked.kinds, UNITS)
    gaps = list(said.unproven(stands, [], wanted, asked.period, asked.as_of_ms))
    assert not_done.settled(stands, ([], gaps), asked) == ([], gaps)


def test_a_report_of_a_scan_that_came_long_after_waits_for_the_buyer():
    desk = Desk()
    period = desk.asked().period
    desk.saw("scan", 7, system="portal")
    timely = ScanSeen(7, period.to_ms + 6 * DAY, period.from_ms, "nessus", "zhao", ("web",), "done")
    late = replace(timely, received_ms=period.to_ms + 8 * DAY)
    assert doubted((desk.seen, []), [timely], [], period) == (desk.seen, [])
    items, gaps = doubted((desk.seen, []), [late], [], period)
    assert items == []
    assert [(one.kind, one.reason, one.system, one.who) for one in gaps] == [
        ("scan", "imported_late", "portal", "buyer")
    ]
    word = Said("scan", 7, late.received_ms, "zhao", "operator", Through.SESSION, {}, confirmed=True)
    assert doubted((desk.seen, []), [late], [word], period) == (desk.seen, [])


def by_command(desk):
    """The last thing that was said was written on the collector's command line."""
    desk.said[-1] = replace(desk.said[-1], through=Through.COMMAND)


def test_the_command_lines_form_or_acceptance_counts_over_no_logins():
    desk = Desk()
    desk.say("satisfaction", period="2026-07", unit="centre", points="20")
    desk.say("satisfaction", period="2026-07", unit="centre", points="30")
    by_command(desk)
    desk.say("satisfaction", period="2026-07", unit="line", points="25")
    by_command(desk)
    asked = desk.asked()
    found = said.statements(standing(desk.said, asked.as_of_ms), {}, asked)
    assert [(one.unit, one.value) for one in found] == [("centre", 20), ("line", 25)]
    over = [replace(one, received_ms=asked.period.to_ms + 1) for one in accepting(desk)]
    assert accepted.acceptance(over, asked) is None
    assert accepted.acceptance(over[1:], asked) is over[1]


def accepting(desk):
    """A login's no, then the command line's yes."""
    desk.say("acceptance", period="2026-07", accepted=False)
    desk.say("acceptance", period="2026-07", accepted=True)
    by_command(desk)
    return desk.said[-2:]


def test_the_command_lines_word_on_scope_reaches_no_day_of_a_logins():
    desk = Desk()
    begin = desk.asked().period.from_ms
    desk.say("in_scope", system="portal", in_scope=False, since=begin, until=begin + 10 * DAY)
    desk.say("in_scope", system="portal", in_scope=True, since=begin, until=begin + 20 * DAY)
    by_command(desk)
    heard = words(desk.said)
    key = ("in_scope", "system", "portal")
    told = [heard.told(key, begin + days * DAY).value for days in (5, 15)]
    assert told == [False, True]
