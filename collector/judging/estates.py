"""The estates of a time, each by the stretch in which it was in force: the past is judged by its own.

An estate counts from the instant at which it was applied; the very first one counts before it too. What it
says of earlier days changes nothing of them: a span of `in_scope` or `in_service` that begins before the
apply counts from the apply on. What is no longer named goes on as it was named last, to the end of the time
that is asked for: dropping ends no duty. Only the buyer's statements (words.py) speak of days that are over.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import TypeVar

from collector.availability.approvals import Approval, approved
from collector.availability.courses import Part, joined
from collector.availability.estate_terms import EstateTerms, EstateWindow
from collector.availability.spans import complement, union
from collector.availability.terms import ServiceTerms
from collector.availability.windows import Window
from collector.judging.ground import Applied
from collector.judging.scope import AssetScope, Scope, Span, SystemScope, UnitScope
from collector.judging.words import ALWAYS, EVER, Key, Spans, Words, cut, of_file, words
from collector.statements.model import Said

NO_WORDS = Words()
Named = TypeVar("Named", UnitScope, SystemScope, AssetScope)


@dataclass(frozen=True, slots=True)
class Stretch:
    """An applied estate and the stretch [from, to), UTC ms, in which it was in force."""

    from_ms: int
    to_ms: int
    applied: Applied

    @property
    def scope(self) -> Scope:
        """What it is about; empty where it names no contract."""
        return self.applied.terms.scope or Scope()


@dataclass(frozen=True, slots=True)
class Planned:
    """A backup object: its system when it was first named, from when on and until when estates name it."""

    system: str
    from_ms: int
    to_ms: int


@dataclass(frozen=True)
class Estates:
    """Applied estates in log order, and what the buyer stated of scope, service and kinds of units."""

    applied: tuple[Applied, ...]
    words: Words = NO_WORDS

    @classmethod
    def of(cls, applied: Sequence[Applied], said: Iterable[Said] = ()) -> "Estates":
        """From what stands of people's statements.

        Estates before the first one that names a contract are about what that one is about: its term may have
        begun before anybody wrote it down.
        """
        first = next((one.terms.scope for one in applied if one.terms.scope is not None), None)
        if first is None or not applied or applied[0].terms.scope is not None:
            return cls(tuple(applied), words(said))
        named, made = False, []
        for one in applied:
            named = named or one.terms.scope is not None
            made.append(one if named else replace(one, terms=replace(one.terms, scope=first)))
        return cls(tuple(made), words(said))

    @cached_property
    def _begins(self) -> list[int]:
        return [one.at_ms for one in self.applied]

    def newest(self) -> Applied | None:
        """The last one that says what it is about."""
        return next((one for one in reversed(self.applied) if one.terms.scope is not None), None)

    def stretches(self, from_ms: int, to_ms: int) -> tuple[Stretch, ...]:
        """The estates in force over [from, to), in order; none before one was applied at all."""
        if not self.applied or from_ms >= to_ms:
            return ()
        low = max(bisect_right(self._begins, from_ms) - 1, 0)
        high = max(bisect_left(self._begins, to_ms), low + 1)
        held = self.applied[low:high]
        edges = [from_ms, *(max(one.at_ms, from_ms) for one in held[1:]), to_ms]
        every = (Stretch(a, b, one) for (a, b), one in zip(pairwise(edges), held, strict=True))
        return tuple(one for one in every if one.from_ms < one.to_ms)

    def systems(self, from_ms: int, to_ms: int) -> tuple[str, ...]:
        """Services that are whole systems of an estate in force in [from, to), in the order of naming."""
        named: dict[str, None] = {}
        for one in self.stretches(from_ms, to_ms):
            named |= dict.fromkeys(_whole(one.applied.terms))
        return tuple(named)

    def parts(self, service: str, from_ms: int, to_ms: int) -> tuple[Part, ...]:
        """The terms of a service over [from, to), where it was in scope; what is no longer named goes on."""
        made: list[Part] = []
        terms: ServiceTerms | None = None
        scope: Spans = ALWAYS
        for one in self.stretches(from_ms, to_ms):
            found = _service(one.applied.terms, service)
            if found is not None:
                system = next((s for s in one.scope.systems if s.id == service), None)
                scope = ALWAYS if system is None else of_file(system.in_scope)
                terms = found
            if terms is None:
                continue
            spans = self._in_scope(service, scope)
            mine = self._in_service(terms)
            made += (Part(a, b, mine) for a, b in cut(spans, ((one.from_ms, one.to_ms),)))
        return joined(made)

    def changed(self, service: str, from_ms: int, to_ms: int) -> tuple[int, ...]:
        """Entries in (from, to) that changed a service's terms or spans, named it anew or named it no longer;
        and what the buyer stated of it for that time."""
        found: set[int] = set()
        before: tuple[ServiceTerms | None, SystemScope | None] | None = None
        for one in self.stretches(from_ms, to_ms):
            terms = _service(one.applied.terms, service)
            system = next((s for s in one.scope.systems if s.id == service), None)
            now = _plain(terms, system)
            if before is not None and now != before:
                found.add(one.applied.idx)
            before = now
        keys = [(word, "system", service) for word in ("in_scope", "in_service")]
        return tuple(sorted(found | set(self.words.entries(keys, from_ms, to_ms))))

    def _in_scope(self, system: str, spans: Spans) -> Spans:
        return self.words.over(("in_scope", "system", system), spans)

    def _in_service(self, terms: ServiceTerms) -> ServiceTerms:
        key = ("in_service", "system", terms.id)
        if key not in self.words.inside:
            return terms
        inside = self.words.over(key, tuple(complement(sorted(terms.not_in_service), -EVER, EVER)))
        return replace(terms, not_in_service=tuple(complement(inside, -EVER, EVER)))

    def windows(self, service: str, approvals: Iterable[Approval], to_ms: int) -> tuple[Window, ...]:
        """Windows for a service, each as the estate had it when it was approved: what is written into it
        afterwards has no approval. Those that nobody approved as last named before `to_ms`."""
        system = service.partition("/")[0]
        by_window: dict[str, list[Approval]] = defaultdict(list)
        for one in approvals:
            by_window[one.window].append(one)
        asked = {one.asked.window.id: one.asked for held in by_window.values() for one in held if one.asked}
        made = [
            window
            for held in self._windows.values()
            for window in _approved(held, system, by_window.get(held[0][1].window.id, ()), to_ms)
        ]
        for opened in asked.values():
            if system in opened.systems:
                made.append(approved(opened.window, by_window[opened.window.id]))
        return tuple(made)

    @cached_property
    def _windows(self) -> dict[str, list[tuple[int, EstateWindow]]]:
        """Each window as estates name it: from when on, what."""
        made: dict[str, list[tuple[int, EstateWindow]]] = {}
        for applied in self.applied:
            for one in applied.terms.windows:
                held = made.setdefault(one.window.id, [])
                if not held or held[-1][1] != one:
                    held.append((applied.at_ms, one))
        return made

    def planned(self, from_ms: int, to_ms: int) -> dict[str, Planned]:
        """Backup objects of the estates in force in [from, to)."""
        made: dict[str, Planned] = {}
        for one in self.stretches(from_ms, to_ms):
            for name, system in one.scope.objects.items():
                held = made.get(name, Planned(system, one.from_ms, one.to_ms))
                made[name] = replace(held, to_ms=one.to_ms)
        return made

    def scope(self, from_ms: int, to_ms: int, *, latest: bool = False) -> Scope:
        """Everything that was in an estate in force in [from, to): of which unit, kind and system it was when
        it was first named in it (`latest`: last), called as it was last; spans as they held in each stretch.

        Something that moves in the middle of a period counts in one place, where the period found it.
        """
        stretches = self.stretches(from_ms, to_ms)
        if len(stretches) == 1 and self.words == NO_WORDS:
            return stretches[0].scope
        pick = -1 if latest else 0
        objects: dict[str, str] = {}
        for one in stretches:
            more = one.scope.objects
            objects = {**objects, **more} if latest else {**more, **objects}
        return Scope(
            tuple(self._units(stretches, to_ms - 1 if latest else from_ms, pick)),
            tuple(self._systems(stretches, pick)),
            tuple(self._assets(stretches, pick)),
            objects,
        )

    def _units(self, stretches: Sequence[Stretch], at_ms: int, pick: int) -> Iterator[UnitScope]:
        for name, named in _named(stretches, lambda scope: scope.units).items():
            kind = self.words.kind(name, at_ms) or named[pick][1].kind
            yield replace(named[-1][1], kind=kind)

    def _systems(self, stretches: Sequence[Stretch], pick: int) -> Iterator[SystemScope]:
        end = stretches[-1].to_ms if stretches else 0
        for name, named in _named(stretches, lambda scope: scope.systems).items():
            yield replace(
                named[-1][1],
                unit=named[pick][1].unit,
                in_scope=self._spans(("in_scope", "system", name), named, end),
                in_service=self._spans(("in_service", "system", name), named, end),
            )

    def _assets(self, stretches: Sequence[Stretch], pick: int) -> Iterator[AssetScope]:
        end = stretches[-1].to_ms if stretches else 0
        for name, named in _named(stretches, lambda scope: scope.assets).items():
            yield replace(
                named[-1][1],
                unit=named[pick][1].unit,
                system=named[pick][1].system,
                in_scope=self._spans(("in_scope", "asset", name), named, end),
                in_service=self._spans(("in_service", "asset", name), named, end),
            )

    def _spans(
        self, key: Key, named: Sequence[tuple[int, SystemScope | AssetScope]], end: int
    ) -> tuple[Span, ...]:
        """The spans of something, each part of them by what named it then; () for all the time."""
        whole = ((named[0][0], end),)
        edges = [*(at for at, _ in named[1:]), end]
        held = [
            span
            for (at, thing), to in zip(named, edges, strict=True)
            for span in cut(of_file(getattr(thing, key[0])), ((at, to),))
        ]
        spans = cut(self.words.over(key, tuple(union(held))), whole)
        if spans == whole:
            return ()
        return tuple(Span(a, b) for a, b in spans) or (Span(end, end),)


def _named(
    stretches: Sequence[Stretch], of: Callable[[Scope], Sequence[Named]]
) -> dict[str, list[tuple[int, Named]]]:
    """By id: from when on, what; again only where it differs."""
    made: dict[str, list[tuple[int, Named]]] = {}
    for one in stretches:
        for thing in of(one.scope):
            held = made.setdefault(thing.id, [])
            if not held or held[-1][1] != thing:
                held.append((one.from_ms, thing))
    return made


def _plain(
    terms: ServiceTerms | None, system: SystemScope | None
) -> tuple[ServiceTerms | None, SystemScope | None]:
    """What counts of them: not what something is called, nor who owns it."""
    return (
        None if terms is None else replace(terms, name=""),
        None if system is None else replace(system, name="", owner=""),
    )


def _whole(document: EstateTerms) -> list[str]:
    """Services that are whole systems; without a scope those that are no part of another one."""
    named = {one.id for one in document.scope.systems} if document.scope else set()
    return [one.id for one in document.services if one.id in named or (not named and "/" not in one.id)]


def _service(document: EstateTerms, service: str) -> ServiceTerms | None:
    return next((one for one in document.services if one.id == service), None)


def _approved(
    held: Sequence[tuple[int, EstateWindow]], system: str, approvals: Sequence[Approval], to_ms: int
) -> Iterator[Window]:
    """One window in all its versions: those that were approved, and the newest if nobody approved it."""
    by_version: dict[int, list[Approval]] = defaultdict(list)
    for one in approvals:
        number = bisect_right([at for at, _ in held], one.received_ms) - 1
        by_version[number].append(one)
    named = [number for number, (at, _) in enumerate(held) if at < to_ms]
    for number in sorted({*by_version, *named[-1:]} - {-1}):
        version = held[number][1]
        if system in version.systems:
            yield approved(version.window, by_version.get(number, ()))
