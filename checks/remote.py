"""Another machine's command line: the Ssh source and what it brings back.

A check reads `Ran` and `Screen` and keeps what it parsed of them; neither is a fact itself (facts hold no
command line and no log line). `HostKey` is a fact.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from checks.api import Reading, State, Unit
from checks.probes import check_host, check_port

MOST_BYTES = 2 * 1024 * 1024


def place(text: str) -> tuple[str, int]:
    """Host and port of `10.0.0.1`, `10.0.0.1:2222`, `::1` or `[::1]:2222`; ValueError where it is neither."""
    host, colon, port = text.rpartition(":")
    if text.startswith("[") and text.endswith("]"):
        host, port = text[1:-1], ""
    elif not colon or (":" in host and not host.endswith("]")):
        host, port = text, ""
    host = host.removeprefix("[").removesuffix("]")
    check_host(host)
    if port and not (port.isascii() and port.isdigit() and 1 <= int(port[:6]) <= 65535):
        raise ValueError("port must be 1 to 65535")
    return host, int(port) if port else 22


@dataclass(frozen=True, slots=True)
class Login:
    """How a target is reached: parameters of the check, filled in from the asset's section `ssh`.

    `secret` names what the agent logs in with (user, and password, key or agent; enable). `legacy`: SHA-1
    and CBC are spoken too. `hop` is a bastion, `address` or `address:port`, entered with `hop_secret`.
    """

    address: str
    port: int = 22
    secret: str = "ssh"  # noqa: S105  # a name to look up on the agent, no secret
    legacy: bool = False
    hop: str = ""
    hop_secret: str = "bastion"  # noqa: S105  # likewise

    def __post_init__(self) -> None:
        check_host(self.address)
        check_port(self.port)
        if self.hop:
            place(self.hop)

    @property
    def name(self) -> str:
        """The name its host key is pinned under: `10.0.0.1:22`, behind a bastion `10.0.0.1:22@bastion`."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.port}" + (f"@{self.hop}" if self.hop else "")


class Reached(Protocol):
    """Parameters that say how a target is reached by SSH."""

    @property
    def address(self) -> str:
        """Name or address."""

    @property
    def port(self) -> int:
        """TCP port."""

    @property
    def secret(self) -> str:
        """Name of a secret."""

    @property
    def legacy(self) -> bool:
        """Whether old algorithms are spoken."""

    @property
    def hop(self) -> str:
        """A bastion, or nothing."""

    @property
    def hop_secret(self) -> str:
        """Name of the bastion's secret."""


def login(params: Reached) -> Login:
    """The login that these parameters ask for; ValueError where they cannot be."""
    return Login(params.address, params.port, params.secret, params.legacy, params.hop, params.hop_secret)


@dataclass(frozen=True, slots=True)
class Ran:
    """One command that ran. `exit` is None where the peer never told it (killed, cut, closed early).

    `cut`: more than `most_bytes` came; what is here ends with a whole line.
    """

    exit: int | None
    stdout: str
    stderr: str
    cut: bool
    elapsed_us: int


@dataclass(frozen=True, slots=True)
class Screen:
    """What a device showed for one command: without echo, prompt, paging and control sequences.

    `trouble`: empty, `unknown_command` (the device does not know it) or `no_right` (this user may not).
    """

    command: str
    text: str
    cut: bool
    trouble: str


@dataclass(frozen=True, slots=True)
class HostKey:
    """The host key a target presents and the one that was pinned, as `SHA256:…` (OpenSSH's form).

    `pinned` is empty where nobody has approved one yet. `software`: the peer's version line.
    """

    kind: str
    presented: str
    pinned: str
    software: str


class Ssh(Protocol):
    """Other machines by SSH. Connections are kept and shared; one command runs on each at a time.

    Every call ends within `timeout_ms` (waiting for a connection included). ObservationError: `denied`
    where the host key is not pinned or not the pinned one, or the login fails.
    """

    def run(self, to: Login, command: str, *, timeout_ms: int, most_bytes: int = MOST_BYTES) -> Ran:
        """Run one command through the target's shell, without a terminal."""

    def shell(
        self,
        to: Login,
        platform: str,
        commands: Sequence[str],
        *,
        timeout_ms: int,
        most_bytes: int = MOST_BYTES,
    ) -> tuple[Screen, ...]:
        """Type commands at a device's prompt, one behind the other; `most_bytes` for each.

        `platform` (`huawei_vrp`, `hp_comware`, `ruijie_os`, `zte_zxros`, `cisco_ios`, `fortinet` … or
        nothing) says how paging is switched off and how a higher level is entered. After a command that
        is cut the session ends and no further command is asked: fewer screens come back.
        """

    def host_key(self, to: Login, *, timeout_ms: int) -> HostKey:
        """Greet the target and read its host key; nobody logs in to it."""


def judge_host_key(found: HostKey) -> Iterator[Reading]:
    """`host_key`: ok as pinned; crit another one; unknown where none is pinned."""
    if not found.presented:
        yield Reading("host_key", None, Unit.NONE, State.UNKNOWN, "not_reported")
    elif not found.pinned:
        yield Reading("host_key", None, Unit.NONE, State.UNKNOWN, "not_pinned")
    elif found.presented != found.pinned:
        yield Reading("host_key", None, Unit.NONE, State.CRIT, "key_changed")
    else:
        yield Reading("host_key", None, Unit.NONE, State.OK)
