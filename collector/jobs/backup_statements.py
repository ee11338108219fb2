"""What people say about backups, signed by the collector in the account's name; what the engine makes of it.

recovery        a real recovery: object, begun, outcome (good, bad, could_not_tell); decided, answered, ended,
                artefact, place, bytes, whole, recovered (`9/10`), target, reason, note
media_tested    media that were tried: object, medium, at, outcome; note
backup_excuse   slots that need not be served: object, from, to, reason; or a drill not held against anybody:
                object, drill, reason
backup_accept   the buyer accepts an excuse: excuse (its entry), and his signed paper as the document
backup_change   something a backup is due before: object, what (`change`), at; name
backup_epoch    production itself was restored or rebuilt: object, at, reason
backup_alias    a former name of an object, which its policy may cite by this entry: object, name

Instants are ISO 8601, in the estate's zone where they name none; they are logged as UTC milliseconds.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from checks.artefacts.levels import REASONS, Outcome
from checks.wire import entry, strict_json
from collector.backups.said import Said
from collector.store import packs, statements

_WHOLE = 2**53 - 1
_MOST_NOTE = 500
Reader = Callable[[str, str], Any]  # (text, time zone) -> value; ValueError says what is wrong


def _text(text: str, _zone: str) -> str:
    if not text.strip() or len(text) > _MOST_NOTE:
        raise ValueError(f"a text of at most {_MOST_NOTE} characters is wanted")
    return text


def _instant(text: str, zone: str) -> int:
    from collector.jobs import figures  # only a form that is read needs it

    return figures.instant_of(text, zone)


def _count(text: str, _zone: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= _WHOLE):
        raise ValueError("a whole number is wanted")
    return int(text)


def _outcome(text: str, _zone: str) -> str:
    return str(Outcome(text))


def _reason(text: str, _zone: str) -> str:
    if text not in REASONS:
        raise ValueError(f"{text!r} is no reason of a verdict, such as restore_failed or overran")
    return text


def _share(text: str, _zone: str) -> list[int]:
    some, slash, whole = text.partition("/")
    if not slash or _count(some, "") > _count(whole, ""):
        raise ValueError("N/M is wanted: so many rows or files of so many")
    return [int(some), int(whole)]


@dataclass(frozen=True, slots=True)
class Kind:
    """Fields that a statement must have, and may have."""

    must: Mapping[str, Reader]
    may: Mapping[str, Reader]


_TIMES = dict.fromkeys(("decided", "answered", "ended"), _instant)
_TEXTS = dict.fromkeys(("artefact", "place", "target", "note"), _text)
_COUNTS = dict.fromkeys(("bytes", "whole"), _count)
KINDS: Mapping[str, Kind] = {
    "recovery": Kind(
        {"object": _text, "begun": _instant, "outcome": _outcome},
        {**_TIMES, **_TEXTS, **_COUNTS, "recovered": _share, "reason": _reason},
    ),
    "media_tested": Kind(
        {"object": _text, "medium": _text, "at": _instant, "outcome": _outcome}, {"note": _text}
    ),
    "backup_excuse": Kind(
        {"object": _text, "reason": _text}, {"from": _instant, "to": _instant, "drill": _text}
    ),
    "backup_accept": Kind({"excuse": _count}, {"note": _text}),
    "backup_change": Kind({"object": _text, "what": _text, "at": _instant}, {"name": _text}),
    "backup_epoch": Kind({"object": _text, "at": _instant, "reason": _text}, {}),
    "backup_alias": Kind({"object": _text, "name": _text}, {"reason": _text}),
}


class FieldsError(ValueError):
    """The statement cannot be made: stable `code`, detail for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


def header(kind: str, given: Mapping[str, str], timezone: str) -> dict[str, Any]:
    """What is logged of the fields; FieldsError for those that are missing, unknown or wrong."""
    known = KINDS[kind]
    readers = {**known.must, **known.may}
    for name in given:
        if name not in readers:
            raise FieldsError(
                "unknown_field", f"{name}: unknown field; {', '.join(sorted(readers))} are known"
            )
    for name in known.must:
        if name not in given:
            raise FieldsError("missing_field", f"{name} is missing")
    made: dict[str, Any] = {"kind": kind}
    for name, text in given.items():
        try:
            made[name] = readers[name](text, timezone)
        except ValueError as error:
            raise FieldsError("bad_field", f"{name}: {error}") from None
    if kind == "backup_excuse" and ("from" in made and "to" in made) == ("drill" in made):
        raise FieldsError("missing_field", "from and to, or drill: one of the two is wanted")
    made["subject"] = str(made.get("object", made.get("excuse", "")))
    return made


def every(conn: Connection, upto: int | None = None) -> list[Said]:
    """All statements about backups that came up to an instant, oldest first."""
    found = []
    for one in (one for kind in KINDS for one in statements.of_kind(conn, kind)):
        row = packs.entry(conn, one.idx)
        if row is not None and (upto is None or one.received_ms <= upto):
            text = entry.parse(packs.data_of(conn, row)).header
            found.append(Said(one.idx, one.received_ms, strict_json.loads(text)))
    return sorted(found, key=lambda one: one.idx)
