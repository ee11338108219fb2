"""The end-of-term sheet (LH-23): what was in scope and in service, and when it was not operated (pure).

What counts is the estate in force at each instant (its systems and assets, with their `in_scope` and
`in_service` spans), and over it what people stated (`in_scope`, `in_service`) from the day they name on.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from collector.judging.ground import Applied, day
from collector.judging.scope import AssetScope, Scope, Span, SystemScope
from collector.statements.lateness import instant_of
from collector.statements.model import Said

_DAY_MS = 86_400_000
Thing = SystemScope | AssetScope


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days [first, end) with one state: operated, out_of_service, out_of_scope; `entry`: what says so."""

    first: date
    end: date
    state: str
    entry: int

    @property
    def days(self) -> int:
        """How many days."""
        return (self.end - self.first).days


@dataclass(frozen=True, slots=True)
class TermLine:
    """A system or asset over the term. `kind`: system or asset; `owner` "" where nobody is named."""

    kind: str
    id: str
    name: str
    owner: str
    stretches: tuple[Stretch, ...]

    def days(self, state: str) -> int:
        """Days in a state."""
        return sum(one.days for one in self.stretches if one.state == state)


def sheet(applied: Sequence[Applied], said: Sequence[Said], term: tuple[int, int]) -> tuple[TermLine, ...]:
    """A line for everything that was ever in the estate: systems first, as last named."""
    held = [one for one in applied if one.terms.scope is not None]
    things: dict[tuple[str, str], Thing] = {}
    for one in held:
        things |= {(kind, thing.id): thing for kind, thing in _things(one.terms.scope or Scope())}
    days = [term[0] + n * _DAY_MS for n in range((term[1] - term[0]) // _DAY_MS)]
    made = []
    for (kind, name), thing in sorted(things.items(), key=lambda held: (held[0][0] != "system", held[0])):
        states = [_state((kind, name), at, held, said) for at in days]
        made.append(TermLine(kind, name, thing.name or name, thing.owner, tuple(_stretches(days, states))))
    return tuple(made)


def _things(scope: Scope) -> Iterator[tuple[str, Thing]]:
    yield from (("system", one) for one in scope.systems)
    yield from (("asset", one) for one in scope.assets)


State = tuple[str, int]


def _state(key: tuple[str, str], at: int, applied: Sequence[Applied], said: Sequence[Said]) -> State:
    """The state on the day that begins at `at`, by the estate in force at its end."""
    before = [one for one in applied if one.at_ms < at + _DAY_MS]
    one = before[-1] if before else applied[0]
    found = next((t for k, t in _things(one.terms.scope or Scope()) if (k, t.id) == key), None)
    if found is None:
        return "out_of_scope", one.idx
    for word, spans in (("out_of_scope", found.in_scope), ("out_of_service", found.in_service)):
        told = _told(key, at, word.replace("out_of", "in"), said)
        if told is not None:
            if not told[0]:
                return word, told[1]
        elif not _inside(spans, at):
            return word, one.idx
    return "operated", one.idx


def _inside(spans: Sequence[Span], at: int) -> bool:
    return not spans or any(one.meets(at, at + 1) for one in spans)


def _told(key: tuple[str, str], at: int, kind: str, said: Sequence[Said]) -> tuple[bool, int] | None:
    """The newest statement of a kind about this thing that speaks of the day."""
    for one in reversed(said):
        if one.kind != kind or one.fields.get(key[0]) != key[1]:
            continue
        since = instant_of(one.fields.get("since"))
        until = instant_of(one.fields.get("until"), end=True)
        if (since is None or since <= at) and (until is None or at < until):
            return one.fields.get(kind) is True, one.entry
    return None


def _stretches(days: Sequence[int], states: Sequence[State]) -> Iterator[Stretch]:
    begun = 0
    for number in range(1, len(states) + 1):
        if number == len(states) or states[number] != states[begun]:
            last = day(days[number - 1])
            yield Stretch(day(days[begun]), last + timedelta(days=1), *states[begun])
            begun = number
