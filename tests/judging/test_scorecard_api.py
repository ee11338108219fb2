"""Scorecards as JSON: the same figures as the command's, and typed answers to mistakes."""

import json

import pytest

from collector.jobs import scorecards as jobs
from collector.store import accounts
from collector.web.app import create_app

PERIOD = "2026-07"


@pytest.fixture
def asked(site):
    """GET as somebody who is logged in: status and JSON."""
    site.apply()
    for monday in ("2026-07-13", "2026-07-20"):
        site.inspect(monday)
    site.go("2026-08-10T12:00")
    site.settle()
    client = create_app(site.context).test_client()
    with site.context.write() as conn:
        client.set_cookie("roundseal", accounts.open_session(conn, "buyer", site.context.now()))

    def get(path):
        answer = client.get(path)
        return answer.status_code, json.loads(answer.text)

    get.client, get.site = client, site
    return get


def test_nobody_reads_a_scorecard_without_an_account(asked):
    answer = create_app(asked.site.context).test_client().get(f"/api/v1/scorecards/{PERIOD}")
    assert (answer.status_code, answer.json["status"]) == (401, "no_account")


MISTAKES = [
    ("scorecards/2031-01", 404, "no_such_period"),
    (f"scorecards/{PERIOD}?as_of=2031-01-01", 400, "future"),
    (f"scorecards/{PERIOD}?as_of=soon", 400, "bad_request"),
    (f"scorecards/{PERIOD}?option.cuont=literal", 400, "bad_option"),
    (f"scorecards/{PERIOD}?option.count=often", 400, "bad_option"),
    (f"scorecards/{PERIOD}?what_if=wish:unit=centre", 400, "unknown_kind"),
    (f"scorecards/{PERIOD}?what_if=visit:when=now", 400, "unknown_field"),
    (f"scorecards/{PERIOD}/lines/nothing", 404, "no_such_line"),
    ("scorecards/2031-01/sealed", 404, "no_such_period"),
]


def test_a_mistake_is_a_typed_answer(asked):
    for path, status, word in MISTAKES:
        code, found = asked(f"/api/v1/{path}")
        assert (path, code, found["status"]) == (path, status, word)


def test_it_says_what_the_core_says_with_its_evidence(asked):
    made = jobs.scorecard(asked.site.context, PERIOD)
    status, found = asked(f"/api/v1/scorecards/{PERIOD}")
    assert (status, found["low"], found["status"]) == (200, str(made.scorecard.low), "over")
    _, (line,) = asked(f"/api/v1/scorecards/{PERIOD}/lines/inspection?unit=centre")
    assert (line["points"], line["counted"], line["grades"]) == ("4", "2", ["C"])
    assert line["entries"] == sorted({p["entry"] for i in line["counted_items"] for p in i["proofs"]})
    _, periods = asked("/api/v1/periods")
    assert [one["name"] for one in periods][:2] == ["2026-06", "2026-07"] and len(periods) == 12


def test_what_if_and_another_reading_change_only_what_they_are_about(asked):
    said = "what_if=satisfaction:unit=centre,period=2026-07,points=10"
    _, found = asked(f"/api/v1/scorecards/{PERIOD}?{said}")
    (supposed,) = found["what_if"]
    changed = {(one["what"], one["unit"]): (one["before"], one["after"]) for one in supposed["changes"]}
    assert changed == {("line.satisfaction", "centre"): ("30", "10")}
    _, other = asked(f"/api/v1/scorecards/{PERIOD}?option.count=literal")
    assert other["options"]["count"] == "literal"


def test_a_seal_is_read_back_as_it_was_logged(asked):
    idx, whole = jobs.seal(asked.site.context, PERIOD, by="manager")
    _, (found,) = asked(f"/api/v1/scorecards/{PERIOD}/sealed")
    assert (found["entry"], found["number"], found["size"]) == (idx, 0, whole.size)
    assert asked("/api/v1/openapi.json")[1]["openapi"] == "3.1.0"
