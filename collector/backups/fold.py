"""Looks into records: what each artefact was over time, at each place.

A record ends where a complete look no longer lists its name (`gone_ms`) or another artefact stands under it.
What could not be told takes back nothing here: a bad word stays bad until a later look says good, and how
long a good one is believed is the policy's to say (`Record.doubts`).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from checks.api import Reading, State
from checks.artefacts.artefact import Artefact, Listed
from checks.artefacts.levels import Level, Outcome, Verdict, bad, by_level, good
from checks.codec import from_json
from checks.result import Result
from collector.backups.observed import Doubt, Look, Place, Record, Sighting, Turn

_LEVELS = {level.word: level for level in Level}
_OUTCOMES = {State.OK: Outcome.GOOD, State.WARN: Outcome.GOOD, State.CRIT: Outcome.BAD}
_OURS = "fold"  # whose word it is that bytes are no longer those first read
Source = tuple[str, str]  # check and item: only who listed a name can tell that it is gone


def look_of(result: Result, *, object: str, place: str, received_ms: int, offset_ms: int = 0) -> Look:
    """The look that a result line of a backup check tells of; FieldError where its facts are not."""
    facts: Mapping[str, Any] = result.facts or {}
    verdicts = _verdicts(result.readings)
    listed, count, partial = _stands(facts)
    # The archived log of a repository is judged as well, beside the backups in it.
    seen = (*facts.get("artefacts", ()), *facts.get("stanzas", ()))
    bases = [from_json(Artefact, one["base"], "facts.artefacts.base") for one in seen]
    started = _started(facts)
    return Look(
        object=object,
        place=place,
        check=result.check,
        vantage=result.vantage,
        t0=result.t0 - (offset_ms if abs(offset_ms) > 1000 else 0),
        received_ms=received_ms,
        sightings=(*(_sighting(base, verdicts.get(base.name, ())) for base in bases), *started),
        listed=listed if listed is None else (*listed, *(_listed(one) for one in started)),
        count=count + len(started),
        offset_ms=offset_ms,
        error="" if result.error is None else result.error.value,
        item=result.target,
        partial=partial,
    )


def _stands(facts: Mapping[str, Any]) -> tuple[tuple[Listed, ...] | None, int, bool]:
    stands = facts.get("stands")
    if stands is None:
        return None, 0, False
    listed = from_json(tuple[Listed, ...], stands["listed"], "facts.stands.listed")
    count = from_json(int, stands["count"], "facts.stands.count")
    return listed, count, from_json(bool, stands.get("cut", False), "facts.stands.cut")


def _started(facts: Mapping[str, Any]) -> tuple[Sighting, ...]:
    """What stands under a temporary name: being made, or left so."""
    raw = (facts.get("stands") or {}).get("unfinished", ())
    found = [from_json(Listed, one, "facts.stands.unfinished") for one in raw]
    return tuple(
        Sighting(one.name, "", one.bytes, one.modified, verdicts=(bad("unfinished"),)) for one in found
    )


def _listed(one: Sighting) -> Listed:
    return Listed(one.name, one.bytes, one.modified)


def _verdicts(readings: Iterable[Reading]) -> dict[str, tuple[Verdict, ...]]:
    """`NAME:LEVEL` readings, by name; a name may hold colons itself."""
    found: dict[str, list[Verdict]] = {}
    for one in readings:
        name, _, word = one.name.rpartition(":")
        if name and (level := _LEVELS.get(word)) is not None:
            outcome = _OUTCOMES.get(one.state, Outcome.COULD_NOT_TELL)
            found.setdefault(name, []).append(Verdict(level, outcome, one.reason))
    return {name: tuple(verdicts) for name, verdicts in found.items()}


def _sighting(base: Artefact, verdicts: tuple[Verdict, ...]) -> Sighting:
    placed = base.placed
    return Sighting(
        name=base.name,
        kind=base.kind,
        bytes=base.bytes,
        modified=base.modified,
        start=base.made.start,
        end=base.made.end,
        sha256=base.sha256,
        id=base.id,
        parent=base.parent,
        source=base.made.source,
        system=base.made.system,
        fingerprint=base.fingerprint,
        expected=base.expected,
        filesystem=placed.filesystem if placed else 0,
        inode=placed.inode if placed else 0,
        link_to=placed.link_to if placed else "",
        trouble=base.trouble,
        recorded=base.recorded,
        verdicts=verdicts,
    )


@dataclass(slots=True)
class Life:
    """What is remembered of a record beside it."""

    record: Record
    number: int
    by: set[Source] = field(default_factory=set)
    words: dict[str, dict[Level, Verdict]] = field(default_factory=dict)  # check -> level -> newest told
    good_at: dict[Level, int] = field(default_factory=dict)
    doubts: dict[tuple[str, Level], Doubt] = field(default_factory=dict)  # by check
    first_sha: str = ""
    inner: int | None = None  # its start, as the artefact says it


class Folder:
    """Takes looks, oldest first for each object and place; gives `Observed.places`."""

    def __init__(self, interned: dict[tuple[Verdict, ...], tuple[Verdict, ...]] | None = None) -> None:
        self.standings: dict[str, dict[str, Standing]] = {}
        self.interned: dict[tuple[Verdict, ...], tuple[Verdict, ...]] = {} if interned is None else interned

    def add(self, look: Look) -> None:
        """One look. Looks of the same object and place must come in the order of t0."""
        self.standing(look.object, look.place).add(look)

    def standing(self, name: str, place: str) -> "Standing":
        """An object's place, an empty one the first time."""
        places = self.standings.setdefault(name, {})
        if place not in places:
            places[place] = Standing(place, self.interned)
        return places[place]

    def places(self) -> dict[str, dict[str, Place]]:
        """Object -> place -> records so far."""
        return {
            name: {place: standing.place() for place, standing in places.items()}
            for name, places in self.standings.items()
        }


