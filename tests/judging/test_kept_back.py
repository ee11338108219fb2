"""Weights, vetoes, fixed fines and retention over a real log: stated, sealed, amended, settled, verified."""

import shutil
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from collector.jobs import scorecards as jobs
from collector.jobs import settlements
from collector.jobs.statements import StatementError
from collector.packs.loading import OURS
from collector.store import accounts
from collector.store import scorecards as store
from collector.web.app import create_app

PACKS = Path(__file__).resolve().parents[1] / "packs"


@pytest.fixture
def harbour(site, estate, monkeypatch, tmp_path):
    """A site under the harbour's contract, in the July after its first half-year."""
    folder = tmp_path / "packs"
    folder.mkdir()
    shutil.copy(PACKS / "harbour.yaml", folder / "harbour-2028.yaml")
    monkeypatch.setenv(OURS, str(folder))
    text = estate.replace("luohe-2026, start: 2026-06-10", "harbour-2028, start: 2026-01-01")
    site.apply(text.replace("{id: county, name: 县级中心}", "{id: county, name: 县级中心, kind: county}"))
    site.go("2026-07-20T09:00")
    site.settle()
    return site


def card(site, name):
    return jobs.scorecard(site.context, name).scorecard


def settled(site):
    ((_, made),) = settlements.seal(site.context, by="manager")
    return {one.id: (one.low, one.high) for one in made.settlement.money}


def test_a_fine_of_a_fixed_sum_is_stated_without_one(harbour):
    harbour.say("fine", item="mess", day="2026-06-30", text="dust")
    assert [one.yuan for one in card(harbour, "half-1").money if one.id == "fines"] == [Decimal("2000.00")]
    with pytest.raises(StatementError, match="fixes no sum for it"):
        harbour.say("fine", item="smoking", day="2026-06-30", text="again")
    with pytest.raises(StatementError, match="not both yuan and percent"):
        harbour.say("fine", item="mess", day="2026-06-30", text="x", yuan="5", percent="1")
    # Of a range it may be said in yuan too: 1 to 5 per cent of the half's 600 000.
    harbour.say("fine", item="smoking", day="2026-06-30", text="again", yuan="30000")
    with pytest.raises(StatementError, match="is not from 6000 to 30000 yuan"):
        harbour.say("fine", item="smoking", day="2026-06-30", text="again", yuan="30001")


def test_units_weigh_by_their_kind_and_nobody_by_an_id_that_is_not_there(harbour):
    made = card(harbour, "half-1")
    whole = next(one for one in made.lines if one.id == "faults")
    low = {one.unit: one.low for one in made.sums if one.unit}
    # Of two units the county counts twice.
    assert made.low == whole.low + Fraction(low["centre"] + 2 * low["county"], 3)


def test_what_is_stated_of_a_sealed_half_a_year_later_is_lost_by_an_amendment(harbour, tmp_path):
    site = harbour
    jobs.seal(site.context, "half-1", by="manager")
    site.go("2027-01-05T09:00")
    site.settle()
    jobs.seal(site.context, "half-2", by="manager")
    site.settle()
    before = settled(site)
    assert before["retention_lost"] == (0, 0) and "retention_due@2028-01-01" in before
    site.settle()
    # Of December 2027, long after the term: it names the period whose retention it is about.
    site.go("2027-12-20T09:00")
    site.say("veto", item="warranty", day="2027-12-19", period="half-2", text="leak", amendment="yes")
    site.settle()
    _, whole = jobs.seal(site.context, "half-2", by="manager")
    assert whole.number == 1 and "warranty" in whole.scorecard.vetoes
    site.settle()
    after = settled(site)
    assert after["retained"] == before["retained"]
    due, lost = after["retention_due@2028-01-01"][1], after["retention_lost"][1]
    assert lost == (after["retained"][1] * Decimal("0.6")).quantize(Decimal("0.01")) > 0
    assert due == after["retained"][1] - lost
    verdict = site.verdict(tmp_path / "b.zip")
    words = {name: word for name, word, _ in verdict.claims if name.startswith(("scorecard", "settlement"))}
    assert len(words) == 5 and set(words.values()) == {"proven if"}, words


