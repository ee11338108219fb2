"""Headers of result batches, read as strictly as `checks.wire.header` does and three times as fast.

As with lines: decoded typed, encoded again, compared; anything unusual goes to the strict reader.
What an agent repeats in every header (its id, its digests) is looked at once.
"""

import re
from functools import lru_cache

import msgspec

from checks.wire import header as headers
from checks.wire.header import Clock, Header, Kind, SeenNote
from checks.wire.numbers import MAX_BODY, MAX_HEADER, MAX_INT, MAX_LINES


class _Clock(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    wall: int
    mono: int
    boot: str
    offset_us: int | None
    sync: bool | None


class _Seen(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    size: int
    note: str


class _Raw(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    v: int
    log: str
    agent: str
    epoch: int
    seq: int
    prev: str
    kind: str
    n: int
    bytes: int
    root: str
    from_: int = msgspec.field(name="from")
    to: int
    clock: _Clock
    seen: _Seen | None
    plan: str
    code: str
    machine: str


_DECODER = msgspec.json.Decoder(_Raw)
_ENCODER = msgspec.json.Encoder()
_HEX64 = re.compile(r"[0-9a-f]{64}").fullmatch
_HEX128 = re.compile(r"[0-9a-f]{128}").fullmatch
_RESULTS = Kind.RESULTS


def read_header(data: bytes) -> Header:
    """The header in these bytes; WireError `bad_header`, `bad_json` or `too_large`."""
    try:
        raw = _DECODER.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return headers.parse(data)
    if len(data) > MAX_HEADER or raw.kind != "results" or _ENCODER.encode(raw) != data or not _sound(raw):
        return headers.parse(data)
    clock, seen = raw.clock, raw.seen
    return Header(
        raw.log,
        raw.agent,
        raw.epoch,
        raw.seq,
        raw.prev,
        _RESULTS,
        raw.n,
        raw.bytes,
        raw.root,
        raw.from_,
        raw.to,
        Clock(clock.wall, clock.mono, clock.boot, clock.offset_us, clock.sync),
        None if seen is None else SeenNote(seen.size, seen.note),
        raw.plan,
        raw.code,
        raw.machine,
    )


def _sound(raw: _Raw) -> bool:
    """Values within what the strict reader allows; in doubt no, and it decides."""
    clock, seen = raw.clock, raw.seen
    ranges = (
        0 <= raw.from_ <= raw.to <= MAX_INT
        and 0 <= raw.seq <= MAX_INT
        and 1 <= raw.n <= MAX_LINES
        and 2 * raw.n <= raw.bytes <= MAX_BODY
        and 0 <= clock.wall <= MAX_INT
        and 0 <= clock.mono <= MAX_INT
        and (clock.offset_us is None or -MAX_INT <= clock.offset_us <= MAX_INT)
    )
    return (
        ranges
        and len(raw.prev) == 64
        and _HEX128(raw.prev + raw.root) is not None
        and (seen is None or (0 <= seen.size <= MAX_INT and _HEX64(seen.note) is not None))
        and _constant(raw.v, raw.log, raw.agent, raw.epoch, raw.plan, raw.code, raw.machine, clock.boot)
    )


@lru_cache(maxsize=4096)
def _constant(
    v: int, log: str, agent: str, epoch: int, plan: str, code: str, machine: str, boot: str
) -> bool:
    """The parts that stay the same from batch to batch."""
    names = all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", text) for text in (agent, boot))
    digests = all(_HEX64(text) for text in (code, machine)) and (plan == "" or _HEX64(plan) is not None)
    origin = re.fullmatch(r"[!-*,-~]{1,255}", log) is not None
    return v == headers.VERSION and 1 <= epoch < 2**31 and names and digests and origin
