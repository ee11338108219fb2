"""Host keys that somebody approved: STATE/hosts.yaml, written by `roundseal-agent trust`.

    "10.0.0.1:22": {kind: ssh-ed25519, sha256: "SHA256:3w…"}

Read again when it has changed. No secret, but whoever can write it decides whom the agent logs in to:
a file that others may write is refused.
"""

import json
import os
import threading
from dataclasses import dataclass
from pathlib import Path

from agent.errors import AgentError
from agent.plain import plain_mapping
from checks.api import ErrorKind, ObservationError

NAME = "hosts.yaml"


@dataclass(frozen=True, slots=True)
class Pin:
    """A host key: its kind (`ssh-ed25519` …) and fingerprint as OpenSSH prints it."""

    kind: str
    sha256: str


class Pins:
    """The pins of one state directory; without a directory there are none."""

    def __init__(self, state: Path | None) -> None:
        self._path = None if state is None else state / NAME
        self._stamp: tuple[int, int] | None = None
        self._held: dict[str, Pin] = {}
        self._lock = threading.Lock()

    def get(self, name: str) -> Pin | None:
        """The pin of this name (`Login.name`); ObservationError `denied` where the file cannot be trusted."""
        with self._lock:
            try:
                self._refresh()
            except (AgentError, OSError) as error:
                raise ObservationError(ErrorKind.DENIED, f"{NAME}: {error}") from None
            return self._held.get(name)

    def put(self, name: str, pin: Pin) -> None:
        """Pin this key, for good; AgentError or OSError when it cannot be written."""
        with self._lock:
            if self._path is None:
                raise AgentError("no_state", "host keys are pinned in a state directory")
            self._refresh()
            held = {**self._held, name: pin}
            lines = [
                f"{json.dumps(key)}: {{kind: {one.kind}, sha256: {json.dumps(one.sha256)}}}\n"
                for key, one in sorted(held.items())
            ]
            beside = self._path.with_name(NAME + ".part")
            with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.writelines(lines)
                file.flush()
                os.fsync(file.fileno())
            beside.rename(self._path)

    def _refresh(self) -> None:
        if self._path is None:
            return
        try:
            found = self._path.stat()
        except FileNotFoundError:
            self._held, self._stamp = {}, None
            return
        if (found.st_mtime_ns, found.st_ino) == self._stamp:
            return
        if found.st_mode & 0o022:
            raise AgentError("pins", f"{self._path} may be written by others: chmod 600 it")
        self._held = _read(self._path)
        self._stamp = (found.st_mtime_ns, found.st_ino)


def _read(path: Path) -> dict[str, Pin]:
    given = plain_mapping(path.read_text("utf-8"), path, "pins")
    made = {}
    for name, parts in given.items():
        if not isinstance(parts, dict) or not all(
            isinstance(parts.get(key), str) for key in ("kind", "sha256")
        ):
            raise AgentError("pins", f"{path}: {name}: kind and sha256 are wanted")
        made[name] = Pin(parts["kind"], parts["sha256"])
    return made
