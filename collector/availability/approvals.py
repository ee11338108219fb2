"""Windows joined with the approvals that were signed for them (3.7, ruling 11)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from collector.availability.estate_terms import EstateWindow
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


def approved(window: Window, approvals: Sequence[Approval]) -> Window:
    """Maintenance counts from the first approval's receipt; the others need the buyer and a document."""
    if window.kind is WindowKind.MAINTENANCE:
        return replace(window, approved_at_ms=min((one.received_ms for one in approvals), default=None))
    good = [one for one in approvals if one.role == BUYER and one.document]
    if not good:
        return replace(window, status="claimed")
    return replace(window, status="approved", role=BUYER, document=good[0].document)
