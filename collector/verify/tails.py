"""The tail of a line, `"facts":…,"readings":…,"state":…}`: does it say just what the check says of its facts?

The readings judged anew are written as our writer would; if these are the bytes behind the facts, the tail is
right, and is strict JSON from end to end. What does not fit is not wrong: it is read with care (looks.py).
swift.py does the same with a library.
"""

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from json.encoder import encode_basestring
from typing import Any, Protocol

from checks.api import Reading, State, worst
from checks.wire.numbers import MAX_INT
from collector.verify.shapes import Misfit, Shape

Judging = Callable[[Any, Any], Iterable[Reading]]
_OK = State.OK
_FACTS = b'"facts":'
_FACTS_AT = len(_FACTS)


class Taken:
    """Facts with the instant they were taken (a `Seen`); notes whether anybody asks for the instant."""

    __slots__ = ("asked", "at", "facts")

    def __init__(self, facts: Any, at: int) -> None:
        self.facts, self.at, self.asked = facts, at, False

    @property
    def taken_at(self) -> int:
        """UTC ms."""
        self.asked = True
        return self.at


class Tails(Protocol):
    """Tails of the lines of one check."""

    def state(self, tail: bytes, at: int, judge: Judging, params: Any) -> tuple[State, bool]:
        """State of a tail that says what `judge` says, and whether that depends on the time.

        Any exception where it does not, or where this cannot tell.
        """


class Plain:
    """Tails read by the shape of their facts, with nothing but the standard library."""

    __slots__ = ("_read",)

    def __init__(self, shape: Shape) -> None:
        self._read = shape.read

    def state(self, tail: bytes, at: int, judge: Judging, params: Any) -> tuple[State, bool]:
        """As `Tails` says."""
        if not tail.startswith(_FACTS):
            raise Misfit
        facts, end = self._read(tail, _FACTS_AT)
        seen = Taken(facts, at)
        again = tuple(judge(seen, params))
        state = worst([reading.state for reading in again])
        if tail[end:] != written(again, state):
            raise Misfit
        return state, seen.asked


def written(readings: Sequence[Reading], state: State) -> bytes:
    """What our writer puts behind the facts; Misfit or ValueError for what it cannot write."""
    made = []
    for one in readings:
        value = one.value
        if value is None:
            number = ',null,"'
        elif type(value) is int and -MAX_INT <= value <= MAX_INT:
            number = f',{value},"'
        else:
            number = _ratio(value)
        reason = "," + encode_basestring(one.reason) if one.reason else ""
        made.append(
            "[" + encode_basestring(one.name) + number + one.unit + '","' + one.state + '"' + reason + "]"
        )
    return (',"readings":[' + ",".join(made) + '],"state":"' + state + '"}').encode("utf-8")


def _ratio(value: Any) -> str:
    if type(value) is not Fraction:
        raise Misfit
    top, bottom = value.as_integer_ratio()
    if not (-MAX_INT <= top <= MAX_INT and bottom <= MAX_INT):
        raise Misfit
    return f',[{top},{bottom}],"'


def listed(readings: Iterable[Reading]) -> tuple[list[tuple[Any, ...]], State]:
    """Readings as the lists that a line holds, and the state they come to; Misfit for a number it cannot."""
    made: list[tuple[Any, ...]] = []
    good = True
    for one in readings:
        value: Any = one.value
        if type(value) is Fraction:
            value = value.as_integer_ratio()
        elif value is not None and type(value) is not int:
            raise Misfit
        state, reason = one.state, one.reason
        if state is not _OK:
            good = False
        made.append(
            (one.name, value, one.unit, state, reason) if reason else (one.name, value, one.unit, state)
        )
    return made, _OK if good and made else worst([one[3] for one in made])
