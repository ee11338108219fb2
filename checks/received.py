"""What others send to this agent: traps and syslog, counted by its receiver; the facts of one sender.

Counts grow from look to look; what was received while nobody could count it is said: `restarted` (the
receiver began anew: what came in between is gone), `lost` (datagrams of anybody that the kernel dropped for
lack of room), `limited` (of this sender, beyond what one sender may send).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from checks.probes import check_host, check_timeout

SILENCE = ("expected", "unexpected")


class What(StrEnum):
    """What is received."""

    SYSLOG = "syslog"
    TRAPS = "traps"


@dataclass(frozen=True, slots=True)
class Heard:
    """One message, shortened and without what looks like a credential or a person. `word`: its severity
    (syslog) or the OID of the notification."""

    at: int
    word: str
    text: str


@dataclass(frozen=True, slots=True)
class Received:
    """From one sender since the last look. `counts`: by severity `0` to `7`, or by OID of the notification
    (`other` beyond the first 100 kinds). `last_at`: when it was last heard at all, UTC ms, None: never.

    `listening_ms`: for how long the receiver has been running. `refused`: not ours (community, user, key).
    """

    first_look: bool
    restarted: bool
    listening_ms: int
    counts: Mapping[str, int]
    limited: int
    garbled: int
    refused: int
    lost: int
    last_at: int | None
    heard: tuple[Heard, ...]


@dataclass(frozen=True, slots=True)
class Receiver:
    """The receiver itself since the last look. `strangers`: senders that no look asks for,
    `stranger_messages`: what they sent; `places`: as `syslog udp 127.0.0.1:5514`."""

    first_look: bool
    restarted: bool
    listening_ms: int
    places: tuple[str, ...]
    senders: int
    messages: int
    strangers: int
    stranger_messages: int
    lost: int
    limited: int
    garbled: int
    refused: int


@dataclass(frozen=True, slots=True)
class Sender:
    """One sender; the parameters of each check of what it sends begin with these.

    `address`: where the device sends from. `silence`: `expected` where it is good that nothing comes,
    `unexpected` where nothing for `silence_s` seconds is unknown (required). `timeout_ms`: for the receiver's
    answer.
    """

    address: str
    silence: str
    silence_s: int = 86_400
    timeout_ms: int = 10_000

    def __post_init__(self) -> None:
        check_host(self.address)
        if self.silence not in SILENCE:
            raise ValueError(f"silence must be one of {', '.join(SILENCE)}")
        if not 60 <= self.silence_s <= 366 * 86400:
            raise ValueError("silence_s must be 60 to 31622400")
        check_timeout(self.timeout_ms, 100, 600_000)


class Ears(Protocol):
    """The agent's receiver. `unsupported` where agent.yaml lets it receive nothing of the kind,
    `unreachable` where it does not run."""

    def received(self, what: What, address: str, timeout_ms: int) -> Received:
        """What this sender (a name or an address) sent since the last look."""

    def receiver(self) -> Receiver:
        """How the receiver itself fares."""
