"""Read-only programs that checks may run, by name: this table is all of them, and no shell is between.

Words in braces are filled in by the check and must fit their pattern. `root` marks what only root may see:
another user asks for it behind the door (root_door.py) where there is one, else runs it through `sudo -n`,
which needs the line that each check's page gives.
"""

import os
import re
import signal
import stat
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from time import monotonic, sleep
from typing import TYPE_CHECKING

from agent.sources import root_door
from checks.api import ErrorKind, ObservationError
from checks.commands import CommandOutput

if TYPE_CHECKING:
    import subprocess

# What `smartctl --scan` lists on Linux and nothing else: to open a watchdog arms it, a tape is wound back.
_DEVICE = (
    r"/dev/(?:[hsv]d[a-z]{1,3}|nvme\d{1,4}(?:n\d{1,4})?|(?:sg|bus/|bsg/[a-z]{1,20})\d{1,4}"
    r"|tw[aelw]\d{1,4}|cciss/c\d{1,2}d\d{1,2})"
)
# jmb39x and jms56x ask by way of a sector that they write.
_KIND = r"(?!.*jm[bs]\d)[a-z][a-z0-9,+_/:-]{0,60}"
_URI = r"[a-z][a-z0-9+]{1,30}://[A-Za-z0-9._:@/-]{0,200}"
_HERE = r"http://(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?/[\w./-]{0,200}"
_NAME = r"[^-/\s\0][^\0\n]{0,200}"


@dataclass(frozen=True, slots=True)
class Command:
    """A command line; `words` are the patterns of what stands in braces, in their order."""

    argv: tuple[str, ...]
    words: tuple[str, ...] = ()
    root: bool = False


_LVM = ("--reportformat", "json", "--units", "b", "--nosuffix", "-o")
COMMANDS: Mapping[str, Command] = {
    "smart.scan": Command(("smartctl", "--scan", "-j"), root=True),
    "smart.drive": Command(("smartctl", "-jaH", "-d", "{}", "{}"), (_KIND, _DEVICE), root=True),
    "md": Command(("cat", "/proc/mdstat")),
    "lvm.groups": Command(("vgs", *_LVM, "vg_name,vg_attr,vg_size,vg_free,vg_missing_pv_count"), root=True),
    "lvm.volumes": Command(
        (
            "lvs",
            *_LVM,
            "vg_name,lv_name,lv_attr,lv_size,data_percent,metadata_percent,copy_percent,lv_health_status",
        ),
        root=True,
    ),
    "multipath": Command(("multipath", "-ll"), root=True),
    "ceph.status": Command(("ceph", "-s", "-f", "json"), root=True),
    "ceph.status_as": Command(("ceph", "--id", "{}", "-s", "-f", "json"), (r"[A-Za-z0-9][\w.-]{0,60}",)),
    "nginx.config": Command(("nginx", "-T", "-q"), root=True),
    "page": Command(("curl", "-sS", "--noproxy", "*", "--max-time", "5", "{}"), (_HERE,)),
    "firewall.nft": Command(("nft", "-s", "list", "ruleset"), root=True),
    "firewall.iptables": Command(("iptables-save",), root=True),
    "firewall.ip6tables": Command(("ip6tables-save",), root=True),
    "audit.state": Command(("auditctl", "-s"), root=True),
    "audit.rules": Command(("auditctl", "-l"), root=True),
    "zfs.status": Command(("zpool", "status", "-p")),
    "zfs.space": Command(("zpool", "list", "-Hp", "-o", "name,size,allocated,health")),
    "storcli": Command(("storcli64", "/call", "show", "all", "J"), root=True),
    "megacli.volumes": Command(("MegaCli64", "-LDInfo", "-Lall", "-aALL", "-NoLog"), root=True),
    "megacli.drives": Command(("MegaCli64", "-PDList", "-aALL", "-NoLog"), root=True),
    "virsh.domains": Command(("virsh", "-r", "-c", "{}", "domstats", "--raw", "--state"), (_URI,)),
    "virsh.snapshots": Command(
        ("virsh", "-r", "-c", "{}", "snapshot-list", "--name", "--domain", "{}"), (_URI, _NAME)
    ),
    "virsh.pools": Command(("virsh", "-r", "-c", "{}", "pool-list", "--all", "--name"), (_URI,)),
    "virsh.pool": Command(("virsh", "-r", "-c", "{}", "pool-info", "--bytes", "--pool", "{}"), (_URI, _NAME)),
}

_PLACES = (
    "/usr/sbin",
    "/sbin",
    "/usr/local/sbin",
    "/opt/MegaRAID/storcli",
    "/opt/MegaRAID/MegaCli",
)
_MOST = 4 << 20
_MOST_TOLD = 4096
_MOMENT_S = 0.005


def command(name: str, words: Sequence[str], timeout_ms: int, door: Path = root_door.DOOR) -> CommandOutput:
    """Run the program `name` stands for; ObservationError where it cannot be or does not end in time."""
    argv = argv_of(name, words)
    path = find(argv[0])
    if not COMMANDS[name].root or os.geteuid() == 0:
        return run((path, *argv[1:]), timeout_ms=timeout_ms)
    if root_door.is_open(door):
        return root_door.ask(name, words, timeout_ms, door)
    if _confined():
        raise ObservationError(
            ErrorKind.DENIED, f"{path} needs root: see the unit roundseal-root-commands.socket"
        )
    made = run((find("sudo"), "-n", path, *argv[1:]), timeout_ms=timeout_ms)
    if made.exit == 1 and made.told.startswith("sudo:"):
        raise ObservationError(ErrorKind.DENIED, f"sudo does not allow {path}: see the check's page")
    return made


