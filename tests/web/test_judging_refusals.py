"""What pages of judging refuse: it is named, in the language of the page."""

import re

import pytest
from parts import loaded

browsing = loaded("web/browsing.py")


HAN = re.compile(r"[\u4e00-\u9fff]")
pytestmark = pytest.mark.browser


def test_what_cannot_be_asked_of_a_scorecard_is_named(chromium, judged) -> None:
    with browsing.opened(chromium, judged, "gast") as page:
        get = page.request.get
        nope = get("/scorecard?period=nope")
        assert nope.status == 404 and "nope" in nope.text() and "2026-06" in nope.text()
        assert get("/archive?period=nope").status == 404 and "2026-06" in get("/faults?period=nope").text()
        early = get("/scorecard?period=2027-05")
        assert early.status == 404 and "2027-05-10" in early.text()
        for field, value in (
            ("as_of", "yesterday"),
            ("option.nope", "1"),
            ("option.count", "never"),
            ("what_if", "visit:nope=1,at=2026-11-20"),
        ):
            answer = get("/scorecard", params={"period": "2026-10", field: value})
            assert answer.status == 400 and field in answer.text(), field
        assert get("/scorecard?period=2026-10&as_of=2030-01-01").status == 404


def form_of(page, kind: str, **fields: str):
    """The answer to the form of a statement, filled in without a browser's own checks."""
    token = page.request.get(f"/statements/new/{kind}").text().partition('csrf_token" value="')[2]
    sent = {"csrf_token": token.partition('"')[0], **fields}
    return page.request.post(f"/statements/new/{kind}", multipart=sent)


REFUSED = [
    ("satisfaction", {"unit": "office", "period": "2026-10", "points": "99"}, "0 至 30"),
    ("satisfaction", {"unit": "office", "period": "2026-10"}, "至少填一项"),
    ("satisfaction", {"unit": "office", "period": "2026-10", "row1": "satisfied"}, "五项评价"),
    ("satisfaction", {"unit": "office", "period": "2026-13", "points": "9"}, "考核周期：应为"),
    ("satisfaction", {"unit": "nowhere", "period": "2026-10", "points": "9"}, "没有此使用单位"),
    ("satisfaction", {"unit": "office", "period": "2027-01", "points": "9"}, "还没有开始"),
    ("complaint", {"at": "2030-01-01T10:00", "justified": "true", "text": "x"}, "尚未发生"),
    ("complaint", {"at": "yesterday", "justified": "true", "text": "x"}, "时间：应为"),
    ("complaint", {"at": "0001-01-01T00:00", "justified": "true", "text": "x"}, "1970"),
    ("complaint", {"at": "2026-11-18T10:00", "text": "x"}, "是否属实：必填"),
    ("in_service", {"system": "portal", "in_service": "false", "since": "2026-11-02", "until": "2026-11-01"},
     "不晚于开始"),
    ("deduction", {"item": "nope", "day": "2026-11-01", "points": "1", "text": "x"}, "没有此项"),
    ("not_done", {"period": "2026-10", "item": "visit", "obligation": "LH-30"}, "只能填一项"),
    ("acceptance", {"period": "2026-10", "accepted": "perhaps"}, "应为是或否"),
]  # fmt: skip


def test_what_a_form_refuses_is_said_in_the_language_of_the_page(chromium, judged) -> None:
    english = re.compile(r"[A-Za-z]{4,} [a-z]{2,} [a-z]{2,}")  # three words in a row
    with browsing.opened(chromium, judged, "buyer") as page:
        for kind, fields, told in REFUSED:
            text = form_of(page, kind, **fields).text()
            said = text.partition('role="alert">')[2].partition("<")[0]
            assert told in said and not english.search(said), (kind, fields, said)
        page.goto("/language?to=en&next=/")
        for kind, fields, _ in REFUSED:
            text = form_of(page, kind, **fields).text()
            said = text.partition('role="alert">')[2].partition("<")[0]
            assert said.startswith("Not stated: ") and len(said) > 16, (kind, fields, said)
            # The contract's own names and clauses stay as it prints them.
            assert kind in ("satisfaction", "deduction") or not HAN.search(said), said


def test_what_a_scorecard_refuses_is_said_in_the_language_of_the_page(chromium, judged) -> None:
    asked = {
        "what_if=visit:unit=nowhere,at=2026-11-20": "没有此使用单位",
        "what_if=nope:at=1": "没有此类填报",
        "option.count=never": "应为其中之一",
        "option.unseen.max=-1": "整数",
        "as_of=1969-01-01": "合同包",
    }
    with browsing.opened(chromium, judged, "gast") as page:
        for query, told in asked.items():
            answer = page.request.get(f"/scorecard?period=2026-10&{query}")
            assert answer.status in (400, 404), query
            said = answer.text().partition("<main")[2].partition("</main")[0]
            assert told in said, (query, said)


def test_a_page_says_what_it_was_asked_and_does_not_know(chromium, judged) -> None:
    paths = ("/", "/scorecard", "/today", "/obligations", "/faults", "/findings", "/statements", "/archive")
    with browsing.opened(chromium, judged, "gast") as page:
        get = page.request.get
        for path in (*paths, "/documents", "/periods", "/settlement", "/scans"):
            answer = get(f"{path}?periode=2026-10")
            assert answer.status == 400 and "periode" in answer.text(), path
        nope = get("/statements?kind=nope")
        assert nope.status == 400 and "satisfaction" in nope.text()
        assert get("/statements?kind=visit").status == 200
        assert (
            get("/settlement?as_of=soon").status == 400 and get("/settlement?as_of=2030-01-01").status == 404
        )
        then = get("/settlement?as_of=2026-11-01")
        assert then.status == 200 and "不是现行结算" in then.text() and "2026-11</a>" not in then.text()
        term = get("/obligations?period=term")
        assert term.status == 200 and "整个服务期" in term.text() and "2027-05" in term.text()
        assert get("/obligations/LH-31?period=term").status == 200
        bad = get("/api/v1/scorecards/2026-10?as_of=2026-02-30")
        assert bad.status == 400 and "as_of" in bad.json()["detail"]
        bad = get("/api/v1/scorecards/2026-10?what_if=visit:nope=1")
        assert bad.status == 400 and "what_if" in bad.json()["detail"]
