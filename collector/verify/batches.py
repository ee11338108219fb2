"""Second reading of a bundle: signatures, bodies, result lines judged again. Chunks are independent.

Quick mode checks one signature per (agent, epoch, key), since the newest header commits through `prev` to all
earlier ones, every rotation, and a sample of one in a hundred chosen by the end root; full mode checks every
signature. Bodies and lines are checked in both.
"""

import gc
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, NamedTuple

from checks.china import day_of
from checks.codec import FieldError
from checks.plan import Plan
from checks.wire import frame, lines
from checks.wire.entry import Entry
from checks.wire.entry import parse as parse_entry
from checks.wire.errors import WireError
from checks.wire.header import Header, Kind
from checks.wire.numbers import EntryKind
from collector.availability.clock import FUTURE_MS, shift_ms
from collector.availability.runs import OUTCOME_OF_STATE, Outcome
from collector.evidence import bundle
from collector.evidence.bundle import Body, BundleError, Lines
from collector.verify.archive import Archive
from collector.verify.findings import Findings
from collector.verify.forks import LifeKey
from collector.verify.growth import bodies_of, entries_of
from collector.verify.keys import KeyTable
from collector.verify.looks import Asked, Judge, Said, Who
from collector.verify.progress import Tell, silent
from collector.verify.swift import read_header

Series = tuple[str, str, str]  # check, target, vantage
OUTCOMES = (Outcome.OK, Outcome.DEGRADED, Outcome.FAIL)
_CODE = {state: OUTCOMES.index(outcome) for state, outcome in OUTCOME_OF_STATE.items() if outcome in OUTCOMES}
NO_HOLD = -1
_BACKUP = b'{"check":"backup.'  # as agents write their lines
_NEVER = -(2**62)  # before any instant that a line can hold
Holds = Mapping[tuple[str, str], int]  # (check, target) -> hold, of one plan
_NO_HOLDS: Holds = {}


@dataclass(frozen=True, slots=True)
class Task:
    """What every chunk needs: keys, parameters of the plans, whose observations are kept, holds by plan,
    quarantines, which signatures are checked, whether lines about backups are kept."""

    archive: Archive
    keys: KeyTable
    asked: Mapping[Asked, Mapping[str, Any]]
    wanted: frozenset[tuple[str, str]]
    holds: Mapping[str, Holds]
    quarantine: Mapping[LifeKey, list[tuple[int, bool]]]
    always: frozenset[int]
    sample: bytes
    full: bool
    backups: bool = False
    days: bool = False
    """Whether a document asks who looked at what on which day."""


Days = dict[tuple[str, str, int], int]
"""(target, vantage, number of the day in China) -> the first entry with a look that shows something."""


@dataclass(frozen=True, slots=True)
class Done:
    """A look in a round: where its line stands, the corrected instant, the line itself."""

    round: str
    check: str
    target: str
    vantage: str
    t_ms: int
    error: str | None
    idx: int
    line_no: int
    line: bytes


@dataclass(frozen=True, slots=True)
class BackupLine:
    """A line of a backup check: where it stands, when it came, how far the clock of its agent was off."""

    agent: str
    idx: int
    line_no: int
    received_ms: int
    shift: int
    line: bytes


def _numbers() -> "array[int]":
    return array("q")


@dataclass(slots=True)
class Track:
    """One series in log order: slots looked at, and observations as instant, outcome, index, hold."""

    asset: str | None
    slots: "array[int]" = field(default_factory=_numbers)
    seen: "array[int]" = field(default_factory=_numbers)
    folds: list[Any] = field(default_factory=list)
    """What folding.py has made of it so far."""


@dataclass(slots=True)
class Found:
    """What one chunk gave."""

    findings: Findings = field(default_factory=Findings)
    tracks: dict[Series, Track] = field(default_factory=dict)
    done: list[Done] = field(default_factory=list)
    backups: list[BackupLine] = field(default_factory=list)
    days: Days = field(default_factory=dict)


class _Kept(NamedTuple):
    """Where one chunk keeps what it finds of a series: found anew in every chunk."""

    found: Found
    track: Track
    slots: Callable[[int], None]
    wanted: bool


