"""Taking a fingerprint: every row of every table, added up on this side; slowly where that is asked for."""

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from agent.errors import AgentError
from agent.fingerprints import catalogue
from agent.fingerprints.catalogue import Changes, Cluster, Table
from agent.fingerprints.session import Session, StatementError
from checks.artefacts.copyrows import How, Sum
from checks.artefacts.fingerprint import BOUNDED, DENIED, EXACT, Bytes, Counted, Fingerprint, root

_LARGE = 1 << 20


@dataclass
class Pace:
    """How fast rows are read. `rate`: bytes a second (0: as fast as they come). `pause`: while this file
    exists nothing is read ("" never). `longest_s`: the whole thing at most, pauses included."""

    rate: int = 0
    pause: str = ""
    longest_s: int = 4 * 3600
    _begun: float = field(default_factory=time.monotonic)
    _read: int = 0
    _paused: float = 0.0

    def left_ms(self) -> int:
        """Milliseconds left of the longest; AgentError where there are none."""
        left = self.longest_s - (time.monotonic() - self._begun)
        if left <= 0:
            raise AgentError("timeout", f"not done within {self.longest_s} s")
        return int(left * 1000) + 1

    def after(self, size: int, most_s: float = math.inf) -> None:
        """So many bytes were read: wait as long as they ask for; a pause not longer than `most_s`."""
        self._read += size
        if self.pause:
            self._wait_while_paused(most_s)
        if self.rate:
            ahead = self._read / self.rate - (time.monotonic() - self._begun - self._paused)
            if ahead > 0.01:
                time.sleep(min(ahead, self.left_ms() / 1000))

    def _wait_while_paused(self, most_s: float) -> None:
        since = time.monotonic()
        while Path(self.pause).exists() and (left := most_s - (time.monotonic() - since)) > 0:
            self.left_ms()
            time.sleep(min(0.2, left))
        self._paused += time.monotonic() - since


@dataclass(frozen=True, slots=True)
class Taken:
    """What one session saw. Times in UTC epoch milliseconds."""

    started: int
    ended: int
    cluster: Cluster
    tables: Mapping[str, Counted]
    objects: Counted | None
    skipped: Mapping[str, str]
    sequences: Mapping[str, int]
    schema: str
    how: str


def now_ms() -> int:
    """The wall's clock."""
    return time.time_ns() // 1_000_000


def take(session: Session, pace: Pace, how: How, started: int) -> Taken:
    """Everything within the session's snapshot; the session has begun."""
    session.guard()
    cluster = catalogue.cluster(session)
    schema = catalogue.schema_digest(session)
    counted: dict[str, Counted] = {}
    skipped: dict[str, str] = {}
    for table in catalogue.tables(session):
        if table.skip:
            skipped[table.name] = table.skip
            continue
        try:
            counted[table.name] = _table(session, table, pace, how)
        except StatementError as problem:
            if problem.reason == "denied":
                counted[table.name] = Counted(0, how=DENIED)
            else:
                skipped[table.name] = problem.reason
    objects = _objects(session, pace, how)
    # Sequences stand outside of the snapshot: what they have reached by now the dump may hold too.
    sequences = catalogue.sequences(session)
    return Taken(started, now_ms(), cluster, counted, objects, skipped, sequences, schema, how.name)


def _table(session: Session, table: Table, pace: Pace, how: How) -> Counted:
    made = Sum(how)
    session.do(f"SET statement_timeout = {pace.left_ms()}")
    for size in session.copy(table.copy, made):
        pace.after(size)
    return Counted(made.count, made.hex(), EXACT, made.count)


def _objects(session: Session, pace: Pace, how: How) -> Counted | None:
    """Large objects, each by its number and content, a MiB of each at a time. None where there are none."""
    try:
        made = _Objects(session, pace, how)
        return made.counted()
    except StatementError as problem:
        return Counted(0, how=DENIED if problem.reason == "denied" else BOUNDED, most=1 << 62)


