"""From a ground to the ledger of a period, and to what its scorecard counts of it: store and verifier alike.

Pure. Due dates go on beyond the years whose holidays are published, marked provisional (ruling 12); clocks
of faults do not, they are unknown there.
"""

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from collector.availability.calendar_cn import Calendar
from collector.inspection.cadence_due import Ask, turns
from collector.inspection.cadence_model import Frame, Observed, Span, State
from collector.inspection.cadence_terms import (
    Cadence,
    Each,
    Every,
    ObligationTerms,
    Tag,
    WeekRule,
    with_options,
)
from collector.inspection.deadlines import Workdays, day_of, monday, shanghai, start_of, stretches
from collector.inspection.obligations import ObligationLine, gaps, items, lapse_gaps, lapse_items, ledger
from collector.inspection.obligations_rounds import ROUNDS
from collector.inspection.obligations_seen import NOTHING, Extra, completed, gathered
from collector.judging import lapses
from collector.judging.ground import BackedUp, Ground, UnitRound
from collector.judging.united import when
from collector.packs.checking import walk
from collector.packs.model import Pack
from collector.scoring.model import Gap, Item, PackPeriod
from collector.scoring.terms import Select, Value

_KINDS = frozenset({"due", "done", "late", "missed", "excused"})
_DAY_MS = 86_400_000
_BEFORE = 100 * _DAY_MS  # weeks cut by the period's edge, the months of a lapse, a half-year's other quarter
_AFTER = 40 * _DAY_MS  # what is handed in after the end
_EVER = -(2**53)
_SHORT = {Every.WORKING_DAY, Every.DAY, Every.WEEK, Every.FIRST_WEEK, Every.MONTH, Every.MONTH_END}


@dataclass(frozen=True, slots=True)
class Counting:
    """What a ledger is asked for: terms under the options chosen, the contract's term, a span, as of when."""

    terms: ObligationTerms
    frame: Frame
    span: Span
    as_of_ms: int
    pack: Pack
    options: Mapping[str, Value]


def counting(
    pack: Pack,
    options: Mapping[str, Value],
    term: tuple[date, date],
    span: Span,
    as_of_ms: int,
    calendar: Calendar,
    *,
    guess: bool = True,
) -> Counting | None:
    """The question for a span of a contract's term; None where the pack names no obligations."""
    if pack.obligations is None:
        return None
    terms = with_options(pack.obligations, {key: str(value) for key, value in options.items()})
    days = Workdays(calendar, shanghai(), terms.office(), guess)
    return Counting(terms, Frame(*term, days), span, as_of_ms, pack, options)


def span_of(asked: Counting) -> Span:
    """What a ground must hold for a span: whole stretches of all its cadences. Never more than the term."""
    zone = asked.frame.days.zone
    first, end = start_of(asked.frame.first, zone), start_of(asked.frame.end, zone)
    return max(asked.span[0] - _BEFORE, first), min(asked.span[1] + _AFTER, end + _AFTER)


def reach_of(asked: Counting) -> Span:
    """What rounds and backups it must hold: where months without are counted, or what a turn of the span
    counts may be older than `span_of` has it, all of the term so far."""
    begin, end = span_of(asked)
    first = start_of(asked.frame.first, asked.frame.days.zone)
    return (first if asked.terms.lapse_months or _counts_far(asked.terms) else begin), end


def _counts_far(terms: ObligationTerms) -> bool:
    """Whether rounds or backups are counted by the half-year and longer, or by the day on which a week's were
    done at last. A quarter is not longer than `_BEFORE`."""
    return any(
        held.every is not Every.QUARTER and _reaches_far(held, terms)
        for one in terms.obligations
        for held in one.cadences
        if any(_rounds(what) or _backups(what) for what in held.what)
    )


def told(asked: Counting, ground: Ground, extra: Extra = NOTHING) -> tuple[ObligationLine, ...]:
    """The ledger: every obligation of the pack."""
    return ledger(asked.terms, seen(asked, ground, extra), asked.frame, asked.span, ground.said)


def seen(asked: Counting, ground: Ground, extra: Extra = NOTHING) -> Observed:
    """What the ledger is told from."""
    return completed(seen_by_all(asked, replace(ground, special=extra.special)), extra)


