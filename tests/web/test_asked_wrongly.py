"""What is asked wrongly is answered by name: queries of pages, methods; error pages keep the menu."""

import errno
import json

import pytest
from parts import loaded
from sqlalchemy import text, update

from checks.wire.numbers import ENC_RAW
from collector.cli_parts import fail, in_words, of_place
from collector.estate.catalog import installed
from collector.estate.loading import read_estate
from collector.jobs import derive, estates
from collector.store import estates as applied
from collector.store.evidence import body_table

judged_site = loaded("web/judged_site.py")


@pytest.fixture
def judged(context):
    text = judged_site.estate_of("luohe-2026")
    estates.apply(context, read_estate("estate.yaml", lambda _: text.encode(), installed()), by="root")
    derive.catch_up(context)
    return context


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/rounds?month=2026-13", "month"),
        ("/rounds?month=july", "month"),
        ("/rounds?month=0001-01", "month"),
        ("/rounds?week=3", "week"),
        ("/tables/rounds.xlsx?month=2026-13", "month"),
        ("/evidence?before=x", "before"),
        ("/evidence?before=99999999999999999999999", "before"),
        ("/evidence?after=3", "after"),
        ("/evidence/find?idx=one", "idx"),
        ("/evidence/find", "idx"),
        ("/evidence/0?line=-1", "line"),
        ("/tables/entries.xlsx?before=-1", "before"),
        ("/tables/lines.xlsx?idx=x", "idx"),
        ("/systems?from=yesterday", "yesterday"),
        ("/systems?days=3", "days"),
        ("/agents?state=x", "state"),
        ("/assets?kind=server", "kind"),
        ("/settings?x=1", "x"),
        ("/settlement?as_of=now", "as_of"),
        ("/statements?kind=x", "x"),
    ],
)
def test_a_query_that_is_wrong_is_refused_by_name(judged, person, path, name):
    assert person.login("root").status_code == 302
    answer = person.get(path)
    assert answer.status_code == 400, path
    assert name in answer.text.partition("<main")[2]


def test_queries_that_are_right_are_answered(judged, person):
    assert person.login("root").status_code == 302
    for path in ("/rounds?month=2026-07", "/rounds", "/evidence?before=1", "/evidence/0?line=0", "/systems"):
        assert person.get(path).status_code == 200, path
    assert person.get("/evidence/find?idx=%230").headers["Location"].endswith("/evidence/0")


def test_an_error_page_keeps_the_menu_of_who_is_logged_in_and_shows_none_before(judged, person):
    assert 'class="navbar-nav"' not in person.get("/no-such-page").text
    assert person.login("root").status_code == 302
    for path, status in (("/no-such-page", 404), ("/rounds?month=2026-13", 400)):
        answer = person.get(path)
        assert answer.status_code == status and 'class="navbar-nav"' in answer.text
        assert answer.text.count("<h1") == 1


def test_another_method_is_said_to_be_that_with_those_that_there_are(judged, person):
    assert person.login("root").status_code == 302
    answer = person.get("/logout")
    assert answer.status_code == 405 and "不能这样提交" in answer.text
    assert "POST" in answer.headers["Allow"]


def _spoil(context, change):
    with context.write() as conn:
        idx = applied.newest(conn).idx
        document = json.loads(applied.document(conn, idx))
        change(document)
        body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        conn.exec_driver_sql("DROP TRIGGER body_no_update")
        row = body_table.c.idx == idx
        assert conn.execute(update(body_table).where(row).values(enc=ENC_RAW, data=body)).rowcount == 1


API = (
    "periods",
    "scorecards/2026-07",
    "obligations",
    "faults",
    "statements",
    "archive/2026-07",
    "settlement",
)


def test_the_api_answers_for_a_pack_that_it_cannot_read(judged, person):
    def change(document):
        pack = json.loads(document["contract"]["compiled"])
        pack["section_of_later"] = {"points": 3}
        document["contract"]["compiled"] = json.dumps(pack, ensure_ascii=False, sort_keys=True)

    _spoil(judged, change)
    assert person.login("root").status_code == 302
    for path in API:
        answer = person.get(f"/api/v1/{path}")
        assert answer.status_code in (200, 409), (path, answer.status_code, answer.text)
        if answer.status_code == 409:
            told = json.loads(answer.text)
            assert told["status"] == "unread_pack" and "section_of_later" in told["detail"], path
    assert person.get("/api/v1/periods").status_code == 409


def test_the_api_names_file_and_line_of_an_estate_that_it_cannot_read(judged, person):
    def change(document):
        ((name, text),) = document["files"].items()
        document["files"][name] = text + "of_later: 1\n"

    _spoil(judged, change)
    assert person.login("root").status_code == 302
    answers = {path: person.get(f"/api/v1/{path}") for path in (*API, "rounds", "calendar", "findings")}
    assert all(one.status_code in (200, 409) for one in answers.values()), answers
    supposed = "scorecards/2026-06?what_if=visit:unit=centre,at=2026-06-15T10:00"
    answers[supposed] = person.get(f"/api/v1/{supposed}")
    assert answers[supposed].status_code == 409, answers[supposed].text
    for one in answers.values():
        if one.status_code == 409:
            told = json.loads(one.text)
            assert told["status"] == "unread_estate", one.text
            assert "estate:" in told["detail"] and "of_later" in told["detail"], one.text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[Errno 13] Permission denied: '/x/y'", "/x/y: permission denied"),
        ("DIR: [Errno 2] No such file or directory: '/x'", "DIR: /x: no such file or directory"),
        ("[Errno 18] Invalid cross-device link: '/a' -> '/b'", "/a -> /b: invalid cross-device link"),
        ("[Errno 28] No space left on device", "no space left on device"),
        ("no_such_period: luohe-2026 has no period x", "no_such_period: luohe-2026 has no period x"),
        (OSError(errno.ENOENT, "No such file or directory", "a\nb"), "a\nb: no such file or directory"),
    ],
)
def test_a_command_tells_file_and_reason_instead_of_a_number(text, told):
    assert in_words(text) == told


def test_a_name_with_a_line_end_leaves_the_reason_on_one_line(tmp_path, capsys):
    place = tmp_path / "two\nlines\x1b[2J"
    for error in (FileNotFoundError(errno.ENOENT, "No such file or directory", str(place)), "cannot be read"):
        with pytest.raises(SystemExit) as ended:
            fail(of_place(place, error))
        assert ended.value.code == 2
        said = capsys.readouterr().err
        assert said.count("\n") == 1 and r"two\nlines\x1b[2J: " in said and "\x1b" not in said


def test_an_error_page_does_not_fail_over_sessions_that_cannot_be_read(judged, person):
    assert person.login("root").status_code == 302
    with judged.write() as conn:
        conn.execute(text("ALTER TABLE account_session RENAME TO elsewhere"))
    answer = person.get("/nowhere")
    assert answer.status_code == 404 and "没有此页" in answer.text
