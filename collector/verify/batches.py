"""Second reading of a bundle: signatures, bodies, result lines judged again. Chunks are independent.

Quick mode checks one signature per (agent, epoch, key), since the newest header commits through `prev` to all
earlier ones, and a sample of one in a hundred chosen by the end root; full mode checks every signature.
Bodies and lines are checked in both.
"""

from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from checks import registry
from checks.api import worst
from checks.codec import FieldError
from checks.plan import Plan
from checks.result import Result, of_json, rejudge
from checks.wire import frame, lines, strict_json
from checks.wire import header as headers
from checks.wire.entry import Entry
from checks.wire.entry import parse as parse_entry
from checks.wire.errors import WireError
from checks.wire.header import Header, Kind
from checks.wire.numbers import EntryKind
from collector.availability.clock import FUTURE_MS, shift_ms
from collector.availability.runs import OUTCOME_OF_STATE, Outcome
from collector.evidence.bundle import Absent, Body, BundleError, Lines
from collector.verify.archive import Archive
from collector.verify.findings import Findings
from collector.verify.history import chunk
from collector.verify.keys import KeyTable

Series = tuple[str, str, str]  # check, target, vantage
DEFAULT_HOLD_MS = 150_000


@dataclass(frozen=True, slots=True)
class Task:
    """What every chunk needs: keys, the plans' parameters by (check, digest), whose observations are kept,
    holds by (plan, check, target), index of each agent's first fork."""

    archive: Archive
    keys: KeyTable
    plans: frozenset[str]
    params: Mapping[tuple[str, str], Mapping[str, Any]]
    wanted: frozenset[tuple[str, str]]
    holds: Mapping[tuple[str, str, str], int]
    forks: Mapping[str, int]
    tips: frozenset[int]
    sample: bytes
    full: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """One observation: corrected instant, outcome, agent's seq, place in the log, hold of its plan."""

    t_ms: int
    outcome: Outcome
    seq: int
    idx: int
    hold_ms: int


@dataclass(frozen=True, slots=True)
class Done:
    """A look that a round owed: where its line stands and what it said."""

    round: str
    check: str
    target: str
    vantage: str
    t0: int
    state: str
    error: str | None
    idx: int
    line: int


@dataclass(slots=True)
class Found:
    """What one chunk gave."""

    findings: Findings = field(default_factory=Findings)
    observations: dict[Series, list[Seen]] = field(default_factory=dict)
    done: list[Done] = field(default_factory=list)
    slots: dict[Series, set[int]] = field(default_factory=dict)


def read_batches(task: Task, processes: int) -> Found:
    """Every chunk's findings in order, on `processes` processors."""
    total = Found()
    chunks = range(task.archive.chunks)
    if processes < 2 or len(chunks) < 2:
        for number in chunks:
            _merge(total, read_chunk(task, number))
        return total
    with ProcessPoolExecutor(processes, initializer=_adopt, initargs=(task,)) as pool:
        for found in pool.map(_adopted, chunks):
            _merge(total, found)
    return total


_task: list[Task] = []


def _adopt(task: Task) -> None:
    _task[:] = [task]


def _adopted(number: int) -> Found:
    return read_chunk(_task[0], number)


def _merge(total: Found, found: Found) -> None:
    total.findings.problems += found.findings.problems
    for text in found.findings.notices:
        total.findings.notice(text)
    for what, count in found.findings.counted.items():
        total.findings.count(what, count)
    for series, seen in found.observations.items():
        total.observations.setdefault(series, []).extend(seen)
    for series, slots in found.slots.items():
        total.slots.setdefault(series, set()).update(slots)
    total.done += found.done


def read_chunk(task: Task, number: int) -> Found:
    """One chunk; what cannot be read at all was reported by the first reading."""
    found = Found()
    try:
        entries, bodies = chunk(task.archive, number)
    except (BundleError, WireError):
        return found
    first = task.archive.manifest.from_size + number * 256
    for idx, (data, body) in enumerate(zip(entries, bodies, strict=True), first):
        try:
            entry = parse_entry(data)
            header = headers.parse(entry.header) if entry.kind is EntryKind.BATCH else None
        except WireError:
            continue
        if header is not None:
            _Batch(task, found, idx, entry, header).read(body)
    return found


