"""Paths that fit a pattern, on any place: stars stand for names in one directory.

A directory that is not there holds nothing; one that may not be listed is no empty one: then we could not
look at all.
"""

import fnmatch
from collections.abc import Sequence

from agent.sources.backup_guard import unguarded
from checks.places import Entry, Place

MOST = 20_000
_MAGIC = frozenset("*?[")


def matching(place: Place, pattern: str) -> tuple[list[Entry], bool]:
    """Entries that fit, sorted by path, MOST at most, and whether there are more: then they are the last by
    name, which of names with dates are the newest. ObservationError where a directory cannot be listed."""
    folders, cut = [""], False
    for part in pattern.strip("/").split("/"):
        if not set(part) & _MAGIC:
            folders = [f"{folder}/{part}" for folder in folders]
            continue
        folders = [f"{folder}/{name}" for folder in folders for name in _fitting(place, folder or "/", part)]
        if len(folders) > MOST:
            folders, cut = sorted(folders)[-MOST:], True
    found = []
    for path in sorted(folders):
        try:
            found.append(place.stat(path))
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as problem:
            raise unguarded(problem, path) from None
    return found, cut


def _fitting(place: Place, folder: str, part: str) -> Sequence[str]:
    try:
        names = place.names(folder)
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except OSError as problem:
        raise unguarded(problem, folder) from None
    hidden = part.startswith(".")
    return [one for one in names if fnmatch.fnmatchcase(one, part) and (hidden or not one.startswith("."))]
