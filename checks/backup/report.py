"""Backups known only by what their maker reports: job records out of logs, JSON and mails, by a reader pack.

What somebody says of his own backups is evidence of the weakest grade (E), whatever it says: it is lifted by
a restore drill, whose result our own fingerprint judges.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from hashlib import sha256
from itertools import pairwise

from checks.api import Check, ErrorKind, ObservationError, Reading, Seen, Source, State, Unit
from checks.artefacts import basic, reports, standing
from checks.artefacts.artefact import Artefact, Listed, Made
from checks.artefacts.levels import Level, Verdict, bad, good, readings, untold
from checks.artefacts.look import Look, Stands
from checks.artefacts.reports import Job, Pack
from checks.codec import FieldError, from_json
from checks.places import Backups, Entry, Place

_MOST_GAPS = 20


@dataclass(frozen=True, slots=True)
class Reported:
    """One job; `base.id` is its own, `said` its status as it stands there. `files`, `copy`: as told."""

    base: Artefact
    said: str
    outcome: str
    object: str = ""
    files: int | None = None
    copy: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """One report as it was read: its digest, and how many jobs are in it. `trouble`: why it could not be."""

    name: str
    bytes: int
    modified: int
    sha256: str
    jobs: int
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """`pack`: digest of the reader's rules, `sample` whether they met a real output. `gaps`: job numbers that
    are in no report, the first of `gap_count`. `grade` is E: somebody's own word."""

    artefacts: tuple[Reported, ...]
    stands: Stands
    reports: tuple[Report, ...]
    reader: str
    pack: str
    sample: str
    gaps: tuple[int, ...] = ()
    gap_count: int = 0
    counting: bool = False
    grade: str = "E"


@dataclass(frozen=True, slots=True)
class Params(Look):
    """`path`: the reports (logs, JSON, mails). `reader` (required): the reader pack. `reports`: how many of
    the newest are read. `jobs`: names of jobs that are meant, with stars (none: all). `silence_s`: so long no
    report is a finding (0: not asked). `zone_min`: of times without a zone, minutes east of Greenwich."""

    reader: str = ""
    reports: int = 31
    jobs: tuple[str, ...] = ()
    silence_s: int = 0
    zone_min: int = 480

    def __post_init__(self) -> None:
        super(Params, self).__post_init__()
        if not self.reader.replace("-", "").isalnum() or not self.reader.isascii():
            raise ValueError("reader must be given: letters, digits and - only")
        if not 1 <= self.reports <= 1000 or self.silence_s < 0 or not -1440 <= self.zone_min <= 1440:
            raise ValueError("reports must be 1 to 1000, silence_s not below 0, zone_min -1440 to 1440")


def observe(backups: Backups, params: Params) -> Facts:
    raw = backups.reader(params.reader)
    try:
        pack = from_json(Pack, raw, params.reader)
    except FieldError as problem:
        raise ObservationError(ErrorKind.UNSUPPORTED, str(problem)) from None
    with backups.place(params) as place:
        found = standing.survey(place, params)
        jobs: dict[tuple[str, str, int | None], Job] = {}
        reports_read = [_report(place, found, one, pack, params, jobs) for one in found.all[: params.reports]]
    meant = [one for one in jobs.values() if _meant(one, params)]
    # What tells no time comes first, so that it is never passed over.
    meant.sort(key=lambda one: (one.end or one.start or 1 << 62, one.id), reverse=True)
    done = [one for one in meant if one.outcome != "running"]
    gaps = _gaps([one.id for one in jobs.values()]) if pack.counting else []
    return Facts(
        artefacts=tuple(_artefact(one) for one in done[: params.artefacts]),
        stands=_stands(meant),
        reports=tuple(reports_read),
        reader=params.reader,
        pack=sha256(repr(sorted(raw.items(), key=lambda one: one[0])).encode()).hexdigest(),
        sample=pack.sample,
        gaps=tuple(gaps[:_MOST_GAPS]),
        gap_count=len(gaps),
        counting=pack.counting,
    )