def read_batches(task: Task, processes: int, tell: Tell = silent) -> Found:
    """Every chunk's findings in order, on `processes` processors."""
    total = Found()
    for number, found in enumerate(_chunks(task, processes), 1):
        _merge(total, found)
        tell("bodies and lines", number, task.archive.chunks)
    return total


def _chunks(task: Task, processes: int) -> Iterator[Found]:
    chunks = range(task.archive.chunks)
    if processes < 2 or len(chunks) < 2:
        judge = Judge.of(task.asked)
        for number in chunks:
            yield read_chunk(task, number, judge)
        return
    with ProcessPoolExecutor(processes, initializer=_adopt, initargs=(task,)) as pool:
        yield from pool.map(_adopted, chunks)


_task: list[tuple[Task, Judge]] = []


def _adopt(task: Task) -> None:
    """In a worker: nothing here makes cycles, so the collector of cycles only costs time."""
    gc.freeze()
    gc.disable()
    _task[:] = [(task, Judge.of(task.asked))]


def _adopted(number: int) -> Found:
    task, judge = _task[0]
    return read_chunk(task, number, judge)


def _merge(total: Found, found: Found) -> None:
    total.findings.take(found.findings)
    for series, track in found.tracks.items():
        known = total.tracks.get(series)
        if known is None:
            total.tracks[series] = track
        else:
            known.slots.extend(track.slots)
            known.seen.extend(track.seen)
    total.done += found.done
    total.backups += found.backups
    for key, idx in found.days.items():
        total.days[key] = min(idx, total.days.get(key, idx))


def read_chunk(task: Task, number: int, judge: Judge) -> Found:
    """One chunk; entries that cannot be read at all were reported by the first reading."""
    found = Found()
    try:
        entries = entries_of(task.archive, number)
    except (BundleError, WireError):
        return found
    try:
        bodies = bodies_of(task.archive, number)
    except BundleError as error:
        found.findings.add("bad_member", f"chunk {number}", str(error))
        return found
    first = task.archive.manifest.from_size + number * bundle.CHUNK
    for idx, (data, body) in enumerate(zip(entries, bodies, strict=True), first):
        try:
            entry = parse_entry(data)
            header = read_header(entry.header) if entry.kind is EntryKind.BATCH else None
        except WireError:
            continue
        if header is not None:
            _Batch(task, found, judge, idx, entry, header).read(body)
    return found


