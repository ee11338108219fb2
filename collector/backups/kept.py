"""What lines about an object told so far, as plain JSON values: reading goes on from there.

A *head* holds what stands and what is remembered beside it, a *part* what has ended since the head before: a
head is as large as what stands, however long the object has been looked at. Heads and parts follow from the
lines alone. `VERSION` changes with what is kept here or with what `fold` makes of looks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from checks.artefacts.levels import Level, Outcome, Verdict
from checks.codec import JsonValue, from_json, to_json
from collector.backups.fold import Folder, Life, Standing
from collector.backups.lines import Reading
from collector.backups.observed import Doubt, Drill, Fingerprint, Record, Turn

VERSION = 1
_OUTCOMES = {one.value: one for one in Outcome}
_LEVELS = {one.value: one for one in Level}


class _Known:
    """Verdicts, and verdicts together, that were met: the same ones are one object, as `fold` makes them."""

    def __init__(self, interned: dict[tuple[Verdict, ...], tuple[Verdict, ...]]) -> None:
        self._interned = interned
        self._single: dict[tuple[Any, ...], Verdict] = {}
        self._many: dict[tuple[tuple[Any, ...], ...], tuple[Verdict, ...]] = {}

    def one(self, raw: Sequence[Any]) -> Verdict:
        """A verdict."""
        key = tuple(raw)
        held = self._single.get(key)
        if held is None:
            level, outcome, reason, subject = raw
            held = self._single[key] = Verdict(_LEVELS[level], _OUTCOMES[outcome], reason, subject)
        return held

    def all(self, raw: Sequence[Sequence[Any]]) -> tuple[Verdict, ...]:
        """Those of a record."""
        key = tuple([tuple(one) for one in raw])
        held = self._many.get(key)
        if held is None:
            made = tuple([self.one(one) for one in raw])
            held = self._many[key] = self._interned.setdefault(made, made)
        return held


def head(reading: Reading, name: str) -> JsonValue:
    """What stands at the places of an object, and which series the next lines may repeat."""
    places = reading.folder.standings.get(name, {})
    repeated = reading.repeated | reading.last.keys() | reading.sizes.keys()
    return {
        "places": {place: _standing(one) for place, one in sorted(places.items())},
        "repeated": [list(one) for one in sorted(repeated)],
    }


def part(reading: Reading, name: str, before: JsonValue) -> JsonValue:
    """What was told since the head `before` that `reading` went on from (None: since the beginning), and
    stands no more."""
    places = reading.folder.standings.get(name, {})
    held = {} if before is None else before["places"]
    return {
        "places": {place: _ended(one, held.get(place)) for place, one in sorted(places.items())},
        "fingerprints": [to_json(one) for one in reading.fingerprints],
        "drills": [to_json(one) for one in reading.drills],
        "entries": [[artefact, *at] for (_, artefact), at in reading.entries.items()],
        "phases": [[drill, [list(one) for one in phases]] for drill, phases in reading.phases.items()],
    }


def resumed(name: str, said: JsonValue) -> Reading:
    """What goes on from a head alone."""
    made = Reading()
    _resume(made, name, said)
    return made


def _resume(made: Reading, name: str, said: JsonValue) -> None:
    known = _Known(made.folder.interned)
    made.repeated = {(check, target, vantage) for check, target, vantage in said["repeated"]}
    for place, one in said["places"].items():
        _stand(made.folder.standing(name, place), one, known)


@dataclass(frozen=True, slots=True)
class Ended:
    """What stands no more of an object, by its parts: read once, and never changed by a reading that goes on.

    `records`, `looks`: by place; `interned`: verdicts that were met.
    """

    records: Mapping[str, dict[int, Record]] = field(default_factory=dict)
    looks: Mapping[str, list[int]] = field(default_factory=dict)
    fingerprints: tuple[Fingerprint, ...] = ()
    drills: tuple[Drill, ...] = ()
    entries: Mapping[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    phases: Mapping[str, tuple[tuple[str, int], ...]] = field(default_factory=dict)
    interned: dict[tuple[Verdict, ...], tuple[Verdict, ...]] = field(default_factory=dict)

    def grown(self, name: str, parts: Sequence[JsonValue]) -> "Ended":
        """With the parts that follow: another one, for somebody may be reading this."""
        records = {place: dict(held) for place, held in self.records.items()}
        looks = {place: list(held) for place, held in self.looks.items()}
        fingerprints, drills = list(self.fingerprints), list(self.drills)
        entries, phases, known = dict(self.entries), dict(self.phases), _Known(self.interned)
        for one in parts:
            for place, ended in one["places"].items():
                told = {number: _record(place, raw, known) for number, raw in ended["ended"]}
                records.setdefault(place, {}).update(told)
                looks.setdefault(place, []).extend(ended["looks"])
            fingerprints += [from_json(Fingerprint, raw) for raw in one["fingerprints"]]
            drills += [from_json(Drill, raw) for raw in one["drills"]]
            entries.update({(name, artefact): (idx, line) for artefact, idx, line in one["entries"]})
            phases.update({drill: tuple((a, b) for a, b in held) for drill, held in one["phases"]})
        both = tuple(fingerprints), tuple(drills)
        return Ended(records, looks, *both, entries, phases, self.interned)


def whole(name: str, said: JsonValue, ended: Ended) -> Reading:
    """What goes on from a head and all that had ended up to it, and knows everything that was told."""
    made = Reading(Folder(ended.interned))
    _resume(made, name, said)
    for place, held in ended.records.items():
        made.folder.standing(name, place).all.update(held)
    for place, found in ended.looks.items():
        made.folder.standing(name, place).looks = list(found)
    made.fingerprints, made.drills = list(ended.fingerprints), list(ended.drills)
    made.entries, made.phases = dict(ended.entries), dict(ended.phases)
    return made


# Places.


def _standing(one: Standing) -> JsonValue:
    return {
        "next": one.next,
        "looked": one.looks[-1] if one.looks else None,
        "last": [[*source, at] for source, at in sorted(one.last.items())],
        "tried": one.tried,
        "live": [_life(life) for life in sorted(one.live.values(), key=lambda life: life.number)],
    }


def _stand(one: Standing, said: Mapping[str, Any], known: _Known) -> None:
    one.next, one.tried = said["next"], said["tried"]
    one.looks = [] if said["looked"] is None else [said["looked"]]
    one.last = {(check, item): at for check, item, at in said["last"]}
    for raw in said["live"]:
        life = _lived(one.name, raw, known)
        one.live[life.record.name] = life
        one.all[life.number] = life.record


def _ended(one: Standing, before: Mapping[str, Any] | None) -> JsonValue:
    live = {life.number for life in one.live.values()}
    begun = None if before is None else before["looked"]
    return {
        "ended": [[number, _written(one.all[number])] for number in sorted(one.all) if number not in live],
        "looks": [at for at in one.looks if begun is None or at > begun],
    }


def _life(one: Life) -> JsonValue:
    return [
        one.number,
        _written(one.record),
        [list(source) for source in sorted(one.by)],
        [[check, [_verdict(v) for v in words.values()]] for check, words in one.words.items()],
        [[level.value, at] for level, at in one.good_at.items()],
        [[check, level.value, _doubt(doubt)] for (check, level), doubt in one.doubts.items()],
        one.first_sha,
        one.inner,
    ]


def _lived(place: str, raw: Sequence[Any], known: _Known) -> Life:
    number, record, by, words, good_at, doubts, first_sha, inner = raw
    said = {check: [known.one(v) for v in verdicts] for check, verdicts in words}
    return Life(
        record=_record(place, record, known),
        number=number,
        by={(check, item) for check, item in by},
        words={check: {one.level: one for one in verdicts} for check, verdicts in said.items()},
        good_at={_LEVELS[level]: at for level, at in good_at},
        doubts={(check, _LEVELS[level]): _doubted(one, known) for check, level, one in doubts},
        first_sha=first_sha,
        inner=inner,
    )


# Records: members in the order of `Record`, without the place and what the engine adds (`lapsed`).


def _written(one: Record) -> JsonValue:
    return [
        one.name,
        one.kind,
        one.vantage,
        [one.bytes, one.modified, one.start, one.end, one.first_ms, one.last_ms, one.received_ms],
        [_verdict(v) for v in one.verdicts],
        [
            one.sha256,
            one.id,
            one.parent,
            one.source,
            one.system,
            one.fingerprint,
            one.expected,
            one.filesystem,
            one.inode,
            one.link_to,
            one.trouble,
            one.offset_ms,
            one.absent_ms,
            one.gone_ms,
            one.read_ms,
            one.told_ms,
        ],
        [[turn.at_ms, _verdict(turn.verdict), turn.last_good_ms] for turn in one.turns],
        [_doubt(doubt) for doubt in one.doubts],
    ]


def _record(place: str, raw: Sequence[Any], known: _Known) -> Record:
    name, kind, vantage, times, verdicts, more, turns, doubts = raw
    members = (
        name,
        kind,
        place,
        vantage,
        *times,
        known.all(verdicts),
        *more,
        tuple([Turn(at, known.one(v), last) for at, v, last in turns]),
        tuple([_doubted(one, known) for one in doubts]),
    )
    return Record(*members)


def _doubt(one: Doubt) -> JsonValue:
    return [one.at_ms, _verdict(one.verdict), one.good_ms]


def _doubted(raw: Sequence[Any], known: _Known) -> Doubt:
    return Doubt(raw[0], known.one(raw[1]), raw[2])


def _verdict(one: Verdict) -> JsonValue:
    return [one.level.value, one.outcome.value, one.reason, one.subject]
