"""What was added to the systemd journal since the last look."""

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from agent.sources.host_counts import Tally
from agent.sources.host_proc import which
from agent.sources.memory import Memory
from checks.sources import LogGrowth

_TIMEOUT_S = 60.0


def growth(memory: Memory, tally: Tally) -> LogGrowth:
    """Count entries after the kept cursor, up to the newest one there was when we began."""
    try:
        newest = _newest()
        if newest is None:
            return tally.growth("journal", trouble="empty")
        before = memory.swap("log:journal", newest)
        if not isinstance(before, str):
            return tally.growth("journal", first_look=True)
        if before != newest and not _count(before, newest, tally):
            return tally.growth("journal", lost=True)
    except FileNotFoundError:
        return tally.growth("journal", trouble="missing")
    except (OSError, ValueError):
        return tally.growth("journal", trouble="unreadable")
    return tally.growth("journal")


def _newest() -> str | None:
    with _journalctl("--lines=1") as lines:
        for line in lines:
            return _entry(line)[0]
    return None


def _count(before: str, newest: str, tally: Tally) -> bool:
    """Count what lies between the two; whether both were found (a vacuumed journal has lost some)."""
    with _journalctl(f"--cursor={before}") as lines:
        # Where that entry is gone, journalctl begins with the nearest one it still has.
        first, message = _entry(next(iter(lines), b""))
        if first != before:
            tally.line(message)
        for line in lines if first != newest else ():
            cursor, message = _entry(line)
            tally.line(message)
            if cursor == newest:
                return first == before
    return False


def _entry(line: bytes) -> tuple[str, bytes]:
    """Cursor and message; journalctl writes a message that is no UTF-8 as a list of bytes."""
    entry = json.loads(line)
    if not isinstance(entry, dict) or not isinstance(entry.get("__CURSOR"), str):
        raise ValueError("not an entry of the journal")
    message = entry.get("MESSAGE")
    if isinstance(message, list):
        message = bytes(message) if all(isinstance(part, int) for part in message) else message[0]
    raw = message if isinstance(message, bytes) else str(message or "").encode("utf-8", "replace")
    return entry["__CURSOR"], raw


@contextmanager
def _journalctl(*words: str) -> Iterator[IO[bytes]]:
    path = which("journalctl")
    if path is None:
        raise FileNotFoundError("journalctl")
    running = subprocess.Popen(  # noqa: S603 - see the import
        [path, "--quiet", "--no-pager", "--system", "--output=json", "--output-fields=MESSAGE", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
    )
    limit = threading.Timer(_TIMEOUT_S, running.kill)
    limit.daemon = True
    limit.start()
    try:
        if running.stdout is None:
            raise OSError("journalctl has no output")
        yield running.stdout
    finally:
        limit.cancel()
        running.kill()
        running.wait()
        if running.stdout is not None:
            running.stdout.close()
