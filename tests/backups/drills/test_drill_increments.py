"""Restore drills with the increments of a file tree."""

import gzip
import os
import shutil

import pytest

from agent.sources.backup import open_backups
from agent.sources.means import Means
from agent.sources.memory import Transient
from checks.artefacts.manifest import decoded
from checks.backup import manifest

START = 1_790_000_000_000
DAY = 86_400_000


class Days:
    """A tree at its source with its agent's manifests, and a place with a directory of each day's changes."""

    def __init__(self, top):
        self.source, self.place, self.state = top / "source", top / "place", top / "source-state"
        for one in (self.source, self.place, self.state):
            one.mkdir(mode=0o700)
        self.kept, self.now = {}, START
        self.pattern = f"{self.place}/day-*"

    def back_up(self, name):
        """What the day's manifest names as new or changed, the manifest beside it."""
        self.now += DAY
        backups = open_backups(Transient(self.kept), Means(state=self.state), self.now)
        manifest.observe(backups, manifest.Params(path=str(self.source), object="oa"))
        newest = max((self.state / "backups/manifest-oa").glob("*.manifest.gz"))
        to = self.place / name
        to.mkdir()
        shutil.copy2(newest, self.place / f"{name}.manifest.gz")
        for line in gzip.decompress(newest.read_bytes()).splitlines():
            sign, _, rest = line.partition(b"\t")
            if sign in (b"+", b"~"):
                path, kind = rest.split(b"\t")[:2]
                self.carry(os.fsdecode(decoded(path)), kind, to)
        os.utime(to, (self.now / 1000,) * 2)
        return to

    def carry(self, path, kind, to):
        """One entry, as a copying job does."""
        if kind == b"d":
            (to / path).mkdir(parents=True, exist_ok=True)
            return
        (to / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(self.source / path, to / path, follow_symlinks=False)


@pytest.fixture
def days(tmp_path):
    """A full copy and two days: changed, added, deleted, a directory that became a file, one a link."""
    made = Days(tmp_path)
    for number in range(12):
        (made.source / f"公文{number % 3}").mkdir(exist_ok=True)
        (made.source / f"公文{number % 3}" / f"{number}.doc").write_bytes(os.urandom(900 + number))
    for name in ("becomes-file", "becomes-link", "goes"):
        (made.source / name).mkdir()
        (made.source / name / "in").write_bytes(b"in")
    made.back_up("day-1")
    (made.source / "公文0/0.doc").write_bytes(b"changed")
    (made.source / "公文1/1.doc").unlink()
    shutil.rmtree(made.source / "becomes-file")
    (made.source / "becomes-file").write_bytes(b"file")
    shutil.rmtree(made.source / "becomes-link")
    (made.source / "becomes-link").symlink_to("/etc")
    made.back_up("day-2")
    shutil.rmtree(made.source / "goes")
    (made.source / "公文0/0.doc").write_bytes(b"changed again")
    (made.source / "公文2/new.doc").write_bytes(b"new")
    made.back_up("day-3")
    return made


def test_a_day_comes_back_with_all_that_it_rests_on(site, days):
    more = {"kind": "tree", "layout": "increments"}
    for pick, files in (("newest", 13), ("middle", 13), ("oldest", 15)):
        seen = site.drill(days.pattern, pick=pick, **more)
        assert [seen.said(level) for level in ("true", "restorable")] == [("ok", "")] * 2, (pick, seen.one)
        assert seen.one.restored.root == seen.one.against.root
        assert seen.one.restored.tables == files
    assert site.left() == []


def test_a_day_that_is_gone_a_manifest_that_is_gone_and_a_link_that_was_damaged(site, days, tmp_path):
    more = {"kind": "tree", "layout": "increments", "pick": "newest"}
    path = days.place / "day-1/公文2/2.doc"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    assert site.drill(days.pattern, **more).said("true") == ("crit", "files_differ")
    shutil.move(days.place / "day-2", tmp_path / "day-2")
    seen = site.drill(days.pattern, **more)
    found = [seen.said(level) for level in ("connected", "restorable")]
    assert found == [("crit", "orphan"), ("crit", "restore_failed")]
    assert seen.one.subject == "2 of 3"
    shutil.move(tmp_path / "day-2", days.place / "day-2")
    (days.place / "day-1.manifest.gz").unlink()
    seen = site.drill(days.pattern, **more)
    assert seen.said("restorable") == ("unknown", "not_recorded")
    assert site.left() == []


def test_an_increment_that_is_drilled_as_a_copy_is_not_the_tree(site, days):
    seen = site.drill(days.pattern, kind="tree", pick="newest", manifests=f"{days.place}/*.manifest.gz")
    assert seen.said("true") == ("crit", "files_missing")
