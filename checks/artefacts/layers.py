"""Layers around the content of a backup, taken off one by one as streams: gzip, bzip2, xz, zstd, lz4.

Reading a layer to its end proves it: a layer that turns out damaged raises LayerError out of `read`, so
nobody who reads to the end can miss it. What is odd without being damage (members, bytes behind the end) is
in the layer's Account afterwards.
"""

import bz2
import contextlib
import io
import lzma
import os
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from checks.api import ObservationError
from checks.artefacts.frames import Frames
from checks.artefacts.lz4frames import Lz4Frames
from checks.places import Stream, Tools

CHUNK = 1 << 20
_GZIP = b"\x1f\x8b\x08"
_CUT = (b"premature", b"unexpected end", b"truncated", b"unfinished")


class LayerError(Exception):
    """A layer cannot be read (further). `reason`: a word of levels.REASONS or UNTOLD; `layer`: its name;
    `layers`: those taken off by then, itself included."""

    code = "bad_layer"

    def __init__(self, reason: str, layer: str, detail: str = "") -> None:
        super().__init__(f"{layer}: {reason} {detail}".rstrip())
        self.reason = reason
        self.layer = layer
        self.detail = detail
        self.layers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """What one artefact may grow to when it is unpacked: bytes, entries, bytes per packed byte (beyond the
    first GiB), seconds. Past it nothing can be told."""

    bytes: int = 4 << 40
    entries: int = 20_000_000
    ratio: int = 5000
    seconds: int = 14_400

    def __post_init__(self) -> None:
        if min(self.bytes, self.entries, self.ratio, self.seconds) < 1:
            raise ValueError("limits must be at least 1")


@dataclass
class Account:
    """What came of one layer, complete once it was read to its end. `members`: unpacked bytes of each (the
    first 1000, `count` of all), `trailing`: bytes behind the last one, zeros not counted; `checked`: whether
    every member carries a checksum of its content; `parallel`: members are marked as parts of one whole, as
    by pzstd, which puts a frame without data before each."""

    layer: str
    members: list[int] = field(default_factory=list)
    count: int = 0
    trailing: int = 0
    checked: bool = True
    parallel: bool = False

    def ended(self, size: int) -> None:
        """A member of so many bytes ended."""
        self.count += 1
        if len(self.members) < 1000:
            self.members.append(size)


@dataclass
class Budget:
    """Watches Limits over all layers of one artefact."""

    limits: Limits
    packed: int
    until: float = 0.0

    def __post_init__(self) -> None:
        self.until = time.monotonic() + self.limits.seconds

    def spent(self, layer: str, made: int) -> None:
        """LayerError `too_much` where a layer has made more than it may."""
        most = max(self.limits.ratio * self.packed, 1 << 30)
        if made > min(self.limits.bytes, most) or time.monotonic() > self.until:
            raise LayerError("too_much", layer)


