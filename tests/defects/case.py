"""One defect at one kind: what a plant may touch, and the register of plants.

A plant is a few lines: it damages the files below `case.top`, or says that the world is otherwise
(`case.extra`, `case.policy`). STANDING ones befall an artefact that was seen good; the others arrive so.
"""

import random
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

PLANTS = {}
BENIGN = {}


@dataclass
class Planted:
    """How a defect is planted at some kinds."""

    make: object
    standing: bool


def plants(defect, *kinds, standing=False):
    """Register a plant of `defect` for these kinds."""

    def register(make):
        for kind in kinds:
            assert (defect, kind) not in PLANTS, (defect, kind)
            PLANTS[defect, kind] = Planted(make, standing)
        return make

    return register


def benign(name, *kinds, standing=False):
    """Register a variation that must stay good."""

    def register(make):
        for kind in kinds:
            assert (name, kind) not in BENIGN, (name, kind)
            BENIGN[name, kind] = Planted(make, standing)
        return make

    return register


@dataclass
class Case:
    """`place`: which of the three days is hit (2 the newest); `victims`: names that may turn bad;
    `ignored`: words that are true as well, at a lower level; `asked`: nothing lies there otherwise, what was
    agreed or is held is (a rotated key)."""

    world: object
    made: object
    kind: str
    seed: int
    place: int = 2
    params: dict = field(default_factory=dict)
    policy: dict = field(default_factory=dict)
    extra: dict = field(default_factory=dict)
    checks: list = field(default_factory=list)
    victims: set = field(default_factory=set)
    ignored: set = field(default_factory=set)
    prints: list | None = None
    elsewhere: bool = True
    asked: bool = False
    same_agent: bool = False
    change: object = None
    at: object = None

    def __post_init__(self):
        self.random = random.Random(self.seed)

    @property
    def way(self):
        """What follows the slash of a kind."""
        return self.kind.partition("/")[2]

    @property
    def base(self):
        return self.kind.partition("/")[0]

    @property
    def top(self):
        return self.made.top

    @property
    def path(self):
        """The artefact that is hit."""
        return self.made.days[self.place]

    @property
    def before(self):
        return self.made.days[self.place - 1]

    def victim(self):
        """The file that is hit: the artefact, or the largest file in it."""
        if not self.path.is_dir():
            return self.path
        top = self.path / BODY.get(self.base, "")
        files = [p for p in top.rglob("*") if p.is_file() and p.name not in SIDE]
        # Of an increment some files hold nothing.
        files = [p for p in files if p.read_bytes().strip(b"\0")] if self.base == "mariabackup" else files
        return max(sorted(files), key=lambda p: p.stat().st_size)

    def offset(self, size, length=1):
        """A place in the middle part of so many bytes: heads and ends are other defects."""
        low, high = size // 8, max(size * 7 // 8 - length, size // 8 + 1)
        return self.random.randrange(low, high)

    def beside(self, path=None):
        """What stands beside an artefact: its digest, its fingerprint."""
        path = path or self.path
        return sorted(p for p in path.parent.glob(path.name + ".*") if p != path)


# Where the data of a directory lie; what stands beside them is other defects.
BODY = {
    "pg-basebackup": "base",
    "pg-incremental": "base",
    "mariabackup": "shop",
    "pgbackrest": "backup",
    "restic": "data",
    "borg": "data",
}
SIDE = {"backup_manifest", "backup.log", "toc.dat"}


def rewrite(path, data):
    """Other bytes in the same file (its inode stays), as damage does it."""
    with open(path, "r+b") as out:
        out.write(data)
        out.truncate()


def patch(path, offset, data):
    """Bytes in the middle of a file."""
    with open(path, "r+b") as out:
        out.seek(offset)
        out.write(data)


def run_cp(source, target):
    """Copy with times and rights."""
    if target.is_symlink():
        target.unlink()
    elif target.is_dir():
        shutil.rmtree(target)
    subprocess.run(["cp", "-a", source, target], check=True)


def remove_alone(path):
    """A file or directory."""
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def remove(path):
    """A file or directory, and what stands beside it."""
    for one in (path, *path.parent.glob(path.name + ".*")):
        shutil.rmtree(one) if one.is_dir() and not one.is_symlink() else one.unlink()


def kinds_of(expected, defect):
    """All kinds a defect is to be tried on."""
    return expected["defects"][defect]["kinds"]


def slot(path):
    """`20260304.dump` -> `20260304`."""
    return Path(path).name[:8]
