"""From entries of the log to what stands as of an instant. Pure; collector and verifier run the same.

An entry's header says, beside `v`, `log`, `kind`, `subject`, `by`, `role`: `said` (the text, text.py),
`late`, `two`, and `signatures` where the person signed the text himself. Entries of older kinds hold their
fields in the header itself.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from collector.evidence.periods import parse_instant
from collector.statements.fields import ZONE, FieldsError
from collector.statements.kind import Kind, checked
from collector.statements.kinds import KINDS
from collector.statements.lateness import instant_of
from collector.statements.model import VOUCHED, Said, Scalar, Through
from collector.statements.persons import KEY, REVOKED, PersonKey, Persons, Vouch, side
from collector.statements.sides import confirms, set_aside
from collector.statements.text import Text, TextError, parse, signatures_of, signed_by

SECOND = "second"
_OF_ROUNDS = frozenset({"arrival", "human", "sign_off"})
_META = frozenset(
    {"v", "log", "kind", "by", "role", "subject", "document", "digest", "bytes", "said", "signatures"}
)
_ANSWERS = frozenset({"maintenance_approved", "change_approved", "waiver_decided"})
"""Answers of which not the newest counts but any: what is set aside among them stands nowhere."""
_DECISIONS = _ANSWERS | {"force_majeure_decided", "fix_plan_approved"}
NEXT = 2**53  # the place of what is not in the log yet: behind everything
CLOCK_MS = 120_000  # by so much a client's clock may be ahead before what it says is in the future


@dataclass(frozen=True, slots=True)
class Logged:
    """A statement's entry: index, receipt, header."""

    idx: int
    received_ms: int
    header: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Seal:
    """A period that is sealed: the entry that sealed it, when that came, what it covers, its name.

    The log's order tells what came before it: two entries may be of one millisecond, and after a clock was
    set back all have the receipt of the newest.
    """

    entry: int
    received_ms: int
    from_ms: int
    to_ms: int
    name: str = ""


class SaidError(ValueError):
    """The entry is no statement that counts: stable `code`, detail for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with an entry: `code` as in docs/statements.md."""

    entry: int
    code: str
    detail: str


@dataclass(slots=True)
class Book:
    """Everything said so far, in log order: keys of people, statements, and what is wrong with entries.

    `trusted(key)`: whether the reader knows a key otherwise (the buyer's policy names it).
    """

    log: str = ""
    trusted: Callable[[PersonKey], bool] = lambda _key: False
    persons: Persons = field(default_factory=Persons)
    said: list[Said] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    signers: dict[int, PersonKey] = field(default_factory=dict)
    """The key that signed a statement, by entry."""

    def take(self, one: Logged) -> None:
        """Follow the next entry."""
        kind = one.header.get("kind")
        if kind in _OF_ROUNDS:
            return  # inspection/human.py folds those
        try:
            if kind == KEY:
                self._key(one)
            else:
                self._said(one)
        except (SaidError, TextError, FieldsError) as error:
            self.problems.append(Problem(one.idx, error.code, str(error)))

    def _key(self, one: Logged) -> None:
        key = self.persons.enrol(one.idx, one.header)
        if key.vouch is Vouch.NONE and not self.trusted(key):
            raise SaidError("unvouched_key", f"{key.account}: {key.problem}")

    def _said(self, one: Logged) -> None:
        made, key = read(one, self.persons, self.trusted)
        if key is not None:
            self.signers[one.idx] = key
        self.said.append(made)
        if made.kind == REVOKED:
            self.persons.revoke(one.idx, str(made.fields.get("account", "")))


def read(
    one: Logged, persons: Persons, trusted: Callable[[PersonKey], bool] = lambda _key: False
) -> tuple[Said, PersonKey | None]:
    """The statement of an entry, and the key that signed it (None: a session); SaidError, TextError or
    FieldsError for anything that must not count."""
    header = one.header
    kind = KINDS.get(str(header.get("kind")))
    if "said" not in header:
        if kind is not None and not kind.older:
            raise SaidError("bad_text", f"a statement of kind {kind.name} says its text")
        return _older(one), None
    if kind is None:
        raise SaidError("unknown_kind", f"no kind {header.get('kind')!r} is known here")
    data = str(header["said"]).encode("utf-8", "surrogatepass")
    text = _parsed(data)
    _agree(header, text, kind)
    key = _signer(one, data, text, persons, trusted)
    if key is not None and header.get("role") != key.role:
        raise SaidError("bad_role", f"{text.by}'s key was enrolled as {key.role}, not {header.get('role')}")
    return _made(one, text, kind, key), key


@lru_cache(maxsize=16384)  # pages ask again and again, and no entry ever changes
def _parsed(data: bytes) -> Text:
    return parse(data)


