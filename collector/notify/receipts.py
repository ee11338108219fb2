"""The entry that says what became of a message: its form, and which fault it announces. Pure.

header    {"v":1,"log":origin,"kind":"collector","event":"message","estate":hex,"to":hex,"address":hex,
           "channel":word,"outcome":"accepted" | "failed","at":ms,"tries":n,"text":hex,
           "items":[{"kind":word,"id":text,"stage":word}, …]}                                1 to 40 items

It is the collector's word, signed by the log key: that a channel took the message, not that anybody read it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from checks.codec import FieldError
from collector.backups.ledger import Problem
from collector.faults.said import Extent, matching, onset_of

EVENT = "message"
GRADE = "D"
MOST_ITEMS = 40
CLOCK_SLACK_MS = 120_000
"""So much later than its receipt an acceptance may be by the collector's own clock."""
OVER = "over"
_HEX = re.compile(r"[0-9a-f]{64}")
_WORD = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
_OUTCOMES = ("accepted", "failed")
_KEYS = (
    *("v", "log", "kind", "event", "estate", "to", "address", "channel", "outcome", "at", "tries"),
    *("text", "items"),
)
_MOST_ID = 300


@dataclass(frozen=True, slots=True)
class Item:
    """One thing a message tells: what kind of thing, which, what of it (`begun`, `reminder-2`, `over`)."""

    kind: str
    id: str
    stage: str


@dataclass(frozen=True, slots=True)
class Message:
    """A message that its channel took, or that was given up.

    `to`: SHA-256 (hex) of the recipient as the estate writes it; `address`: keyed digest of whom that stood
    for, so that nobody can guess it and a change shows; `text`: SHA-256 of what was handed over.
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


def header(made: Message) -> dict[str, Any]:
    """What is put behind `v`, `log` and `kind`."""
    return {
        "event": EVENT,
        "estate": made.estate,
        "to": made.to,
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
    if tuple(said) != _KEYS:
        raise FieldError("message", f"wants the keys {', '.join(_KEYS)} in this order")
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


def announced(messages: Iterable[Message], extent: Extent) -> Message | None:
    """The first message that told of a fault while it was not over, or of it at all, and was taken.

    Its time is the log's receipt of the entry, which nobody can write down earlier. Late evidence may move
    an onset: what was said of the system while the fault ran is about it, whatever instant it named.
    """
    told = [one for one in messages if one.accepted and any(_tells(item, one, extent) for item in one.items)]
    return min(told, key=lambda one: (one.received_ms, one.entry), default=None)


def _tells(item: Item, message: Message, extent: Extent) -> bool:
    if item.kind != "fault" or item.stage == OVER:
        return False
    if matching(item.id, (extent,)) is not None:
        return True
    named = onset_of(item.id)
    if named is None or named[0] != extent.system:
        return False
    at = message.received_ms
    return extent.from_ms <= at and (extent.to_ms is None or at < extent.to_ms)
