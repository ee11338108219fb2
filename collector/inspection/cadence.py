"""The cadence ledger: what was due, and whether it was done, late, missed, excused, open or not proven.

Pure: the same observations give the same rows, on the collector and in the verifier. Something is *missed*
only if its time is over and somebody would have seen it; where the collector was not watching, or where only
people can know and nobody said anything, it is *not proven*.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta, tzinfo

from collector.inspection.cadence_deeds import Index, covering, is_of, straddles, within
from collector.inspection.cadence_due import Ask, turns
from collector.inspection.cadence_model import (
    NOT_CONFIRMED,
    NOT_PLANNED,
    Breach,
    Deed,
    Frame,
    Observed,
    Row,
    Span,
    State,
    Turn,
    Waiver,
)
from collector.inspection.cadence_rosters import covers, guessed
from collector.inspection.cadence_terms import (
    Absent,
    Cadence,
    Distinct,
    Every,
    Obligation,
    ObligationTerms,
    Reads,
    WeekRule,
)
from collector.inspection.deadlines import Due, day_of, iso_week, late_days, monday, shanghai, start_of

_OF_ROUNDS = ("inspection", "special_inspection")
_LOOKED_AT = ("check:", "backup_line:")
_SERVICES = "check:service."
_MONTH_MS, _MONTH = 31 * 86_400_000, timedelta(days=31)
_WEEK_MS = 7 * 86_400_000


def rows(
    terms: ObligationTerms, observed: Observed, frame: Frame, span: Span, only: Iterable[str] | None = None
) -> list[Row]:
    """Rows of all obligations (or of these ids) that belong to the span, in the pack's order.

    MissingYear: a working day is needed of a year without published holidays, and `frame.days.guess` is off.
    """
    index, wanted = Index.of(observed), None if only is None else set(only)
    return [
        row
        for one in terms.obligations
        if wanted is None or one.id in wanted
        for row in rows_of(one, terms, index, frame, span)
    ]


def rows_of(
    obligation: Obligation, terms: ObligationTerms, index: Index, frame: Frame, span: Span
) -> list[Row]:
    """Rows of one obligation."""
    made: list[Row] = []
    for number, cadence in enumerate(obligation.cadences):
        if cadence.every is Every.CLOCK:
            made += _clocks(obligation, number, cadence, index.observed, span)
            continue
        asked = _Asked(obligation, number, cadence, terms, frame)
        if cadence.every is Every.WEEK and terms.week_rule is WeekRule.DAY_DONE:
            made += _weeks_when_done(asked, index, span)
            continue
        ask = Ask(cadence, terms, frame, span)
        used: set[int] = set()
        for turn in turns(ask, index.observed):
            if cadence.every is Every.ALWAYS:
                made.append(_always(asked, turn, index))
            else:
                made.append(_row(asked, turn, index, used))
    return made


def _weeks_when_done(asked: "_Asked", index: Index, span: Span) -> Iterator[Row]:
    """Weeks that belong to the span by the day on which the work was first done; by their Thursday where it
    was not."""
    zone = asked.frame.days.zone
    begins, ends = start_of(asked.frame.first, zone), start_of(asked.frame.end, zone)
    # All weeks of the term: work that came late by months belongs to a period too.
    wide = min(span[0], begins) - _WEEK_MS, max(span[1], ends) + _WEEK_MS
    used: set[int] = set()
    for turn in turns(Ask(asked.cadence, asked.terms, asked.frame, wide), index.observed):
        row = _row(asked, turn, index, used)
        done = row.deeds[0].at_ms if row.state in (State.DONE, State.LATE) else turn.at_ms
        if begins <= turn.at_ms < ends:  # what was done behind the term belongs to its last day
            done = min(max(done, begins), ends - 1)
        if span[0] <= done < span[1]:
            yield replace(row, turn=replace(turn, at_ms=done))


@dataclass(frozen=True, slots=True)
class _Asked:
    """A cadence with what it is of."""

    obligation: Obligation
    number: int
    cadence: Cadence
    terms: ObligationTerms
    frame: Frame

    def distinct(self) -> Distinct:
        if self.terms.count is Reads.LITERAL and self.cadence.distinct is Distinct.WEEK:
            return Distinct.NONE
        return self.cadence.distinct

    def holds(self, deed: Deed, turn: Turn) -> bool:
        """Whether all that was made of several rounds is in the turn, and in the week that it counts for."""
        if deed.since_ms is None:
            return True
        days = [day_of(at, self.frame.days.zone) for at in (deed.since_ms, deed.at_ms)]
        keys = {iso_week(day) if self.distinct() is Distinct.WEEK else str(day) for day in days}
        return deed.since_ms >= turn.from_ms and (self.distinct() is Distinct.NONE or len(keys) == 1)

    def key(self, deed: Deed) -> object:
        """What counts once: the deed itself, its ISO week, its day."""
        if self.distinct() is Distinct.NONE:
            return id(deed)
        day = day_of(deed.at_ms, self.frame.days.zone)
        return iso_week(day) if self.distinct() is Distinct.WEEK else day


def _row(asked: _Asked, turn: Turn, index: Index, used: set[int]) -> Row:
    found = _Found(asked, turn, index, used)
    as_of = index.observed.as_of_ms
    in_time = found.before(turn.due_ms)
    counted = min(found.counted(in_time), turn.needed)
    waived, too_late = _waivers(asked, turn, index.observed)
    state, reason, days_late = State.OPEN, "", 0
    deeds = in_time
    if counted >= turn.needed:
        state = State.DONE
    elif as_of >= turn.due_ms:
        state, reason, deeds, days_late = _over(asked, turn, found, waived, index)
        counted = min(found.counted(deeds), turn.needed)
    if asked.cadence.deadline is not None:
        used.update(id(one) for one in deeds)
    act_by = _act_by(asked, turn, in_time, as_of) if state is State.OPEN else None
    return Row(
        obligation=asked.obligation.id,
        cadence=asked.number,
        what=asked.cadence.what,
        turn=turn,
        state=state,
        counted=counted,
        deeds=tuple(deeds),
        partial=tuple(sorted({(one.entry, one.reason) for one in found.partial})),
        days_late=days_late,
        arrived_late=any(
            one.received_ms >= turn.due_ms and (one.at_ms < turn.due_ms or found.about(one)) for one in deeds
        ),
        waiver=waived.entry if waived is not None and state is State.EXCUSED else None,
        late_waivers=tuple(one.entry for one in too_late),
        who=asked.obligation.who,
        act_by_ms=act_by,
        reason=reason or ("cannot_be_reached" if state is State.OPEN and act_by is None else ""),
    )


class _Found:
    """Deeds that could do a turn: those that count, by time, and those that don't."""

    def __init__(self, asked: _Asked, turn: Turn, index: Index, used: set[int]) -> None:
        self.asked, self.turn = asked, turn
        end = index.observed.as_of_ms if asked.cadence.late else turn.due_ms
        held = [one for kind in asked.cadence.what for one in within(index, kind, turn, end)]
        if turn.covers is not None:
            lasting = covering(index, asked.cadence.what, turn, asked.frame.days.zone)
            held = [*(one for one in held if one.until_ms is None), *lasting]
        held = [one for one in held if id(one) not in used and asked.holds(one, turn)]
        self.partial = [one for one in held if not one.counts and one.at_ms < turn.due_ms]
        self.unsure = [one for one in held if one.counts and straddles(one, turn)]
        self.deeds = [one for one in held if one.counts and not straddles(one, turn)]

    def before(self, due_ms: int) -> list[Deed]:
        return [one for one in self.deeds if one.at_ms < due_ms or self.about(one)]

    def about(self, one: Deed) -> bool:
        """Whether it is of the days themselves that the turn is before."""
        return self.turn.covers is not None and one.until_ms is not None

    def counted(self, deeds: Sequence[Deed]) -> int:
        """How many of what was asked for; where one of each kind is, the least of them."""
        what = self.asked.cadence.what if self.asked.cadence.all_of else ("*",)
        return min(len({self.asked.key(one) for one in deeds if is_of(one.kind, kind)}) for kind in what)

    def first(self) -> list[Deed]:
        """The deeds up to the one with which it was done at last."""
        ordered = sorted(self.deeds, key=lambda one: one.at_ms)
        for number in range(len(ordered)):
            if self.counted(ordered[: number + 1]) >= self.turn.needed:
                return ordered[: number + 1]
        return ordered