def made_later(one: Logged) -> str:
    """Why a statement counts nowhere whose receipt is from before its author made it, by his own clock:
    whoever dates approvals back cannot date what was signed. "" for any other."""
    if "said" not in one.header:
        return ""
    late = _parsed(str(one.header["said"]).encode("utf-8", "surrogatepass")).made - one.received_ms
    return f"its receipt is {late // 1000} s before its author made it" if late > CLOCK_MS else ""


def _agree(header: Mapping[str, Any], text: Text, kind: Kind) -> None:
    """What the collector wrote around the text must be what the text says."""
    checked(kind, text.fields)
    document = None if text.document is None else text.document.digest
    for name, wanted in (
        ("kind", text.kind),
        ("by", text.by),
        ("log", text.log),
        ("document", document),
        ("subject", kind.subject(text.fields)),
    ):
        if header.get(name) != wanted and (name != "log" or "log" in header):
            raise SaidError("bad_text", f"{name}: the entry says {header.get(name)!r}, its text {wanted!r}")


def _signer(
    one: Logged, data: bytes, text: Text, persons: Persons, trusted: Callable[[PersonKey], bool]
) -> PersonKey | None:
    if "signatures" not in one.header:
        return None
    given = signatures_of(one.header["signatures"])
    keys = [key for key in persons.at(text.by, one.idx) if signed_by(data, given, key.public)]
    if not keys:
        gone = [key for key in persons.keys if signed_by(data, given, key.public)]
        code = "revoked_key" if any(key.account == text.by for key in gone) else "bad_signature"
        raise SaidError(code, f"no key of {text.by} that was good at this place signed it")
    key = keys[0]
    if key.vouch is Vouch.NONE and not trusted(key):
        raise SaidError("unvouched_key", f"{text.by}: {key.problem}")
    return key


def _made(one: Logged, text: Text, kind: Kind, key: PersonKey | None) -> Said:
    header = one.header
    return Said(
        kind=text.kind,
        entry=one.idx,
        received_ms=one.received_ms,
        by=text.by,
        role=str(header.get("role", "")),
        through=_through(header, key),
        fields=dict(text.fields),
        document=None if text.document is None else text.document.digest,
        corrects=text.corrects,
        late=header.get("late") is True,
        at_ms=instant_of(text.fields.get(kind.when)) if kind.when else None,
        two=header.get("two") is True or kind.two,
        amendment=text.amendment,
    )


def _through(header: Mapping[str, Any], key: PersonKey | None) -> Through:
    if key is not None:
        return Through.KEY
    return Through.COMMAND if header.get("through") == Through.COMMAND else Through.SESSION


def _older(one: Logged) -> Said:
    """An entry from before there were texts: its fields stand in the header."""
    header = one.header
    fields: dict[str, Scalar] = {
        name: value
        for name, value in header.items()
        if name not in _META and (value is None or type(value) in (str, int, bool))
    }
    document = header.get("document")
    return Said(
        kind=str(header.get("kind", "")),
        entry=one.idx,
        received_ms=one.received_ms,
        by=str(header.get("by", "")),
        role=str(header.get("role", "")),
        through=Through.SESSION,
        fields=fields,
        document=str(document) if document else None,
        grade="E" if header.get("kind") in ("scan", "ledger_diff") else "D",
    )


def may_correct(old: Said, by: str, role: str) -> bool:
    """Whoever said it; else his side's: a manager or admin for the vendor, a buyer for the buyer."""
    if old.by == by:
        return True
    return side(old.role) == side(role) and role in ("manager", "admin", "buyer")


def standing(said: Iterable[Said], as_of_ms: int, seals: Sequence[Seal] = ()) -> tuple[Said, ...]:
    """What stands at `as_of_ms`, in log order: nothing received later, nothing that was replaced, nothing
    that still lacks its second person. Each with those who joined in, and whether it came after a seal."""
    known = [one for one in said if one.received_ms <= as_of_ms]
    joined = seconds_of(known)
    by_entry = {one.entry: one for one in known}
    good: dict[int, Said] = {}
    for one in known:
        if one.kind == SECOND:
            continue
        seconds = joined.get(one.entry, ())
        joins = [by_entry[entry].through for entry in seconds if confirms(one, by_entry[entry].role)]
        made = replace(
            one,
            seconds=seconds,
            after_seal=_sealed(one, seals, by_entry),
            confirmed=bool(joins),
            confirmed_by=max(joins, key=VOUCHED.index, default=None),
            begun_late=first_of(one, by_entry).late,
        )
        if made.two and not made.seconds:
            continue
        good[one.entry] = made
    replaced = {
        one.corrects
        for one in good.values()
        if one.corrects is not None and corrects_well(one, by_entry.get(one.corrects))
    }
    left = [one for one in good.values() if one.entry not in replaced and _is_good(one, by_entry)]
    answers = [one for one in left if one.kind in _ANSWERS]
    aside = set_aside(answers, lambda one: (one.kind, one.fields.get("entry")))
    return tuple(one for one in left if one.entry not in aside)