def seen_by_all(asked: Counting, ground: Ground, wanted: Collection[str] | None = None) -> Observed:
    """The dear part of it, which is the same whatever other parts make of the log. `wanted`: ids of the only
    obligations that will be told from it, which need no backups where none of them counts any."""
    near = replace(ground, backups=_near(asked, ground.backups, wanted))
    since = unparted(ground.rounds, rounds_since(asked, wanted))
    scanned = _begins(asked, wanted, _scans)
    sinces = since, asked.span[1] if scanned is None else scanned
    base = gathered(near, asked.terms, asked.frame, asked.as_of_ms, ground.special, *sinces)
    term = asked.frame.first, asked.frame.end
    question = lapses.Question(asked.pack, asked.options, asked.terms, term, asked.as_of_ms)
    span = None if _lapses_and_more(asked) else asked.span
    proven, perhaps = lapses.lapses(ground, question, base.waivers, base.denied, span)
    return replace(base, breaches=(*base.breaches, *proven), perhaps=perhaps)


def unparted(rounds: Sequence[UnitRound], since: int) -> int:
    """Since when rounds are taken, so that none of those from an instant on lacks the share of a unit."""
    windows = {one.window for one in rounds if when(one) >= since}
    return min((when(one) for one in rounds if one.window in windows), default=since)


def _lapses_and_more(asked: Counting) -> bool:
    """Whether an obligation is broken by a lapse and by something else: what nobody can tell of that (priced)
    is told by whether there may be a lapse at all."""
    cadences = [held for one in asked.terms.obligations for held in one.cadences]
    return any(lapses.LAPSE in held.breach and len(held.breach) > 1 for held in cadences)


def _near(
    asked: Counting, backups: tuple[BackedUp, ...], wanted: Collection[str] | None
) -> tuple[BackedUp, ...]:
    """The backups that obligations (of these ids) can be told from."""
    since = backups_since(asked, wanted)
    if since is None:
        return ()
    return tuple(one for one in backups if one.at_ms >= since)


def backups_since(asked: Counting, wanted: Collection[str] | None = None) -> int | None:
    """From when on backups tell something of obligations (of these ids): None where none of them counts any,
    else from the first turn of the span on: whole weeks, for backups of a week are counted together."""
    begin = _begins(asked, wanted, _backups)
    return begin if begin is None or begin == _EVER else _monday(asked, begin)


def rounds_since(asked: Counting, wanted: Collection[str] | None = None) -> int:
    """From when on rounds tell something of obligations (of these ids), as `backups_since`: a whole contract
    month is taken or none of it, and the whole week in which it begins, for their rounds are counted
    together."""
    begin = _begins(asked, wanted, _rounds)
    if begin is None:
        begin = asked.span[0]
    frame = asked.frame
    begins = [
        start_of(low, frame.days.zone)
        for low, _ in stretches(frame.first, frame.end, 1, asked.terms.anchor_day)
    ]
    if not begins or begin < begins[0]:
        return _EVER
    return _monday(asked, begins[bisect_right(begins, begin) - 1])


def _monday(asked: Counting, at_ms: int) -> int:
    """The beginning of an instant's week."""
    zone = asked.frame.days.zone
    return start_of(monday(day_of(at_ms, zone)), zone)


def _begins(asked: Counting, wanted: Collection[str] | None, of: Callable[[str], bool]) -> int | None:
    """The earliest instant that a turn of the span begins at, of obligations (of these ids) that count such
    work; None where none of them counts any."""
    every = [one for one in asked.terms.obligations if wanted is None or one.id in wanted]
    held = {held for one in every for held in one.cadences if any(map(of, held.what))}
    # Of each unit or system a turn is the contract's own, and of whichever event it begins in the span.
    shapes = {replace(one, each=Each.CONTRACT, what=(), breach=(), all_of=False) for one in held}
    return min((_begin(asked, one) for one in shapes), default=None)


