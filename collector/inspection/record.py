"""The inspection record (巡检记录) of one round: made of signed results, judged again. Pure, and exact.

Four parts: overview (counts), problems, carried over from the previous record, not inspected; and every
machine item with its readings and its place in the log. What only a person can see is in it where the round
asks people for it (version 2): as what somebody entered, or as not done. An empty record cannot be made.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from checks.api import Check, Number, Reading, State
from checks.codec import FieldError, from_json, to_json
from checks.plan import Window
from checks.result import Result, rejudge
from checks.wire import strict_json
from collector.inspection import human as people
from collector.inspection.due import Owed
from collector.inspection.human import HumanLook, HumanOwed, HumanPart, Statement


class EmptyRecord(Exception):
    """Nothing was owed: there is nothing to record."""

    code = "empty_record"


@dataclass(frozen=True, slots=True)
class Place:
    """Where evidence stands: log entry and line of its body."""

    entry: int
    line: int


@dataclass(frozen=True, slots=True)
class Seen:
    """A result that counts for a due pair, read back from the log. `t_ms` is corrected for the clock."""

    result: Result
    t_ms: int
    place: Place


@dataclass(frozen=True, slots=True)
class ItemReading:
    """A reading as it was signed."""

    name: str
    value: Number | None
    unit: str
    state: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class MachineItem:
    """One look. `judged` says what the same judge says today: same, differs, or why it was not asked."""

    check: str
    version: int
    target: str
    asset: str | None
    agent: str
    t_ms: int
    late: bool
    state: str
    readings: tuple[ItemReading, ...]
    judged: str
    evidence: Place


@dataclass(frozen=True, slots=True)
class ProblemItem:
    """A reading that is not good, with its evidence; `since` is the window it was first recorded in."""

    check: str
    target: str
    asset: str | None
    reading: ItemReading
    evidence: Place
    since: str


@dataclass(frozen=True, slots=True)
class CarriedItem:
    """A problem of the record before, and now: open, resolved, not_inspected or no_longer_due."""

    check: str
    target: str
    name: str
    state: str
    since: str
    now: str


@dataclass(frozen=True, slots=True)
class Missing:
    """A due pair without a reading: `missing`, `not_enrolled`, or `error` with its kind and evidence; of
    people (no agent): `not_done`."""

    check: str
    target: str
    asset: str | None
    agent: str
    reason: str
    error: str | None = None
    evidence: Place | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """The judge says something else of the same facts today."""

    check: str
    target: str
    evidence: Place
    kind: str
    detail: str


@dataclass(frozen=True, slots=True)
class Counts:
    """Overview. due = done + missed + errors; late is part of done."""

    due: int
    done: int
    late: int
    missed: int
    errors: int
    ok: int
    warn: int
    unknown: int
    crit: int
    problems: int


@dataclass(frozen=True, slots=True)
class Record:
    """One round's inspection record. `previous` is the digest (hex) of the record before it, if any.

    `v`: 1 where the round owed nothing from people, else 2; the counts are of both.
    """

    v: int
    round: str
    name: str
    window: Window
    timezone: str
    estate: str
    closed_ms: int
    previous: str
    overview: Counts
    problems: tuple[ProblemItem, ...]
    unclear: tuple[ProblemItem, ...]
    carried_over: tuple[CarriedItem, ...]
    not_inspected: tuple[Missing, ...]
    items: tuple[MachineItem, ...]
    findings: tuple[Finding, ...]
    human: HumanPart


@dataclass(frozen=True, slots=True)
class Frame:
    """What a record is of and when it is closed."""

    round: str
    name: str
    window: Window
    timezone: str
    estate: str
    closed_ms: int


@dataclass(frozen=True, slots=True)
class ByPeople:
    """What people owed in the window, and all that they said of it."""

    owed: tuple[HumanOwed, ...] = ()
    said: tuple[Statement, ...] = ()


NOBODY = ByPeople()
Lookup = Callable[[str], Check[Any, Any] | None]
Key = tuple[str, str, str]  # check, target, agent
Pair = tuple[str, str]


def make_record(
    frame: Frame,
    owed: Iterable[Owed],
    seen: Mapping[Key, Seen],
    previous: "Record | None",
    lookup: Lookup,
    by_people: ByPeople = NOBODY,
) -> Record:
    """The record of a round: `seen` by (check, target, agent); EmptyRecord when nothing was owed."""
    due = _pairs(owed, seen)
    human = people.inspected(by_people.owed, by_people.said)
    if not due and not human.items:
        raise EmptyRecord(f"{frame.window.id} owed nothing")
    items: list[MachineItem] = []
    missing: list[Missing] = []
    findings: list[Finding] = []
    for look in due.values():
        found = seen.get((look.check, look.target, look.agent))
        if found is None or found.result.error is not None:
            missing.append(_missing(look, found))
            continue
        judged, more = _judged(look, found, lookup)
        items.append(_item(look, found, frame.window, judged))
        findings += more
    first = _since(previous)
    bad = [p for item in items for p in _problems(item, frame.window.id, first)]
    bad += [p for look in human.items for p in _human_problem(look, frame.window.id, first)]
    missing += [_not_done(look) for look in human.items if look.state == people.NOT_DONE]
    pairs = {*due, *((look.check, look.target) for look in human.items)}
    looked = pairs - {(one.check, one.target) for one in missing}
    problems = tuple(p for p in bad if p.reading.state != State.UNKNOWN)
    return Record(
        v=2 if human.items else 1,
        round=frame.round,
        name=frame.name,
        window=frame.window,
        timezone=frame.timezone,
        estate=frame.estate,
        closed_ms=frame.closed_ms,
        previous="" if previous is None else digest(encode(previous)),
        overview=_counts(items, human.items, missing, len(problems)),
        problems=problems,
        unclear=tuple(p for p in bad if p.reading.state == State.UNKNOWN),
        carried_over=tuple(_carried(previous, bad, looked, pairs)),
        not_inspected=tuple(missing),
        items=tuple(items),
        findings=tuple(findings),
        human=human,
    )


def encode(record: Record) -> bytes:
    """The record's bytes; their SHA-256 is logged."""
    made = to_json(record)
    if record.v == 1:  # as it was written before people's items: its bytes are cited by digest
        made["human"] = {"note": record.human.note, "items": []}
    return strict_json.dumps(made)


