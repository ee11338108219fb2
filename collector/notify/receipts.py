"""The entry that says what became of a message: its form, and which fault it announces. Pure.

header    {"v":1,"log":origin,"kind":"collector","event":"message","estate":hex,"to":hex,"address":hex,
           "channel":word,"outcome":"accepted" | "failed","at":ms,"tries":n,"text":hex,
           "items":[{"kind":word,"id":text,"stage":word}, …]}                                1 to 40 items

With `"whose":[word, …]` behind `to` where the estate says whose people the recipient reaches.

It is the collector's word, signed by the log key: that a channel took the message, not that anybody read it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from checks.codec import FieldError
from collector.backups.ledger import Problem
from collector.faults.said import Extent, matching, onset_of
from collector.notify.rules import WHOSE

EVENT = "message"
GRADE = "D"
MOST_ITEMS = 40
CLOCK_SLACK_MS = 120_000
"""So much later than its receipt an acceptance may be by the collector's own clock."""
NEAR_MS = 600_000
"""So far late evidence may have moved an onset for what names the old one to be still about the fault."""
OVER, PAST, AGAIN, VOID, LATE = "over", "past", "again", "void", "late"
"""`past`: over before it could be told; `again`: told to be over, and it is not; `void`: what was told of is
none by what came later; `late`: a limit that has run out. A second time with its number: `over-2`."""
_HEX = re.compile(r"[0-9a-f]{64}")
_WORD = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
_OUTCOMES = ("accepted", "failed")
_KEYS = (
    "v",
    "log",
    "kind",
    "event",
    "estate",
    "to",
    "address",
    "channel",
    "outcome",
    "at",
    "tries",
    "text",
    "items",
)
_MOST_ID = 300


def said_of(stage: str) -> str:
    """What a stage says, without its number: `over` of `over-2`."""
    return stage.partition("-")[0]


@dataclass(frozen=True, slots=True)
class Item:
    """One thing a message tells: what kind of thing, which, what of it (`begun`, `reminder-2`, `over`)."""

    kind: str
    id: str
    stage: str


@dataclass(frozen=True, slots=True)
class Message:
    """A message that its channel took, or that was given up.

    `to`: SHA-256 (hex) of the recipient as the estate writes it; `whose`: whose people it reaches, as the
    estate says; `address`: keyed digest of whom that stood for, so that nobody can guess it and a change
    shows; `text`: SHA-256 of what was handed over.
    """

    entry: int
    received_ms: int
    estate: str
    to: str
    address: str
    channel: str
    accepted: bool
    at_ms: int
    tries: int
    text: str
    items: tuple[Item, ...]
    whose: tuple[str, ...] = ()


def header(made: Message) -> dict[str, Any]:
    """What is put behind `v`, `log` and `kind`."""
    return {
        "event": EVENT,
        "estate": made.estate,
        "to": made.to,
        **({"whose": list(made.whose)} if made.whose else {}),
        "address": made.address,
        "channel": made.channel,
        "outcome": _OUTCOMES[0 if made.accepted else 1],
        "at": made.at_ms,
        "tries": made.tries,
        "text": made.text,
        "items": [{"kind": one.kind, "id": one.id, "stage": one.stage} for one in made.items],
    }


def is_message(said: Mapping[str, Any]) -> bool:
    """Whether the header of a COLLECTOR entry claims to be one."""
    return said.get("event") == EVENT


def parse(entry: int, received_ms: int, said: Mapping[str, Any]) -> Message:
    """The message in a header; FieldError where it is none, or tells of a time after its receipt."""
    if tuple(key for key in said if key != "whose") != _KEYS:
        raise FieldError("message", f"wants the keys {', '.join(_KEYS)} in this order")
    if "whose" in said:
        named = said["whose"]
        _want("whose", tuple(said)[_KEYS.index("to") + 1] == "whose")
        _want("whose", isinstance(named, list) and bool(named))
        _want("whose", all(word in WHOSE for word in named) and len(set(named)) == len(named))
    for key in ("estate", "to", "address", "text"):
        _want(key, isinstance(said[key], str) and bool(_HEX.fullmatch(said[key])))
    _want("channel", _is_word(said["channel"]))
    _want("outcome", said["outcome"] in _OUTCOMES)
    _want("at", type(said["at"]) is int and 0 <= said["at"] <= received_ms + CLOCK_SLACK_MS)
    _want("tries", type(said["tries"]) is int and said["tries"] >= 1)
    _want("items", isinstance(said["items"], list) and 1 <= len(said["items"]) <= MOST_ITEMS)
    return Message(
        entry,
        received_ms,
        said["estate"],
        said["to"],
        said["address"],
        said["channel"],
        said["outcome"] == _OUTCOMES[0],
        said["at"],
        said["tries"],
        said["text"],
        tuple(_item(one) for one in said["items"]),
        tuple(said.get("whose", ())),
    )