@dataclass(frozen=True, slots=True)
class _Batch:
    task: Task
    found: Found
    idx: int
    entry: Entry
    header: Header

    @property
    def where(self) -> str:
        return f"entry {self.idx} ({self.header.agent} epoch {self.header.epoch} seq {self.header.seq})"

    def read(self, body: Body) -> None:
        self.signature()
        if self.header.plan and self.header.plan not in self.task.plans:
            self.found.findings.add(
                "bad_plan", self.where, f"names the plan {self.header.plan[:16]}…, not here"
            )
        if self.header.kind is not Kind.RESULTS:
            self.found.findings.count(f"{self.header.kind} batches")
            return
        split = self.body(body)
        if split is not None:
            for number, line in enumerate(split):
                self.line(number, line)

    def signature(self) -> None:
        public = self.task.keys.lives.get((self.header.agent, self.header.epoch))
        key = None if public is None else public.key_at(self.idx, self.header.seq)
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
        if self.task.full or self.idx in self.task.tips:
            return True
        chosen = sha256(self.task.sample + self.idx.to_bytes(8, "big")).digest()
        return int.from_bytes(chosen[:2], "big") % 100 == 0

    def body(self, body: Body) -> list[bytes] | None:
        findings = self.found.findings
        if not isinstance(body, Lines):
            if isinstance(body, Absent) and body.pruned:
                findings.count("pruned bodies")
                findings.notice("some bodies existed and were signed, but are no longer readable (pruned)")
            else:
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

    def line(self, number: int, line: bytes) -> None:
        where = f"{self.where} line {number}"
        try:
            result = of_json(strict_json.loads(line))
        except (WireError, FieldError) as error:
            self.found.findings.add("bad_line", where, str(error))
            return
        if result.vantage != self.header.agent:
            self.found.findings.add("bad_line", where, f"says its vantage point is {result.vantage!r}")
        self.judge(where, result)
        self.keep(number, result)

    def judge(self, where: str, result: Result) -> None:
        findings = self.found.findings
        params = self.task.params.get((result.check, result.params))
        if params is None:
            findings.add(
                "bad_plan", where, f"parameters {result.params[:16]}… of {result.check} are in no plan"
            )
            return
        if result.error is not None:
            findings.count("looks that failed (signed as errors)")
            return
        check = _check(result.check)
        if check is None or check.version != result.version:
            findings.count("lines not re-judged")
            findings.notice(f"not re-judged: {result.check} version {result.version} (not in this verifier)")
            return
        try:
            readings = rejudge(check, result, params)
        except FieldError as error:
            findings.add("bad_line", where, str(error))
            return
        findings.count("lines re-judged")
        if readings != result.readings or worst(r.state for r in readings) != result.state:
            findings.add("judged_differently", where, f"{result.check} of {result.target}")

    def keep(self, number: int, result: Result) -> None:
        key = (result.check, result.target, result.vantage)
        if result.round is None:
            self.found.slots.setdefault(key, set()).add(result.slot)
        if result.round is not None:
            error = None if result.error is None else result.error.value
            self.found.done.append(
                Done(result.round, *key, result.t0, result.state.value, error, self.idx, number)
            )
        outcome = Outcome.ERROR if result.error is not None else OUTCOME_OF_STATE[result.state.value]
        if (result.check, result.target) in self.task.wanted and outcome is not Outcome.ERROR:
            self.observe(key, result.t0 - shift_ms(self.header.clock.offset_us), outcome)

    def observe(self, key: Series, t_ms: int, outcome: Outcome) -> None:
        fork = self.task.forks.get(self.header.agent)
        if t_ms > self.entry.received_ms + FUTURE_MS or (fork is not None and self.idx > fork):
            return
        hold = self.task.holds.get((self.header.plan, key[0], key[1]), DEFAULT_HOLD_MS)
        self.found.observations.setdefault(key, []).append(
            Seen(t_ms, outcome, self.header.seq, self.idx, hold)
        )


def _check(check_id: str) -> Any:
    try:
        return registry.get(check_id)
    except (registry.UnknownCheckError, ImportError):
        return None


def params_of(plans: Mapping[str, Plan]) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Parameters by (check, digest) of everything that these plans ask for."""
    made: dict[tuple[str, str], Mapping[str, Any]] = {}
    for plan in plans.values():
        asked = [one.item for one in plan.items]
        asked += [one.item for part in plan.rounds for one in part.items]
        for item in asked:
            made[item.check, item.params_digest] = item.params
    return made


def holds_of(plans: Mapping[str, Plan]) -> dict[tuple[str, str, str], int]:
    """Hold by (plan digest, check, target)."""
    return {(digest, i.check, i.target): i.hold_ms for digest, plan in plans.items() for i in plan.items}