def fold(looks: Iterable[Look]) -> dict[str, dict[str, Place]]:
    """`Observed.places` of these looks, in any order."""
    folder = Folder()
    for look in sorted(looks, key=lambda one: one.t0):
        folder.add(look)
    return folder.places()


class Standing:
    """One object's place: all its records by number, of those that stand what is remembered beside them."""

    def __init__(self, name: str, interned: dict[tuple[Verdict, ...], tuple[Verdict, ...]]) -> None:
        self.name = name
        self.interned = interned
        self.all: dict[int, Record] = {}
        self.next = 0
        self.live: dict[str, Life] = {}
        self.looks: list[int] = []
        self.last: dict[Source, int] = {}  # newest complete look of each
        self.tried: int | None = None

    def place(self) -> Place:
        """As the engine reads it."""
        return Place(tuple(self.all[number] for number in sorted(self.all)), tuple(self.looks), self.tried)

    def add(self, look: Look) -> None:
        """One look, not older than those before it."""
        self.tried = look.t0
        if look.error:
            return
        source = (look.check, look.item)
        for sighting in look.sightings:
            self._meet(look, source, sighting)
        if look.listed is None:
            return
        for one in look.listed:
            self._stands(look, source, one)
        if look.partial:
            return  # of what it does not show nothing is known
        self._absent(look, source)
        self.last[source] = look.t0
        if not self.looks or self.looks[-1] < look.t0:
            self.looks.append(look.t0)

    def _meet(self, look: Look, source: Source, seen: Sighting) -> None:
        life = self.live.get(seen.name)
        if seen.trouble == "missing":
            return
        if life is None or not _same(life, seen):
            if life is not None:
                life.record.gone_ms = look.t0
            life = self._begin(look, source, seen)
        life.by.add(source)
        _take(life, look, seen)
        self._judge(life, look, seen)

    def _stands(self, look: Look, source: Source, one: Listed) -> None:
        life = self.live.get(one.name)
        if life is None:
            life = self._begin(look, source, Sighting(one.name, "", one.bytes, one.modified))
        life.by.add(source)
        life.record.last_ms = look.t0

    def _begin(self, look: Look, source: Source, seen: Sighting) -> Life:
        record = Record(
            name=seen.name,
            kind=seen.kind,
            place=self.name,
            vantage=look.vantage,
            bytes=seen.bytes,
            modified=seen.modified,
            start=None,
            end=None,
            first_ms=look.t0,
            last_ms=look.t0,
            received_ms=look.received_ms,
            absent_ms=self.last.get(source),
        )
        self.all[self.next] = record
        life = self.live[seen.name] = Life(record, self.next)
        self.next += 1
        return life

    def _absent(self, look: Look, source: Source) -> None:
        """Ends what this look should have listed and did not."""
        listed = look.listed or ()
        # A list that was cut tells only of what is as new as its oldest.
        since = min((one.modified for one in listed), default=0) if look.count > len(listed) else None
        there = {one.name for one in listed} | {
            one.name for one in look.sightings if one.trouble != "missing"
        }
        gone = [
            name
            for name, life in self.live.items()
            if name not in there and source in life.by and (since is None or life.record.modified > since)
        ]
        for name in gone:
            self.live.pop(name).record.gone_ms = look.t0

    def _judge(self, life: Life, look: Look, seen: Sighting) -> None:
        _hear(life, look, seen)
        _compare_bytes(life, seen)
        merged = tuple(by_level(v for words in life.words.values() for v in words.values()).values())
        record = life.record
        if merged != record.verdicts:
            record.turns += tuple(_turns(record, merged, look.t0, life.good_at))
            record.verdicts = self.interned.setdefault(merged, merged)
        for verdict in seen.verdicts:
            if verdict.outcome is Outcome.GOOD:
                life.good_at[verdict.level] = look.t0
        if life.doubts or record.doubts:
            record.doubts = tuple(life.doubts.values())
        if seen.verdicts:
            record.told_ms = look.t0
            record.read_ms = look.t0 if record.read_ms is None else record.read_ms


