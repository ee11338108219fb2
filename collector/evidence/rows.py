"""Result lines of a body, read strictly and fast.

The fast way: msgspec decodes all lines typed; if encoding them again gives the same bytes, then no
key was doubled, no white space or escape hid anything, and each line is one object. Whatever is not
exactly that goes the slow way, through the strict reader, which has the last word; so the fast way
may only ever accept what the slow one accepts. Two types are tried: lines without an error whose
readings give no reason, as most are, then any line. (No msgspec constraints here: bounds on integers
within unions misread memory in 0.22.)
"""

import struct
from array import array
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, Union, overload

import msgspec

from checks import result
from checks.api import ErrorKind, State, Unit
from checks.codec import FieldError
from checks.wire.errors import Code, WireError
from collector.evidence.accepted import Row

_DEPTH = 6  # of facts; deeper ones are read the slow way


def _value(depth: int) -> Any:
    """Type of a JSON value without floats, nested `depth` deep."""
    if depth == 0:
        return Union[None, bool, int, str]  # noqa: UP007 - a value, built by a loop
    inner: Any = _value(depth - 1)
    return Union[None, bool, int, str, list[inner], dict[str, inner]]  # noqa: UP007  # likewise


class _Error(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    kind: Literal["unreachable", "refused", "denied", "timeout", "garbled", "unsupported"]


_Unset = msgspec.UnsetType
_UNSET: Any = msgspec.UNSET
if TYPE_CHECKING:
    Facts = dict[str, Any]
else:
    Facts = dict[str, _value(_DEPTH)]  # made at run time, for msgspec
_UNITS = tuple(sorted(map(str, Unit)))
_STATES = tuple(sorted(map(str, State)))
if TYPE_CHECKING:
    _UnitText: TypeAlias = str
    _StateText: TypeAlias = str
else:
    _UnitText, _StateText = Literal[_UNITS], Literal[_STATES]
_Number = int | tuple[int, int] | None
_NO_REASON = "@" * 24  # long, so that it is found fast; a body that holds it is read the slow way


class _Reading(msgspec.Struct, array_like=True, forbid_unknown_fields=True, gc=False):
    name: str
    value: _Number
    unit: _UnitText
    state: _StateText
    reason: str = _NO_REASON


class Line(msgspec.Struct, forbid_unknown_fields=True, gc=False, kw_only=True):
    """One line, keys in the order in which agents write them (`checks.result.encode`)."""

    check: str
    version: int
    asset: str | None
    target: str
    vantage: str
    slot: int
    t0: int
    t1: int
    round: str | _Unset | None = _UNSET
    params: str
    error: _Error | _Unset = _UNSET
    facts: Facts | _Unset = _UNSET
    readings: list[_Reading] | _Unset = _UNSET
    state: _StateText | _Unset = _UNSET


class _Healthy(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A line without an error whose readings give no reason: its whole shape is checked while decoding."""

    check: str
    version: int
    asset: str | None
    target: str
    vantage: str
    slot: int
    t0: int
    t1: int
    params: str
    facts: Facts
    readings: list[tuple[str, _Number, _UnitText, _StateText]]
    state: _StateText
    round: _Unset = _UNSET
    error: _Unset = _UNSET


_HEALTHY = msgspec.json.Decoder(_Healthy)
_DECODER = msgspec.json.Decoder(Line)
_ENCODER = msgspec.json.Encoder()
_FRONTS = b"[:,-"  # what stands before a number; within a text it does no harm, the slow way decides then
_MARKED = bytes(0x30 if i in b"0123456789" else 0x3A if i in _FRONTS else i for i in range(256))
_FILLED = b',"' + _NO_REASON.encode() + b'"]'
_LONG = b":" + b"0" * 16
LINE_TIMES = 24  # bytes of a line in `Packed.times`


def read_lines(lines: Sequence[bytes], body: bytes | None = None, sender: str = "") -> Sequence[Line]:
    """The lines of a body; WireError `bad_json` names the first bad one by its number.

    `body` is the same as one piece, where the caller has it. The `sender` only tells what is tried first.
    """
    if not lines:
        return ()
    if body is None:
        body = b"\n".join(lines) + b"\n"
    if _small(body):
        found = None if sender in _mixed else _healthy(body, len(lines))
        if found is None:
            found = _any(body, len(lines))
            _remember(sender)
        if found is not None:
            return found
    return [_slow(line, number) for number, line in enumerate(lines)]


# Senders whose lines were not all healthy: mostly the next ones are not either.
_mixed: set[str] = set()
_MOST_MIXED = 10_000


def _remember(sender: str) -> None:
    if len(_mixed) >= _MOST_MIXED:
        _mixed.clear()
    if sender:
        _mixed.add(sender)


def _healthy(body: bytes, count: int) -> Sequence[Line] | None:
    """Lines as most batches hold them, with one look at each; None for any other."""
    try:
        found: Any = _HEALTHY.decode_lines(body)
        if len(found) != count or not _divisible([one[1] for line in found for one in line.readings]):
            return None
        # The same bytes again: nothing was doubled, hidden or spread over two lines.
        return found if _ENCODER.encode_lines(found) == body else None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _any(body: bytes, count: int) -> Sequence[Line] | None:
    if _FILLED in body:
        return None
    try:
        found: Any = _DECODER.decode_lines(body)
        if len(found) != count or not all(map(_whole, found)):
            return None
        judged = [line.readings for line in found if line.error is _UNSET]
        if not _divisible([one.value for readings in judged for one in readings]):
            return None
        # The same bytes again, but for the reasons that are not given: the body holds no such text itself.
        return found if _ENCODER.encode_lines(found).replace(_FILLED, b"]") == body else None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _divisible(values: Sequence[Any]) -> bool:
    """No ratio with a denominator below 1."""
    return all([value[1] > 0 for value in values if type(value) is tuple])


def _small(body: bytes) -> bool:
    """No integer of 16 digits or more: those may pass 2^53."""
    return _LONG not in body.translate(_MARKED)


def _whole(line: Line) -> bool:
    """Either an error, or facts, readings and state."""
    if line.error is _UNSET:
        return line.facts is not _UNSET and line.readings is not _UNSET and line.state is not _UNSET
    return line.facts is _UNSET and line.readings is _UNSET and line.state is _UNSET


def _slow(line: bytes, number: int) -> Line:
    try:
        read = result.decode(line)
    except (WireError, FieldError) as error:
        raise WireError(Code.BAD_JSON, f"line {number}: {error}") from None
    made = Line(
        check=read.check,
        version=read.version,
        asset=read.asset,
        target=read.target,
        vantage=read.vantage,
        slot=read.slot,
        t0=read.t0,
        t1=read.t1,
        round=read.round,
        params=read.params,
    )
    if read.error is not None:
        made.error = _Error(read.error.value)
    else:
        made.state = read.state.value
    return made


class Look(NamedTuple):
    """What of a line is followed: `Line` without version, parameters, facts and readings."""

    check: str
    target: str
    vantage: str
    asset: str | None
    slot: int
    t0: int
    t1: int
    state: str | None
    error: str | None
    round: str | None


class Packed(NamedTuple):
    """The looks of a batch in two pieces: what stays the same from one batch to the next, and the times.

    who     MessagePack: of each line check, target, vantage, asset, state, error, round
    times   the columns slot, t0, t1, each number 8 bytes in this machine's order
    """

    who: bytes
    times: bytes


_PACKER = msgspec.msgpack.Encoder()
_Who = tuple[str, str, str, str | None, str | None, str | None, str | None]
_UNPACKER = msgspec.msgpack.Decoder(list[_Who])


def pack(lines: Sequence[Any]) -> Packed:
    """The looks of these lines (`Line`), for another process: `Rows(packed)` reads them."""
    times = [line.slot for line in lines]
    times += [line.t0 for line in lines]
    times += [line.t1 for line in lines]
    if lines and type(lines[0]) is _Healthy:
        who = [(one.check, one.target, one.vantage, one.asset, one.state, None, None) for one in lines]
    else:
        who = [_who(one) for one in lines]
    return Packed(_PACKER.encode(who), struct.pack(f"{len(times)}q", *times))


def _who(line: Any) -> tuple[Any, ...]:
    error = None if line.error is _UNSET else line.error.kind
    state = None if error is not None else line.state
    in_round = None if line.round is _UNSET else line.round
    return line.check, line.target, line.vantage, line.asset, state, error, in_round


def times_of(packed: Packed) -> "array[int]":
    """Slot, t0 and t1 of all lines, one column behind the other."""
    times = array("q")
    times.frombytes(packed.times)
    return times


def _unpack(packed: Packed) -> list[Look]:
    who, times = _UNPACKER.decode(packed.who), times_of(packed)
    count = len(who)
    found = zip(who, times[:count], times[count : 2 * count], times[2 * count :], strict=True)
    return [
        Look(check, target, vantage, asset, slot, t0, t1, state, error, in_round)
        for (check, target, vantage, asset, state, error, in_round), slot, t0, t1 in found
    ]


class Rows(Sequence[Row]):
    """The lines as rows, made one by one when somebody looks at them; packed ones are read only then."""

    __slots__ = ("_lines", "packed")

    def __init__(self, lines: Sequence[Line | Look] | Packed) -> None:
        self.packed = lines if isinstance(lines, Packed) else None
        self._lines: Sequence[Any] | None = None if isinstance(lines, Packed) else lines

    @property
    def lines(self) -> Sequence[Any]:
        """What they are made from (`Line` or `Look`), for who looks at few of them."""
        if self._lines is None:
            assert self.packed is not None  # noqa: S101 - made from the one or the other
            self._lines = _unpack(self.packed)
        return self._lines

    def __len__(self) -> int:
        return len(self.packed.times) // LINE_TIMES if self.packed is not None else len(self.lines)

    @overload
    def __getitem__(self, at: int) -> Row: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Row]: ...
    def __getitem__(self, at: int | slice) -> Row | Sequence[Row]:
        if isinstance(at, slice):
            return list(self)[at]
        return _row(self.lines[at], range(len(self))[at])

    def __iter__(self) -> Iterator[Row]:
        for number, line in enumerate(self.lines):
            yield _row(line, number)


def _row(line: Any, number: int) -> Row:
    error, state, in_round = line.error, line.state, line.round
    if error is _UNSET:
        error = None
    elif error is not None and type(error) is not str:
        error = error.kind
    return Row(
        line.check,
        line.target,
        line.vantage,
        line.asset,
        line.slot,
        line.t0,
        line.t1,
        None if state is _UNSET or error is not None else state,
        error,
        None if in_round is _UNSET else in_round,
        number,
    )


# The kernel's list, written out above for msgspec's sake: they may not drift apart.
assert set(_Error.__annotations__["kind"].__args__) == set(map(str, ErrorKind))  # noqa: S101  # of the code, at its import
