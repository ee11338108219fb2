"""Keeping what the looks at an object tell together, so that an account of it need not read them all.

Every so many looks of an object, counted from its first in the order of the log, what they tell is kept: it
depends on the looks alone, not on where a flush fell. A look that is older than what is folded in (it came
late) has all looks at its object read again.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from checks.codec import JsonValue
from checks.wire import strict_json
from collector.backups import kept, lines
from collector.backups.lines import Reading, parts_of
from collector.jobs.backup_rows import Series, continued, lines_of
from collector.store import backups
from collector.store.backups import FoldRow, LookRow

# A look that repeats the one before costs an eighth of one that has something to say.
_FULL, _SAME, _ENOUGH = 8, 1, 64


@dataclass(frozen=True, slots=True)
class Folded:
    """What is kept of an object from now on: `parts` are its last ones; `anew`: in place of all that was."""

    row: FoldRow
    parts: tuple[str, ...]
    anew: bool


@dataclass(frozen=True, slots=True)
class Kept:
    """Looks, with what is kept beside them."""

    looks: tuple[LookRow, ...]
    targets: tuple[tuple[str, str, int], ...]
    folds: tuple[Folded, ...]


def kept_of(conn: Connection, looks: Sequence[LookRow]) -> Kept:
    """What is to be kept with these looks, the next in the log."""
    by_object: dict[str, list[LookRow]] = {}
    targets: dict[str, tuple[str, str, int]] = {}
    for one in looks:
        name = parts_of(one.target)[0]
        by_object.setdefault(name, []).append(one)
        targets[one.target] = one.target, name, one.idx
    by_object.pop("", None)
    folds, known = backups.folds(conn, by_object), backups.targets_of(conn, by_object)
    made = []
    for name, mine in by_object.items():
        work = _Object(conn, name, known.get(name, []), mine)
        found = work.folded(folds.get(name))
        made += [] if found is None else [found]
    return Kept(tuple(looks), tuple(targets.values()), tuple(made))


def save(conn: Connection, found: Kept) -> None:
    """Keep it, in the transaction that moves the deriver's cursor."""
    backups.save(conn, found.looks)
    backups.save_targets(conn, found.targets)
    for one in found.folds:
        backups.save_fold(conn, one.row, one.parts, anew=one.anew)


@dataclass(frozen=True, slots=True)
class _Object:
    """An object whose looks are kept: the targets it has in the table, looks that are new."""

    conn: Connection
    name: str
    targets: Sequence[str]
    new: Sequence[LookRow]

    def folded(self, fold: FoldRow | None) -> Folded | None:
        """What is kept, piece by piece; None while the last piece is not full."""
        after = None if fold is None else (fold.idx, fold.line)
        waiting = [*backups.of_targets(self.conn, self.targets, after=after), *self.new]
        parts: list[str] = []
        anew = False
        for piece in _pieces(waiting):
            fold, told = self._taken(fold, piece)
            if fold.parts == 1:
                anew, parts = True, []
            parts.append(told)
        return Folded(fold, tuple(parts), anew) if fold is not None and parts else None

    def _taken(self, fold: FoldRow | None, piece: Sequence[LookRow]) -> tuple[FoldRow, str]:
        """The next piece: from what is kept on, or (a look is older than that) from the first look."""
        if fold is not None:
            before = json.loads(fold.head)
            reading = kept.resumed(self.name, before)
            if continued(reading, fold, piece, self._last):
                return _made(self.name, reading, piece, (fold, before))
            end = piece[-1].idx, piece[-1].line
            old = backups.of_targets(self.conn, self.targets)
            piece = [row for row in (*old, *self.new) if (row.idx, row.line) <= end]
        return _made(self.name, lines.reading(lines_of(piece)), piece, None)

    def _last(self, series: Series, before: tuple[int, int]) -> LookRow | None:
        for row in reversed(self.new):
            mine = (row.check, row.target, row.vantage) == series and row.error is None
            if mine and row.seen != backups.SAME and (row.idx, row.line) < before:
                return row
        return backups.last_look(self.conn, series, before)


def _pieces(waiting: Sequence[LookRow]) -> Iterator[Sequence[LookRow]]:
    """What fills whole pieces."""
    begun = weight = 0
    for number, row in enumerate(waiting, 1):
        weight += _SAME if row.seen == backups.SAME else _FULL
        if weight >= _ENOUGH:
            yield waiting[begun:number]
            begun, weight = number, 0


def _made(
    name: str, reading: Reading, found: Sequence[LookRow], held: tuple[FoldRow, JsonValue] | None
) -> tuple[FoldRow, str]:
    newest = max(row.t for row in found)
    row = FoldRow(
        object=name,
        idx=found[-1].idx,
        line=found[-1].line,
        t=newest if held is None else max(newest, held[0].t),
        received=max(row.received for row in found),
        parts=1 if held is None else held[0].parts + 1,
        head=_text(kept.head(reading, name)),
    )
    return row, _text(kept.part(reading, name, None if held is None else held[1]))


def _text(value: JsonValue) -> str:
    return strict_json.dumps(value).decode()
