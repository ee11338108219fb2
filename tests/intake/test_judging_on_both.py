"""Statements, keys, scans, faults, backups, scorecards and settlements on SQLite and on PostgreSQL alike."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from parts import loaded
from sqlalchemy import select

from checks.wire.signing import Signer
from collector.cli_server import make
from collector.context import open_context
from collector.jobs import account_keys, scorecards, settlements, statements
from collector.jobs.derive import DERIVED, rebuild
from collector.statements.persons import Request, encode_request
from collector.statements.text import PERSON_KEY, Text, encode, pack, sign
from collector.store import accounts

TESTS = Path(__file__).resolve().parents[1]
# What a Luohe month with a fault, a scan, dumps and statements leaves something in.
FILLED = {
    "statement",
    "said",
    "seal",
    "account_key",
    "unit_round",
    "round_check",
    "scorecard",
    "settlement",
}


judging = loaded("judging/conftest.py")
dumps = loaded("judging/dumps.py")


@pytest.fixture
def site(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A Luohe collector on either kind of database, on a clock that the test moves."""
    place = tmp_path / "collector"
    clock = lambda: judging.BEGIN  # noqa: E731 - a clock that stands still
    monkeypatch.setattr("collector.cli_server.open_context", lambda at: open_context(at, clock))
    make(place, judging.worlds.ORIGIN, "127.0.0.1:0", "http://127.0.0.1:1", database_url)
    world = judging.worlds.World(place, judging.BEGIN)
    world.open()
    with world.context.write() as conn:
        for name in ("operator", "manager", "buyer"):
            row = {"name": name, "hash": "-", "role": name, "must_change": False, "disabled": False}
            conn.execute(accounts.account_table.insert().values(row))
    for name in judging.AGENTS:
        world.agent(name)
    yield judging.Site(world)
    world.context.close()


def dump(context: Any) -> dict[str, list[tuple[Any, ...]]]:
    found = {}
    with context.read() as conn:
        for table in DERIVED:
            rows = conn.execute(select(table).order_by(*table.primary_key.columns))
            found[table.name] = [tuple(row) for row in rows]
    found.pop("derive_cursor")
    return found


def speak(site: Any) -> None:
    """The buyer's key, and a statement signed with it."""
    signer = Signer(sha256(b"buyer").digest())
    data = encode_request(Request(site.context.origin, "buyer", "buyer", signer.public, site.world.at))
    account_keys.enrol(site.context, pack(data, [sign(data, signer, PERSON_KEY)]), by="manager")
    fields = {"unit": "centre", "period": "2026-07", "points": "12"}
    text = encode(Text(site.context.origin, "satisfaction", "buyer", site.world.at, fields))
    statements.add_signed(site.context, pack(text, [sign(text, signer)]))


def test_what_judging_keeps_is_made_and_made_again_and_verified(site: Any, tmp_path: Path) -> None:
    site.apply(judging.ESTATE + dumps.BACKUPS)
    site.inspect("2026-07-13")
    site.probe(("2026-07-14T08:00", True), ("2026-07-14T10:00", False), ("2026-07-14T13:00", True))
    site.say("visit", "operator", unit="centre", at="2026-07-14T12:00+08:00")
    speak(site)
    dumps.look_at_backups(site, "2026-07-16", "2026-07-23")
    site.scan("web-01", "web-02")
    for day, period in (("2026-07-31", "2026-06"), ("2026-08-10", "2026-07"), ("2026-09-10", "2026-08")):
        site.go(f"{day}T01:00")
        site.settle()
        scorecards.seal(site.context, period, by="manager")
    settlements.seal(site.context, by="manager")
    before = dump(site.context)
    assert not [name for name in FILLED if not before[name]], sorted(before)
    card = scorecards.scorecard(site.context, "2026-07").scorecard
    points = {line.id: line.points for line in card.lines if line.unit == "centre"}
    assert (points["satisfaction"], points["visit"]) == (12, 8)
    rebuild(site.context)
    assert dump(site.context) == before
    assert scorecards.scorecard(site.context, "2026-07").scorecard == card
    verdict = site.verdict(tmp_path / "b.zip")
    words = {name: word for name, word, _ in verdict.claims}
    assert verdict.good and words["settlement payment-1"] == "proven if", verdict.findings
