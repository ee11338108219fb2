"""What the packs say of statements; what a section may not say; how it changes a kind."""

import pytest

from checks.codec import from_json, to_json
from collector.packs.loading import names, packaged
from collector.statements.kind import Paper
from collector.statements.kinds import KINDS
from collector.statements.lateness import Late, Rule
from collector.statements.terms import KindTerms, StatementsTerms, effective, in_use


@pytest.mark.parametrize("name", names())
def test_every_pack_says_which_statements_it_asks_for_and_by_which_clause(name):
    terms = packaged(name).pack.statements
    assert terms is not None and not list(terms.mistakes(None))
    asked = in_use(terms)
    assert {"level", "fault_reported", "finding_closed", "document_filed"} <= asked.keys()
    assert asked["finding_closed"].two
    assert all(one.clause and one.page for one in terms.kinds)
    assert from_json(StatementsTerms, to_json(terms), "statements") == terms


def test_nobody_of_the_vendors_side_speaks_for_the_buyer_in_any_pack():
    for name in names():
        asked = in_use(packaged(name).pack.statements)
        for kind in ("satisfaction", "force_majeure_decided", "maintenance_approved", "change_approved"):
            if kind in asked:
                assert asked[kind].who == {"buyer"}, (name, kind)


@pytest.mark.parametrize(
    ("one", "wanted"),
    [
        (KindTerms("dance", "§1", "1"), "is no kind"),
        (KindTerms("visit", "", "1"), "clause and page"),
        (KindTerms("visit", "§1", "1", who=("boss",)), "boss is none of"),
        (KindTerms("visit", "§1", "1", late=Late(Rule.AFTER, "when")), "has no field when"),
    ],
)
def test_a_section_with_a_mistake_is_told(one, wanted):
    ((path, reason),) = StatementsTerms((one,)).mistakes(None)
    assert path[:2] == ("kinds", 0) and wanted in reason


def test_a_kind_twice_is_told():
    twice = (KindTerms("visit", "§1", "1"), KindTerms("visit", "§1", "1"))
    assert [reason for _, reason in StatementsTerms(twice).mistakes(None)] == ["visit is there twice"]


def test_a_contract_changes_what_it_names_and_nothing_else():
    visit = KINDS["visit"]
    assert effective(visit, None) == visit == effective(visit, StatementsTerms())
    said = KindTerms("visit", "§1", "1", ("buyer",), True, True, Late(Rule.AFTER, "at", 1))
    made = effective(visit, StatementsTerms((said,)))
    assert (made.who, made.two, made.paper, made.late.hours) == ({"buyer"}, True, Paper.MUST, 1)
    assert made.fields == visit.fields
    plain = effective(visit, StatementsTerms((KindTerms("visit", "§1", "1"),)))
    assert plain == visit
