"""docs/packs/obligations.md holds every id of the contracts with its state, test and kind of evidence."""

from pathlib import Path

import pytest
from parts import loaded

from collector.packs.loading import packaged

ROOT = Path(__file__).resolve().parents[2]
IDS = dict(
    line.split() for line in (Path(__file__).parent / "obligation_ids.txt").read_text("utf-8").splitlines()
)


@pytest.fixture(scope="module")
def maker():
    return loaded("../deploy/docs/make_obligations.py")


def test_the_page_is_what_the_packs_say(maker):
    assert maker.PAGE.read_text(encoding="utf-8") == maker.text()


def test_no_obligation_of_the_contracts_is_left_out_or_tagged_otherwise(maker):
    assert {one.id: one.tag.value for one, _ in maker.obligations()} == IDS
    page = maker.PAGE.read_text(encoding="utf-8")
    assert [name for name in IDS if f"### {name} " not in page] == []


def test_each_has_a_clause_evidence_a_rhythm_and_an_actor(maker):
    for one, _ in maker.obligations():
        assert one.clause and one.page and one.evidence and one.who and one.zh and one.en, one.id
        assert one.cadences or one.why_not, one.id
        assert one.form or one.tag.value != "MANUAL", one.id


def test_each_names_tests_that_are_there(maker):
    for one, _ in maker.obligations():
        assert len(maker.tests_of(one)) >= 2
        assert [name for name in maker.tests_of(one) if maker.there(name) != name] == []


def test_a_test_that_is_not_there_stops_the_page(maker):
    for name in ("tests/cadence/test_driven.py::test_of_nothing", "tests/cadence/conftest.py::test_it"):
        with pytest.raises(maker.NoTest):
            maker.there(name)


def test_every_price_is_one_of_the_packs(maker):
    for name in maker.PACKS:
        pack = packaged(name).pack
        assert list(pack.obligations.mistakes(pack)) == []
