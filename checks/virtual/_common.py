"""What the parsers of storage programs share: percentages as hundredths, and names that tell parts apart."""

from checks.api import Reading, State, Unit, Upper, percent


def hundredths(value: object) -> int | None:
    """`12.34` as 1234; None where there is no such number."""
    if not isinstance(value, str):
        return None
    head, _, tail = value.strip().partition(".")
    if not (head.isascii() and head.isdecimal() and len(head) < 12):
        return None
    return int(head) * 100 + int((tail + "00")[:2]) if (tail or "0").isdecimal() and tail.isascii() else None


def used(name: str, part: int | None, total: int | None, limit: Upper) -> Reading:
    """How full something is, in percent."""
    share = percent(part, total)
    if share is None:
        return Reading(name, None, Unit.PERCENT, State.UNKNOWN, "no_size")
    state = limit.judge(share)
    return Reading(name, share, Unit.PERCENT, state, "" if state is State.OK else "nearly_full")
