"""Comparisons that no single look can make: with the run before, the source's signed word, the pinned system.

Each gives a verdict on a run. The source's agent signs the root of what it backs up in a line of its own;
the sidecar or manifest beside an artefact must say the same, or somebody edited it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from checks.artefacts.levels import Level, Outcome, Verdict, bad, good
from collector.backups.observed import Drill, Fingerprint, Record
from collector.backups.paths import Word
from collector.backups.policy import DAY_MS, HOUR_MS, BackupObject, ObjectKind
from collector.backups.runs import Runs

_ABOUT_THE_DRILL = frozenset({"wrong_target", "rolled_back", "overran", "wrong_answer", "not_drilled"})
_SLACK_MS = HOUR_MS
_SHA256, _SYSTEM = attrgetter("sha256"), attrgetter("system")


@dataclass(slots=True)
class Signed:
    """Roots that the source's agent signed for one object, by time."""

    by_time: list[Fingerprint]
    times: list[int]
    by_name: dict[str, list[Fingerprint]]

    @classmethod
    def of(cls, prints: Sequence[Fingerprint]) -> "Signed":
        """In order of time."""
        held = sorted(prints, key=lambda one: one.at_ms)
        names: dict[str, list[Fingerprint]] = {}
        for one in held:
            if one.artefact:
                names.setdefault(one.artefact, []).append(one)
        return cls(held, [one.at_ms for one in held], names)

    def of_run(self, record: Record, start: int) -> Sequence[Fingerprint]:
        """Those made for this artefact: by name, else within an hour of its making. A sandwich has two."""
        if named := self.by_name.get(record.name):
            return named
        end = record.end if record.end is not None else start
        a, b = bisect_left(self.times, start - _SLACK_MS), bisect_right(self.times, end + _SLACK_MS)
        return [one for one in self.by_time[a:b] if not one.artefact]


@dataclass(slots=True)
class Compared:
    """What the comparisons gave. `renamed`: run -> the run it went on as."""

    words: dict[int, list[Word]] = field(default_factory=dict)
    renamed: dict[int, int] = field(default_factory=dict)

    def add(self, run: int, verdict: Verdict, at_ms: int) -> None:
        """Notes a verdict."""
        self.words.setdefault(run, []).append(Word(verdict, at_ms))


def compare(
    one: BackupObject, runs: Runs, signed: Signed, drills: Sequence[Drill], epochs: Sequence[int]
) -> Compared:
    """Everything that is known of runs beside their own looks."""
    found = Compared()
    if signed.times:
        _roots(one, runs, signed, found)
    _same_as_before(runs, signed, found)
    _pins(one, runs, epochs, found)
    for drill in drills:
        _drilled(drill, runs, found)
    return found


def matches(prints: Sequence[Fingerprint], record: Record) -> bool:
    """Whether what was read in the artefact is what the source's agent signed."""
    roots = {one.root for one in prints}
    return bool(record.fingerprint) and record.fingerprint in roots


def _roots(one: BackupObject, runs: Runs, signed: Signed, found: Compared) -> None:
    rows = one.kind is ObjectKind.DATABASE
    for run, record in enumerate(runs.records):
        # A source that told its size alone gives no root to compare with.
        prints = [held for held in signed.of_run(record, runs.starts[run]) if held.root]
        if not prints:
            continue
        at = max(record.read_ms or record.first_ms, prints[0].at_ms)
        roots = {held.root for held in prints}
        if record.expected and record.expected not in roots:
            found.add(run, bad("fingerprint_edited" if rows else "manifest_edited"), at)
        elif record.fingerprint and record.fingerprint not in roots and not record.expected:
            found.add(run, bad("rows_differ" if rows else _files(record, prints)), at)
        elif record.fingerprint in roots:
            found.add(run, good(Level.TRUE), at)
        systems = {held.system for held in prints if held.system}
        if systems and record.system and record.system not in systems:
            found.add(run, bad("wrong_source"), at)


