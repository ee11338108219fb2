"""A pack that is replaced by another: what it had begun stays with it, and can be asked for."""

import json

import pytest
from click.testing import CliRunner

from collector.cli import main
from collector.jobs import cadence, faults
from collector.jobs import scorecards as jobs
from collector.jobs.spans import span_of
from collector.jobs.statements import StatementError
from collector.judging.judge import NoScorecard
from collector.store import accounts
from collector.web.app import create_app

LUOHE = "luohe-2026, start: 2026-06-10"
OLD = "pingdingshan-2024, start: 2026-05-05"


@pytest.fixture
def replaced(site, estate):
    """Pingdingshan from May on (a cycle is over, the next one runs), Luohe from the middle of August on."""
    site.apply(estate.replace(LUOHE, OLD))
    site.inspect("2026-07-13")
    site.go("2026-08-15T10:00")
    site.apply(estate.replace(LUOHE, "luohe-2026, start: 2026-08-10"))
    site.go("2026-09-20T01:00")
    site.settle()
    return site


def names(site):
    with site.context.read() as conn:
        return [one.name for one in jobs.every_period(conn, site.world.at)]


def proven(verdict):
    return {name: word for name, word, _ in verdict.claims if name.startswith("scorecard")}


def test_what_had_begun_stays_with_the_old_pack_and_is_sealed_and_verified(replaced, tmp_path):
    every = names(replaced)
    assert every[:2] == ["cycle-1", "cycle-2"] and every[2:4] == ["2026-08", "2026-09"] and len(every) == 14
    old = jobs.scorecard(replaced.context, "cycle-1").scorecard
    assert (old.pack, str(old.period.first)) == ("pingdingshan-2024", "2026-05-05")
    assert jobs.scorecard(replaced.context, "2026-08").scorecard.pack == "luohe-2026"
    assert jobs.scorecard(replaced.context, "1").scorecard.period.name == "2026-08"
    idx, whole = jobs.seal(replaced.context, "cycle-1", by="manager")
    assert whole.scorecard.pack == "pingdingshan-2024"
    replaced.settle()
    jobs.seal(replaced.context, "2026-08", by="manager")
    verdict = replaced.verdict(tmp_path / "b.zip")
    assert proven(verdict) == {
        "scorecard cycle-1 (seal)": "proven if",
        "scorecard 2026-08 (seal)": "proven if",
    }
    assert verdict.good, verdict.findings
    with replaced.context.read() as conn:
        assert [row.idx for row in jobs.history(conn, "cycle-1")] == [idx]


def test_statements_about_it_are_held_to_the_old_pack_and_close_it(replaced, tmp_path):
    jobs.seal(replaced.context, "cycle-1", by="manager")
    replaced.settle()
    said = {"accepted": "true"}
    for period, code in (("cycle-3", "unknown_period"), ("cycle-1", "sealed")):
        with pytest.raises(StatementError) as refused:
            replaced.say("acceptance", period=period, **said)
        assert refused.value.code == code
    entry = replaced.say("acceptance", period="cycle-1", amendment="yes", **said)
    with pytest.raises(StatementError, match="pingdingshan-2024 has no rule"):
        replaced.say("satisfaction", unit="centre", period="cycle-1", points="25", amendment="yes")
    replaced.say("satisfaction", unit="centre", period="2026-08", points="25")
    asked = {"silence": "acceptance"}
    made = [jobs.scorecard(replaced.context, "cycle-1", at, asked) for at in (replaced.world.at - 1, None)]
    reasons = [{gap.reason for gap in one.facts.gaps} for one in made]
    assert ["not_accepted" in one for one in reasons] == [True, False], entry
    jobs.seal(replaced.context, "2026-08", by="manager")
    verdict = replaced.verdict(tmp_path / "b.zip")
    assert set(proven(verdict).values()) == {"proven if"} and verdict.good, verdict.findings
    assert not [text for text in verdict.findings.notices if "does not fit" in text]


def test_ledger_faults_spans_and_commands_know_it(replaced):
    with replaced.context.read() as conn:
        now = replaced.world.at
        assert cadence.ledger(conn, now, "cycle-1").pack == "pingdingshan-2024"
        assert faults.told(conn, now, "cycle-1").period.name == "cycle-1"
    assert span_of(replaced.context, "cycle-1", "Asia/Shanghai").name == "cycle-1"
    place = str(replaced.context.directory)
    replaced.context.close()
    listed = CliRunner().invoke(main, ["scorecard", "periods", place, "--json"])
    assert [one["name"] for one in json.loads(listed.output)][:3] == ["cycle-1", "cycle-2", "2026-08"]
    for words in (("suspicious",), ("changes",), ()):
        done = CliRunner().invoke(main, ["scorecard", *words, place, "--period", "cycle-1"])
        assert done.exit_code in (0, 1), done.output


