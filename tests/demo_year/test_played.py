"""A month of a small estate is played to its end: seal, amendment and what looks made up are the clerk's."""

import json
import re
from dataclasses import replace
from datetime import date, timedelta

import pytest
from click.testing import CliRunner

from collector.cli import main
from collector.cli_scorecard import scorecard

BEGIN = date(2025, 6, 10)


def small(tales, found):
    """A month of two units with a system each: answered late, work never approved, a flaw, a week missed."""
    monday = date(2025, 6, 16)
    held = tales.at(date(2025, 7, 8), "18:00"), tales.at(date(2025, 7, 20), "12:00")
    tale = tales.Tale(found.begin, found.end, held=held)
    tale.absent = {(1, monday)}
    tale.backups_missed = {(0, monday + timedelta(days=3))}
    tale.backups_late = {(1, monday + timedelta(days=10))}
    first = tales.first_look(0, tales.at(date(2025, 6, 20), "09:00"))
    tale.outages = [tales.Outage(0, first, first + 12 * tales.MINUTE, answered=11 * tales.MINUTE)]
    window = tales.at(date(2025, 6, 26), "20:00"), tales.at(date(2025, 6, 26), "22:00")
    away = tales.first_look(1, window[0])
    work = tales.Outage(1, away, away + 6 * tales.MINUTE, window=window)
    again = replace(work, begin=work.begin + 7 * tales.DAY, end=work.end + 7 * tales.DAY)
    span = window[0] + 7 * tales.DAY, window[1] + 7 * tales.DAY
    tale.outages += [work, replace(again, window=span, approved=span[0] - tales.DAY)]
    tale.reported = [tales.Reported(1, tales.at(date(2025, 7, 4), "10:07"), 3, *minutes(tales, 30, 300))]
    found_ms = tales.at(date(2025, 6, 14), "11:00")
    flaw = tales.Flaw(0, "CVE-2025-0001", "9.8", "critical", found_ms, found_ms + 2 * tales.DAY)
    tale.flaws = [flaw]
    # One in time, one with a server that was silent.
    days = date(2025, 6, 13), date(2025, 7, 13)
    tale.occasions = [moment(tales, "a", days[0], 1), moment(tales, "b", days[1], 2, silent=1)]
    return tale


def moment(tales, name, first, ahead, silent=None):
    """A key moment of two days, inspected so many days before."""
    days = (first + timedelta(days=day) for day in (0, 2, -ahead))
    return tales.Occasion(name, *days, silent, told=first - timedelta(days=2))


def minutes(tales, *numbers):
    """So many, in ms."""
    return [number * tales.MINUTE for number in numbers]


@pytest.fixture(scope="module")
def played(year, tmp_path_factory):
    """The month, played."""
    estates, tales, demo = year["year_estate"], year["year_tale"], year["demo_year"]
    whole = estates.terms("luohe-2026")
    found = replace(whole, servers=7, units=whole.units[:2], systems=whole.systems[:2])
    tale = small(tales, found)
    before, year["year_tale"].TALES["luohe_monthly"] = tales.TALES["luohe_monthly"], lambda *_: tale
    year["year_life"].FAKED_WEEKS = range(5)
    try:
        site, _, truth, people = demo.play(tmp_path_factory.mktemp("year"), found, 7, 44)
    finally:
        tales.TALES["luohe_monthly"] = before
    yield site, found, tale, truth, people
    site.close()


def test_every_line_is_the_clerks_and_the_amendment_has_what_came_late(year, played):
    site, found, _, truth, people = played
    cards, wrong = year["demo_year"].judged(site, found, truth, people, site.hands.ms + 1)
    assert wrong == 0
    assert [card.period.name for card in cards] == ["2025-06"]
    (_, first), (_, last) = people.sealed["2025-06"]
    assert (first.number, last.number) == (0, 1)
    assert first.scorecard.total is None  # two days of looks were waiting for a line
    assert last.scorecard.total == cards[0].total


