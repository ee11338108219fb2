"""A source tree, a copy of it, and the two looks."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from agent.sources.backup import open_backups
from agent.sources.means import Means
from agent.sources.memory import Transient
from checks.api import Seen
from checks.artefacts.levels import Level
from checks.backup import manifest, tree

START = 1_800_000_000_000
DAY = 86_400_000


@dataclass
class Site:
    """A source with its agent, a backup server with its own; days go by one after the other."""

    top: Path
    now: int = START
    source_kept: dict[str, Any] = field(default_factory=dict)
    server_kept: dict[str, Any] = field(default_factory=dict)

    @property
    def source(self) -> Path:
        return self.top / "source" / "files"

    @property
    def copy(self) -> Path:
        return self.top / "server" / "files"

    @property
    def manifests(self) -> Path:
        return self.top / "state" / "backups" / "manifest-oa"

    def put(self, name: str | bytes, data: bytes = b"text", **times: int) -> Path:
        path = os.path.join(os.fsencode(self.source), os.fsencode(name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
        os.utime(path, ns=(times.get("mtime_ns", self.now * 1_000_000),) * 2)
        return Path(os.fsdecode(path))

    def next_day(self) -> None:
        self.now += DAY

    def made(self, **params: Any) -> manifest.ManifestArtefact:
        """The agent at the source makes today's manifest."""
        means = Means(state=self.top / "state")
        backups = open_backups(Transient(self.source_kept), means, self.now)
        given = manifest.Params(path=str(self.source), object="oa", **params)
        self.facts = manifest.observe(backups, given)
        return self.facts.artefacts[0]

    def carried(self) -> None:
        """The job copies the tree, what was deleted too, and the manifests beside it."""
        shutil.rmtree(self.copy, ignore_errors=True)
        shutil.copytree(self.source, self.copy, symlinks=True, copy_function=shutil.copy2)
        self.copy.chmod(0o700)
        self.carry_manifests()

    def carry_manifests(self) -> None:
        (self.top / "server" / "manifests").mkdir(exist_ok=True, parents=True)
        for path in self.manifests.glob("2*"):
            shutil.copy2(path, self.top / "server" / "manifests")

    def looked(self, **params: Any) -> tree.Facts:
        """The agent at the backup server looks."""
        params.setdefault("path", str(self.copy))
        if not str(params["path"]).endswith("d"):
            params.setdefault("manifests", f"{self.top}/server/manifests/*.manifest.gz")
        self.params = tree.Params(**params)
        means = Means(state=self.top / "server-state")
        return tree.observe(open_backups(Transient(self.server_kept), means, self.now), self.params)

    def bad(self, **params: Any) -> dict[str, str]:
        """What is not good of the newest copy, by level."""
        found = self.looked(**params)
        readings = list(tree.judge(Seen(found, self.now), self.params))
        name = found.artefacts[0].base.name
        words = {f"{name}:{level.word}": level.word for level in Level}
        return {words[r.name]: r.reason for r in readings if r.name in words and r.state != "ok"}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = Site(tmp_path)
    for name in ("server", "state", "server-state"):
        (tmp_path / name).mkdir(mode=0o700)
    for i in range(40):
        made.put(f"{i % 4}/doc{i}.txt", b"%d " % i * (i * 50))
    made.put("a-b", b"1")
    made.put("a/b", b"2")
    return made


@pytest.fixture
def two_days(site: Site) -> Site:
    """A full manifest, a day of changes, both carried."""
    site.made()
    site.next_day()
    site.put("0/doc4.txt", b"changed")
    site.put("new.txt")
    (site.source / "1" / "doc5.txt").unlink()
    site.made()
    site.carried()
    return site


Planted = Callable[[Site], None]
