"""A cell from outside: make it, start programs in it, end it. What happens inside is `cell_init`."""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from agent.drills.errors import StopError
from agent.drills.settings import User

_INIT = Path(__file__).with_name("cell_init.py")
_MOST = 256 * 1024
MOST_COMPLAINT = 256 * 1024
_START_S = 20.0
_END_S = 5.0
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ENV = {"PATH": _PATH, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "HOME": "/drill", "TZ": "UTC"}


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where a cell lies and what it may take. `binds`: (path here, path inside, writable)."""

    room: Path  # becomes /drill
    root: Path  # an empty directory, the mount point
    binds: Sequence[tuple[str, str, bool]] = ()
    file_bytes: int = 1 << 40
    shared_bytes: int = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Proof:
    """That the network is cut, as seen by the drill's user inside. `mode`: root or user_namespace."""

    mode: str
    uid: int
    interfaces: tuple[str, ...]
    refused: tuple[str, ...]


class Running:
    """A program in the cell."""

    def __init__(self, cell: "Cell", number: int, out: BinaryIO | None, err: BinaryIO) -> None:
        self._cell, self.number, self._err = cell, number, err
        self._out = out
        self.complaint = b""
        self._reader = threading.Thread(target=self._drain, daemon=True)
        self._reader.start()

    @property
    def out(self) -> BinaryIO:
        """Standard output, where it was asked for."""
        assert self._out is not None  # noqa: S101  # whoever reads asked for it
        return self._out

    def finish(self) -> int:
        """Its exit status, negative for a signal; StopError where the drill was stopped meanwhile."""
        status = self._cell.wait(self.number)
        self._reader.join(5)
        return status

    def alive(self) -> bool:
        """Whether it still runs."""
        return self._cell.look(self.number) is None

    def close(self) -> None:
        """End it, if it runs."""
        if self.alive():
            self._cell.kill(self.number)
        if self._out is not None:
            self._out.close()
        self._reader.join(5)

    def _drain(self) -> None:
        with self._err, contextlib.suppress(OSError, ValueError):
            while more := os.read(self._err.fileno(), 65536):
                self.complaint = (self.complaint + more)[-MOST_COMPLAINT:]


