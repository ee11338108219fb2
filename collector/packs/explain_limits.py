"""Levels of faults, limits, reports and documents of a pack in words."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from collector.faults.terms import (
    ClockRule,
    EventRule,
    FaultTerms,
    FindingTerms,
    LevelRule,
    ReportRule,
    VulnerabilityClock,
    VulnerabilityTerms,
    When,
)
from collector.inspection.deadlines import Deadline
from collector.packs.archive_terms import ArchiveTerms, Every, Per, Wanted
from collector.packs.explain_words import LIMIT_WORDS, UNITS

_MINUTE, _HOUR = 60, 3600


class Words(Protocol):
    """One language of an explanation."""

    place: int

    def say(self, word: str, **values: object) -> str:
        """A sentence with its values."""
        ...

    def clause(self, part: Any) -> str:
        """The line that quotes the clause."""
        ...


def fault_limits(terms: FaultTerms, say: Words) -> Iterator[str]:
    """How faults are told apart and graded, and the limits that run on them."""
    yield from _graded(terms, say)
    yield say.say("clocks", count=len(terms.clocks))
    for clock in terms.clocks:
        yield _clock(clock, terms, say)
        yield say.clause(clock)
    if terms.escalation is not None:
        yield say.say("escalation", every=deadline(terms.escalation.every, say))
        yield say.clause(terms.escalation)
    for report in terms.reports:
        yield _report(report, say)
        yield say.clause(report)
    if terms.repeat is not None:
        within = "" if terms.repeat.days is None else say.say("repeat_within", days=terms.repeat.days)
        yield say.say("repeat", within=within)
        yield say.clause(terms.repeat)
    for event in terms.events:
        yield _event(event, say)
        yield say.clause(event)


def _graded(terms: FaultTerms, say: Words) -> Iterator[str]:
    yield say.say("levels")
    yield say.clause(terms)
    for level in terms.levels:
        of = _level(level.level, say)
        yield say.say("level", name=level.name, number=of, when=_when(level, terms, say))
        yield say.clause(level)
    if terms.otherwise is not None:
        yield say.say("otherwise", level=_level(terms.otherwise, say))
    if terms.no_impact is not None:
        word = "no_impact" if terms.no_impact else "no_impact_none"
        yield say.say(word, level=_level(terms.no_impact, say))
    yield say.say("shortest", least=seconds(terms.min_fault_s, say), looks=terms.min_probes)
    gap, stable = seconds(terms.merge_gap_s, say), seconds(terms.recover_stable_s, say)
    yield say.say("merged", gap=gap, stable=stable)


def flaw_limits(flaws: VulnerabilityTerms | None, findings: FindingTerms | None, say: Words) -> Iterator[str]:
    """Limits on vulnerabilities and findings."""
    if flaws is not None:
        yield say.say("flaws")
        yield say.clause(flaws)
        for clock in flaws.clocks:
            yield _flaw(clock, say)
            yield say.clause(clock)
    if findings is not None:
        yield say.say("findings", limits=_limits(findings.due, say) or say.say("no_limit"))
        yield say.say("clause", clause=findings.due_clause or findings.clause, page="")


def wanted(terms: ArchiveTerms, say: Words) -> Iterator[str]:
    """The documents to be on file, how many, and how often."""
    yield say.say("archive", count=len(terms.documents))
    for one in terms.documents:
        yield say.say("wanted", id=one.id, zh=one.zh, en=one.en, often=_often(one, say))
        yield say.clause(one)


def deadline(limit: Deadline, say: Words) -> str:
    """A limit as people say it: 30 分钟, 8 个工作小时."""
    return number_with_unit(limit.count, limit.unit.value, say)


def number_with_unit(count: int, unit: str, say: Words) -> str:
    """So many of a unit; of one that has no words as the pack writes it."""
    word = UNITS.get(unit, (unit, unit))[say.place]
    word = word.removesuffix("s") if say.place == 1 and count == 1 else word
    return f"{count} {word}"


def seconds(count: int, say: Words) -> str:
    """A length in the largest unit that leaves no rest."""
    if count and not count % _HOUR:
        return number_with_unit(count // _HOUR, "hours", say)
    if count and not count % _MINUTE:
        return number_with_unit(count // _MINUTE, "minutes", say)
    return number_with_unit(count, "seconds", say)


def _word(word: str, say: Words) -> str:
    return LIMIT_WORDS.get(word, (word, word))[say.place]


def _level(level: int, say: Words) -> str:
    return say.say("level_number", level=level)


def _when(level: LevelRule, terms: FaultTerms, say: Words) -> str:
    held = []
    if level.core is not None:
        held.append(_word("core" if level.core else "not_core", say))
    lasts = []
    if level.down_over_s is not None:
        lasts.append(
            say.say("down_over", over=seconds(level.down_over_s, say))
            if level.down_over_s
            else say.say("down")
        )
    if level.bad_over_s is not None:
        word = "bad_over" if terms.q_includes_down else "degraded_over"
        lasts.append(say.say(word, over=seconds(level.bad_over_s, say)))
    held += [say.say("or").join(lasts)] if lasts else []
    held += [_word("serious", say)] if level.needs_impact else []
    return say.say("and").join(held)


def _clock(clock: ClockRule, terms: FaultTerms, say: Words) -> str:
    stop, _, role = clock.stop.partition(":")
    ends = _word(stop, say) if not role else say.say("by_role", role=_word(role, say))
    more = [_word(clock.on_days.value, say)] if clock.on_days is not When.ALWAYS else []
    more += [_word(clock.counts_as or "unpriced_clock", say)]
    if clock.basis and clock.basis != terms.scored_basis:
        more[-1] = _word("other_basis", say)
    limits = _limits(clock.limits, say)
    start = _word(clock.start, say)
    return say.say(
        "clock", id=clock.id, start=start, stop=ends, limits=limits, more=say.say("and").join(more)
    )


def _limits(limits: Mapping[str, Deadline], say: Words) -> str:
    words = list(
        LIMIT_WORDS
    )  # in which severities stand in their order; a pack's own bytes sort them by name
    keys = sorted(limits, key=lambda key: (words.index(key) if key in words else 0, key))
    said = (say.say("limit", of=_of(key, say), limit=deadline(limits[key], say)) for key in keys)
    return say.say("and_then").join(said)


def _of(key: str, say: Words) -> str:
    return _level(int(key), say) if key.isdecimal() else _word(key, say)


def _report(report: ReportRule, say: Words) -> str:
    due = say.say("no_limit")
    if report.due is not None:
        due = say.say("after_recovery", due=deadline(report.due, say))
    levels = say.say("list").join(_level(one, say) for one in report.levels) or _word("any", say)
    scored = _word("scored" if report.scored else "unpriced_clock", say)
    return say.say("fault_report", id=report.id, levels=levels, due=due, scored=scored)


def _event(event: EventRule, say: Words) -> str:
    kind, stop = _word(event.kind, say), _word(event.stop, say)
    tail = say.say("must_close") if event.must_close else ""
    return say.say("event", id=event.id, kind=kind, stop=stop, limits=_limits(event.limits, say), tail=tail)


def _flaw(clock: VulnerabilityClock, say: Words) -> str:
    start, stop = _word(clock.start, say), _word(clock.stop, say)
    tail = say.say("or_mitigated") if clock.mitigation_counts else ""
    tail += "" if clock.scored else say.say("and") + _word("unpriced_clock", say)
    limits = _limits(clock.limits, say)
    return say.say("flaw", id=clock.id, start=start, stop=stop, limits=limits, tail=tail)


def _often(one: Wanted, say: Words) -> str:
    often = _word(f"every_{one.every.value}", say)
    if one.every is not Every.STANDING and (one.count > 1 or one.every is not Every.EVENT):
        often += say.say("copies", count=one.count)
    if one.per is not Per.CONTRACT:
        often = say.say("and").join((_word(f"per_{one.per.value}", say), often))
    return often + (say.say("after_days", days=one.after_days) if one.after_days else "")