def _item(one: object) -> Item:
    _want("items", isinstance(one, dict) and tuple(one) == ("kind", "id", "stage"))
    made: dict[str, Any] = one if isinstance(one, dict) else {}
    _want("items", _is_word(made["kind"]) and _is_word(made["stage"]))
    _want("items", isinstance(made["id"], str) and 0 < len(made["id"]) <= _MOST_ID)
    return Item(made["kind"], made["id"], made["stage"])


def _is_word(value: object) -> bool:
    return isinstance(value, str) and bool(_WORD.fullmatch(value))


def _want(key: str, good: bool) -> None:
    if not good:
        raise FieldError(f"message.{key}", "not as docs/evidence.md has it")


# What a receipt does.


def problem_id(one: Problem) -> str:
    """How a message names a problem of a backup: object, reason, the slot or artefact that it is about."""
    about = one.slot or one.artefact or one.place
    return f"{one.object}:{one.reason}:{about}@{one.first_provable_ms // 1000}"[:_MOST_ID]


class Known:
    """Faults, as messages name them. Each thing that was told is about one of them at most."""

    def __init__(self, extents: Iterable[Extent]) -> None:
        self._ids: set[str] = set()
        self._of: dict[str, list[Extent]] = {}
        for one in extents:
            self._ids.add(one.id)
            self._of.setdefault(one.system, []).append(one)

    def about(self, ref: str, stage: str, at_ms: int) -> str | None:
        """Id of the fault that `ref` meant, said at an instant (UTC ms); None for none that is known.

        It is the one that has the id, else that holds the onset named. Late evidence may have moved an onset
        out of the fault: then it is the one of the system that ran at the instant, if it began near by.
        """
        if ref in self._ids:
            return ref
        named = onset_of(ref)
        if named is None:
            return None
        mine = self._of.get(named[0], ())
        held = matching(ref, mine)
        # What was over, or is none, is none that ran.
        if held is None and said_of(stage) not in (OVER, PAST, VOID):
            held = _near(mine, named[1], at_ms)
        return None if held is None else held.id


def _near(extents: Sequence[Extent], onset_ms: int, at_ms: int) -> Extent | None:
    """The fault that ran at an instant and began nearest to an onset."""
    running = (one for one in extents if one.from_ms <= at_ms and (one.to_ms is None or at_ms < one.to_ms))
    near = [one for one in running if abs(one.from_ms - onset_ms) <= NEAR_MS]
    return min(near, key=lambda one: abs(one.from_ms - onset_ms), default=None)


def announced(messages: Iterable[Message], extents: Iterable[Extent]) -> dict[str, Message]:
    """For each fault, by its id, the first message that was taken and told of it, in time or afterwards.

    Its time is the log's receipt of the entry, which nobody can write down earlier. `extents`: all faults of
    the window, since what names one of them tells of no other, whichever ran when it was taken.
    """
    made = dict[str, Message]()
    for fault, one in _telling(messages, extents):
        made.setdefault(fault, one)
    return made


def announced_to(messages: Iterable[Message], extents: Iterable[Extent]) -> dict[str, dict[str, Message]]:
    """The same by whose people were told of it (`buyer`, `user`, `vendor`), as far as the estate says."""
    made = dict[str, dict[str, Message]]()
    for fault, one in _telling(messages, extents):
        for whose in one.whose:
            made.setdefault(fault, {}).setdefault(whose, one)
    return made


def _telling(messages: Iterable[Message], extents: Iterable[Extent]) -> Iterator[tuple[str, Message]]:
    """Each message that was taken, by receipt, with each fault that it tells of."""
    known = Known(extents)
    for one in sorted(messages, key=lambda one: (one.received_ms, one.entry)):
        for item in one.items if one.accepted else ():
            if item.kind == "fault" and said_of(item.stage) not in (OVER, VOID):
                found = known.about(item.id, item.stage, one.received_ms)
                if found is not None:
                    yield found, one
