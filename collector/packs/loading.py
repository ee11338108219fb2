"""Packs from files, and those that come with the program."""

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from collector.estate.errors import Problem
from collector.packs.errors import PackError
from collector.packs.model import Compiled
from collector.packs.reading import read_pack

SCHEMES = Path(__file__).parent / "schemes"
OURS = "ROUNDSEAL_PACKS"
"""Directories that an operator adds in the environment: packs of other contracts, `NAME.yaml` each."""


def from_file(file: Path) -> Compiled:
    """The pack in a file; PackError with every mistake (an unreadable file is one)."""
    return read_pack(file.name, lambda name: (file.parent / name).read_bytes())


def names() -> tuple[str, ...]:
    """The packs that come with the program, and those of the operator's own directories."""
    return tuple(sorted(_files()))


def packaged(name: str) -> Compiled:
    """The pack of that name; PackError if there is none."""
    file = _files().get(name)
    if file is None:
        known = ", ".join(names())
        raise PackError((Problem(name, 1, "pack", f"no such pack; there are {known}"),))
    return _kept(file)


_kept = cache(from_file)


def _files() -> dict[str, Path]:
    """Files of packs by name; a name that the program ships is never another's."""
    found: dict[str, Path] = {}
    for folder in _folders():
        for file in folder.glob("*.yaml"):
            found.setdefault(file.stem, file)
    return found


def _folders() -> Iterator[Path]:
    yield SCHEMES
    yield from (Path(one) for one in os.environ.get(OURS, "").split(os.pathsep) if one)