def named(argv: Sequence[str]) -> str | None:
    """The table's name of a command line without words to fill in."""
    return next((name for name, known in COMMANDS.items() if known.argv == tuple(argv)), None)


def _confined() -> bool:
    """Whether this process and its children can never gain a right (`NoNewPrivileges`): sudo fails then."""
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as status:
            return any(line.split() == ["NoNewPrivs:", "1"] for line in status)
    except OSError:
        return False


def argv_of(name: str, words: Sequence[str]) -> tuple[str, ...]:
    """The command line; ObservationError `denied` for what the table does not hold."""
    known = COMMANDS.get(name)
    if known is None or len(words) != len(known.words):
        raise ObservationError(
            ErrorKind.DENIED, f"{name!r} with {len(words)} words is not among the commands"
        )
    for word, pattern in zip(words, known.words, strict=True):
        if not re.fullmatch(pattern, word):
            raise ObservationError(ErrorKind.DENIED, f"{name}: a word that is not allowed there")
    left = iter(words)
    return tuple(next(left) if part == "{}" else part for part in known.argv)


def find(program: str) -> str:
    """Where a program lies; `unsupported` where it is not installed, `denied` where others may change it."""
    for folder in (*os.get_exec_path(), *_PLACES):
        place = os.path.join(folder, program)
        if os.path.isabs(place) and os.path.isfile(place) and os.access(place, os.X_OK):
            if _is_open(os.stat(place)):
                raise ObservationError(ErrorKind.DENIED, f"{place} may be written by others")
            return place
    raise ObservationError(ErrorKind.UNSUPPORTED, f"{program} is not installed")


def _is_open(program: os.stat_result) -> bool:
    """Whether somebody else may change it: anybody, and where root is to run it, anyone but root."""
    if program.st_mode & stat.S_IWOTH:
        return True
    others = program.st_uid != 0 or (program.st_gid != 0 and program.st_mode & stat.S_IWGRP != 0)
    return os.geteuid() == 0 and others


def run(
    argv: Sequence[str], *, timeout_ms: int, environment: Mapping[str, str] | None = None
) -> CommandOutput:
    """One bounded run without a terminal; the whole process group ends with it."""
    import subprocess

    env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent", "TZ": "UTC"}
    try:
        process = subprocess.Popen(  # noqa: S603  # argv is from the table above, without a shell
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=env | dict(environment or {}),
            cwd="/",
            start_new_session=True,
        )
    except OSError as error:
        kind = ErrorKind.UNSUPPORTED if isinstance(error, FileNotFoundError) else ErrorKind.DENIED
        raise ObservationError(kind, f"{argv[0]}: {error.strerror}") from None
    until = monotonic() + timeout_ms / 1000
    with process:
        try:
            output, told = _listen(process, until)
            _let_end(process.pid, until)
        finally:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        code = process.wait()
    return CommandOutput(code, output, told.decode("utf-8", "replace"))


def _listen(process: "subprocess.Popen[bytes]", until: float) -> tuple[bytes, bytes]:
    """What it prints, and the beginning of what it says on standard error."""
    assert process.stdout is not None  # noqa: S101  # we asked for pipes
    assert process.stderr is not None  # noqa: S101  # likewise
    kept = {process.stdout.fileno(): bytearray(), process.stderr.fileno(): bytearray()}
    out, told = kept.values()
    with DefaultSelector() as selector:
        for pipe in kept:
            selector.register(pipe, EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select(min(max(until - monotonic(), 0), 0.2)):
                piece = os.read(key.fd, 65536)
                kept[key.fd] += piece
                if not piece:
                    selector.unregister(key.fd)
            if len(out) > _MOST:
                raise ObservationError(ErrorKind.GARBLED, "output without end")
            del told[_MOST_TOLD:]
            if monotonic() >= until:
                raise ObservationError(ErrorKind.TIMEOUT, "the program was stopped")
            if _has_ended(process.pid):
                _rest(selector, kept)  # a child left behind may hold the pipes for ever
                break
    return bytes(out), bytes(told)


def _rest(selector: DefaultSelector, kept: Mapping[int, bytearray]) -> None:
    """What is still in the pipes of a program that has ended."""
    while len(next(iter(kept.values()))) <= _MOST and (ready := selector.select(0)):
        for key, _ in ready:
            piece = os.read(key.fd, 65536)
            kept[key.fd].extend(piece)
            if not piece:
                selector.unregister(key.fd)


def _let_end(pid: int, until: float) -> None:
    """Its pipes can be closed a moment before it ends: killed then, it would seem to have failed."""
    while not _has_ended(pid):
        if monotonic() >= until:
            raise ObservationError(ErrorKind.TIMEOUT, "the program was stopped")
        sleep(_MOMENT_S)


def _has_ended(pid: int) -> bool:
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