def _report(
    place: Place,
    found: standing.Survey,
    entry: Entry,
    pack: Pack,
    params: Params,
    jobs: dict[tuple[str, str, int | None], Job],
) -> Report:
    name, modified = standing.name_of(entry.path, found.top), entry.mtime_ns // 1_000_000
    try:
        begin = max(entry.size - reports.MOST_BYTES, 0)
        raw = place.block(entry.path, begin, reports.MOST_BYTES)
    except OSError as problem:
        return Report(name, entry.size, modified, "", 0, standing.trouble(problem))
    digest = sha256(raw).hexdigest()
    try:
        read = reports.read(raw, pack, params.zone_min)
    except (ValueError, RecursionError):
        return Report(name, entry.size, modified, digest, 0, "garbled")
    for one in read:
        # The newest report is read first: what it says of a job is its last word on it.
        jobs.setdefault((one.id, one.object, None if one.id else one.start), one)
    return Report(name, entry.size, modified, digest, len(read))


def _meant(one: Job, params: Params) -> bool:
    return not params.jobs or any(fnmatchcase(one.object, wanted) for wanted in params.jobs)


def _artefact(one: Job) -> Reported:
    made = Made(one.start, one.end, source=one.object)
    base = Artefact(
        name=_name(one),
        kind=one.kind or "full",
        bytes=one.bytes or 0,
        parts=one.files or 0,
        modified=one.end or one.start or 0,
        made=made,
        id=one.id,
    )
    return Reported(base, one.said, one.outcome, one.object, one.files, one.copy)


def _name(one: Job) -> str:
    return "/".join(filter(None, (one.object, one.id or str(one.start or one.end or "")))) or "job"


def _stands(jobs: list[Job]) -> Stands:
    rows = [
        (one.outcome, Listed(_name(one), one.bytes or 0, one.end or one.start or 0))
        for one in jobs
        if one.outcome != "bad"
    ]
    listed = tuple(row for outcome, row in rows if outcome != "running")
    running = tuple(row for outcome, row in rows if outcome == "running")
    return Stands(len(listed), listed[:1000], running[:100])


def _gaps(ids: list[str]) -> list[int]:
    numbers = sorted({int(one) for one in ids if one.isascii() and one.isdigit() and len(one) < 16})
    missing: list[int] = []
    for before, after in pairwise(numbers):
        missing.extend(range(before + 1, min(after, before + 1001)))
    return missing


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    facts = seen.facts
    yield from basic.judge_stands(facts.stands)
    yield from _reported(facts, params, seen.taken_at)
    for one in facts.artefacts:
        yield from readings(one.base.name, _verdicts(one, facts, params, seen.taken_at))
        yield Reading(f"{one.base.name}:bytes", one.base.bytes, Unit.BYTES, State.OK)


def _reported(facts: Facts, params: Params, taken_at: int) -> Iterator[Reading]:
    wrong = sum(bool(one.trouble) for one in facts.reports)
    state = State.UNKNOWN if wrong else State.OK
    yield Reading("reports", len(facts.reports), Unit.COUNT, state, "not_read" if wrong else "")
    newest = max((one.modified for one in facts.reports), default=None)
    if params.silence_s:
        age = None if newest is None else max(taken_at - newest, 0) // 1000
        late = age is None or age > params.silence_s
        yield Reading("silence", age, Unit.SECONDS, State.CRIT if late else State.OK, "late" if late else "")
    if facts.counting:
        state = State.CRIT if facts.gap_count else State.OK
        yield Reading("gaps", facts.gap_count, Unit.COUNT, state, "gap" if facts.gap_count else "")


def _verdicts(one: Reported, facts: Facts, params: Params, taken_at: int) -> Iterator[Verdict]:
    if facts.sample != "seen":  # rules that never met a real output prove nothing, whatever they find
        yield untold(Level.PRESENT, "unsupported", facts.reader)
    elif one.outcome == "good":
        yield good(Level.PRESENT)
    elif one.outcome == "bad":
        yield bad("job_failed", one.said)
    else:
        yield untold(Level.PRESENT, "unknown_word", one.said)
    end = one.base.made.end if one.base.made.end is not None else one.base.made.start
    if end is None:
        yield untold(Level.FRESH, "not_recorded")
    elif end > taken_at + basic.AHEAD_MS:
        yield bad("from_the_future")
    elif params.max_age_s and taken_at - end > params.max_age_s * 1000:
        yield bad("late")
    else:
        yield good(Level.FRESH)


CHECK = Check(
    id="backup.report",
    version=1,
    title="备份设备的任务报告",
    title_en="Reports of backup appliances",
    source=Source.BACKUP,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("HA-06", "HA-07", "HA-09", "LH-32"),
    needs=(
        "the reports as files: logs, JSON, mails",
        "a reader pack that met a real output of this product (docs/backups/readers.md)",
    ),
)
