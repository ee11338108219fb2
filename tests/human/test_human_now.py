"""What people said last stands on the pages of assets and on Today, and holds no longer than it can."""

import re

import pytest

from collector.inspection.human import Answer
from collector.jobs import human, human_now, rounds
from collector.web.app import create_app

PASSWORD = "Right-horse-7"
STAIN = "空调下方有水渍"


@pytest.fixture
def page(walk):
    """A page's text, with a new login at the hour that it is."""
    app = create_app(walk.context)

    def get(path):
        client = app.test_client()
        token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/login").text).group(1)
        form = {"csrf_token": token, "name": "zhao", "password": PASSWORD}
        assert client.post("/login", data=form).status_code == 302
        answer = client.get(path)
        assert answer.status_code == 200
        return answer.text

    return get


def problems(text):
    return text.partition('id="problems"')[2].partition('id="rounds"')[0]


def unwatched(text):
    return text.partition('id="unwatched"')[2]


def day(walk, number, *answers):
    """A sheet of the room in the window of day `number`, from ten o'clock on that day."""
    walk.at(24 * number + 10)
    with walk.context.read() as conn:
        window = rounds.find(conn, f"walk/2026-11-{16 + number}", walk.context.now()).window
    human.arrive(walk.context, window, by="zhao")
    return human.enter(walk.context, window, "room-1", answers, by="zhao")


def states(walk):
    with walk.context.read() as conn:
        found = human_now.newest(conn, walk.context.now())
    return {one.owed.item.id: one.state for one in found if one.owed.spot.asset == "room-1"}


def test_what_nobody_has_ever_entered_is_unknown_and_that_people_look_is_told(walk, page) -> None:
    assert states(walk) == {"water": "unknown", "temperature": "unknown"}
    text = page("/assets/room-1")
    assert "从未有人填报" in text and "st-ok" not in text.partition("<main")[2]
    today = page("/today")
    assert "web-01" in unwatched(today) and "room-1" not in unwatched(today)


def test_an_abnormal_item_is_a_problem_of_today_until_a_later_sheet_says_otherwise(walk, page) -> None:
    sheet = day(walk, 0, Answer("water", "crit", STAIN), Answer("temperature", "ok", "", 23, "℃"))
    walk.at(40)
    assert walk.close().human.items[1].state == "crit"
    text = page("/assets/room-1")
    assert STAIN in text and "23 ℃" in text and f"#{sheet}" in text and "zhao" in text
    assert "从未有人" not in text and "walk/2026-11-16" in text
    row = page("/assets").partition("/assets/room-1")[2].partition("</tr>")[0]
    assert "st-bad" in row
    assert STAIN in problems(page("/today")) and "/assets/room-1" in problems(page("/today"))
    day(walk, 2, Answer("water", "ok"), Answer("temperature", "ok", "", 24, "℃"))
    assert states(walk) == {"water": "ok", "temperature": "ok"}
    assert STAIN not in problems(page("/today")) and STAIN not in page("/assets/room-1")


def test_a_good_answer_is_unknown_once_a_window_is_over_without_one_and_a_bad_one_stays(walk, page) -> None:
    day(walk, 0, Answer("water", "crit", STAIN), Answer("temperature", "ok", "", 23, "℃"))
    walk.at(24 + 20)  # the second window is over, and what is late is still taken
    assert states(walk) == {"water": "crit", "temperature": "ok"}
    walk.at(48 + 9)
    assert states(walk) == {"water": "crit", "temperature": "unknown"}
    assert STAIN in problems(page("/today")) and "此后的巡检无人填报（当时: 正常）" in page("/assets/room-1")
    walk.at(24 * 60)  # further back than windows are looked through one by one
    assert states(walk) == {"water": "crit", "temperature": "unknown"}


def test_a_correction_of_an_older_sheet_does_not_replace_what_was_seen_since(walk) -> None:
    first = day(walk, 0, Answer("water", "crit", STAIN))
    day(walk, 1, Answer("water", "crit", STAIN))
    with walk.context.read() as conn:
        window = rounds.find(conn, "walk/2026-11-16", walk.context.now()).window
    fixed = Answer("water", "ok", "", corrects=first)
    human.enter(walk.context, window, "room-1", [fixed], by="zhao")
    assert states(walk)["water"] == "crit"


def test_could_not_tell_is_a_problem_and_no_good_state(walk, page) -> None:
    day(walk, 0, Answer("water", "unknown", "地板打不开"))
    assert states(walk)["water"] == "unknown"
    assert "地板打不开" in problems(page("/today"))
