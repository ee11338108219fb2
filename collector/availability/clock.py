"""What the collector makes of agents' clocks (3.12). Pure."""

# An agent's header carries its offset without the round trip: below this it is left alone.
SHIFT_SLACK_US = 1_000_000
# An instant later than its receipt by more than this is no evidence.
FUTURE_MS = 5_000


def shift_ms(offset_us: int | None) -> int:
    """What to take off an agent's instants, from the offset (µs) in its batch header."""
    return 0 if offset_us is None or abs(offset_us) <= SHIFT_SLACK_US else offset_us // 1000
