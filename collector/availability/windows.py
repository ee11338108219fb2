"""Maintenance windows and excluded time (3.7): what counts, from when, and what has to be said about it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from collector.availability.spans import Span, union


class WindowKind(StrEnum):
    """Why time may be excluded."""

    MAINTENANCE = "maintenance"
    FORCE_MAJEURE = "force_majeure"
    THIRD_PARTY = "third_party"


@dataclass(frozen=True, slots=True)
class Window:
    """One window. `approved_at_ms` is the receipt time of the signed approval, never a field somebody typed.

    Kinds other than maintenance count only when approved by the buyer with a document.
    """

    id: str
    kind: WindowKind
    from_ms: int
    to_ms: int
    approved_at_ms: int | None = None
    status: str = ""
    role: str = ""
    document: str = ""


class FlagCode(StrEnum):
    """What is said about a window beside the figure."""

    LATE = "late approval, effective from"
    TOO_LATE = "late approval, ignored"
    NEVER = "never approved, ignored"
    NOT_APPROVED = "not approved by the buyer, ignored"
    EMPTY = "empty, ignored"
    CLAIMED = "claimed only, ignored"
    RETROACTIVE = "approved afterwards, retroactive"
    CAPPED = "maintenance above the cap counts as measured, from"


@dataclass(frozen=True, slots=True)
class Flag:
    """A remark on one window; `at_ms` belongs to the codes that end in "from"."""

    code: FlagCode
    subject: str
    at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Exclusions:
    """Disjoint spans of effective maintenance and of other excluded time, and the remarks."""

    maintenance: list[Span]
    other: list[Span]
    flags: tuple[Flag, ...]


def effective(window: Window, min_notice_ms: int) -> tuple[Span | None, Flag | None]:
    """The span that a window excludes, if any, and the remark it earns."""
    if window.kind is not WindowKind.MAINTENANCE:
        return _afterwards(window)
    if window.to_ms <= window.from_ms:
        return None, Flag(FlagCode.EMPTY, window.id)
    if window.approved_at_ms is None:
        return None, Flag(FlagCode.NEVER, window.id)
    start = window.approved_at_ms + min_notice_ms
    if start <= window.from_ms:
        return (window.from_ms, window.to_ms), None
    if start >= window.to_ms:
        return None, Flag(FlagCode.TOO_LATE, window.id)
    return (start, window.to_ms), Flag(FlagCode.LATE, window.id, start)


def _afterwards(window: Window) -> tuple[Span | None, Flag | None]:
    if window.to_ms <= window.from_ms:
        return None, Flag(FlagCode.EMPTY, window.id)
    if window.status == "claimed":
        return None, Flag(FlagCode.CLAIMED, window.id)
    if window.status != "approved" or window.role != "buyer" or not window.document:
        return None, Flag(FlagCode.NOT_APPROVED, window.id)
    return (window.from_ms, window.to_ms), Flag(FlagCode.RETROACTIVE, window.id)


def exclusions(windows: Iterable[Window], min_notice_ms: int, period: Span) -> Exclusions:
    """All windows of a period: unions, so that overlaps never count twice."""
    maintenance: list[Span] = []
    other: list[Span] = []
    flags: list[Flag] = []
    for window in windows:
        empty = window.to_ms <= window.from_ms
        if not empty and (window.to_ms <= period[0] or window.from_ms >= period[1]):
            continue
        span, flag = effective(window, min_notice_ms)
        if flag is not None:
            flags.append(flag)
        if span is not None:
            (maintenance if window.kind is WindowKind.MAINTENANCE else other).append(span)
    return Exclusions(union(maintenance), union(other), tuple(flags))