def _hear(life: Life, look: Look, seen: Sighting) -> None:
    """Takes over what was told, and what could not be told where nothing was told before. A good word that is
    not said again is in doubt from then on."""
    held = life.words.setdefault(look.check, {})
    for level, verdict in by_level(seen.verdicts).items():
        before, key = held.get(level), (look.check, level)
        told = verdict.outcome is not Outcome.COULD_NOT_TELL
        if told:
            life.doubts.pop(key, None)
        if told or before is None or before.outcome is Outcome.COULD_NOT_TELL:
            held[level] = verdict
        elif before.outcome is Outcome.GOOD:
            life.doubts.setdefault(key, Doubt(look.t0, verdict, life.good_at.get(level, look.t0)))


def _turns(
    record: Record, merged: tuple[Verdict, ...], at: int, good_at: Mapping[Level, int]
) -> Iterator[Turn]:
    """What changed; a first good word is no change worth keeping."""
    before = {one.level: one for one in record.verdicts}
    for verdict in merged:
        held = before.get(verdict.level)
        if held == verdict or (held is None and verdict.outcome is Outcome.GOOD):
            continue
        yield Turn(at, verdict, good_at.get(verdict.level))


def _same(life: Life, seen: Sighting) -> bool:
    """Whether this is still the artefact we know under its name, and not another one written over it."""
    record = life.record
    if life.inner is not None and seen.start is not None:
        return life.inner == seen.start
    if life.inner is not None or _unfinished(record) or not record.told_ms:
        # The head of a damaged one may not be readable any more; one that grows is not done yet.
        return True
    if life.first_sha and life.first_sha == seen.sha256:
        return True
    # One written over it has a new time; the same time with other bytes is this one, damaged.
    return record.modified == seen.modified


def _unfinished(record: Record) -> bool:
    return record.trouble == "moving" or any(v.reason in ("unfinished", "moving") for v in record.verdicts)


def _compare_bytes(life: Life, seen: Sighting) -> None:
    """Bytes that were read once and are others now, under the same name and made at the same time."""
    if not seen.sha256:
        return
    if not life.first_sha or _unfinished(life.record):
        life.first_sha = seen.sha256
    same = life.first_sha == seen.sha256
    if not same or _OURS in life.words:
        # Other bytes, and a digest beside them that fits: somebody saw to it.
        word = "manifest_edited" if seen.recorded == seen.sha256 else "changed"
        life.words[_OURS] = {Level.UNCHANGED: good(Level.UNCHANGED) if same else bad(word)}


def _take(life: Life, look: Look, seen: Sighting) -> None:
    """Takes over what this look read; what it did not read stays."""
    record = life.record
    record.last_ms = look.t0
    record.bytes, record.modified, record.trouble = seen.bytes, seen.modified, seen.trouble
    record.kind = seen.kind or record.kind
    for name in (
        "id",
        "parent",
        "source",
        "system",
        "fingerprint",
        "expected",
        "link_to",
        "filesystem",
        "inode",
    ):
        if value := getattr(seen, name):
            setattr(record, name, value)
    record.sha256 = seen.sha256 or record.sha256
    offset = look.offset_ms if abs(look.offset_ms) > 1000 else 0
    if seen.start is not None and life.inner is None:
        life.inner, record.start, record.offset_ms = seen.start, seen.start - offset, offset
    if seen.end is not None:
        record.end = seen.end - record.offset_ms
