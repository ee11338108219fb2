"""What pages show of figures that are kept: never of before a word, a seal or an estate; and as of when.

The thread that makes figures ready is not started here: its turns are taken one by one.
"""

import importlib
import io
import random
import re
import subprocess
import sys
import threading
import zipfile
from datetime import datetime
from pathlib import Path

import luohe_site
import pytest
from sqlalchemy import update
from werkzeug.test import Client

from collector.documents.numbers import points
from collector.jobs import cadence, said, scorecards
from collector.serve import running
from collector.store import accounts
from collector.store.scorecards import unit_round_table
from collector.web.app import create_app
from collector.web.kept import FAILED_MS, SHOWN_MS, Failed, Kept, Waited

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
    text = luohe_site.ESTATE
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
        assert f"#{entry}" in client.get(line).text


# Pages of many figures wait for none of them.

CALCULATING, NOT_CALCULATED = "正在计算", "算不出"
LISTS = ("/periods", "/settlement")


@pytest.fixture
def summer(judged):
    """Three periods of which none is sealed; the third still runs."""
    for monday in MONDAYS[1:]:
        judged.inspect(monday)
    judged.go("2026-08-20T10:00")
    judged.settle()
    return judged


def rows_of(text: str, title: str = "") -> dict[str, str]:
    """Rows of the first table (or of the one called so) by the period that they lead to."""
    body = text.partition(f'aria-label="{title}"')[2] if title else text
    rows = re.findall(r"<tr><td.*?</tr>", body.partition("</table>")[0], re.DOTALL)
    found = {}
    for row in rows:
        name = re.search(r"/scorecard\?period=([^\"&]+)", row)
        if name:
            found[name[1]] = row
    return found


def lists(text: str) -> dict[str, str]:
    return rows_of(text, "考核期结案") or rows_of(text, "各考核期")


@pytest.mark.parametrize("path", LISTS)
def test_a_list_shows_what_is_ready_and_says_of_the_rest_that_it_is_being_made(summer, path):
    pages = Pages(summer)
    assert CALCULATING not in pages.text(path) and "hx-get" not in pages.text(path)
    later(summer, 1000)
    summer.say("visit", by="operator", unit="centre", at="2026-08-19T09:00")
    text = pages.text(path)
    assert {name for name, row in lists(text).items() if CALCULATING in row} == {
        "2026-06",
        "2026-07",
        "2026-08",
    }
    assert f'hx-get="{path}?poll=1"' in text and '<noscript><meta http-equiv="refresh"' in text
    for left in (2, 1, 0):  # what a page lacks is made before anything else
        assert pages.job.turn()
        part = pages.text(f"{path}?poll=1")
        assert "<html" not in part
        assert sum(CALCULATING in row for row in lists(part).values()) == left
    assert "hx-get" not in part and CALCULATING not in part
    assert lists(part) == lists(pages.text(path))


def test_what_is_paid_is_not_added_up_before_every_period_of_it_is_known(summer):
    pages = Pages(summer)
    whole = pages.text("/settlement")
    assert "合计(已开始的)" in whole
    later(summer, 1000)
    summer.say("visit", by="operator", unit="centre", at="2026-08-19T09:00")
    pages.text("/settlement")
    assert pages.job.turn()
    text = pages.text("/settlement")
    assert "合计(已开始的)" not in text and "tile-number" not in text
    payment = text.partition('aria-label="结算与付款"')[2].partition("</table>")[0]
    assert CALCULATING in payment and "暂定" not in payment
    pages.work()
    text = pages.text("/settlement")
    assert "合计(已开始的)" in text and "tile-number" in text


@pytest.mark.parametrize("path", ["/settlement?as_of=2026-08-12T00:00:00", "/settlement"])
def test_a_file_is_whole_though_its_page_is_not(summer, path):
    pages = Pages(summer)
    later(summer, 1000)
    summer.say("visit", by="operator", unit="centre", at="2026-08-19T09:00")
    assert CALCULATING in pages.text(path)
    query = path.partition("?")[2]
    for name in ("settlement-periods", "settlement-payments", "judging-periods"):
        asked = f"?{query}" if query and name.startswith("settlement") else ""
        answer = pages.client.get(f"/tables/{name}.xlsx{asked}")
        assert answer.status_code == 200 and CALCULATING.encode() not in unzipped(answer.data)
    assert CALCULATING not in pages.text(path)


