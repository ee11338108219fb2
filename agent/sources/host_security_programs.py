"""Programs that run: against a baseline, as antivirus, as audit daemon."""

import glob
import os
import pwd
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import sha256

from agent.sources.host_proc import Tree, monotonic_ms, piece, plain, small_number
from agent.sources.host_security_run import ask
from agent.sources.memory import Memory
from checks.api import ErrorKind, ObservationError
from checks.hardening import Antivirus, AntivirusAsk, Audit, Busy, Executable, Executables

_MOST_BUSY = 10
_MOST_FILES = 2000
_GONE = " (deleted)"
_USER_TICKS, _SYSTEM_TICKS, _FLAGS, _START = 11, 12, 6, 19
_KERNEL_THREAD = 0x200000


def _pids(tree: Tree) -> list[int]:
    return sorted(int(name) for name in os.listdir(tree.place("proc")) if name.isdigit())


def _stat(tree: Tree, pid: int) -> tuple[str, list[bytes]] | None:
    """Name and fields of /proc/PID/stat from the state on; None when the process has ended."""
    try:
        head, _, tail = piece(tree.place(f"proc/{pid}/stat")).rpartition(b")")
    except OSError:
        return None
    return head.partition(b"(")[2].decode("utf-8", "replace"), tail.split(None, _START + 1)


def executables(tree: Tree, memory: Memory) -> Executables:
    """Program files of all processes but the kernel's own threads; DENIED where processes are hidden."""
    if not tree.has("proc/1"):
        raise ObservationError(ErrorKind.DENIED, "other users' processes are hidden")
    seen: dict[str, set[str]] = defaultdict(set)
    counts: dict[str, int] = defaultdict(int)
    ticks: dict[str, int] = {}
    paths: dict[str, str] = {}
    hidden = 0
    for pid, path, fields in _programs(tree):
        if path is None:
            hidden += 1
            continue
        seen[path].add(_owner(tree, pid))
        counts[path] += 1
        key = f"{pid}:{int(fields[_START])}"
        ticks[key], paths[key] = int(fields[_USER_TICKS]) + int(fields[_SYSTEM_TICKS]), path
    busy, span = _busy(memory, ticks, paths)
    found = tuple(
        Executable(path.removesuffix(_GONE), counts[path], tuple(sorted(seen[path])), path.endswith(_GONE))
        for path in sorted(counts)
    )
    return Executables(found, hidden, busy, span)


def _programs(tree: Tree) -> Iterator[tuple[int, str | None, list[bytes]]]:
    for pid in _pids(tree):
        read = _stat(tree, pid)
        if read is None or pid == os.getpid() or int(read[1][_FLAGS]) & _KERNEL_THREAD or read[1][0] == b"Z":
            continue
        try:
            yield pid, plain(os.readlink(tree.place(f"proc/{pid}/exe"))), read[1]
        except PermissionError:
            yield pid, None, read[1]
        except OSError:
            continue  # it has ended meanwhile


def _owner(tree: Tree, pid: int) -> str:
    try:
        number = os.stat(tree.place(f"proc/{pid}")).st_uid
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
    except OSError:
        return ""


def _busy(
    memory: Memory, ticks: dict[str, int], paths: dict[str, str]
) -> tuple[tuple[Busy, ...], int | None]:
    """Processes by their use of a core since the last look, the busiest first."""
    now = monotonic_ms()
    before = memory.swap("executables", {"at": now, "ticks": {k: v for k, v in ticks.items() if v}})
    if not isinstance(before, dict) or not now - int(before.get("at", now)) > 0:
        return (), None
    span, old = now - int(before["at"]), before.get("ticks", {})
    rate = os.sysconf("SC_CLK_TCK")
    # A process that was not there has begun within the span: all it used counts.
    used = {key: (count - old.get(key, 0)) * 100_000 // (rate * span) for key, count in ticks.items()}
    first = sorted(used, key=lambda key: (-used[key], key))[:_MOST_BUSY]
    shown = [Busy(paths[key].removesuffix(_GONE), int(key.partition(":")[0]), used[key]) for key in first]
    return tuple(one for one in shown if one.percent > 0), span


def antivirus(tree: Tree, wanted: Sequence[AntivirusAsk]) -> Sequence[Antivirus]:
    """Products of which a program runs or a file is there."""
    running = {read[0] for pid in _pids(tree) if (read := _stat(tree, pid)) is not None}
    found = []
    for ask_for in wanted:
        runs = any(name[:15] in running for name in ask_for.programs)
        places = [p for pattern in ask_for.definitions for p in glob.glob(tree.place(pattern.lstrip("/")))]
        dates = [_definitions_at(place) for place in places[:_MOST_FILES]]
        scanned = _changed(tree.place(ask_for.scan_log.lstrip("/"))) if ask_for.scan_log else None
        if runs or places:
            known = [one for one in dates if one is not None]
            newest = max(known, default=None)
            trouble = "" if newest is not None else "unreadable" if places else "missing"
            found.append(Antivirus(ask_for.product, runs, newest, scanned, trouble))
    return found


def _definitions_at(place: str) -> int | None:
    """The date that a ClamAV database carries in its first line, else that of the file."""
    try:
        with open(place, "rb") as file:
            head = file.read(512).split(b":")
    except OSError:
        return None
    if head[0] != b"ClamAV-VDB":
        return _changed(place)
    try:
        return int(datetime.strptime(head[1].decode("ascii"), "%d %b %Y %H-%M %z").timestamp()) * 1000
    except (ValueError, IndexError):
        return None


def _changed(place: str) -> int | None:
    try:
        return os.stat(place).st_mtime_ns // 1_000_000
    except OSError:
        return None


def audit(tree: Tree) -> Audit:
    """The daemon, and the kernel's own answer through auditctl; `denied` where only root may ask."""
    running = any((read := _stat(tree, pid)) is not None and read[0] == "auditd" for pid in _pids(tree))
    written = _changed(tree.place("var/log/audit/audit.log"))
    try:
        state, listed = ask(tree, "auditctl", "-s"), ask(tree, "auditctl", "-l")
    except ObservationError as problem:
        kept = tree.text_or("etc/audit/audit.rules", "")
        trouble = "denied" if problem.kind is ErrorKind.DENIED else "missing"
        return Audit(running, None, None, None, _digest(kept), written, trouble)
    return read_audit(running, state, listed, written)


def read_audit(running: bool, state: str, listed: str, written: int | None) -> Audit:
    """`auditctl -s` and `auditctl -l` in words."""
    found = dict(re.findall(r"^(\w+) (\S+)", state, re.MULTILINE))
    rules = [line for line in listed.splitlines() if line.startswith("-")]
    enabled, lost = (small_number(found.get(name, "")) for name in ("enabled", "lost"))
    trouble = "" if enabled is not None else "unreadable"
    return Audit(running, enabled, len(rules), lost, _digest("\n".join(rules)), written, trouble)


def _digest(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return sha256("\n".join(lines).encode("utf-8", "replace")).hexdigest()
