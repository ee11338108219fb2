"""Deeds as they are looked up: which of those observed could do a turn, by subject and by time."""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta, tzinfo

from collector.inspection.cadence_model import Deed, Observed, Turn
from collector.inspection.deadlines import day_of

# What is about a unit or a system by its nature: one of them does nothing for the contract as a whole.
_OF_PARTS = ("inspection", "special_inspection", "backup")
_Choice = tuple[str, str | None, str | None, bool]
_Chosen = tuple[list[Deed], list[int]]


@dataclass
class Index:
    """Observations by kind, in order; made once for all obligations."""

    observed: Observed
    deeds: dict[str, list[Deed]] = field(default_factory=dict)
    chosen: dict[_Choice, _Chosen] = field(default_factory=dict)
    places: dict[str, dict[str | None, list[int]]] = field(default_factory=dict)
    """Of each kind, by system: which of its deeds; there are as many as days times systems."""

    @classmethod
    def of(cls, observed: Observed) -> "Index":
        """Everything that was received up to the instant asked about."""
        made = cls(observed)
        for one in sorted(observed.deeds, key=lambda one: (one.at_ms, one.entry, one.line or 0)):
            if one.received_ms <= observed.as_of_ms:
                made.deeds.setdefault(one.kind, []).append(one)
        return made

    def of_kind(self, kind: str, turn: Turn) -> _Chosen:
        """Deeds of a kind (`check:*`: all that begin so) that are the turn's subject's, and their times."""
        key = (kind, turn.unit, turn.system, bool(turn.event))
        if key not in self.chosen:
            kinds = [kind]
            if kind.endswith("*"):
                kinds = sorted(one for one in self.deeds if one.startswith(kind[:-1]))
            found = [one for name in kinds for one in self._near(name, turn) if _concerns(one, turn)]
            found.sort(key=lambda one: one.at_ms)
            self.chosen[key] = found, [one.at_ms for one in found]
        return self.chosen[key]

    def _near(self, kind: str, turn: Turn) -> Iterable[Deed]:
        """Deeds of a kind, in order, without most of those of other systems where the turn is one's."""
        deeds = self.deeds.get(kind, ())
        if turn.system is None or turn.event or not deeds:
            return deeds
        if kind not in self.places:
            by_system = self.places[kind] = {}
            for number, one in enumerate(deeds):
                by_system.setdefault(one.system, []).append(number)
        held = self.places[kind]
        mine = sorted((*held.get(turn.system, ()), *held.get(None, ())))
        return (deeds[number] for number in mine)


def within(index: Index, kind: str, turn: Turn, end: int) -> list[Deed]:
    """Deeds of a kind from the turn's beginning to `end` (or perhaps inside, by an unsure clock);
    reports by what they are about; answers to an event by the event they name."""
    deeds, times = index.of_kind(kind, turn)
    if turn.about is not None or turn.event:
        return [one for one in deeds if _answers(one, turn, end)]
    slack = max((max(one.slack_ms, _end(one) - one.at_ms) for one in deeds), default=0)
    near = deeds[bisect_left(times, turn.from_ms - slack) : bisect_left(times, end + slack)]
    return [one for one in near if _inside(one, turn, end) or straddles(one, turn)]


def covering(index: Index, kinds: Iterable[str], turn: Turn, zone: tzinfo) -> list[Deed]:
    """What lasts and together covers each day that the turn is about, whenever it began; else nothing."""
    if turn.covers is None:
        return []
    first, end = turn.covers
    every = {first + timedelta(days=n) for n in range((end - first).days)}
    found, left = [], set(every)
    for one in (deed for kind in kinds for deed in index.of_kind(kind, turn)[0] if deed.until_ms is not None):
        from_, last = day_of(one.at_ms, zone), day_of(max(_end(one) - 1, one.at_ms), zone)
        met = {day for day in every if from_ <= day <= last}
        if met and one.counts:
            found.append(one)
            left -= met
    return [] if left else found


def straddles(deed: Deed, turn: Turn) -> bool:
    """Whether a clock that nobody could compare leaves open on which side of an edge it was."""
    if not deed.slack_ms:
        return False
    early, late = deed.at_ms - deed.slack_ms, deed.at_ms + deed.slack_ms
    return early < turn.from_ms <= late or early < turn.due_ms <= late


def is_of(kind: str, wanted: str) -> bool:
    """Whether a kind is the one that is wanted, or (`check:*`) begins so."""
    return kind.startswith(wanted[:-1]) if wanted.endswith("*") else kind == wanted


def _concerns(deed: Deed, turn: Turn) -> bool:
    if turn.event and deed.facts.get("event"):
        return True  # it names what it answers, and need not say where that was
    if turn.system is not None:
        return deed.system == turn.system or (deed.system is None and deed.unit == turn.unit is not None)
    if turn.unit is not None:
        return deed.unit == turn.unit and deed.system is None
    return (deed.unit is None and deed.system is None) or deed.kind not in _OF_PARTS


def _end(deed: Deed) -> int:
    return deed.at_ms if deed.until_ms is None else max(deed.until_ms, deed.at_ms)


def _inside(deed: Deed, turn: Turn, end: int) -> bool:
    """Whether it was done between the turn's beginning and `end`, or went on into it."""
    return deed.at_ms < end and (turn.from_ms <= deed.at_ms or turn.from_ms < _end(deed))


def _answers(deed: Deed, turn: Turn, end: int) -> bool:
    if turn.about is not None and deed.about is not None:
        return turn.about[0] <= deed.about < turn.about[1] and deed.at_ms < end
    named = deed.facts.get("event") or deed.facts.get("occasion")
    if turn.event and named:
        return named in (turn.event, turn.key) and deed.at_ms < end
    return _inside(deed, turn, end)
