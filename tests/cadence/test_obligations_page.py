"""docs/packs/obligations.md holds every id of the contracts with its state, test and kind of evidence."""

import ast
import importlib.util
from pathlib import Path

import pytest

from collector.packs.loading import packaged

ROOT = Path(__file__).resolve().parents[2]
IDS = dict(
    line.split() for line in (Path(__file__).parent / "obligation_ids.txt").read_text("utf-8").splitlines()
)


@pytest.fixture(scope="module")
def maker():
    spec = importlib.util.spec_from_file_location(
        "make_obligations", ROOT / "deploy/docs/make_obligations.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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


def test_each_names_a_test_that_is_there(maker):
    known = {}
    for one, _ in maker.obligations():
        path, _, name = maker.test_of(one).partition("::")
        if path not in known:
            tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
            known[path] = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        assert name in known[path], one.id


def test_every_price_is_one_of_the_packs(maker):
    for name in maker.PACKS:
        pack = packaged(name).pack
        assert list(pack.obligations.mistakes(pack)) == []