@dataclass(frozen=True, slots=True)
class _Batch:
    task: Task
    found: Found
    judge: Judge
    idx: int
    entry: Entry
    header: Header

    @property
    def where(self) -> str:
        return f"entry {self.idx} ({self.header.agent} epoch {self.header.epoch} seq {self.header.seq})"

    def read(self, body: Body) -> None:
        self.signature()
        if self.header.kind is not Kind.RESULTS:
            self.found.findings.count(f"{self.header.kind} batches")
            if isinstance(body, bundle.Absent):
                return
        split = self.body(body)
        if split is not None:
            self.lines(split)
            if self.task.backups and self._scores():
                self.backups(split)

    def signature(self) -> None:
        key = self.task.keys.key_of(self.header.agent, self.header.epoch, self.idx, self.header.seq)
        if key is None:
            self.found.findings.add("bad_key", self.where, "no approved key may sign here")
            return
        if not self._sampled():
            return
        made = frame.Frame(self.entry.header, self.entry.signatures, bytes(16), 0, b"")
        self.found.findings.count("batch signatures")
        try:
            frame.check_signature(made, self.header, key)
        except WireError as error:
            self.found.findings.add("bad_signature", self.where, error.detail)

    def _sampled(self) -> bool:
        if self.task.full or self.idx in self.task.always:
            return True
        chosen = sha256(self.task.sample + self.idx.to_bytes(8, "big")).digest()
        return int.from_bytes(chosen[:2], "big") % 100 == 0

    def body(self, body: Body) -> list[bytes] | None:
        findings = self.found.findings
        if not isinstance(body, Lines):
            # Nothing in this version prunes: a body that "was pruned" was left out.
            findings.add("bad_body", self.where, "its lines are missing")
            return None
        try:
            split = lines.split(body.data)
            root = lines.body_root(body.seed, split).hex()
        except WireError as error:
            findings.add("bad_body", self.where, str(error))
            return None
        if (root, len(split), len(body.data)) != (self.header.root, self.header.n, self.header.bytes):
            findings.add(
                "bad_body", self.where, "its lines do not hash to the root, count and size in its header"
            )
            return None
        findings.count("bodies")
        findings.count("result lines", len(split))
        return split

    def lines(self, split: list[bytes]) -> None:
        """Judge the lines again and keep what the claims are made of."""
        agent, look, found = self.header.agent, self.judge.look, self.found
        order = self.judge.order(agent)
        shift = shift_ms(self.header.clock.offset_us)
        # A look counts up to this t0; of a batch in quarantine none does.
        latest = self.entry.received_ms + FUTURE_MS + shift if self._scores() else _NEVER
        judged: list[str] = []
        for number, line in enumerate(split):
            try:
                who, slot, t0, in_round, said = look(line, agent, order, number)
            except (WireError, FieldError) as error:
                found.findings.add("bad_line", f"{self.where} line {number}", str(error))
                continue
            judged.append(said.judged)
            if (said.problem is not None or not who.own) and not self.stands(number, who, said):
                continue
            kept = who.kept
            if kept is None or kept.found is not found:
                kept = self.keep(who)
            if in_round is None:
                kept.slots(slot)
            elif t0 <= latest:
                found.done.append(Done(in_round, *who.series, t0 - shift, said.error, self.idx, number, line))
            if kept.wanted or self.task.days:
                self.observed(kept, t0, (shift, latest), who, said)
        self.tally(judged)

    def backups(self, split: list[bytes]) -> None:
        """Keep the lines about backups: their record is made again of them."""
        shift, received = shift_ms(self.header.clock.offset_us), self.entry.received_ms
        self.found.backups += [
            BackupLine(self.header.agent, self.idx, number, received, shift, line)
            for number, line in enumerate(split)
            if line.startswith(_BACKUP)
        ]

    def tally(self, judged: list[str]) -> None:
        """Count what was done with the lines."""
        for what, count in Counter(judged).items():
            self.found.findings.count(what, count)

    def stands(self, number: int, who: Who, said: Said) -> bool:
        """Report what is wrong with a line; whether it is one of this agent's own."""
        where = f"{self.where} line {number}"
        if said.problem is not None:
            self.found.findings.add(said.problem[0], where, said.problem[1])
        if who.own:
            return True
        self.found.findings.add("bad_line", where, f"says its vantage point is {who.series[2]!r}")
        return False

    def keep(self, who: Who) -> "_Kept":
        """Where this chunk keeps what it finds of a series."""
        track = self.found.tracks.get(who.series)
        if track is None:
            track = self.found.tracks[who.series] = Track(who.asset)
        who.kept = made = _Kept(self.found, track, track.slots.append, who.pair in self.task.wanted)
        return made

    def observed(self, kept: _Kept, t0: int, clock: tuple[int, int], who: Who, said: Said) -> None:
        """Keep an observation that a figure needs; a look that failed, or is too late, shows nothing."""
        shift, latest = clock
        code = _CODE.get(said.state)
        if said.error is not None or code is None or t0 > latest:
            return
        if self.task.days:
            day = who.series[1], who.series[2], day_of(t0 - shift)
            self.found.days.setdefault(day, self.idx)
        if kept.wanted:
            holds = self.task.holds.get(self.header.plan, _NO_HOLDS)
            kept.track.seen.extend((t0 - shift, code, self.idx, holds.get(who.pair, NO_HOLD)))

    def _scores(self) -> bool:
        """Whether the newest change before this entry was a release from quarantine, or there was none."""
        spans = self.task.quarantine.get((self.header.agent, self.header.epoch), ())
        before = [forked for at, forked in spans if at < self.idx]
        return not before or not before[-1]


def holds_of(plans: Mapping[str, Plan]) -> dict[str, Holds]:
    """Hold by (check, target) of each plan, by its digest."""
    return {digest: {(i.check, i.target): i.hold_ms for i in plan.items} for digest, plan in plans.items()}
