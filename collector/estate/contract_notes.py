"""What an apply does to the contract: said before it is done, for it cannot be taken back. Pure."""

from collections.abc import Collection, Iterator
from datetime import date, timedelta

from collector.estate.model import Contract, Estate
from collector.packs import loading

_AHEAD = timedelta(days=366)
_BACK = timedelta(days=5 * 366)


def kinds_of(name: str) -> tuple[str, ...]:
    """Kinds of units that a shipped pack tells apart, beside `unit`; empty where it names none."""
    scoring = loading.packaged(name).pack.scoring
    weighed = () if scoring.weights is None else scoring.weights.kinds
    return tuple(sorted({*weighed, *(kind for line in scoring.lines for kind in line.full_for)} - {"unit"}))


def weights_note(estate: Estate) -> Iterator[str]:
    """Units and systems that the contract's pack gives a weight and the estate does not name: a wrong id
    would count as every other."""
    named = estate.contract
    if named is None or named.pack not in loading.names():
        return
    weights = loading.packaged(named.pack).pack.scoring.weights
    if weights is None:
        return
    for what, known, there in (
        ("unit", weights.units, {one.id for one in estate.units}),
        ("system", weights.systems, {one.id for one in estate.systems}),
    ):
        for name in known:
            if name not in there:
                yield f"contract.pack: {named.pack} gives {what} {name} a weight; no {what} here has that id"


def start_note(named: Contract | None, today: date) -> Iterator[str]:
    """That a contract's first day lies far from today."""
    if named is None:
        return
    start = date.fromisoformat(named.start)
    if start > today + _AHEAD:
        yield f"contract.start: {named.start} is more than a year ahead; no period begins before it"
    elif start < today - _BACK:
        yield f"contract.start: {named.start} is more than five years ago; is it the first day of the term?"


def changed(old: Contract | None, new: Contract | None, sealed: Collection[str]) -> Iterator[str]:
    """What becomes of periods when a contract is removed, replaced or moved. `sealed`: those that are."""
    if old is None or old == new:
        return
    kept = f"sealed ones stay as they are ({', '.join(sorted(sealed))})" if sealed else "none is sealed"
    if new is None:
        yield (
            f"contract: removed; its periods go on being judged by {old.pack}, {kept}; statements are taken"
            " as without a contract"
        )
    elif new.pack != old.pack:
        yield (
            f"contract: {old.pack} becomes {new.pack}; periods that had begun stay with {old.pack}"
            " (but for one in which it was first named and for which the new one has periods),"
            f" all others are judged by {new.pack}; {kept}"
        )
    elif new.start != old.start:
        yield (
            f"contract.start: {old.start} becomes {new.start}; all periods that end from now on, and those"
            f" that only the new term knows, are cut by it; {kept}"
        )
    else:
        yield f"contract.options: another reading holds for periods that end from now on; {kept}"
