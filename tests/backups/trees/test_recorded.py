"""What these checks see of real files; written down as recordings where ROUNDSEAL_RECORD is set."""

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import recordings

from agent.sources.backup import open_backups
from agent.sources.means import Means
from agent.sources.memory import Transient
from checks import registry
from checks.api import ObservationError, Seen
from checks.codec import from_json, to_json

NOW = 1_800_000_000_000
DAY = 86_400_000

See = Callable[..., str]


@pytest.fixture
def top() -> Iterator[Path]:
    """Where other accounts may go in: pytest's own directory is closed to them."""
    made = Path(tempfile.mkdtemp(prefix="roundseal-test-"))
    made.chmod(0o755)
    (made / "backup").mkdir(mode=0o700)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def see(top: Path) -> See:
    """Look once and judge: the state, or the kind of error."""
    kept: dict[str, dict[str, Any]] = {}

    def look(check_id: str, name: str, now: int = NOW, **given: Any) -> str:
        check = registry.get(check_id)
        params = from_json(check.params, given, "params")
        backups = open_backups(Transient(kept.setdefault(check_id, {})), Means(state=top / "state"), now)
        record: dict[str, Any] = {"params": to_json(params)}
        try:
            facts = check.observe(backups, params)
        except ObservationError as problem:
            record |= {"error": problem.kind.value, "expect": {"state": "unknown"}}
        else:
            readings = list(check.judge(Seen(facts, now), params))
            expect = recordings.expected(readings)
            record |= {"facts": to_json(facts), "taken_at": now, "expect": expect}
        if name:
            hidden = {
                re.escape(str(top)): "/srv",
                r'"host": "[0-9a-f]{32}"': f'"host": "{"5e" * 16}"',
                r"/dev/shm/roundseal-test-\w+": "/mnt/first",
            }
            recordings.keep(check_id, name, record, hidden)
        return str(record.get("error") or record["expect"]["state"])

    return look


def put(path: Path, data: bytes, age_ms: int = DAY, mode: int = 0o600) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    before = path.stat().st_ctime_ns if path.exists() else 0
    path.write_bytes(data)
    while path.stat().st_ctime_ns == before:  # the clock of the file system ticks slowly
        path.write_bytes(data)
    path.chmod(mode)
    os.utime(path, ns=((NOW - age_ms) * 1_000_000,) * 2)
    return path


def test_files(see: See, top: Path) -> None:
    folder = top / "backup"
    for day in (3, 2, 1):
        put(folder / f"2027011{5 - day}.dmp", b"rows of day %d\n" % day * 100, day * DAY)
    # (No older one's turn comes, which hangs on the directory's name.)
    params: dict[str, Any] = {"path": f"{folder}/%Y%m%d.dmp", "artefacts": 2, "rolling": 0}
    params |= {"max_age_s": 100_000, "object": "county/oa"}
    assert see("backup.file", "ok", **params) == "crit"  # the second newest is late by then
    params["max_age_s"] = 200_000
    assert see("backup.file", "ok", **params) == "ok"
    put(folder / "20270114.dmp", (folder / "20270113.dmp").read_bytes())
    assert see("backup.file", "crit-same-as-before", **params) == "crit"
    put(folder / "20270114.dmp", b"other rows\n", mode=0o644)
    assert see("backup.file", "crit-open-to-others", **params) == "crit"
    (folder / "20270114.dmp").unlink()
    put(folder / "20270114.dmp.part", b"half")
    (folder / "20270114.dmp").symlink_to("/etc/hostname")
    os.utime(folder / "20270114.dmp", ns=((NOW - DAY) * 1_000_000,) * 2, follow_symlinks=False)
    assert see("backup.file", "unknown-link", **params) == "unknown"
    for path in folder.iterdir():
        path.unlink()
    put(folder / "20270114.dmp.part", b"half")
    assert see("backup.file", "crit-unfinished", **params) == "crit"


def test_links_and_pipes_tell_nothing(see: See, top: Path) -> None:
    os.mkfifo(top / "backup" / "a.dmp", 0o600)
    os.utime(top / "backup" / "a.dmp", ns=((NOW - DAY) * 1_000_000,) * 2)
    size = {"path": f"{top}/backup/a.dmp"}
    assert see("backup.file", "unknown-pipe", **size) == "unknown"  # it has no size that could be nothing


