"""Availability of systems in a period as items."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from collector.availability.approvals import Approval
from collector.availability.calendar_cn import Calendar
from collector.availability.classes import TimeClass
from collector.availability.courses import Around, Course, Part, course, together
from collector.availability.runs import Run
from collector.availability.terms import Runs
from collector.judging.estates import Estates
from collector.judging.ground import ServiceSeen
from collector.scoring.model import Item, Proof, Scalar

_PLACES = 10**6
_SHORTEST_MS = 60_000  # of a fault, where a contract names one at all
UNION = "*"
Looks = Mapping[tuple[str, str], Mapping[str, Sequence[tuple[Run, int]]]]
"""(check, target) -> vantage -> runs, each with the entry of its last observation."""
Keys = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Measured:
    """What availability is computed from, beside looks. `end_ms`: how far the period is evaluated."""

    estates: Estates
    approvals: tuple[Approval, ...]
    calendar: Calendar | None
    period: tuple[int, int]
    end_ms: int


def measured(given: Measured, looks: Callable[[Keys], Looks]) -> Iterator[ServiceSeen]:
    """The availability of each system that was in scope in the period, then of all as one; each stretch by
    the estate then in force. AvailabilityError where hours need an unpublished year.

    `looks`: the runs that touch the period; asked once, for all systems.
    """
    begin, end = given.period[0], max(given.end_ms, given.period[0])
    hosts = {one.id: one.agent or one.id for one in given.estates.scope(begin, max(end, begin + 1)).assets}
    found: list[tuple[ServiceSeen, Course]] = []
    systems = given.estates.systems(begin, max(end, begin + 1))
    parted = {one: given.estates.parts(one, begin, max(end, begin + 1)) for one in systems}
    every = looks(keys_of(part for parts in parted.values() for part in parts))
    for system, parts in parted.items():
        if parts:
            seen = {key: every[key] for key in keys_of(parts) if key in every}
            made = course(parts, _runs(seen), (begin, end), _around(system, given))
            changed = given.estates.changed(system, begin, end)
            proofs = _proofs(seen, given.period, hosts)
            found.append((_seen(system, made, proofs, changed), made))
    yield from (seen for seen, _ in found)
    whole = together([made for _, made in found])
    if whole is not None:
        proofs = tuple(sorted({proof for seen, _ in found for proof in seen.proofs}, key=_place))
        changed = tuple(sorted({entry for seen, _ in found for entry in seen.changed}))
        yield _seen(UNION, whole, proofs, changed)


def keys_of(parts: Iterable[Part]) -> Keys:
    """(check, target) of everything that a service stands on, under any of its terms."""
    return tuple(
        dict.fromkeys((leaf.check, leaf.target) for part in parts for leaf in part.terms.leaves.values())
    )


def _seen(system: str, made: Course, proofs: tuple[Proof, ...], changed: tuple[int, ...]) -> ServiceSeen:
    shares = made.ratios
    return ServiceSeen(system, shares.known, shares.low, shares.high, proofs, changed, _blind(made))


def _blind(made: Course) -> int:
    """Stretches that nobody saw, long enough for a fault; what is not agreed time parts none."""
    seen = {TimeClass.UP, TimeClass.DEGRADED, TimeClass.DOWN}
    count = length = 0
    for begin, end, what in (*made.segments, (0, 0, TimeClass.UP)):
        if what is TimeClass.UNKNOWN:
            length += end - begin
        elif what in seen:
            count, length = count + (length >= _SHORTEST_MS), 0
    return count


def _around(system: str, given: Measured) -> Around:
    return Around(given.estates.windows(system, given.approvals, given.period[1]), given.calendar)


def _runs(looks: Looks) -> Runs:
    return {
        key: {vantage: tuple(run for run, _ in found) for vantage, found in by_vantage.items()}
        for key, by_vantage in looks.items()
    }


def _proofs(looks: Looks, period: tuple[int, int], hosts: Mapping[str, str]) -> tuple[Proof, ...]:
    """The entry of each agent's newest look at each thing, graded by who else looked at it steadily."""
    made = set()
    for (_, target), by_vantage in looks.items():
        inside = {
            vantage: [
                (run, idx) for run, idx in found if run.first_ms < period[1] and run.last_ms >= period[0]
            ]
            for vantage, found in by_vantage.items()
        }
        counts = {vantage: sum(run.n for run, _ in found) for vantage, found in inside.items() if found}
        steady = [vantage for vantage, n in counts.items() if 2 * n >= max(counts.values())]
        for vantage in counts:
            grade = "A" if len(steady) > 1 else _alone(vantage, target, hosts)
            made.add(Proof(inside[vantage][-1][1], vantage, grade))
    return tuple(sorted(made, key=_place))


