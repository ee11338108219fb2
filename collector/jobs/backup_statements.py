"""What people say about backups, signed by the collector in the account's name; what the engine makes of it.

recovery        a real recovery: object, begun, outcome (good, bad, could_not_tell); decided, answered, ended,
                artefact, place, bytes, whole, recovered (`9/10`), target, reason, note
media_tested    media that were tried: object, medium, at, outcome; note
backup_excuse   slots that need not be served: object, from, to, reason; or a drill not held against anybody:
                object, drill, reason
backup_accept   the buyer accepts an excuse: excuse (its entry), and his signed paper as the document
backup_change   something a backup is due before: object, what (`change`), at; name
backup_epoch    production itself was restored or rebuilt: object, at, reason

Instants are ISO 8601, in the estate's zone where they name none; they are logged as UTC milliseconds.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from checks.artefacts.levels import REASONS, Level, Outcome, Verdict, bad, good, untold
from checks.wire import entry, strict_json
from collector.backups.observed import Change, Drill, Epoch, Excuse
from collector.jobs import figures
from collector.store import packs, statements

_WHOLE = 2**53 - 1
_MOST_NOTE = 500
Reader = Callable[[str, str], Any]  # (text, time zone) -> value; ValueError says what is wrong


def _text(text: str, _zone: str) -> str:
    if not text.strip() or len(text) > _MOST_NOTE:
        raise ValueError(f"a text of at most {_MOST_NOTE} characters is wanted")
    return text


def _instant(text: str, zone: str) -> int:
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


@dataclass(frozen=True, slots=True)
class Said:
    """A statement: its entry, when it came (UTC ms), its header."""

    idx: int
    received: int
    header: Mapping[str, Any]

    @property
    def object(self) -> str:
        """What it is about."""
        return str(self.header.get("object", ""))


def said(conn: Connection, kind: str, upto: int | None = None) -> Iterator[Said]:
    """Statements of a kind that came up to an instant, oldest first."""
    for one in statements.of_kind(conn, kind):
        row = packs.entry(conn, one.idx)
        if row is not None and (upto is None or one.received_ms <= upto):
            yield Said(
                one.idx, one.received_ms, strict_json.loads(entry.parse(packs.data_of(conn, row)).header)
            )


def recoveries(conn: Connection, upto: int | None) -> list[Drill]:
    """Real recoveries, as drills that count."""
    return [_recovery(one) for one in said(conn, "recovery", upto)]


def _recovery(one: Said) -> Drill:
    h = one.header
    recovered = h.get("recovered")
    return Drill(
        id=f"recovery-{one.idx}",
        object=one.object,
        begun_ms=h["begun"],
        artefact=h.get("artefact", ""),
        place=h.get("place", ""),
        decided_ms=h.get("decided", h["begun"]),
        answered_ms=h.get("answered"),
        ended_ms=h.get("ended", h.get("answered")),
        verdicts=(_verdict(h),),
        bytes=h.get("bytes", 0),
        whole=h.get("whole", h.get("bytes", 0)),
        real=True,
        target=h.get("target", ""),
        recovered=(recovered[0], recovered[1]) if recovered else None,
        received_ms=one.received,
    )


def _verdict(h: Mapping[str, Any]) -> Verdict:
    if h["outcome"] == Outcome.GOOD:
        return good(Level.USABLE)
    reason = h.get("reason", "restore_failed")
    return bad(reason) if h["outcome"] == Outcome.BAD else untold(REASONS[reason], "not_recorded")


def excuses(conn: Connection, upto: int | None) -> list[Excuse]:
    """Excuses, with when the buyer accepted them: his paper must be in the log (accounts of buyers and their
    own keys are not in this version)."""
    accepted: dict[int, int] = {}
    for one in said(conn, "backup_accept", upto):
        if one.header.get("document"):
            accepted.setdefault(one.header["excuse"], one.received)
    return [
        Excuse(
            object=one.object,
            from_ms=one.header.get("from", 0),
            to_ms=one.header.get("to", 0),
            given_ms=one.received,
            entry=one.idx,
            drill=one.header.get("drill", ""),
            accepted_ms=accepted.get(one.idx),
        )
        for one in said(conn, "backup_excuse", upto)
    ]


def changes(conn: Connection, upto: int | None) -> list[Change]:
    """What slots by event stand before."""
    return [
        Change(one.header.get("name", f"change-{one.idx}"), one.object, one.header["what"], one.header["at"])
        for one in said(conn, "backup_change", upto)
    ]


def epochs(conn: Connection, upto: int | None) -> list[Epoch]:
    """Where production began anew."""
    return [
        Epoch(one.object, one.header["at"], one.idx, one.header["reason"])
        for one in said(conn, "backup_epoch", upto)
    ]
