"""The course of a drill with files: a copied tree, an archive of one, or what a repository gave back.

Restored, every byte is read and put beside the manifest made at the source. Questions ask for files by path.
"""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

from agent.drills import increments
from agent.drills.cell import Cell
from agent.drills.complaints import why
from agent.drills.course import Course
from agent.drills.errors import StopError
from agent.drills.fetch import fetch, unseal
from agent.drills.work import Span, Work
from agent.sources.backup_local import LocalPlace
from checks.artefacts import standing
from checks.artefacts.fingerprint import Compared, Names
from checks.artefacts.formats import HEAD, named
from checks.artefacts.hashes import hasher
from checks.artefacts.manifest import (
    ENDINGS,
    INSIDE,
    ManifestError,
    Open,
    content_line,
    content_of,
    encoded,
    kind_of,
    replay,
)
from checks.artefacts.manifests import MOST, Chain, Pool
from checks.drills import Against, Restored, Target
from checks.places import Backups, Entry, Place, shown

OUT = "/drill/out"
_MOST_NAMES = 20
_LAST = b"\xff" * 64  # behind every path


@dataclass(slots=True)
class Expectation:
    """A chain of manifests, as functions that open them, and where in the restored tree its top lies."""

    place: Place
    chain: Chain

    @property
    def below(self) -> str:
        """The source's own path of the tree."""
        return self.chain.head.tree

    def lines(self) -> Iterator[tuple[bytes, bytes]]:
        """(raw path, line of content) in order."""
        opens = [self._opener(one.path) for one in self.chain.links]
        for path, line in replay(opens):
            yield path, content_of(line)

    def _opener(self, path: str) -> Open:
        return lambda: self.place.blocks(path, MOST)


@dataclass(slots=True)
class Tally:
    """What was read, and beside what it stood."""

    files: int = 0
    size: int = 0
    wanted: int = 0
    same: int = 0
    missing: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    differ: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    root: str = ""

    def note(self, word: str, path: bytes) -> None:
        """One more of them."""
        self.counts[word] = self.counts.get(word, 0) + 1
        held: list[str] = getattr(self, word)
        if len(held) < _MOST_NAMES:
            held.append(shown(os.fsdecode(path)))

    def compared(self) -> Compared:
        """As facts."""
        return Compared(
            tables=self.wanted,
            rows=self.wanted,
            root=self.root,
            same=self.same,
            same_rows=self.same,
            alike=self.same,
            filled=self.wanted,
            found_rows=self.files,
            missing=self._names("missing"),
            extra=self._names("extra"),
            differ=self._names("differ"),
        )

    def _names(self, word: str) -> Names:
        return Names(self.counts.get(word, 0), tuple(getattr(self, word)))


def run(course: Course, backups: Backups, place: Place, entry: Entry) -> None:
    """Fetch, open, restore (unpack, of an archive), ask, read, compare."""
    work, wish = course.work, course.wish
    pool = manifests(course, place)
    expected = expectation(course, place, entry, pool)
    made = fetch(work, place, entry)
    course.base = replace(
        course.base, sha256=made.sha256, bytes=made.bytes, parts=made.parts, read_at=int(time.time() * 1000)
    )
    path = unseal(work, backups, made, wish.sealed)
    days = _days(course, place, entry, pool) if wish.layout == "increments" else None
    before = [] if days is None else increments.bring(work, place, days[1][:-1])
    with work.phase("start"):
        cell = work.make_cell()
        describe(course, cell, "directory", "")
    with work.phase("restore", made.bytes) as span:
        if days is None:
            top = path if path.is_dir() else _unpack(work, cell, path)
        else:
            top = increments.put_together(work, pool, days[0], [*before, path])
        span.bytes = made.bytes
    finish(course, top, expected)


def manifests(course: Course, place: Place) -> Pool:
    """Those that lie where `manifests` says, and of increments those of every day; a copy's own are found
    when asked for."""
    pool = Pool(place, standing.Memory())
    if course.wish.manifests:
        pool.add(place.match(course.wish.manifests))
    if course.wish.layout == "increments":
        for ending in ENDINGS:  # of a day that is gone too, if they lie beside
            pool.add(place.match(standing.pattern_of(course.wish.path) + ending))
        for one in standing.survey(place, course.wish).all:
            pool.of(one.path)
    return pool


def _days(course: Course, place: Place, entry: Entry, pool: Pool) -> tuple[Chain, list[Entry]]:
    """The chain of an increment and the directory of each of its links; StopError `orphan` where one is gone,
    `not_recorded` where no manifest says what it rests on and what it deleted."""
    if entry.kind != "directory":
        raise StopError("unsupported", "an increment is a directory")
    own = pool.of(entry.path)
    chain = pool.chain(own[-1] if own else None)
    if chain.fault or not chain.links:
        edited = bool(own) and own[-1].fault == "manifest_edited"
        raise StopError("manifest_edited" if edited else "not_recorded", chain.subject)
    every = [one for one in standing.survey(place, course.wish).all if one.kind == "directory"]
    return chain, increments.links(pool, chain, every)


def expectation(course: Course, place: Place, entry: Entry, pool: Pool | None = None) -> Expectation | None:
    """The manifest named, beside the artefact, or in it; None where there is none."""
    if course.wish.compare == "none":
        return None
    pool = pool or manifests(course, place)
    try:
        if course.wish.fingerprint:
            pool.add([place.stat(course.wish.fingerprint)])
            chain = pool.chain(pool.newest())
        else:
            found = pool.of(entry.path)
            chain = pool.chain(found[-1] if found else pool.newest() if course.wish.manifests else None)
    except OSError as problem:
        course.against = Against(standing.trouble(problem))
        return None
    if chain.fault or not chain.links:
        edited = chain.fault == "manifest_edited"
        course.against = Against("edited" if edited else "missing")
        return None
    course.against = Against("", chain.head.content)
    course.says_made(chain.head.made)
    return Expectation(place, chain)


