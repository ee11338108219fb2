"""The course of a drill with a repository of pgBackRest (restored by itself, in the cell), or with what
Barman keeps of a server (as it lies there: a data directory, and the log by its segments).

Of a repository only the chosen backup is fetched, what it refers to, and the log up to where it is
consistent; of an encrypted one everything, for what it holds can only be told inside.
"""

import json
import os
import posixpath
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from agent.drills import tablespaces
from agent.drills.cell import Cell
from agent.drills.choice import by_rule, rule_of
from agent.drills.compare import expected_of
from agent.drills.complaints import why
from agent.drills.course import Course
from agent.drills.errors import StopError
from agent.drills.fetch import Fetched, fetch, fetch_files, unseal
from agent.drills.physical import Instance, bring_up, opened, says
from agent.drills.work import Work
from checks.api import ErrorKind, ObservationError
from checks.artefacts import barman
from checks.artefacts import pgbackrest as repo
from checks.artefacts.formats import COMPRESSIONS, HEAD, named
from checks.artefacts.opening import Sealed
from checks.artefacts.wal import segment_name
from checks.backup.barman import infos_of, parents
from checks.places import Backups, Entry, Place

_TOOL = "/usr/bin/pgbackrest"
_TOP = "/drill/in/artefact"
_WAL = "in/wal"


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup. `needs`: what it is built on; `first`, `last`: segments from its start to consistency."""

    stanza: str
    label: str
    needs: tuple[str, ...]
    began: int | None
    ended: int | None
    first: str
    last: str
    system: str = ""
    kind: str = "full"

    @property
    def name(self) -> str:
        """As the checks call it."""
        return f"{self.stanza}/{self.label}"

    def wants(self, segment: str) -> bool:
        """Whether it needs this segment (24 digits) to become consistent."""
        return self.first[:24] <= segment <= self.last[:24]


def choose(course: Course, found: Sequence[Backup]) -> Backup:
    """By the same rule as files."""
    wish = course.wish
    if wish.artefact:
        named_so = [one for one in found if wish.artefact in (one.name, one.label)]
    else:
        known = wish.source.system
        ours = [one for one in found if not known or not one.system or one.system == known]
        newest = sorted(ours, key=lambda one: (one.ended or 0, one.label), reverse=True)
        rule = rule_of(wish.pick, wish.every, wish.since, course.decided)
        named_so = [by_rule(newest, rule)] if newest else []
        if found and not ours:
            raise StopError("wrong_source", found[0].system)
    if not named_so:
        raise StopError("missing")
    chosen = named_so[0]
    course.base = replace(course.base, name=chosen.name, id=chosen.label, kind=chosen.kind)
    course.says_made(chosen.began, chosen.ended, source=chosen.stanza, system=chosen.system)
    return chosen


def _noted(course: Course, made: Fetched) -> None:
    course.base = replace(course.base, bytes=made.bytes, parts=made.parts, read_at=int(time.time() * 1000))


# pgBackRest.


def run_pgbackrest(course: Course, backups: Backups, place: Place, entry: Entry) -> None:
    """Fetch, open, restore, recover, ask, read, pages, compare."""
    work = course.work
    if entry.kind != "directory":
        raise StopError("unknown_format")
    there = repo.stanzas(place, entry.path)
    if course.wish.stanza and there and course.wish.stanza not in there:
        raise StopError("not_read", course.wish.stanza)  # others are here: the name may be wrong
    expected = expected_of(course, place, entry)
    try:
        plain = _listed(course, place, entry)
    except repo.SealedError:
        plain = None
    except repo.GarbledError:
        raise StopError("damaged", "backup.info") from None
    chosen = choose(course, plain) if plain is not None else None
    if chosen is not None:
        _standing(place, entry, chosen)
    made = fetch(work, place, entry, keep=_keeper(chosen) if chosen is not None else None)
    _noted(course, made)
    env = _key(course, backups) if chosen is None else {}
    with work.phase("open"):
        instance = Instance.of(work)
        chosen = chosen or choose(course, _told(course, instance.cell, env))
    with work.phase("restore", made.bytes) as span:
        tool = Tool(instance.cell, chosen, env)
        tool.restore(work)
        tool.log(work)
        says(course, work.room / "data")
        course.says_made(chosen.began, chosen.ended)
        span.bytes = made.bytes
    bring_up(course, instance, work.room / "data", expected, with_wal=True)


def _listed(course: Course, place: Place, entry: Entry) -> list[Backup]:
    """All that backup.info names, of the stanza that is meant or of all."""
    found = []
    names = [course.wish.stanza] if course.wish.stanza else repo.stanzas(place, entry.path)
    for name in names:
        try:
            info = repo.read_info(repo.info_of(place, f"{entry.path}/backup/{name}", "backup.info"))
        except FileNotFoundError:
            continue  # a stanza whose log alone stands here
        found += [
            Backup(
                name,
                one.label,
                _needs(one.label, {each.label: each.prior for each in info.labels}, one.references),
                one.started,
                one.stopped,
                one.first_segment,
                one.last_segment,
                one.system,
                one.kind,
            )
            for one in info.labels
        ]
    return found


def _needs(label: str, priors: Mapping[str, str], references: Sequence[str]) -> tuple[str, ...]:
    made, at = list(references), priors.get(label, "")
    while at and at not in made:
        made.append(at)
        at = priors.get(at, "")
    return tuple(one for one in dict.fromkeys(made) if one != label)


def _standing(place: Place, entry: Entry, chosen: Backup) -> None:
    """That the chosen one and all that it needs stand there."""
    here = set(repo.standing_labels(place, f"{entry.path}/backup/{chosen.stanza}"))
    if chosen.label not in here:
        raise StopError("missing", chosen.label)
    for one in chosen.needs:
        if one not in here:
            raise StopError("orphan", one)


def _keeper(chosen: Backup) -> Any:
    sets = {chosen.label, *chosen.needs}

    def keep(name: str) -> bool:
        kind, _, rest = name.partition("/")
        stanza, _, inside = rest.partition("/")
        if stanza != chosen.stanza:
            return False
        base = posixpath.basename(name)
        if kind == "backup":
            return base.startswith("backup.info") or inside.partition("/")[0] in sets
        return base.startswith("archive.info") or base.endswith(".history") or chosen.wants(base[:24])

    return keep


def _told(course: Course, cell: Cell, env: Mapping[str, str]) -> list[Backup]:
    """What the tool says of an encrypted repository."""
    stanza = [f"--stanza={course.wish.stanza}"] if course.wish.stanza else []
    argv = [_TOOL, "--no-config", f"--repo1-path={_TOP}", *_PATHS, *stanza, "--output=json", "info"]
    try:
        rows = json.loads(_asked(cell, argv, env))
        return [
            Backup(
                str(row["name"]),
                str(one["label"]),
                tuple(one.get("reference") or ()),
                int(one["timestamp"]["start"]) * 1000,
                int(one["timestamp"]["stop"]) * 1000,
                str(one["archive"]["start"] or ""),
                str(one["archive"]["stop"] or ""),
                kind={"full": "full", "incr": "incremental"}.get(one["type"], "differential"),
            )
            for row in rows
            for one in row["backup"]
        ]
    except (ValueError, KeyError, TypeError):
        raise StopError("no_key", "passphrase") from None


def _asked(cell: Cell, argv: Sequence[str], env: Mapping[str, str]) -> bytes:
    """What it prints; `no_key` where the passphrase is wrong, or what would tell is damaged: of those two the
    tool has the same word, and neither is a word against the backup."""
    try:
        return _run(cell, argv, env, "does_not_open")
    except StopError as stop:
        if stop.reason != "does_not_open":
            raise
        raise StopError("no_key", "passphrase", stop.detail) from None


def _key(course: Course, backups: Backups) -> dict[str, str]:
    if not course.wish.password:
        raise StopError("no_key")
    try:
        held = backups.secret(course.wish.password)
    except ObservationError as problem:
        raise StopError("no_key" if problem.kind is ErrorKind.DENIED else "denied") from None
    word = held.get("passphrase") or held.get("password") or ""
    return {"PGBACKREST_REPO1_CIPHER_TYPE": "aes-256-cbc", "PGBACKREST_REPO1_CIPHER_PASS": word}


_PATHS = (
    "--lock-path=/drill/tmp",
    "--log-path=/drill/tmp",
    "--log-level-file=off",
)


@dataclass(frozen=True, slots=True)
class Tool:
    """pgBackRest in the cell. `env`: the passphrase, seen by nobody else."""

    cell: Cell
    chosen: Backup
    env: Mapping[str, str]

    def _words(self) -> list[str]:
        own = [f"--stanza={self.chosen.stanza}", f"--repo1-path={_TOP}", "--pg1-path=/drill/data"]
        return [_TOOL, "--no-config", *own, *_PATHS, "--log-level-console=warn"]

    def restore(self, work: Work) -> None:
        """The data directory; tablespaces beside it, wherever the source had them."""
        (work.room / "data").mkdir(mode=0o700)
        work.give(work.room / "data")
        words = [f"--set={self.chosen.label}", "--type=immediate", f"--process-max={work.given.jobs}"]
        words += [f"--tablespace-map-all={tablespaces.INSIDE}spaces"]
        (work.room / "in" / "spaces").mkdir(mode=0o700)
        work.give(work.room / "in" / "spaces")
        _run(self.cell, [*self._words(), *words, "restore"], self.env, "restore_failed")

    def log(self, work: Work) -> None:
        """The segments that it needs to become consistent: got here, so that no server sees the key."""
        to = work.room / _WAL
        to.mkdir(mode=0o700)
        work.give(to)
        archive = work.room / "in" / "artefact" / "archive" / self.chosen.stanza
        held = sorted({one.name[:24] for one in archive.glob("*/*/*-*") if segment_name(one.name[:24])})
        for name in (one for one in held if self.chosen.wants(one)):
            work.check()
            _run(
                self.cell, [*self._words(), "archive-get", name, f"/drill/{_WAL}/{name}"], self.env, "damaged"
            )


def _run(cell: Cell, argv: Sequence[str], env: Mapping[str, str], otherwise: str) -> bytes:
    status, out, said = cell.run(argv, env=env)
    if status == 127:
        raise StopError("no_tool", "pgbackrest")
    if status:
        told = out[-4000:] + said  # it complains on its output
        word = "does_not_open" if b"unable to decrypt" in told or b"CryptoError" in told else otherwise
        word = "changed" if b"error restoring" in told and b"checksum" in told else word
        raise why(told, word)
    return out


# Barman.


def run_barman(course: Course, backups: Backups, place: Place, entry: Entry) -> None:
    """Fetch, open, recover, ask, read, pages, compare."""
    work = course.work
    if entry.kind != "directory":
        raise StopError("unknown_format")
    expected = expected_of(course, place, entry)
    try:
        place.names(f"{entry.path}/base")  # what may not be listed is not told, and not missing
    except FileNotFoundError:
        raise StopError("missing") from None
    infos = infos_of(place, entry.path)
    name = posixpath.basename(entry.path)
    found = [_of_barman(name, one, infos) for one in infos.values() if one.status in barman.ENDED]
    chosen = choose(course, found)
    if infos[chosen.label].encryption:
        raise StopError("unsupported", "encryption")
    for one in chosen.needs:
        if one not in infos:
            raise StopError("orphan", one)
    labels = [*reversed(chosen.needs), chosen.label]
    names = [*(f"link-{number}" for number in range(len(labels) - 1)), "artefact"]
    spaces: tuple[str, ...] = ()
    for label, to in zip(labels, names, strict=True):
        data = _data(place, f"{entry.path}/base/{label}")
        made = fetch(work, place, data, to)
        spaces = tablespaces.bring(work, place, data, to)
    _noted(course, made)
    with_wal = _segments(work, backups, place, entry, chosen)
    instance = Instance.of(work)
    paths = [f"{tablespaces.INSIDE}{one}" for one in names] if len(names) > 1 else []
    with work.phase("open", made.bytes):
        data_here = opened(course, instance, made.path, paths, spaces)
        course.says_made(chosen.began, chosen.ended)
    bring_up(course, instance, data_here, expected, with_wal=with_wal)


def _of_barman(name: str, one: barman.Backup, infos: dict[str, barman.Backup]) -> Backup:
    return Backup(
        name,
        one.id,
        tuple(parents(one.id, infos)),
        one.started,
        one.ended,
        one.first_segment,
        one.last_segment,
        one.system,
        "incremental" if one.parent else "full",
    )


def _data(place: Place, folder: str) -> Entry:
    try:
        found = place.stat(f"{folder}/data")
    except FileNotFoundError:
        raise StopError("part_missing", "data") from None
    if found.kind != "directory":
        raise StopError("unknown_format")
    return found


def _segments(work: Work, backups: Backups, place: Place, entry: Entry, chosen: Backup) -> bool:
    """Fetch and unpack the log it needs; whether there is any."""
    wanted = {}
    try:
        for one in place.walk(f"{entry.path}/wals"):
            name = posixpath.basename(one.path)
            if one.kind == "file" and len(name) == 24 and segment_name(name) and chosen.wants(name):
                wanted[name] = one.path
    except FileNotFoundError:
        return False
    if not wanted:
        return False
    to = fetch_files(work, place, wanted, "wal")
    for name in wanted:
        path = to / name
        if _packed(path):
            size = path.stat().st_size
            os.rename(unseal(work, backups, Fetched(path, "", size, 1), Sealed()), path)
    return True


def _packed(path: Path) -> bool:
    with path.open("rb") as file:
        return named(file.read(HEAD)) in COMPRESSIONS
