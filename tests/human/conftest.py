"""A small real collector on a clock that the test moves, with one round that asks people for something."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

import argon2
import pytest
from parts import loaded

from checks.wire.note import format_vkey
from collector.evidence.periods import parse_period
from collector.evidence.policy import parse_policy
from collector.inspection.human import Answer
from collector.jobs import human, rounds
from collector.jobs.bundles import make_bundle
from collector.store import accounts
from collector.verify import report
from collector.verify.verify import Options, verify_bundle

MINUTE, HOUR = 60_000, 3_600_000
DAY = 24 * HOUR
WINDOW = "walk/2026-11-16"
PASSWORD = "Right-horse-7"
ESTATE = """
estate: room
timezone: Asia/Shanghai
assets:
  - {id: web-01, kind: server, agent: web-01, name: 门户一号机}
  - {id: room-1, kind: room, name: 主机房}
rounds:
  - id: walk
    name: 每日巡检
    every: day
    window: "09:00-11:00"
    assets: [web-01]
    checks: [host.uptime]
    human: {assets: all, items: [lamps, temperature, water]}
"""


@dataclass
class Walk:
    """The collector, its clock, one agent; and people who enter what they saw."""

    yard: Any

    @property
    def context(self) -> Any:
        return self.yard.context

    def at(self, hour: float) -> None:
        """Set the clock to an hour of the first day; agents do not look meanwhile."""
        self.yard.hands.ms = self.yard_start + int(hour * HOUR)

    @property
    def yard_start(self) -> int:
        return int(loaded("verify/yard.py").START)

    @staticmethod
    def estate_text() -> str:
        return ESTATE

    def window(self) -> Any:
        with self.context.read() as conn:
            return rounds.find(conn, WINDOW, self.context.now()).window

    def occasion(self) -> Any:
        with self.context.read() as conn:
            return rounds.find(conn, WINDOW, self.context.now())

    def arrive(self, by: str = "zhao") -> int:
        return human.arrive(self.context, self.window(), by=by)

    def enter(self, asset: str, *answers: Answer, by: str = "zhao") -> int:
        return human.enter(self.context, self.window(), asset, answers, by=by)

    def everything(self, by: str = "zhao") -> int:
        """Every item in order; the entry of the last sheet."""
        self.enter("web-01", Answer("lamps", "ok"), by=by)
        return self.enter("room-1", Answer("water", "ok"), Answer("temperature", "ok", "", 23, "℃"), by=by)

    def sign(self, upto: int, by: str = "zhao") -> int:
        return human.sign_off(self.context, self.window(), upto, by=by)

    def machine(self) -> None:
        """The agent's looks of the round, of nine o'clock."""
        agent, yard = self.yard.agents["web-01"], loaded("verify/yard.py")
        begin = self.yard_start + 9 * HOUR
        lines = list(yard.looks(self.yard.plan("web-01"), "web-01", begin, begin + HOUR))
        agent.good(lines)
        self.yard.settle()

    def close(self) -> Any:
        """Whatever is due is closed; the record."""
        self.yard.settle()
        with self.context.read() as conn:
            one = rounds.find(conn, WINDOW, self.context.now())
            assert one.record is not None, one
            return rounds.read_record(conn, one.record)

    def bundle(self, out: Path, day: str = "2026-11-16", **options: Any) -> Path:
        period = parse_period(day, ZoneInfo("Asia/Shanghai"), self.context.now() + DAY)
        make_bundle(self.context, period, out, **options)
        return out

    def verify(self, path: Path) -> Any:
        policy = parse_policy(f"log {format_vkey(self.context.vkey)}\nquorum none\n")
        verdict = verify_bundle(path, policy, Options(full=True, processes=1))
        report.as_text(verdict), report.as_html(verdict), json.dumps(report.as_json(verdict))
        return verdict


@contextmanager
def _walk(place: Path, estate: str = ESTATE) -> Iterator[Walk]:
    yard = loaded("verify/yard.py").Yard(place / "collector")
    yard.open()
    hasher, accounts._HASHER = accounts._HASHER, argon2.PasswordHasher(time_cost=1, memory_cost=64)
    try:
        with yard.context.write() as conn:
            for name, role in (("zhao", "operator"), ("qian", "operator"), ("gast", "viewer")):
                accounts.create(conn, name, PASSWORD, role, must_change=False)
        yard.apply(estate)
        yard.enrol("web-01")
        made = Walk(yard)
        made.at(9.5)
        yield made
    finally:
        accounts._HASHER = hasher
        yard.context.close()


@pytest.fixture(scope="session")
def make_walk() -> Callable[..., AbstractContextManager[Walk]]:
    return _walk


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    with _walk(tmp_path) as made:
        yield made


@pytest.fixture(scope="session")
def spoil() -> ModuleType:
    return loaded("verify/spoil.py")
