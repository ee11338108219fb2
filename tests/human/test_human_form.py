"""The form on a phone: nothing ticked beforehand, nothing kept that was refused, photographs as they came."""

import io
import re
from hashlib import sha256

import pytest

from collector.store import photos
from collector.web.app import create_app

PASSWORD = "Right-horse-7"
LIST, ROOM = "/human/list/walk/2026-11-16", "/human/asset/room-1/walk/2026-11-16"
EXIF = b"Exif\x00\x00GPS of the room"
JPEG = (
    b"\xff\xd8\xff\xe1"
    + (2 + len(EXIF)).to_bytes(2)
    + EXIF  # what the camera wrote into it
    + b"\xff\xc0\x00\x0b\x08\x00\x01\x00\x01\x01\x01\x11\x00"  # a frame of one point
    + b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"
    + bytes(range(255))
    + b"\xff\x00\xff\xd0\x01"  # a scan
    + b"\xff\xd9"
)
OVERRIDE = chr(0x202E)


class Person:
    """Somebody with a browser."""

    def __init__(self, app, name):
        self.client, self.name = app.test_client(), name
        self.login()

    def login(self):
        assert self.post("/login", name=self.name, password=PASSWORD).status_code == 302

    def post(self, path, page=None, **fields):
        text = self.client.get(page or path).text
        token = re.search(r'name="csrf_token" value="([^"]+)"', text)
        data = {"csrf_token": token.group(1) if token else "", **fields}
        return self.client.post(path, data=data)

    def get(self, path):
        return self.client.get(path)


@pytest.fixture
def zhao(walk):
    return Person(create_app(walk.context), "zhao")


def room(**more):
    return {
        "was-water": "",
        "state-water": "crit",
        "note-water": "空调下方有水渍",
        "was-temperature": "",
        "state-temperature": "ok",
        "value-temperature": "23.5",
        **more,
    }


def test_only_operators_see_and_send_the_form(walk, zhao):
    gast = Person(create_app(walk.context), "gast")
    assert gast.get(LIST).status_code == gast.get(ROOM).status_code == 403
    assert gast.post("/human/arrive/walk/2026-11-16", LIST).status_code in (400, 403)
    assert zhao.get(LIST).status_code == 200
    assert zhao.get("/human/list/walk/2031-11-31").status_code == 404
    assert zhao.get("/human/asset/web-02/walk/2026-11-16").status_code == 404


def test_the_plan_of_rounds_says_what_people_are_asked(zhao):
    text = zhao.get("/rounds").text
    assert "人工: lamps temperature water" in text


def test_without_a_token_nothing_is_logged(walk, zhao):
    zhao.post("/human/arrive/walk/2026-11-16", LIST)
    assert zhao.client.post(ROOM, data=room()).status_code == 400
    assert walk.occasion().human.done == 0


def test_before_the_arrival_there_is_nothing_to_fill_in(zhao):
    text = zhao.get(ROOM).text
    assert "到场签到" in text and 'name="state-water"' not in text
    assert zhao.post(ROOM, **room()).status_code == 422


def test_from_the_form_to_the_record(walk, zhao):
    assert zhao.post("/human/arrive/walk/2026-11-16", LIST).status_code == 302
    text = zhao.get(ROOM).text
    assert 'type="radio"' in text and " checked" not in text, "nothing is ticked beforehand"
    sent = {"photo-water": (io.BytesIO(JPEG), "IMG_1.jpg")}
    assert zhao.post(ROOM, **room(**sent)).status_code == 302
    digest = sha256(JPEG).hexdigest()
    assert photos.path_of(walk.context.directory, digest).read_bytes() == JPEG
    kept = zhao.get(f"/photos/{digest}")
    assert (kept.data, kept.mimetype) == (JPEG, "image/jpeg")
    assert kept.headers["X-Content-Type-Options"] == "nosniff"
    upto = re.search(r'name="upto" value="(\d+)"', zhao.get(LIST).text).group(1)
    assert zhao.post("/human/sign/walk/2026-11-16", LIST, upto=upto).status_code == 302
    walk.machine()
    walk.at(40)
    made = walk.close()
    water = next(look for look in made.human.items if look.item == "water")
    assert (water.state, water.note, water.photos, water.by) == ("crit", "空调下方有水渍", (digest,), "zhao")
    assert [(p.check, p.target) for p in made.problems] == [("human.water", "room-1")]
    zhao.login()
    page = zhao.get("/rounds/walk/2026-11-16").text
    assert "空调下方有水渍" in page and digest in page and "未做" in page and "证据等级 D" in page


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"value-temperature": ""}, "请填写读数"),
        ({"value-temperature": "1e5"}, "不是数字"),
        ({"state-water": ""}, "请选择结果"),
        ({"state-water": "fine"}, "请选择结果"),
        ({"note-water": "水" * 501}, "说明过长"),
        ({"photo-water": (io.BytesIO(b"<svg onload=alert(1)>"), "a.jpg")}, "只能保存"),
        ({"photo-water": (io.BytesIO(b""), "a.jpg")}, "只能保存"),
        ({"photo-water": (io.BytesIO(JPEG[:20]), "a.jpg")}, "不完整或已损坏"),
        ({"photo-water": (io.BytesIO(JPEG[:-2]), "a.jpg")}, "不完整或已损坏"),
        ({"note-water": f"空调下方有水渍{OVERRIDE}"}, "改变文字方向"),
    ],
)
def test_what_is_not_whole_is_refused_and_stays_in_the_form(walk, zhao, given, said):
    zhao.post("/human/arrive/walk/2026-11-16", LIST)
    answer = zhao.post(ROOM, **room(**given))
    assert not [one for one in (walk.context.directory / "photos").rglob("*") if one.is_file()]
    assert answer.status_code == 422 and said in answer.text
    assert given.get("note-water", "空调下方有水渍") in answer.text
    assert walk.occasion().human.done == 0


