"""Availability of systems in a period as items."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from collector.availability.approvals import Approval, windows_for
from collector.availability.calendar_cn import Calendar
from collector.availability.engine import evaluate
from collector.availability.estate_terms import EstateTerms
from collector.availability.runs import Run
from collector.availability.terms import ServiceTerms, spec
from collector.judging.ground import ServiceSeen
from collector.judging.scope import Scope
from collector.scoring.model import Item, Proof

_PLACES = 10**6
UNION = "*"
Looks = Mapping[tuple[str, str], Mapping[str, Sequence[tuple[Run, int]]]]
"""(check, target) -> vantage -> runs, each with the entry of its last observation."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a system's availability is computed from, beside its looks. `end_ms`: how far it is evaluated."""

    document: EstateTerms
    approvals: tuple[Approval, ...]
    calendar: Calendar | None
    period: tuple[int, int]
    end_ms: int


def measured(terms: ServiceTerms, looks: Looks, given: Measured) -> ServiceSeen:
    """The availability of a system; AvailabilityError where its hours need an unpublished year."""
    runs = {
        key: {vantage: tuple(run for run, _ in found) for vantage, found in by_vantage.items()}
        for key, by_vantage in looks.items()
    }
    workdays = terms.hours is not None and terms.hours.days is None
    question = spec(
        terms,
        runs,
        period=given.period,
        as_of_ms=given.end_ms,
        windows=windows_for(given.document, terms.id, given.approvals),
        calendar=given.calendar if workdays else None,
    )
    ratios = evaluate(question).ratios
    proofs = _proofs(looks, given.period, given.document.scope or Scope())
    return ServiceSeen(terms.id, ratios.known, ratios.low, ratios.high, proofs)


def _proofs(looks: Looks, period: tuple[int, int], scope: Scope) -> tuple[Proof, ...]:
    """The entry of each agent's newest look at each thing, graded by who else looked at it steadily."""
    hosts = {one.id: one.agent or one.id for one in scope.assets}
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


def systems(document: EstateTerms) -> tuple[ServiceTerms, ...]:
    """Services of an estate that are whole systems."""
    named = {one.id for one in document.scope.systems} if document.scope else set()
    return tuple(one for one in document.services if one.id in named)


def together(terms: Sequence[ServiceTerms]) -> ServiceTerms | None:
    """All systems as one service that is up while each of them is; None for no systems."""
    if not terms:
        return None
    leaves = {name: leaf for one in terms for name, leaf in one.leaves.items()}
    return replace(terms[0], id=UNION, name=UNION, tree={"all": [one.tree for one in terms]}, leaves=leaves)


def availability(seen: Sequence[ServiceSeen], units: Mapping[str, str]) -> Iterator[Item]:
    """One item a system with a figure (value in per cent, exact; its bounds as texts), then the worst, the
    mean and all together: only once every system has a figure, else the missing one might be the worst."""
    told = [_told(one) for one in seen if one.system != UNION]
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
    )
    yield _item(mean, "mean")
    yield from (_item(one, "union") for one in whole if one is not None)


@dataclass(frozen=True, slots=True)
class _Told:
    system: str
    known: Fraction
    low: Fraction
    high: Fraction
    proofs: tuple[Proof, ...]


def _told(one: ServiceSeen) -> _Told | None:
    if one.known is None or one.low is None or one.high is None:
        return None
    return _Told(one.system, one.known, one.low, one.high, one.proofs)


def _item(one: _Told, of: str, unit: str | None = None, system: str | None = None) -> Item:
    return Item(
        kind="availability",
        value=one.known * 100,
        unit=unit,
        system=system,
        facts={"service": one.system, "low": percent(one.low), "high": percent(one.high), "of": of},
        proofs=one.proofs,
    )


def _place(one: Proof) -> tuple[int, str, str]:
    return one.entry, one.signer, one.grade


BY_WATCHING = ("fault", "incident_late", "key_moment_fault")
"""Kinds of items that only watching shows (collector/judging/unwatched.py)."""


def wanted(kinds: Collection[str]) -> bool:
    """Whether a pack counts anything that only watching shows: availability, or faults."""
    return "availability" in kinds or not set(BY_WATCHING).isdisjoint(kinds)
