"""Two samples and the time between them: the one kept from the last look, else one taken just now."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from agent.sources.host_proc import monotonic_ms
from agent.sources.memory import Memory
from checks.codec import FieldError, from_json, to_json

T = TypeVar("T")

# A kept sample this old would average a present peak away, one this young would be mostly noise.
OLDEST_MS = 15 * 60_000
YOUNGEST_MS = 100
SHORT_S = 0.2


@dataclass(frozen=True, slots=True)
class Span(Generic[T]):
    """`before` is None when there is no usable earlier sample."""

    before: T | None
    after: T
    elapsed_ms: int


@dataclass(frozen=True, slots=True)
class _Kept:
    """A sample as `since_last_look` remembers it: of which boot, taken when (monotonic ms)."""

    boot: str
    at: int
    sample: dict[str, Any]


def since_last_look(memory: Memory, key: str, boot: str, kind: type[T], take: Callable[[], T]) -> Span[T]:
    """The kept sample of this boot, however old, with a new one; `before` None at the first look."""
    after, at = take(), monotonic_ms()
    kept = _read(memory.swap(key, {"boot": boot, "at": at, "sample": to_json(after)}))
    if kept is None or kept.boot != boot or kept.at > at:
        return Span(None, after, 0)
    try:
        return Span(from_json(kind, kept.sample), after, at - kept.at)
    except FieldError:  # kept by an older version of this agent
        return Span(None, after, 0)


def recently(
    memory: Memory,
    key: str,
    boot: str,
    kind: type[T],
    take: Callable[[], T],
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[T, T, int]:
    """Before, after and elapsed ms: a kept sample if it is recent, else two samples 200 ms apart."""
    span = since_last_look(memory, key, boot, kind, take)
    if span.before is not None and YOUNGEST_MS <= span.elapsed_ms <= OLDEST_MS:
        return span.before, span.after, span.elapsed_ms
    begun = monotonic_ms()
    sleep(SHORT_S)
    after = take()
    return span.after, after, max(monotonic_ms() - begun, 1)


def _read(raw: Any) -> _Kept | None:
    try:
        return None if raw is None else from_json(_Kept, raw)
    except FieldError:
        return None
