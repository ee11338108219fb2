"""Real repositories, made once and copied for each test."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.sources.backup_local import LocalPlace
from checks.artefacts.standing import digest

PASSWORD = "not-a-real-Secret-7"
OTHER = "another-Secret-8"


def _tool(name: str) -> str:
    program = shutil.which(name)
    if program is None:
        pytest.skip(f"NOT TESTED: {name} is not installed")
    return program


@pytest.fixture(scope="session")
def tool() -> Callable[..., bytes]:
    """`tool("restic", "-r", …)`: run one with the repositories' password; its output."""
    cache = {"RESTIC_CACHE_DIR": "/nonexistent", "BORG_RELOCATED_REPO_ACCESS_IS_OK": "yes"}

    def run(
        name: str, *words: object, password: str = PASSWORD, cwd: Path | None = None, **env: str
    ) -> bytes:
        secret = {"RESTIC_PASSWORD": password, "BORG_PASSPHRASE": password}
        asked = [_tool(name), *map(str, words)]
        given = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC", **cache, **secret, **env}
        return subprocess.run(asked, env=given, cwd=cwd, check=True, capture_output=True, timeout=300).stdout

    return run


def _files(top: Path) -> Path:
    top.mkdir()
    (top / "random.bin").write_bytes(os.urandom(2_000_000))
    for number in range(10):
        (top / f"文件{number}.txt").write_text(f"通知{number}\n" * 400, "utf-8")
    return top


@pytest.fixture(scope="session")
def _restic(tmp_path_factory: pytest.TempPathFactory, tool: Callable[..., bytes]) -> Path:
    top = tmp_path_factory.mktemp("restic")
    files, path = _files(top / "live"), top / "repository"
    options = ("--no-cache", "-q", "-r", path)
    tool("restic", *options, "init")
    for number, day in enumerate(("2026-03-02 02:00:00", "2026-03-03 02:00:00")):
        (files / f"new{number}.txt").write_bytes(os.urandom(500_000))
        words = ("backup", "--host", "oa-1", "--tag", "daily", "--time", day, ".")
        tool("restic", *options, *words, cwd=files)
    return path


@pytest.fixture(scope="session")
def _borg(tmp_path_factory: pytest.TempPathFactory, tool: Callable[..., bytes]) -> Path:
    top = tmp_path_factory.mktemp("borg")
    files, path = _files(top / "live"), top / "repository"
    base = {"BORG_BASE_DIR": str(top / "base")}
    tool("borg", "init", "-e", "repokey-blake2", path, **base)
    for number, day in enumerate(("2026-03-02", "2026-03-03")):
        (files / f"new{number}.txt").write_bytes(os.urandom(500_000))
        name = f"{path}::oa-{day}"
        tool("borg", "create", "--timestamp", f"{day}T02:00:00", name, ".", cwd=files, **base)
    return path


def _copy(source: Path, place: Path) -> Path:
    place.chmod(0o700)
    made = place / "backup" / "repository"
    made.parent.mkdir(mode=0o700)
    shutil.copytree(source, made, copy_function=shutil.copy2)
    subprocess.run(["chmod", "-R", "u+w,go-rwx", str(made)], check=True)
    return made


@pytest.fixture
def restic(_restic: Path, tmp_path: Path) -> Path:
    """A restic repository with two snapshots of host oa-1."""
    return _copy(_restic, tmp_path)


@pytest.fixture
def borg(_borg: Path, tmp_path: Path) -> Path:
    """A borg repository with two archives."""
    return _copy(_borg, tmp_path)


@pytest.fixture
def root_of() -> Callable[[Path], str]:
    """Root of a directory's files, as a manifest of it has it."""

    def run(top: Path) -> str:
        place = LocalPlace()
        return digest(place, place.stat(str(top))).sha256

    return run


@pytest.fixture
def lives(_restic: Path, _borg: Path) -> dict[str, Path]:
    """What was backed up, as it was for the last snapshot."""
    return {"restic": _restic.with_name("live"), "borg": _borg.with_name("live")}


@pytest.fixture
def secrets() -> dict[str, dict[str, str]]:
    """The right password and a wrong one."""
    return {"right": {"password": PASSWORD}, "wrong": {"password": OTHER}}


@pytest.fixture
def largest() -> Callable[[Path], Path]:
    """The largest file below a directory."""
    return lambda top: max(
        (one for one in top.rglob("*") if one.is_file()), key=lambda one: one.stat().st_size
    )


@pytest.fixture
def flip() -> Callable[[Path], None]:
    """One bit in the middle, with size and time kept."""

    def run(path: Path) -> None:
        before = path.stat()
        raw = bytearray(path.read_bytes())
        raw[len(raw) // 2] ^= 1
        path.chmod(0o600)
        path.write_bytes(raw)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    return run


@pytest.fixture
def stamps() -> Callable[[Path], dict[str, tuple[int, int, int]]]:
    """What would move if anything were written."""
    return lambda top: {
        str(one): (one.lstat().st_mtime_ns, one.lstat().st_ctime_ns, one.lstat().st_size)
        for one in sorted(top.rglob("*"))
    }
