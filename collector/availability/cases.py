"""Worked examples: a parsed case file in, what the engine makes of every example out."""

from collections.abc import Callable
from typing import Any

from collector.availability.case_read import Example, read_example
from collector.availability.case_report import CaseReport, CaseResult, report_of
from collector.availability.case_values import Value
from collector.availability.classes import TimeClass
from collector.availability.display import flag_text, percent
from collector.availability.engine import Figure, ServiceSpec, evaluate
from collector.availability.errors import AvailabilityError, CaseError
from collector.availability.faults import Fault
from collector.availability.members import combine

Got = dict[str, Any]
_ALWAYS = ("up", "down", "unknown")
_PERCENTS = ("known", "low", "high", "coverage", "score")
_BARE = (*_ALWAYS, "known", "low", "high", "score", "down_min", "down_max", "meets")
_MEMBERS = ("each", "worst", "mean", "union")


def run_cases(document: object) -> CaseReport:
    """Evaluate every example of a parsed case file. CaseError: the document is no list of examples."""
    return report_of(document, run_case)


def run_case(name: str, raw: dict[str, Any]) -> CaseResult:
    """Evaluate one example; a bad one is a CaseError naming example and field."""
    example = read_example(Value(name, "", raw))
    expect = raw.get("expect")
    wanted = _wanted(example, expect)
    try:
        got = [_got(example, as_of, keys) for as_of, keys in zip(example.as_of, wanted, strict=True)]
    except CaseError:
        raise
    except AvailabilityError as error:
        raise CaseError(name, error.subject, error.detail) from None
    answer: Got | list[Got] = got if example.many else got[0]
    return CaseResult(name, answer, None if expect is None else answer == expect)


def _wanted(example: Example, expect: object) -> list[tuple[str, ...] | None]:
    """The keys that every answer must have; None where nothing is expected."""
    if expect is None:
        return [None] * len(example.as_of)
    rows = expect if isinstance(expect, list) else [expect]
    if isinstance(expect, list) != example.many or len(rows) != len(example.as_of):
        raise CaseError(example.id, "expect", "must have the shape of as_of: one figure for each instant")
    keys: list[tuple[str, ...] | None] = []
    for row in rows:
        if not isinstance(row, dict):
            raise CaseError(example.id, "expect", "must be a mapping of figures")
        keys.append(tuple(str(key) for key in row))
    return keys


def _got(example: Example, as_of: int | None, keys: tuple[str, ...] | None) -> Got:
    if example.members:
        return _members(example, as_of, keys)
    spec = example.at(as_of)
    figure = evaluate(spec)
    if keys is None:
        keys = (*_BARE, *(["flags"] if figure.flags else []), *(["faults"] if example.wants_faults else []))
    got = {key: _value(key, figure, spec) for key in keys}
    # A class that the example forgets must show, or a difference could hide behind a missing key.
    for cls in TimeClass if set(keys) & set(_ALWAYS) else ():
        if cls.value not in got and (ms := getattr(figure.buckets, cls.value)):
            got[cls.value] = _seconds(ms)
    return got


def _members(example: Example, as_of: int | None, keys: tuple[str, ...] | None) -> Got:
    figures = {name: evaluate(example.at(as_of, name)) for name in example.members}
    combined = combine(figures, example.spec.params)
    all_of_them: Got = {
        "each": {name: percent(score) for name, score in combined.each.items()},
        "worst": percent(combined.worst),
        "mean": percent(combined.mean),
        "union": percent(combined.union.ratios.score),
    }
    return {key: all_of_them.get(key) for key in (keys or _MEMBERS)}


def _value(key: str, figure: Figure, spec: ServiceSpec) -> Any:
    """One printed figure; a key that we do not know is null, and so differs."""
    if key in TimeClass.__members__.values():
        return _seconds(getattr(figure.buckets, key))
    if key in _PERCENTS:
        return percent(getattr(figure.ratios, key))
    read = _READ.get(key)
    return None if read is None else read(figure, spec)


def _fault(fault: Fault, base: int) -> list[int | float | None]:
    instants = (fault.from_ms - base, fault.to_ms - base, fault.down_ms, fault.degraded_ms)
    return [*(_seconds(ms) for ms in instants), fault.level]


def _seconds(ms: int) -> int | float:
    """Seconds as the case file writes them; only a fraction of a second is printed with a point."""
    return ms // 1000 if ms % 1000 == 0 else ms / 1000


_READ: dict[str, Callable[[Figure, ServiceSpec], Any]] = {
    "down_min": lambda figure, _: _seconds(figure.bounds.down_min),
    "down_max": lambda figure, _: _seconds(figure.bounds.down_max),
    "verdict": lambda figure, _: str(figure.bounds.verdict),
    "meets": lambda figure, _: figure.meets,
    "observations": lambda figure, _: figure.observations,
    "longest_gap": lambda figure, _: (
        None if figure.longest_gap_ms is None else _seconds(figure.longest_gap_ms)
    ),
    "attested": lambda figure, _: _seconds(figure.attested_ms),
    "blips": lambda figure, spec: [
        [_seconds(blip.from_ms - spec.from_ms), _seconds(blip.to_ms - spec.from_ms)] for blip in figure.blips
    ],
    "flags": lambda figure, spec: [flag_text(flag, spec.from_ms) for flag in figure.flags],
    "faults": lambda figure, spec: [_fault(fault, spec.from_ms) for fault in figure.faults],
}
