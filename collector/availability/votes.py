"""Vote among the vantage points of one check (3.4)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from collector.availability.runs import Run
from collector.availability.spans import Span, Steps, put, sweep
from collector.availability.vantage import DOWN, NO_STATE, NONE, SHIFTS, UP, Blip, Track, track


class Vote(StrEnum):
    """How vantage points that disagree are counted."""

    MAJORITY = "majority"
    ANY_FAIL = "any_fail"
    ALL_FAIL = "all_fail"


@dataclass(frozen=True, slots=True)
class CheckRuns:
    """The evidence of one check: runs per vantage point and the rules that read them.

    Give runs from one `hold` before the period on, up to the first observation after it that is no failure.
    `voters` names the only vantage points that count, if the contract names them.
    """

    runs: Mapping[str, tuple[Run, ...]]
    hold_ms: int
    confirm: int = 1
    host: str | None = None
    rule: Vote = Vote.MAJORITY
    min_vantages: int = 1
    voters: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class CheckStates:
    """A check whose state is known span by span: 0 down, 1 degraded, 2 up, 3 none; later spans win."""

    base: int = UP
    spans: tuple[tuple[int, int, int], ...] = ()
    host: str | None = None


Check = CheckRuns | CheckStates


@dataclass(frozen=True, slots=True)
class Divergence:
    """Vantage points disagreed; `opinions` are (vantage, state) pairs of those that had one."""

    check: str
    from_ms: int
    to_ms: int
    opinions: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What of one series the figure stands on."""

    check: str
    vantage: str
    first_ms: int
    last_ms: int
    n: int
    first_seq: int | None
    last_seq: int | None


@dataclass(frozen=True, slots=True)
class CheckTrack:
    """One check over the period: state triples after the vote, and what is reported beside them.

    `longest_gap_ms` is None where there are no observations to be apart. `counted`: of each run its check,
    vantage point, first and last instant and observations, those outside of the period too.
    """

    steps: Steps[int]
    blips: tuple[Blip, ...] = ()
    divergences: tuple[Divergence, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    longest_gap_ms: int | None = None
    counted: tuple[tuple[str, str, int, int, int], ...] = ()


def vote(states: tuple[int, ...], rule: Vote, least: int) -> int:
    """One state from those of the vantage points; `none` has no vote."""
    voting = [state for state in states if state != NONE]
    if len(voting) < max(least, 1):
        return NONE
    return _RULES[rule](voting)


def _majority(voting: list[int]) -> int:
    if 2 * voting.count(DOWN) > len(voting):
        return DOWN
    return UP if 2 * voting.count(UP) > len(voting) else 1


def _all_fail(voting: list[int]) -> int:
    if voting.count(DOWN) == len(voting):
        return DOWN
    return UP if UP in voting else 1


_RULES: dict[Vote, Callable[[list[int]], int]] = {
    Vote.MAJORITY: _majority,
    Vote.ANY_FAIL: min,
    Vote.ALL_FAIL: _all_fail,
}


def follow(name: str, check: Check, period: Span) -> CheckTrack:
    """State of one check over the period, before its host is asked."""
    if isinstance(check, CheckStates):
        return CheckTrack(_given(check, period))
    voters = sorted(v for v in check.runs if check.voters is None or v in check.voters)
    rule = (check.hold_ms, check.confirm)
    tracks = [track((name, v), check.runs[v], rule, period) for v in voters]
    steps, divergences = _voted(name, check, voters, tracks, period)
    return CheckTrack(
        steps=steps,
        blips=tuple(blip for one in tracks for blip in one.blips),
        divergences=divergences,
        evidence=tuple(
            _evidence(name, v, one.runs) for v, one in zip(voters, tracks, strict=True) if one.runs
        ),
        longest_gap_ms=_longest_gap(tracks, period),
        counted=tuple(
            (name, v, run.first_ms, run.last_ms, run.n)
            for v, one in zip(voters, tracks, strict=True)
            for run in one.runs
        ),
    )


def _voted(
    name: str, check: CheckRuns, voters: list[str], tracks: list[Track], period: Span
) -> tuple[Steps[int], tuple[Divergence, ...]]:
    known: dict[tuple[int, ...], tuple[int, tuple[tuple[str, int], ...]]] = {}
    steps: Steps[int] = [(period[0], NO_STATE)]
    found: list[Divergence] = []
    for start, end, triples in sweep([one.steps for one in tracks], period[1]):
        if triples not in known:
            known[triples] = _opinion(triples, check, voters)
        triple, opinions = known[triples]
        put(steps, start, triple, period[1])
        if not opinions:
            continue
        if found and found[-1].to_ms == start and found[-1].opinions == opinions:
            start = found.pop().from_ms
        found.append(Divergence(name, start, end, opinions))
    return steps, tuple(found)


def _opinion(
    triples: tuple[int, ...], check: CheckRuns, voters: list[str]
) -> tuple[int, tuple[tuple[str, int], ...]]:
    """The voted triple, and the estimates of the voters if they are not all of one mind."""
    by_scenario = [tuple(triple >> shift & 3 for triple in triples) for shift in SHIFTS]
    voted = [vote(states, check.rule, check.min_vantages) for states in by_scenario]
    said = tuple((v, s) for v, s in zip(voters, by_scenario[0], strict=True) if s != NONE)
    triple = voted[0] | voted[1] << 2 | voted[2] << 4
    return triple, said if len({state for _, state in said}) > 1 else ()


def _given(check: CheckStates, period: Span) -> Steps[int]:
    edges = sorted({period[0], *(t for span in check.spans for t in span[:2] if period[0] < t < period[1])})
    steps: Steps[int] = [(period[0], NO_STATE)]
    for t in edges:
        state = next((s for a, b, s in reversed(check.spans) if a <= t < b), check.base)
        put(steps, t, state | state << 2 | state << 4, period[1])
    return steps


def _longest_gap(tracks: list[Track], period: Span) -> int:
    """Every outage longer than this was certainly seen: at each instant the best-placed point counts."""
    if not tracks:
        return period[1] - period[0]
    return max((min(gaps) for _, _, gaps in sweep([one.gaps for one in tracks], period[1])), default=0)


def _evidence(name: str, vantage: str, runs: tuple[Run, ...]) -> Evidence:
    first, last = runs[0], runs[-1]
    n = sum(run.n for run in runs)
    return Evidence(name, vantage, first.first_ms, last.last_ms, n, first.first_seq, last.last_seq)
