"""A service over a time in which its terms changed: each stretch by the terms that were in force in it.

A millisecond has the class that the terms of its own stretch give it, from all the evidence there is. So
what is written down later never classes an earlier instant anew, a failure that runs across a change stays
one, and cutting a stretch in two under the same terms changes nothing. Milliseconds are added, shares never.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from collector.availability.calendar_cn import Calendar
from collector.availability.classes import OUT, Buckets, Piece, Scope, Segment, TimeClass, buckets, classified
from collector.availability.engine import Figure, Params, reading, summed
from collector.availability.faults import Outage, outages
from collector.availability.figure import Ratios, Scenarios, ratios
from collector.availability.members import united
from collector.availability.spans import Span
from collector.availability.terms import Runs, ServiceTerms, spec
from collector.availability.vantage import NO_STATE, SHIFTS
from collector.availability.votes import CheckTrack
from collector.availability.windows import Flag, Window


@dataclass(frozen=True, slots=True)
class Part:
    """Terms and the stretch [from, to), UTC ms, in which they were in force."""

    from_ms: int
    to_ms: int
    terms: ServiceTerms


Parts = Callable[[int, int], Sequence[Part]]
"""The parts of a service over [from, to): disjoint, in order; where there is none it was not in service."""


@dataclass(frozen=True, slots=True)
class Course:
    """Classes of every instant of `span` three times (`scenarios`), and before exclusions (`measured`); how
    each part's checks were followed."""

    span: Span
    scenarios: Scenarios
    measured: tuple[Segment, ...] = ()
    windows: tuple[Window, ...] = ()
    flags: tuple[Flag, ...] = ()
    tracks: tuple[CheckTrack, ...] = ()

    @property
    def segments(self) -> tuple[Segment, ...]:
        """(from, to, class) in order of time, as estimated."""
        return self.scenarios.estimate

    @property
    def sums(self) -> Buckets:
        """Milliseconds per class."""
        return buckets(self.segments)

    @property
    def ratios(self) -> Ratios:
        """known, low, high, coverage (AV 3.9); no budget, for a target belongs to a part only."""
        return ratios(self.sums, Fraction(1), None)

    def outages(self, merge_gap_ms: int, recover_stable_ms: int) -> tuple[Outage, ...]:
        """Faults before any contract's levels (AV 3.11); a target recovers off hours too."""
        return outages(self.scenarios, self.measured, merge_gap_ms, recover_stable_ms)


@dataclass(frozen=True, slots=True)
class Around:
    """What a course needs beside terms and runs; `calendar` only where hours are working days."""

    windows: tuple[Window, ...] = ()
    calendar: Calendar | None = None


Read = tuple[ServiceTerms | None, list[tuple[int, int, int, int]]]


def course(parts: Sequence[Part], runs: Runs, span: Span, around: Around) -> Course:
    """The course of a service over [from, to); AvailabilityError where hours need an unpublished year."""
    read: list[Read] = []
    flags: dict[Flag, None] = {}
    tracks: list[CheckTrack] = []
    for start, end, part in _filled(parts, span):
        if part is None:
            read.append((None, [(start, end, NO_STATE, OUT)]))
            continue
        found = reading(
            spec(
                part.terms,
                runs,
                period=(start, end),
                windows=around.windows,
                calendar=around.calendar if _workdays(part.terms) else None,
            )
        )
        flags |= dict.fromkeys(found.flags)
        tracks += found.tracks
        read.append((part.terms, found.pieces))
    pieces = [(a, b, triple & 3, 0) for _, held in read for a, b, triple, _ in held]
    scenarios = Scenarios(*(_classes(read, shift) for shift in SHIFTS))
    measured = classified(pieces, Scope.ALL, None)
    return Course(span, scenarios, measured, around.windows, tuple(flags), tuple(tracks))


def figure(made: Course, to_ms: int, params: Params, calendar: str | None = None) -> Figure:
    """The figure of a period that ends at `to_ms` and is evaluated as far as the course goes; target and
    rules of faults are those of `params`, `calendar` names what working days were told by."""
    return summed(
        (made.span, to_ms),
        params,
        made.tracks,
        (made.scenarios, made.measured),
        (made.flags, made.windows, calendar),
    )


def together(courses: Sequence[Course]) -> Course | None:
    """All services as one: any of them down is down, one that is excluded has no say (AV 3.14)."""
    if not courses:
        return None
    end = courses[0].span[1]
    every = [one.scenarios for one in courses]
    estimate, worst, best = (
        united([getattr(one, name) for one in every], end) for name in ("estimate", "worst", "best")
    )
    return Course(courses[0].span, Scenarios(estimate, worst, best))


def _workdays(terms: ServiceTerms) -> bool:
    return terms.hours is not None and terms.hours.days is None


def _filled(parts: Sequence[Part], span: Span) -> Iterator[tuple[int, int, Part | None]]:
    """The parts inside the span, and what lies between them."""
    at = span[0]
    for part in parts:
        start, end = max(part.from_ms, at), min(part.to_ms, span[1])
        if start >= end:
            continue
        if start > at:
            yield at, start, None
        yield start, end, part
        at = end
    if at < span[1]:
        yield at, span[1], None


def _classes(read: Sequence[Read], shift: int) -> tuple[Segment, ...]:
    """One scenario; a cap on maintenance holds over all parts, so that a new part brings no new one."""
    out: list[Segment] = []
    used = 0
    for terms, held in read:
        pieces: list[Piece] = [(a, b, triple >> shift & 3, mask) for a, b, triple, mask in held]
        cap = None if terms is None else terms.maintenance_cap_ms
        room = None if cap is None else max(0, cap - used)
        for segment in classified(pieces, Scope.ALL if terms is None else terms.exclude_scope, room):
            used += (segment[1] - segment[0]) * (segment[2] is TimeClass.MAINTENANCE)
            if out and out[-1][2] is segment[2]:
                segment = (out.pop()[0], *segment[1:])
            out.append(segment)
    return tuple(out)


def joined(parts: Sequence[Part]) -> tuple[Part, ...]:
    """Neighbours under the same terms as one part."""
    out: list[Part] = []
    for part in parts:
        if out and out[-1].to_ms == part.from_ms and out[-1].terms == part.terms:
            out[-1] = replace(out[-1], to_ms=part.to_ms)
        else:
            out.append(part)
    return tuple(out)
