"""The signed plan (巡检方案): what one agent is to look at, when, with which parameters.

The plan's bytes as served are signed by the log key (PAE type `plan`); its digest is the SHA-256 of
those bytes. Read with `parse`; nothing is ever re-serialised to verify it.
"""

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from checks.codec import FieldError, from_json, to_json
from checks.result import Item
from checks.wire import strict_json


@dataclass(frozen=True, slots=True)
class PlanItem:
    """A regular look (kind `regular`) or a probe (kind `probe`), every `every_ms` on the UTC grid.

    A probe is taken at a random instant of each slot, a regular check at a fixed hash offset in it.
    `hold_ms` and `confirm` say how the observation counts for availability; `canary` marks members of
    the vantage point's canary set.
    """

    kind: str
    check: str
    version: int
    target: str
    asset: str | None
    params: dict[str, Any]
    every_ms: int
    deadline_ms: int
    hold_ms: int
    confirm: int = 2
    canary: bool = False

    def __post_init__(self) -> None:
        if self.kind not in ("regular", "probe"):
            raise FieldError("kind", f"{self.kind!r} is neither regular nor probe")
        if self.every_ms < 1000 or self.deadline_ms < 1 or self.hold_ms <= self.every_ms:
            raise FieldError("every_ms", "at least 1000, with hold_ms above it and a deadline")

    @property
    def item(self) -> Item:
        """What is looked at."""
        return Item(self.check, self.version, self.target, self.asset, self.params)


@dataclass(frozen=True, slots=True)
class RoundItem:
    """One look that a round owes."""

    check: str
    version: int
    target: str
    asset: str | None
    params: dict[str, Any]
    deadline_ms: int

    @property
    def item(self) -> Item:
        """What is looked at."""
        return Item(self.check, self.version, self.target, self.asset, self.params)


@dataclass(frozen=True, slots=True)
class Window:
    """One occurrence of a round: due in [from_ms, to_ms), still taken (as late) until until_ms."""

    id: str
    from_ms: int
    to_ms: int
    until_ms: int


@dataclass(frozen=True, slots=True)
class RoundPlan:
    """A round (巡检): a recurrence, or explicit windows (special rounds, rounds run by hand), or both.

    every: "" (explicit windows only), "day", "week" or "month"; on: weekday name or day of month
    ("1".."28", "last"); window: local "HH:MM-HH:MM" in the plan's time zone.
    """

    id: str
    items: tuple[RoundItem, ...]
    every: str = ""
    on: str = ""
    window: str = ""
    windows: tuple[Window, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """One agent's plan. `estate` is the digest of the estate file it was made of (hex)."""

    v: int
    log: str
    agent: str
    epoch: int
    made_ms: int
    estate: str
    timezone: str
    flush_ms: int
    items: tuple[PlanItem, ...] = field(default=())
    rounds: tuple[RoundPlan, ...] = field(default=())


def encode(plan: Plan) -> bytes:
    """The bytes that are signed and served."""
    return strict_json.dumps(to_json(plan))


def parse(data: bytes) -> Plan:
    """The plan in `data`; WireError for bad JSON, FieldError (naming the path) for a bad shape."""
    plan = from_json(Plan, strict_json.loads(data), "plan")
    if plan.v != 1:
        raise FieldError("plan.v", f"version {plan.v} is not known here")
    return plan


def digest(data: bytes) -> str:
    """SHA-256 (hex) of the plan's bytes: the name other evidence cites it by."""
    return sha256(data).hexdigest()
