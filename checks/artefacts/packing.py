"""Archives with a directory of their own: zip by Python, and with seals, as 7z, by the tool 7z."""

import bz2
import contextlib
import lzma
import zlib
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any, BinaryIO

from checks.artefacts import sevenzip, zips
from checks.artefacts.archives import Contents, Tally, blocks_of
from checks.artefacts.layers import CHUNK, Budget, LayerError, Limits
from checks.artefacts.opening import Keys, unarchived
from checks.places import Place, Tools

_MOST_LISTING = 256 << 20
_LINK = 0o120000
# What a member's method is read by; 0 is stored. Method 14 (LZMA) has a header of its own.
_METHODS: dict[int, Callable[[], Any]] = {8: lambda: zlib.decompressobj(-15), 12: bz2.BZ2Decompressor}


def read_zip(tools: Tools, place: Place, path: str, keys: Keys | None, limits: Limits) -> Contents:
    """All of a zip; LayerError for what cannot be read."""
    size = place.stat(path).size
    with contextlib.closing(place.open(path)) as file:
        try:
            found = zips.directory(file, size)
        except zips.ZipError as problem:
            raise LayerError(problem.reason, "zip") from None
        tally = Tally("zip", limits, trailing=max(found.extra, 0))
        budget = Budget(limits, size)
        _check_headers(file, found, tally)
        if not any(one.encrypted for one in found.entries):
            for one in found.entries:
                _zipped(file, one, tally, budget)
            return tally.contents()
    if not keys or not keys.get("password"):
        raise LayerError("no_key", "zip")
    with unarchived(tools, place, path, "zip", ["x", "-so"], keys["password"]) as stream:
        for one in found.entries:
            _out(stream, one.name, one.size, _kind(one), None, tally, budget)
        _rest(stream, "zip")
    return tally.contents()


def _kind(one: zips.Entry) -> str:
    if one.name.endswith(b"/"):
        return "folder"
    return "link" if one.mode & 0o170000 == _LINK else "file"


def _check_headers(file: BinaryIO, found: zips.Directory, tally: Tally) -> None:
    ends = 0
    for one in sorted(found.entries, key=lambda one: one.at):
        same, begins = zips.local(file, one)
        # Entries that share bytes are how a small archive unpacks to terabytes.
        tally.differing += int(not same or one.at < ends or begins + one.packed > found.at)
        ends = begins + one.packed
    for one in found.entries:
        tally.entry(one.name, None)


def _zipped(file: BinaryIO, one: zips.Entry, tally: Tally, budget: Budget) -> None:
    if one.name.endswith(b"/") and not one.size:
        tally.folder(one.name)
        return
    _, begins = zips.local(file, one)
    file.seek(begins)
    made, size, mark, kept = sha256(), 0, 0, b""
    for block in _member(file, one):
        made.update(block)
        size += len(block)
        mark = zlib.crc32(block, mark)
        kept = kept or block[:4096]
        budget.spent("zip", tally.size + size)
    if size != one.size or mark != one.crc:
        raise LayerError("damaged", "zip")
    if _kind(one) == "link":
        tally.link(one.name, kept)
    else:
        tally.file(one.name, size, made.hexdigest())


def _member(file: BinaryIO, one: zips.Entry) -> Iterator[bytes]:
    if one.method == 0:
        yield from blocks_of(file, one.packed)
        return
    reader, left = _reader(file, one)
    try:
        waiting = made = b""
        while not reader.eof:
            # Deflate without a trailer may have taken all of its input and still hold output: a full block
            # says that there may be more.
            if not waiting and len(made) < CHUNK and getattr(reader, "needs_input", True):
                waiting = file.read(min(left, CHUNK))
                left -= len(waiting)
                if not waiting:
                    raise LayerError("truncated", "zip")
            made = reader.decompress(waiting, CHUNK)
            yield made
            waiting = getattr(reader, "unconsumed_tail", b"")
    except (zlib.error, lzma.LZMAError, OSError, ValueError):
        raise LayerError("damaged", "zip") from None


