"""Outages of a system in a window of time, from its runs: for store and verifier alike. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from collector.availability.calendar_cn import Calendar
from collector.availability.classes import Segment, TimeClass
from collector.availability.engine import Figure, evaluate
from collector.availability.faults import Outage, outages
from collector.availability.runs import Outcome, Run
from collector.availability.terms import ServiceTerms, spec
from collector.availability.windows import FlagCode, Window
from collector.faults.ground import Seen
from collector.faults.terms import FaultTerms
from collector.scoring.model import Proof

_DAY_MS = 86_400_000
_BAD = (Outcome.FAIL, Outcome.DEGRADED)
_LOOKED = (TimeClass.UP, TimeClass.DEGRADED, TimeClass.DOWN)
_UNAPPROVED = {
    FlagCode.NEVER: "window_never_approved",
    FlagCode.TOO_LATE: "window_approved_too_late",
    FlagCode.LATE: "window_approved_late",
    FlagCode.CLAIMED: "window_only_claimed",
    FlagCode.NOT_APPROVED: "window_not_approved",
}


@dataclass(frozen=True, slots=True)
class Placed:
    """A run with the log's entry and line of its first observation."""

    run: Run
    entry: int
    line: int


Looks = Mapping[tuple[str, str], Mapping[str, Sequence[Placed]]]
"""(check, target) -> vantage -> runs in order of time."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a system: outages whose onset lies in `window`, as the evidence stood at `as_of_ms`.

    `since_ms`: nothing before it matters (the term's beginning). `grade`: of one vantage point alone.
    """

    window: tuple[int, int]
    as_of_ms: int
    since_ms: int
    faults: FaultTerms
    windows: tuple[Window, ...] = ()
    calendar: Calendar | None = None


def seen(terms: ServiceTerms, looks: Callable[[int, int], Looks], question: Question) -> tuple[Seen, ...]:
    """The outages, each as a whole: it may begin before the window is looked at, or end after it.

    AvailabilityError where the system's hours need a year whose calendar is not there.
    """
    gap = question.faults.merge_gap_s * 1000
    begin = max(question.since_ms, question.window[0] - _DAY_MS)
    end = min(question.as_of_ms, question.window[1] + _DAY_MS)
    while begin < end:
        found = looks(begin, end)
        figure = _figure(terms, found, (begin, end), question)
        made = _outages(figure, question.faults)
        inside = [one for one in made if question.window[0] <= one.from_ms < question.window[1]]
        earlier = bool(made) and begin > question.since_ms and _up(figure, begin, made[0].from_ms) <= gap
        later = bool(inside) and end < question.as_of_ms and inside[-1].recovered_ms is None
        if not earlier and not later:
            return tuple(_seen(terms, one, figure, found) for one in inside)
        span = end - begin
        begin = max(question.since_ms, begin - span) if earlier else begin
        end = min(question.as_of_ms, end + span) if later else end
    return ()


def _figure(terms: ServiceTerms, looks: Looks, period: tuple[int, int], question: Question) -> Figure:
    runs = {
        key: {vantage: tuple(one.run for one in placed) for vantage, placed in by_vantage.items()}
        for key, by_vantage in looks.items()
    }
    workdays = terms.hours is not None and terms.hours.days is None
    mine = replace(terms, merge_gap_ms=question.faults.merge_gap_s * 1000)
    asked = spec(
        mine,
        runs,
        period=period,
        as_of_ms=period[1],
        windows=question.windows,
        calendar=question.calendar if workdays else None,
    )
    stable = replace(asked.params.faults, recover_stable_ms=question.faults.recover_stable_s * 1000)
    return evaluate(replace(asked, params=replace(asked.params, faults=stable)))


def _outages(figure: Figure, terms: FaultTerms) -> list[Outage]:
    """The figure's faults with their bounds; when it recovered only the figure knows (off hours count)."""
    gap, stable = terms.merge_gap_s * 1000, terms.recover_stable_s * 1000
    bounded = outages(figure.scenarios, figure.segments, gap, stable)
    pairs = zip(bounded, figure.faults, strict=True)
    return [replace(one, recovered_ms=fault.recovered_ms) for one, fault in pairs]


def _up(figure: Figure, start: int, end: int) -> int:
    """Milliseconds of up time between two instants."""
    return sum(
        min(b, end) - max(a, start)
        for a, b, word in figure.segments
        if word is TimeClass.UP and a < end and b > start
    )


def _seen(terms: ServiceTerms, outage: Outage, figure: Figure, looks: Looks) -> Seen:
    detected, probes = confirmed(terms, looks, outage)
    return Seen(
        system=terms.id,
        outage=outage,
        detected_ms=detected,
        probes=probes,
        observed_to_ms=_observed_to(figure.segments),
        flags=tuple(_flags(figure, outage)),
        proofs=tuple(_proofs(looks, outage)),
    )


def _observed_to(segments: Sequence[Segment]) -> int | None:
    return next((end for _, end, word in reversed(segments) if word in _LOOKED), None)


def _flags(figure: Figure, outage: Outage) -> Iterator[str]:
    """Windows without (full) effect that the outage lies in: work that nobody had approved in time."""
    windows = {one.id: one for one in figure.windows}
    for flag in figure.flags:
        word, window = _UNAPPROVED.get(flag.code), windows.get(flag.subject)
        if word and window and window.from_ms < outage.to_ms and window.to_ms > outage.from_ms:
            yield f"{word}:{window.id}"


def confirmed(terms: ServiceTerms, looks: Looks, outage: Outage) -> tuple[int | None, int]:
    """When an outage was confirmed at the latest, and the most bad looks of one vantage point in it.

    The second bad look of a run came at most its longest gap after the first; so exact where looks are
    evenly spaced. None: no vantage point saw it as often as its leaf wants.
    """
    best: int | None = None
    most = 0
    for leaf in terms.leaves.values():
        for placed in looks.get((leaf.check, leaf.target), {}).values():
            bad = [one.run for one in placed if _touches(one.run, outage)]
            most = max(most, sum(run.n for run in bad))
            times = [at for run in bad if (at := _second(run, leaf.confirm)) is not None]
            if times and (best is None or min(times) < best):
                best = min(times)
    return (None if best is None else max(best, outage.from_ms)), most


def _touches(run: Run, outage: Outage) -> bool:
    return run.outcome in _BAD and run.last_ms >= outage.from_ms and run.first_ms < outage.to_ms


def _second(run: Run, confirm: int) -> int | None:
    if confirm <= 1:
        return run.first_ms
    if run.n < confirm:
        return None
    return min(run.last_ms, run.first_ms + (confirm - 1) * run.longest_gap_ms)


def _proofs(looks: Looks, outage: Outage) -> Iterator[Proof]:
    """The first bad look of each vantage point; two that agree are a better grade than one."""
    for by_vantage in looks.values():
        bad = {
            vantage: next((one for one in placed if _touches(one.run, outage)), None)
            for vantage, placed in sorted(by_vantage.items())
        }
        grade = "A" if sum(one is not None for one in bad.values()) > 1 else "B"
        for vantage, one in bad.items():
            if one is not None:
                yield Proof(one.entry, vantage, grade, one.line)
