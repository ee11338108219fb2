"""Everything of faults, vulnerabilities and findings at an instant: the one way to it, for the store, for
case files and for the offline verifier. Pure."""

from dataclasses import replace

from collector.faults import findings, fold, incidents, vulnerabilities
from collector.faults.ground import Ground
from collector.faults.model import Account
from collector.faults.repeats import repeated
from collector.faults.said import heard
from collector.faults.terms import Terms
from collector.inspection.deadlines import Workdays


def account(terms: Terms, ground: Ground, as_of_ms: int, days: Workdays) -> Account:
    """What the evidence and the statements that were received by then say. A section that the pack leaves
    out has nothing in it."""
    told = heard(ground.said, as_of_ms)
    stray = list(told.stray)
    made = Account(as_of_ms, hazards=incidents.hazards(ground, told), key_moments=incidents.key_moments(told))
    parts: dict[str, object] = {}
    if terms.faults is not None:
        folded = fold.fold(terms.faults, ground, told, as_of_ms, days, terms.speech)
        stray += folded.stray
        parts["faults"] = repeated(folded.faults, terms.faults.repeat, told, ground)
        parts["blips"] = folded.blips
        parts["incidents"] = incidents.incidents(terms.faults, ground, told, as_of_ms, days, terms.speech)
    if terms.vulnerabilities is not None:
        found, odd = vulnerabilities.fold(terms.vulnerabilities, ground, told, as_of_ms, days, terms.speech)
        stray += odd
        parts["vulnerabilities"] = found
    if terms.findings is not None:
        kept, odd = findings.fold(terms.findings, ground, told, as_of_ms, days)
        stray += odd
        parts["findings"] = kept
    return _with(made, parts, tuple(sorted(stray)))


def _with(made: Account, parts: dict[str, object], stray: tuple[tuple[int, str], ...]) -> Account:
    return replace(made, stray=stray, **parts)  # type: ignore[arg-type]  # by name, each of its own type