def test_pages_and_api_show_it_too(replaced):
    jobs.seal(replaced.context, "cycle-1", by="manager")
    replaced.settle()
    client = create_app(replaced.context).test_client()
    with replaced.context.write() as conn:
        client.set_cookie("roundseal", accounts.open_session(conn, "buyer", replaced.context.now()))
    listed = client.get("/api/v1/periods").json
    assert [one["name"] for one in listed][:3] == ["cycle-1", "cycle-2", "2026-08"]
    assert client.get("/api/v1/scorecards/1").json["period"]["name"] == "2026-08"
    assert client.get("/api/v1/scorecards/cycle-1").json["pack"] == "pingdingshan-2024"
    (sealed,) = client.get("/api/v1/scorecards/cycle-1/sealed").json
    assert sealed["scorecard"]["pack"] == "pingdingshan-2024"
    assert client.get("/api/v1/archive/cycle-1").status_code == 200
    for path in ("/periods", "/scorecard?period=cycle-1", "/documents?period=cycle-1", "/settlement"):
        page = client.get(path)
        assert page.status_code == 200, path
    assert "cycle-1" in client.get("/periods").text
    money = client.get("/settlement").text
    older = money.partition("已被替换的合同")[2].partition("</section>")[0]
    assert "pingdingshan-2024" in older and "cycle-1" in older


def test_a_pack_put_right_and_then_replaced_is_settled_apart_on_the_page_too(site, estate):
    """Both Pingdingshan packs have the same periods: those of one are not settled by the other."""
    site.apply(estate.replace(LUOHE, "pingdingshan-2024, start: 2026-03-05"))
    site.go("2026-07-15T10:00")
    site.apply(estate.replace(LUOHE, "pingdingshan-2025, start: 2026-03-05"))
    site.go("2026-10-15T10:00")
    site.apply(estate.replace(LUOHE, "luohe-2026, start: 2026-10-10"))
    site.go("2026-11-20T01:00")
    site.settle()
    client = create_app(site.context).test_client()
    with site.context.write() as conn:
        client.set_cookie("roundseal", accounts.open_session(conn, "buyer", site.context.now()))
    page = client.get("/settlement")
    assert page.status_code == 200, page.text
    said = [f"({pack})</h2>" in page.text for pack in ("pingdingshan-2024", "pingdingshan-2025")]
    assert said == [True, True]


def test_a_contract_that_is_removed_leaves_both(replaced, estate):
    before = names(replaced)
    contract = next(line for line in estate.splitlines() if line.startswith("contract:"))
    replaced.apply(estate.replace(contract + "\n", ""))
    assert names(replaced) == before
    assert jobs.scorecard(replaced.context, "cycle-2").scorecard.pack == "pingdingshan-2024"


def test_the_period_in_which_a_contract_was_first_named_stays_until_another_has_one_for_it(site, estate):
    site.apply(estate)
    site.go("2026-07-02T10:00")
    site.settle()
    assert names(site)[:2] == ["2026-06", "2026-07"]
    site.apply(estate.replace(LUOHE, "pingdingshan-2024, start: 2026-12-15"))
    site.go("2026-07-03T10:00")
    site.settle()
    assert names(site)[:2] == ["2026-06", "cycle-1"]
    assert jobs.scorecard(site.context, "2026-06").scorecard.pack == "luohe-2026"
    site.apply(estate.replace(LUOHE, "pingdingshan-2024, start: 2026-06-15"))
    site.go("2026-07-04T10:00")
    site.settle()
    assert "cycle-1" in names(site) and "2026-06" not in names(site)


def test_a_later_contract_with_the_same_names_carries_its_pack_behind_them(site, estate, tmp_path):
    site.apply(estate.replace(LUOHE, OLD))
    site.inspect("2026-07-13")
    site.go("2026-08-15T10:00")
    jobs.seal(site.context, "cycle-1", by="manager")
    site.settle()
    site.apply(estate.replace(LUOHE, "pingdingshan-2025, start: 2026-09-01"))
    site.go("2026-12-10T01:00")
    site.settle()
    every = names(site)
    later = [f"cycle-{n}@pingdingshan-2025" for n in range(1, 5)]
    assert every == ["cycle-1", "cycle-2", *later]
    assert jobs.scorecard(site.context, "cycle-1").scorecard.pack == "pingdingshan-2024"
    assert jobs.scorecard(site.context, "1").scorecard.period.name == later[0]
    site.say("acceptance", period=later[0], accepted="true")
    for name in ("cycle-2", later[0]):
        jobs.seal(site.context, name, by="manager")
        site.settle()
    verdict = site.verdict(tmp_path / "b.zip")
    wanted = {f"scorecard {name} (seal)": "proven if" for name in ("cycle-1", "cycle-2", later[0])}
    assert proven(verdict) == wanted and verdict.good, verdict.findings


def test_of_the_same_pack_the_first_day_stands_behind_the_name(site, estate):
    site.apply(estate.replace(LUOHE, OLD))
    site.go("2026-08-15T10:00")
    site.apply(estate.replace(LUOHE, "pingdingshan-2024, start: 2026-09-01"))
    site.settle()
    assert names(site)[:3] == ["cycle-1", "cycle-2", "cycle-1@2026-09-01"]
    with pytest.raises(NoScorecard, match="cycle-1@2026-09-01"):
        jobs.scorecard(site.context, "cycle-9")
