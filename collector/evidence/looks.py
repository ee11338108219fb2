"""Lines read back from the log: they were read strictly when they came, so only what is asked is decoded."""

from collections.abc import Sequence
from typing import Any, cast

import msgspec

from checks.wire import lines
from collector.evidence.accepted import Row
from collector.evidence.rows import Line, Rows, read_lines


class _Error(msgspec.Struct, gc=False):
    kind: str


class _Look(msgspec.Struct, gc=False):
    """As `Line`, without facts, readings and parameters; those are skipped."""

    check: str
    asset: str | None
    target: str
    vantage: str
    slot: int
    t0: int
    t1: int
    round: str | msgspec.UnsetType | None = msgspec.UNSET
    error: _Error | msgspec.UnsetType = msgspec.UNSET
    state: str | msgspec.UnsetType = msgspec.UNSET


_DECODER = msgspec.json.Decoder(_Look)


def read_back(body: bytes, count: int) -> Sequence[Row]:
    """The rows of a body of the log; WireError if it cannot be what was taken in."""
    try:
        found: Any = _DECODER.decode_lines(body)
        if len(found) == count:
            return Rows(cast(list[Line], found))
    except msgspec.MsgspecError:
        pass
    return Rows(read_lines(lines.split(body)))