def test_manifests_and_copies(see: See, top: Path) -> None:
    source, copy = top / "source" / "files", top / "server" / "files"
    for i in range(6):
        put(source / f"doc{i}.txt", b"%d" % i * 1000)
    given = {"path": str(source), "object": "oa", "rolling": 0}
    assert see("backup.manifest", "ok-full", NOW, **given) == "ok"
    put(source / "doc6.txt", b"new")
    (source / "doc1.txt").unlink()
    assert see("backup.manifest", "ok-day", NOW + DAY, **given) == "ok"
    assert see("backup.manifest", "unknown-gone", NOW, path=f"{top}/gone") == "unreachable"
    (top / "empty").mkdir()
    assert see("backup.manifest", "crit-nothing-inside", NOW, path=f"{top}/empty") == "crit"

    shutil.copytree(source, copy, copy_function=shutil.copy2)
    copy.chmod(0o700)
    copy.parent.chmod(0o700)
    shutil.copytree(top / "state" / "backups" / "manifest-oa", copy / ".roundseal")
    tree = {"path": str(copy), "object": "oa"}
    later = NOW + DAY + 3_600_000
    assert see("backup.tree", "ok", later, **tree) == "ok"
    sampled = {**tree, "sample_ppm": 500_000, "miss_ppm": 100_000, "seed": "8f3c"}
    assert see("backup.tree", "unknown-seed-of-the-collector", later, **sampled) == "unknown"
    assert see("backup.tree", "ok-sample", later, **sampled, seed_from="checkpoint") == "ok"
    put(copy / "doc1.txt", b"1" * 1000)
    put(copy / "doc2.txt", b"2" * 999 + b"3")
    (copy / "doc3.txt").unlink()
    assert see("backup.tree", "crit-differs", later, **tree) == "crit"
    min((copy / ".roundseal").glob("*.manifest.gz")).unlink()
    assert see("backup.tree", "crit-manifest-missing", later, **tree) == "crit"


def test_second_copies(see: See, top: Path) -> None:
    for folder in ("first", "second"):
        (top / folder).mkdir(mode=0o700)
    put(top / "first" / "a.dmp", b"rows")
    put(top / "second" / "a.dmp", b"rows")
    given = {"first": f"{top}/first/*.dmp", "path": f"{top}/second/*.dmp", "artefacts": 3}
    assert see("backup.copy", "crit-not-elsewhere", **given) == "crit"
    elsewhere = Path(tempfile.mkdtemp(prefix="roundseal-test-", dir="/dev/shm"))
    if elsewhere.stat().st_dev == top.stat().st_dev:
        pytest.skip("NOT TESTED: /dev/shm and the temporary directory are one device")
    try:
        put(elsewhere / "a.dmp", b"rows")
        given["first"] = f"{elsewhere}/*.dmp"
        assert see("backup.copy", "ok", **given) == "ok"
        put(elsewhere / "b.dmp", b"newer")
        assert see("backup.copy", "crit-behind", **given) == "crit"
        (elsewhere / "b.dmp").unlink()
        (elsewhere / "a.dmp").unlink()
        os.mkfifo(elsewhere / "a.dmp", 0o600)
        os.utime(elsewhere / "a.dmp", ns=((NOW - DAY) * 1_000_000,) * 2)
        assert see("backup.copy", "unknown-first-not-read", **given) == "unknown"
    finally:
        shutil.rmtree(elsewhere)


@pytest.mark.skipif(os.geteuid() != 0, reason="NOT TESTED: to try as another account takes root")
def test_who_gets_at_them(see: See, top: Path) -> None:
    path = put(top / "backup" / "a.dmp", b"rows")
    given = {"path": str(path), "owner": ["root"], "services": False}
    assert see("backup.access", "ok", **given, refused=["nobody"]) == "ok"
    assert see("backup.access", "unknown-no-account", **given, refused=["no-such-account"]) == "unknown"
    path.parent.chmod(0o777)
    assert see("backup.access", "crit-deletable", **given, refused=["nobody"]) == "crit"
