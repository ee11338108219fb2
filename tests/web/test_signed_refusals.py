"""A signed file that is refused says what the form says: the field, and its range under the contract."""

import importlib.util
import io
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from checks.wire.signing import Signer
from collector.estate.catalog import installed
from collector.estate.loading import read_estate
from collector.jobs import account_keys, derive, estates
from collector.statements.persons import Request, encode_request
from collector.statements.text import PERSON_KEY, Document, Text, encode, pack, sign
from collector.store import accounts

_SPEC = importlib.util.spec_from_file_location("judged_site", Path(__file__).with_name("judged_site.py"))
judged_site = importlib.util.module_from_spec(_SPEC)
sys.modules["judged_site"] = judged_site
_SPEC.loader.exec_module(judged_site)

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


def told(jia, file, **more):
    sent = {"signed": (io.BytesIO(file), "said.json"), **more}
    assert jia.post("/statements/signed", "/statements", **sent).status_code == 302
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