def test_the_tale_told_what_it_was_to_tell(year, played):
    _, _, _, truth, _ = played
    units = truth["2025-06"]["units"]
    assert [unit["late_faults"] for unit in units] == [[1], [3]]
    assert units[0]["late_vulns"] == {"critical": 1}
    assert [len(unit["inspections"]) for unit in units] == [6, 5]  # 12 June is in a week that has its round
    assert len(units[0]["systems"][0]["backups"]) == 3


def test_a_special_inspection_in_which_a_server_was_silent_is_none(year, played):
    site, found, tale, _, _ = played
    with site.context.read() as conn:
        lines = year["demo_year"].cadence.ledger(conn, site.hands.ms, whole_term=True).lines
    rows = [row for line in lines if line.obligation.id == "LH-05" for row in line.rows if row.cadence == 0]
    assert [(str(row.state), row.reason) for row in rows] == [("done", ""), ("missed", "partial")]
    kept = [year["year_truth"].in_time(found, tale, one, 3) for one in tale.occasions]
    assert kept == [True, False]


def test_work_that_was_approved_in_time_is_no_fault_and_work_that_never_was_is_one(year, played):
    site, _, tale, _, people = played
    assert [people.fault(one)[:6] for one in tale.outages if one.onset is not None] == ["sys-01", "sys-02"]
    with site.context.read() as conn:
        known = year["year_people"].faults.told(conn, site.hands.ms, "2025-06").account.faults
    assert [str(one.origin) for one in known] == ["measured", "measured", "reported"]


def test_what_stands_still_and_what_is_copied_is_named_and_nothing_else(year, played):
    site, _, _, _, _ = played
    suspicious = year["demo_year"].suspicious
    with site.context.read() as conn:
        found = suspicious.suspicions(conn, "2025-07", site.hands.ms)
    named = {(str(one.word), one.check, one.target, one.of) for one in found}
    assert named == {
        ("constant", "host.memory", "srv-04", ""),
        *(("copied", f"host.{name}", "srv-07", "srv-06") for name in ("cpu", "memory", "uptime")),
    }


def test_the_command_names_them_with_the_places_of_their_looks(played):
    site = played[0]

    def ask(*words):
        return CliRunner().invoke(scorecard, ["suspicious", str(site.place), *words])

    found = ask("--period", "2025-07")
    assert found.exit_code == 1
    assert "4 suspicious" in found.output, found.output
    assert re.search(r"^constant\thost.memory memory\tsrv-04\t.*\t5 looks: \d+:\d+ ", found.output, re.M)
    assert re.search(r"^copied of srv-06\thost.cpu total\tsrv-07\t", found.output, re.M)
    places = [one["looks"] for one in json.loads(ask("--period", "2025-07", "--json").output)]
    assert all(place["entry"] < site.entries() for looks in places for place in looks)
    none = ask("--period", "2025-06")
    assert (none.exit_code, none.output) == (0, "0 suspicious\n")
    assert ask("--period", "2031-01").exit_code == 2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("availability", "DIR", "sys-01", "--from", "x", "--to", "2025-07-01"), "--from: 'x' is no day"),
        (
            ("availability", "DIR", "sys-01", "--from", "2025-07-01", "--to", "2025-13-01"),
            "--to: '2025-13-01'",
        ),
        (
            ("availability", "DIR", "sys-01", "--from", "2025-07-02", "--to", "2025-07-01"),
            "--to 2025-07-01 is not after --from 2025-07-02",
        ),
        (
            ("backup", "DIR", "/nowhere-here/x.tar"),
            "/nowhere-here/x.tar: there is no directory /nowhere-here",
        ),
        (("backup", "DIR"), "Missing argument 'FILE' (main backup --help)"),
        (("scorecard", "DIR", "--perod", "x"), "Did you mean '--period'? (main scorecard show --help)"),
        (("nosuch",), "No such command 'nosuch' (main --help)"),
    ],
)
def test_what_is_asked_wrongly_on_the_line_is_told_in_one_line(played, words, says):
    site = played[0]
    done = CliRunner().invoke(main, [str(site.place) if word == "DIR" else word for word in words])
    assert done.exit_code == 2
    assert done.output.count("\n") == 1
    assert done.output.startswith("roundseal-collector: ") and says in done.output
