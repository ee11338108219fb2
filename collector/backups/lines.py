"""Result lines of backup checks for the engine: what of them matters, and what that tells of places.

Kept of each artefact: its `base` and what stands beside it as a single value. Lists of tables, files or rows
are left out; who wants them opens the log entry.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from checks.artefacts.levels import UNTOLD, Verdict
from checks.codec import FieldError, JsonValue, to_json
from checks.result import Result
from collector.backups.fold import Folder, look_of
from collector.backups.observed import Drill, Fingerprint, Look, Place

PREFIX = "backup."
DRILL = "backup.drill"
FINGERPRINTS = ("backup.fingerprint", "backup.manifest")
SIZES = ("backup.redis_source", "backup.config_source")  # how much the source held when it was asked
_MOST = 64  # members of a list that belongs to no artefact


def parts_of(target: str) -> tuple[str, str]:
    """(object, place) of a look's target `OBJECT@PLACE`; ("", target) of one that is no look at a place."""
    name, _, place = target.partition("#")[0].rpartition("@")
    return name, place


@dataclass(frozen=True, slots=True)
class Line:
    """One line in the order of the log: entry and line, instant (corrected), receipt, how far the agent's
    clock was off (`shift`, 0 where that is not known); `result` None where it saw just what the line before
    it, of the same check, target and agent, had seen."""

    idx: int
    line: int
    check: str
    target: str
    vantage: str
    t: int
    received: int
    shift: int
    result: Result | None


@dataclass(frozen=True, slots=True)
class Rows:
    """Looks read from the table: what stood at places, and the lines that say something else.

    `entries`: (object, artefact) -> entry and line of the newest look that read it; `newest`: object -> the
    entry of that look, for the artefact that was told of last.
    """

    places: Mapping[str, Mapping[str, Place]]
    fingerprints: tuple[Fingerprint, ...]
    drills: tuple[Drill, ...]
    entries: Mapping[tuple[str, str], tuple[int, int]]
    phases: Mapping[str, tuple[tuple[str, int], ...]]
    newest: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Reading:
    """Rows on their way in, in the order of the log: looks wait for `settle`."""

    folder: Folder = field(default_factory=Folder)
    looks: list[Look] = field(default_factory=list)
    fingerprints: list[Fingerprint] = field(default_factory=list)
    drills: list[Drill] = field(default_factory=list)
    entries: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    phases: dict[str, tuple[tuple[str, int], ...]] = field(default_factory=dict)
    last: dict[tuple[str, str, str], Look] = field(default_factory=dict)
    sizes: dict[tuple[str, str, str], Fingerprint] = field(default_factory=dict)
    repeated: set[tuple[str, str, str]] = field(default_factory=set)
    """Series read before, whose next line may say the same again: `remember` has to be told what."""

    def take(self, row: Line) -> None:
        """One row; what holds facts of a version that held something else is passed over."""
        name, place = parts_of(row.target)
        series = row.check, row.target, row.vantage
        if row.result is None:
            # A fingerprint or a drill that is told once more is the same one.
            if (size := self.sizes.get(series)) is not None:
                self.fingerprints.append(replace(size, at_ms=row.t))
            elif (held := self.last.get(series)) is not None:
                self.looks.append(replace(held, t0=row.t, received_ms=row.received, offset_ms=row.shift))
            return
        if not name:
            return
        result = row.result
        try:
            self._told(row, (name, place), result)
        except (FieldError, LookupError, TypeError):
            self.last.pop(series, None)
            self.repeated.discard(series)
            return
        if result.error is None:
            for artefact in _names(result):
                self.entries[name, artefact] = (row.idx, row.line)

    def remember(self, row: Line) -> None:
        """A line that was taken before, for the ones after it that saw just the same."""
        before = Reading()
        before.take(row)
        self.last.update(before.last)
        self.sizes.update(before.sizes)

    def settle(self) -> None:
        """Folds the looks taken since, which must not be older than those that are folded in."""
        for look in sorted(self.looks, key=lambda one: one.t0):
            self.folder.add(look)
        self.looks.clear()

    def rows(self) -> Rows:
        """What was told, of looks as far as they are folded in."""
        told = tuple(self.fingerprints), tuple(self.drills)
        newest = {name: entry for (name, _), (entry, _) in self.entries.items()}
        return Rows(self.folder.places(), *told, dict(self.entries), dict(self.phases), newest)

    def _told(self, row: Line, where: tuple[str, str], result: Result) -> None:
        if row.check == DRILL:
            self.drills += _drills(row, *where, result)
            self.phases[f"{row.idx}/{row.line}"] = _phases(result)
        elif row.check in FINGERPRINTS:
            self.fingerprints += _fingerprints(row, where[0], result)
        elif row.check in SIZES:
            self.sizes.pop((row.check, row.target, row.vantage), None)
            self.repeated.discard((row.check, row.target, row.vantage))
            held = (result.facts or {}).get("bytes")
            if held is not None:
                size = Fingerprint(where[0], row.t, "", row.vantage, bytes=held)
                self.sizes[row.check, row.target, row.vantage] = size
                self.fingerprints.append(size)
        else:
            look = _look(row, *where, result)
            self.looks.append(look)
            if result.error is None:
                self.last[row.check, row.target, row.vantage] = look


