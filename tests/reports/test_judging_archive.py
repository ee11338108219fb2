"""The archive of a period: what was to be on file, what is, and what that is to a scorecard."""

from datetime import date, datetime
from fractions import Fraction

import pytest

from checks.codec import from_json, to_json
from collector.estate.yaml_source import load
from collector.packs.archive import Archive, ArchiveAsked, State, archive, facts_of, required_in
from collector.packs.archive_terms import ArchiveTerms, Due, Every, Late, Line, Per, Wanted
from collector.packs.loading import SCHEMES
from collector.packs.shape import shaped
from collector.scoring.kinds import KINDS
from collector.scoring.model import PackPeriod, System, Unit
from collector.statements.model import Said, Through

PACKS = ("luohe-2026", "pingdingshan-2024", "pingdingshan-2025", "huaian-2025")
DAY = 86_400_000


def at(day: str) -> int:
    """Midnight in China."""
    return int(datetime.fromisoformat(f"{day}T00:00:00+08:00").timestamp() * 1000)


MONTH = PackPeriod("2026-07", 2, at("2026-07-10"), at("2026-08-10"), date(2026, 7, 10), date(2026, 8, 10))
UNITS = (Unit("centre", "交易中心", systems=(System("portal", "门户网站"), System("mail", "邮件"))),)
LOG = Wanted("log", "日志", "Log", "§5", per=Per.SYSTEM, due=Due.MONTH_END, line=Line.DOCUMENT)
MLPS = Wanted("mlps", "等保", "MLPS", "r24", every=Every.STANDING)


def filed(entry: int, day: str, item: str = "log", **fields: str) -> Said:
    return Said(
        "document_filed",
        entry,
        at(day),
        "zhao",
        "operator",
        Through.SESSION,
        {"item": item, **fields},
        "ab" * 32,
    )


def kept(terms: ArchiveTerms, said: list[Said], as_of: str) -> Archive:
    return archive(terms, ArchiveAsked(MONTH, at(as_of)), UNITS, said)


def states(said: list[Said], as_of: str, *wanted: Wanted, late: Late = Late.MISSING) -> list[State]:
    found = kept(ArchiveTerms(wanted or (LOG,), late), said, as_of)
    return [one.state for one in found.places]


def test_nothing_filed_is_due_until_its_day_is_over_and_missing_after() -> None:
    assert states([], "2026-07-31") == [State.DUE, State.DUE]
    assert states([], "2026-08-01") == [State.MISSING, State.MISSING]


def test_a_document_of_another_system_of_another_period_or_received_later_fills_nothing() -> None:
    others = [
        filed(1, "2026-07-20", system="mail"),
        filed(2, "2026-07-20", system="portal", period="2026-06"),
        filed(3, "2026-08-05", system="portal"),
    ]
    assert states(others, "2026-08-02") == [State.MISSING, State.PRESENT]
    assert states([filed(1, "2026-07-20", system="portal")], "2026-08-02") == [State.PRESENT, State.MISSING]


def test_late_is_said_and_fills_its_place_only_where_the_pack_says_so() -> None:
    late = [filed(1, "2026-08-03", system="portal")]
    for choice, present in ((Late.MISSING, 0), (Late.COUNTS, 1)):
        found = kept(ArchiveTerms((LOG,), choice), late, "2026-08-09")
        assert (found.places[0].state, found.places[0].present) == (State.LATE, present)
        assert found.places[0].filed[0].late


def test_nothing_is_wanted_of_a_unit_of_a_kind_that_needs_none() -> None:
    visit = Wanted("visit", "回访记录", "Visit", "§5", per=Per.UNIT, not_for=("line_rental",))
    log = Wanted("log", "日志", "Log", "§5", per=Per.SYSTEM)
    units = (*UNITS, Unit("line", "线路", "line_rental", (System("wan", "专线"),)))
    found = archive(ArchiveTerms((visit, log)), ArchiveAsked(MONTH, at("2026-07-31")), units, [])
    assert [(one.wanted.id, one.unit or one.system) for one in found.places] == [
        ("visit", "centre"),
        ("log", "portal"),
        ("log", "mail"),
        ("log", "wan"),
    ]