def _over(
    asked: _Asked, turn: Turn, found: _Found, waived: Waiver | None, index: Index
) -> tuple[State, str, list[Deed], int]:
    """What became of a turn whose time is over and that was not done in time."""
    in_time = found.before(turn.due_ms)
    if waived is not None:
        return State.EXCUSED, "", in_time, 0
    deeds = found.first() if asked.cadence.late else in_time
    zone = asked.frame.days.zone
    if deeds and found.counted(deeds) >= turn.needed:
        ended = Due(turn.due_ms, turn.last)
        return State.LATE, "", deeds, late_days(ended, deeds[-1].at_ms, zone)
    unsure = _unsure(asked, turn, found, in_time, index)
    if unsure:
        return State.NOT_PROVEN, unsure, in_time, 0
    overdue = late_days(Due(turn.due_ms, turn.last), index.observed.as_of_ms, zone)
    if _denied(asked, turn, index.observed):
        return State.MISSED, "stated_not_done", in_time, overdue if asked.cadence.late else 0
    if asked.cadence.absent is Absent.NOT_PROVEN:
        return State.NOT_PROVEN, "no_statement", in_time, 0
    if not watched(index.observed.watched, turn.from_ms, turn.due_ms):
        return State.NOT_PROVEN, "nobody_watched", in_time, 0
    return State.MISSED, "partial" if found.partial else "", in_time, overdue if asked.cadence.late else 0


