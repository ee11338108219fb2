"""Looks of the derived table read back for the policy engine, object by object."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection

from checks.api import ErrorKind, State
from checks.codec import FieldError
from checks.result import Result, of_rest
from checks.wire import strict_json
from collector.availability.clock import shift_ms
from collector.backups import lines
from collector.backups.lines import Line, Rows, parts_of
from collector.store import backups
from collector.store.backups import LookRow

_MOST_KEPT = 2000

# What was read of an object, and of which looks: most objects have nothing new when a page is asked for.
_kept: dict[tuple[str, str], tuple[tuple[tuple[str, int, int], ...], Rows]] = {}
_lock = threading.Lock()


def rows(conn: Connection, as_of: int | None) -> Rows:
    """All looks up to an instant; those up to now are read once for each object that has a new one."""
    if as_of is not None:
        return _read(backups.every(conn, as_of))
    targets: dict[str, list[tuple[str, int, int]]] = {}
    for target, (idx, count) in sorted(backups.marks(conn).items()):
        targets.setdefault(parts_of(target)[0], []).append((target, idx, count))
    return _joined([_of_object(conn, name, tuple(marks)) for name, marks in targets.items() if name])


def _of_object(conn: Connection, name: str, marks: tuple[tuple[str, int, int], ...]) -> Rows:
    key = (str(conn.engine.url), name)
    with _lock:
        held = _kept.get(key)
    if held is not None and held[0] == marks:
        return held[1]
    made = _read(backups.of_targets(conn, [target for target, _, _ in marks]))
    with _lock:
        while len(_kept) >= _MOST_KEPT:
            _kept.pop(next(iter(_kept)))
        _kept[key] = (marks, made)
    return made


def _joined(parts: Sequence[Rows]) -> Rows:
    return Rows(
        {name: places for part in parts for name, places in part.places.items()},
        tuple(one for part in parts for one in part.fingerprints),
        tuple(one for part in parts for one in part.drills),
        {key: place for part in parts for key, place in part.entries.items()},
        {drill: phases for part in parts for drill, phases in part.phases.items()},
    )


def _read(rows: Iterable[LookRow]) -> Rows:
    return lines.read(_lines(rows))


def _lines(rows: Iterable[LookRow]) -> Iterator[Line]:
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
        raw = strict_json.loads(row.seen.encode())
        readings, state = of_rest({**raw, "readings": [_plain(one) for one in raw["readings"]]})
    except (FieldError, LookupError, ValueError):
        return None
    return Result(*head, raw["facts"], readings, state)


def _plain(one: list[Any]) -> list[Any]:
    return one if one[4] else one[:4]
