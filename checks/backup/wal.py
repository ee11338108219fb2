"""PostgreSQL's archived log: every segment from the oldest backup to now, on all timelines that lead here."""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, replace

from checks.api import Check, Reading, Seen, Source, State, Unit
from checks.artefacts import basic, levels
from checks.artefacts.artefact import Artefact, Made
from checks.artefacts.look import Look, Stands
from checks.artefacts.pgbackup import GarbledError, read_label
from checks.artefacts.standing import base, pattern_of, survey, trouble
from checks.artefacts.walread import Expected, Log, judge_log, missing, read_log
from checks.files import check_paths
from checks.places import Backups, Entry, Place


@dataclass(frozen=True, slots=True)
class Params(Look):
    """`path`: the archive's directory. `backups`: the base backups that need it, as of Look.path ("": the
    marks that PostgreSQL left in the archive say where they begin). `archive_timeout_s`: as of
    postgresql.conf (0: how old the newest segment may be is not asked), `margin_s`: how much later it may
    come. `system`: system identifier of the cluster ("" not asked). `read`: how many compressed segments
    are read at one look."""

    backups: str = ""
    archive_timeout_s: int = 0
    margin_s: int = 900
    system: str = ""
    read: int = 1000

    def __post_init__(self) -> None:
        super(Params, self).__post_init__()
        if self.backups:
            check_paths((self.backups,), "backups")
        if self.archive_timeout_s < 0 or self.margin_s < 0 or not 1 <= self.read <= 1_000_000:
            raise ValueError("archive_timeout_s and margin_s must not be below 0, read 1 to 1000000")


@dataclass(frozen=True, slots=True)
class Archive:
    """One archive."""

    base: Artefact
    log: Log


@dataclass(frozen=True, slots=True)
class Facts:
    """Archives that fit the path."""

    artefacts: tuple[Archive, ...]
    stands: Stands


def observe(backups: Backups, params: Params) -> Facts:
    """List the archives, look into segments that are new."""
    with backups.place(params) as place:
        found = survey(place, params)
        since = _starts(place, params) if params.backups else ()
        read = tuple(_archive(backups, place, found.top, one, params, since) for one in found.chosen)
    return Facts(read, found.stands)


def _starts(place: Place, params: Params) -> tuple[str, ...]:
    """Segments in which backups begin."""
    made = []
    for entry in place.match(pattern_of(params.backups)):
        try:
            made.append(
                read_label(place.block(posixpath.join(entry.path, "backup_label"), 0, 65_536)).segment
            )
        except (OSError, GarbledError):
            continue
    return tuple(made)


def _archive(
    backups: Backups, place: Place, top: str, entry: Entry, params: Params, since: tuple[str, ...]
) -> Archive:
    made = base(place, entry, top, kind="log")
    try:
        log = read_log(backups, place, [entry.path], f"log {made.name}", most=params.read, since=since)
    except OSError as problem:
        return Archive(replace(made, trouble=trouble(problem)), Log())
    system = log.systems[0] if len(log.systems) == 1 else ""
    return Archive(
        replace(
            made,
            bytes=log.bytes,
            parts=log.count,
            modified=log.newest_at or made.modified,
            made=Made(system=system),
            id=log.newest,
        ),
        log,
    )


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    """Each archive; `NAME:missing` counts segments."""
    yield from basic.judge_stands(seen.facts.stands)
    expected = Expected(params.archive_timeout_s, params.margin_s, params.system)
    for one in seen.facts.artefacts:
        verdicts = list(basic.judge_base(one.base, params, seen.taken_at, inner=False))
        if not one.base.trouble and one.log.count:
            verdicts += judge_log(one.log, expected, seen.taken_at)
        yield from levels.readings(one.base.name, verdicts)
        count = sum(max(gap.count, 1) for gap in missing(one.log))
        yield Reading(f"{one.base.name}:missing_segments", count, Unit.COUNT, State.OK)


CHECK = Check(
    id="backup.wal",
    version=2,
    title="PostgreSQL 归档日志",
    title_en="PostgreSQL: archived log",
    source=Source.BACKUP,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    needs=("read access to the archive", "zstd or lz4, where segments are compressed with them"),
)
