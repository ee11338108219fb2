"""Statements on pages of a contract just begun: the to-do list, refusals of signed files, sizes."""

import re
from hashlib import sha256

import pytest
from parts import loaded

from checks.wire.numbers import MAX_BODY
from checks.wire.signing import Signer
from collector.estate.catalog import installed
from collector.estate.loading import read_estate
from collector.jobs import account_keys, derive, estates
from collector.statements.persons import Request, encode_request
from collector.statements.text import PERSON_KEY, Document, Text, encode, pack, sign
from collector.store import accounts

judged_site = loaded("web/judged_site.py")

KEY = Signer(sha256(b"jia").digest())


@pytest.fixture
def judged(context):
    """A collector under a contract, and jia of the buyer with her key."""
    text = judged_site.estate_of("luohe-2026")
    estates.apply(context, read_estate("estate.yaml", lambda _: text.encode(), installed()), by="root")
    derive.catch_up(context)
    with context.write() as conn:
        accounts.create(conn, "jia", judged_site.worksite.PASSWORD, "buyer", must_change=False)
    data = encode_request(Request(context.origin, "jia", "buyer", KEY.public, context.now()))
    account_keys.enrol(context, pack(data, [sign(data, KEY, PERSON_KEY)]), by="root")
    return context


@pytest.fixture
def jia(judged, person):
    assert person.login("jia").status_code == 302
    return person


def signed(context, kind, document=None, **fields):
    named = None if document is None else Document(sha256(document).hexdigest(), len(document))
    data = encode(Text(context.origin, kind, "jia", context.now(), fields, named))
    return pack(data, [sign(data, KEY)])


def send(jia, path, page, fields, **files):
    """A form with files as a browser writes it; the test client would leave a file of a large one open."""
    edge = "edge-of-the-parts"
    token = re.search(r'name="csrf_token" value="([^"]+)"', jia.get(page).text)[1]
    body = b""
    for name, value in {"csrf_token": token, **fields}.items():
        body += f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    for name, data in files.items():
        head = f'Content-Disposition: form-data; name="{name}"; filename="scan.pdf"'
        body += f"--{edge}\r\n{head}\r\n\r\n".encode() + data + b"\r\n"
    body += f"--{edge}--\r\n".encode()
    return jia.client.post(path, data=body, content_type=f"multipart/form-data; boundary={edge}")


def told(jia, file, **more):
    assert send(jia, "/statements/signed", "/statements", {}, signed=file, **more).status_code == 302
    return jia.get("/statements").text.partition("notice-bad")[2].partition("</div>")[0]


def test_a_signed_file_beyond_its_range_is_told_as_the_form_tells_it(judged, jia):
    said = told(jia, signed(judged, "satisfaction", unit="centre", period="2026-10", points="55"))
    assert "分值：超出条款的范围: " in said and "0 至 30" in said
    form = jia.post("/statements/new/satisfaction", unit="centre", period="2026-10", points="55").text
    told_there = form.partition('role="alert">')[2].partition("<")[0]
    assert told_there.partition("：")[2] in said


def test_a_signed_file_names_the_field_that_is_wrong(judged, jia):
    said = told(jia, signed(judged, "satisfaction", unit="nowhere", period="2026-10", points="9"))
    assert "使用单位：现行台账中没有此使用单位" in said
    assert "不是有效的签名填报" in told(jia, b"{}")


def test_forms_and_refusals_name_the_size_that_a_document_may_have(judged, jia):
    most = MAX_BODY // 2**20
    hint = f"至多 {most} MB"
    assert hint in jia.get("/statements/new/satisfaction").text and hint in jia.get("/statements").text
    large = b"x" * (MAX_BODY + 1)
    file = signed(judged, "satisfaction", large, unit="centre", period="2026-10", points="9")
    assert hint in told(jia, file, document=large)
    fields, form = {"unit": "centre", "period": "2026-10", "points": "9"}, "/statements/new/satisfaction"
    text = send(jia, form, form, fields, document=large).text
    assert hint in text.partition('role="alert">')[2].partition("<")[0]
    answer = send(jia, form, form, fields, document=b"x" * (33 * 2**20))
    assert answer.status_code == 413 and f"附件每个至多 {most} MB" in answer.text
    assert send(jia, form, form, fields, document=large[1:]).status_code == 302


def test_the_visit_of_the_to_do_list_opens_its_form_with_the_unit_filled_in(judged, person):
    assert person.login("zhao").status_code == 302
    links = re.findall(r'href="(/statements/new/visit\?[^"]+)"', person.get("/statements").text)
    assert links
    for link in links:
        answer = person.get(link.replace("&amp;", "&"))
        unit = re.search(r"unit=([^&]+)", link)[1]
        assert answer.status_code == 200 and f'<option value="{unit}" selected>' in answer.text
