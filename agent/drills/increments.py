"""A day's increment of a file tree, restored with all that it rests on: the full copy, then each day's
additions and deletions in the order that the manifests' chain gives.

Which directory is which link is told by the manifest that lies in it or beside it.
"""

import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from agent.drills.errors import StopError
from agent.drills.fetch import fetch
from agent.drills.work import Work
from checks.artefacts.manifest import INSIDE
from checks.artefacts.manifests import Chain, Pool, Root
from checks.places import Entry, Place

_INSIDE = os.fsencode(INSIDE)


def links(pool: Pool, chain: Chain, directories: Sequence[Entry]) -> list[Entry]:
    """The directory of each link, the full one first; StopError `orphan` where one is gone."""
    held: dict[str, Entry] = {}
    for entry in directories:
        own = pool.of(entry.path)
        if own and not own[-1].fault:
            held.setdefault(own[-1].head.digest, entry)
    for number, link in enumerate(chain.links):
        if link.head.digest not in held:
            raise StopError("orphan", f"{number + 1} of {len(chain.links)}")
    return [held[link.head.digest] for link in chain.links]


def bring(work: Work, place: Place, before: Sequence[Entry]) -> list[Path]:
    """Fetch those before the last one, which is there."""
    return [fetch(work, place, entry, f"link-{number}").path for number, entry in enumerate(before)]


def put_together(work: Work, pool: Pool, chain: Chain, paths: Sequence[Path]) -> Path:
    """One day after the other into the full copy's directory, which is returned."""
    top = os.fsencode(paths[0])
    for link, path in zip(chain.links[1:], paths[1:], strict=True):
        gone = set[bytes]()
        for _ in pool.replayed(Chain((link,)), gone, Root()):
            work.check()
        for name in sorted(gone, reverse=True):  # what is in a directory before the directory
            _remove(top, name)
        _lay(work, os.fsencode(path), top, top=True)
    return paths[0]


def _remove(top: bytes, name: bytes) -> None:
    """Take away what the day deleted; a way through a link leads out of the tree and is not followed."""
    parts = [one for one in name.split(b"/") if one]
    path = top
    for part in parts[:-1]:
        path = os.path.join(path, part)
        if os.path.islink(path) or not os.path.isdir(path):
            return
    path = os.path.join(path, parts[-1])
    with suppress(OSError):  # what stays shows when the tree is put beside the manifest
        if name.endswith(b"/"):
            os.rmdir(path)
        else:
            os.unlink(path)


def _lay(work: Work, over: bytes, onto: bytes, *, top: bool = False) -> None:
    """Move what a day added or changed over what was there; no link is followed on either side."""
    with os.scandir(over) as found:
        entries = list(found)
    for entry in entries:
        work.check()
        to = os.path.join(onto, entry.name)
        if top and entry.name == _INSIDE:
            continue
        real = os.path.isdir(to) and not os.path.islink(to)
        if entry.is_dir(follow_symlinks=False):
            if not real:
                with suppress(FileNotFoundError):
                    os.unlink(to)
                os.mkdir(to, 0o700)
                work.give(Path(os.fsdecode(to)))
            _lay(work, entry.path, to)
        else:
            if real:
                shutil.rmtree(to)
            os.replace(entry.path, to)