class Ahead(io.RawIOBase):
    """A stream whose beginning was looked at already."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        super().__init__()
        self._head = head
        self._rest = rest

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """The beginning, then the rest."""
        if not self._head:
            return _readinto(self._rest, buffer)
        got = self._head[: len(buffer)]
        buffer[: len(got)] = got
        self._head = self._head[len(got) :]
        return len(got)


def _readinto(source: BinaryIO, buffer: Any) -> int:
    more = source.read(len(buffer))
    buffer[: len(more)] = more
    return len(more)


def looked_at(source: BinaryIO, size: int) -> tuple[bytes, BinaryIO]:
    """The first bytes of a stream, and the stream from its very beginning."""
    head = bytearray()
    while len(head) < size and (more := source.read(size - len(head))):
        head += more
    whole = io.BufferedReader(Ahead(bytes(head), source), CHUNK)
    return bytes(head), whole


@dataclass(frozen=True, slots=True)
class _Kind:
    make: Callable[[], Any]
    magic: tuple[bytes, ...]
    errors: tuple[type[Exception], ...]


_KINDS: Mapping[str, _Kind] = {
    "gzip": _Kind(lambda: zlib.decompressobj(31), (b"\x1f\x8b",), (zlib.error,)),
    "bzip2": _Kind(bz2.BZ2Decompressor, (b"BZh",), (OSError, ValueError)),
    "xz": _Kind(lambda: lzma.LZMADecompressor(memlimit=1 << 30), (b"\xfd7zXZ\0",), (lzma.LZMAError,)),
}


class Unpacked(io.RawIOBase):
    """What a compressed stream holds; zlib, bz2 and lzma of the standard library."""

    def __init__(self, layer: str, source: BinaryIO, account: Account, budget: Budget) -> None:
        super().__init__()
        self._kind = _KINDS[layer]
        self._source = source
        self._account = account
        self._budget = budget
        self._reader: Any = self._kind.make()
        self._input = self._last = b""
        self._member = 0
        self._made = 0
        self._over = False

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """The next bytes; LayerError where the layer is damaged, breaks off or grows too large."""
        while not self._over:
            got = self._step(len(buffer))
            if got:
                buffer[: len(got)] = got
                self._member += len(got)
                self._made += len(got)
                self._budget.spent(self._account.layer, self._made)
                return len(got)
        return 0

    def _step(self, most: int) -> bytes:
        if self._reader.eof:
            self._next_member()
            return b""
        if not self._input and not self._pending():
            self._input = self._last = self._source.read(CHUNK)
            if not self._input:
                raise LayerError("truncated", self._account.layer)
        try:
            made: bytes = self._reader.decompress(self._input, most)
        except self._kind.errors as problem:
            reason = "too_much" if "Memory usage limit" in str(problem) else _broken(self._last)
            raise LayerError(reason, self._account.layer, str(problem)) from None
        # zlib hands back what it did not take; the others keep it.
        self._input = getattr(self._reader, "unconsumed_tail", b"")
        return made

    def _pending(self) -> bool:
        return not getattr(self._reader, "needs_input", True)

    def _next_member(self) -> None:
        self._account.ended(self._member)
        if self._account.layer == "xz":
            self._account.checked &= self._reader.check != lzma.CHECK_NONE
        self._member = 0
        rest = self._reader.unused_data
        if len(rest) < 6:
            rest += self._source.read(CHUNK)
        if rest.startswith(self._kind.magic):
            self._reader, self._input = self._kind.make(), rest
            return
        self._over = True
        while rest:  # padding of tapes and blocks is zeros
            self._account.trailing += len(rest) - rest.count(0)
            rest = self._source.read(CHUNK)


@dataclass(frozen=True, slots=True)
class End:
    """How a program ended: exit status, complaint, bytes it made of how many that its input had."""

    status: int
    complaint: bytes
    made: int
    taken: int


Judge = Callable[[End], str]


def _broken(data: bytes) -> str:
    """A gzip member that was cut runs on into the head of the one behind it."""
    at = data.find(_GZIP, 1)
    while at > 0:
        with contextlib.suppress(zlib.error):
            if zlib.decompressobj(31).decompress(data[at:], 4096):
                return "several_members"
        at = data.find(_GZIP, at + 1)
    return "damaged"


class Piped(io.RawIOBase):
    """What a program makes of a stream; its own end is judged when all was read."""

    def __init__(self, layer: str, stream: Stream, pump: "Pump", judge: "Judge") -> None:
        super().__init__()
        self._layer = layer
        self._stream = stream
        self._pump = pump
        self._judge = judge
        self._made = 0
        self.budget: Budget | None = None

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """The next bytes; at the end LayerError where the program was not content."""
        count = _readinto(self._stream.out, buffer)
        self._made += count
        if self.budget is not None:
            self.budget.spent(self._layer, self._made)
        if not count:
            self._ended()
        return count

    def _ended(self) -> None:
        status = self._stream.finish()
        self._pump.join()
        if self._pump.problem is not None:
            raise self._pump.problem
        reason = self._judge(End(status, self._stream.complaint, self._made, self._pump.carried))
        if reason:
            raise LayerError(reason, self._layer, self._stream.complaint[-300:].decode("utf-8", "replace"))


class Pump(threading.Thread):
    """Carries a stream into a program's standard input; `watch` sees every byte on its way."""

    def __init__(
        self,
        source: BinaryIO,
        to: int,
        watch: Callable[[bytes], None] | None = None,
        needless: Callable[[], bool] = lambda: False,
    ) -> None:
        super().__init__(daemon=True)
        self._source = source
        self._to = to
        self._watch = watch
        self._needless = needless
        self.problem: Exception | None = None
        self.stopped = False
        self.carried = 0

    def run(self) -> None:
        """Until the stream ends; what the program no longer takes is counted all the same."""
        deaf = False
        try:
            while not self.stopped and (block := self._source.read(CHUNK)):
                self.carried += len(block)
                if self._watch is not None:
                    self._watch(block)
                deaf = deaf or self._deaf(block)
                if deaf and self._needless():
                    break
        except (LayerError, OSError, ObservationError) as problem:
            self.problem = problem
        finally:
            os.close(self._to)

    def _deaf(self, block: bytes) -> bool:
        left = memoryview(block)
        try:
            while left:
                left = left[os.write(self._to, left) :]
        except BrokenPipeError:
            return True
        return False