def _unsure(asked: _Asked, turn: Turn, found: _Found, in_time: list[Deed], index: Index) -> str:
    """Why a turn may have been done after all, for all anybody knows; "" where it was not."""
    if found.counted([*in_time, *found.unsure]) >= turn.needed:
        return "uncertain_time"
    if _waits(asked, turn, index.observed.pending):
        return "round_open"
    for reasons in ((NOT_CONFIRMED,), (NOT_PLANNED, NOT_CONFIRMED)):
        more = [one for one in found.partial if one.reason in reasons]
        if more and found.counted([*in_time, *found.unsure, *more]) >= turn.needed:
            return reasons[0]
    return ""


def _waits(asked: _Asked, turn: Turn, pending: Sequence[Span]) -> bool:
    """Whether a round of that time may still be answered, and would have done it."""
    wanted = not set(asked.cadence.what).isdisjoint(_OF_ROUNDS)
    return wanted and any(begins < turn.due_ms and ends > turn.from_ms for begins, ends in pending)


def _denied(asked: _Asked, turn: Turn, observed: Observed) -> bool:
    """Whether somebody said that it was not done: of this obligation and place, in the period it is of."""
    return any(
        asked.obligation.id in one.what
        and one.unit in (None, turn.unit)
        and one.system in (None, turn.system)
        and one.from_ms <= turn.at_ms < one.to_ms
        for one in observed.denied
    )


def watched(spans: Sequence[Span], from_ms: int, to_ms: int) -> bool:
    """Whether the collector was there in any part of [from, to)."""
    at = bisect_left(spans, (from_ms, -1))
    nearby = spans[max(at - 1, 0) : at + 1]
    return any(begins < to_ms and ends > from_ms for begins, ends in nearby)


def _throughout(spans: Sequence[Span], turn: Turn, observed: Observed, zone: tzinfo) -> bool:
    """Whether there is any of these in a turn, as far as it is over, and no more than 31 days lie between two
    of them, or between one and an edge: by days, for a monthly look has its day, and not its minute."""
    ends = min(turn.due_ms, observed.as_of_ms)
    near = sorted(one for one in spans if one[0] < ends and one[1] > turn.from_ms)
    at = turn.from_ms
    for begins, until in (*near, (ends, ends)):
        if begins - at > _MONTH_MS and day_of(begins, zone) - day_of(at, zone) > _MONTH:
            return False
        at = max(at, until)
    return bool(near)


def _seen(asked: _Asked, looks: Sequence[Deed], observed: Observed, turn: Turn) -> bool:
    """Whether it would have been seen broken. What machines look at must have been looked at every 31 days: a
    look on the first day proves nothing of the year. (Of services the share of time that nobody watched
    decides, and what people say is theirs.)"""
    cadence, zone = asked.cadence, asked.frame.days.zone
    if not cadence.what:
        return _throughout(observed.watched, turn, observed, zone)
    if not any(kind.startswith(_LOOKED_AT) and not kind.startswith(_SERVICES) for kind in cadence.what):
        return bool(looks)
    return _throughout([(one.at_ms, one.at_ms + 1) for one in looks], turn, observed, zone)


def _always(asked: _Asked, turn: Turn, index: Index) -> Row:
    """Kept so far if somebody looked all the time (deeds of `what` that told, or at all) and nothing of
    `breach` was seen."""
    observed = index.observed
    broken = [one for one in observed.breaches if _breaks(one, asked.cadence, turn, observed.as_of_ms)]
    held = [one for kind in asked.cadence.what for one in within(index, kind, turn, turn.due_ms)]
    looks = [one for one in held if one.counts and one.facts.get("told") is not False]
    seen = _seen(asked, looks, observed, turn)
    short = bool(looks) and not covers(asked.cadence, looks, turn, observed.as_of_ms, asked.frame.days)
    if broken:
        state, reason = State.MISSED, "broken"
    elif short:
        state = State.OPEN if observed.as_of_ms < turn.due_ms else State.NOT_PROVEN
        reason = "roster_short"
    elif not seen or observed.blind & set(asked.cadence.breach) or _perhaps(asked.cadence, turn, observed):
        state = State.OPEN if observed.as_of_ms < turn.due_ms else State.NOT_PROVEN
        reason = "not_told" if seen else "not_observed"
    elif not looks and asked.cadence.absent is Absent.NOT_PROVEN:  # only people know, and nobody said
        state = State.OPEN if observed.as_of_ms < turn.due_ms else State.NOT_PROVEN
        reason = "no_statement"
    else:
        state = State.OPEN if observed.as_of_ms < turn.due_ms else State.DONE
        reason = ""
    return Row(
        asked.obligation.id,
        asked.number,
        asked.cadence.what or asked.cadence.breach,
        replace(turn, provisional=guessed(asked.cadence, turn, asked.frame.days)),
        state,
        len(looks),
        tuple(looks[-1:]),
        breaches=tuple(broken),
        who=asked.obligation.who,
        reason=reason,
    )


