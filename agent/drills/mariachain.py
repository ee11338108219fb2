"""The chain behind an increment of mariabackup: found among its siblings by where each begins and ends in the
redo log, then prepared link by link into the full one."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from agent.drills.cell import Cell
from agent.drills.complaints import why
from agent.drills.course import Course
from agent.drills.errors import StopError
from agent.drills.fetch import fetch
from agent.drills.work import Work
from checks.artefacts import standing
from checks.artefacts.xtrabackup import CHECKPOINTS, Spans, read_spans
from checks.places import Entry, Place

_FULL = "full-backuped"
_INCREMENT = "incremental"
_MOST = 1000
_SMALL = 64 * 1024


@dataclass(frozen=True, slots=True)
class Link:
    """A backup of the chain."""

    entry: Entry
    spans: Spans


def chain(course: Course, place: Place, entry: Entry) -> list[Link]:
    """From the full one to this one; StopError `orphan` where a link is gone. OSError: this one may not be
    read, which says nothing of it."""
    spans = _spans(place, entry)
    if spans is None:
        raise StopError("unknown_format")
    if spans.kind not in (_FULL, _INCREMENT):
        raise StopError("unsupported", spans.kind[:40])
    links = [Link(entry, spans)]
    while links[0].spans.kind == _INCREMENT:
        parent = _parent(links, _others(course, place, entry))
        if parent is None or len(links) > _MOST:
            raise StopError("orphan")
        links.insert(0, parent)
    return links


def _others(course: Course, place: Place, entry: Entry) -> list[Link]:
    made = []
    for one in standing.survey(place, course.wish).all:
        with suppress(OSError):
            spans = _spans(place, one) if one.path != entry.path else None
            if spans is not None:
                made.append(Link(one, spans))
    return made


def _parent(links: Sequence[Link], others: Sequence[Link]) -> Link | None:
    """The one that ends where the first of these begins; a full one before an increment of the same end."""
    used = {one.entry.path for one in links}
    fits = [
        one
        for one in others
        if one.spans.end == links[0].spans.start
        and one.spans.kind in (_FULL, _INCREMENT)
        and one.entry.path not in used
    ]
    return min(fits, key=lambda one: (one.spans.kind != _FULL, one.entry.path), default=None)


def _spans(place: Place, entry: Entry) -> Spans | None:
    for name in CHECKPOINTS:
        with suppress(FileNotFoundError, NotADirectoryError):
            # The artefact's own tree: no link in it is followed.
            return read_spans(place.block(f"{entry.path}/{name}", 0, _SMALL))
    return None


def bring(work: Work, place: Place, links: Sequence[Link]) -> list[str]:
    """Fetch those before the last one (which is there); paths of all in the cell, the full one first."""
    names = [f"link-{number}" for number in range(len(links) - 1)]
    for name, link in zip(names, links[:-1], strict=True):
        fetch(work, place, link.entry, name)
    return [f"/drill/in/{name}" for name in (*names, "artefact")]


def prepare(cell: Cell, program: str, paths: Sequence[str]) -> None:
    """The full one, then each increment into it; each must say that it is done."""
    argv = [program, "--no-defaults", "--prepare", f"--target-dir={paths[0]}", "--tmpdir=/drill/tmp"]
    for number, path in enumerate(paths):
        more = [f"--incremental-dir={path}"] if number else []
        status, _, said = cell.run([*argv, *more])
        if status or b"completed OK!" not in said:
            problem = why(said, "restore_failed")
            raise StopError(problem.reason, f"{number + 1} of {len(paths)}" if more else "", problem.detail)
