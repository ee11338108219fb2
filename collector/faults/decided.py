"""What people decided of a fault: level, cause, whose it was, effect, force majeure. Pure.

Where both sides may speak the buyer's word stands (collector/statements/sides.py).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from collector.faults import said as words
from collector.faults.draft import Draft
from collector.faults.ground import Ground
from collector.faults.levels import decided, proposed
from collector.faults.model import Judged
from collector.faults.said import Heard
from collector.faults.terms import FaultTerms, Speech
from collector.statements.model import Said
from collector.statements.sides import Word, firm, word

DECIDES = ("manager", "admin", "buyer")  # who may state a level or whose cause it was
_CONFIRMED = ("level", "vendor_cause", "impact")
"""Kinds that the buyer's side is asked to confirm: they decide points."""


def judged_of(draft: Draft, terms: FaultTerms, ground: Ground, heard: Heard, speech: Speech) -> Judged:
    """Level, cause, effect and what is still asked."""
    level, levels = _proposal(draft, terms, ground)
    impact_said = _word(draft, speech, draft.of("impact"), _effect)
    cause_said = _word(draft, speech, draft.of("cause"), lambda one: words.text(one, "cause"))
    stated = _level(draft, speech)
    whose = _vendor(draft, speech)
    impact = None if impact_said.said is None else words.flag(impact_said.said, "serious")
    fallen, others = decided(levels, level, impact, terms)
    number = None if stated.said is None else words.number(stated.said, "level")
    heard_words = {"level": stated, "cause": cause_said, "vendor_cause": whose, "impact": impact_said}
    made = Judged(
        level=number if number is not None else fallen,
        proposed=level,
        levels=(number,) if number is not None else others,
        level_by=None if stated.said is None else stated.said.entry,
        grade=_grade(draft, speech),
        cause=_cause(draft, cause_said.said),
        cause_text="" if cause_said.said is None else words.text(cause_said.said, "text"),
        vendor_cause=None if whose.said is None else words.flag(whose.said, "vendor"),
        impact=impact,
        major_impact=None if impact_said.said is None else words.flag(impact_said.said, "major_impact"),
        waiver=_waiver(draft, heard),
        unconfirmed=tuple(name for name, one in heard_words.items() if one.said and not one.agreed),
        disputed=tuple(dict.fromkeys(draft.disputed)),
    )
    return replace(made, asked=_asked(made))


def _word(draft: Draft, speech: Speech, found: Sequence[Said], told: Callable[[Said], object]) -> Word:
    """Whose word counts; the vendor's alone only where the contract lets it."""
    made = word(found, told)
    draft.note(made.disputed)
    return made if made.agreed or speech.vendor_alone else Word()


def _effect(one: Said) -> object:
    return words.flag(one, "serious"), words.flag(one, "major_impact")


def _proposal(draft: Draft, terms: FaultTerms, ground: Ground) -> tuple[int | None, tuple[int, ...]]:
    if draft.seen is not None:
        return proposed(draft.seen.outage, ground.is_core(draft.seen), terms)
    # Of what only people know the machine can say no more than whoever reported it.
    told = [one for one in draft.of("fault_reported") if words.number(one, "level") is not None]
    found = word(told, lambda one: words.number(one, "level")).said
    level = terms.lightest if found is None else words.number(found, "level") or terms.lightest
    return level, (level,)


def _level(draft: Draft, speech: Speech) -> Word:
    """The decision; else, of what only people know, the report by one who may decide.

    What the machine measured no report decides: anybody may make one.
    """
    reports = [] if draft.seen is not None else _reports(draft, "level")

    def level(one: Said) -> object:
        return words.number(one, "level")

    stated = _word(draft, speech, draft.of("level"), level)
    return _better(draft, stated, _word(draft, speech, reports, level))


def _vendor(draft: Draft, speech: Speech) -> Word:
    def vendor(one: Said) -> object:
        return words.flag(one, "vendor")

    stated = _word(draft, speech, draft.of("vendor_cause"), vendor)
    return _better(draft, stated, _word(draft, speech, _reports(draft, "vendor"), vendor))


def _reports(draft: Draft, name: str) -> list[Said]:
    """Reports that say it, by those who may decide."""
    found = draft.of("fault_reported")
    return [one for one in found if one.role in DECIDES and one.fields.get(name) is not None]


def _better(draft: Draft, decision: Word, report: Word) -> Word:
    """A decision before a report; the buyer's report before the vendor's decision; of one side no decision of
    the command line before a report that its author vouched for."""
    if decision.said is None:
        return report
    if report.said is None or _rank(report) <= _rank(decision):
        return decision
    if not firm(decision.said):
        draft.note([decision.said])
    return report


def _rank(one: Word) -> tuple[bool, bool]:
    return one.agreed, one.said is not None and firm(one.said)


def _grade(draft: Draft, speech: Speech) -> str:
    found = [one for one in draft.of("level") if words.text(one, "class")]
    picked = _word(draft, speech, found, lambda one: words.text(one, "class")).said
    return "" if picked is None else words.text(picked, "class")


def _cause(draft: Draft, said: Said | None) -> str:
    if said is not None:
        return words.text(said, "cause")
    return next((found for one in draft.of("fault_reported") if (found := words.text(one, "cause"))), "")


def _waiver(draft: Draft, heard: Heard) -> str:
    """The newest claim's answer. What was decided once no new claim opens again."""
    claims = draft.of("force_majeure_claimed")
    answers = [answer for one in claims if (answer := heard.about("force_majeure_decided", one)) is not None]
    if not answers:
        return "claimed" if claims else ""
    newest = max(answers, key=lambda one: (one.received_ms, one.entry))
    return "approved" if words.flag(newest, "approved") else "refused"


def _asked(judged: Judged) -> tuple[str, ...]:
    """What people still have to state of it, or the buyer's side to confirm."""
    wanted = {
        "level": judged.level_by is None,
        "cause": not judged.cause,
        "vendor_cause": judged.vendor_cause is None,
        "impact": judged.impact is None and judged.major_impact is None,
        "force_majeure_decided": judged.waiver == "claimed",
    }
    open_ = [one for one in _CONFIRMED if one in judged.unconfirmed]
    return tuple(kind for kind, missing in wanted.items() if missing or kind in open_)
