"""A Java virtual machine through jcmd and jstat: heap, threads, deadlocks, collections."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import (
    Check,
    ErrorKind,
    Number,
    ObservationError,
    Reading,
    Seen,
    Source,
    State,
    Unit,
    Upper,
    percent,
)
from checks.remote import Login, Ssh, login


@dataclass(frozen=True, slots=True)
class Facts:
    """Of the one machine found (`machines` counts those that match): bytes of heap, live threads, threads
    in deadlocks, full collections and milliseconds spent collecting since the start, uptime in ms."""

    machines: int
    version: str
    heap_used: int | None
    heap_max: int | None
    threads: int | None
    deadlocks: int | None
    full_collections: int | None
    collecting_ms: int | None
    uptime_ms: int | None


@dataclass(frozen=True, slots=True)
class Params:
    """`main`: main class or jar as `jcmd -l` shows it. `user`: whom the machine runs as, where it is not
    the login's own (`sudo -n -u USER jcmd`)."""

    address: str
    main: str
    port: int = 22
    secret: str = "ssh"  # noqa: S105  # a name to look up on the agent, no secret
    legacy: bool = False
    hop: str = ""
    hop_secret: str = "bastion"  # noqa: S105  # likewise
    user: str = ""
    home: str = ""
    heap: Upper = Upper(85, 95)
    threads: Upper = Upper(None, None)
    collecting: Upper = Upper(5, 10)
    timeout_ms: int = 20_000

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9_.$/-]{1,200}", self.main):
            raise ValueError("main is a class or a jar")
        if not re.fullmatch(r"[a-z0-9_-]{0,32}", self.user) or not re.fullmatch(r"[\w./-]{0,200}", self.home):
            raise ValueError("user is a login name, home a directory")
        self.login()

    def login(self) -> Login:
        """Where the machine runs."""
        return login(self)

    def words(self, program: str) -> str:
        """The program's call, as that user, from that home."""
        path = f"{self.home.rstrip('/')}/bin/{program}" if self.home else program
        return f"sudo -n -u {shlex.quote(self.user)} {shlex.quote(path)}" if self.user else shlex.quote(path)


def observe(ssh: Ssh, params: Params) -> Facts:
    jcmd, to = params.words("jcmd"), params.login()
    listed = _ran(ssh, to, f"{jcmd} -l", params)
    found = [line.split(" ")[0] for line in listed.splitlines() if params.main in line.split(" ")[1:2]]
    if len(found) != 1 or not found[0].isdigit():
        return Facts(len(found), "", None, None, None, None, None, None, None)
    pid = found[0]
    # One connection, one command: what is read belongs to one moment.
    asked = ("VM.version", "VM.uptime", "VM.flags", "GC.heap_info", "Thread.print")
    calls = [f"echo '==={name}'; {jcmd} {pid} {name}" for name in asked]
    text = _ran(
        ssh, to, "; ".join([*calls, "echo '===gc'", f"{params.words('jstat')} -gcutil {pid}"]), params
    )
    parts = {part.partition("\n")[0].strip(): part for part in text.split("===")[1:]}
    return _read(parts)


def _ran(ssh: Ssh, to: Login, command: str, params: Params) -> str:
    ran = ssh.run(to, f"LC_ALL=C; export LC_ALL; {command}", timeout_ms=params.timeout_ms)
    if ran.exit == 127 or "not found" in ran.stderr:
        raise ObservationError(ErrorKind.UNSUPPORTED, f"{to.name} has no jcmd: set home, or install a JDK")
    if "sudo:" in ran.stderr or "Permission denied" in ran.stderr:
        raise ObservationError(ErrorKind.DENIED, f"{to.name}: sudo to the machine's user is not granted")
    return ran.stdout