class Cell:
    """No network, nobody else's files and processes; ends with `close`, this process, or when stopped."""

    def __init__(self, bounds: Bounds, user: User) -> None:
        self._ended: dict[int, int] = {}
        self._count = 0
        self._lock = threading.Lock()
        self._why: StopError | None = None
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control = ours
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _MOST)
        with theirs:
            self._warden = subprocess.Popen(  # noqa: S603  # our own file, by our own interpreter
                [sys.executable, "-I", "-S", str(_INIT)],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=ENV,
                cwd="/",
            )
        try:
            self.proof = self._enter(bounds, user)
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        """The process whose end is the end of all that runs in the cell."""
        return int(self._warden.pid)

    def _enter(self, bounds: Bounds, user: User) -> Proof:
        """Tell it its bounds, believe its proof; StopError `no_network_cut` where there is none."""
        wish = {
            "room": str(bounds.room),
            "root": str(bounds.root),
            "binds": [list(one) for one in bounds.binds],
            "uid": user.uid,
            "gid": user.gid,
            "name": user.name,
            "file_bytes": bounds.file_bytes,
            "shared_bytes": bounds.shared_bytes,
        }
        answer = self._first(wish)
        if "ready" not in answer:
            raise StopError("no_network_cut", str(answer.get("failed", "the cell did not begin"))[:200])
        found = answer["ready"]
        cut = found["refused"] == found.get("tried") and not found["up"]
        if not cut or found["uid"] != user.uid or found["uid"] == 0:
            raise StopError("no_network_cut", "the network could not be proven cut")
        return Proof(found["mode"], found["uid"], tuple(found["interfaces"]), tuple(found["refused"]))

    def _first(self, wish: dict[str, Any]) -> dict[str, Any]:
        try:
            self._control.send(json.dumps(wish).encode())
            if not select.select([self._control], [], [], _START_S)[0]:
                return {}
            answer: dict[str, Any] = json.loads(self._control.recv(_MOST) or b"{}")
        except (OSError, ValueError):
            return {}
        return answer

    # Programs.

    @contextlib.contextmanager
    def start(
        self,
        argv: Sequence[str],
        *,
        stdin: BinaryIO | int | None = None,
        env: Mapping[str, str] | None = None,
        cwd: str = "/drill",
        read: bool = False,
    ) -> Iterator[Running]:
        """Start a program (argv[0] is a path inside); it is ended on the way out. `read`: its output is."""
        running = self._start(argv, stdin, {**ENV, **(env or {})}, cwd, read)
        try:
            yield running
        finally:
            running.close()

    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: BinaryIO | int | None = None,
        env: Mapping[str, str] | None = None,
        cwd: str = "/drill",
        most: int = 64 * 1024 * 1024,
    ) -> tuple[int, bytes, bytes]:
        """Run to its end: exit status, at most `most` bytes of its output, the end of its complaints."""
        with self.start(argv, stdin=stdin, env=env, cwd=cwd, read=True) as running:
            out = running.out.read(most)
            while running.out.read(65536):  # what is too much is not kept, but must not block it either
                pass
            return running.finish(), out, running.complaint

    def _start(
        self, argv: Sequence[str], stdin: BinaryIO | int | None, env: dict[str, str], cwd: str, read: bool
    ) -> Running:
        self.check()
        out_r, out_w = os.pipe() if read else (-1, os.open(os.devnull, os.O_WRONLY))
        err_r, err_w = os.pipe()
        given = os.open(os.devnull, os.O_RDONLY) if stdin is None else -1
        source = given if stdin is None else stdin if isinstance(stdin, int) else stdin.fileno()
        with self._lock:
            self._count += 1
            number = self._count
        out = os.fdopen(out_r, "rb", buffering=1 << 16) if read else None
        running = Running(self, number, out, os.fdopen(err_r, "rb", buffering=0))
        message = json.dumps({"run": number, "argv": list(argv), "env": env, "cwd": cwd}).encode()
        try:
            socket.send_fds(self._control, [message], [source, out_w, err_w])
        except OSError:
            self._ended[number] = 127
        finally:
            for one in (out_w, err_w, given):
                if one >= 0:
                    os.close(one)
        return running

    def kill(self, number: int) -> None:
        """End a program and its session."""
        with contextlib.suppress(OSError):
            self._control.send(json.dumps({"kill": number}).encode())

    def look(self, number: int) -> int | None:
        """Its exit status, None while it runs."""
        self._hear(0)
        return self._ended.get(number)

    def wait(self, number: int) -> int:
        """Its exit status; StopError where the drill was stopped."""
        while number not in self._ended:
            self.check()
            self._hear(0.5)
        self.check()
        return self._ended[number]

    def _hear(self, seconds: float) -> None:
        with self._lock:
            while select.select([self._control], [], [], seconds)[0]:
                data = self._control.recv(_MOST)
                if not data:
                    self._lost()
                    return
                message = json.loads(data)
                self._ended[message["ended"]] = message["status"]
                seconds = 0

    def _lost(self) -> None:
        self._why = self._why or StopError("restore_failed", "the cell ended")
        for number in range(1, self._count + 1):
            self._ended.setdefault(number, -9)

    # Its end.

    def stop(self, why: StopError) -> None:
        """End everything in it, from another thread; whoever waits for it gets `why`."""
        self._why = self._why or why
        self._kill_warden()

    def check(self) -> None:
        """StopError where it was stopped."""
        if self._why is not None:
            raise self._why

    def close(self) -> None:
        """End everything in it and wait until it is gone."""
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_WR)  # its first process ends, the kernel ends all others
        try:
            self._warden.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._kill_warden()
            self._warden.wait()
        # The namespace's first process closes its end of the line when it is gone, and with it all others.
        end = time.monotonic() + _START_S
        with contextlib.suppress(OSError):
            while select.select([self._control], [], [], max(end - time.monotonic(), 0))[0]:
                if not self._control.recv(_MOST):
                    break
        self._control.close()

    def _kill_warden(self) -> None:
        if self._warden.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._warden.pid, signal.SIGKILL)
