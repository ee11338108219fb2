"""Which documents a contract wants on file (归档资料): the section `archive:` of a pack. Plain data."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from collector.scoring.terms import Word


class Per(StrEnum):
    """What one of a document is wanted for."""

    SYSTEM = "system"
    UNIT = "unit"
    CONTRACT = "contract"


class Every(StrEnum):
    """How often. STANDING: one must be in force at any time; EVENT: when something happened, by no date."""

    PERIOD = "period"
    MONTH = "month"
    QUARTER = "quarter"
    HALF_YEAR = "half_year"
    YEAR = "year"
    STANDING = "standing"
    EVENT = "event"


class Due(StrEnum):
    """Until when: the end of the pack's period, or of the last calendar month that ends in it."""

    PERIOD_END = "period_end"
    MONTH_END = "month_end"


class Late(StrEnum):
    """Whether a document that came after its last day fills its place."""

    COUNTS = "counts"
    MISSING = "missing"


class Line(StrEnum):
    """What a missing one is to the scorecard; NONE: no line prices it (it stands in the archive alone)."""

    DOCUMENT = "document"
    PROCESS = "process"
    PLAN = "plan"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One document of the list. `count`: how many each time; `after_days`: how many days later it is due.

    `report`: the kind of our own document that fills it (docs/documents.md), "" where only people write it.
    `not_for`: kinds of units that need none (and their systems).
    """

    id: str
    zh: str
    en: str
    clause: str
    page: str = ""
    per: Per = Per.CONTRACT
    every: Every = Every.PERIOD
    count: int = 1
    due: Due = Due.PERIOD_END
    after_days: int = 0
    line: Line = Line.NONE
    obligation: str = ""
    report: str = ""
    not_for: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ArchiveTerms:
    """The list. `late`: a word of `Late`, or the option that says it."""

    documents: tuple[Wanted, ...]
    late: Word = Late.MISSING.value

    def mistakes(self, _pack: object) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """(path, reason) of what is wrong with a list that has the right shape."""
        seen: set[str] = set()
        if isinstance(self.late, str) and self.late not in set(Late):
            yield ("late",), f"{self.late!r} is neither {Late.COUNTS} nor {Late.MISSING}"
        for number, one in enumerate(self.documents):
            if one.id in seen:
                yield ("documents", number, "id"), f"{one.id} is there twice"
            seen.add(one.id)
            if one.count < 1:
                yield ("documents", number, "count"), "at least 1"
            if not one.clause:
                yield ("documents", number, "clause"), "must not be empty"
            if one.line is not Line.NONE and one.every is Every.EVENT:
                reason = "what is only due when something happens cannot be counted by a line"
                yield ("documents", number, "line"), reason
