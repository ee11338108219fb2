"""A baseline that the newest signed look would meet, for a person to read and approve in the estate."""

import sys
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, or_, select

from checks import registry
from checks.codec import FieldError, JsonValue, from_json, to_json
from checks.registry import UnknownCheckError
from checks.result import decode
from checks.wire import lines
from checks.wire.errors import WireError
from collector.store import packs
from collector.store.content import content
from collector.store.evidence import Damaged
from collector.store.series import SeriesRow, series_table

# What a check calls the parameter that holds what was approved.
_NAMES = ("baseline", "approved")


class NoProposal(LookupError):
    """Nothing can be proposed: stable `code`, detail for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True, slots=True)
class Proposal:
    """Parameters, and the look they were made of: when it was taken, where in the log it stands."""

    params: dict[str, JsonValue]
    taken_at: int
    idx: int
    line: int


def propose(conn: Connection, asset: str, check_id: str) -> Proposal:
    """The proposal of `check_id` for its newest look at `asset`; NoProposal says why there is none."""
    maker, name = _maker(check_id)
    table = series_table
    wanted = (table.c.check == check_id, or_(table.c.asset == asset, table.c.target == asset))
    row = conn.execute(select(table).where(*wanted).order_by(table.c.t.desc()).limit(1)).first()
    if row is None or row.idx < 0:
        raise NoProposal("not_observed", f"{check_id} was never looked at on {asset}")
    series = SeriesRow(*row)
    check = registry.get(check_id)
    try:
        body = packs.body(conn, series.idx)
        result = decode(lines.split(content(body))[series.line] if body is not None else b"")
        if result.facts is None:
            raise NoProposal("no_facts", f"the newest look of {check_id} at {asset} failed: {result.error}")
        proposed = to_json(maker(from_json(check.facts, result.facts, "facts")))
    except (Damaged, WireError, FieldError, IndexError) as error:
        raise NoProposal("unreadable", f"the newest look cannot be read: {error}") from error
    return Proposal({name: proposed}, result.t0, series.idx, series.line)


def _maker(check_id: str) -> tuple[Any, str]:
    """What proposes, and the parameter it proposes for."""
    try:
        check = registry.get(check_id)
    except UnknownCheckError as error:
        raise NoProposal("unknown_check", f"{check_id}: no such check") from error
    maker = getattr(sys.modules[f"checks.{check_id}"], "propose", None)
    names = [spec.name for spec in fields(check.params) if spec.name in _NAMES]
    if maker is None or not names:
        raise NoProposal("no_baseline", f"{check_id} has no baseline")
    return maker, names[0]