def first_of(one: Said, by_entry: Mapping[int, Said]) -> Said:
    """The first statement of a chain of corrections."""
    while one.corrects is not None and corrects_well(one, by_entry.get(one.corrects)):
        one = by_entry[one.corrects]
    return one


def _is_good(one: Said, by_entry: Mapping[int, Said]) -> bool:
    return one.corrects is None or corrects_well(one, by_entry.get(one.corrects))


def corrects_well(new: Said, old: Said | None) -> bool:
    """Whether a correction names an earlier statement of its kind that its author may correct.

    What somebody signed himself is corrected with a key only: a session is in the collector's hands. What
    he entered after a login is not corrected in his name on the collector's command line.
    """
    if old is None or old.entry >= new.entry or old.kind != new.kind:
        return False
    if VOUCHED.index(new.through) < VOUCHED.index(old.through):
        return False
    return may_correct(old, new.by, new.role)


def seconds_of(said: Sequence[Said]) -> dict[int, tuple[int, ...]]:
    """Entries of those who joined in, by the entry they joined: another account, with the right to say it."""
    by_entry = {one.entry: one for one in said}
    made: dict[int, tuple[int, ...]] = {}
    people: dict[int, set[str]] = {}
    for one in said:
        entry = one.fields.get("entry") if one.kind == SECOND else None
        first = by_entry.get(entry) if type(entry) is int else None
        if first is None or first.entry >= one.entry or not may_second(first, one.by, one.role):
            continue
        if one.by in people.setdefault(first.entry, set()):
            continue
        people[first.entry].add(one.by)
        made[first.entry] = (*made.get(first.entry, ()), one.entry)
    return made


def may_second(first: Said, by: str, role: str) -> bool:
    """Whether this account may join in: another one, whose role may say that kind of thing; or the buyer's,
    who confirms what the vendor's side said alone."""
    kind = KINDS.get(first.kind)
    if by == first.by or first.kind == SECOND:
        return False
    if kind is not None and role in kind.who:
        return True
    return not first.two and confirms(first, role)


def _sealed(one: Said, seals: Sequence[Seal], by_entry: Mapping[int, Said]) -> bool:
    about = spoken_of(one.kind, one.fields, one.corrects, by_entry)
    return sealed_by(one.at_ms, one.fields, seals, one.entry, about) is not None


def spoken_of(
    kind: str, fields: Mapping[str, Scalar], corrects: int | None, by_entry: Mapping[int, Said]
) -> tuple[Said, ...]:
    """What else a statement is about: what it decides on (a claim, a request, a notice); what it corrects,
    for that stands no more where it stood."""
    entry = fields.get("entry") if kind in _DECISIONS else None
    decided = by_entry.get(entry) if type(entry) is int else None
    old = None if corrects is None else by_entry.get(corrects)
    return tuple(one for one in (decided, old) if one is not None)


def sealed_by(
    at_ms: int | None,
    fields: Mapping[str, Scalar],
    seals: Sequence[Seal],
    entry: int = NEXT,
    about: Iterable[Said] = (),
) -> Seal | None:
    """The seal that had closed a period a statement speaks of when its entry came; None for none.

    It speaks of the period that it names; else of that of its fault's onset, or of the time it tells; and of
    those of what else it is about (`spoken_of`).
    """
    closed = [seal for seal in seals if seal.entry < entry]
    every = ((at_ms, fields), *((one.at_ms, one.fields) for one in about))
    return next((seal for at, held in every if (seal := _closed(at, held, closed)) is not None), None)


def _closed(at_ms: int | None, fields: Mapping[str, Scalar], closed: Sequence[Seal]) -> Seal | None:
    period = fields.get("period")
    if period is not None:
        return next((seal for seal in closed if _is_period(seal, period)), None)
    onset = _onset(fields.get("fault"))
    at = at_ms if onset is None else onset
    if at is None:
        return None
    return next((seal for seal in closed if seal.from_ms <= at < seal.to_ms), None)


def _is_period(seal: Seal, period: Scalar) -> bool:
    if seal.name == period:
        return True
    return (seal.from_ms, seal.to_ms) == (instant_of(period), instant_of(period, end=True))


def _onset(fault: Scalar) -> int | None:
    """Onset of a fault, which its id names: `SYSTEM@2026-11-16T04:00:00Z`."""
    if type(fault) is not str or "@" not in fault:
        return None
    try:
        return parse_instant(fault.rpartition("@")[2], ZONE)
    except (ValueError, OverflowError):
        return None


def ahead(text: Text, kind: Kind, now_ms: int) -> str:
    """The field of a statement that lies in the future though it tells of something done; "" for none."""
    for one in kind.fields:
        value = text.fields.get(one.name)
        if one.name in ("at", "day") and kind.when == one.name:
            at = instant_of(value)
            if at is not None and at > now_ms + CLOCK_MS:
                return one.name
    return ""
