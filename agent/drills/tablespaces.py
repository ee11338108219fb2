"""Tablespaces of a base backup: each a directory of its own beside it, or a tar; in the cell they lie in the
drill's own directory, wherever the source had them.

Only what lies beside the backup is fetched: a link in it may name any directory of the machine.
"""

import os
from pathlib import Path

from agent.drills.cell import Cell
from agent.drills.complaints import why
from agent.drills.errors import StopError
from agent.drills.fetch import fetch
from agent.drills.work import Work
from checks.artefacts.pgread import beside
from checks.places import Entry, Place

_FOLDER = "pg_tblspc"
_MAP = "tablespace_map"
INSIDE = "/drill/in/"


def bring(work: Work, place: Place, entry: Entry, name: str = "artefact") -> tuple[str, ...]:
    """Fetch those of a plain backup that was fetched under `name`; their numbers. StopError `part_missing`
    where one is gone, `unsupported` where it lies anywhere else."""
    folder = work.room / "in" / name / _FOLDER
    if not folder.is_dir() or folder.is_symlink():
        return ()
    found = sorted(os.listdir(folder))
    for number in found:
        held = folder / number
        to = f"{name}-{number}"
        if not number.isdigit():
            raise StopError("unsupported", f"tablespace {number[:40]}")
        if held.is_symlink():
            _fetch(work, place, entry, held, to)
            held.unlink()
        else:
            os.rename(held, work.room / "in" / to)  # whoever copied it followed the link
        _link(work, held, to)
    return tuple(found)


def _fetch(work: Work, place: Place, entry: Entry, link: Path, to: str) -> None:
    path = beside(entry.path, f"{entry.path}/{_FOLDER}/{link.name}", os.readlink(link))
    if path is None:
        raise StopError("unsupported", f"tablespace {link.name}", f"it is not beside {entry.path}")
    try:
        there = place.stat(path)
    except FileNotFoundError:
        raise StopError("part_missing", f"tablespace {link.name}") from None
    if there.kind != "directory":
        raise StopError("part_missing", f"tablespace {link.name}")
    fetch(work, place, there, to)


def _link(work: Work, path: Path, to: str) -> None:
    os.symlink(INSIDE + to, path)
    work.give(path)


def unpack(work: Work, cell: Cell, tars: dict[str, Path], data: Path) -> None:
    """Those of a backup in tars, by number; the map that names the source's directories is not followed."""
    folder = data / _FOLDER
    if folder.is_symlink() or (tars and not folder.is_dir()):
        raise StopError("damaged", _FOLDER)
    for number, archive in tars.items():
        to = f"artefact-{number}"
        (work.room / "in" / to).mkdir(mode=0o700)
        work.give(work.room / "in" / to)
        packed = INSIDE + str(archive.relative_to(work.room / "in"))
        words = ["-x", "--no-same-owner", "-f", packed, "-C", INSIDE + to]
        status, _, said = cell.run(["/usr/bin/tar", *words])
        if status:
            raise why(said, "damaged")
        _link(work, folder / number, to)
    if tars and (data / _MAP).is_file() and not (data / _MAP).is_symlink():
        (data / _MAP).unlink()


def ours(data: Path) -> None:
    """StopError where one of them would lead anywhere but into the drill's own directory."""
    folder = data / _FOLDER
    for name in sorted(os.listdir(folder)) if folder.is_dir() else ():
        held = folder / name
        to = os.readlink(held) if held.is_symlink() else ""
        if not to.startswith(INSIDE) or "/" in to.removeprefix(INSIDE) or to.endswith(".."):
            raise StopError("unsupported", f"tablespace {name[:40]}")
