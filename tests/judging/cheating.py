"""Ways to make a scorecard or a record better than the evidence, each tried on a real data directory.

Whoever runs the collector has the log key and writes what he likes past all that refuses it; whoever has root
on the host of an agent has its key. `found`: the verifier exits 1 or 2 with these words. `told`: nothing is
bad, but the report says these words. `not found`: it cannot be found from a bundle; docs/verifier.md says so.
They live by subject in `cheats/`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from parts import loaded

from checks.wire import entry as entries
from checks.wire import strict_json
from checks.wire.header import SeenNote
from checks.wire.numbers import EntryKind
from checks.wire.signing import Signer
from collector.evidence.policy import parse_policy
from collector.inspection import record as records
from collector.jobs import derive
from collector.jobs import scorecards as jobs
from collector.jobs.checkpoints import Publisher
from collector.judging import sealed
from collector.store import packs, plans
from collector.store import rounds as stored
from collector.store.content import content
from collector.verify.growth import Paper
from collector.verify.verify import Options, verify_bundle

ROOT = Path(__file__).resolve().parents[2]
PERIOD = "2026-07"
HOUR = 3_600_000
BUYER = Signer(sha256(b"buyer").digest())


spoil = loaded("verify/spoil.py")


class Hand:
    """A cheat's hands on a copy of the month: the collector with its key, the agents with theirs."""

    def __init__(self, site: Any, place: Path, estate: str) -> None:
        self.site, self.place, self.estate = site, place, estate
        self.paper: Paper | None = None
        self.context = site.context

    def entry(self, kind: EntryKind, header: Any, body: bytes | None = None) -> int:
        """Past all that refuses it, and counted nowhere by the collector itself."""
        return self.context.append_collector_entry(kind, header, body)

    def whole(self, **options: Any) -> Any:
        made = jobs.scorecard(self.context, PERIOD)
        return sealed.now(made.size, made.estate, (made.facts, made.scorecard))

    def seal(self, whole: Any, previous: int | None = None) -> int:
        header = {**sealed.header_of(whole, previous), "by": "manager"}
        return self.entry(EntryKind.RECORD, header, sealed.encode(whole))

    def header_and_body(self, idx: int) -> tuple[dict[str, Any], bytes]:
        """Of one of the collector's own entries, as they can be written again."""
        with self.context.read() as conn:
            header = strict_json.loads(entries.parse(packs.data_of(conn, packs.entry(conn, idx))).header)
            body = content(packs.body(conn, idx))
        return {k: v for k, v in header.items() if k not in ("v", "log", "digest", "bytes")}, body

    def record(self, window: str) -> tuple[dict[str, Any], Any]:
        with self.context.read() as conn:
            row = stored.record(conn, window)
        header, body = self.header_and_body(row.idx)
        return header, records.parse(body)

    def bundle(self) -> Any:
        """The honest bundle of now, in pieces."""
        self.site.verdict(self.place)
        return spoil.take_apart(self.place)

    def rebuilt(self, parts: Any) -> Any:
        """Another history with another tree, everything signed again that the collector signs; figures, which
        are made anew for every bundle, are left out."""
        parts.figures = []
        parts.seal(self.context.signer)
        parts.write(self.place, self.context.signer)
        return self.verdict()

    def verdict(self, *more: str) -> Any:
        policy = "\n".join((f"log {self.context.vkey}", "quorum none", *more, ""))
        return verify_bundle(self.place, parse_policy(policy), Options(self.paper, True, 1))

    def saw(self, name: str) -> None:
        """A batch of an agent that has seen the newest checkpoint."""
        head = Publisher(self.context).publish()
        self.later(name, seen=SeenNote(head.size, sha256(head.note.encode()).hexdigest()))

    def bad_look(self) -> None:
        """A look that finds something bad, in a round that goes on."""
        at = self.site.go("2026-08-10T09:30")
        self.site.send("mail-01", self.site.look("mail-01", "weekly/2026-08-10", at, "crit"))
        derive.catch_up(self.context)

    def later(self, name: str, **changes: Any) -> None:
        """One more batch of an agent."""
        at = self.site.go("2026-08-10T09:35")
        with self.context.read() as conn:
            found = plans.current(conn, name)
        agent = self.site.world.agent(name)
        agent.plan = found[2]
        agent.send(self.site.look(name, "weekly/2026-08-10", at), **changes)
        derive.catch_up(self.context)


@dataclass(frozen=True)
class Cheat:
    """What is tried, what it ends in, and words of the report."""

    run: Callable[[Hand], Any]
    end: str
    words: tuple[str, ...]


CHEATS: dict[str, Cheat] = {}


def cheat(end: str, *words: str) -> Callable[[Callable[[Hand], Any]], Callable[[Hand], Any]]:
    """Enter a cheat; it returns a verdict, or None: of the bundle of then."""
    assert end in ("found", "told", "not found")

    def enter(run: Callable[[Hand], Any]) -> Callable[[Hand], Any]:
        CHEATS[run.__name__] = Cheat(run, end, words)
        return run

    return enter


for _room in sorted((Path(__file__).parent / "cheats").glob("*.py")):
    loaded(f"judging/cheats/{_room.name}")