def describe(course: Course, cell: Cell, product: str, version: str) -> None:
    """What it is restored into: a directory."""
    work = course.work
    course.target = Target(
        product=product,
        version=version[:60],
        directory=str(work.room),
        user=work.user.name,
        isolation=cell.proof.mode,
        interfaces=cell.proof.interfaces,
        refused=cell.proof.refused,
    )


def _unpack(work: Work, cell: Cell, path: Path) -> Path:
    """An archive, by its tool in the cell: absolute names and ways out lead nowhere there. What is none is
    itself what was backed up."""
    out = make_out(work)
    with path.open("rb") as file:
        kind = named(file.read(HEAD))
    inside = f"/drill/in/{path.name}"
    if kind not in ("tar", "zip", "7z"):
        os.rename(path, out / path.name)
        return out
    argv = ["/usr/bin/tar", "-x", "--no-same-owner", "-f", inside, "-C", OUT]
    if kind != "tar":
        argv = ["/usr/bin/7z", "x", "-y", "-bd", f"-o{OUT}", inside]
    status, _, said = cell.run(argv)
    if status == 127:
        raise StopError("no_tool", argv[0].rpartition("/")[2])
    if status:
        raise why(said, "restore_failed")
    return out


def make_out(work: Work) -> Path:
    """The directory that is restored into."""
    out = work.room / "out"
    out.mkdir(mode=0o700)
    work.give(out)
    return out


def finish(course: Course, top: Path, expected: Expectation | None) -> None:
    """Ask, read every byte, compare."""
    work = course.work
    if expected is not None:
        top = _below(top, expected.below)
    with work.phase("ask"):
        course.ready()
        for question in course.wish.questions:
            got = _digest_of(top, question.path) if question.path else None
            course.answered(question, got or "", "" if got else "missing" if question.path else "unsupported")
    with work.phase("read") as span:
        tally = Tally()
        try:
            _side_by_side(work, top, expected, tally, span)
        except ManifestError:
            course.against = Against("garbled")
            expected = None
        except OSError as problem:
            course.restored = replace(course.restored, read="failed")
            raise StopError("unreadable_after_restore", "", str(problem)) from None
    course.restored = Restored(
        tables=tally.files, rows=tally.files, bytes=tally.size, root=tally.root, read="whole", pages="good"
    )
    if expected is not None and course.against is not None:
        course.against = replace(course.against, compared=tally.compared())


def _below(top: Path, tree: str) -> Path:
    """Repositories and archives keep the source's path, or the end of it; a copy begins at its top."""
    parts = [one for one in tree.split("/") if one and one != ".."]
    for begin in range(len(parts)):
        inside = top.joinpath(*parts[begin:])
        if inside.is_dir() and inside.resolve() == inside.absolute():  # through no link
            return inside
    return top


def _digest_of(top: Path, name: str) -> str | None:
    path = top / name.lstrip("/")
    if not path.is_file() or path.is_symlink() or not path.resolve().is_relative_to(top.resolve()):
        return None
    with path.open("rb") as file:
        made = sha256()
        while block := file.read(1 << 20):
            made.update(block)
    return made.hexdigest()


def _side_by_side(work: Work, top: Path, expected: Expectation | None, tally: Tally, span: Span) -> None:
    """Both in the same order, one beside the other; the root of what is there goes over all of it."""
    root = sha256()
    how = expected.chain.head.how if expected is not None else "sha256"
    wanted = expected.lines() if expected is not None else iter(())
    moving = set(expected.chain.head.moving) if expected is not None else set()
    path, line = next(wanted, (_LAST, b""))
    for found, seen in _found(work, top, tally, span, how):
        while path < found:
            tally.wanted += 1
            tally.note("missing", path)
            path, line = next(wanted, (_LAST, b""))
        if encoded(found) in moving:
            continue  # it changed while it was copied, and the source said so
        root.update(seen)
        if path == found:
            tally.wanted += 1
            if line == seen:
                tally.same += 1
            else:
                tally.note("differ", found)
            path, line = next(wanted, (_LAST, b""))
        elif expected is not None:
            tally.note("extra", found)
    while path != _LAST:
        tally.wanted += 1
        tally.note("missing", path)
        path, line = next(wanted, (_LAST, b""))
    tally.root = root.hexdigest()


def _found(work: Work, top: Path, tally: Tally, span: Span, how: str) -> Iterator[tuple[bytes, bytes]]:
    place = LocalPlace()
    begin = str(top)
    for entry in place.walk(begin):
        raw = os.fsencode(entry.path[len(begin) + 1 :])
        if raw == INSIDE.encode() or raw.startswith(INSIDE.encode() + b"/"):
            continue
        work.check()
        name, kind = raw + (b"/" if entry.kind == "directory" else b""), kind_of(entry.kind)
        if entry.kind == "file":
            digest = hasher(how)
            for block in place.blocks(entry.path, entry.size + 1):
                digest.update(block)
            tally.files, tally.size = tally.files + 1, tally.size + entry.size
            span.add(entry.size)
            line = content_line(encoded(name), kind, b"%d" % entry.size, digest.hexdigest().encode())
        elif entry.kind == "link":
            line = content_line(encoded(name), kind, b"", encoded(os.fsencode(entry.link_to)))
        else:
            line = content_line(encoded(name), kind, b"", b"")
        yield name, line