@dataclass
class _Objects:
    session: Session
    pace: Pace
    how: How

    def counted(self) -> Counted | None:
        total = count = 0
        growing: dict[bytes, object] = {}
        for number, content in self._pieces("m.oid IS NOT NULL", 0):
            made = self.how.start()
            made.update(number + b"\t" + content)
            count += 1
            if len(content) == _LARGE:
                growing[number] = made
            else:
                total += self.how.one(made)
        step = 1
        while growing:
            total += self._on(growing, step)
            step += 1
        if not count:
            return None
        bits = self.how.bits
        return Counted(count, f"{total % (1 << bits):0{bits // 4}x}", EXACT, count)

    def _on(self, growing: dict[bytes, object], step: int) -> int:
        """The next MiB of those that have more than a few."""
        total = 0
        listed = ", ".join(number.decode() for number in growing)
        for number, content in self._pieces(f"m.oid IN ({listed})", step):
            growing[number].update(content)  # type: ignore[attr-defined]  # of hashlib
            if len(content) < _LARGE:
                total += self.how.one(growing.pop(number))
        return total

    def _pieces(self, which: str, step: int) -> Iterator[tuple[bytes, bytes]]:
        self.session.do(f"SET statement_timeout = {self.pace.left_ms()}")
        query = (
            f"SELECT m.oid, pg_catalog.encode(pg_catalog.lo_get(m.oid, {step * _LARGE}, {_LARGE}), 'hex')"  # noqa: S608  # numbers of ours
            f" FROM pg_catalog.pg_largeobject_metadata m WHERE {which}"
        )
        rest = b""
        for batch in self.session.batches(query):
            self.pace.after(sum(map(len, batch)))
            for line in batch:
                line = rest + line
                rest = b"" if line.endswith(b"\n") else line
                if not rest:
                    number, _, digits = line.rstrip(b"\n").partition(b"\t")
                    yield number, bytes.fromhex(digits.decode("ascii"))


@dataclass(frozen=True, slots=True)
class About:
    """What the taker knows beside the rows."""

    kind: str
    database: str
    mode: str
    tool: str = ""
    snapshot: str = ""
    artefact: Bytes | None = None


def fingerprint(taken: Taken, about: About) -> Fingerprint:
    """As it is written down."""
    cluster = taken.cluster
    return Fingerprint(
        v=1, kind=about.kind, database=about.database, system=cluster.system, server=cluster.version,
        mode=about.mode, started=taken.started, ended=taken.ended, tables=taken.tables,
        root=root(taken.tables, taken.objects), how=taken.how, tool=about.tool, encoding=cluster.encoding,
        timezone=cluster.timezone, snapshot=about.snapshot, objects=taken.objects, schema=taken.schema,
        sequences=taken.sequences, skipped=taken.skipped, roles=cluster.roles, databases=cluster.databases,
        artefact=about.artefact,
    )  # fmt: skip


def sandwich(
    begun: tuple[Fingerprint, Mapping[str, Changes]],
    ended: tuple[Taken, Mapping[str, Changes]],
    about: About,
) -> Fingerprint:
    """What is known of a dump made between two fingerprints: exactly, of tables that are equal in both;
    within bounds, of the others. Each comes with the changes counted before the first, after the second."""
    (first, was), (second, now) = begun, ended
    if first.how != second.how:
        raise AgentError("bad_param", f"the first one adds up by {first.how}, this one by {second.how}")
    if (first.kind, first.database) != (about.kind, about.database):
        raise AgentError("wrong_source", f"the first one is of {first.kind} {first.database}")
    if first.system and second.cluster.system and first.system != second.cluster.system:
        raise AgentError("wrong_source", "the first one is of another server")
    tables: dict[str, Counted] = {}
    skipped = {**first.skipped, **second.skipped}
    for name in sorted(first.tables.keys() | second.tables.keys()):
        one, two = first.tables.get(name), second.tables.get(name)
        if one is None or two is None:
            skipped[name] = "made or dropped meanwhile"
        else:
            tables[name] = _between(one, two, was.get(name), now.get(name))
    objects = _objects_between(first.objects, second.objects)
    return replace(
        fingerprint(second, about),
        started=first.started,
        tables=tables,
        objects=objects,
        skipped=skipped,
        root=root(tables, objects),
    )


def _between(one: Counted, two: Counted, begun: Changes | None, ended: Changes | None) -> Counted:
    if DENIED in (one.how, two.how):
        return Counted(0, how=DENIED)
    if one == two:
        return one
    low, high = min(one.count, two.count), max(one.count, two.count)
    if begun is None or ended is None or ended.inserted < begun.inserted or ended.deleted < begun.deleted:
        return Counted(0, how=BOUNDED, most=1 << 62)  # the statistics began anew
    # Rows may have come and gone again in between.
    low = max(0, min(low, one.count - (ended.deleted - begun.deleted)))
    high = max(high, one.count + (ended.inserted - begun.inserted))
    return Counted(low, how=BOUNDED, most=high)


def _objects_between(one: Counted | None, two: Counted | None) -> Counted | None:
    if one is None or two is None:
        found = one or two
        return Counted(0, how=BOUNDED, most=found.count) if found is not None else None
    if one == two or DENIED in (one.how, two.how):
        return one if one == two else Counted(0, how=DENIED)
    return Counted(0, how=BOUNDED, most=1 << 62)
