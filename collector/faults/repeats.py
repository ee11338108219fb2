"""The same fault again: the machine proposes (same service, same cause code), a person decides. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from collector.faults import said as words
from collector.faults.ground import Ground
from collector.faults.model import Fault, Repeated
from collector.faults.said import Heard
from collector.faults.terms import Repeat
from collector.statements.sides import word

_DAY_MS = 86_400_000
Earlier = tuple[str, str, int, str]
"""(system, cause, onset, fault id)"""


def repeated(faults: Iterable[Fault], rule: Repeat | None, heard: Heard, ground: Ground) -> tuple[Fault, ...]:
    """The faults, each with the newest earlier one that it repeats, if any."""
    made = tuple(faults)
    if rule is None:
        return made
    causes = _causes(made, heard, ground)
    return tuple(replace(one, repeated=_of(one, causes, rule, heard, ground)) for one in made)


def _causes(faults: Sequence[Fault], heard: Heard, ground: Ground) -> list[Earlier]:
    """Every stated cause of the term. Faults before the window are told by the ids that people named."""
    known = {(one.system, one.judged.cause, one.moments.onset_ms, one.id) for one in faults}
    out = [(s, cause, at, name) for s, cause, at, name in known if cause and s is not None]
    for one in heard.of("cause"):
        named = words.onset_of(words.text(one, "fault"))
        if named is not None and ground.term[0] <= named[1] < ground.window[0]:
            out.append((named[0], words.text(one, "cause"), named[1], words.text(one, "fault")))
    return sorted(out, key=lambda one: one[2])


def _of(
    fault: Fault, causes: Sequence[Earlier], rule: Repeat, heard: Heard, ground: Ground
) -> Repeated | None:
    onset, cause = fault.moments.onset_ms, fault.judged.cause
    since = ground.term[0] if rule.days is None else onset - rule.days * _DAY_MS
    same = [
        name
        for system, other, at, name in causes
        if cause and (system, other) == (fault.system, cause) and since <= at < onset and name != fault.id
    ]
    said = [one for one in heard.of("repeat") if words.text(one, "fault") == fault.id]
    if said:  # a person may also see what the codes do not show
        heard_word = word(said, lambda one: (words.text(one, "of"), words.flag(one, "same")))
        counts = heard_word.said or said[-1]
        decision = words.flag(counts, "same")
        # That it is another one nobody can say for himself: the machine's proposal stays open.
        denied = bool(same) and decision is False and not heard_word.agreed
        return Repeated(words.text(counts, "of"), cause, None if denied else decision, counts.entry, denied)
    return Repeated(same[-1], cause) if same else None