def _look(row: Line, name: str, place: str, result: Result) -> Look:
    shift = row.shift
    return look_of(result, object=name, place=place, received_ms=row.received, offset_ms=shift)


def _names(result: Result) -> Iterator[str]:
    for one in (result.facts or {}).get("artefacts", ()):
        yield one["base"]["name"]


def _fingerprints(row: Line, name: str, result: Result) -> Iterator[Fingerprint]:
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


def _drills(row: Line, name: str, place: str, result: Result) -> Iterator[Drill]:
    facts: Mapping[str, Any] = result.facts or {}
    for one in facts.get("artefacts", ()):
        base, decided = one["base"], one["decided"] - row.shift
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
    row: Line, where: tuple[str, str], one: Mapping[str, Any], artefact: str, decided: int, result: Result
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


def read(rows: Iterable[Line]) -> Rows:
    """What lines tell, in the order of the log."""
    return reading(rows).rows()


def reading(rows: Iterable[Line]) -> Reading:
    """The same, to go on from."""
    made = Reading()
    for row in rows:
        made.take(row)
    made.settle()
    return made


def distilled(result: Result) -> dict[str, JsonValue]:
    """{"facts", "readings", "state"} of a line, without long lists; {} of one that is an error."""
    if result.facts is None:
        return {}
    readings: list[JsonValue] = [
        [one.name, to_json(one.value), one.unit.value, one.state.value, one.reason] for one in result.readings
    ]
    facts = {key: _kept(key, value) for key, value in result.facts.items()}
    return {"facts": facts, "readings": readings, "state": result.state.value}


def short(result: Result) -> Result:
    """The line itself without its long lists."""
    kept = distilled(result).get("facts")
    return replace(result, facts=kept if isinstance(kept, dict) else None)


def _kept(key: str, value: Any) -> JsonValue:
    if key == "stands":
        kept: JsonValue = value
    elif key == "artefacts" and isinstance(value, list):
        kept = [_artefact(one) for one in value if isinstance(one, Mapping)]
    else:
        kept = _short(value)
    return kept


def _artefact(value: Mapping[str, Any]) -> dict[str, JsonValue]:
    return {
        key: inner if key == "base" else _short(inner)
        for key, inner in value.items()
        if key == "base" or not isinstance(inner, list | dict) or len(inner) <= _MOST
    }


def _short(value: Any) -> JsonValue:
    if isinstance(value, list):
        return [_short(one) for one in value] if len(value) <= _MOST else []
    if isinstance(value, Mapping):
        return {key: _short(one) for key, one in value.items()} if len(value) <= _MOST else {}
    plain: JsonValue = value
    return plain
