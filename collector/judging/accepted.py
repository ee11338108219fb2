"""What nobody could have seen, closed by the buyer's acceptance (验收) of a period that is over. Pure.

Where too much of a system's time was unseen, nothing was scanned, or the ledger cannot tell a duty, nobody
but who pays can say that there was none. His `acceptance` of the period says so: what such gaps left open
counts as none, and each line that rests on it cites who signed. What was seen counts all the same; an
availability of which there is no figure stays without one. Weeks before the collector was put up, in which
nobody could tell whether an inspection was held, then count as not missed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from collector.judging.asked import Asked
from collector.judging.ground import day
from collector.judging.said import belongs
from collector.scoring.kinds import ACCEPTED, BY_LOOKING, BY_PEOPLE
from collector.scoring.model import Gap, Item, PackPeriod, Proof
from collector.statements.model import Said
from collector.statements.persons import side
from collector.statements.sides import word as whose

FLAWS = ("vulnerability_late", "vulnerability_found")
_UNSEEN = ("unknown_time", "not_observed")
_DUTY = ("obligation", "what")
_UNTOLD = ("not_observed", "not_told")


def settled(
    said: Iterable[Said], found: tuple[Sequence[Item], Sequence[Gap]], asked: Asked
) -> tuple[list[Item], list[Gap]]:
    """Items and gaps of a period after the buyer's acceptance of it: an item for each kind that it closes."""
    items, gaps = list(found[0]), list(found[1])
    word = acceptance(said, asked)
    if word is None:
        return items, gaps
    closed = [one for one in gaps if _closes(one)]
    for kind, named in sorted({(one.kind, _named(one)) for one in closed}):
        count = sum((one.kind, _named(one)) == (kind, named) for one in closed)
        proofs = tuple(Proof(entry, word.by, word.grade) for entry in (word.entry, *word.seconds))
        items.append(
            Item(
                ACCEPTED,
                day=day(word.received_ms),
                at_ms=word.received_ms,
                facts={"item": kind, "count": count, **dict(named)},
                proofs=proofs,
                title=str(word.fields.get("text") or ""),
            )
        )
    return items, [one for one in gaps if not _closes(one)]


def ends(said: Iterable[Said], asked: Asked, periods: Iterable[PackPeriod]) -> tuple[int, ...]:
    """When those of these periods ended that the buyer accepted, UTC ms."""
    words = [one for one in said if one.kind == "acceptance"]
    known = periods if words else ()
    return tuple(one.to_ms for one in known if acceptance(words, replace(asked, period=one)) is not None)


def acceptance(said: Iterable[Said], asked: Asked) -> Said | None:
    """The buyer's newest word on a period, said when it was over, if he accepts it."""
    words = [
        one
        for one in said
        if one.kind == "acceptance"
        and side(one.role) == "buyer"
        and belongs(one, asked.period)
        and asked.period.to_ms <= one.received_ms <= asked.as_of_ms
    ]
    words.sort(key=lambda one: (one.received_ms, one.entry))
    newest = whose(words, lambda one: one.fields.get("accepted")).said
    return newest if newest is not None and newest.fields.get("accepted") is True else None


def _named(gap: Gap) -> tuple[tuple[str, str], ...]:
    """The duty that something missed is of."""
    return tuple((key, str(gap.facts[key])) for key in _DUTY if gap.kind == "missed" and key in gap.facts)


def _closes(gap: Gap) -> bool:
    if gap.kind == "missed":
        return gap.reason == "nobody_watched"
    if gap.kind == "availability":
        return gap.reason == "unknown_time"
    if gap.kind in BY_LOOKING:
        return gap.reason in _UNSEEN
    if gap.kind in FLAWS:
        return gap.reason == "no_report"
    return gap.kind in BY_PEOPLE and gap.reason in _UNTOLD
