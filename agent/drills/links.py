"""The chain behind an incremental base backup: found among its siblings, each link verified, then combined.

`pg_combinebackup` over a damaged link exits 0 and gives it a fresh, valid manifest; so every link is put
beside its own manifest before.
"""

from dataclasses import dataclass
from pathlib import Path

from agent.drills import tablespaces
from agent.drills.cell import Cell
from agent.drills.complaints import why
from agent.drills.course import Course
from agent.drills.errors import StopError
from agent.drills.fetch import fetch
from agent.drills.programs import Programs
from agent.drills.tablespaces import INSIDE
from checks.artefacts import standing
from checks.artefacts.pgbackup import GarbledError, Label, read_label
from checks.places import Entry, Place

_MOST = 1000


@dataclass(frozen=True, slots=True)
class Link:
    """A base backup of the chain, by its label."""

    entry: Entry
    label: Label


def label_of(place: Place, entry: Entry) -> Label | None:
    """Its label, None where it has none that can be read."""
    try:
        return read_label(place.block(f"{entry.path}/backup_label", 0, 65536))
    except (OSError, GarbledError):
        return None


def chain(course: Course, place: Place, entry: Entry) -> list[Link]:
    """From the full one to this one; of a full one itself alone. StopError `orphan` where a link is gone."""
    label = label_of(place, entry)
    if label is None or label.parent is None:
        return [] if label is None else [Link(entry, label)]
    others = [one for one in standing.survey(place, course.wish).all if one.kind == "directory"]
    by_start = {
        found.start: Link(one, found) for one in others if (found := label_of(place, one)) is not None
    }
    links = [Link(entry, label)]
    while (parent := links[0].label.parent) is not None:
        if parent not in by_start or len(links) > _MOST:
            raise StopError("orphan")
        links.insert(0, by_start[parent])
    return links


def bring(course: Course, place: Place, links: list[Link]) -> list[str]:
    """Fetch those before the last one (which is there); paths of all in the cell, the full one first."""
    names = [f"link-{number}" for number in range(len(links) - 1)]
    for name, link in zip(names, links[:-1], strict=True):
        fetch(course.work, place, link.entry, name)
        tablespaces.bring(course.work, place, link.entry, name)
    return [f"/drill/in/{name}" for name in (*names, "artefact")]


def combine(cell: Cell, programs: Programs, paths: list[str], to: Path, spaces: tuple[str, ...] = ()) -> None:
    """Each link against its own manifest, then all into one data directory; tablespaces (`spaces`, their
    numbers in the last link) beside it."""
    for number, path in enumerate(paths):
        # WAL of a link is only needed of the last one, and there the server reads it.
        status, _, said = cell.run([programs.path("pg_verifybackup"), "-n", path])
        if status:
            raise StopError(
                "link_damaged", f"{number + 1} of {len(paths)}", said[-400:].decode("utf-8", "replace")
            )
    last = paths[-1].rpartition("/")[2]
    words = [word for one in spaces for word in ("-T", f"{INSIDE}{last}-{one}={INSIDE}{to.name}-{one}")]
    status, _, said = cell.run([programs.path("pg_combinebackup"), *paths, *words, "-o", f"/drill/{to.name}"])
    if status:
        raise why(said, "restore_failed")
