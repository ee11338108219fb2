"""Good artefacts of every kind, made by the real tools on real data; the bench damages copies of them.

    with World(place, size=2_000_000, seed=7) as world:
        made = world.made("pg-custom")        # three days of dumps with what stands beside them

Days are fixed, so that nothing hangs on this machine's clock: the tools run with a faked one, and files get
the time of their slot. A tool that is not here raises Missing; whoever asked says so loudly.
"""

import contextlib
import glob
import hashlib
import importlib.util
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path

HERE = Path(__file__).parent
ZONE = timezone(timedelta(hours=8))
DAYS = tuple(datetime(2026, 3, day, 2, 0, tzinfo=ZONE) for day in (2, 3, 4))
NOW = datetime(2026, 3, 4, 12, 0, tzinfo=ZONE)


class Missing(Exception):
    """A tool is not installed here."""


def ms(when):
    """UTC epoch milliseconds."""
    return int(when.timestamp() * 1000)


def tool(name):
    """Path of a program."""
    if found := shutil.which(name, path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"):
        return found
    raise Missing(f"{name} is not installed here")


def run(*words, at=None, **more):
    """Run a program, with its clock at `at`; CompletedProcess."""
    env = {**os.environ, "LC_ALL": "C.UTF-8", "TZ": "Asia/Shanghai", **more.pop("env", {})}
    given = {"check": True, "capture_output": True, "timeout": 1800, **more}
    argv = [*(clock(at) if at is not None else ()), *(str(word) for word in words)]
    return subprocess.run(argv, env=env, **given)


def clock(at):
    """The words that give a command, and whatever it starts, a clock that begins at `at`."""
    found = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
    if not found:
        raise Missing("faketime is not installed here")
    # An offset, not faketime's own words: its shared start of the clock stops a server that forks.
    offset = int(at.timestamp() - time.time())
    return [
        "env",
        "TZ=Asia/Shanghai",
        f"LD_PRELOAD={found[0]}",
        f"FAKETIME={offset:+d}s",
        "FAKETIME_DONT_FAKE_MONOTONIC=1",
    ]


def dated(path, when):
    """Give a file, or all below a directory, the time of its slot."""
    stamp = when.timestamp()
    for folder, _, files in os.walk(path) if path.is_dir() else ():
        for name in [".", *files]:
            os.utime(Path(folder, name), (stamp, stamp), follow_symlinks=False)
    os.utime(path, (stamp, stamp))


def copied(source, place, names):
    """Copy files (names below both) with times and rights; one process for a thousand."""
    for first in range(0, len(names), 1000):
        some = [os.fsencode(name) for name in names[first : first + 1000]]
        words = ["cp", "-a", "--remove-destination", "--parents", "--target-directory", place.resolve(), "--"]
        subprocess.run([*words, *some], cwd=source, check=True)


def noted(path):
    """Record a file's digest beside it, as `sha256sum` does."""
    if path.is_file():
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        path.with_name(path.name + ".sha256").write_text(f"{digest}  {path.name}\n")


@dataclass
class Made:
    """A kind's artefacts: `top` holds all that a defect may touch; `days` each slot's artefact."""

    kind: str
    top: Path
    days: list[Path]
    check: str
    params: dict
    facts: dict = field(default_factory=dict)

    @property
    def newest(self):
        return self.days[-1]

    @property
    def before(self):
        return self.days[-2]


class World:
    """Everything is below `place`; servers run while it is open."""

    def __init__(self, place, size=2_000_000, seed=7):
        self.place = Path(place)
        self.size = size
        self.seed = seed
        self.random = random.Random(seed)
        self.open = contextlib.ExitStack()
        self._made = {}
        self._kept = {}

    def __enter__(self):
        # Servers run as a user of their own, and must get here.
        self.place.mkdir(parents=True, exist_ok=True)
        self.place.chmod(0o755)
        self.folder("state").chmod(0o700)
        return self

    def __exit__(self, *_):
        self.open.close()

    def made(self, kind):
        """The artefacts of a kind, made once; Missing where a tool is not here."""
        import kinds

        if kind not in self._made:
            try:
                self._made[kind] = kinds.MAKERS[kind](self, self.folder("good", kind))
            except Missing as gone:
                self._made[kind] = gone
        if isinstance(self._made[kind], Missing):
            raise self._made[kind]
        return self._made[kind]

    def folder(self, *names):
        """A directory below the world's own."""
        found = self.place.joinpath(*names)
        found.mkdir(parents=True, exist_ok=True)
        return found

    def elsewhere(self):
        """A directory on another device of this machine; None where there is none with room."""
        if "elsewhere" not in self._kept:
            place = Path("/dev/shm")  # the one other file system that is nearly everywhere
            other = place.is_dir() and place.stat().st_dev != self.place.stat().st_dev
            room = other and shutil.disk_usage(place).free > 20 * self.size
            found = self.open.enter_context(tempfile.TemporaryDirectory(dir=place)) if room else None
            self._kept["elsewhere"] = found and Path(found)
        return self._kept["elsewhere"]

    def once(self, name, make):
        """What `make(self)` gave the first time."""
        if name not in self._kept:
            self._kept[name] = make(self)
        return self._kept[name]


sys.path.append(str(HERE.parent / "support"))  # the bench runs these modules without pytest, which knows it


def beside(name, path):
    """A module of another test directory."""
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SERVER = beside("logical_server", HERE.parent / "backups" / "logical" / "server.py")
