"""Chance that spreads looks and retries, without the standard library's `random`, which stays in memory."""

import os


def below(count: int) -> int:
    """A whole number in [0, count)."""
    return int.from_bytes(os.urandom(8), "big") % count


def between(low: float, high: float) -> float:
    """A number in [low, high]."""
    return low + (high - low) * (int.from_bytes(os.urandom(6), "big") / (1 << 48))