def test_what_was_corrected_does_not_count() -> None:
    first = filed(1, "2026-07-20", system="portal")
    taken_back = Said(
        "document_filed",
        2,
        at("2026-07-21"),
        "zhao",
        "operator",
        Through.KEY,
        {"item": "log", "system": "mail"},
        corrects=1,
    )
    assert states([first, taken_back], "2026-08-09") == [State.MISSING, State.PRESENT]


def test_a_standing_document_expires() -> None:
    good = [filed(1, "2025-01-05", "mlps", expires="2026-08-09")]
    short = [filed(1, "2025-01-05", "mlps", expires="2026-08-08")]
    assert states(good, "2026-09-01", MLPS) == [State.PRESENT]
    assert states(short, "2026-09-01", MLPS) == [State.EXPIRED]
    assert states(short, "2026-08-08", MLPS) == [State.PRESENT], "it is still in force on that day"


def test_a_scorecard_counts_what_is_over_and_what_may_still_come_is_a_gap() -> None:
    said = [filed(1, "2026-07-20", system="portal")]
    more = (LOG, Wanted("two", "二", "Two", "§5", per=Per.SYSTEM, line=Line.DOCUMENT))
    open_ = kept(ArchiveTerms(more), said, "2026-07-25")
    items, gaps = facts_of(open_, UNITS)
    assert {one.reason for one in gaps} == {"period_open"} and {one.unit for one in gaps} == {"centre"}
    over = kept(ArchiveTerms(more), said, "2026-08-10")
    items, gaps = facts_of(over, UNITS)
    counts = {kind: sum(one.value for one in items if one.kind == kind) for kind in {i.kind for i in items}}
    assert counts == {"document_required": 4, "document_present": 1, "document_missing": 1}
    assert [(one.system, one.reason, one.at_most) for one in gaps] == [("mail", "no_statement", 1)] * 4
    # Whether a pack counts what is there or what is missing: neither is known.
    assert sorted(one.kind for one in gaps) == ["document_missing"] * 2 + ["document_present"] * 2
    assert {one.kind for one in items} <= set(KINDS) and {one.kind for one in gaps} <= set(KINDS)


@pytest.mark.parametrize(
    ("number", "every", "count"),
    [(2, Every.QUARTER, 0), (3, Every.QUARTER, 1), (6, Every.HALF_YEAR, 1), (12, Every.YEAR, 1)],
)
def test_a_rarer_document_is_wanted_in_the_period_that_ends_its_interval(
    number: int, every: Every, count: int
) -> None:
    period = PackPeriod("x", number, MONTH.from_ms, MONTH.to_ms, MONTH.first, MONTH.end)
    assert required_in(Wanted("a", "a", "a", "c", every=every), period) == count


def test_a_year_wants_each_of_its_months() -> None:
    year = PackPeriod("y", 1, at("2025-08-29"), at("2026-08-29"), date(2025, 8, 29), date(2026, 8, 29))
    assert required_in(Wanted("a", "a", "a", "c", every=Every.MONTH), year) == 12
    assert required_in(Wanted("a", "a", "a", "c", every=Every.YEAR, count=4), year) == 4


@pytest.mark.parametrize("pack", PACKS)
def test_the_lists_of_the_packs_are_whole(pack: str) -> None:
    wrong: list[object] = []
    source = load("archive.yaml", lambda name: (SCHEMES / pack / name).read_bytes())
    terms = shaped(ArchiveTerms, source.value["archive"], (), lambda *one: wrong.append(one))
    assert terms is not None and len(terms.documents) >= 11
    assert [*wrong, *source.problems, *terms.mistakes(None)] == []
    assert from_json(ArchiveTerms, to_json(terms)) == terms
    assert all(one.obligation[:3] in ("LH-", "PD-", "HA-") for one in terms.documents)


def test_a_list_that_contradicts_itself_is_refused() -> None:
    wrong = Wanted("a", "a", "a", "", every=Every.EVENT, count=0, line=Line.PLAN)
    found = list(ArchiveTerms((wrong, wrong), "sometimes").mistakes(None))
    assert {path[-1] for path, _ in found} == {"late", "id", "count", "clause", "line"}


def test_points_of_an_archive_are_exact() -> None:
    said = [filed(1, "2026-07-20", system="portal"), filed(2, "2026-07-20", system="mail")]
    items, gaps = facts_of(kept(ArchiveTerms((LOG,)), said, "2026-08-10"), UNITS)
    assert gaps == () and all(isinstance(one.value, Fraction) for one in items)
