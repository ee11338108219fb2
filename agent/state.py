"""The state directory of one agent: its key, who it is, and the lock that keeps it single.

STATE/ (0700)   agent.key (0600: 32-byte seed, hex)   agent.json (who we are, what we pinned)
                outbox.db   agent.yaml   secrets.yaml (0600)   agent.lock   quarantine/
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent.errors import AgentError
from agent.faults import crash_point
from checks.codec import FieldError, from_json, to_json
from checks.wire import strict_json
from checks.wire.errors import WireError
from checks.wire.signing import Signer

DEFAULT = Path("/var/lib/roundseal-agent")


@dataclass(frozen=True, slots=True)
class Machine:
    """Marks of the machine that enrolled; "" where it could not be read. Only ever compared."""

    fingerprint: str
    machine_id: str
    product: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this agent is and what it trusts. `status`: asked, pending or approved."""

    status: str
    url: str
    tls_pin: str
    origin: str
    vkey: str
    agent: str
    epoch: int
    public: str
    token: str
    statement: str
    machine: Machine
    v: int = 1


class State:
    """Paths below one state directory."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, name: str) -> Path:
        """A file in it."""
        return self.root / name

    def make(self) -> None:
        """Create it, closed to others."""
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise AgentError("state", f"{self.root}: {error.strerror}") from None

    def identity(self) -> Identity:
        """agent.json; AgentError where this directory holds no enrolment."""
        path = self.path("agent.json")
        try:
            return from_json(Identity, strict_json.loads(path.read_bytes()), "agent.json")
        except FileNotFoundError:
            raise AgentError("not_enrolled", f"{self.root} holds no enrolment: run `enrol` first") from None
        except OSError as error:
            raise AgentError("state", f"{path}: {error.strerror}") from None
        except (WireError, FieldError) as error:
            raise AgentError("state", f"{path}: {error}") from None

    def write_identity(self, identity: Identity) -> None:
        """Replace agent.json."""
        write_file(self.path("agent.json"), strict_json.dumps(to_json(identity)) + b"\n")

    def signer(self) -> Signer:
        """The private key; refused when others may read it."""
        path = self.path("agent.key")
        try:
            check_private(path)
            return Signer(bytes.fromhex(path.read_bytes().decode("ascii").strip()))
        except FileNotFoundError:
            raise AgentError("not_enrolled", f"{path} is missing: run `enrol` first") from None
        except OSError as error:
            raise AgentError("state", f"{path}: {error.strerror}") from None
        except (ValueError, WireError):
            raise AgentError("state", f"{path}: not a key of 64 hex digits") from None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the directory for one process; AgentError if another has it."""
        self.make()
        try:
            file = os.open(self.path("agent.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise AgentError("state", f"{self.root}: {error.strerror}") from None
        try:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise AgentError("locked", f"another agent is running on {self.root}") from None
            yield
        finally:
            os.close(file)


def check_private(path: Path) -> None:
    """AgentError when anyone but the owner may read or write `path`."""
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        raise AgentError("permissions", f"{path} has mode {mode:04o}: chmod 600 it, others may read it")


def write_file(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Write and fsync beside, then rename: a crash leaves the old file or the new one."""
    beside = path.with_name(path.name + ".new")
    try:
        beside.unlink(missing_ok=True)
        file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with open(file, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        crash_point("file.rename")
        beside.rename(path)
        directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except OSError as error:
        raise AgentError("state", f"{path}: {error.strerror}") from None