def _reader(file: BinaryIO, one: zips.Entry) -> tuple[Any, int]:
    if one.method == 14:
        head = file.read(9)
        if len(head) < 9 or head[2:4] != b"\x05\x00":
            raise LayerError("damaged", "zip")
        settings = lzma._decode_filter_properties(lzma.FILTER_LZMA1, head[4:9])  # type: ignore[attr-defined]  # the only way to read them
        return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[settings]), one.packed - 9
    if one.method not in _METHODS:
        raise LayerError("unsupported", "zip", f"method {one.method}")
    return _METHODS[one.method](), one.packed


def read_7z(tools: Tools, place: Place, path: str, keys: Keys | None, limits: Limits) -> Contents:
    """All of a 7z archive, by its tool."""
    size = place.stat(path).size
    with contextlib.closing(place.open(path)) as file:
        found = sevenzip.look(file, size)
    if found.damage:
        raise LayerError(found.damage, "7z")
    password = (keys or {}).get("password", "")
    if found.encrypted and not password:
        raise LayerError("no_key", "7z")
    try:
        return _by_7z(tools, place, path, password, Tally("7z", limits, trailing=found.extra), size)
    except LayerError as problem:
        if problem.reason != "inner_damaged" or found.encrypted:
            raise
        raise LayerError("damaged", "7z", problem.detail) from None  # without a seal nothing is within one


def _by_7z(tools: Tools, place: Place, path: str, password: str, tally: Tally, size: int) -> Contents:
    budget = Budget(tally.limits, size)
    with unarchived(tools, place, path, "7z", ["l", "-slt", "-ba"], password) as stream:
        listed = list(_listed(stream))
    for name, *_ in listed:
        tally.entry(name, None)
    with unarchived(tools, place, path, "7z", ["x", "-so"], password) as stream:
        for name, length, kind, mark in listed:
            _out(stream, name, length, kind, mark, tally, budget)
        _rest(stream, "7z")
    return tally.contents()


def _listed(stream: BinaryIO) -> Iterator[tuple[bytes, int, str, int | None]]:
    """Name, size, kind (file, folder, link), CRC of each entry, from `7z l -slt`."""
    entry: dict[bytes, bytes] = {}
    read = 0
    for line in stream:
        read += len(line)
        if read > _MOST_LISTING:
            raise LayerError("too_much", "7z")
        name, mark, value = line.rstrip(b"\r\n").partition(b" = ")
        if name == b"Path" and entry:
            yield _one(entry)
            entry = {}
        if mark:
            entry[name] = value
    if entry:
        yield _one(entry)


def _one(entry: dict[bytes, bytes]) -> tuple[bytes, int, str, int | None]:
    size, mark = entry.get(b"Size", b"0"), entry.get(b"CRC", b"")
    told = entry.get(b"Attributes", b"")
    kind = "folder" if told.startswith(b"D") else "link" if b" l" in told else "file"
    return entry.get(b"Path", b""), int(size or b"0"), kind, int(mark, 16) if mark else None


def _out(
    stream: BinaryIO, name: bytes, size: int, kind: str, mark: int | None, tally: Tally, budget: Budget
) -> None:
    """One entry out of those that the tool writes one behind the other."""
    if kind == "folder":
        tally.folder(name)
        return
    made, found, kept = sha256(), 0, b""
    budget.spent(tally.format, tally.size + size)
    for block in blocks_of(stream, size):
        kept = kept or block[:4096]
        made.update(block)
        found = zlib.crc32(block, found)
    if mark is not None and mark != found:
        # In another order than listed: everything was decoded, but which is whose is not known.
        tally.held = None
    if kind == "link":
        tally.link(name, kept)
    else:
        tally.file(name, size, made.hexdigest())


def _rest(stream: BinaryIO, layer: str) -> None:
    # Reading on to the end is what brings the tool's own verdict.
    if stream.read(1):
        raise LayerError("damaged", layer)
