"""What only a person can look at: checklists, what people said, and what a record makes of it. Pure.

A statement is what somebody entered through a session: the collector signs and logs it, and names the
account. It is graded as that (D), never as the person's own signature. The verifier runs all of this again.
Its bytes are drawn in docs/evidence.md, "Statements of people".
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

from checks.api import Number
from checks.codec import FieldError, from_json, to_json
from checks.plan import RoundPlan, Window
from checks.recurrence import windows
from checks.wire import strict_json

ARRIVAL, HUMAN, SIGN_OFF = "arrival", "human", "sign_off"
KINDS = (ARRIVAL, HUMAN, SIGN_OFF)
STATES = ("ok", "crit", "unknown")
NOT_DONE = "not_done"
NOT_BY_MACHINE = "not measured by machine"
BY_SESSION = "entered through an account's session, signed by the collector, not by the person"
GRADE = "D"
_DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069]")
PREFIX = "human."  # of a human item where a check's id would stand


@dataclass(frozen=True, slots=True)
class HumanItem:
    """One line of a checklist, in both languages. `unit`: a number is wanted with it, in this unit."""

    id: str
    zh: str
    en: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Checklist:
    """What a person looks at on every asset of a kind."""

    kind: str
    items: tuple[HumanItem, ...]


@dataclass(frozen=True, slots=True)
class Spot:
    """An asset that a person goes to."""

    asset: str
    name: str
    kind: str


@dataclass(frozen=True)
class HumanRound:
    """What a round owes from people: its recurrence (as in plans), its assets, the list of each kind.

    `alone`: no agent has a part in the round, so that its windows follow from this.
    """

    round: str
    every: str
    on: str
    window: str
    windows: tuple[Window, ...]
    spots: tuple[Spot, ...]
    lists: tuple[Checklist, ...]
    alone: bool = False

    @property
    def plan(self) -> RoundPlan:
        """Its recurrence, as the plans of agents have it."""
        return RoundPlan(self.round, (), self.every, self.on, self.window, self.windows)

    @cached_property
    def due(self) -> "tuple[HumanOwed, ...]":
        """Every item that people owe, asset by asset in the order of its list."""
        lists = {one.kind: one.items for one in self.lists}
        return tuple(HumanOwed(spot, item) for spot in self.spots for item in lists.get(spot.kind, ()))

    @cached_property
    def keys(self) -> frozenset[tuple[str, str]]:
        """(asset, item) of everything due."""
        return frozenset(one.key for one in self.due)


@dataclass(frozen=True, slots=True)
class HumanOwed:
    """One human item of one asset that is due."""

    spot: Spot
    item: HumanItem

    @property
    def key(self) -> tuple[str, str]:
        """(asset, item)."""
        return self.spot.asset, self.item.id


@dataclass(frozen=True, slots=True)
class Answer:
    """What was entered for one item. `corrects`: the entry whose answer to the same item it replaces."""

    item: str
    state: str
    note: str = ""
    value: Number | None = None
    unit: str = ""
    photos: tuple[str, ...] = ()
    corrects: int | None = None

    def __post_init__(self) -> None:
        if self.state not in STATES:
            raise FieldError("state", f"{self.state!r} is none of: {', '.join(STATES)}")


@dataclass(frozen=True, slots=True)
class Sheet:
    """Body of a statement: what was entered for one asset at once."""

    v: int
    window: str
    asset: str
    items: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Head:
    """Header of a statement about a round. `at`: UTC ms by the collector's clock when it came in.

    kind `arrival`: no more; `human`: `asset`, `arrival` (entry of the same account's arrival) and its sheet's
    `digest` and `bytes`; `sign_off`: `upto` (the last sheet that was there to be seen) and `count` of the
    window's sheets up to it.
    """

    v: int
    log: str
    kind: str
    window: str
    by: str
    role: str
    at: int
    late: bool
    asset: str = ""
    arrival: int | None = None
    upto: int | None = None
    count: int | None = None
    digest: str = ""
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement as it stands in the log."""

    idx: int
    received_ms: int
    head: Head
    sheet: Sheet | None = None


@dataclass(frozen=True, slots=True)
class HumanLook:
    """A human item in a record. `entry` and `line`: where the answer stands, line of the sheet; `signed`:
    a sign-off covers it; `replaced`: the entry that corrects it."""

    item: str
    zh: str
    en: str
    target: str
    state: str
    note: str = ""
    value: Number | None = None
    unit: str = ""
    photos: tuple[str, ...] = ()
    by: str = ""
    t_ms: int | None = None
    arrived_ms: int | None = None
    late: bool = False
    signed: bool = False
    entry: int | None = None
    line: int = 0
    replaced: int | None = None

    @property
    def check(self) -> str:
        """What stands where a machine item has the id of its check."""
        return PREFIX + self.item


@dataclass(frozen=True, slots=True)
class Stamp:
    """An arrival or a sign-off: who, when, where it stands."""

    by: str
    t_ms: int
    late: bool
    entry: int
    upto: int | None = None


@dataclass(frozen=True, slots=True)
class HumanPart:
    """What people inspected: every item that was due, answers that were corrected, arrivals, sign-offs."""

    note: str = NOT_BY_MACHINE
    items: tuple[HumanLook, ...] = ()
    grade: str = ""
    corrected: tuple[HumanLook, ...] = ()
    arrivals: tuple[Stamp, ...] = ()
    sign_offs: tuple[Stamp, ...] = ()


Applied = tuple[int, Sequence[HumanRound]]  # receipt of an estate, what its rounds owe from people


def governing(round_id: str, window: Window, applied: Iterable[Applied]) -> HumanRound | None:
    """The part that decides what people owe in a window; `applied` oldest first.

    As for plans: that of the estate in force when the window opened; if it has none, the first that came
    before the window ended and has.
    """
    before: HumanRound | None = None
    for at_ms, parts in applied:
        found = next((part for part in parts if part.round == round_id), None)
        if at_ms <= window.from_ms:
            before = found
        elif before is not None or at_ms >= window.to_ms:
            break
        elif found is not None:
            return found
    return before


def owed(part: HumanRound | None) -> tuple[HumanOwed, ...]:
    """Every item that people owe; nothing without a part."""
    return () if part is None else part.due


def window_of(part: HumanRound, timezone: str, window_id: str, near_ms: int) -> Window | None:
    """The part's window of this id, if it has one with a part within a year of `near_ms`."""
    year = 366 * 86_400_000
    found = windows(part.plan, timezone, max(near_ms - year, 0), near_ms + year)
    return next((one for one in found if one.id == window_id), None)


def encode_sheet(sheet: Sheet) -> bytes:
    """The body's bytes, named by digest in the header."""
    return strict_json.dumps(to_json(sheet))


def parse_sheet(data: bytes) -> Sheet:
    """The sheet in `data`; WireError or FieldError (naming the path) if it is none."""
    sheet = from_json(Sheet, strict_json.loads(data), "sheet")
    if sheet.v != 1 or not sheet.items:
        raise FieldError("sheet.v", "version 1 with at least one item is wanted here")
    if len({one.item for one in sheet.items}) != len(sheet.items):
        raise FieldError("sheet.items", "an item is there twice")
    return sheet


def visible(note: str) -> str:
    """The note with embeddings, overrides and isolates of direction written out: unseen, they could make a
    signed text read as something else."""
    return _DIRECTION.sub(lambda found: f"[U+{ord(found[0]):04X}]", note)


def header(head: Head) -> dict[str, Any]:
    """The header's own keys by kind, in their order; `v`, `log`, `digest` and `bytes` are put around."""
    made: dict[str, Any] = {"kind": head.kind, "window": head.window}
    if head.kind == HUMAN:
        made |= {"asset": head.asset, "arrival": head.arrival}
    if head.kind == SIGN_OFF:
        made |= {"upto": head.upto, "count": head.count}
    return {**made, "by": head.by, "role": head.role, "at": head.at, "late": head.late}


def read(idx: int, received_ms: int, said: Mapping[str, Any], body: bytes | None) -> Statement:
    """The statement of an entry; WireError or FieldError if it is none of this format."""
    head = from_json(Head, dict(said), "header")
    wanted = {"v", "log", *header(head)} | ({"digest", "bytes"} if head.kind == HUMAN else set())
    if set(said) != wanted or head.kind not in KINDS:
        raise FieldError("header", f"not the keys of a statement of kind {head.kind!r}")
    if head.kind != HUMAN:
        return Statement(idx, received_ms, head)
    sheet = parse_sheet(body or b"")
    if (sheet.window, sheet.asset) != (head.window, head.asset):
        raise FieldError("sheet", "is of another window or asset than its header says")
    return Statement(idx, received_ms, head, sheet)


def inspected(due: Sequence[HumanOwed], said: Iterable[Statement]) -> HumanPart:
    """The record's part on what people saw: answers by asset and item, the newest one counts.

    `said` are the statements of the window. What was not entered is `not_done`, and never anything else.
    """
    if not due:
        return HumanPart()
    ordered = sorted(said, key=lambda one: one.idx)
    arrivals = {one.idx: one.head.at for one in ordered if one.head.kind == ARRIVAL}
    sign_offs = tuple(_stamp(one) for one in ordered if one.head.kind == SIGN_OFF)
    upto = max((one.upto or 0 for one in sign_offs), default=-1)
    given = _answers(ordered)
    items, corrected = [], []
    for owes in due:
        looks = [_look(owes, *one, arrivals, upto) for one in given.get(owes.key, ())]
        if not looks:
            items.append(_nothing(owes))
            continue
        items.append(looks[-1])
        corrected += [replace(old, replaced=new.entry) for old, new in pairwise(looks)]
    return HumanPart(
        note=BY_SESSION,
        items=tuple(items),
        grade=GRADE,
        corrected=tuple(corrected),
        arrivals=tuple(_stamp(one) for one in ordered if one.head.kind == ARRIVAL),
        sign_offs=sign_offs,
    )


Given = tuple[Statement, int, Answer]


def _answers(ordered: Sequence[Statement]) -> dict[tuple[str, str], list[Given]]:
    """Answers by (asset, item), oldest first."""
    made: dict[tuple[str, str], list[Given]] = {}
    for one in ordered:
        for line, answer in enumerate(one.sheet.items if one.sheet else ()):
            made.setdefault((one.head.asset, answer.item), []).append((one, line, answer))
    return made


def _nothing(owes: HumanOwed) -> HumanLook:
    return HumanLook(owes.item.id, owes.item.zh, owes.item.en, owes.spot.asset, NOT_DONE)


def _look(
    owes: HumanOwed, one: Statement, line: int, answer: Answer, arrivals: Mapping[int, int], upto: int
) -> HumanLook:
    head = one.head
    return HumanLook(
        item=owes.item.id,
        zh=owes.item.zh,
        en=owes.item.en,
        target=owes.spot.asset,
        state=answer.state,
        note=answer.note,
        value=answer.value,
        unit=answer.unit,
        photos=answer.photos,
        by=head.by,
        t_ms=head.at,
        arrived_ms=None if head.arrival is None else arrivals.get(head.arrival),
        late=head.late,
        signed=one.idx <= upto,
        entry=one.idx,
        line=line,
    )


def _stamp(one: Statement) -> Stamp:
    return Stamp(one.head.by, one.head.at, one.head.late, one.idx, one.head.upto)
