"""Looks of the derived table read back for the policy engine, object by object."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from msgspec.json import decode
from sqlalchemy import Connection

from checks.api import ErrorKind, State
from checks.codec import FieldError
from checks.result import Result, of_rest
from collector.availability.clock import shift_ms
from collector.backups import kept, lines
from collector.backups.kept import Ended
from collector.backups.lines import Line, Reading, Rows
from collector.store import backups
from collector.store.backups import FoldRow, LookRow

_MOST_KEPT = 2000
Value = TypeVar("Value")
Series = tuple[str, str, str]
"""Check, target and agent."""
Last = Callable[[Series, tuple[int, int]], LookRow | None]
"""The newest look of a series before a place of the log (entry, line) that saw something of its own."""

Key = tuple[str, str]
"""Database and object."""

# What was read of an object, and of which looks: most objects have nothing new when a page is asked for.
_kept: dict[Key, tuple[tuple[tuple[str, int], ...], Rows]] = {}
# What of it stands no more, up to which fold, by which parts: of one that has a new look only that is new.
_ended: dict[Key, tuple[FoldRow, list[str], Ended]] = {}
_lock = threading.Lock()


def rows(conn: Connection, as_of: int | None) -> Rows:
    """All looks up to an instant; those up to now are read once for each object that has a new one."""
    folds = backups.folds(conn)
    made: dict[str, Rows] = {}
    for name, marks in sorted(backups.marks(conn).items()):
        if not name:
            continue
        fold, targets = folds.get(name), sorted(marks)
        if as_of is not None:
            made[name] = _read(conn, name, targets, fold, as_of)
        else:
            made[name] = _of_object(conn, name, tuple(sorted(marks.items())), fold)
    return _joined(made)


def _of_object(conn: Connection, name: str, marks: tuple[tuple[str, int], ...], fold: FoldRow | None) -> Rows:
    key = (str(conn.engine.url), name)
    with _lock:
        held = _kept.get(key)
    if held is not None and held[0] == marks:
        return held[1]
    made = _read(conn, name, [target for target, _ in marks], fold, None)
    _keep(_kept, key, (marks, made))
    return made


def _keep(kept_: dict[Key, Value], key: Key, value: Value) -> None:
    with _lock:
        while len(kept_) >= _MOST_KEPT:
            kept_.pop(next(iter(kept_)))
        kept_[key] = value


def _ended_of(conn: Connection, name: str, fold: FoldRow) -> Ended:
    """What stood no more when an object was folded last. Parts only follow one another, unless a look that
    came late has them all made anew: then they are other texts."""
    key = (str(conn.engine.url), name)
    with _lock:
        held = _ended.get(key)
    if held is not None and held[0] == fold:
        return held[2]
    texts = backups.parts(conn, name)
    known, ended = (held[1], held[2]) if held is not None else ([], Ended())
    if texts[: len(known)] != known:
        known, ended = [], Ended()
    made = ended.grown(name, [decode(one) for one in texts[len(known) :]])
    _keep(_ended, key, (fold, texts, made))
    return made


def _read(
    conn: Connection, name: str, targets: Sequence[str], fold: FoldRow | None, as_of: int | None
) -> Rows:
    """What looks at an object tell: from what is kept on, where everything that is kept had come by then."""
    if fold is not None and (as_of is None or fold.received <= as_of):
        found = backups.of_targets(conn, targets, as_of, (fold.idx, fold.line))
        made = kept.whole(name, decode(fold.head), _ended_of(conn, name, fold))
        if continued(made, fold, found, lambda series, before: backups.last_look(conn, series, before)):
            return made.rows()
    return lines.read(lines_of(backups.of_targets(conn, targets, as_of)))


def continued(reading: Reading, fold: FoldRow, found: Sequence[LookRow], last: Last) -> bool:
    """Takes the looks after those that are kept; False where one of them is older than what is folded in, or
    repeats one that cannot be read: then all have to be read. `last`: the look that one repeats."""
    if any(row.t < fold.t for row in found):
        return False
    unknown, taken = set(reading.repeated), list(lines_of(found))
    for line in taken:
        series = line.check, line.target, line.vantage
        if line.result is None and series in unknown:
            before = last(series, (fold.idx, fold.line + 1))
            told = [] if before is None else list(lines_of([before]))
            if not told:
                return False
            reading.remember(told[0])
        if line.result is None or line.result.error is None:
            unknown.discard(series)
    for line in taken:
        reading.take(line)
    reading.settle()
    return True


class _Entries(Mapping[tuple[str, str], tuple[int, int]]):
    """Entries of all objects, those of each as they were read: a copy would be as long as all that was."""

    def __init__(self, parts: Mapping[str, Mapping[tuple[str, str], tuple[int, int]]]) -> None:
        self._parts = parts

    def __getitem__(self, key: tuple[str, str]) -> tuple[int, int]:
        return self._parts[key[0]][key]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return (key for part in self._parts.values() for key in part)

    def __len__(self) -> int:
        return sum(map(len, self._parts.values()))


def _joined(parts: Mapping[str, Rows]) -> Rows:
    """What was read of each object, by its name."""
    every = parts.values()
    return Rows(
        {name: places for part in every for name, places in part.places.items()},
        tuple(one for part in every for one in part.fingerprints),
        tuple(one for part in every for one in part.drills),
        _Entries({name: part.entries for name, part in parts.items()}),
        {drill: phases for part in every for drill, phases in part.phases.items()},
        {name: entry for part in every for name, entry in part.newest.items()},
    )


def lines_of(rows: Iterable[LookRow]) -> Iterator[Line]:
    """Rows as the reading takes them; what cannot be read is left out."""
    for row in rows:
        same = row.seen == backups.SAME
        result = None if same else result_of(row)
        if same or result is not None:
            shift = shift_ms(row.offset_us)
            yield Line(
                row.idx, row.line, row.check, row.target, row.vantage, row.t, row.received, shift, result
            )


def result_of(row: LookRow) -> Result | None:
    """The line as far as it was kept; None where that cannot be read."""
    shift = shift_ms(row.offset_us)
    head = (row.check, 0, None, row.target, row.vantage, row.t, row.t + shift, row.t + shift, "")
    if row.error is not None:
        return Result(*head, None, (), State.UNKNOWN, ErrorKind(row.error))
    try:
        raw = decode(row.seen)  # written by `distilled`, of what was read with care
        readings, state = of_rest({**raw, "readings": [_plain(one) for one in raw["readings"]]})
    except (FieldError, LookupError, ValueError):
        return None
    return Result(*head, raw["facts"], readings, state)


def _plain(one: list[Any]) -> list[Any]:
    return one if one[4] else one[:4]
