"""Late observations: runs derived again around them from the log itself (AV 3.16)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from checks.wire.numbers import EntryKind
from collector.jobs.batches import read_batches
from collector.jobs.derive_state import (
    DEFAULT_HOLD_MS,
    FUTURE_MS,
    Holds,
    Series,
    midnight_after,
    outcome_of,
    shift_ms,
)
from collector.store import runs
from collector.store.evidence import entry_table
from collector.store.runs import RunRow


@dataclass(frozen=True, slots=True)
class Sight:
    """One observation with its place in the log."""

    t: int
    outcome: str
    seq: int
    idx: int
    line: int
    hold: int


def rederive(
    conn: Connection, series: Series, instants: Sequence[int], upto: int, holds_of: Callable[[str], Holds]
) -> None:
    """Derive the runs around these instants again; the log is read below `upto`. Memory follows."""
    low, high = min(instants), max(instants)
    near = runs.of_span(conn, series.id, low, high)
    first = min([low, *(run.first for run in near)])
    last = max([high, *(run.last for run in near)])
    begin = min((run.lo_idx for run in near), default=upto - 1)
    seen = [s for s in _sights(conn, series, begin, upto, holds_of) if first <= s.t <= last]
    runs.remove(conn, near)
    made = fold(series.id, seen)
    runs.save(conn, made)
    newest = runs.last_of(conn, series.id)
    if newest is None:
        series.forget_run()
    else:
        series.resume(newest)


def _sights(
    conn: Connection, series: Series, begin: int, upto: int, holds_of: Callable[[str], Holds]
) -> Iterator[Sight]:
    """Every observation of the series in the log's batches [begin, upto)."""
    table = entry_table
    wanted = (
        table.c.agent == series.vantage,
        table.c.kind == int(EntryKind.BATCH),
        table.c.idx >= begin,
        table.c.idx < upto,
    )
    places = [int(row[0]) for row in conn.execute(select(table.c.idx).where(*wanted).order_by(table.c.idx))]
    for idx in places:
        for batch in read_batches(conn, idx, 1):
            if not batch.scored:
                continue
            shift = shift_ms(batch.header.clock.offset_us)
            hold = holds_of(batch.header.plan).get((series.check, series.target), DEFAULT_HOLD_MS)
            for row in batch.rows:
                if (row.check, row.target, row.vantage) != (series.check, series.target, series.vantage):
                    continue
                outcome = outcome_of(row)
                t = row.t0 - shift
                if outcome is not None and t <= batch.received_ms + FUTURE_MS:
                    yield Sight(t, outcome, batch.seq, batch.idx, row.line_no, hold)


def fold(series: int, seen: Sequence[Sight]) -> list[RunRow]:
    """Runs of these observations; of two at one instant the later in the log counts.

    Each is joined to the one before it by the hold of the plan it was made under.
    """
    kept = {sight.t: sight for sight in seen}
    made: list[RunRow] = []
    for t in sorted(kept):
        sight = kept[t]
        last = made[-1] if made else None
        if (
            last is not None
            and last.outcome == sight.outcome
            and t - last.last < sight.hold
            and t < midnight_after(last.last)
        ):
            made[-1] = last._replace(
                last=t,
                n=last.n + 1,
                gap=max(last.gap, t - last.last),
                last_seq=sight.seq,
                last_idx=sight.idx,
                last_line=sight.line,
                lo_idx=min(last.lo_idx, sight.idx),
                hi_idx=max(last.hi_idx, sight.idx),
            )
        else:
            made.append(_opened(series, sight))
    return made


def _opened(series: int, sight: Sight) -> RunRow:
    place = (sight.seq, sight.seq, sight.idx, sight.line, sight.idx, sight.line, sight.idx, sight.idx)
    return RunRow(series, sight.t, sight.t, sight.outcome, 1, 0, *place)