def parse(data: bytes) -> Record:
    """The record in `data`; WireError or FieldError if it is none."""
    return from_json(Record, strict_json.loads(data), "record")


def digest(data: bytes) -> str:
    """SHA-256 (hex) of a record's bytes."""
    return sha256(data).hexdigest()


def _pairs(owed: Iterable[Owed], seen: Mapping[Key, Seen]) -> dict[Pair, Owed]:
    """One look per pair of check and target. Where several agents owe it (an asset moved from one to
    another inside the window), one that gave a reading, else an answer, else one that is enrolled."""

    def rank(look: Owed) -> tuple[bool, bool, bool]:
        found = seen.get((look.check, look.target, look.agent))
        return (found is not None and found.result.error is None, found is not None, look.enrolled)

    made: dict[Pair, Owed] = {}
    for look in owed:
        held = made.get((look.check, look.target))
        if held is None or rank(look) > rank(held):
            made[look.check, look.target] = look
    return made


def _missing(look: Owed, found: Seen | None) -> Missing:
    who = (look.check, look.target, look.asset, look.agent)
    if found is not None and found.result.error is not None:
        return Missing(*who, "error", found.result.error.value, found.place)
    return Missing(*who, "missing" if look.enrolled else "not_enrolled")


def _not_done(look: HumanLook) -> Missing:
    return Missing(look.check, look.target, look.target, "", people.NOT_DONE)


def _item(look: Owed, found: Seen, window: Window, judged: str) -> MachineItem:
    result = found.result
    return MachineItem(
        check=look.check,
        version=result.version,
        target=look.target,
        asset=look.asset,
        agent=result.vantage,
        t_ms=found.t_ms,
        late=found.t_ms >= window.to_ms,
        state=result.state.value,
        readings=tuple(_reading(reading) for reading in result.readings),
        judged=judged,
        evidence=found.place,
    )


