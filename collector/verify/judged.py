"""What was judged and logged, one entry after the other: scorecards and settlements are held alike.

A judgement follows from the evidence by a program, and names its version. Where this program judges by the
same one, a difference is contradicted; by another one it can only be said that it differs, and with what
program it can be checked.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from checks.codec import FieldError
from checks.wire.errors import WireError
from checks.wire.numbers import EntryKind
from collector.availability.errors import AvailabilityError
from collector.judging.version import JUDGING, UNNAMED, advice, told
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
    newest = UNNAMED, -1
    for said in history.said:
        if said.kind is not EntryKind.RECORD or _KEYS.isdisjoint(said.header):
            continue
        above, newest = newest, max(newest, (version_of(said), said.idx), key=lambda one: one[0])
        if form.key not in said.header:
            continue
        try:
            made = _parsed(form, said)
            last = before.get(str(said.header[form.key]))
            before[str(said.header[form.key])] = said.idx, made
            if said.idx < begin:
                continue
            one = Logged(said, made, last)
            word, detail = _fitting(form, one) or _outdated(said, above) or check(one)
        except PROBLEMS as error:
            why = f"it cannot be made anew: {error}"
            word, detail = _outdated(said, above) or differing(version_of(said), why)
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


def _outdated(said: Said, newest: tuple[int, int]) -> Word | None:
    """Versions of a log only rise: who names an older one than before wants not to be checked by this one."""
    version, entry = newest
    if version_of(said) >= version:
        return None
    return "contradicted", f"entry {entry} before it names judging version {version}, and versions only rise"


def version_of(said: Said) -> int:
    """The version of judging that an entry names, however little else of it can be read."""
    value = said.header.get("judging")
    return value if type(value) is int else UNNAMED


def differing(judging: int, why: str) -> Word:
    """What this program makes otherwise: contradicted, unless another version made it."""
    if judging == JUDGING:
        return "contradicted", why
    return OTHER, f"{told(judging)}: {why}; {advice(judging)}"


def differs(judging: int, names: Sequence[str]) -> Word:
    """The same, with what differs."""
    word = "gives another" if judging == JUDGING else "differs by"
    return differing(judging, f"{'the evidence ' if judging == JUDGING else ''}{word} {', '.join(names[:8])}")


def agreed(judging: int, detail: str) -> Word:
    """What this program makes alike."""
    return "proven if", detail if judging == JUDGING else f"{detail} ({told(judging)}: it makes the same)"
