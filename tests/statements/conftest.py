"""A collector with people: accounts of every role, their keys outside of it, an estate to speak about."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import pytest

from checks.wire.signing import Signer
from collector.context import Context, open_context
from collector.estate.catalog import installed
from collector.estate.loading import read_estate
from collector.jobs import account_keys, derive, estates, statements
from collector.jobs.checkpoints import Publisher
from collector.statements.persons import Request, encode_request
from collector.statements.text import PERSON_KEY, Document, Text, encode, pack, sign
from collector.store import accounts

ORIGIN = "people.example/log"
NOW = 1_794_758_400_000  # Monday 2026-11-16T00:00+08:00
HOUR, DAY = 3_600_000, 86_400_000
ESTATE = """
estate: people
timezone: Asia/Shanghai
units: [{id: centre, name: 中心}]
systems:
  - {id: portal, unit: centre, name: 门户网站, service: {all: [portal-web]}, target: 99.9%}
assets:
  - {id: web-01, kind: server, system: portal, agent: web-01}
probes:
  - {id: portal-web, check: service.tcp, from: [web-01], every: 5m, params: {host: portal.example, port: 443}}
windows:
  - {id: w-patch, from: "2026-11-16T14:00", to: "2026-11-16T15:00", systems: [portal], reason: 补丁}
"""
PEOPLE = {
    "root": "admin",
    "wang": "manager",
    "zhao": "operator",
    "li": "operator",
    "jia": "buyer",
    "yi": "buyer",
    "gast": "viewer",
}


class Hands:
    """A clock that is set."""

    def __init__(self) -> None:
        self.ms = NOW

    def __call__(self) -> int:
        return self.ms


@dataclass
class Office:
    """The collector, and the keys of its people, which it never sees."""

    directory: Path
    hands: Hands = field(default_factory=Hands)
    keys: dict[str, Signer] = field(default_factory=dict)
    context: Context = field(init=False)

    def open(self) -> None:
        """A data directory with its people and an estate."""
        (self.directory / "keys").mkdir(parents=True)
        for name in ("log.key", "token.key"):
            place = self.directory / "keys" / name
            place.write_text(sha256(name.encode()).hexdigest())
            place.chmod(0o600)
        settings = f"origin: {ORIGIN}\nlisten: 127.0.0.1:0\nurl: http://127.0.0.1:1\nid: one\n"
        (self.directory / "collector.yaml").write_text(settings)
        self.context = open_context(self.directory, self.hands)
        with self.context.write() as conn:
            for name, role in PEOPLE.items():
                row = {"name": name, "hash": "-", "role": role, "must_change": False, "disabled": False}
                conn.execute(accounts.account_table.insert().values(row))
        loaded = read_estate("estate.yaml", lambda _: ESTATE.encode(), installed())
        estates.apply(self.context, loaded, by="root")

    def key(self, name: str, tag: str = "") -> Signer:
        """Somebody's key, as it lies at his place."""
        return self.keys.setdefault(name + tag, Signer(sha256(f"{name}{tag}".encode()).digest()))

    def request(self, name: str, *vouchers: Signer, tag: str = "", role: str = "") -> bytes:
        """A request for somebody's key, with the signatures of those who vouch."""
        signer = self.key(name, tag)
        made = Request(ORIGIN, name, role or PEOPLE[name], signer.public, self.hands.ms)
        data = encode_request(made)
        return pack(data, [sign(data, one, PERSON_KEY) for one in (signer, *vouchers)])

    def enrol(self, name: str, *vouchers: str, by: str = "root", tag: str = "") -> int:
        """Enrol somebody's key."""
        keys = [self.key(one) for one in vouchers]
        return account_keys.enrol(self.context, self.request(name, *keys, tag=tag), by=by)

    def everybody(self) -> None:
        """Keys for those who speak: the buyer's first from the admin, the others vouched for."""
        self.enrol("jia", by="root")
        self.enrol("root", "jia", by="jia")
        self.enrol("wang", "root")
        self.enrol("zhao", "wang", by="wang")
        self.enrol("yi", "jia", by="jia")

    def signed(self, name: str, kind: str, document: bytes | None = None, tag: str = "", **fields) -> bytes:
        """A statement signed at somebody's place."""
        more = {one: fields.pop(one) for one in ("corrects", "amendment") if one in fields}
        named = None if document is None else Document(sha256(document).hexdigest(), len(document))
        log = fields.pop("log", ORIGIN)
        fields = {one.rstrip("_"): value for one, value in fields.items()}
        data = encode(Text(log, kind, name, self.hands.ms, fields, named, **more))
        return pack(data, [sign(data, self.key(name, tag))])

    def say(self, name: str, kind: str, document: bytes | None = None, **fields) -> int:
        """A statement through somebody's session."""
        more = {one: fields.pop(one) for one in ("corrects", "amendment") if one in fields}
        fields = {one.rstrip("_"): value for one, value in fields.items()}
        return statements.add(self.context, kind, fields, by=name, document=document, **more)

    def publish(self) -> None:
        """Everything derived, and a checkpoint over it."""
        derive.catch_up(self.context)
        assert Publisher(self.context).publish() is not None


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """An office without keys."""
    made = Office(tmp_path / "collector")
    made.open()
    yield made
    made.context.close()


@pytest.fixture
def code() -> Callable[[Callable[[], object]], str]:
    """The code of the refusal that an act ends in."""

    def of(act: Callable[[], object]) -> str:
        with pytest.raises(statements.StatementError) as refused:
            act()
        assert str(refused.value)
        return refused.value.code

    return of
