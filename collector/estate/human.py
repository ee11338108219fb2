"""What the rounds of an estate owe from people, written out for the logged terms."""

from collections.abc import Iterator

from collector.availability.calendar_cn import Calendar
from collector.estate.checklists import lists_of, spots_of
from collector.estate.compiling import special_windows
from collector.estate.loading import Loaded
from collector.inspection.human import HumanRound, Spot


def parts(loaded: Loaded, calendar: Calendar) -> Iterator[HumanRound]:
    """Each round's part with its recurrence, its assets and their lists."""
    estate = loaded.estate
    for round_ in estate.rounds:
        if round_.human is None:
            continue
        spots, lists = spots_of(estate, round_), lists_of(estate, round_)
        yield HumanRound(
            round=round_.id,
            every=round_.every or "",
            on=round_.on or "",
            window=round_.window or "",
            windows=special_windows(round_, estate.timezone, calendar),
            spots=tuple(Spot(asset.id, asset.name, asset.kind) for asset in spots),
            lists=tuple(lists[kind] for kind in sorted({asset.kind for asset in spots})),
            alone=not loaded.rounds[round_.id],
        )
