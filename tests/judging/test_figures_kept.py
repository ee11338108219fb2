"""What pages show of figures that are kept: never of before a word, a seal or an estate; and as of when.

The thread that makes figures ready is not started here: its turns are taken one by one.
"""

import importlib
import random
import re
import threading

import pytest
from werkzeug.test import Client

from collector.jobs import cadence, said, scorecards
from collector.serve import running
from collector.store import accounts
from collector.web.app import create_app
from collector.web.kept import SHOWN_MS, Kept

MINUTE = 60_000
MONDAYS = ("2026-07-13", "2026-07-20", "2026-07-27", "2026-08-03")


class Pages:
    """An application whose figures are made ready, and a buyer who looks at it."""

    def __init__(self, site, *, ready: bool = True) -> None:
        self.site = site
        self.app = create_app(site.context)
        self.client = self.app.test_client()
        with site.context.write() as conn:
            token = accounts.open_session(conn, "buyer", site.context.now())
        self.client.set_cookie("roundseal", token)
        self.now = importlib.import_module("collector.web.judging_now")
        self.job = importlib.import_module("collector.web.renewing").Renewing(self.app)
        with self.app.app_context():
            self.kept: Kept = self.now.figures()
        if ready:
            self.kept.renewing = self.job._want
            self.work()

    def work(self) -> int:
        """Turns until there is nothing to do; how many."""
        return sum(1 for _ in iter(self.job.turn, False))

    def card(self, name: str):
        with self.app.app_context():
            period = next(one for one in self.now.every_period() if one.name == name)
            return self.now.card(period)

    def text(self, path: str) -> str:
        answer = self.client.get(path)
        assert answer.status_code == 200, path
        return answer.text


@pytest.fixture
def judged(site):
    """The first days of the period that begins on 10 July, with its first round."""
    site.apply()
    site.inspect(MONDAYS[0])
    site.go("2026-07-14T10:00")
    return site


def later(site, ms: int) -> None:
    site.world.at += ms


def anew(site, name: str, as_of_ms: int):
    with site.context.read() as conn:
        return scorecards.scorecard_on(conn, name, as_of_ms)


def test_a_word_is_never_answered_with_a_figure_of_before(judged):
    pages = Pages(judged)
    before = pages.card("2026-07").made
    entry = judged.say("visit", by="operator", unit="centre", at="2026-07-14T09:00")
    made = pages.card("2026-07").made  # nothing was made ready in between
    assert made.size > entry >= before.size
    assert [item.proofs[0].entry for item in made.facts.items if item.kind == "visit"] == [entry]
    corrected = judged.say("visit", by="operator", unit="county", at="2026-07-14T09:00")
    assert {one.proofs[0].entry for one in pages.card("2026-07").made.facts.items if one.kind == "visit"} == {
        entry,
        corrected,
    }


def test_a_result_is_shown_soon_and_till_then_the_page_says_as_of_when_it_is(judged):
    pages = Pages(judged)
    old = pages.card("2026-07").made
    later(judged, MINUTE)
    judged.inspect(MONDAYS[1])
    judged.world.at = old.scorecard.as_of_ms + MINUTE
    assert pages.card("2026-07").made is old  # older than fresh, shown, and asked for behind the page
    shown = re.findall(r'<time datetime="([^"]+)"', pages.text("/obligations"))
    assert shown[0] == "2026-07-14T02:00:00Z"
    judged.go("2026-07-20T10:00")
    assert pages.card("2026-07").made.scorecard.as_of_ms == judged.world.at  # too old to be shown at all
    judged.world.at += MINUTE
    pages.card("2026-07")
    assert pages.work()
    assert pages.card("2026-07").made.scorecard.as_of_ms == judged.world.at


def test_without_that_thread_whoever_asks_makes_it(judged):
    pages = Pages(judged, ready=False)
    old = pages.card("2026-07").made
    later(judged, MINUTE)
    assert pages.card("2026-07").made.scorecard.as_of_ms == old.scorecard.as_of_ms + MINUTE


def test_a_figure_older_than_its_time_is_made_by_who_asks_even_so(judged):
    pages = Pages(judged)
    old = pages.card("2026-07").made
    later(judged, SHOWN_MS)
    assert pages.card("2026-07").made.scorecard.as_of_ms == old.scorecard.as_of_ms + SHOWN_MS


def test_a_seal_is_listed_at_once_and_by_its_own_figure(judged):
    for monday in MONDAYS[1:]:
        judged.inspect(monday)
    judged.go("2026-08-20T10:00")
    pages = Pages(judged)
    assert "2026-07" in pages.text("/periods")
    for period in ("2026-06", "2026-07"):
        made = scorecards.seal(judged.context, period, by="manager")
        judged.settle()
        text = pages.text("/periods")
        assert f"#{made[0]}" in text
    with pages.app.app_context():
        july = next(one for one in pages.now.every_period() if one.name == "2026-07")
        found = pages.now.listed(july)
    assert (found.status.word, found.card.as_of_ms) == ("sealed", anew_seal(judged, "2026-07").as_of_ms)
    pages.text("/settlement")
    # A late word: the list says so once the seal was held against it, and names till when it was.
    judged.say("visit", by="operator", unit="centre", at="2026-07-30T09:00", amendment="yes")
    pages.work()
    with pages.app.app_context():
        found = pages.now.listed(july)
    assert found.status.changes and found.compared_ms == judged.world.at
    assert found.card.total == anew_seal(judged, "2026-07").total
    assert pages.card("2026-07").status.changes == found.status.changes


