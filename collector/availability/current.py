"""The state of a service as far as its agents have reported: with its age, unknown once that is too old."""

from dataclasses import dataclass, replace

from collector.availability.classes import TimeClass
from collector.availability.engine import ServiceSpec, evaluate


@dataclass(frozen=True, slots=True)
class CurrentState:
    """What the service counted as at `as_of_ms`; `age_ms` is how long ago that was."""

    state: TimeClass
    as_of_ms: int
    age_ms: int


def current(spec: ServiceSpec, watermark_ms: int | None, now_ms: int, stale_after_ms: int) -> CurrentState:
    """State at the newest instant that is completely received; the period of `spec` does not matter.

    `stale_after_ms` is the agents' flush interval plus the hold: beyond it nothing is known any more.
    """
    if watermark_ms is None:
        return CurrentState(TimeClass.UNKNOWN, now_ms, 0)
    age = max(0, now_ms - watermark_ms)
    if age > stale_after_ms:
        return CurrentState(TimeClass.UNKNOWN, watermark_ms, age)
    figure = evaluate(replace(spec, from_ms=watermark_ms, to_ms=watermark_ms + 1, as_of_ms=None))
    return CurrentState(figure.segments[0][2], watermark_ms, age)
