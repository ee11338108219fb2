"""Windows joined with the approvals that were signed for them (3.7, ruling 11)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from collector.availability.estate_terms import EstateTerms, EstateWindow
from collector.availability.windows import Window, WindowKind

BUYER = "buyer"


@dataclass(frozen=True, slots=True)
class Approval:
    """A signed approval of a window: when the log received it, the role of who signed, document's digest.

    `asked`: the window itself, where a statement asked for it and the estate doesn't know it.
    """

    window: str
    received_ms: int
    role: str = ""
    document: str = ""
    asked: EstateWindow | None = None


def windows_for(document: EstateTerms, service: str, approvals: Iterable[Approval]) -> tuple[Window, ...]:
    """The estate's windows for a service (or a part of one), approved as far as the log says so."""
    by_window: dict[str, list[Approval]] = {}
    for one in approvals:
        by_window.setdefault(one.window, []).append(one)
    system = service.partition("/")[0]
    known = {one.asked.window.id: one.asked for held in by_window.values() for one in held if one.asked}
    mine = [one.window for one in (*document.windows, *known.values()) if system in one.systems]
    return tuple(approved(window, by_window.get(window.id, ())) for window in mine)


def approved(window: Window, approvals: Sequence[Approval]) -> Window:
    """Maintenance counts from the first approval's receipt; the others need the buyer and a document."""
    if window.kind is WindowKind.MAINTENANCE:
        return replace(window, approved_at_ms=min((one.received_ms for one in approvals), default=None))
    good = [one for one in approvals if one.role == BUYER and one.document]
    if not good:
        return replace(window, status="claimed")
    return replace(window, status="approved", role=BUYER, document=good[0].document)
