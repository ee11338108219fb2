"""Files for the record: logs, configurations, certificates, on the agent's machine or by SFTP on another.

Read only, and only so much of it. What is wrong with a single file is a `trouble` of its own: missing,
denied, too_much, not_a_file, unreadable, garbled; what keeps us from the machine is an ObservationError.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from checks.hardening import FileCertificate, FileState
from checks.probes import check_timeout
from checks.remote import Login
from checks.sources import LogGrowth

SFTP_NEEDS = (
    "read access to the files; on another machine a login with SFTP, its host key approved once:"
    " roundseal-agent trust ADDRESS:PORT"
)


@dataclass(frozen=True, slots=True)
class Where:
    """Where files lie: without an `address` on the agent's own machine, else on that one, reached by SFTP.

    `secret`, `legacy`, `hop`, `hop_secret`: as of the source ssh.
    """

    address: str = ""
    port: int = 22
    secret: str = "ssh"  # noqa: S105  # a name to look up on the agent, no secret
    legacy: bool = False
    hop: str = ""
    hop_secret: str = "bastion"  # noqa: S105  # likewise
    timeout_ms: int = 30_000

    def __post_init__(self) -> None:
        if self.address:
            self.login()
        check_timeout(self.timeout_ms, 100, 300_000)

    def login(self) -> Login:
        """The login by which the machine is reached."""
        return Login(self.address, self.port, self.secret, self.legacy, self.hop, self.hop_secret)


def check_paths(paths: Sequence[str], name: str) -> None:
    """ValueError unless there are paths, and all of them absolute."""
    if not paths:
        raise ValueError(f"{name} must be given")
    if wrong := [one for one in paths if not one.startswith("/") or "\0" in one]:
        raise ValueError(f"{name}: {wrong[0]!r} is no absolute path")


class Files(Protocol):
    """Files of one machine. A star in a path stands for names in one directory."""

    def grown(
        self, at: Where, log: str, patterns: Mapping[str, str], ignore: Sequence[str], most_bytes: int
    ) -> LogGrowth:
        """What was added to a log since the last look; rotated files beside it are found."""

    def states(self, at: Where, paths: Sequence[str]) -> Sequence[FileState]:
        """Digest, mode and owner of files, 16 MB of each and 500 of them at most."""

    def certificates(self, at: Where, paths: Sequence[str]) -> Sequence[FileCertificate]:
        """The first certificate in each of these files (PEM or DER)."""