def anew_seal(site, name: str):
    with site.context.read() as conn:
        return scorecards.read_sealed(conn, scorecards.history(conn, name)[-1]).scorecard


@pytest.mark.parametrize("seed", [1, 7, 23])
def test_what_is_kept_is_what_is_made_anew_whatever_comes_in_which_order(judged, seed):
    pages, draw = Pages(judged), random.Random(seed)
    rounds = list(MONDAYS[1:])

    def result() -> None:
        if rounds:
            judged.inspect(
                rounds.pop(0), draw.choice((("web-01", "web-02", "mail-01"), ("web-01", "web-02")))
            )

    def late() -> None:
        stamp = judged.world.at - draw.randrange(1, 48) * 60 * MINUTE
        look = judged.look("web-01", "", stamp, draw.choice(("ok", "crit")))
        judged.send("web-01", look)
        judged.settle()

    def word() -> None:
        unit = draw.choice(("centre", "county"))
        judged.say("satisfaction", unit=unit, period="2026-07", points=str(draw.randrange(31)))

    def scan() -> None:
        judged.scan("web-01", "web-02", "mail-01")
        judged.settle()

    def estate() -> None:
        judged.apply(judged_estate(draw))
        judged.settle()

    steps = [result, late, word, scan, word, late, result, estate, word, result, late]
    draw.shuffle(steps)
    for step in steps:
        later(judged, draw.choice((MINUTE // 4, MINUTE, 30 * MINUTE)))
        step()
        spoke = step in (word, estate)
        if not spoke and draw.random() < 0.5:
            pages.work()
        card = pages.card("2026-07").made
        assert card == anew(judged, "2026-07", card.scorecard.as_of_ms)
        if spoke:
            assert card.scorecard.as_of_ms == judged.world.at
        with pages.app.app_context():
            told = importlib.import_module("collector.web.pages.obligations").told("2026-07")
        with judged.context.read() as conn:
            assert told.lines == cadence.ledger(conn, told.as_of_ms, "2026-07").lines
    judged.go("2026-08-11T10:00")
    judged.settle()
    pages.work()
    card = pages.card("2026-07").made
    assert card == anew(judged, "2026-07", card.scorecard.as_of_ms)


def judged_estate(draw) -> str:
    text = importlib.import_module("tests.judging.conftest").ESTATE
    return text.replace("99.9%", draw.choice(("99.5%", "98%", "90%")))


def test_what_somebody_states_on_a_page_counts_on_the_page_that_opens_next(judged):
    with judged.context.write() as conn:
        token = accounts.open_session(conn, "operator", judged.context.now())
    with running(
        judged.context
    ) as app:  # with the server's own threads: one derives, one makes figures ready
        client = Client(app)
        client.set_cookie("roundseal", token)
        line = "/scorecard/line/visit?unit=centre&period=2026-07"
        assert client.get(line).status_code == 200
        form = client.get("/statements/new/visit").text
        given = {
            "csrf_token": form.partition('name="csrf_token" value="')[2].partition('"')[0],
            "unit": "centre",
            "at": "2026-07-14T09:00",
        }
        answer = client.post("/statements/new/visit", data=given)
        assert answer.status_code == 302, answer.text
        with judged.context.read() as conn:
            (entry,) = (one.entry for one in said.every_said(conn, judged.world.at) if one.kind == "visit")
        assert f"/log/{entry}" in client.get(line).text or f"#{entry}" in client.get(line).text


# The store of figures alone.


def test_of_several_who_ask_at_once_one_makes_it():
    kept, entered, go = Kept(), threading.Event(), threading.Event()
    made = []

    def make() -> int:
        entered.set()
        assert go.wait(60)
        made.append(1)
        return len(made)

    got: list[int] = []
    threads = [
        threading.Thread(target=lambda: got.append(kept.of(("a",), make, lambda: ((1, 1, 1), 5), 100)))
        for _ in range(4)
    ]
    for one in threads:
        one.start()
    assert entered.wait(60)
    go.set()
    for one in threads:
        one.join()
    assert got == [1, 1, 1, 1]


def test_a_figure_that_was_begun_before_a_word_is_not_shown_after_it():
    kept = Kept()
    kept.renewing = lambda name: None
    mark = [(1, 1, 1)]

    def make() -> str:
        mark[0] = (2, 1, 1)  # somebody speaks while it is made
        return "before"

    assert kept.of(("a",), make, lambda: (mark[0], 0), 100, behind=True) == "before"
    assert kept.of(("a",), lambda: "after", lambda: (mark[0], 0), 100, behind=True) == "after"


def test_what_cannot_be_made_again_is_held_no_more():
    kept = Kept()
    assert kept.of(("a",), lambda: 1, lambda: ((1, 1, 1), 0), 100) == 1

    def make() -> int:
        raise ValueError("gone")

    with pytest.raises(ValueError, match="gone"):
        kept.renew(("a",), make, lambda: ((1, 1, 1), 0))
    assert kept.get(("a",)) is None