def unzipped(data: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as held:
        return b"".join(held.read(name) for name in held.namelist())


@pytest.mark.parametrize("path", LISTS)
def test_a_sealed_period_is_there_at_once_whatever_is_said(summer, path):
    for name in ("2026-06", "2026-07"):
        assert scorecards.seal(summer.context, name, by="manager")
        summer.settle()
    pages = Pages(summer)
    sealed = points_of(anew_seal(summer, "2026-07"))
    later(summer, 1000)
    summer.say("visit", by="operator", unit="centre", at="2026-08-19T09:00")
    rows = lists(pages.text(path))
    assert [name for name, row in rows.items() if CALCULATING in row] == ["2026-08"]
    assert sealed in rows["2026-07"] and "已封存" in rows["2026-07"]


def points_of(card) -> str:
    return points(card.total, 2) if card.total is not None else points(card.low)


def put(site, untried: str) -> None:
    """What a derived row says of assets that nobody tried in the third week of July."""
    table = unit_round_table
    with site.context.write() as conn:
        conn.execute(update(table).where(table.c.window == "weekly/2026-07-20").values(untried=untried))


def test_a_figure_that_fails_is_told_and_the_others_are_made(summer, caplog):
    pages = Pages(summer)
    put(summer, "no list")
    later(summer, 1000)
    summer.say("visit", by="operator", unit="centre", at="2026-08-19T09:00")
    for path in LISTS:
        pages.text(path)
    with caplog.at_level("ERROR", "collector.web.renewing"):
        pages.work()
    assert {record.message.partition(" ")[0] for record in caplog.records} >= {"card/2026-07", "card/2026-08"}
    assert all(record.exc_info for record in caplog.records)
    for path in LISTS:
        text = pages.text(path)
        rows = lists(text)
        assert {name for name, row in rows.items() if NOT_CALCULATED in row} == {"2026-07", "2026-08"}
        assert CALCULATING not in text and "no list" not in text and "服务器日志" in text
    put(summer, "")
    later(summer, FAILED_MS)
    assert CALCULATING in pages.text("/periods")
    pages.work()
    assert NOT_CALCULATED not in pages.text("/periods") and CALCULATING not in pages.text("/periods")


def test_while_people_state_and_figures_are_made_no_page_shows_one_of_before(summer):
    """The thread works, four people look, a fifth states: whatever a page shows has seen all that counted
    when the page was asked for. Each statement comes a second after the last, so a figure's instant tells."""
    pages = Pages(summer, ready=False)
    counted, wrong, shown, stop = [summer.world.at], [], [], threading.Event()
    with summer.context.write() as conn:
        token = accounts.open_session(conn, "buyer", summer.context.now())

    def look(path: str) -> None:
        client = pages.app.test_client()
        client.set_cookie("roundseal", token)
        while not stop.is_set():
            least = counted[-1]
            text = client.get(path).text
            for name, row in lists(text).items():
                seen = [datetime.fromisoformat(one) for one in re.findall(r'datetime="([^"]+)"', row)]
                if CALCULATING in row:
                    continue
                shown.append(least)
                if int(seen[-1].timestamp() * 1000) < least:
                    wrong.append((path, name, seen[-1], least))

    def look_at(path: str) -> None:
        client = pages.app.test_client()
        client.set_cookie("roundseal", token)
        while not stop.is_set():
            least = counted[-1]
            seen = re.search(r'<span class="hint">.*?datetime="([^"]+)"', client.get(path).text, re.DOTALL)
            shown.append(least)
            if int(datetime.fromisoformat(seen[1]).timestamp() * 1000) < least:
                wrong.append((path, "", seen[1], least))

    pages.job.start()
    lookers = [threading.Thread(target=look, args=("/periods",)) for _ in range(2)]
    lookers += [threading.Thread(target=look_at, args=(path,)) for path in ("/settlement", "/scorecard")]
    try:
        for one in lookers:
            one.start()
        for number in range(6):
            later(summer, 1000)
            at = summer.world.at
            unit = ("centre", "county")[number % 2]
            summer.say("satisfaction", unit=unit, period="2026-07", points=str(number + 20))
            counted.append(at)
            before = len(shown)
            for _ in range(6000):
                if len(shown) >= before + 6 or wrong:
                    break
                stop.wait(0.02)
            assert len(shown) >= before + 6
    finally:
        stop.set()
        for one in lookers:
            one.join()
        pages.job.stop()
    assert wrong == []
    for name in ("2026-06", "2026-07", "2026-08"):
        assert pages.card(name).made == anew(summer, name, pages.card(name).made.scorecard.as_of_ms)


def test_the_thread_makes_what_a_page_lacks_before_its_own_and_ends_in_the_middle_of_it(judged):
    pages = Pages(judged, ready=False)
    entered, go, order = threading.Event(), threading.Event(), []

    def stuck() -> None:
        order.append("stuck")
        entered.set()
        go.wait()

    def fails() -> None:
        order.append("fails")
        raise ZeroDivisionError

    pages.job.start()
    try:
        with pages.app.app_context():
            lacked = Waited(("card", "2026-06"), fails, 1000)
            while pages.kept.ready(lacked, pages.now.seen) is None:
                threading.Event().wait(0.01)
            assert isinstance(pages.kept.ready(lacked, pages.now.seen), Failed)
            assert pages.kept.ready(Waited(("card", "2026-05"), stuck, 1000), pages.now.seen) is None
        assert entered.wait(60)  # it went on after the one that failed
        thread = pages.job._thread
        pages.job.stop()  # the figure is not ready, and would never be: this returns even so
        assert thread.is_alive() and order == ["fails", "stuck"]
    finally:
        go.set()
    thread.join(60)
    assert not thread.is_alive()


def test_a_server_that_is_told_to_end_while_it_makes_figures_ends_as_always(summer, tmp_path):
    """A process of its own, from its first moment on: then all figures are still to be made."""
    command = Path(sys.executable).with_name("roundseal-collector")
    words = [command, "serve", tmp_path / "collector", "--plain-http", "--provers", "0"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        try:
            said = iter(server.stdout.readline, "")
            assert any("listening" in line for line in said)
            server.terminate()
            rest = "".join(said)
            assert server.wait(60) == 0
        finally:
            server.kill()
    assert "left behind" not in rest and "Traceback" not in rest
