"""Days of China's clock as plain numbers, without a calendar.

China has had UTC+8 without summer time since 15 September 1991, and nothing here is older than that: a day is
its number since 1970 and instants are plain arithmetic.
"""

DAY_MS = 86_400_000
EAST_MS = 8 * 3_600_000


def day_of(t_ms: int) -> int:
    """Number of China's day that holds an instant (ms since the epoch)."""
    return (t_ms + EAST_MS) // DAY_MS


def start_of(day: int) -> int:
    """The day's first instant in China, ms since the epoch."""
    return day * DAY_MS - EAST_MS


def midnight_after(t_ms: int) -> int:
    """The next midnight of China: stored runs are cut there, so that each day has its own (AV 3.16)."""
    return t_ms - (t_ms + EAST_MS) % DAY_MS + DAY_MS
