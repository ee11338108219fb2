"""A backup while the server runs: one tar with everything needed to serve again.

Restore: `mkdir -m 700 NEW && tar -xpf FILE -C NEW`, then `serve NEW`. The tar brings the file `restored`
along: until every approved agent has said what it saw last (or `serve --accept-restore`), no checkpoint
is signed, so a log that was rolled back by its restore never contradicts what was published. Agents
find a `gap` and send again what they hold for seven days.

What the sender of messages needs (`notify.yaml`, `secrets.yaml`) is in it: it holds the log key, which is
worth more than the token of any channel. Who keeps it elsewhere leaves `secrets.yaml` out; `restored` tells.
"""

import io
import json
import os
import sqlite3
import tarfile
import tempfile
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

from collector.context import ConfigError, Context

_FILES = ("collector.yaml", "policy", "published", "notify.yaml")
SECRETS = "secrets.yaml"
_FOLDERS = ("keys", "tls", "photos")


def backup(context: Context, file: Path, *, secrets: bool = True) -> tuple[int, list[str]]:
    """Write the backup; the log's size in it, and what was left out of it (`secrets.yaml`, if it is there and
    not wanted). ConfigError for PostgreSQL, whose own tools do that."""
    if not context.database.sqlite:
        raise ConfigError("the database is PostgreSQL: back it up with pg_dump, and DIR with tar")
    source = Path(context.database.engine.url.database or "")
    fresh = file.with_name(file.name + ".part")
    directory = context.directory
    # Before the database: a head published later would be of a log larger than the copy, and the restored
    # collector would take it for proof of a rollback.
    names = (*_FILES, SECRETS) if secrets else _FILES
    texts = {name: (directory / name).read_bytes() for name in names if (directory / name).exists()}
    left = [SECRETS] if not secrets and (directory / SECRETS).exists() else []
    with tempfile.TemporaryDirectory(dir=file.parent) as place:
        copy = Path(place) / "collector.db"
        with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(copy)) as target:
            live.backup(target, pages=4096)
            size = target.execute("SELECT coalesce(max(idx) + 1, 0) FROM entry").fetchone()[0]
            target.execute("PRAGMA journal_mode=DELETE")
        with _private(fresh) as out, tarfile.open(fileobj=out, mode="w") as tar:
            for name, data in texts.items():
                _put(tar, name, data)
            for name in _FOLDERS:
                if name != "photos" or (directory / name).exists():
                    tar.add(directory / name, name, filter=_finished)
            tar.add(copy, "collector.db")
            _put(tar, "restored", json.dumps({"at": context.now(), "size": size, "left_out": left}).encode())
    fresh.replace(file)
    return int(size), left


def missing(directory: Path) -> list[str]:
    """Files that were left out of the backup that this was restored from, and that are not there yet. Only as
    long as the restore is not settled; [] then, and for a directory that was never restored."""
    try:
        left = json.loads((directory / "restored").read_text(encoding="utf-8")).get("left_out", [])
    except (OSError, ValueError, AttributeError):
        return []
    names = left if isinstance(left, list) else []
    return [name for name in names if name == SECRETS and not (directory / name).exists()]


def _finished(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Photographs that are still arriving are named by nothing."""
    return None if Path(member.name).name.startswith(".new") else member


def _private(path: Path) -> BinaryIO:
    """A new file for its owner alone: it holds the keys."""
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _put(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(data), 0o600
    tar.addfile(member, io.BytesIO(data))
