"""A backup while the server runs: one tar with everything needed to serve again.

Restore: `mkdir -m 700 NEW && tar -xpf FILE -C NEW`, then `serve NEW`. The tar brings the file `restored`
along: until every approved agent has said what it saw last (or `serve --accept-restore`), no checkpoint
is signed, so a log that was rolled back by its restore never contradicts what was published. Agents
find a `gap` and send again what they hold for seven days.
"""

import io
import json
import sqlite3
import tarfile
import tempfile
from contextlib import closing
from pathlib import Path

from collector.context import ConfigError, Context

_FILES = ("collector.yaml", "policy", "published")
_FOLDERS = ("keys", "tls")


def backup(context: Context, file: Path) -> int:
    """Write the backup; the log's size in it. ConfigError for PostgreSQL, whose own tools do that."""
    if not context.database.sqlite:
        raise ConfigError("the database is PostgreSQL: back it up with pg_dump, and DIR with tar")
    source = Path(context.database.engine.url.database or "")
    fresh = file.with_name(file.name + ".part")
    directory = context.directory
    with tempfile.TemporaryDirectory(dir=file.parent) as place:
        copy = Path(place) / "collector.db"
        with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(copy)) as target:
            live.backup(target, pages=4096)
            size = target.execute("SELECT coalesce(max(idx) + 1, 0) FROM entry").fetchone()[0]
            target.execute("PRAGMA journal_mode=DELETE")
        with tarfile.open(fresh, "w") as tar:
            fresh.chmod(0o600)  # it holds the keys
            for name in _FILES:
                if (directory / name).exists():
                    tar.add(directory / name, name)
            for name in _FOLDERS:
                tar.add(directory / name, name)
            tar.add(copy, "collector.db")
            _mark(tar, {"at": context.now(), "size": size})
    fresh.replace(file)
    return int(size)


def _mark(tar: tarfile.TarFile, value: dict[str, int]) -> None:
    data = json.dumps(value).encode()
    member = tarfile.TarInfo("restored")
    member.size, member.mode = len(data), 0o600
    tar.addfile(member, io.BytesIO(data))