def _reading(reading: Reading) -> ItemReading:
    return ItemReading(reading.name, reading.value, reading.unit.value, reading.state.value, reading.reason)


def _judged(look: Owed, found: Seen, lookup: Lookup) -> tuple[str, list[Finding]]:
    """Ask the same judge again about the same facts."""
    result = found.result
    if result.params != look.digest:
        return "other_params", [_finding(look, found, "other_params", "not the parameters of the plan")]
    check = lookup(look.check)
    if check is None or check.version != result.version:
        return "other_version", []
    try:
        again = rejudge(check, result, look.params)
    except FieldError as error:
        return "unreadable", [_finding(look, found, "unreadable", str(error))]
    if again == result.readings:
        return "same", []
    old = {reading.name: reading for reading in result.readings}
    new = {reading.name: reading for reading in again}
    names = [name for name in dict.fromkeys([*old, *new]) if old.get(name) != new.get(name)]
    return "differs", [_finding(look, found, "judged_differently", ", ".join(names))]


def _finding(look: Owed, found: Seen, kind: str, detail: str) -> Finding:
    return Finding(look.check, look.target, found.place, kind, detail)


Problem = tuple[str, str, str]  # check, target, name of the reading


def _since(previous: Record | None) -> dict[Problem, str]:
    if previous is None:
        return {}
    known = {(p.check, p.target, p.reading.name): p.since for p in (*previous.problems, *previous.unclear)}
    carried = {
        (c.check, c.target, c.name): c.since for c in previous.carried_over if c.now == "not_inspected"
    }
    return carried | known


def _problems(item: MachineItem, window: str, first: Mapping[Problem, str]) -> Iterable[ProblemItem]:
    for reading in item.readings:
        if reading.state != State.OK:
            since = first.get((item.check, item.target, reading.name), window)
            yield ProblemItem(item.check, item.target, item.asset, reading, item.evidence, since)


def _human_problem(look: HumanLook, window: str, first: Mapping[Problem, str]) -> Iterable[ProblemItem]:
    if look.entry is not None and look.state != State.OK:
        reading = ItemReading(look.item, look.value, "none", look.state)
        since = first.get((look.check, look.target, look.item), window)
        yield ProblemItem(look.check, look.target, look.target, reading, Place(look.entry, look.line), since)


def _carried(
    previous: Record | None, bad: list[ProblemItem], looked: set[Pair], due: set[Pair]
) -> Iterable[CarriedItem]:
    """What became of each problem of the record before."""
    if previous is None:
        return
    now = {(p.check, p.target, p.reading.name): p.reading.state for p in bad}
    before: dict[Problem, tuple[str, str]] = {
        (c.check, c.target, c.name): (c.state, c.since)
        for c in previous.carried_over
        if c.now == "not_inspected"
    }
    for p in (*previous.problems, *previous.unclear):
        before[p.check, p.target, p.reading.name] = (p.reading.state, p.since)
    for (check, target, name), (state, since) in sorted(before.items()):
        if (check, target, name) in now:
            became = "open"
        else:
            became = "resolved" if (check, target) in looked else "not_inspected"
            if (check, target) not in due:
                became = "no_longer_due"
        yield CarriedItem(check, target, name, state, since, became)


def _counts(
    items: list[MachineItem], human: Iterable[HumanLook], missing: list[Missing], problems: int
) -> Counts:
    done: list[MachineItem | HumanLook] = [*items, *(look for look in human if look.state != people.NOT_DONE)]
    states = [item.state for item in done]
    errors = sum(one.reason == "error" for one in missing)
    return Counts(
        due=len(done) + len(missing),
        done=len(done),
        late=sum(item.late for item in done),
        missed=len(missing) - errors,
        errors=errors,
        ok=states.count("ok"),
        warn=states.count("warn"),
        unknown=states.count("unknown"),
        crit=states.count("crit"),
        problems=problems,
    )
