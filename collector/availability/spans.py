"""Half-open spans of milliseconds, and the one sweep that every figure is made with."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

Span = tuple[int, int]
V = TypeVar("V")
Steps = list[tuple[int, V]]
"""A step function: (instant, value from there on), in order of time, the first at the start of the period."""


def union(spans: Iterable[Span]) -> list[Span]:
    """The same instants as disjoint spans in order of time, so overlaps never count twice."""
    out: list[Span] = []
    for start, end in sorted(spans):
        if end <= start:
            continue
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], end))
        else:
            out.append((start, end))
    return out


def complement(spans: Sequence[Span], start: int, end: int) -> list[Span]:
    """The rest of [start, end) outside disjoint spans in order of time."""
    out: list[Span] = []
    at = start
    for a, b in spans:
        if a > at:
            out.append((at, min(a, end)))
        at = max(at, b)
        if at >= end:
            return [span for span in out if span[0] < span[1]]
    return [*out, (at, end)] if at < end else out


def common(one: Sequence[Span], other: Sequence[Span]) -> int:
    """Milliseconds that two lists of disjoint ordered spans have in common."""
    total = i = k = 0
    while i < len(one) and k < len(other):
        total += max(0, min(one[i][1], other[k][1]) - max(one[i][0], other[k][0]))
        if one[i][1] < other[k][1]:
            i += 1
        else:
            k += 1
    return total


def covered(spans: Sequence[Span], start: int, end: int) -> Steps[int]:
    """1 inside the disjoint ordered spans, 0 outside, from `start` on."""
    steps: Steps[int] = [(start, 0)]
    for a, b in spans:
        put(steps, a, 1, end)
        put(steps, b, 0, end)
    return steps


def put(steps: Steps[V], t: int, value: V, end: int) -> None:
    """Append a step; what lies before the period sets its first value, what lies after it is dropped."""
    if t >= end:
        return
    if t <= steps[-1][0]:
        steps[-1] = (steps[-1][0], value)
    elif steps[-1][1] != value:
        steps.append((t, value))


def sweep(channels: Sequence[Steps[V]], end: int) -> Iterator[tuple[int, int, tuple[V, ...]]]:
    """Walk several step functions together: (from, to, their values), without empty pieces."""
    if not channels or channels[0][0][0] >= end:
        return
    if len(channels) == 1:
        yield from _walk(channels[0], end)
        return
    now = [steps[0][1] for steps in channels]
    since = channels[0][0][0]
    events = [(t, i, value) for i, steps in enumerate(channels) for t, value in steps[1:]]
    events.sort(key=lambda event: event[0])
    for t, i, value in events:
        if t > since:
            yield since, t, tuple(now)
            since = t
        now[i] = value
    yield since, end, tuple(now)


def _walk(steps: Steps[V], end: int) -> Iterator[tuple[int, int, tuple[V, ...]]]:
    """The same for one step function, which needs no merging."""
    since, held = steps[0]
    for t, value in steps[1:]:
        yield since, t, (held,)
        since, held = t, value
    yield since, end, (held,)
