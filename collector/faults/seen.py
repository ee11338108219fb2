"""Outages of a system in a window of time, from its runs: for store and verifier alike. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from collector.availability.calendar_cn import Calendar
from collector.availability.classes import Segment, TimeClass
from collector.availability.courses import Around, Course, Part, Parts, course
from collector.availability.faults import Outage, reach
from collector.availability.runs import Outcome, Run
from collector.availability.terms import LeafTerms
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


Keys = Sequence[tuple[str, str]]


def seen(
    system: str, parts: Parts, looks: Callable[[Keys, int, int], Looks], question: Question
) -> tuple[Seen, ...]:
    """The outages, each as a whole: it may begin before the window is looked at, or end after it.

    `parts`: by what the system is judged in each stretch; an outage that runs across a change is one outage.
    AvailabilityError where the system's hours need a year whose calendar is not there.
    """
    gap = question.faults.merge_gap_s * 1000
    begin, end = first_read(question)
    while begin < end:
        mine = parts(begin, end)
        found = looks(keys_of(mine), begin, end)
        read = _course(mine, found, (begin, end), question)
        made = read.outages(gap, question.faults.recover_stable_s * 1000)
        inside = [one for one in made if question.window[0] <= one.from_ms < question.window[1]]
        earlier = begin > question.since_ms and _may_begin_earlier(read, made, inside, gap)
        later = end < question.as_of_ms and _may_end_later(read, inside, gap)
        if not earlier and not later:
            return tuple(_seen(system, one, read, (mine, found)) for one in inside)
        span = end - begin
        begin = max(question.since_ms, begin - span) if earlier else begin
        end = min(question.as_of_ms, end + span) if later else end
    return ()


def first_read(question: Question) -> tuple[int, int]:
    """The stretch that is read first; more of it only where an outage may reach beyond."""
    begin = max(question.since_ms, question.window[0] - _DAY_MS)
    return begin, min(question.as_of_ms, question.window[1] + _DAY_MS)


def keys_of(parts: Iterable[Part]) -> Keys:
    """(check, target) of everything that a service stands on, under any of its terms."""
    return tuple(
        dict.fromkeys((leaf.check, leaf.target) for part in parts for leaf in part.terms.leaves.values())
    )


def _course(parts: Sequence[Part], looks: Looks, period: tuple[int, int], question: Question) -> Course:
    runs = {
        key: {vantage: tuple(one.run for one in placed) for vantage, placed in by_vantage.items()}
        for key, by_vantage in looks.items()
    }
    return course(parts, runs, period, Around(question.windows, question.calendar))


def _may_begin_earlier(read: Course, made: Sequence[Outage], inside: Sequence[Outage], gap: int) -> bool:
    """Whether what was read begins in the middle of an outage, or of what one may have lasted at the most."""
    if not made:
        return False
    begin = read.span[0]
    if _up(read.segments, begin, made[0].from_ms) <= gap:
        return True
    return bool(inside) and _up(read.scenarios.worst, begin, reach(read.scenarios, inside[0], gap)[0]) <= gap


def _may_end_later(read: Course, inside: Sequence[Outage], gap: int) -> bool:
    """The same of its end."""
    if not inside:
        return False
    if inside[-1].recovered_ms is None:
        return True
    end = read.span[1]
    return _up(read.scenarios.worst, reach(read.scenarios, inside[-1], gap)[1], end) <= gap


def _up(segments: Sequence[Segment], start: int, end: int) -> int:
    """Milliseconds of up time between two instants."""
    return sum(
        min(b, end) - max(a, start)
        for a, b, word in segments
        if word is TimeClass.UP and a < end and b > start
    )


def _seen(system: str, outage: Outage, figure: Course, held: tuple[Sequence[Part], Looks]) -> Seen:
    parts, looks = held
    then = next((one for one in parts if one.from_ms <= outage.from_ms < one.to_ms), None)
    detected, probes = confirmed(() if then is None else then.terms.leaves.values(), looks, outage)
    return Seen(
        system=system,
        outage=outage,
        detected_ms=detected,
        probes=probes,
        observed_to_ms=_observed_to(figure.segments),
        flags=tuple(_flags(figure, outage)),
        proofs=tuple(_proofs(looks, outage)),
        core=then is None or then.terms.core,
    )


def _observed_to(segments: Sequence[Segment]) -> int | None:
    return next((end for _, end, word in reversed(segments) if word in _LOOKED), None)


def _flags(figure: Course, outage: Outage) -> Iterator[str]:
    """Windows without (full) effect that the outage lies in: work that nobody had approved in time."""
    windows = {one.id: one for one in figure.windows}
    for flag in figure.flags:
        word, window = _UNAPPROVED.get(flag.code), windows.get(flag.subject)
        if word and window and window.from_ms < outage.to_ms and window.to_ms > outage.from_ms:
            yield f"{word}:{window.id}"


def confirmed(leaves: Iterable[LeafTerms], looks: Looks, outage: Outage) -> tuple[int | None, int]:
    """When an outage was confirmed at the latest, and the most bad looks of one vantage point in it.

    The second bad look of a run came at most its longest gap after the first; so exact where looks are
    evenly spaced. None: no vantage point saw it as often as its leaf wants.
    """
    best: int | None = None
    most = 0
    for leaf in leaves:
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
