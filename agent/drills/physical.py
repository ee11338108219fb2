"""The course of a drill with a base backup: copied, started with settings of its own, made consistent."""

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from agent.drills import postgres, programs, tablespaces
from agent.drills.cell import Cell
from agent.drills.compare import expected_of
from agent.drills.complaints import why
from agent.drills.course import Course
from agent.drills.errors import StopError
from agent.drills.fetch import fetch
from agent.drills.links import bring, chain, combine
from agent.drills.logical import describe, finish
from agent.drills.programs import Programs
from agent.drills.reading import DATABASES
from agent.drills.server import Server
from agent.drills.work import Work
from agent.sources.backup_local import LocalPlace
from checks.artefacts.fingerprint import Fingerprint
from checks.artefacts.pgbackup import GarbledError, read_control, read_label, read_manifest
from checks.places import Backups, Entry, Place

_SUFFIXES = (".tar", ".tar.gz", ".tar.zst", ".tar.lz4", ".tar.bz2", ".tar.xz")
_LABEL = "backup_label"
_GAP = re.compile(
    "could not locate required checkpoint|WAL ends before (?:end of online backup|consistent recovery point)"
    "|recovery ended before configured recovery target"
)


def run(course: Course, backups: Backups, place: Place, entry: Entry) -> None:
    """Fetch, open, start (our settings), recover, ask, read, pages, compare."""
    work, wish = course.work, course.wish
    if entry.kind != "directory":
        raise StopError("unsupported", "a base backup is a directory")
    links = chain(course, place, entry)
    fetched = fetch(work, place, entry)
    paths = bring(course, place, links) if len(links) > 1 else []
    spaces = tablespaces.bring(work, place, entry)
    course.base = replace(
        course.base,
        sha256=fetched.sha256,
        bytes=fetched.bytes,
        parts=fetched.parts,
        read_at=int(time.time() * 1000),
    )
    expected = expected_of(course, place, entry)
    if wish.wal:
        fetch(work, place, place.stat(wish.wal), "wal")
    instance = Instance.of(work)
    with work.phase("open", fetched.bytes) as span:
        data = opened(course, instance, fetched.path, paths, spaces)
        span.bytes = fetched.bytes
    bring_up(course, instance, data, expected, with_wal=bool(wish.wal))


@dataclass(frozen=True, slots=True)
class Instance:
    """The cell, and what is installed here to start a server with."""

    work: Work
    cell: Cell
    installed: list[Programs]

    @staticmethod
    def of(work: Work) -> "Instance":
        """A cell that sees all of these programs."""
        installed = programs.installed(work.given)
        return Instance(
            work, work.make_cell(tuple(bind for one in installed for bind in one.binds)), installed
        )

    def programs(self, data: Path) -> Programs:
        """Those of the data directory's own major version; no others start it."""
        major = _major(data)
        return programs.choose([one for one in self.installed if one.major == major], major)


def opened(
    course: Course, instance: Instance, top: Path, paths: list[str], spaces: tuple[str, ...] = ()
) -> Path:
    """The data directory out of what was fetched: unpacked, combined with what it rests on (`paths`)."""
    data = _unpacked(instance, top)
    says(course, data)
    if paths:
        to = instance.work.room / "combined"
        combine(instance.cell, instance.programs(data), paths, to, spaces)
        return to
    return data


def bring_up(
    course: Course, instance: Instance, data: Path, expected: Fingerprint | None, *, with_wal: bool
) -> None:
    """Start it with settings of our own, let it become consistent; then ask, read, pages, compare."""
    work = course.work
    with work.phase("start"):
        major, chosen = _major(data), instance.programs(data)
        postgres.take_over(work, data)
        if data != work.room / "data":
            os.rename(data, work.room / "data")
        (work.room / "data").chmod(0o700)
        server = Server(work, instance.cell, chosen)
    with work.phase("recover"), _known(work):
        server.start(_recovery(work, data=work.room / "data", with_wal=with_wal))
    describe(course, server, major)
    _same_cluster(course)
    finish(course, server, _database(course, server), expected)


