"""What was judged and logged, one entry after the other: scorecards and settlements are held alike.

A judgement follows from the evidence by a program, and names its version. Where this program judges by the
same one, a difference is contradicted; by another one it can only be said that it differs, and with what
program it can be checked.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from checks.codec import FieldError
from checks.wire.errors import WireError
from checks.wire.numbers import EntryKind
from collector.availability.errors import AvailabilityError
from collector.judging.version import FIRST, FRESH, FRESH_MS, JUDGING, UNNAMED, Named, advice, named, told
from collector.packs.model import PackDataError
from collector.verify.findings import Findings
from collector.verify.history import History, Said

Verdict = tuple[str, str, str]
Word = tuple[str, str]
OTHER = "other version"
"""The verdict on what another version of judging made, and this one would have made otherwise."""
_KEYS = frozenset({"scorecard", "settlement"})
PROBLEMS = (WireError, FieldError, AvailabilityError, PackDataError, LookupError, TypeError, ValueError)


class Judged(Protocol):
    """A scorecard or a settlement, as it was sealed."""

    @property
    def number(self) -> int:
        """0: a seal; 1..: an amendment."""

    @property
    def judging(self) -> int:
        """By which version of judging it was made."""


Made = TypeVar("Made", bound=Judged)


@dataclass(frozen=True, slots=True)
class Form(Generic[Made]):
    """How one kind of judgement is logged: its key in the header, its name in the report, its codec."""

    key: str
    counted: str
    name: Callable[[Mapping[str, Any]], str]
    parse: Callable[[bytes], Made]
    encode: Callable[[Made], bytes]
    header_of: Callable[[Made, int | None], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Logged(Generic[Made]):
    """One that was logged: its entry, what it says, the one before it of the same name with its entry."""

    said: Said
    made: Made
    last: tuple[int, Made] | None


def verdicts(
    form: Form[Made],
    history: History,
    begin: int,
    findings: Findings,
    check: Callable[[Logged[Made]], Word],
) -> Iterator[tuple[int, Verdict]]:
    """Entry and verdict of each that was logged from `begin` on, and of older ones that cannot be read;
    what is contradicted is a problem too."""
    before: dict[str, tuple[int, Made]] = {}
    above = rising(history.said)
    for said in history.said:
        if said.kind is not EntryKind.RECORD or form.key not in said.header:
            continue
        try:
            made = _parsed(form, said)
            last = before.get(str(said.header[form.key]))
            before[str(said.header[form.key])] = said.idx, made
            if said.idx < begin:
                continue
            one = Logged(said, made, last)
            word, detail = _fitting(form, one) or outdated(said, above) or check(one)
        except PROBLEMS as error:
            why = f"it cannot be made anew: {error}"
            word, detail = outdated(said, above) or differing(named(said.header), why)
        findings.count(form.counted)
        name = form.name(said.header)
        if word == "contradicted":
            findings.add("claim_differs", name, detail)
        yield said.idx, (name, word, detail)


def _parsed(form: Form[Made], said: Said) -> Made:
    if said.document is None:
        raise FieldError(form.key, "its document is not here")
    made = form.parse(said.document)
    if form.encode(made) != said.document:
        raise FieldError(form.key, "not in its one form")
    return made


def _fitting(form: Form[Made], one: Logged[Made]) -> Word | None:
    """What is wrong with an entry whatever was judged; None for nothing."""
    wanted = form.header_of(one.made, None if one.last is None else one.last[0])
    names = dict.fromkeys((*wanted, "previous", "judging"))
    if differs := [name for name in names if one.said.header.get(name) != wanted.get(name)]:
        return "contradicted", f"its entry says another {', '.join(differs)}"
    if one.made.number != (0 if one.last is None else one.last[1].number + 1):
        return "contradicted", f"its number {one.made.number} does not follow the one before it"
    return None


@dataclass(slots=True)
class Rising:
    """What records in front of each one name, by entry: the highest version, and the entry that names it.

    `late`: named by records of rounds and backups and by documents alone, which named none at first.
    """

    every: dict[int, Named]
    late: dict[int, Named]


def rising(said: Iterable[Said]) -> Rising:
    """Versions of a log only rise; `said`: in order of the log."""
    made = Rising({}, {})
    newest = late = UNNAMED, -1
    for one in said:
        if one.kind is not EntryKind.RECORD:
            continue
        made.every[one.idx], made.late[one.idx] = newest, late
        own = named(one.header), one.idx
        newest = max(newest, own, key=lambda pair: pair[0])
        if _KEYS.isdisjoint(one.header):
            late = max(late, own, key=lambda pair: pair[0])
    return made


def outdated(said: Said, above: Rising) -> Word | None:
    """Who names an older version than before (or none any more) wants not to be checked by this one."""
    own = named(said.header)
    at_first = own == UNNAMED and _KEYS.isdisjoint(said.header)
    version, entry = (above.late if at_first else above.every)[said.idx]
    if own >= version:
        return None
    return "contradicted", f"entry {entry} before it names judging version {version}, and versions only rise"


def stale(size: int, said: Said, history: History, judging: int) -> Word | None:
    """What was made of a log long before it was logged: it leaves out what came meanwhile, whatever instant
    it says that it speaks of. A program takes seconds; those of the first version took no care."""
    if judging < FRESH:
        return None
    left = history.received(size, said.idx, said.received_ms - FRESH_MS)
    if not left:
        return None
    return "contradicted", (
        f"it leaves out entry {left[0]} and {len(left) - 1} more that had come when it was logged, "
        f"more than {FRESH_MS // 60_000} minutes before"
    )


def made_by(header: Mapping[str, Any]) -> int:
    """The version that made a record of a round or of backups, or a document."""
    return named(header) or FIRST


def differing(judging: int, why: str, done: str = "sealed") -> Word:
    """What this program makes otherwise: contradicted, unless another version made it."""
    if judging == JUDGING:
        return "contradicted", why
    return OTHER, f"{told(judging, done)}: {why}; {advice(judging)}"


def differs(judging: int, names: Sequence[str]) -> Word:
    """The same, with what differs."""
    word = "gives another" if judging == JUDGING else "differs by"
    return differing(judging, f"{'the evidence ' if judging == JUDGING else ''}{word} {', '.join(names[:8])}")


def agreed(judging: int, detail: str, done: str = "sealed") -> Word:
    """What this program makes alike."""
    if judging == JUDGING:
        return "proven if", detail
    return "proven if", f"{detail} ({told(judging, done)}: it makes the same)"
