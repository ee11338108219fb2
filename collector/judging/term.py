"""The end-of-term sheet (LH-23): what was in scope and in service, and when it was not operated (pure).

A day is by the estate in force at its end (its systems and assets, with their `in_scope` and `in_service`
spans), and over it by what people stated: the buyer of any day, the vendor's side of days after the receipt.
It was operated if somebody looked at the thing on it, else nobody saw it: that proves neither. Days to come
are not stated.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from checks.china import DAY_MS, day_of, start_of
from collector.judging.estates import Estates
from collector.judging.estates import Stretch as Held
from collector.judging.ground import day, worst
from collector.judging.scope import AssetScope, SystemScope
from collector.judging.words import of_file

OPERATED, UNSEEN, OUT_OF_SERVICE, OUT_OF_SCOPE = "operated", "unseen", "out_of_service", "out_of_scope"
STATES = (OPERATED, UNSEEN, OUT_OF_SERVICE, OUT_OF_SCOPE)
_SAID = "D"  # by a login, or a person's key
Thing = SystemScope | AssetScope
Key = tuple[str, str]
"""(system or asset, id)"""


class Watched(NamedTuple):
    """Looks at a thing on one day: the newest one's entry, and by whom."""

    entry: int
    vantages: frozenset[str]


Days = Mapping[str, Mapping[date, Watched]]
"""Target of looks -> day -> looks."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days [first, end) with one state: operated, unseen, out_of_service, out_of_scope.

    `entry`: the estate or statement that says so; of operated days the newest look, with its weakest grade
    (C: only the host about itself); None where nobody looked.
    """

    first: date
    end: date
    state: str
    entry: int | None
    grade: str = "-"

    @property
    def days(self) -> int:
        """How many days."""
        return (self.end - self.first).days


@dataclass(frozen=True, slots=True)
class TermLine:
    """A system or asset over the term so far. `kind`: system or asset; `owner` "" where nobody is named."""

    kind: str
    id: str
    name: str
    owner: str
    stretches: tuple[Stretch, ...]

    def days(self, state: str) -> int:
        """Days in a state."""
        return sum(one.days for one in self.stretches if one.state == state)


def sheet(estates: Estates, watched: Days, span: tuple[int, int]) -> tuple[TermLine, ...]:
    """A line for everything that was ever in the estate, systems first, as last named; whole days of [from,
    to) in the contract's zone."""
    begin, end = span
    days = [begin + n * DAY_MS for n in range(max(0, end - begin) // DAY_MS)]
    stretches = estates.stretches(begin, end)
    held = [_held(one) for one in stretches]
    starts = [one.from_ms for one in stretches]
    in_force = [bisect_left(starts, start + DAY_MS) - 1 for start in days]
    things: dict[Key, Thing] = {}
    for one in held:
        things |= one.things
    made = []
    for key, thing in sorted(things.items(), key=lambda one: (one[0][0] != "system", one[0])):
        looks = _looks(key, held, watched)
        states = (_state(key, at, held[n], estates, looks) for at, n in zip(days, in_force, strict=True))
        made.append(TermLine(*key, thing.name or thing.id, thing.owner, tuple(_stretches(days, states))))
    return tuple(made)


def so_far(from_ms: int, to_ms: int, as_of_ms: int) -> tuple[int, int]:
    """The whole days (in China) of a term that are over."""
    over = start_of(day_of(as_of_ms))
    return from_ms, max(from_ms, min(to_ms, over))


@dataclass(frozen=True, slots=True)
class _Held:
    """An estate's things, and what each is looked at by: targets of looks."""

    entry: int
    things: Mapping[Key, Thing]
    targets: Mapping[Key, frozenset[str]]
    hosts: Mapping[str, str]
    """Asset -> the agent on it."""


def _held(stretch: Held) -> _Held:
    scope = stretch.scope
    targets: dict[Key, set[str]] = {("system", one.id): set() for one in scope.systems}
    for one in scope.assets:
        targets["asset", one.id] = {one.id}
        if ("system", one.system) in targets:
            targets["system", one.system or ""].add(one.id)
    for service in stretch.applied.terms.services:
        if ("system", service.id) in targets:
            targets["system", service.id] |= {leaf.target for leaf in service.leaves.values()}
    return _Held(
        stretch.applied.idx,
        {("system", one.id): one for one in scope.systems} | {("asset", one.id): one for one in scope.assets},
        {key: frozenset(names) for key, names in targets.items()},
        {one.id: one.agent or one.id for one in scope.assets},
    )


class _State(NamedTuple):
    state: str
    entry: int | None
    grade: str


def _state(key: Key, at: int, held: _Held, estates: Estates, looks: Mapping[date, _State]) -> _State:
    """The state on the day that begins at `at`, under the estate in force at its end."""
    thing = held.things.get(key)
    if thing is None:
        return _State(OUT_OF_SCOPE, held.entry, _SAID)
    for word, spans, out in (
        ("in_scope", thing.in_scope, OUT_OF_SCOPE),
        ("in_service", thing.in_service, OUT_OF_SERVICE),
    ):
        told = estates.words.told((word, *key), at)
        if told is not None:
            if told.value is False:
                return _State(out, told.entry, _SAID)
        elif spans and not any(a <= at < b for a, b in of_file(spans)):
            return _State(out, held.entry, _SAID)
    return looks.get(day(at), _State(UNSEEN, None, "-"))


def _looks(key: Key, held: Sequence[_Held], watched: Days) -> dict[date, _State]:
    """Days on which somebody looked at a thing, under any estate; the best of the day's grades."""
    hosts = {name: agent for one in held for name, agent in one.hosts.items()}
    targets = {name for one in held for name in one.targets.get(key, ())}
    made: dict[date, _State] = {}
    for name in sorted(targets):
        for when, seen in watched.get(name, {}).items():
            grade = "A" if len(seen.vantages) > 1 else "C" if seen.vantages == {hosts.get(name)} else "B"
            before = made.get(when)
            entry = seen.entry if before is None else max(seen.entry, before.entry or 0)
            made[when] = _State(OPERATED, entry, grade if before is None else min(grade, before.grade))
    return made


def _stretches(days: Sequence[int], states: Iterable[_State]) -> Iterator[Stretch]:
    run: list[_State] = []
    begun = 0
    for number, one in enumerate(states):
        if run and _kind(one) != _kind(run[-1]):
            yield _whole(days[begun], days[number - 1], run)
            run, begun = [], number
        run.append(one)
    if run:
        yield _whole(days[begun], days[-1], run)


def _kind(one: _State) -> tuple[str, int | None]:
    """What makes a stretch one: its state, and who says so of what was not operated."""
    return one.state, None if one.state == OPERATED else one.entry


def _whole(first: int, last: int, run: Sequence[_State]) -> Stretch:
    entries = [one.entry for one in run if one.entry is not None]
    grade = worst([one.grade for one in run])
    return Stretch(day(first), day(last) + timedelta(days=1), run[0].state, max(entries, default=None), grade)
