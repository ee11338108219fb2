"""A collector's directory, its application, and people who use it."""

import re
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import argon2
import pytest
from flask import Flask
from flask.testing import FlaskClient
from parts import loaded
from werkzeug.test import TestResponse

from collector import granian_server
from collector.context import Context, open_context
from collector.store import accounts
from collector.web.app import create_app, whole

browsing = loaded("web/browsing.py")
PASSWORD = "Right-horse-7"
START = 1_795_000_000_000


class Hands:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.ms = START

    def __call__(self) -> int:
        return self.ms


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real algorithm at its lowest cost: dozens of accounts are made here."""
    monkeypatch.setattr(accounts, "_HASHER", argon2.PasswordHasher(time_cost=1, memory_cost=64))


@pytest.fixture
def hands() -> Hands:
    return Hands()


def make_directory(place: Path, url: str = "http://127.0.0.1:8443") -> Path:
    """What `init` makes, without its certificate."""
    (place / "keys").mkdir(parents=True)
    for name in ("log.key", "token.key"):
        (place / "keys" / name).write_text(secrets.token_bytes(32).hex())
        (place / "keys" / name).chmod(0o600)
    text = f"origin: test.example/pages\nlisten: 127.0.0.1:0\nurl: {url}\nid: one\n"
    (place / "collector.yaml").write_text(text)
    return place


@pytest.fixture
def context(tmp_path: Path, hands: Hands) -> Iterator[Context]:
    with open_context(make_directory(tmp_path / "collector"), hands) as opened:
        with opened.write() as conn:
            for name, role in (("root", "admin"), ("zhao", "operator"), ("gast", "viewer")):
                accounts.create(conn, name, PASSWORD, role, must_change=False)
        yield opened


@pytest.fixture
def app(context: Context) -> Flask:
    return create_app(context)


class Person:
    """Somebody with a browser that has no scripts."""

    def __init__(self, app: Flask, address: str = "127.0.0.1") -> None:
        self.client: FlaskClient = app.test_client()
        self.address = address

    def get(self, path: str, **options: object) -> TestResponse:
        return self.client.get(path, environ_base={"REMOTE_ADDR": self.address}, **options)  # type: ignore[arg-type]

    def post(self, path: str, page: str | None = None, **fields: str) -> TestResponse:
        """Fill in the form that stands on `page` and send it."""
        token = token_of(self.get(page or path).text)
        return self.client.post(
            path, data={"csrf_token": token, **fields}, environ_base={"REMOTE_ADDR": self.address}
        )

    def login(self, name: str, password: str = PASSWORD) -> TestResponse:
        return self.post("/login", name=name, password=password)


def token_of(text: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', text)
    return found.group(1) if found else ""


@pytest.fixture
def person(app: Flask) -> Person:
    return Person(app)


@pytest.fixture
def admin(app: Flask) -> Person:
    one = Person(app)
    assert one.login("root").status_code == 302
    return one


@pytest.fixture
def directory() -> Callable[[Path, str], Path]:
    return make_directory


@pytest.fixture(scope="module")
def chromium() -> Iterator[object]:
    with browsing.launched() as browser:
        yield browser


@pytest.fixture(scope="session")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """A collector under Luohe's contract after 30 days, served; its tests add to it and stand in no order."""
    judged_site = loaded("web/judged_site.py")
    place = tmp_path_factory.mktemp("judged") / "collector"
    with judged_site.site(place, "luohe-2026", days=30) as site:
        app = whole(create_app(site.context, site.publisher))
        with granian_server.listening(app, "127.0.0.1", 0, None, 4) as port:
            yield browsing.Served(f"http://127.0.0.1:{port}", site)
