"""Maintenance windows that people asked for and the buyer approved, beside those of the estate file. Pure.

They count from the later of their start and the receipt of the approval plus the notice that is agreed
(collector/availability/windows.py), whatever anybody typed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from collector.availability.approvals import Approval
from collector.availability.estate_terms import EstateWindow
from collector.availability.windows import Window, WindowKind
from collector.statements.fold import standing
from collector.statements.model import Said

KINDS = ("approval", "maintenance", "maintenance_approved")


def approvals(said: Iterable[Said], size: int | None = None) -> tuple[Approval, ...]:
    """All approvals of windows in the first `size` entries of the log, by what stands of them there."""
    found = standing([one for one in said if size is None or one.entry < size], 2**62)
    asked = {one.entry: one for one in found if one.kind == "maintenance"}
    return tuple(_approvals(found, asked))


def _approvals(found: Iterable[Said], asked: dict[int, Said]) -> Iterator[Approval]:
    for one in found:
        made = Approval(str(one.fields.get("window", "")), one.received_ms, one.role, one.document or "")
        if one.kind == "approval":
            yield made
        elif one.kind == "maintenance_approved" and one.fields.get("approved") is True:
            entry = one.fields.get("entry")
            window = asked.get(entry) if type(entry) is int else None
            if window is not None and (opened := _window(window)) is not None:
                yield replace(made, window=opened.window.id, asked=opened)


def _window(one: Said) -> EstateWindow | None:
    begin, end = one.fields.get("from"), one.fields.get("to")
    if type(begin) is not int or type(end) is not int:
        return None
    window = Window(f"statement-{one.entry}", WindowKind.MAINTENANCE, begin, end)
    return EstateWindow((str(one.fields.get("system", "")),), window)
