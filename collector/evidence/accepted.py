"""What the log took in, handed on to those who derive intervals and rounds from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from checks.wire.header import Header


class Row(NamedTuple):
    """One result line without its facts; `state` is None where `error` (its kind) is set.

    A named tuple: every result makes one, and a frozen dataclass costs five times as much.
    """

    check: str
    target: str
    vantage: str
    asset: str | None
    slot: int
    t0: int
    t1: int
    state: str | None
    error: str | None
    round: str | None
    line_no: int


@dataclass(frozen=True, slots=True)
class Accepted:
    """A logged batch. `scored` is false while its agent is in quarantine after a fork."""

    idx: int
    agent: str
    epoch: int
    seq: int
    received_ms: int
    header: Header
    rows: Sequence[Row]
    scored: bool = True
