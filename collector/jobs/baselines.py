"""A baseline that the newest signed look would meet, for a person to read and approve in the estate."""

import sys
from collections.abc import Callable
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

# What a check calls the parameter that holds what was approved; others propose theirs by name
# (`propose_params`).
_NAMES = ("baseline", "approved")
# Facts that hold no names of what there is: nothing can be proposed from them.
_BY_HAND = {
    "host.processes": "it counts what is expected, and signs no command lines: say what must run, such as "
    "expected: [{name: nginx, program: nginx}]; `baseline DIR ASSET security.executables` tells what runs",
}


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
    made_by = maker(check_id)
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
        proposed = to_json(made_by(from_json(check.facts, result.facts, "facts")))
        params = proposed if isinstance(proposed, dict) else {}
    except (Damaged, WireError, FieldError, IndexError) as error:
        raise NoProposal("unreadable", f"the newest look cannot be read: {error}") from error
    if not params:
        raise NoProposal("nothing_seen", f"the newest look of {check_id} at {asset} saw nothing to approve")
    return Proposal(params, result.t0, series.idx, series.line)


def maker(check_id: str) -> Callable[[Any], dict[str, Any]]:
    """What proposes parameters from the check's facts."""
    try:
        check = registry.get(check_id)
    except UnknownCheckError as error:
        raise NoProposal("unknown_check", f"{check_id}: no such check") from error
    module = sys.modules[f"checks.{check_id}"]
    if (several := getattr(module, "propose_params", None)) is not None:
        return several  # type: ignore[no-any-return]  # of a module, whose functions mypy does not know
    one = getattr(module, "propose", None)
    names = [spec.name for spec in fields(check.params) if spec.name in _NAMES]
    if one is not None and names:
        return lambda facts: {names[0]: one(facts)}
    if check_id in _BY_HAND:
        raise NoProposal("by_hand", f"{check_id} has no baseline to propose: {_BY_HAND[check_id]}")
    raise NoProposal("no_baseline", f"{check_id} compares with no baseline; its parameters: docs/checks.md")
