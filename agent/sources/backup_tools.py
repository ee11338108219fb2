"""Programs that read backups: found by name on this machine, run without a shell, ended at their deadline."""

import contextlib
import glob
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO

from checks.api import ErrorKind, ObservationError

_MOST_COMPLAINT = 16 * 1024
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_BESIDE = "/usr/lib/postgresql/*/bin"


class LocalStream:
    """Implements checks.places.Stream."""

    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        self._child = child
        self.complaint = b""
        self.status = 0
        self._reader = threading.Thread(target=self._drain, daemon=True)
        self._reader.start()

    @property
    def out(self) -> BinaryIO:
        """Standard output."""
        assert self._child.stdout is not None  # noqa: S101  # Popen was given a pipe
        return self._child.stdout  # type: ignore[return-value]  # IO[bytes] is one

    def finish(self) -> int:
        """Wait for the end; the exit status."""
        self.status = self._child.wait()
        self._reader.join()
        return self.status

    def _drain(self) -> None:
        # A full pipe of complaints would stop the program, so they are read while it runs.
        pipe = self._child.stderr
        while pipe is not None and (more := pipe.read1(65536)):  # type: ignore[attr-defined]  # BufferedReader
            self.complaint = (self.complaint + more)[-_MOST_COMPLAINT:]


class LocalTools:
    """Implements checks.places.Tools."""

    def find(self, name: str) -> str | None:
        """Path of a tool; the newest PostgreSQL's where several are installed."""
        beside = sorted(glob.glob(_BESIDE), key=lambda one: int(one.split("/")[-2]), reverse=True)
        return shutil.which(name, path=":".join([*beside, _PATH]))

    @contextlib.contextmanager
    def stream(
        self,
        argv: Sequence[str],
        *,
        stdin: BinaryIO | None = None,
        env: Mapping[str, str] | None = None,
        secrets: Mapping[int, bytes] | None = None,
        cwd: str | None = None,
    ) -> Iterator[LocalStream]:
        """Start a program; all it started is ended with it."""
        program = self.find(argv[0])
        if program is None:
            raise ObservationError(ErrorKind.UNSUPPORTED, f"{argv[0]} is not installed here")
        if secrets:
            raise ObservationError(ErrorKind.UNSUPPORTED, "secrets for tools are not in this version")
        child = subprocess.Popen(  # noqa: S603  # no shell; the program is found by name
            [program, *argv[1:]],
            stdin=stdin if stdin is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"PATH": _PATH, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", **(env or {})},
            cwd=cwd,
            start_new_session=True,
        )
        try:
            stream = LocalStream(child)
            yield stream
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            stream.finish()
            for pipe in (child.stdout, child.stderr):
                if pipe is not None:
                    pipe.close()
