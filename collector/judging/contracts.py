"""The contracts that a log has known: which periods each of them judges, and by what names. Pure.

A contract is a pack with its first day, by whatever estates name it. Where another one takes its place, the
periods that had begun stay with the old one, and can be asked for, sealed and verified as before. Names never
change their meaning: what the first contract called `cycle-1` is `cycle-1` for good, and all periods of a
later one with such a name carry its pack behind an @ (or, of the same pack, its first day).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from collector.judging.ground import Applied, contract_of, governing
from collector.scoring.model import PackPeriod

PeriodsOf = Callable[[Applied], Sequence[PackPeriod]]
"""The periods of an estate's contract, as its pack calls them."""


@dataclass(frozen=True, slots=True)
class Own:
    """A period, and the estate by whose contract it is judged. `suffix`: what its contract's names end in."""

    period: PackPeriod
    applied: Applied
    suffix: str = ""


def named(periods: Sequence[PackPeriod], suffix: str) -> tuple[PackPeriod, ...]:
    """The periods of a term as they are called here."""
    return tuple(replace(one, name=one.name + suffix) if suffix else one for one in periods)


def every(applied: Sequence[Applied], newest: Applied, periods_of: PeriodsOf) -> tuple[Own, ...]:
    """Every period that can be asked for: those of contracts that were replaced, then those of the newest.

    `newest`: the estate that names the contract in force. A period of a replaced contract is one that
    governed when it began (ground.governing), or ran when one came that has none for this time; one of the
    newest that had begun before it is the replaced one's where that has a period of this name for this time,
    else its own: a wrong pack or first day, put right after the period, is judged by the right one.
    """
    groups: dict[tuple[str, str], Applied] = {}
    for one in applied:
        if one.idx <= newest.idx and one.terms.contract is not None and one.terms.contract.compiled:
            groups[_identity(one)] = one  # the last estate that names it
    last = groups.pop(_identity(newest), newest)
    made: list[Own] = []
    for one in groups.values():
        judged = [(p, _judge(one, p, applied, periods_of)) for p in periods_of(one)]
        made += _called([Own(p, by) for p, by in judged if by is not None], made, periods_of)
    own = list(_newest(last, made, applied, periods_of))
    return (*_without(made, own), *_called(own, made, periods_of))


def terms(applied: Sequence[Applied], newest: Applied, periods_of: PeriodsOf) -> tuple[tuple[Own, ...], ...]:
    """The same by contract: what each replaced one keeps, then the term of the newest."""
    known = every(applied, newest, periods_of)
    count = len(known) - len(periods_of(newest))
    groups: dict[tuple[str, str], list[Own]] = {}
    for one in known[:count]:
        groups.setdefault(_identity(one.applied), []).append(one)
    return (*(tuple(own) for own in groups.values()), known[count:])


def _judge(
    one: Applied, period: PackPeriod, applied: Sequence[Applied], periods_of: PeriodsOf
) -> Applied | None:
    """The estate by which a replaced contract's period is judged; None where it is not that contract's."""
    by = governing(applied, period.to_ms, period.from_ms)
    if by is None or _identity(by) == _identity(one):
        return by
    # The contract was first named while this period ran, and another came before its end: that one judges it
    # if it has a period for this time. A contract that begins later leaves it where it was.
    first = next(other for other in applied if other.terms.contract == one.terms.contract)
    if by.at_ms <= max(first.at_ms, period.from_ms):
        return None
    taken = any(p.from_ms < period.to_ms and period.from_ms < p.to_ms for p in periods_of(by))
    return None if taken else one


def _identity(one: Applied) -> tuple[str, str]:
    contract = contract_of(one)
    return contract.pack, contract.start


def _newest(
    last: Applied, older: Sequence[Own], applied: Sequence[Applied], periods_of: PeriodsOf
) -> Iterator[Own]:
    for period in periods_of(last):
        by = governing(applied, period.to_ms, period.from_ms) or last
        if _identity(by) == _identity(last):
            same = next((p for p in periods_of(by) if p.name == period.name), None)
            yield Own(period, last) if same is None else Own(same, by)
            continue
        taken = next((one for one in older if _same(one, period)), None)
        yield Own(period, last) if taken is None else taken


def _same(one: Own, period: PackPeriod) -> bool:
    """Whether an older contract's period has this name and some of this time."""
    called = one.period.name.removesuffix(one.suffix) if one.suffix else one.period.name
    return called == period.name and one.period.from_ms < period.to_ms and period.from_ms < one.period.to_ms


def _without(made: Sequence[Own], own: Sequence[Own]) -> Iterator[Own]:
    return (one for one in made if one not in own)


def _called(own: Sequence[Own], taken: Sequence[Own], periods_of: PeriodsOf) -> Iterator[Own]:
    """The periods of one contract under names that no other one has; those that are an older one's as they
    are called there."""
    mine = [one for one in own if one not in taken]
    suffix = ""
    if {one.period.name for one in mine} & {one.period.name for one in taken}:
        contract = contract_of(mine[0].applied)
        packs = {contract_of(one.applied).pack for one in taken}
        suffix = f"@{contract.pack}"
        if contract.pack in packs:
            suffix = f"@{periods_of(mine[0].applied)[0].first}"
    for one in own:
        yield one if one in taken else Own(named((one.period,), suffix)[0], one.applied, suffix)