def _perhaps(cadence: Cadence, turn: Turn, observed: Observed) -> bool:
    """Whether it may have been broken in the turn."""
    return any(_breaks(one, cadence, turn, observed.as_of_ms) for one in observed.perhaps)


_OF_CLOCK = {
    "running": State.OPEN,
    "suspended": State.OPEN,
    "kept": State.DONE,
    "late": State.LATE,
    "unknown": State.NOT_PROVEN,
    "void": State.EXCUSED,
}


def _clocks(
    obligation: Obligation, number: int, cadence: Cadence, observed: Observed, span: Span
) -> Iterator[Row]:
    """Rows of clocks that were started in the span. One that ran out and was never stopped is missed."""
    wanted = [kind.removeprefix("clock:") for kind in cadence.what]
    for one in observed.clocks:
        if not span[0] <= one.start_ms < span[1] or not any(is_of(one.id, kind) for kind in wanted):
            continue
        state = _OF_CLOCK[one.state]
        if state is State.LATE and one.stop_ms is None:
            state = State.MISSED
        due = one.start_ms if one.due_ms is None else one.due_ms
        day = day_of(due, shanghai())
        turn = Turn(
            f"{one.id}-{one.key}",
            one.start_ms,
            due,
            one.start_ms,
            day,
            1,
            one.unit,
            one.system,
            one.provisional,
            event=one.key,
        )
        yield Row(
            obligation.id,
            number,
            cadence.what,
            turn,
            state,
            int(one.stop_ms is not None),
            who=obligation.who,
            act_by_ms=due if state is State.OPEN and due > observed.as_of_ms else None,
            reason=one.reason or ("suspended" if one.state == "suspended" else ""),
            cited=one.entries,
        )


def _breaks(one: Breach, cadence: Cadence, turn: Turn, as_of: int) -> bool:
    mine = turn.system in (None, one.system) and (turn.system is not None or turn.unit in (None, one.unit))
    lasted = one.until_ms is None or max(one.at_ms, one.until_ms) >= turn.from_ms
    inside = one.at_ms < turn.due_ms and lasted and one.received_ms <= as_of
    return mine and inside and any(is_of(one.kind, kind) for kind in cadence.breach)


def _waivers(asked: _Asked, turn: Turn, observed: Observed) -> tuple[Waiver | None, list[Waiver]]:
    """The first notice that came before, and those that came too late to excuse."""
    names = {asked.obligation.id, *asked.cadence.what}
    mine = [
        one
        for one in observed.waivers
        if names & set(one.what)
        and one.received_ms <= observed.as_of_ms
        and one.from_ms < turn.due_ms
        and one.to_ms > turn.from_ms
        and one.unit in (None, turn.unit)
        and one.system in (None, turn.system)
    ]
    edge = turn.due_ms if asked.terms.waiver_before == "due" else turn.from_ms
    before = [one for one in mine if one.received_ms < edge]
    return (before[0] if before else None), [one for one in mine if one.received_ms >= edge]


def _act_by(asked: _Asked, turn: Turn, done: Sequence[Deed], as_of: int) -> int | None:
    """The last instant at which what is still missing can be begun so that it is in time: of three distinct
    weeks that are missing, the end of the third last. None where too few weeks are left."""
    held = {asked.key(one) for one in done}
    left, ends = 1, [turn.due_ms]
    if asked.distinct() is not Distinct.NONE:
        left = turn.needed - len(held)
        ends = [end for end, key in _left(asked, turn, as_of) if key not in held]
    if len(ends) < left:
        return None
    at = ends[-left] - asked.cadence.lead_hours * 3_600_000
    return at if at > as_of else None


def _left(asked: _Asked, turn: Turn, as_of: int) -> Iterator[tuple[int, object]]:
    """Ends of the ISO weeks (or days) of a turn that are not over, cut at its end, and what they count as."""
    zone = asked.frame.days.zone
    weekly = asked.distinct() is Distinct.WEEK
    day = day_of(max(as_of, turn.from_ms), zone)
    day = monday(day) if weekly else day
    while start_of(day, zone) < turn.due_ms:
        after = day + timedelta(days=7 if weekly else 1)
        yield min(start_of(after, zone), turn.due_ms), iso_week(day) if weekly else day
        day = after
