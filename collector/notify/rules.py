"""Who is told of what, as the estate's logged terms have it. Pure: the verifier reads it too."""

from dataclasses import dataclass
from hashlib import sha256

FAULT, FINDING, SILENT, MISSED, CLOCK, BACKUP = "fault", "finding", "silent", "missed", "clock", "backup"
KINDS = (FAULT, FINDING, SILENT, MISSED, CLOCK, BACKUP)
SECRET, CUSTOM = "secret:", "custom:"
BUYER, USER, VENDOR = "buyer", "user", "vendor"
WHOSE = (BUYER, USER, VENDOR)
"""Who stands behind a recipient: the buyer (in Luohe's contract the centre), the unit that uses the system,
or the vendor's own people."""
# What people call it, and the channel's own name for it.
ALIASES = {"wecom": "wecombot"}


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of `notify`. Durations in ms, None: not asked for. `to`: as the estate writes it, without any
    secret; `units`, `systems`, `levels`: empty for all; `after`: only what still stands, and nobody has
    acknowledged, so long after it began; `remind`: again so often until somebody has; `quiet`: a stretch of
    the day, local time, in which nothing is sent; `lang`: of the message; `whose`: whose people it
    reaches, empty where nobody says."""

    when: str
    to: str
    id: str = ""
    units: tuple[str, ...] = ()
    systems: tuple[str, ...] = ()
    levels: tuple[int, ...] = ()
    after: int | None = None
    remind: int | None = None
    quiet: tuple[str, str] | None = None
    lang: str = "zh"
    whose: tuple[str, ...] = ()


def digest_of(to: str) -> str:
    """How an entry names a recipient: SHA-256 (hex) of what the estate writes."""
    return sha256(to.encode()).hexdigest()


def channel_of(to: str) -> str:
    """The kind of channel: `json`, `mailto`, `custom`; `secret` where only the collector's own file says."""
    word = to.partition("://")[0] if "://" in to else to.partition(":")[0]
    return ALIASES.get(word, word)