def _begin(asked: Counting, cadence: Cadence) -> int:
    if cadence.every is Every.WEEK and asked.terms.week_rule is WeekRule.DAY_DONE:
        return _EVER  # a week belongs to the day on which it was done at last
    if cadence.every is Every.EVENT:
        return _EVER  # what names the event answers it whenever it was
    if cadence.every is Every.BEFORE:
        return asked.span[0] - max(cadence.opens_days, cadence.ahead_days, 1) * _DAY_MS
    made = turns(Ask(cadence, asked.terms, asked.frame, asked.span), Observed(asked.as_of_ms))
    return min((one.from_ms for one in made), default=asked.span[1])


def _reaches_far(cadence: Cadence, terms: ObligationTerms) -> bool:
    """Whether a turn of the span may begin long before it."""
    if cadence.every is Every.WEEK:
        return terms.week_rule is WeekRule.DAY_DONE
    if cadence.every is Every.BEFORE:
        return cadence.opens_days * _DAY_MS > _BEFORE
    return cadence.every not in _SHORT


def _rounds(what: str) -> bool:
    return any(_names(what, kind) for kind in ROUNDS)


def _names(what: str, kind: str) -> bool:
    return what == kind or (what.endswith("*") and kind.startswith(what[:-1]))


def _scans(what: str) -> bool:
    return _names(what, "scan")


def _backups(what: str) -> bool:
    return _names(what, "backup")


def counted(
    asked: Counting, pack: Pack, ground: Ground, extra: Extra = NOTHING, base: Observed | None = None
) -> tuple[tuple[Item, ...], tuple[Gap, ...]]:
    """Items and gaps of the obligations that the pack's rules count rows of (PD-37, HA-26), lapses, and what
    was broken of those whose deduction the buyer sets (LH-40, LH-42) and has not set. `base` as of
    `seen_by_all`."""
    priced, lapsing = priced_by(pack)
    stated = set_by_people(pack)
    if not priced and not lapsing and not stated:
        return (), ()
    known = completed(base or seen_by_all(asked, ground), extra)
    lines = ledger(asked.terms, known, asked.frame, asked.span, ground.said, priced | stated)
    counted_by_row = [one for one in lines if one.obligation.id in priced]
    made = [*items(counted_by_row, asked.frame)]
    left = [one for one in lines if one.obligation.id in stated]
    open_ = [*gaps(counted_by_row), *undecided(left, known, asked.span)]
    if lapsing:
        made += lapse_items(known, asked.span, asked.frame)
        open_ += lapse_gaps(known, asked.span, asked.terms.lapse_per)
    return tuple(made), tuple(open_)


def undecided(lines: Iterable[ObligationLine], known: Observed, span: Span) -> Iterator[Gap]:
    """Broken rows that no deduction of the buyer answers yet: it may still be set, at nought too."""
    for line in lines:
        item = line.obligation.line
        kind = f"deduction:{item}"
        broken = [row for row in line.rows if row.state in (State.MISSED, State.LATE)]
        own = [row for row in broken if not any(one.kind == kind for one in row.breaches)]
        said = sum(one.kind == kind and span[0] <= one.at_ms < span[1] for one in known.breaches)
        if len(own) > said:
            facts = {"item": item, "obligation": line.obligation.id}
            yield Gap("deduction", "no_statement", at_most=len(own) - said, facts=facts, who="buyer")


def set_by_people(pack: Pack) -> frozenset[str]:
    """Obligations whose deduction is what a person states, and that a machine sees broken."""
    by_item = {one.id for one in pack.scoring.deductions if one.count.kind == "deduction"}
    known = pack.obligations.obligations if pack.obligations is not None else ()
    return frozenset(one.id for one in known if one.line in by_item and one.tag is not Tag.MANUAL)


def priced_by(pack: Pack) -> tuple[frozenset[str], bool]:
    """Obligations whose rows a rule counts, and whether lapses are counted."""
    found = [part for _, part in walk(pack.scoring, ()) if isinstance(part, Select)]
    named: set[str] = set()
    for part in found:
        wanted = part.where.get("obligation", ()) if part.kind in _KINDS else ()
        named |= {str(one) for one in wanted} if isinstance(wanted, tuple) else set()
    return frozenset(named), any(part.kind == "lapse" for part in found)


def term_of(periods: Sequence[PackPeriod]) -> tuple[date, date]:
    """First day and end of a contract by its periods."""
    return periods[0].first, periods[-1].end