def test_a_text_that_is_put_right_in_mid_term_leaves_the_payment_one(site, estate, tmp_path, monkeypatch):
    """Its digest is another: each quarter stands as it was sealed, and all are paid together."""
    whole = (PACKS / "harbour.yaml").read_text(encoding="utf-8")
    old = whole.replace("months: 6, count: 2", "months: 3, count: 4")
    new = old.replace("name: 不合格, name_en: bad", "name: 差, name_en: poor")
    new = new.replace("grade: 不合格", "grade: 差")
    for name, text in (("old", old), ("new", new)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "harbour-2028.yaml").write_text(text, encoding="utf-8")
    named = estate.replace("luohe-2026, start: 2026-06-10", "harbour-2028, start: 2026-07-01")
    monkeypatch.setenv(OURS, str(tmp_path / "old"))
    site.apply(named)
    site.go("2026-11-15T09:00")
    monkeypatch.setenv(OURS, str(tmp_path / "new"))
    site.apply(named)
    site.go("2027-07-05T09:00")
    site.settle()
    for number in range(1, 5):
        jobs.seal(site.context, f"half-{number}", by="manager")
        site.settle()
    ((_, made),) = settlements.seal(site.context, by="manager")
    assert len(made.settlement.periods) == 4
    with site.context.read() as conn:
        sealed = {row.period: jobs.read_sealed(conn, row).scorecard for row in store.sealed(conn)}
    assert len({one.pack_digest for one in sealed.values()}) == 2
    client = create_app(site.context).test_client()
    with site.context.write() as conn:
        client.set_cookie("roundseal", accounts.open_session(conn, "buyer", site.context.now()))
    shown = client.get("/settlement")
    # Each by its own text; it was 400 for any seal of another digest.
    assert shown.status_code == 200 and shown.text.count("已封存") >= 4
    verdict = site.verdict(tmp_path / "b.zip")
    words = {name: word for name, word, _ in verdict.claims if name.startswith(("scorecard", "settlement"))}
    assert len(words) == 5 and set(words.values()) == {"proven if"}, words


def test_a_reading_that_only_an_older_text_has_changes_what_that_sealed(site, estate, tmp_path, monkeypatch):
    """The text in force knows no such option: the page must show it all the same, and not fail."""
    new = (
        (PACKS / "harbour.yaml")
        .read_text(encoding="utf-8")
        .replace("months: 6, count: 2", "months: 3, count: 4")
    )
    old = new.replace("yuan: 2000}", "yuan: {option: mess.each}}") + (
        "options:\n- {key: mess.each, number: '1', default: 2000, allowed: [2000, 4000], contradiction: true,"
        " clause: 第8条, zh: 每次罚款, en: each fine}\n"
    )
    for name, text in (("old", old), ("new", new)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "harbour-2028.yaml").write_text(text, encoding="utf-8")
    named = estate.replace("luohe-2026, start: 2026-06-10", "harbour-2028, start: 2026-07-01")
    monkeypatch.setenv(OURS, str(tmp_path / "old"))
    site.apply(named)
    site.go("2026-10-05T09:00")
    site.say("fine", item="mess", day="2026-09-30", text="dust")
    site.settle()
    jobs.seal(site.context, "half-1", by="manager")
    site.settle()
    monkeypatch.setenv(OURS, str(tmp_path / "new"))
    site.apply(named)
    site.go("2027-01-05T09:00")
    site.settle()
    client = create_app(site.context).test_client()
    with site.context.write() as conn:
        client.set_cookie("roundseal", accounts.open_session(conn, "buyer", site.context.now()))
    shown = client.get("/settlement")
    assert shown.status_code == 200 and "mess.each" in shown.text