def _files(record: Record, prints: Sequence[Fingerprint]) -> str:
    """What other files are: of a repository's snapshot the bytes are counted as the source counts its own."""
    told = [one.bytes for one in prints if one.bytes is not None]
    if record.kind != "snapshot" or len(told) != len(prints) or not record.bytes:
        return "files_differ"
    if record.bytes < min(told):
        return "files_missing"
    return "files_extra" if record.bytes > max(told) else "files_differ"


def _same_as_before(runs: Runs, signed: Signed, found: Compared) -> None:
    """The same bytes twice: a file that goes on under another name, or an old one that stands for today's."""
    digests = list(filter(None, map(_SHA256, runs.records)))
    if len(set(digests)) == len(digests):
        return
    first: dict[str, int] = {}
    for run, record in sorted(enumerate(runs.records), key=lambda item: (item[1].first_ms, item[0])):
        before = first.setdefault(record.sha256, run) if record.sha256 else run
        if before == run:
            continue
        older = runs.records[before]
        if older.gone_ms is not None and older.gone_ms <= record.first_ms and older.start == record.start:
            found.renamed[before] = run
            first[record.sha256] = run
        elif not _said_so(record, signed, runs.starts[run]) and not _made_anew(older, record):
            found.add(run, bad("same_as_before", older.name), record.read_ms or record.first_ms)


def _said_so(record: Record, signed: Signed, start: int) -> bool:
    """The source itself says that it is what it was."""
    return bool(signed.times) and matches(signed.of_run(record, start), record)


def _made_anew(older: Record, record: Record) -> bool:
    """A time of its own inside, not in the bytes: a repository or a device of which nothing changed."""
    return record.start is not None and older.start is not None and record.start != older.start


def _pins(one: BackupObject, runs: Runs, epochs: Sequence[int], found: Compared) -> None:
    systems = set(map(_SYSTEM, runs.records)) - {""}
    if len(systems | set(one.systems)) > 1 or (one.systems and not systems <= set(one.systems)):
        _systems(one, runs, epochs, found)
    if one.sources:
        for run, record in enumerate(runs.records):
            if record.source and record.source not in one.sources:
                found.add(run, bad("wrong_source", record.source), record.read_ms or record.first_ms)


def _systems(one: BackupObject, runs: Runs, epochs: Sequence[int], found: Compared) -> None:
    """Held to the declared ids, else to the first one seen; from a restore of production on to the next."""
    pinned, bounds = set(one.systems), sorted(epochs)
    for run, record in enumerate(runs.records):
        while bounds and bounds[0] <= runs.starts[run]:
            bounds.pop(0)
            pinned = set()
        if not record.system:
            continue
        if not pinned:
            pinned = {record.system}
        if record.system not in pinned:
            word = "wrong_repository" if record.kind == "snapshot" else "wrong_source"
            found.add(run, bad(word, record.system), record.read_ms or record.first_ms)


def _drilled(drill: Drill, runs: Runs, found: Compared) -> None:
    """What a drill says of the artefact; what it says of itself is no word against the backup."""
    if drill.ended_ms is None or not drill.artefact:
        return
    run = drilled_run(runs, drill)
    if run is None:
        return
    untold = {one.level for one in drill.verdicts if one.outcome is Outcome.COULD_NOT_TELL}
    for verdict in drill.verdicts:
        if verdict.outcome is Outcome.COULD_NOT_TELL or verdict.reason in _ABOUT_THE_DRILL:
            continue
        if verdict == good(Level.USABLE) and Level.RESTORABLE in untold:
            continue  # right answers out of what nobody could call restored raise nothing
        found.add(run, verdict, drill.ended_ms)


def drilled_run(runs: Runs, drill: Drill) -> int | None:
    """The run a drill took: by its name, the newest that stood then."""
    best = None
    for run, record in enumerate(runs.records):
        if record.name == drill.artefact and record.first_ms <= drill.begun_ms + DAY_MS:
            best = run
    return best
