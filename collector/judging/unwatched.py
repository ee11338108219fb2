"""What nobody looked at in a period, and which lines are therefore not proven (pure).

One rule for availability and for faults: a system counts as watched where no more of its agreed time than
`unseen.max` per mille (its hours, while it is in scope and in service, outside approved windows) was seen by
nobody. What may be hidden in the rest is not proven to be nothing, and not proven to be a fault.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from collector.inspection.deadlines import add_months, start_of
from collector.judging.accepted import FLAWS
from collector.judging.asked import Asked
from collector.judging.ground import CHINA, ServiceSeen
from collector.judging.said import belongs
from collector.judging.services import owing
from collector.scoring.choices import Choices, selects_in
from collector.scoring.counting import announced
from collector.scoring.kinds import ANNOUNCED, BY_LOOKING, BY_PEOPLE
from collector.scoring.model import Gap, Item, PackPeriod, Scalar, Unit
from collector.statements.model import Said
from collector.statements.sides import weighed

UnitsOf = Callable[[PackPeriod], Sequence[Unit]]

MOST_UNSEEN = 1
"""Per mille, where the pack has no option `unseen.max`: 43 minutes of a month, for an unwatched hour may hide
a fault that lasted as long as the shortest limit of recovery; 8.76 hours of a year, which is what Huai'an's
99.9 % gives away."""
_QUARTER = 3  # months: no contract wants scans more seldom
_MAY_COME = ("finding_late", "report_late_days", "repeat_fault", "lapse", *FLAWS, *sorted(BY_PEOPLE))
_BUYER_TELLS = ("deduction", "fine", "veto", "reprimand", "promise_missed", "absence", "refusal")


def unproven(seen: Sequence[ServiceSeen], units: Mapping[str, str], asked: Asked) -> Iterator[Gap]:
    """Systems whose availability is measured and of which too little was seen; all while it goes on."""
    period, limit = asked.period, most(asked)
    for one in owing(seen):
        where = units.get(one.system), one.system
        if asked.as_of_ms < period.to_ms:
            yield Gap("availability", "period_open", *where, who="operator", until_ms=period.to_ms)
        elif one.known is None:
            yield Gap("availability", "not_observed", *where, who="operator")
        elif unseen(one) > limit:
            yield Gap("availability", "unknown_time", *where, who="operator")


def unwatched(seen: Sequence[ServiceSeen], units: Sequence[Unit], asked: Asked) -> Iterator[Gap]:
    """Faults of systems that nobody, or nobody long enough, looked at; of every unit while the period goes
    on, for tomorrow may bring one; and of a contract without a system in scope. At most one hides in each
    stretch that nobody saw of a system."""
    hidden = _hidden(seen, asked)
    for kind in sorted(BY_LOOKING & asked.kinds - {"availability"}):
        if not any(unit.systems for unit in units):
            # Nobody says what there is, so nobody can say how much of it failed.
            yield Gap(kind, "nothing_in_scope", who="admin")
        for unit in units:
            if asked.as_of_ms < asked.period.to_ms:
                until = asked.period.to_ms
                yield Gap(kind, "period_open", unit.id, at_most=1, who="operator", until_ms=until)
                continue
            for system in unit.systems:
                reason, stretches = hidden.get(system.id, ("not_observed", 1))
                if reason:
                    yield Gap(kind, reason, unit.id, system.id, at_most=stretches, who="operator")


def unscanned(scans: Iterable[Item], units_of: UnitsOf, asked: Asked) -> Iterator[Gap]:
    """Flaws of systems that no complete report names, in each quarter of the period (a month is its own):
    what nobody searched for was not found late either."""
    kinds = [kind for kind in FLAWS if kind in asked.kinds]
    if not kinds or asked.as_of_ms < asked.period.to_ms:
        return
    known = [(one.system, one.at_ms or 0) for one in scans]
    missing: dict[tuple[str, str], None] = {}
    for part in _quarters(asked.period):
        told = {system for system, at in known if part.from_ms <= at < part.to_ms}
        for unit in units_of(part):
            missing |= {(unit.id, one.id): None for one in unit.systems if one.id not in told}
    for kind in kinds:
        for place, system in missing:
            yield Gap(kind, "no_report", place, system, who="operator")


def _quarters(period: PackPeriod) -> Iterator[PackPeriod]:
    """A period in parts of at most three months."""
    begin, number = period.first, 0
    while begin < period.end:
        number += 1
        end = min(add_months(period.first, number * _QUARTER), period.end)
        yield replace(
            period, first=begin, end=end, from_ms=start_of(begin, CHINA), to_ms=start_of(end, CHINA)
        )
        begin = end


def placeless(items: Iterable[Item], asked: Asked) -> Iterator[Gap]:
    """What costs a unit something and names none: it may be any unit's, so no unit's line is full."""
    kinds = _by_unit(asked)
    for one in items:
        if one.unit is None and one.kind in kinds:
            facts = {key: value for key, value in one.facts.items() if value is not None}
            yield Gap(one.kind, "no_unit", at_most=1, facts=facts, who="manager")


def _by_unit(asked: Asked) -> set[str]:
    """Kinds that lines of units take points off for."""
    choices = Choices(asked.options)
    lines = [one for one in asked.pack.scoring.lines if choices.word(one.per) != "contract"]
    return {term.count.kind for one in lines if one.deduct is not None for term in one.deduct.terms}


def silent(said: Sequence[Said], asked: Asked, items: Sequence[Item] = ()) -> Iterator[Gap]:
    """What may still come while the period goes on; afterwards what nobody stated, where silence is agreed
    to count only once the buyer has accepted the period (option `silence`).

    Of a gap of the running period one more is counted, so that its bounds show what the next one costs.
    """
    if asked.as_of_ms < asked.period.to_ms:
        for kind in _MAY_COME:
            if kind in asked.kinds:
                yield Gap(kind, "period_open", at_most=1, who=_teller(kind), until_ms=asked.period.to_ms)
    elif asked.options.get("silence") == "acceptance" and not _accepted(said, asked.period):
        for kind in sorted(BY_PEOPLE & asked.kinds):
            yield Gap(kind, "not_accepted", who="buyer")
    yield from _unannounced(said, asked, items)


def _unannounced(said: Sequence[Said], asked: Asked, items: Sequence[Item]) -> Iterator[Gap]:
    """What is due before occasions (特巡特维) of which nobody announced any."""
    over = asked.as_of_ms >= asked.period.to_ms
    if over and (asked.options.get("silence") != "acceptance" or _accepted(said, asked.period)):
        return
    due = {(one.facts.get("obligation"), one.facts.get("what")) for one in items if one.kind == "due"}
    for select in selects_in(asked.pack.scoring):
        named = select.where.get("obligation", ()) if announced(select) else ()
        for obligation in named if isinstance(named, tuple) else ():
            if (obligation, ANNOUNCED) not in due:
                facts: dict[str, Scalar] = {"obligation": obligation, "what": ANNOUNCED}
                until = None if over else asked.period.to_ms
                reason = "not_accepted" if over else "period_open"
                yield Gap(
                    "missed", reason, at_most=None if over else 1, facts=facts, who="buyer", until_ms=until
                )


def _teller(kind: str) -> str:
    return "buyer" if kind in _BUYER_TELLS else "operator"


def _accepted(said: Iterable[Said], period: PackPeriod) -> bool:
    words = [one for one in said if one.kind == "acceptance" and belongs(one, period)]
    return any(one.fields.get("accepted") is True for one in weighed(words))


def unseen(one: ServiceSeen) -> Fraction:
    """The share of a system's agreed time that nobody saw: from the least to the most that was up."""
    return Fraction(0) if one.low is None or one.high is None else one.high - one.low


def most(asked: Asked) -> Fraction:
    """The share of a system's agreed time that may be unseen."""
    chosen = asked.options.get("unseen.max", MOST_UNSEEN)
    return Fraction(chosen if type(chosen) is int else MOST_UNSEEN, 1000)


def _hidden(seen: Sequence[ServiceSeen], asked: Asked) -> dict[str, tuple[str, int]]:
    """System -> why its silence proves nothing ("" where it does, or no time of it was agreed), and in how
    many stretches."""
    limit = most(asked)
    made = {}
    for one in seen:
        nothing = one.known is None and one.low is not None
        reason = "not_observed" if nothing else "unknown_time" if unseen(one) > limit else ""
        made[one.system] = reason, max(one.blind, 1)
    return made
