"""Every answer to a batch (docs/evidence.md): its word, its HTTP code, what the agent is told with it."""

from base64 import b64encode
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from checks.wire.errors import Code


class Status(StrEnum):
    """Answers that are not errors of the bytes themselves (those are `checks.wire.errors.Code`)."""

    OK = "ok"
    ACCEPTED = "accepted"
    KNOWN = "known"
    FORK = "fork"
    GAP = "gap"
    BEHIND = "behind"
    UNKNOWN_KEY = "unknown_key"
    PENDING = "pending"
    REVOKED = "revoked"
    OLD_EPOCH = "old_epoch"
    WRONG_LOG = "wrong_log"
    OVERLOAD = "overload"
    NOT_DURABLE = "not_durable"
    DISK_FULL = "disk_full"


GOOD = frozenset({Status.OK, Status.ACCEPTED, Status.KNOWN})

_HTTP: dict[str, int] = {
    Status.OK: 200,
    Status.ACCEPTED: 200,
    Status.KNOWN: 200,
    Status.FORK: 409,
    Status.GAP: 409,
    Status.BEHIND: 409,
    Status.UNKNOWN_KEY: 401,
    Status.PENDING: 403,
    Status.REVOKED: 403,
    Status.OLD_EPOCH: 409,
    Status.WRONG_LOG: 421,
    Status.OVERLOAD: 503,
    Status.NOT_DURABLE: 503,
    Status.DISK_FULL: 503,
    Code.TOO_LARGE: 413,
}

WORDS = frozenset({*map(str, Status), *map(str, Code)})


def http_code(status: str) -> int:
    """HTTP status of an answer; bytes that are wrong in themselves are 400."""
    return _HTTP.get(status, 400)


@dataclass(frozen=True, slots=True)
class Ack:
    """The answer to one frame."""

    status: str
    agent: str = ""
    epoch: int = 0
    seq: int = -1
    idx: int | None = None
    received: int | None = None
    want: int | None = None
    head: tuple[int, str] | None = None
    header: bytes | None = None
    signature: bytes | None = None
    retry_after: int | None = None
    detail: str = ""
    flags: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The JSON object that is sent; absent fields stay out."""
        made: dict[str, Any] = {"status": str(self.status)}
        if self.seq >= 0:
            made |= {"agent": self.agent, "epoch": self.epoch, "seq": self.seq}
        for name in ("idx", "received", "want", "retry_after"):
            value = getattr(self, name)
            if value is not None:
                made[name] = value
        if self.head is not None:
            made["head"] = {"seq": self.head[0], "hash": self.head[1]}
        if self.header is not None and self.signature is not None:
            made["header"] = b64encode(self.header).decode()
            made["signature"] = b64encode(self.signature).decode()
        made |= {"detail": self.detail} if self.detail else {}
        made |= {"flags": list(self.flags)} if self.flags else {}
        return made
