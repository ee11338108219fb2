"""What is due to be said to whom, from what stands now and what was said before. Pure and idempotent.

What began before the sender first saw a rule is never told; what was told is not told again.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

from collector.faults.said import Extent
from collector.notify.receipts import AGAIN, LATE, OVER, PAST, VOID, Known, said_of
from collector.notify.rules import FAULT, Rule

BEGUN, REMINDER = "begun", "reminder"
MOST_AGE_MS = 86_400_000
"""What was over so long before anybody could tell it is not told any more."""
MOST_REMINDERS = 48
MOST_TURNS = 20
"""So often at most one thing is told to be over, or not to be over."""
_ENDS = (OVER, PAST, VOID)


@dataclass(frozen=True, slots=True)
class Subject:
    """Something that stands, or stood: a fault, a finding, a silent agent. `over_ms` None: it still does.

    `acknowledged_ms`: when a person took it up; `level`: of a fault, stated or proposed. `late`: a limit that
    has run out; `void`: what was told of, and is none by what came since: it is told to those alone who
    heard of it. `words`: what the message says of it besides, by stable names.
    """

    kind: str
    id: str
    since_ms: int
    over_ms: int | None = None
    acknowledged_ms: int | None = None
    system: str | None = None
    unit: str | None = None
    level: int | None = None
    words: Mapping[str, object] = field(default_factory=dict)
    late: bool = False
    void: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """What was put into the outbox before: to whom, what, and when."""

    to: str
    kind: str
    id: str
    stage: str
    made_ms: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """A line for the outbox: whom, what, and not before when."""

    rule: Rule
    subject: Subject
    stage: str
    not_before_ms: int


def wanted(
    rules: Iterable[tuple[Rule, int]],
    subjects: Sequence[Subject],
    told: Iterable[Told],
    now_ms: int,
    zone: tzinfo,
) -> Iterator[Wanted]:
    """Everything that is due now and was not put into the outbox yet. `rules`: each with the instant from
    which on it counts. Nothing twice for one recipient, whichever rules ask for it."""
    faults = _faults(subjects)
    before: dict[tuple[str, str, str], list[Told]] = {}
    for one in told:
        before.setdefault((one.to, one.kind, _about(one, faults)), []).append(one)
    for rule, since_ms in rules:
        for subject in subjects:
            mine = before.setdefault((rule.to, subject.kind, subject.id), [])
            if not _asks(rule, subject, mine):
                continue
            stage = _stage(rule, subject, mine, now_ms, since_ms)
            if stage:
                mine.append(Told(rule.to, subject.kind, subject.id, stage, now_ms))
                yield Wanted(rule, subject, stage, _loud(rule, now_ms, zone))


def _asks(rule: Rule, subject: Subject, mine: Sequence[Told]) -> bool:
    if rule.when != subject.kind:
        return False
    if mine and (subject.void or subject.over_ms is not None):
        return True  # who was told of it is told its end, whatever level it has by now
    return (
        (not rule.units or subject.unit in rule.units)
        and (not rule.systems or subject.system in rule.systems)
        # A fault of which nobody can tell the level yet may be of any.
        and (not rule.levels or subject.level is None or subject.level in rule.levels)
    )


def _faults(subjects: Iterable[Subject]) -> Known:
    found = ((one, one.system) for one in subjects if one.kind == FAULT and not one.void)
    return Known(Extent(one.id, system, one.since_ms, one.over_ms) for one, system in found if system)


def _about(told: Told, faults: Known) -> str:
    """Which one was told of: a fault's id holds its onset, which late evidence may move."""
    found = faults.about(told.id, told.stage, told.made_ms) if told.kind == FAULT else None
    return told.id if found is None else found


def _stage(rule: Rule, subject: Subject, mine: Sequence[Told], now_ms: int, since_ms: int) -> str:
    """What is to be said of it next; "" for nothing."""
    stages = [said_of(one.stage) for one in mine]
    # What was said last of whether it stands: a reminder says nothing new.
    last = next((one for one in reversed(stages) if one != REMINDER), "")
    if subject.void:
        return _turned(VOID, stages) if last not in ("", VOID) else ""
    if subject.over_ms is not None:
        return _end(rule, subject, stages, last, now_ms, since_ms)
    if not stages:
        begun = LATE if subject.late else BEGUN
        return begun if _begins(rule, subject, now_ms, since_ms) else ""
    if last in _ENDS:
        return _turned(AGAIN, stages)
    if subject.late and LATE not in stages:
        return LATE
    return _reminder(rule, subject, mine, now_ms)


def _turned(word: str, stages: Sequence[str]) -> str:
    """What is told otherwise than before, with its number from the second time on; "" after too many."""
    number = stages.count(word) + 1
    if number > MOST_TURNS:
        return ""
    return word if number == 1 else f"{word}-{number}"


def _begins(rule: Rule, subject: Subject, now_ms: int, since_ms: int) -> bool:
    if subject.since_ms < since_ms:
        return False
    if rule.after is None:
        return True
    return subject.acknowledged_ms is None and now_ms >= subject.since_ms + rule.after


def _end(rule: Rule, subject: Subject, stages: Sequence[str], last: str, now_ms: int, since_ms: int) -> str:
    if stages:
        # What was said to be none has been one after all.
        return "" if last in (OVER, PAST) else _turned(PAST if last == VOID else OVER, stages)
    over = subject.over_ms or 0
    fresh = subject.since_ms >= since_ms and over > now_ms - MOST_AGE_MS
    return PAST if fresh and rule.after is None else ""


def _reminder(rule: Rule, subject: Subject, mine: Sequence[Told], now_ms: int) -> str:
    last = max(one.made_ms for one in mine)
    number = len([one for one in mine if one.stage.startswith(REMINDER)]) + 1
    asked = rule.remind is not None and subject.acknowledged_ms is None and number <= MOST_REMINDERS
    return f"{REMINDER}-{number}" if asked and now_ms >= last + (rule.remind or 0) else ""


def _loud(rule: Rule, now_ms: int, zone: tzinfo) -> int:
    """When it may go out: now, or when the quiet stretch is over."""
    if rule.quiet is None:
        return now_ms
    local = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(zone)
    begins, ends = (60 * int(text[:2]) + int(text[3:]) for text in rule.quiet)
    minute = 60 * local.hour + local.minute
    inside = begins <= minute < ends if begins < ends else minute >= begins or minute < ends
    if not inside:
        return now_ms
    left = (ends - minute) % 1440
    return now_ms - now_ms % 60_000 + left * 60_000
