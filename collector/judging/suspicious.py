"""Figures that look made up: a sensor that stands still to the last digit, a series that is another's (pure).

Nothing here convicts and no scorecard counts it: it names looks, with their places in the log, for a person
to go and see. What it costs is stated by the buyer (LH annex 2 §5(6) 资料造假; T25 三9(2) spot checks).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from checks.api import Number
from collector.inspection.record import MachineItem, Place, Record

# Readings that move by their nature, to the byte or the tick. A share of nought or of everything is common.
MOVING: Mapping[str, str] = {"host.cpu": "total", "host.memory": "memory", "host.uptime": "uptime"}
LEAST = 4  # looks in a row: what four independent looks agree on to the last digit is no chance
_COMMON = (0, 100)

Key = tuple[str, str]
"""(check, target)"""


class Word(StrEnum):
    """What it looks like."""

    CONSTANT = "constant"
    COPIED = "copied"


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Looks of a check at a target that agree too well. `of`: the target whose series it repeats ("" for one
    that stands still); `looks`: where each of them stands in the log, oldest first."""

    word: Word
    check: str
    reading: str
    target: str
    of: str
    from_ms: int
    to_ms: int
    looks: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class _Look:
    value: Number
    t_ms: int
    place: Place


def suspicions(records: Iterable[Record], from_ms: int, to_ms: int) -> tuple[Suspicion, ...]:
    """Those whose last look lies in [from, to), by place; `records`: of finished rounds, in any order."""
    series = _series(records)
    found = [*_constant(series), *_copied(series)]
    mine = [one for one in found if from_ms <= one.to_ms < to_ms]
    return tuple(sorted(mine, key=lambda one: (one.check, one.target, one.word, one.from_ms, one.of)))


def _series(records: Iterable[Record]) -> dict[Key, list[_Look]]:
    """What each target showed, in order of time; of looks at the same instant (two rounds) one."""
    held: dict[Key, dict[int, _Look]] = {}
    for record in records:
        for item in record.items:
            value = _moving(item)
            if value is not None:
                one = _Look(value, item.t_ms, item.evidence)
                looks = held.setdefault((item.check, item.target), {})
                looks[item.t_ms] = min(looks.get(item.t_ms, one), one, key=_when)
    return {key: sorted(looks.values(), key=_when) for key, looks in sorted(held.items())}


def _when(one: _Look) -> tuple[int, int, int]:
    return one.t_ms, one.place.entry, one.place.line


def _moving(item: MachineItem) -> Number | None:
    wanted = MOVING.get(item.check)
    found = (one.value for one in item.readings if one.name == wanted)
    value = next((one for one in found if one is not None), None)
    return None if value in _COMMON else value


def _constant(series: Mapping[Key, Sequence[_Look]]) -> Iterator[Suspicion]:
    for key, looks in series.items():
        for run in _runs(looks):
            if len(run) >= LEAST:
                yield _suspicion(Word.CONSTANT, key, "", run)


def _runs(looks: Sequence[_Look]) -> Iterator[list[_Look]]:
    """Stretches of one value."""
    run: list[_Look] = []
    for one in looks:
        if run and run[-1].value != one.value:
            yield run
            run = []
        run.append(one)
    if run:
        yield run


def _copied(series: Mapping[Key, Sequence[_Look]]) -> Iterator[Suspicion]:
    """Stretches that came before, from the same target or from another. Of two that run side by side neither
    is known to be the model: the one whose name comes later is named, with the other."""
    held: dict[tuple[str, tuple[Number, ...]], tuple[str, int]] = {}
    parts = [
        (looks[n + LEAST - 1], key, n)
        for key, looks in series.items()
        for n in range(len(looks) - LEAST + 1)
        if len({one.value for one in looks[n : n + LEAST]}) > 1
    ]
    found: dict[tuple[Key, str], list[int]] = {}
    for _, key, n in sorted(parts, key=lambda one: (_day(one[0]), one[1], one[2])):
        values = tuple(one.value for one in series[key][n : n + LEAST])
        before = held.setdefault((key[0], values), (key[1], n))
        if before[0] != key[1] or before[1] + LEAST <= n:
            found.setdefault((key, before[0]), []).append(n)
    for (key, of), starts in found.items():
        for first, last in _stretches(starts):
            yield _suspicion(Word.COPIED, key, of, series[key][first : last + LEAST])


def _day(one: _Look) -> int:
    return one.t_ms // 86_400_000


def _stretches(starts: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Numbers that follow each other, as (first, last)."""
    first = last = starts[0]
    for one in starts[1:]:
        if one != last + 1:
            yield first, last
            first = one
        last = one
    yield first, last


def _suspicion(word: Word, key: Key, of: str, looks: Sequence[_Look]) -> Suspicion:
    check, target = key
    places = tuple(one.place for one in looks)
    return Suspicion(word, check, MOVING[check], target, of, looks[0].t_ms, looks[-1].t_ms, places)