def test_a_form_that_is_refused_keeps_no_picture_and_says_to_choose_it_again(walk, zhao):
    zhao.post("/human/arrive/walk/2026-11-16", LIST)
    said = "照片没有保存，须重新选择"
    sent = {"photo-water": (io.BytesIO(JPEG), "a.jpg"), "value-temperature": "abc"}
    answer = zhao.post(ROOM, **room(**sent))
    assert answer.status_code == 422 and "不是数字" in answer.text
    assert 'id="again-water"' in answer.text and 'id="again-temperature"' not in answer.text
    assert said in answer.text.partition('role="alert">')[2].partition("</div>")[0]
    assert not [one for one in (walk.context.directory / "photos").rglob("*") if one.is_file()]
    assert said not in zhao.post(ROOM, **room(**{"value-temperature": "abc"})).text
    again = {"photo-water": (io.BytesIO(JPEG), "a.jpg")}
    assert zhao.post(ROOM, **room(**again)).status_code == 302
    assert photos.path_of(walk.context.directory, sha256(JPEG).hexdigest()).read_bytes() == JPEG


def test_a_picture_that_is_too_large_leaves_nothing_behind(walk, zhao, monkeypatch):
    monkeypatch.setattr(photos, "LIMIT", 100)
    zhao.post("/human/arrive/walk/2026-11-16", LIST)
    answer = zhao.post(ROOM, **room(**{"photo-water": (io.BytesIO(JPEG), "a.jpg")}))
    assert answer.status_code == 422
    assert [p for p in (walk.context.directory / "photos").rglob("*") if p.is_file()] == []


def test_a_form_of_more_bytes_than_any_is_refused_before_it_is_read(walk, zhao):
    big = {"note-water": "x" * 2_000_000}
    assert zhao.client.post("/login", data=big).status_code == 413
    assert zhao.post("/human/arrive/walk/2026-11-16", LIST, **big).status_code == 413


def test_a_correction_names_what_it_corrects_and_both_stay_visible(walk, zhao):
    zhao.post("/human/arrive/walk/2026-11-16", LIST)
    zhao.post(ROOM, **room())
    assert zhao.post(ROOM, **room()).status_code == 422, "the same form sent twice"
    was = re.search(r'name="was-water" value="(\d+)"', zhao.get(ROOM).text).group(1)
    fixed = {"was-water": was, "state-water": "ok", "note-water": "已擦干"}
    assert zhao.post(ROOM, **fixed).status_code == 302
    for where in ("/rounds/walk/2026-11-16", ROOM):
        page = zhao.get(where).text
        assert "已擦干" in page and "空调下方有水渍" in page and "更正" in page
    assert "原填报(已更正)" in zhao.get(ROOM).text


def test_the_list_has_the_name_of_the_round_and_says_when_the_record_is_made(walk, zhao):
    zhao.post("/human/arrive/walk/2026-11-16", LIST)
    zhao.post(ROOM, **room())
    page = zhao.get(LIST).text
    assert "人工巡检 · 每日巡检" in page and "walk/2026-11-16" in page
    assert "还有 1 项未做" in page and "2026-11-17 09:00" in page


def test_a_photograph_that_was_changed_on_the_disk_is_not_shown(walk, zhao):
    digest = photos.keep(walk.context.directory, io.BytesIO(JPEG))
    photos.path_of(walk.context.directory, digest).write_bytes(JPEG + b"x")
    assert zhao.get(f"/photos/{digest}").status_code == 404
    assert zhao.get("/photos/..%2f..%2fkeys%2flog.key").status_code == 404
    assert zhao.get(f"/photos/{'0' * 64}").status_code == 404


def test_after_the_record_only_corrections_are_offered_and_the_page_shows_them(walk, zhao):
    zhao.post("/human/arrive/walk/2026-11-16", LIST)
    zhao.post(ROOM, **room(**{"state-temperature": "", "value-temperature": ""}))
    walk.at(40)
    walk.close()
    zhao.login()
    text = zhao.get(ROOM).text
    assert 'name="state-water"' in text and 'name="state-temperature"' not in text
    assert "巡检已结案" in text
    was = re.search(r'name="was-water" value="(\d+)"', text).group(1)
    fixed = {"was-water": was, "state-water": "ok", "note-water": "已擦干"}
    assert zhao.post(ROOM, **fixed).status_code == 302
    assert zhao.post(ROOM, **{"state-temperature": "ok", "value-temperature": "1"}).status_code == 422
    page = zhao.get("/rounds/walk/2026-11-16").text
    assert "结案后的更正" in page and "已擦干" in page and "空调下方有水渍" in page