def _unpacked(instance: Instance, top: Path) -> Path:
    """The data directory: as it is, or out of base.tar, pg_wal.tar and those of tablespaces, in the cell."""
    work, cell = instance.work, instance.cell
    if (top / "PG_VERSION").exists():
        return top
    base = _tar(top, "base")
    if base is None:
        raise StopError("unknown_format")
    for archive, inside in ((base, "out"), (_tar(top, "pg_wal"), "out/pg_wal")):
        if archive is not None:
            (work.room / inside).mkdir(mode=0o700, exist_ok=True)
            work.give(work.room / inside)
            words = ["-x", "--no-same-owner", "-f", f"/drill/in/{top.name}/{archive.name}", "-C"]
            status, _, said = cell.run(["/usr/bin/tar", *words, f"/drill/{inside}"])
            if status:
                raise why(said, "damaged")
    numbers = sorted({one.name.split(".")[0] for one in top.iterdir() if one.name.split(".")[0].isdigit()})
    tars = {number: found for number in numbers if (found := _tar(top, number)) is not None}
    tablespaces.unpack(work, cell, tars, work.room / "out")
    return work.room / "out"


def _tar(top: Path, name: str) -> Path | None:
    return next((top / (name + end) for end in _SUFFIXES if (top / (name + end)).is_file()), None)


def _major(data: Path) -> int:
    try:
        return int(_ours(data, "PG_VERSION", 64).split(b".")[0])
    except (OSError, ValueError):
        raise StopError("unknown_format") from None


def says(course: Course, data: Path) -> None:
    """What label and control file say; without a label it is a copy of a running data directory."""
    try:
        label = read_label(_ours(data, _LABEL, 65536))
    except FileNotFoundError:
        raise StopError("not_a_backup") from None
    except (OSError, GarbledError):
        raise StopError("damaged", _LABEL) from None
    began = _moment(label.started)
    ended = None
    with suppress(OSError, GarbledError), LocalPlace().open(f"{data}/backup_manifest") as file:
        manifest = read_manifest(file)
        began, ended = manifest.started(), manifest.ended()
    system = ""
    with suppress(OSError, GarbledError):
        system = str(read_control(_ours(data, "global/pg_control", 65536)).system)
    course.says_made(began, ended, system=system)


def _ours(data: Path, name: str, most: int) -> bytes:
    """The beginning of a file that was restored: never what a link, pipe or device in its place leads to."""
    return LocalPlace().block(f"{data}/{name}", 0, most)


def _moment(text: str) -> int | None:
    """START TIME of a label where its zone is one that has a single meaning."""
    with suppress(ValueError):
        for zone in (" UTC", " GMT"):
            if text.endswith(zone):
                when = datetime.strptime(text.removesuffix(zone), "%Y-%m-%d %H:%M:%S")
                return int(when.replace(tzinfo=UTC).timestamp()) * 1000
    return None


def _recovery(work: Work, data: Path, *, with_wal: bool) -> dict[str, str]:
    """Settings beyond the drill's own: WAL from the archive's copy where it was given, up to consistency."""
    more = {"hot_standby": "off", "max_prepared_transactions": "100", "primary_conninfo": ""}
    if not with_wal:
        return more
    signal = data / "recovery.signal"
    signal.touch(mode=0o600)
    work.give(signal)
    return {
        **more,
        "restore_command": "cp /drill/in/wal/%f %p",
        "recovery_target": "immediate",
        "recovery_target_action": "promote",
    }


@contextmanager
def _known(work: Work) -> Iterator[None]:
    """A server that does not come up has not become consistent, whatever it says."""
    try:
        yield
    except StopError as problem:
        if problem.reason == "restore_failed" and (found := _GAP.search(problem.detail)) is not None:
            raise StopError("gap", "checkpoint" if "checkpoint" in found[0] else "", problem.detail) from None
        raise


def _same_cluster(course: Course) -> None:
    """It must be the cluster that the policy means: a backup of another one proves nothing about this."""
    known, target = course.wish.source.system, course.target
    if known and target is not None and target.system != known:
        raise StopError("wrong_source", target.system)


def _database(course: Course, server: Server) -> str:
    """The database that fingerprint and questions are of."""
    names = server.answer(DATABASES).split("\n")
    wanted = course.wish.database or course.wish.source.database
    if wanted:
        if wanted not in names:
            raise StopError("wrong_source", wanted[:100])
        return wanted
    told = course.against.database if course.against is not None else ""
    own = [one for one in names if one != "postgres"]
    return told if told in names else own[0] if len(own) == 1 else "postgres"
