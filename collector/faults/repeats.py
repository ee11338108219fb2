"""The same fault again: the machine proposes (same service, same cause code), a person decides. Pure.

Of a fault whose cause nobody has stated nobody can tell whether it is the one before: it is open. A cause
that the vendor's side alone calls another one counts as such, and the fault says so.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from collector.faults import said as words
from collector.faults.ground import Ground
from collector.faults.model import NO_CAUSE, OTHER_CAUSE, Fault, Repeated
from collector.faults.said import Heard
from collector.faults.terms import Repeat
from collector.statements.model import Said
from collector.statements.sides import word

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class _Known:
    """A fault of the term. `cause` "": not stated; `alone`: only the vendor's side says so."""

    system: str
    cause: str
    at_ms: int
    id: str
    alone: bool = False


def repeated(faults: Iterable[Fault], rule: Repeat | None, heard: Heard, ground: Ground) -> tuple[Fault, ...]:
    """The faults, each with the newest earlier one that it repeats, or may repeat, if any."""
    made = tuple(faults)
    if rule is None:
        return made
    known = sorted((*_inside(made), *_before(heard, ground)), key=lambda one: (one.at_ms, one.id))
    return tuple(replace(one, repeated=_of(one, known, rule, heard, ground)) for one in made)


def _inside(faults: Sequence[Fault]) -> Iterator[_Known]:
    for one in faults:
        if one.system is not None:
            yield _known(one, one.system)


def _known(one: Fault, system: str) -> _Known:
    alone = "cause" in one.judged.unconfirmed
    return _Known(system, one.judged.cause, one.moments.onset_ms, one.id, alone)


def _before(heard: Heard, ground: Ground) -> Iterator[_Known]:
    """Faults of the term before the window: told by the ids that people named."""
    causes: dict[str, list[Said]] = {}
    named: dict[str, tuple[str, int]] = {}
    for one in heard.said:
        name = words.text(one, "fault")
        found = words.onset_of(name) if name else None
        if found is not None and ground.term[0] <= found[1] < ground.window[0]:
            named[name] = found
            if one.kind == "cause":
                causes.setdefault(name, []).append(one)
    for name, (system, at) in named.items():
        stated = word(causes.get(name, []), lambda one: words.text(one, "cause"))
        cause = "" if stated.said is None else words.text(stated.said, "cause")
        yield _Known(system, cause, at, name, not stated.agreed)


def _of(fault: Fault, known: Sequence[_Known], rule: Repeat, heard: Heard, ground: Ground) -> Repeated | None:
    onset, cause = fault.moments.onset_ms, fault.judged.cause
    since = ground.term[0] if rule.days is None else onset - rule.days * _DAY_MS
    earlier = [
        one
        for one in known
        if one.system == fault.system and since <= one.at_ms < onset and one.id != fault.id
    ]
    same = [one.id for one in earlier if cause and one.cause == cause]
    said = [one for one in heard.of("repeat") if words.text(one, "fault") == fault.id]
    if said:  # a person may also see what the codes do not show
        heard_word = word(said, lambda one: (words.text(one, "of"), words.flag(one, "same")))
        counts = heard_word.said or said[-1]
        decision = words.flag(counts, "same")
        # That it is another one nobody can say for himself: the machine's proposal stays open.
        denied = bool(same) and decision is False and not heard_word.agreed
        return Repeated(words.text(counts, "of"), cause, None if denied else decision, counts.entry, denied)
    if same:
        return Repeated(same[-1], cause)
    return _perhaps(fault, earlier)


def _perhaps(fault: Fault, earlier: Sequence[_Known]) -> Repeated | None:
    """One that it may be for all that anybody stated, or that only the vendor's side says it is not."""
    cause = fault.judged.cause
    untold = [one.id for one in earlier if not cause or not one.cause]
    if untold:
        return Repeated(untold[-1], cause, why=NO_CAUSE)
    alone = "cause" in fault.judged.unconfirmed
    other = [one.id for one in earlier if alone or one.alone]
    return Repeated(other[-1], cause, False, why=OTHER_CAUSE) if other else None
