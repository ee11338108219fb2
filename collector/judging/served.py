"""The availability figure of a service over any time, each stretch by the estate that was in force (pure).

Collector and verifier ask the same. Target, core and rules of faults are those of the newest terms.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from collector.availability.approvals import Approval
from collector.availability.calendar_cn import Calendar
from collector.availability.courses import Around, Part, course, figure, joined
from collector.availability.engine import Figure, evaluate
from collector.availability.terms import Runs, ServiceTerms, spec
from collector.judging.estates import Estates
from collector.judging.services import Keys, keys_of


@dataclass(frozen=True, slots=True)
class Question:
    """A service by its newest terms, over [from, to); evaluated to `end_ms` at most (None: all of it)."""

    terms: ServiceTerms
    estates: Estates
    span: tuple[int, int]
    end_ms: int | None
    approvals: tuple[Approval, ...] = ()
    calendar: Calendar | None = None

    @property
    def evaluated(self) -> tuple[int, int]:
        """What of it is over."""
        begin, to = self.span
        return begin, to if self.end_ms is None else max(begin, min(to, self.end_ms))

    @property
    def parts(self) -> tuple[Part, ...]:
        """The stretches and their terms; of what no estate names as a service, all by the terms given."""
        begin, end = self.evaluated
        known = any(self.terms.id == one.id for held in self.estates.applied for one in held.terms.services)
        if not known:
            return (Part(begin, max(end, begin + 1), self.terms),)
        found = self.estates.parts(self.terms.id, begin, max(end, begin + 1))
        # What something is called parts nothing.
        return joined([replace(one, terms=replace(one.terms, name=self.terms.name)) for one in found])

    @property
    def keys(self) -> Keys:
        """(check, target) of all that it stood on."""
        return keys_of((*self.parts, Part(*self.span, self.terms)))


def served(asked: Question, runs: Callable[[Keys], Runs]) -> Figure:
    """The figure; AvailabilityError where hours need an unpublished year."""
    system = asked.terms.id.partition("/")[0]
    windows = asked.estates.windows(system, asked.approvals, asked.span[1])
    parts = asked.parts
    calendar = asked.calendar if _by_workdays(parts, asked.terms) else None
    params = spec(asked.terms, {}, period=asked.span).params
    if [one.terms for one in parts] == [asked.terms] and parts[0].from_ms <= asked.span[0]:
        whole = spec(
            asked.terms,
            runs(asked.keys),
            period=asked.span,
            as_of_ms=asked.end_ms,
            windows=windows,
            calendar=calendar,
        )
        if parts[0].to_ms >= asked.evaluated[1]:
            return evaluate(whole)
    made = course(parts, runs(asked.keys), asked.evaluated, Around(windows, calendar))
    return figure(made, asked.span[1], params, None if calendar is None else calendar.version)


def _by_workdays(parts: Sequence[Part], newest: ServiceTerms) -> bool:
    every = [newest, *(one.terms for one in parts)]
    return any(one.hours is not None and one.hours.days is None for one in every)