_VERSION = re.compile(r"(?m)^(?:JDK|java version) ([0-9][\w.+-]{0,40})")
_UPTIME = re.compile(r"(?m)^([0-9]{1,12})\.([0-9]{3})[0-9]* s$")
_MAX = re.compile(r"-XX:MaxHeapSize=([0-9]{1,18})\b")
# G1, ZGC, Shenandoah tell one line; serial and parallel collectors one for each generation.
_USED = re.compile(
    r"(?m)^ *(?:garbage-first heap|ZHeap|def new generation|tenured generation|PSYoungGen|ParOldGen)"
    r"[^\n]{0,100}?used ([0-9]{1,15})([KMG])\b"
)
_SIZES = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def _read(parts: dict[str, str]) -> Facts:
    version = _VERSION.search(parts.get("VM.version", ""))
    uptime = _UPTIME.search(parts.get("VM.uptime", ""))
    most = _MAX.search(parts.get("VM.flags", ""))
    used = [int(count) * _SIZES[size] for count, size in _USED.findall(parts.get("GC.heap_info", ""))]
    threads = parts.get("Thread.print", "")
    live = len(re.findall(r'(?m)^"', threads))
    full, collecting = _collections(parts.get("gc", ""))
    return Facts(
        machines=1,
        version=version[1] if version else "",
        heap_used=sum(used) if used else None,
        heap_max=int(most[1]) if most else None,
        threads=live or None,
        deadlocks=_deadlocks(threads) if live else None,
        full_collections=full,
        collecting_ms=collecting,
        uptime_ms=int(uptime[1]) * 1000 + int(uptime[2]) if uptime else None,
    )


def _deadlocks(threads: str) -> int:
    """Deadlocks that the thread dump names."""
    return len(re.findall(r"(?m)^Found one Java-level deadlock:", threads))


def _collections(text: str) -> tuple[int | None, int | None]:
    """Columns FGC and GCT of jstat, by their names: their number differs between versions."""
    lines = text.splitlines()[1:3]
    if len(lines) < 2:
        return None, None
    row = dict(zip(lines[0].split(), lines[1].split(), strict=False))
    full, spent = row.get("FGC", ""), row.get("GCT", "").replace(",", ".")
    found = re.fullmatch(r"([0-9]{1,12})\.([0-9]{3})[0-9]*", spent)
    return int(full) if full.isdigit() else None, int(found[1]) * 1000 + int(found[2]) if found else None


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    facts = seen.facts
    if facts.machines < 1:
        yield Reading("instances", 0, Unit.COUNT, State.CRIT, "missing")
        return
    if facts.machines > 1:
        yield Reading("instances", facts.machines, Unit.COUNT, State.UNKNOWN, "too_many")
        return
    yield Reading("instances", 1, Unit.COUNT, State.OK)
    yield _limited("heap", percent(facts.heap_used, facts.heap_max), Unit.PERCENT, params.heap)
    yield _limited("threads", facts.threads, Unit.COUNT, params.threads)
    yield _limited("deadlocks", facts.deadlocks, Unit.COUNT, Upper(None, 1), "deadlock")
    share = percent(facts.collecting_ms, facts.uptime_ms)
    yield _limited("collecting", share, Unit.PERCENT, params.collecting)
    if facts.full_collections is not None:
        yield Reading("full_collections", facts.full_collections, Unit.COUNT, State.OK)


def _limited(name: str, value: Number | None, unit: Unit, limit: Upper, bad: str = "too_high") -> Reading:
    state = limit.judge(value)
    why = "not_reported" if value is None else bad
    return Reading(name, value, unit, state, "" if state is State.OK else why)


CHECK = Check(
    id="middleware.jvm",
    version=1,
    title="Java 虚拟机",
    title_en="Java virtual machine",
    source=Source.SSH,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("HA-04", "PD-35"),
    needs=(
        "a JDK with jcmd and jstat",
        "where it runs as another user, in sudoers: LOGIN ALL=(USER) NOPASSWD: /path/to/jcmd, /path/to/jstat",
    ),
)
