"""Packs from files, and those that come with the program."""

from functools import cache
from pathlib import Path

from collector.estate.errors import Problem
from collector.packs.errors import PackError
from collector.packs.model import Compiled
from collector.packs.reading import read_pack

SCHEMES = Path(__file__).parent / "schemes"


def from_file(file: Path) -> Compiled:
    """The pack in a file; PackError with every mistake (an unreadable file is one)."""
    return read_pack(file.name, lambda name: (file.parent / name).read_bytes())


def names() -> tuple[str, ...]:
    """The packs that come with the program."""
    return tuple(sorted(file.stem for file in SCHEMES.glob("*.yaml")))


@cache
def packaged(name: str) -> Compiled:
    """A pack that comes with the program; PackError if there is none of that name."""
    if name not in names():
        known = ", ".join(names())
        raise PackError((Problem(name, 1, "pack", f"no such pack; there are {known}"),))
    return from_file(SCHEMES / f"{name}.yaml")
