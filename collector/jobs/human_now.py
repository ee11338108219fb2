"""What people said last of every item that they are asked for, over all windows: how it is now, for pages.

An item is as its newest answer says. A good one holds until a later window that asked for it is over without
an answer: then nobody knows. A bad one holds until a later sheet says otherwise.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from checks.codec import FieldError
from checks.plan import Window
from checks.wire.errors import WireError
from collector.inspection import human as people
from collector.inspection.human import Answer, Applied, HumanOwed, Statement
from collector.jobs import human as jobs
from collector.jobs import rounds
from collector.store import human
from collector.store.evidence import Damaged
from collector.store.human import DoneRow

_NEWEST = 30  # windows of a round that are looked through one by one, before all is searched
_YEAR_MS = 400 * 86_400_000
Key = tuple[str, str]  # asset, item


@dataclass(frozen=True, slots=True)
class Seen:
    """How an item of an asset stands. `row` None: nobody has ever said anything; `said` None: the sheet is
    damaged; `stale`: a window that asked for it is over since, and nobody answered."""

    owed: HumanOwed
    row: DoneRow | None = None
    said: Statement | None = None
    stale: bool = False

    @property
    def state(self) -> str:
        """ok, crit or unknown. What is old is not ok; what was bad stays bad."""
        if self.row is None or (self.stale and self.row.state == "ok"):
            return "unknown"
        return self.row.state

    @property
    def line(self) -> int:
        """Line of the sheet that holds the answer."""
        items = self.said.sheet.items if self.said and self.said.sheet else ()
        return next((n for n, one in enumerate(items) if one.item == self.owed.item.id), 0)

    @property
    def answer(self) -> Answer | None:
        """The answer, where its sheet can be read."""
        items = self.said.sheet.items if self.said and self.said.sheet else ()
        return next((one for one in items if one.item == self.owed.item.id), None)


def newest(conn: Connection, now: int) -> list[Seen]:
    """Every item of every asset that the rounds of the estate in force ask people for, in their order."""
    applied = human.applied(conn)
    due = {one.key: one for part in (applied[-1][1] if applied else ()) for one in part.due}
    if not due:
        return []
    found: dict[Key, list[DoneRow]] = {}
    over: dict[Key, int] = {}  # when the newest window ended that asked and got no answer
    for round_id in sorted({part.round for _, parts in applied for part in parts}):
        walked = rounds.windows_of(conn, round_id, now - _YEAR_MS, now + 1)[-_NEWEST:]
        for key, row in _walk(conn, round_id, walked, applied, now, over):
            if key in due:
                found.setdefault(key, []).append(row)
    for row in human.last_of(conn, due.keys() - found.keys()):
        found[row.asset, row.item] = [row]
    sheets = _sheets(conn, [row.idx for rows in found.values() for row in rows])
    return [_seen(owes, found.get(key, ()), sheets, over.get(key, 0)) for key, owes in due.items()]


def _walk(
    conn: Connection,
    round_id: str,
    windows: Sequence[Window],
    applied: Sequence[Applied],
    now: int,
    over: dict[Key, int],
) -> Iterator[tuple[Key, DoneRow]]:
    """The answer of the newest window that has one, for each item that the round asks for; fills `over`."""
    left: frozenset[Key] | None = None
    had: set[Key] = set()
    for window in reversed(windows):
        part = people.governing(round_id, window, applied)
        if part is None:
            continue
        left = part.keys if left is None else left
        rows = {(row.asset, row.item): row for row in human.done(conn, window.id)}
        for key in part.keys - had:
            if key in rows:
                had.add(key)
                yield key, rows[key]
            elif now >= window.until_ms:
                over[key] = max(over.get(key, 0), window.until_ms)
        if left <= had:
            return


def _seen(owes: HumanOwed, rows: Sequence[DoneRow], sheets: Mapping[int, Statement], over_ms: int) -> Seen:
    if not rows:
        return Seen(owes)
    # A correction says again what was seen when the answer that it replaces was given.
    first = {row.idx: _first(sheets, row) for row in rows}
    row = max(rows, key=lambda one: (first[one.idx], one.idx))
    seen = sheets.get(first[row.idx])
    return Seen(owes, row, sheets.get(row.idx), seen is None or over_ms > seen.head.at)


def _first(sheets: Mapping[int, Statement], row: DoneRow) -> int:
    """The entry that began the answer's chain of corrections."""
    idx = row.idx
    while (before := _corrected(sheets.get(idx), row.item)) is not None and before < idx:
        idx = before
    return idx


def _corrected(said: Statement | None, item: str) -> int | None:
    items = said.sheet.items if said is not None and said.sheet is not None else ()
    return next((one.corrects for one in items if one.item == item), None)


def _sheets(conn: Connection, idxs: Iterable[int]) -> dict[int, Statement]:
    """These sheets and those that they correct; what cannot be read is left out."""
    made: dict[int, Statement] = {}
    asked: set[int] = set()
    wanted = set(idxs)
    while wanted - asked:
        read = _read(conn, sorted(wanted - asked))
        asked |= wanted
        made |= {one.idx: one for one in read}
        wanted = {
            answer.corrects
            for one in read
            for answer in (one.sheet.items if one.sheet else ())
            if answer.corrects is not None
        }
    return made


def _read(conn: Connection, idxs: Sequence[int]) -> list[Statement]:
    try:
        return list(jobs.sheets(conn, idxs))
    except (Damaged, WireError, FieldError):
        if len(idxs) < 2:
            return []
        half = len(idxs) // 2
        return [*_read(conn, idxs[:half]), *_read(conn, idxs[half:])]
