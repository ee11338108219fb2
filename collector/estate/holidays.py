"""Named Chinese holidays: they stand with the cadences, which the verifier counts too."""

from collector.inspection.holidays import HOLIDAYS, Holiday, known_until, occurrences

__all__ = ["HOLIDAYS", "Holiday", "known_until", "occurrences"]
