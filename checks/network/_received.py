"""What the checks of received messages share: what could not be counted, and silence."""

from collections.abc import Iterator

from checks.api import Reading, State, Unit
from checks.received import Received, Sender


def gaps(found: Received) -> Iterator[Reading]:
    """Readings of what may have been sent and was not counted."""
    if found.first_look:
        yield Reading("received_messages", None, Unit.COUNT, State.UNKNOWN, "first_look")
    if found.restarted:
        yield Reading("receiver", None, Unit.NONE, State.UNKNOWN, "receiver_restarted")
    for name, count, reason in (
        ("lost_messages", found.lost, "lost"),
        ("limited", found.limited, "beyond_rate"),
        ("garbled", found.garbled, "garbled"),
    ):
        if count:
            yield Reading(name, count, Unit.COUNT, State.UNKNOWN, reason)
    if found.refused:
        yield Reading("refused", found.refused, Unit.COUNT, State.WARN, "not_believed")


def opening(found: Received, now: int, sender: Sender) -> Iterator[Reading]:
    """What is said of a sender whatever it sends: when it was last heard, and what was not counted."""
    yield _silence(found, now, sender)
    yield from gaps(found)


def _silence(found: Received, now: int, sender: Sender) -> Reading:
    """`last_heard`: seconds ago. Silence proves nothing, unless it is what is expected."""
    age = None if found.last_at is None else max(now - found.last_at, 0) // 1000
    if sender.silence == "expected" or (age is not None and age <= sender.silence_s):
        return Reading("last_heard", age, Unit.SECONDS, State.OK)
    return Reading("last_heard", age, Unit.SECONDS, State.UNKNOWN, "silent")
