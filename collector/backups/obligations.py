"""The ledger for whoever keeps the account of obligations: what is owed, what was given, what breaks a line.

Plain JSON values. Nothing is judged anew here: days, copies, drills and problems are the ledger's, put
beside the contract lines that they bear on. Points and money are the scorecard's affair.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from checks.codec import JsonValue, to_json
from collector.backups.clauses import TOPICS
from collector.backups.ledger import DayState, Ledger, ObjectLedger, Outcome, Problem, Rto, Success

SCHEMA = 1
_WITHOUT = (DayState.NONE, DayState.LOST)


def obligations(ledger: Ledger) -> dict[str, JsonValue]:
    """`lines`: contract line -> what breaks it; `objects`: days, slots, copies, drills and times of each;
    `success`: the share of drills by period, with its bound."""
    lines: dict[str, list[Problem]] = {}
    for one in ledger.objects:
        for line in one.clause:
            lines.setdefault(line, [])
    for problem in ledger.problems:
        for line in problem.clause:
            lines.setdefault(line, []).append(problem)
    return {
        "schema": SCHEMA,
        "now": ledger.now_ms,
        "lines": {line: _line(line, lines[line], ledger) for line in sorted(lines)},
        "objects": [_object(one) for one in ledger.objects],
        "success": [success_json(one) for one in ledger.success],
    }


def _line(line: str, problems: Sequence[Problem], ledger: Ledger) -> dict[str, JsonValue]:
    bad = [one for one in problems if one.outcome is Outcome.BAD]
    bound = [one for one in ledger.objects if line in one.clause]
    return {
        "objects": [one.name for one in bound],
        "kept": not bad,
        "standing": sum(1 for one in bad if one.until_ms is None),
        "untold": sum(1 for one in problems if one.outcome is Outcome.COULD_NOT_TELL),
        "first_provable": min((one.first_provable_ms for one in bad), default=None),
        "problems": [problem_json(one) for one in problems if one.outcome is not Outcome.WARN],
        **_figures(line, bound, ledger),
    }


def _figures(line: str, bound: Sequence[ObjectLedger], ledger: Ledger) -> dict[str, JsonValue]:
    """What the line's objects come to together. The success rate is that of all drills, which the promise
    counts; it and the time to restore are of no interest to a line that speaks of neither."""
    days = [day for one in bound for day in one.days]
    copies: Counter[str] = Counter()
    for one in bound:
        copies.update({name.removeprefix("copy_"): n for name, n in one.counts.items() if "copy_" in name})
    made: dict[str, JsonValue] = {
        "days_without_point": sum(1 for day in days if day.state in _WITHOUT),
        "days_unproven": sum(1 for day in days if day.state is DayState.UNPROVEN),
        "copies": {name: n for name, n in sorted(copies.items()) if n},
    }
    if TOPICS.get(line, _RESTORE) & _RESTORE:
        made["success"] = [success_json(one) for one in ledger.success]
        made["rto"] = _rto([held for one in bound for held in one.rto])
    return made


_RESTORE = frozenset({"drill", "rto"})


def _rto(held: Sequence[Rto]) -> dict[str, JsonValue]:
    """`worst_ms`: the longest that was measured or reckoned; `over`: drills beyond the agreed time, or
    without a right answer; `untold`: those of a part, and nobody told of how much; `allowed_ms`: the
    shortest that was agreed (None: no drill)."""
    told = [one.ms for one in held if one.ms is not None]
    return {
        "drills": len(held),
        "worst_ms": max(told, default=None),
        "allowed_ms": min((one.allowed_ms for one in held), default=None),
        "over": sum(1 for one in held if one.within is False),
        "untold": sum(1 for one in held if one.within is None),
    }


def problem_json(one: Problem) -> dict[str, JsonValue]:
    """One problem, its figures as a mapping."""
    made: dict[str, JsonValue] = to_json(one)
    return {**made, "numbers": dict(one.numbers)}


def _object(one: ObjectLedger) -> dict[str, JsonValue]:
    return {
        "object": one.name,
        "clause": list(one.clause),
        "policies": list(one.policies),
        "days": _days(one),
        "slots": _prefixed(one.counts, ""),
        "copies": _prefixed(one.counts, "copy_"),
        "drills": _drills(one),
        "tested": one.tested,
        "rto": [to_json(held) for held in one.rto],
        "rpo": to_json(one.rpo),
        "retention": to_json(one.retention),
    }


def _days(one: ObjectLedger) -> dict[str, JsonValue]:
    days = one.days
    return {
        "owed": sum(1 for day in days if day.state is not DayState.OPEN),
        "restorable": sum(1 for day in days if day.state in (DayState.RESTORABLE, DayState.EXPIRED)),
        "without_point": [day.day for day in days if day.state in _WITHOUT],
        "unproven": [day.day for day in days if day.state is DayState.UNPROVEN],
        "excused": [day.day for day in days if day.state is DayState.EXCUSED],
    }


_SLOTS = ("due", "running", "on_time", "late", "missed", "double", "excused", "unseen", "good")


def _prefixed(counts: Mapping[str, int], prefix: str) -> dict[str, JsonValue]:
    if not prefix:
        return {name: counts[name] for name in _SLOTS}
    return {name.removeprefix(prefix): n for name, n in counts.items() if name.startswith(prefix)}


def _drills(one: ObjectLedger) -> dict[str, JsonValue]:
    states = [turn.state for turn in one.drills]
    outcomes = [turn.outcome for turn in one.drills]
    return {
        "due": len(states) - states.count("due"),
        **{state: states.count(state) for state in ("done", "missed", "excused")},
        **{word: outcomes.count(word) for word in ("good", "bad", "could_not_tell")},
    }


def success_json(one: Success) -> dict[str, JsonValue]:
    """A period's success, with percentages as text beside the ratios: rounded down, so that none looks kept
    that is not."""
    made: dict[str, Any] = to_json(one)
    return {**made, "rate_percent": percent(one.rate), "lower_percent": percent(one.lower)}


def percent(ratio: Any) -> str | None:
    """Two decimals, rounded down (`98.96`); None for no ratio."""
    if ratio is None:
        return None
    hundredths = ratio.numerator * 10_000 // ratio.denominator
    return f"{hundredths // 100}.{hundredths % 100:02d}"
