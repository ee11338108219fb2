"""What nobody looked at in a period, and which lines are therefore not proven (pure).

One rule for availability and for faults: a system counts as watched where no more of its agreed time than
`unseen.max` per mille (its hours, while it is in scope and in service, outside approved windows) was seen by
nobody. What may be hidden in the rest is not proven to be nothing, and not proven to be a fault.
"""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from collector.judging.asked import Asked
from collector.judging.ground import ServiceSeen
from collector.judging.services import BY_WATCHING, UNION
from collector.scoring.model import Gap, Unit

MOST_UNSEEN = 1
"""Per mille, where the pack has no option `unseen.max`: 43 minutes of a month, for an unwatched hour may hide
a fault that lasted as long as the shortest limit of recovery; 8.76 hours of a year, which is what Huai'an's
99.9 % gives away."""


def unproven(seen: Sequence[ServiceSeen], units: Mapping[str, str], asked: Asked) -> Iterator[Gap]:
    """Systems whose availability is measured and of which too little was seen; all while it goes on."""
    period, most = asked.period, _most(asked)
    for one in seen:
        if one.system == UNION:
            continue
        where = units.get(one.system), one.system
        if asked.as_of_ms < period.to_ms:
            yield Gap("availability", "period_open", *where, who="operator", until_ms=period.to_ms)
        elif one.known is None:
            yield Gap("availability", "not_observed", *where, who="operator")
        elif unseen(one) > most:
            yield Gap("availability", "unknown_time", *where, who="operator")


def unwatched(seen: Sequence[ServiceSeen], units: Sequence[Unit], asked: Asked) -> Iterator[Gap]:
    """Faults of systems that nobody, or nobody long enough, looked at; of every unit while the period goes
    on, for tomorrow may bring one; and of a contract without a system in scope."""
    hidden = _hidden(seen, asked)
    for kind in (kind for kind in BY_WATCHING if kind in asked.kinds):
        if not any(unit.systems for unit in units):
            yield Gap(kind, "nothing_in_scope", who="admin")
        for unit in units:
            if asked.as_of_ms < asked.period.to_ms:
                yield Gap(kind, "period_open", unit.id, who="operator", until_ms=asked.period.to_ms)
                continue
            for system in unit.systems:
                reason = hidden.get(system.id, "not_observed")
                if reason:
                    yield Gap(kind, reason, unit.id, system.id, who="operator")


def unseen(one: ServiceSeen) -> Fraction:
    """The share of a system's agreed time that nobody saw: from the least to the most that was up."""
    return Fraction(0) if one.low is None or one.high is None else one.high - one.low


def _most(asked: Asked) -> Fraction:
    chosen = asked.options.get("unseen.max", MOST_UNSEEN)
    return Fraction(chosen if type(chosen) is int else MOST_UNSEEN, 1000)


def _hidden(seen: Sequence[ServiceSeen], asked: Asked) -> dict[str, str]:
    """System -> why its silence proves nothing; "" where it does, or no time of it was agreed."""
    most = _most(asked)
    made = {}
    for one in seen:
        nothing = one.known is None and one.low is not None
        made[one.system] = "not_observed" if nothing else "unknown_time" if unseen(one) > most else ""
    return made
