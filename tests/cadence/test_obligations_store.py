"""From signed results and statements through the real intake to the lines of the obligation ledger."""

import json
from datetime import datetime

import pytest
from click.testing import CliRunner

from collector.cli import main
from collector.jobs import cadence, derive, statements
from collector.judging.judge import NoScorecard

MONDAYS = ("2026-07-13", "2026-07-20", "2026-07-27", "2026-08-03")


def local(text):
    return int(datetime.fromisoformat(text + "+08:00").timestamp() * 1000)


def lines(site, as_of=None, period="2026-07", **more):
    derive.catch_up(site.context)
    with site.context.read() as conn:
        told = cadence.ledger(conn, site.world.at if as_of is None else as_of, period, **more)
    return {line.obligation.id: line for line in told.lines}


def states(line, cadence_number=0):
    return [(row.turn.unit, row.state.value) for row in line.rows if row.cadence == cadence_number]


def test_without_a_contract_there_is_no_ledger(site):
    with pytest.raises(NoScorecard), site.context.read() as conn:
        cadence.ledger(conn, site.world.at)


def test_every_obligation_of_the_contract_stands_in_the_ledger(month):
    found = lines(month)
    assert len(found) == 39 and found["LH-44"].obligation.clause.startswith("附件2")


def test_weekly_inspections_of_each_unit_are_kept_with_their_records_as_evidence(month):
    line = lines(month)["LH-31"]
    assert line.standing.value == "kept" and line.counts["done"] == 10  # two units, four weeks and the month
    assert {row.turn.unit for row in line.rows} == {"centre", "county"}
    assert len(line.entries) == 4


def test_a_week_that_ended_on_the_logs_first_day_but_before_its_first_entry_is_not_proven(luohe, tmp_path):
    # Monday in China, Sunday by UTC: a whole week had ended some hours before.
    with luohe.opened(tmp_path / "collector", local("2026-07-13T02:54")) as site:
        site.apply()
        site.go("2026-07-27T12:00")
        site.settle()
        line = lines(site, whole_term=True)["LH-31"]
    weeks = {row.turn.key: (row.state.value, row.reason) for row in line.rows if row.cadence == 0}
    assert weeks["2026-W28"] == ("not_proven", "nobody_watched")
    assert weeks["2026-W29"][0] == "missed"


def test_a_unit_that_was_not_inspected_one_week_breaks_it_and_the_other_does_not(site):
    site.apply()
    for monday in MONDAYS:
        site.inspect(
            monday, ("web-01", "web-02") if monday == MONDAYS[1] else ("web-01", "web-02", "mail-01")
        )
    site.go("2026-08-10T01:00")
    site.settle()
    line = lines(site)["LH-31"]
    week = [(row.turn.unit, row.state.value, row.reason) for row in line.rows if row.turn.key == "2026-W30"]
    assert week == [("centre", "done", ""), ("county", "missed", "partial")]
    month = {row.turn.unit: (row.state.value, row.counted) for row in line.rows if row.cadence == 1}
    assert month == {"centre": ("done", 4), "county": ("missed", 3)}
    assert line.standing.value == "broken"


def test_results_that_come_after_the_month_count_from_then_on(site):
    site.apply()
    for monday in MONDAYS[:3]:
        site.inspect(monday)
    site.go("2026-08-10T00:30")
    site.settle()
    before = lines(site)["LH-31"]
    late = site.go("2026-08-10T02:00")
    window, t = "weekly/2026-08-03", local("2026-08-03T10:00")
    for name in ("web-01", "web-02", "mail-01"):
        site.world.agent(name).send(site.look(name, window, t))
    site.settle()
    after = lines(site)["LH-31"]
    # The last round can still be answered: neither its week nor the month is missed yet.
    assert (before.counts["not_proven"], before.counts["missed"]) == (4, 0)
    assert (after.standing.value, after.counts["done"]) == ("kept", 10)
    assert any(row.arrived_late for row in after.rows)
    again = lines(site, late - 3_600_000)["LH-31"]
    assert again.counts == before.counts


def test_a_month_with_no_evidence_at_all_is_not_proven(site):
    site.apply()
    site.go("2026-12-10T01:00")
    found = lines(site, period="2026-10")
    line = found["LH-30"]
    assert line.standing.value == "not_proven"
    assert found["LH-33"].standing.value == "not_proven"


def test_a_scan_of_one_system_is_none_of_the_other(month):
    line = lines(month)["LH-33"]
    assert {row.turn.system: row.state.value for row in line.rows} == {"portal": "done", "mail": "missed"}


def test_a_visit_is_done_where_somebody_said_so_and_not_proven_elsewhere(month):
    line = lines(month)["LH-30"]
    assert states(line) == [("centre", "done"), ("county", "not_proven")]
    assert [filed.kind for filed in line.filed] == ["visit"]


def test_a_notice_that_comes_before_excuses_the_week(site):
    site.apply()
    site.go("2026-07-14T08:00")
    fields = {
        "obligation": "LH-31",
        "from": "2026-07-13",
        "to": "2026-07-20",
        "unit": "county",
        "reason": "机房停电",
    }
    statements.add(site.context, "waiver", fields, by="cli")
    site.go("2026-07-20T10:00")  # the next round has begun: that of the week is closed
    site.settle()
    line = lines(site)["LH-31"]
    week = {row.turn.unit: row.state.value for row in line.rows if row.turn.key == "2026-W29"}
    assert week == {"centre": "missed", "county": "excused"}
    # It came after the week had begun: said in LH-34, whatever it excuses.
    assert lines(site)["LH-34"].standing.value == "broken"


def test_a_rebuild_gives_the_same_ledger(month):
    before = lines(month)
    derive.rebuild(month.context)
    derive.catch_up(month.context)
    after = lines(month)
    assert {name: (line.standing, line.counts, line.entries) for name, line in before.items()} == {
        name: (line.standing, line.counts, line.entries) for name, line in after.items()
    }


def test_the_command_prints_lines_and_json_and_tells_by_its_exit_code(month):
    asked = ["obligations", str(month.world.directory), "--period", "2026-07", "--as-of", "2026-08-10"]
    text = CliRunner().invoke(main, asked)
    assert text.exit_code == 1, text.output
    assert "LH-31\tkept\tAUTO\tdone 10" in text.output
    made = CliRunner().invoke(main, [*asked, "--json"])
    found = {one["id"]: one for one in json.loads(made.output)["obligations"]}
    assert found["LH-31"]["standing"] == "kept" and found["LH-31"]["rows"][0]["entries"]
    for wrong in (["--period", "2031-01"], ["--as-of", "someday"], ["--as-of", "2999-01-01"]):
        done = CliRunner().invoke(main, [*asked[:2], *wrong])
        assert done.exit_code == 2 and "Traceback" not in done.output, done.output


def test_a_visit_that_somebody_says_was_not_made_is_missed_and_the_rest_stays_not_proven(site):
    site.apply()
    site.go("2026-08-12T08:00")
    site.settle()
    assert states(lines(site)["LH-30"]) == [("centre", "not_proven"), ("county", "not_proven")]
    fields = {"obligation": "LH-30", "unit": "county", "period": "2026-07"}
    entry = statements.add(site.context, "not_done", fields, by="cli")
    line = lines(site)["LH-30"]
    assert states(line) == [("centre", "not_proven"), ("county", "missed")]
    assert {row.reason for row in line.rows if row.turn.unit == "county"} == {"stated_not_done"}
    assert entry
