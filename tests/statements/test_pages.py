"""A statement that a person signed elsewhere enters the log through his page, and is his own there."""

import io
import re

import pytest
from flask.testing import FlaskClient

from collector.jobs.said import every_said
from collector.statements.model import Through
from collector.store import accounts
from collector.web.app import create_app

PASSWORD = "Right-horse-7"


def token(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    return found.group(1) if found else ""


@pytest.fixture
def zhao(office) -> FlaskClient:
    """Zhao, logged in."""
    office.everybody()
    with office.context.write() as conn:
        accounts.set_password(conn, "zhao", PASSWORD, must_change=False)
    client = create_app(office.context).test_client()
    sent = {"csrf_token": token(client.get("/login").text), "name": "zhao", "password": PASSWORD}
    assert client.post("/login", data=sent).status_code == 302
    return client


def bring(client: FlaskClient, file: bytes, document: bytes | None = None) -> str:
    sent = {"csrf_token": token(client.get("/statements").text), "signed": (io.BytesIO(file), "said.json")}
    if document is not None:
        sent["document"] = (io.BytesIO(document), "report.pdf")
    return client.post("/statements/signed", data=sent, follow_redirects=True).text


def test_what_was_signed_elsewhere_is_brought_through_a_page_and_stays_the_persons_own(office, zhao) -> None:
    file = office.signed("zhao", "defect_report", b"the report", period="2026-10")
    assert "已填报" in bring(zhao, file, b"the report")
    with office.context.read() as conn:
        made = every_said(conn, office.context.now())[-1]
    assert (made.kind, made.by, made.through) == ("defect_report", "zhao", Through.KEY)
    assert "本人密钥签名" in zhao.get(f"/statements/{made.entry}").text


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda file: b"", "不是有效的签名填报"),
        (lambda file: b"{}", "不是有效的签名填报"),
        (lambda file: file.replace(b"2026-10", b"2026-09"), "签名与已登记的本人公钥不符"),
    ],
)
def test_a_file_that_is_not_what_was_signed_is_refused_in_words(office, zhao, spoil, told: str) -> None:
    file = office.signed("zhao", "defect_report", b"the report", period="2026-10")
    assert told in bring(zhao, spoil(file), b"the report")


def test_nobody_brings_what_another_has_signed(office, zhao) -> None:
    file = office.signed("jia", "reprimand", day="2026-11-15", text="x")
    assert "不能代交" in bring(zhao, file)


def test_a_form_says_how_to_sign_it_without_giving_the_key_away(office, zhao) -> None:
    page = zhao.get("/statements/new/training?topic=a+b").text
    assert f"--by zhao --log {office.context.origin}" in page.replace("&#39;", "'").replace("&gt;", ">")
    assert "statement sign training" in page and "topic=a b" in page
    assert zhao.post("/statements/signed", data={"signed": (io.BytesIO(b"{}"), "x")}).status_code == 400
