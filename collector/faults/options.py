"""The options of a scorecard that change what faults are, applied to a pack's terms. Pure.

Keys as in contracts.md 3; what is not chosen stays as the pack has it.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from collector.faults.terms import ClockStart, FaultTerms, Repeat, Speech, Terms, Waiver
from collector.inspection.deadlines import Deadline, Unit

Chosen = Mapping[str, object]
_WINDOWS = {"term": None, "year": 365, "quarter": 92, "month": 31}


def with_options(terms: Terms, chosen: Chosen) -> Terms:
    """The terms under these choices; ValueError (naming the key) for a value that no option has."""
    faults, flaws = terms.faults, terms.vulnerabilities
    if faults is not None:
        for key, change in _CHANGES.items():
            if key in chosen:
                try:
                    faults = change(faults, chosen[key])
                except (KeyError, ValueError, TypeError):
                    raise ValueError(f"{key}: {chosen[key]!r} is no choice of this option") from None
    if flaws is not None and "vulnerability.counts_if" in chosen:
        flaws = replace(flaws, counts_if=str(chosen["vulnerability.counts_if"]))
    return replace(terms, faults=faults, vulnerabilities=flaws, speech=_speech(terms.speech, chosen))


def _speech(speech: Speech, chosen: Chosen) -> Speech:
    alone, minutes = chosen.get("statement.vendor"), chosen.get("statement.tolerance")
    if alone not in (None, "provisional", "confirmed_only"):
        raise ValueError(f"statement.vendor: {alone!r} is no choice of this option")
    return Speech(
        speech.vendor_alone if alone is None else alone == "provisional",
        speech.tolerance_ms if minutes is None else _whole(minutes) * 60_000,
    )


def _whole(value: object) -> int:
    return int(str(value))


def _yes(value: object) -> bool:
    return {"true": True, "false": False}[str(value).lower()]


def _no_impact(terms: FaultTerms, value: object) -> FaultTerms:
    """`level4`, or `none`: a fault that had no serious effect is none of the contract's."""
    word = str(value)
    level = 0 if word == "none" else int(word.removeprefix("level"))
    return replace(terms, no_impact=level)


def _restore(terms: FaultTerms, value: object) -> FaultTerms:
    """`none`: no limit of recovery was agreed, so none is scored; a system's own limit stays."""
    if value == "8_working_hours":
        return terms
    if value != "none":
        raise ValueError(value)
    made = []
    for rule in terms.clocks:
        own = {key: one for key, one in rule.limits.items() if key.startswith("system:")}
        made.append(replace(rule, limits=own) if rule.counts_as == "not_restored" else rule)
    return replace(terms, clocks=tuple(made))


_DUE = {
    "3_days": Deadline(3, Unit.DAYS, "recovered"),
    "2_working_days": Deadline(2, Unit.WORKING_DAYS, "recovered"),
}


def _report(terms: FaultTerms, value: object) -> FaultTerms:
    due = _DUE[str(value)]
    reports = tuple(replace(one, due=due) if one.scored else one for one in terms.reports)
    return replace(terms, reports=reports)


def _repeat(terms: FaultTerms, value: object) -> FaultTerms:
    days = _WINDOWS[str(value)]
    return terms if terms.repeat is None else replace(terms, repeat=Repeat(terms.repeat.clause, days))


def _impact(terms: FaultTerms, value: object) -> FaultTerms:
    return replace(terms, impact_counts={"proposed": True, "stated": False}[str(value)])


def _limits(terms: FaultTerms, value: object) -> FaultTerms:
    if value not in {rule.basis for rule in terms.clocks}:
        raise ValueError(value)
    return replace(terms, scored_basis=str(value))


_CHANGES: Mapping[str, Callable[[FaultTerms, object], FaultTerms]] = {
    "clock.start": lambda terms, value: replace(terms, clock_start=ClockStart(str(value))),
    "waiver": lambda terms, value: replace(terms, waiver=Waiver(str(value))),
    "min_fault_s": lambda terms, value: replace(terms, min_fault_s=_whole(value)),
    "merge_gap_s": lambda terms, value: replace(terms, merge_gap_s=_whole(value)),
    "q_includes_down": lambda terms, value: replace(terms, q_includes_down=_yes(value)),
    "no_impact": _no_impact,
    "impact": _impact,
    "restore_limit": _restore,
    "report.due": _report,
    "repeat.window": _repeat,
    "limits": _limits,
}
KEYS = frozenset((*_CHANGES, "vulnerability.counts_if", "statement.vendor", "statement.tolerance"))
"""Options that this part reads; `late.per`, `vendor_cause`, `hazard.found_by` are read by the lines."""