def _alone(vantage: str, target: str, hosts: Mapping[str, str]) -> str:
    """B: one agent about another machine; C: about its own host, or the estate doesn't say whose it is."""
    return "B" if hosts.get(target, vantage) != vantage else "C"


def percent(share: Fraction) -> str:
    """Per cent with six decimals, towards zero: 1/3 -> "33.333333"."""
    micros = share * 100 * _PLACES // 1
    return f"{micros // _PLACES}.{micros % _PLACES:06d}"


def availability(seen: Sequence[ServiceSeen], units: Mapping[str, str]) -> Iterator[Item]:
    """One item a system with a figure (value in per cent, exact; its bounds as texts), then the worst, the
    mean and all together: only once every system has a figure, else the missing one might be the worst. One
    that had no agreed time in the period (out of service all of it) owes none."""
    told = [_told(one) for one in owing(seen)]
    whole = [_told(one) for one in seen if one.system == UNION]
    for one in told:
        if one is not None:
            yield _item(one, "system", units.get(one.system), one.system)
    known = [one for one in told if one is not None]
    if not known or len(known) < len(told):
        return
    worst = min(known, key=lambda one: (one.known, one.system))
    # As it may have been at worst: another system may look better, and have been seen less.
    bounds = min(one.low for one in known), min(one.high for one in known)
    yield _item(replace(worst, low=bounds[0], high=bounds[1]), "worst")
    proofs = tuple(sorted({proof for one in known for proof in one.proofs}, key=_place))
    n = len(known)
    mean = _Told(
        "mean",
        sum((one.known for one in known), Fraction()) / n,
        sum((one.low for one in known), Fraction()) / n,
        sum((one.high for one in known), Fraction()) / n,
        proofs,
        tuple(sorted({entry for one in known for entry in one.changed})),
    )
    yield _item(mean, "mean")
    yield from (_item(one, "union") for one in whole if one is not None)


def owing(seen: Sequence[ServiceSeen]) -> list[ServiceSeen]:
    """Systems that owe a figure: those with agreed time in the period; all of them where none had any."""
    every = [one for one in seen if one.system != UNION]
    return [one for one in every if one.low is not None] or every


@dataclass(frozen=True, slots=True)
class _Told:
    system: str
    known: Fraction
    low: Fraction
    high: Fraction
    proofs: tuple[Proof, ...]
    changed: tuple[int, ...]


def _told(one: ServiceSeen) -> _Told | None:
    if one.known is None or one.low is None or one.high is None:
        return None
    return _Told(one.system, one.known, one.low, one.high, one.proofs, one.changed)


def _item(one: _Told, of: str, unit: str | None = None, system: str | None = None) -> Item:
    facts: dict[str, Scalar] = {
        "service": one.system,
        "low": percent(one.low),
        "high": percent(one.high),
        "of": of,
    }
    return Item(
        kind="availability",
        value=one.known * 100,
        unit=unit,
        system=system,
        facts=facts | changed_facts(one.changed),
        proofs=one.proofs,
    )


def changed_facts(entries: Sequence[int]) -> dict[str, Scalar]:
    """What an item says of the estates, or the buyer's statements, that changed in the period by what it is
    judged; nothing where none did."""
    return {"estate_changed": ",".join(map(str, entries))} if entries else {}


def _place(one: Proof) -> tuple[int, str, str]:
    return one.entry, one.signer, one.grade


BY_WATCHING = ("fault", "incident_late", "key_moment_fault")
"""Kinds of items that only watching shows (collector/judging/unwatched.py)."""


def wanted(kinds: Collection[str]) -> bool:
    """Whether a pack counts anything that only watching shows: availability, or faults."""
    return "availability" in kinds or not set(BY_WATCHING).isdisjoint(kinds)
