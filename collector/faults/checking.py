"""What can be wrong in a pack's sections about faults beside their shape: (path, reason) each. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from collector.inspection.deadlines import Deadline
from collector.scoring.kinds import KINDS

if TYPE_CHECKING:
    from collector.faults.terms import ClockRule, EventRule, FaultTerms, LevelRule, VulnerabilityClock

Mistake = tuple[tuple[str | int, ...], str]
STARTS = ("problem", "onset", "detected", "reported", "acknowledged", "recovered")
STOPS = ("acknowledged", "arrived", "recovered", "substituted", "team_support")
ROLES = ("", "technician", "engineer", "expert", "manager")
SCORED = ("", "late", "no_support", "not_restored")
SEVERITIES = ("critical", "high", "medium", "low", "any")
STATES = ("crit", "warn")
_UNIT_MINUTES = {
    "minutes": 1,
    "hours": 60,
    "working_hours": 60,
    "days": 1440,
    "working_days": 1440,
    "weeks": 7 * 1440,
}


def fault_terms(terms: "FaultTerms") -> Iterator[Mistake]:
    """Levels out of order, names twice, impossible minimums."""
    yield from _levels(terms.levels)
    yield from _twice("clocks", [one.id for one in terms.clocks])
    yield from _twice("reports", [one.id for one in terms.reports])
    yield from _twice("events", [one.id for one in terms.events])
    bases = {one.basis for one in terms.clocks}
    if terms.scored_basis and terms.scored_basis not in bases:
        yield ("scored_basis",), f"no clock has the basis {terms.scored_basis!r}"
    if terms.late_item and terms.late_item not in KINDS:
        yield ("late_item",), f"no kind of item named {terms.late_item!r}"
    for name in ("min_fault_s", "merge_gap_s", "recover_stable_s", "min_probes"):
        if getattr(terms, name) < 0:
            yield (name,), "must not be negative"
    known = {str(one) for one in range(1, terms.lightest + 1)} | {"any"}
    for i, rule in enumerate(terms.clocks):
        keys = known if rule.by == "level" else {*terms.grades, "any"}
        for key in rule.limits:
            if key not in keys and not key.startswith("system:"):
                yield ("clocks", i, "limits", key), f"{key!r} is none of: {', '.join(sorted(keys))}"


def _levels(levels: "Sequence[LevelRule]") -> Iterator[Mistake]:
    for i, (graver, lighter) in enumerate(pairwise(levels), 1):
        if graver.level > lighter.level:
            yield ("levels", i, "level"), "the gravest level stands first"
        for name in ("down_over_s", "bad_over_s"):
            high, low = getattr(graver, name), getattr(lighter, name)
            if graver.core is lighter.core and high is not None and low is not None and high <= low:
                yield ("levels", i, name), f"limits the wrong way round: a graver level has {high}"


def _twice(section: str, ids: Sequence[str]) -> Iterator[Mistake]:
    for i, name in enumerate(ids):
        if name in ids[:i]:
            yield (section, i, "id"), f"{name!r} stands here twice"


def clock_rule(rule: "ClockRule") -> Iterator[Mistake]:
    """Words that are none, limits that are none or the wrong way round."""
    stop, _, role = rule.stop.partition(":")
    wanted = {
        "start": (rule.start, STARTS),
        "stop": (stop, STOPS),
        "by": (rule.by, ("level", "grade")),
        "counts_as": (rule.counts_as, SCORED),
    }
    for name, (word, words) in wanted.items():
        if word not in words:
            yield (name,), f"{word!r} is none of: {', '.join(words)}"
    if role not in ROLES or (role and stop != "arrived"):
        yield ("stop",), f"{role!r}: who came is one of: {', '.join(ROLES[1:])}"
    yield from _limits(rule.limits, sorted(key for key in rule.limits if key.isdecimal()))


def event_rule(rule: "EventRule") -> Iterator[Mistake]:
    """Likewise of events."""
    if rule.kind not in ("security_event", "emergency"):
        yield ("kind",), f"{rule.kind!r} is none of: security_event, emergency"
    if rule.stop not in ("acknowledged", "recovered"):
        yield ("stop",), f"{rule.stop!r} is none of: acknowledged, recovered"
    if rule.item not in KINDS:
        yield ("item",), f"no kind of item named {rule.item!r}"
    yield from _limits(rule.limits, ())


def vulnerability_clock(rule: "VulnerabilityClock") -> Iterator[Mistake]:
    """Likewise of vulnerabilities."""
    if rule.start not in ("found", "plan_approved"):
        yield ("start",), f"{rule.start!r} is none of: found, plan_approved"
    if rule.stop not in ("fixed", "planned"):
        yield ("stop",), f"{rule.stop!r} is none of: fixed, planned"
    for key in rule.limits:
        if key not in SEVERITIES:
            yield ("limits", key), f"{key!r} is none of: {', '.join(SEVERITIES)}"
    yield from _limits(rule.limits, [key for key in SEVERITIES if key in rule.limits])


def states(due: Mapping[str, Deadline]) -> Iterator[Mistake]:
    """Limits by the state of the reading that opens a finding."""
    for key in due:
        if key not in STATES:
            yield ("due", key), f"{key!r} is none of: {', '.join(STATES)}"
    for (_, *path), reason in _limits(due, [key for key in STATES if key in due]):
        yield ("due", *path), reason


def _limits(limits: Mapping[str, Deadline], gravest_first: Sequence[str]) -> Iterator[Mistake]:
    """At least one, of one unit at least, and none shorter for what is less grave."""
    if not limits:
        yield ("limits",), "at least one is wanted here"
    for key, one in limits.items():
        if one.count < 1:
            yield ("limits", key, "count"), "a limit is of one unit at least"
    for graver, lighter in pairwise(gravest_first):
        if _minutes(limits[graver]) > _minutes(limits[lighter]):
            yield ("limits", lighter), f"limits the wrong way round: {graver} has longer"


def _minutes(limit: Deadline) -> int:
    return limit.count * _UNIT_MINUTES.get(str(limit.unit), 30 * 1440)
