"""Looks of the derived table read back for the policy engine, object by object; drills and prints apart."""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection

from checks.api import ErrorKind, State
from checks.artefacts.levels import UNTOLD, Verdict
from checks.codec import FieldError
from checks.result import Result, of_rest
from checks.wire import strict_json
from collector.availability.clock import shift_ms
from collector.backups.fold import fold, look_of
from collector.backups.observed import Drill, Fingerprint, Look, Place
from collector.estate.backup_looks import parts_of
from collector.store import backups
from collector.store.backups import LookRow

DRILL = "backup.drill"
FINGERPRINTS = ("backup.fingerprint", "backup.manifest")
_MOST_KEPT = 2000


@dataclass(frozen=True, slots=True)
class Rows:
    """Looks read from the table: what stood at places, and the lines that say something else."""

    places: Mapping[str, Mapping[str, Place]]
    fingerprints: tuple[Fingerprint, ...]
    drills: tuple[Drill, ...]
    entries: Mapping[tuple[str, str], tuple[int, int]]
    phases: Mapping[str, tuple[tuple[str, int], ...]]


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


@dataclass(slots=True)
class _Reading:
    """Rows on their way in, in the order of the log."""

    looks: list[Look] = field(default_factory=list)
    fingerprints: list[Fingerprint] = field(default_factory=list)
    drills: list[Drill] = field(default_factory=list)
    entries: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    phases: dict[str, tuple[tuple[str, int], ...]] = field(default_factory=dict)
    last: dict[tuple[str, str, str], Look] = field(default_factory=dict)

    def take(self, row: LookRow) -> None:
        """One row; what holds facts of a version that held something else is passed over."""
        name, place = parts_of(row.target)
        series = row.check, row.target, row.vantage
        if row.seen == backups.SAME:
            # A fingerprint or a drill that is told once more is the same one.
            if (held := self.last.get(series)) is not None:
                self.looks.append(
                    replace(held, t0=row.t, received_ms=row.received, offset_ms=shift_ms(row.offset_us))
                )
            return
        result = result_of(row) if name else None
        if result is None:
            return
        try:
            self._told(row, (name, place), result)
        except (FieldError, LookupError, TypeError):
            self.last.pop(series, None)
            return
        if row.error is None:
            for artefact in _names(result):
                self.entries[name, artefact] = (row.idx, row.line)

    def _told(self, row: LookRow, where: tuple[str, str], result: Result) -> None:
        if row.check == DRILL:
            self.drills += _drills(row, *where, result)
            self.phases[f"{row.idx}/{row.line}"] = _phases(result)
        elif row.check in FINGERPRINTS:
            self.fingerprints += _fingerprints(row, where[0], result)
        else:
            look = _look(row, *where, result)
            self.looks.append(look)
            if row.error is None:
                self.last[row.check, row.target, row.vantage] = look


def _read(rows: Iterable[LookRow]) -> Rows:
    made = _Reading()
    for row in rows:
        made.take(row)
    return Rows(fold(made.looks), tuple(made.fingerprints), tuple(made.drills), made.entries, made.phases)


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


def _look(row: LookRow, name: str, place: str, result: Result) -> Look:
    shift = shift_ms(row.offset_us)
    return look_of(result, object=name, place=place, received_ms=row.received, offset_ms=shift)


def _names(result: Result) -> Iterator[str]:
    for one in (result.facts or {}).get("artefacts", ()):
        yield one["base"]["name"]


def _fingerprints(row: LookRow, name: str, result: Result) -> Iterator[Fingerprint]:
    """Roots that the source's own agent signed: of dumps' content, of trees' manifests."""
    facts: Mapping[str, Any] = result.facts or {}
    if row.check == "backup.manifest":
        for one in facts.get("artefacts", ()):
            base = one["base"]
            at = base["made"]["end"] or base["made"]["start"] or row.t
            if base["fingerprint"]:
                yield Fingerprint(name, at, base["fingerprint"], row.vantage)
    for one in facts.get("fingerprints", ()):
        yield Fingerprint(
            object=name,
            at_ms=one["at"],
            root=one["root"],
            vantage=row.vantage,
            artefact=one["artefact"],
            bytes=one["bytes"],
            changed=one["changed"],
            system=one["system"],
        )


def _drills(row: LookRow, name: str, place: str, result: Result) -> Iterator[Drill]:
    facts: Mapping[str, Any] = result.facts or {}
    for one in facts.get("artefacts", ()):
        base, decided = one["base"], one["decided"] - shift_ms(row.offset_us)
        for gone in one.get("aborted", ()):
            yield Drill(
                id=f"{row.idx}/{row.line}/{gone['attempt']}",
                object=name,
                begun_ms=gone["begun"],
                place=place,
                attempt=gone["attempt"],
                aborted="killed",
                received_ms=row.received,
            )
        yield _drill(row, (name, place), one, base["name"], decided, result)


def _drill(
    row: LookRow, where: tuple[str, str], one: Mapping[str, Any], artefact: str, decided: int, result: Result
) -> Drill:
    reason, restored = one.get("reason", ""), one.get("restored") or {}
    look = _look(row, *where, result)
    verdicts = next((s.verdicts for s in look.sightings if s.name == artefact), tuple[Verdict, ...]())
    rto = one.get("rto")
    return Drill(
        id=f"{row.idx}/{row.line}",
        object=where[0],
        begun_ms=decided,
        artefact=artefact,
        place=where[1],
        decided_ms=decided,
        answered_ms=None if rto is None else decided + rto,
        ended_ms=decided + one.get("took", 0),
        attempt=one.get("attempt", 1),
        verdicts=verdicts,
        bytes=restored.get("bytes", 0),
        whole=restored.get("bytes", 0),
        aborted=reason if reason in UNTOLD else "",
        target=(one.get("target") or {}).get("directory", ""),
        recovered=_recovered(one.get("against")),
        received_ms=row.received,
    )


def _phases(result: Result) -> tuple[tuple[str, int], ...]:
    facts: Mapping[str, Any] = result.facts or {}
    drilled = facts.get("artefacts") or [{}]
    return tuple((one["name"], one["end"] - one["start"]) for one in drilled[0].get("phases", ()))


def _recovered(against: Mapping[str, Any] | None) -> tuple[int, int] | None:
    """Rows (of a tree: files) proven to have come back as they were, of all that the source had."""
    found = (against or {}).get("compared") or {}
    rows = found.get("rows", 0)
    return (min(found.get("same_rows", 0), rows), rows) if rows else None