@contextlib.contextmanager
def piped(
    tools: Tools,
    layer: str,
    argv: Sequence[str],
    source: BinaryIO,
    judge: Judge,
    *,
    secrets: Mapping[int, bytes] | None = None,
    env: Mapping[str, str] | None = None,
    watch: Callable[[bytes], None] | None = None,
    typed: bytes | None = None,
    needless: Callable[[], bool] = lambda: False,
) -> Iterator[Piped]:
    """`source` through a program. `judge` gives the word for what went wrong, "" nothing; `needless`: whether
    what comes from now on need not be read where the program takes no more. LayerError `no_tool` where the
    program is not installed."""
    if tools.find(argv[0]) is None:
        raise LayerError("no_tool", layer, argv[0])
    ours, theirs = os.pipe()[::-1]
    with contextlib.ExitStack() as stack:
        child_end = stack.enter_context(os.fdopen(theirs, "rb"))
        pump = Pump(source, ours, watch, needless)
        stack.callback(_stop, pump, ours)
        stream = stack.enter_context(
            tools.stream(argv, stdin=child_end, secrets=secrets, env=env, typed=typed)
        )
        # Ours is closed, so that the pump hears when the program goes before it has taken everything.
        child_end.close()
        pump.start()
        yield Piped(layer, stream, pump, judge)


def _stop(pump: Pump, ours: int) -> None:
    # The program is gone by now (the stack unwinds backwards), so a write in progress fails at once.
    pump.stopped = True
    if pump.ident is None:
        os.close(ours)
    else:
        pump.join()


def _told(end: End) -> str:
    if not end.status:
        return ""
    said = end.complaint.lower()
    if any(word in said for word in _CUT):
        return "truncated"
    return "too_much" if b"memory" in said else "damaged"


@contextlib.contextmanager
def unpacked(
    tools: Tools, layer: str, source: BinaryIO, account: Account, budget: Budget
) -> Iterator[BinaryIO]:
    """What a compressed stream holds."""
    if layer in _KINDS:
        raw: io.RawIOBase = Unpacked(layer, source, account, budget)
        yield io.BufferedReader(raw, CHUNK)
        return
    frames = Frames() if layer == "zstd" else Lz4Frames()
    argv = ["zstd", "-dcq", "--long=31"] if layer == "zstd" else ["lz4", "-dcq"]
    with piped(tools, layer, argv, source, _told, watch=frames.feed) as child:
        child.budget = budget
        yield io.BufferedReader(_Framed(child, frames, account), CHUNK)


class _Framed(io.RawIOBase):
    """A program's output, whose input was counted by frames on its way."""

    def __init__(self, child: Piped, frames: Frames | Lz4Frames, account: Account) -> None:
        super().__init__()
        self._child = child
        self._frames = frames
        self._account = account
        self._told = False

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """The next bytes; the account at the end."""
        try:
            count = self._child.readinto(buffer)
        except LayerError:
            self._close_account()
            if self._account.trailing and self._account.count:
                return 0  # all that was packed came out; what follows is the account's to tell
            raise
        if not count:
            self._close_account()
        return count

    def _close_account(self) -> None:
        if self._told:
            return
        self._told = True
        for size in self._frames.sizes:
            self._account.ended(size)
        self._account.count = self._frames.count
        self._account.checked = self._frames.checked
        self._account.trailing = self._frames.trailing
        frames = self._frames
        self._account.parallel = frames.count > 1 and frames.skipped >= frames.count and not frames.short
