"""Who was in scope when, of the estates that were applied: units, systems, and what nobody answers for."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

from collector.inspection.cadence_model import Breach, Deed, Frame, Span, Subject
from collector.inspection.deadlines import start_of, stretches
from collector.judging.ground import Applied
from collector.judging.scope import Scope
from collector.judging.scope import Span as InScope
from collector.judging.words import Words, cut

_EVER = 2**53
LOG = "log"
NO_WORDS = Words()


def _spans(applied: Sequence[Applied], number: int) -> Span:
    """When an estate was in force; what the first one names was there before it too."""
    begins = -_EVER if number == 0 else applied[number].at_ms
    return begins, applied[number + 1].at_ms if number + 1 < len(applied) else _EVER


def _scoped(applied: Sequence[Applied]) -> Iterator[tuple[Scope, Span]]:
    held = [one for one in applied if one.terms.scope is not None]
    for number, one in enumerate(held):
        if one.terms.scope is not None:
            yield one.terms.scope, _spans(held, number)


def units(applied: Sequence[Applied]) -> tuple[Subject, ...]:
    """Every unit, and when an estate named it."""
    found: dict[str, list[Span]] = defaultdict(list)
    for scope, span in _scoped(applied):
        for unit in scope.units:
            found[unit.id].append(span)
    return tuple(Subject(name, spans=merged(spans)) for name, spans in found.items())


def systems(applied: Sequence[Applied], words: Words = NO_WORDS) -> tuple[Subject, ...]:
    """A system of each unit it was ever in, while it was in it, in scope and in service: by the estates, and
    by what was stated of them."""
    named: dict[tuple[str, str | None], list[Span]] = defaultdict(list)
    held: dict[tuple[str, str, str | None], list[Span]] = defaultdict(list)
    for scope, span in _scoped(applied):
        for one in scope.systems:
            named[one.id, one.unit].append(span)
            held["in_scope", one.id, one.unit] += _cut([span], one.in_scope)
            held["in_service", one.id, one.unit] += _cut([span], one.in_service)
    made = []
    for (name, unit), spans in named.items():
        inside: Sequence[Span] = merged(spans)
        for what in ("in_scope", "in_service"):
            inside = cut(inside, words.over((what, "system", name), merged(held[what, name, unit])))
        made.append(Subject(name, unit, tuple(inside)))
    return tuple(one for one in made if one.spans)


def _cut(spans: Iterable[Span], held: Sequence[InScope]) -> list[Span]:
    if not held:
        return list(spans)
    edges = [
        (-_EVER if s.from_ms is None else s.from_ms, _EVER if s.to_ms is None else s.to_ms) for s in held
    ]
    both = [(max(a, c), min(b, d)) for a, b in spans for c, d in edges]
    return [one for one in both if one[0] < one[1]]


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Spans that touch as one, in order."""
    made: list[Span] = []
    for begins, ends in sorted(spans):
        if made and begins <= made[-1][1]:
            made[-1] = made[-1][0], max(made[-1][1], ends)
        else:
            made.append((begins, ends))
    return tuple(made)


def scopes(applied: Sequence[Applied]) -> Iterator[Deed]:
    """An estate that says who is in scope is a deed of the log's own."""
    for one in applied:
        if one.terms.scope is not None:
            yield Deed("scope", one.at_ms, one.at_ms, one.idx, signer=LOG)


def alert_rules(applied: Sequence[Applied], frame: Frame, as_of_ms: int, least: Fraction) -> Iterator[Deed]:
    """Contract months that are over in which the estates in force told somebody of trouble for at least this
    share of the time since the first of them: the mechanism of early warning (PD-09). Whether its channels
    take anything is told by the messages themselves."""
    spans = [
        (one.at_ms, applied[number + 1].at_ms if number + 1 < len(applied) else _EVER, one.idx)
        for number, one in enumerate(applied)
        if one.terms.notify
    ]
    zone = frame.days.zone
    for first, last in stretches(frame.first, frame.end, 1):
        begins, ends = start_of(first, zone), start_of(last, zone)
        since = max(begins, applied[0].at_ms) if applied else ends
        held = [(min(end, ends) - max(at, since), idx) for at, end, idx in spans if at < ends and end > since]
        if ends <= as_of_ms and since < ends and sum(ms for ms, _ in held) >= least * (ends - since):
            for idx in dict.fromkeys(idx for _, idx in held):
                yield Deed("alert_rules", ends - 1, ends - 1, idx, signer=LOG, grade="D")


def no_owner(applied: Sequence[Applied]) -> Iterator[Breach]:
    """Systems that nobody answers for (PD-49), by each estate that leaves it so."""
    for one in applied:
        for system in one.terms.scope.systems if one.terms.scope is not None else ():
            if not system.owner:
                yield Breach(
                    "no_owner", one.at_ms, one.at_ms, one.idx, system.unit, system.id, what=system.id
                )
