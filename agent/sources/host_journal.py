"""What was added to the systemd journal since the last look.

journalctl costs as much as ten other looks, so it is asked only when the journal's files have changed: after
each entry journald truncates its file to the size it has (to wake who follows it), which moves the file's
time. What the files' stamp might hide is late by ASK_S at most and never missed: every question begins at
the cursor of the last one.
"""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256

from agent.sources import programs
from agent.sources.host_counts import Tally
from agent.sources.host_proc import Tree, which
from agent.sources.memory import Memory
from checks.codec import FieldError, JsonValue, from_json, to_json
from checks.sources import LogGrowth

ASK_S = 600  # so long a stamp that has not changed is believed
RACY_NS = 2_000_000_000  # journald moves the time of its files up to 250 ms after it has written
_TIMEOUT_S = 60.0
_PLACES = ("var/log/journal", "run/log/journal")
_KEY = "log:journal"


@dataclass(frozen=True, slots=True)
class _Kept:
    """The newest entry counted, the stamp of the files it was read from ("": none), when (UTC seconds)."""

    cursor: str
    stamp: str
    asked: int


def growth(tree: Tree, memory: Memory, tally: Tally) -> LogGrowth:
    """Count what stands behind the kept cursor."""
    before = _kept(memory.swap(_KEY, None))
    # Taken before anything is read: what comes meanwhile has another stamp at the next look.
    stamp = _stamp(tree)
    now = int(time.time())
    kept = before
    try:
        if stamp is None:
            return tally.growth("journal", trouble="empty")
        if before is not None and _unchanged(before, stamp, now):
            return tally.growth("journal")
        newest, found = _asked(before.cursor if before else "", tally)
        kept = _Kept(newest, stamp, now) if newest else before
        return found
    except FileNotFoundError:
        return tally.growth("journal", trouble="missing")
    except (OSError, ValueError):
        return tally.growth("journal", trouble="unreadable")
    finally:
        memory.swap(_KEY, None if kept is None else to_json(kept))


def _kept(raw: JsonValue) -> _Kept | None:
    if isinstance(raw, str):  # an older version of this agent kept the cursor alone
        return _Kept(raw, "", 0)
    try:
        return None if raw is None else from_json(_Kept, raw)
    except FieldError:
        return None


def _unchanged(before: _Kept, stamp: str, now: int) -> bool:
    return bool(stamp) and before.stamp == stamp and 0 <= now - before.asked < ASK_S


def _stamp(tree: Tree) -> str | None:
    """What tells whether the files have changed; "" where that cannot be told, None where there are none."""
    newest, rows = 0, []
    try:
        for path in _files(tree):
            seen = os.stat(path)
            newest = max(newest, seen.st_mtime_ns)
            rows.append(f"{path} {seen.st_ino} {seen.st_size} {seen.st_mtime_ns}")
    except OSError:  # not ours to see, or rotated away just now: journalctl knows
        return ""
    if not rows:
        return None
    # Written so recently, it may be written again without its time moving on.
    racy = newest > time.time_ns() - RACY_NS
    return "" if racy else sha256("\n".join(sorted(rows)).encode("utf-8", "replace")).hexdigest()[:32]


def _files(tree: Tree) -> Iterator[str]:
    """The system's journal files, in the places where journald keeps them."""
    for place in _PLACES:
        try:
            above = list(os.scandir(tree.place(place)))
        except FileNotFoundError:
            continue
        for entry in above:
            inside = list(os.scandir(entry.path)) if entry.is_dir() else [entry]
            yield from (file.path for file in inside if _is_journal(file.name))


def _is_journal(name: str) -> bool:
    # What users' own programs write is not looked at.
    return name.endswith((".journal", ".journal~")) and not name.startswith("user-")


def _asked(before: str, tally: Tally) -> tuple[str, LogGrowth]:
    """The cursor to go on from, and what was found."""
    if not before:
        newest = _newest()
        trouble = "" if newest else "empty"
        return newest, tally.growth("journal", first_look=bool(newest), trouble=trouble)
    try:
        last, whole = _count(before, tally)
    except ValueError:
        # A line that is no entry would stop us for good: go on behind it.
        return _newest(), tally.growth("journal", trouble="unreadable")
    if last:
        return last, tally.growth("journal", lost=not whole)
    newest = _newest()
    return newest, tally.growth("journal", trouble="unreadable" if newest else "empty")


def _newest() -> str:
    with _journalctl("--lines=1") as lines:
        for line in lines:
            return _entry(line)[0]
    return ""


def _count(before: str, tally: Tally) -> tuple[str, bool]:
    """Count what lies behind an entry; the last cursor read, and whether the first one was that entry."""
    last, whole = "", False
    with _journalctl(f"--cursor={before}") as lines:
        for line in lines:
            if not line.endswith(b"\n"):
                break  # it was cut off with the time; from here the next look goes on
            cursor, message = _entry(line)
            # Where that entry is gone (vacuumed), journalctl begins with the nearest one it still has.
            whole = whole or (not last and cursor == before)
            if last or not whole:
                tally.line(message)
            last = cursor
    return last, whole


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
def _journalctl(*words: str) -> Iterator[Iterator[bytes]]:
    path = which("journalctl")
    if path is None:
        raise FileNotFoundError("journalctl")
    argv = [path, "--quiet", "--no-pager", "--system", "--output=json", "--output-fields=MESSAGE", *words]
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
    with programs.lines(argv, environment, _TIMEOUT_S) as lines:
        yield lines
