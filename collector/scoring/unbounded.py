"""Sums that nothing limits: how many of something may have been, where nobody can tell. Pure.

They are reckoned with a number beyond all that a contract knows, exactly: whatever caps it (a floor, a line's
points, a contract total) caps it, and what is left beyond is no bound of anything and is told as None.
"""

from fractions import Fraction

NO_LIMIT = Fraction(10**60)
_BEYOND = Fraction(10**40)
"""Whatever anybody states is far less; a share of `NO_LIMIT` that a clause takes is far more."""


def bound(value: Fraction) -> Fraction | None:
    """A bound as it is told; None where there is none."""
    return value if abs(value) < _BEYOND else None


def least(low: Fraction | None) -> Fraction:
    """A lower bound to reckon with."""
    return -NO_LIMIT if low is None else low


def most(high: Fraction | None) -> Fraction:
    """An upper bound to reckon with."""
    return NO_LIMIT if high is None else high
