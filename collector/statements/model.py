"""A statement by a person as it stands in the log (contracts.md 7, issue of statements). Plain data."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

Scalar = str | int | bool | None


class Through(StrEnum):
    """What vouches for the person: his own key; a login (the collector signed for it); or nothing but the
    command line on the collector, where whoever may run it names any account."""

    KEY = "key"
    SESSION = "session"
    COMMAND = "command"


VOUCHED = (Through.COMMAND, Through.SESSION, Through.KEY)
"""From the weakest to the strongest: nothing is corrected by what is vouched for less."""


@dataclass(frozen=True, slots=True)
class Said:
    """One statement. `at_ms` is the time it speaks of, `received_ms` the log's; `grade` D, or E from files.

    `seconds` are the entries of those who joined in (two-person rule, where `two` asks for it), `corrects`
    the entry it replaces. `amendment`: made for a period that is sealed; `after_seal`: it came when it was.
    """

    kind: str
    entry: int
    received_ms: int
    by: str
    role: str
    through: Through
    fields: Mapping[str, Scalar]
    document: str | None = None
    corrects: int | None = None
    seconds: tuple[int, ...] = ()
    late: bool = False
    grade: str = "D"
    at_ms: int | None = None
    two: bool = False
    amendment: bool = False
    after_seal: bool = False
    confirmed: bool = False
    """The buyer's side joined in what the vendor's said."""
    confirmed_by: Through | None = None
    """What vouches best for those of the buyer's side who joined in; None: nobody did."""
    begun_late: bool = False
    """It came too late, or corrects what did: a correction makes nothing timely that was not."""
