"""Manifests of file trees: what a tree held on a day, made at the source, replayed where its copies lie.

Text in bytes, gzip or xz around it, fields between tabs, paths percent-encoded and in the order of their raw
bytes, a directory's with a slash behind it:

    roundseal-manifest<TAB>1                   (2<TAB>blake3: digests of files and blocks are BLAKE3)
    object<TAB>county/xian-1/oa-files          (percent-encoded like a path)
    tree<TAB>/srv/files
    made<TAB>1800000000000                     (UTC epoch ms; the walk began)
    parent<TAB>SHA-256 of the manifest before, or - : then all that the tree holds follows
    +<TAB>LINE                                 (added)
    ~<TAB>LINE                                 (changed: the new line)
    -<TAB>PATH                                 (deleted)
    !<TAB>PATH<TAB>REASON<TAB>TIMES            (not readable, or moved while it was read; times running)
    end<TAB>ROOT<TAB>CONTENT<TAB>FILES<TAB>BYTES

    LINE: PATH KIND SIZE MTIME_NS MODE USER:GROUP DIGEST [EXTRA …]
    KIND: f file, d directory, l link, o other. EXTRA: `s` sparse, `h:PATH` the same inode as, `x:SHA-256` of
    extended attributes, `b:DIGEST` of its blocks' digests (1 MiB each, files over 16 MiB), `>:PATH` a link's
    target. What a kind has not is empty.

ROOT is SHA-256 over all lines of the tree as it is now, CONTENT over their content alone: PATH KIND SIZE
DIGEST or PATH KIND TARGET. Lines marked `!` are in neither. A manifest goes by the SHA-256 of its text.
"""

import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from heapq import merge
from typing import BinaryIO

HEADS = {"sha256": b"roundseal-manifest\t1", "blake3": b"roundseal-manifest\t2\tblake3"}
_BY_HEAD = {head: how for how, head in HEADS.items()}
ENDINGS = (".manifest.gz", ".manifest.xz", ".manifest")
INSIDE = ".roundseal"  # manifests of a tree may lie in this directory at its top
NONE = b"-"
_GONE = b"-\t"
_CHANGES = frozenset((b"+\t", b"~\t", _GONE))
BLOCK = 1 << 20
BLOCKS_FROM = 16 << 20  # larger files have a digest of blocks
MOST_LINE = 1 << 20
_AT_ONCE = 128 * 1024  # text taken apart at a time: larger pieces cost memory and give no speed
_ODD = re.compile(rb"[^!-$&-~]")
_CODE = re.compile(rb"%([0-9A-F]{2})")
_KINDS = {"file": b"f", "directory": b"d", "link": b"l"}


class ManifestError(ValueError):
    """What was read is no whole manifest."""


def encoded(path: bytes) -> bytes:
    """The path as it stands in a line."""
    return _ODD.sub(lambda found: b"%%%02X" % found[0][0], path) if _ODD.search(path) else path


def decoded(text: bytes) -> bytes:
    """The path of a line."""
    return _CODE.sub(lambda found: bytes((int(found[1], 16),)), text) if b"%" in text else text


def content_line(path: bytes, kind: bytes, size: bytes, digest: bytes) -> bytes:
    """What CONTENT is made of: `path` encoded; `digest` a file's or a link's encoded target."""
    if kind == b"f":
        return b"%s\tf\t%s\t%s\n" % (path, size, digest)
    return b"%s\t%s\t%s\n" % (path, kind, digest)


def content_of(line: bytes) -> bytes:
    """The line of CONTENT for a line of a tree."""
    fields = line.split(b"\t")
    if fields[1] == b"l":
        return content_line(fields[0], b"l", b"", target_of(fields))
    return content_line(fields[0], fields[1], fields[2], fields[6])


def target_of(fields: list[bytes]) -> bytes:
    """A link's target, as it stands in its line."""
    return next((one[2:] for one in fields[7:] if one.startswith(b">:")), b"")


def extra_of(fields: list[bytes], mark: bytes) -> bytes:
    """An extra of a line: what follows `mark` (`b:`), nothing where it has none."""
    return next((one[2:] for one in fields[7:] if one.startswith(mark)), b"")


def kind_of(kind: str) -> bytes:
    """Letter of an Entry's kind."""
    return _KINDS.get(kind, b"o")


# Reading


def opened(raw: Iterable[bytes | memoryview]) -> Iterator[bytes]:
    """Text of a manifest from its stored blocks: plain, gzip or xz by its first bytes."""
    blocks = iter(raw)
    first = bytes(next(blocks, b""))
    if first.startswith(b"\x1f\x8b"):
        yield from _inflated(first, blocks)
    elif first.startswith(b"\xfd7zXZ\0"):
        yield from _unpacked(first, blocks)
    else:
        for block in _chain(first, blocks):
            for at in range(0, len(block), _AT_ONCE):
                yield block[at : at + _AT_ONCE]


def _inflated(first: bytes, blocks: Iterator[bytes | memoryview]) -> Iterator[bytes]:
    inner = zlib.decompressobj(31)
    try:
        for block in _chain(first, blocks):
            yield inner.decompress(block, _AT_ONCE)
            while inner.unconsumed_tail:
                yield inner.decompress(inner.unconsumed_tail, _AT_ONCE)
            if inner.unused_data:
                raise ManifestError("bytes after its end")
    except zlib.error as problem:
        raise ManifestError(f"damaged: {problem}") from None
    if not inner.eof:
        raise ManifestError("cut off")


def _unpacked(first: bytes, blocks: Iterator[bytes | memoryview]) -> Iterator[bytes]:
    import lzma

    inner = lzma.LZMADecompressor(memlimit=256 << 20)
    try:
        for block in _chain(first, blocks):
            yield inner.decompress(block, _AT_ONCE)
            while not inner.needs_input and not inner.eof:
                yield inner.decompress(b"", _AT_ONCE)
    except (lzma.LZMAError, EOFError) as problem:
        raise ManifestError(f"damaged: {problem}") from None
    if not inner.eof:
        raise ManifestError("cut off")


def _chain(first: bytes, blocks: Iterator[bytes | memoryview]) -> Iterator[bytes]:
    yield first
    for block in blocks:
        yield bytes(block)


def split(text: Iterable[bytes]) -> Iterator[bytes]:
    """Lines without their newline."""
    rest = b""
    for block in text:
        *lines, rest = (rest + block).split(b"\n")
        if len(rest) > MOST_LINE:
            raise ManifestError("a line too long")
        yield from lines
    if rest:
        raise ManifestError("cut off in a line")


@dataclass(slots=True)
class Head:
    """What a manifest says of itself. `digest`: its name, known at its end; `moving`: encoded path to reason
    and how many times running; `how`: what the digests of files are (hashes.HOWS)."""

    object: str = ""
    tree: str = ""
    made: int = 0
    parent: str = ""
    root: str = ""
    content: str = ""
    files: int = 0
    size: int = 0
    changes: int = 0
    digest: str = ""
    moving: dict[bytes, tuple[str, int]] = field(
        default_factory=dict
    )  # encoded path -> reason, times running
    how: str = "sha256"


def ops(raw: Iterable[bytes | memoryview], head: Head) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Changes of a manifest, (raw path, op with its tab, LINE or PATH) in their order; `head` is filled in,
    complete after the last. ManifestError where it is no whole manifest in order."""
    made = sha256()

    def told() -> Iterator[bytes]:
        for block in opened(raw):
            made.update(block)
            yield block

    lines = split(told())
    try:
        _header(lines, head)
        yield from _body(lines, head)
        if next(lines, None) is not None:
            raise ManifestError("goes on after its end")
    except (IndexError, ValueError) as problem:
        raise problem if isinstance(problem, ManifestError) else ManifestError("no manifest") from None
    head.digest = made.hexdigest()


def _header(lines: Iterator[bytes], head: Head) -> None:
    how = _BY_HEAD.get(next(lines, b""))
    if how is None:
        raise ManifestError("no manifest")
    head.how = how
    given = [next(lines, b"").split(b"\t") for _ in range(4)]
    if [one[0] for one in given] != [b"object", b"tree", b"made", b"parent"]:
        raise ManifestError("no manifest")
    head.object = decoded(given[0][1]).decode("utf-8", "replace")
    head.tree = decoded(given[1][1]).decode("utf-8", "surrogateescape")
    head.made, head.parent = int(given[2][1]), given[3][1].decode("ascii").removeprefix("-")


def _body(lines: Iterator[bytes], head: Head) -> Iterator[tuple[bytes, bytes, bytes]]:
    before, changes = b"", 0
    for line in lines:
        op = line[:2]
        if op in _CHANGES:
            rest = line[2:]
            name = rest[: rest.index(b"\t")] if op != _GONE else rest
            raw = decoded(name) if b"%" in name else name
            if raw <= before:
                raise ManifestError("out of order")
            before = raw
            changes += 1
            yield raw, op, rest
        elif op == b"!\t":
            path, reason, times = line[2:].split(b"\t")
            head.moving[path] = (reason.decode("ascii", "replace"), int(times))
        elif line.startswith(b"end\t"):
            _, root, content, files, size = line.split(b"\t")
            head.root, head.content = root.decode("ascii"), content.decode("ascii")
            head.files, head.size, head.changes = int(files), int(size), changes
            return
        else:
            raise ManifestError("no line of a manifest")
    raise ManifestError("cut off: no end")


Open = Callable[[], Iterable[bytes | memoryview]]


def summary(source: Open, head: Head | None = None) -> Head:
    """Read all of a manifest for its head, its digest and its order."""
    head = Head() if head is None else head
    for _ in ops(source(), head):
        pass
    return head


def replay(chain: list[Open], gone: Callable[[bytes], object] = len) -> Iterator[tuple[bytes, bytes]]:
    """The tree after a chain of manifests, the full one first: (raw path, LINE) in order. `gone` hears of
    each path that the chain deleted."""
    for path, op, line in _newest(chain) if len(chain) > 1 else ops(chain[0](), Head()):
        if op != _GONE:
            yield path, line
        else:
            gone(path)


def _newest(chain: list[Open]) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Of each path the last word."""
    held = b""
    for path, _, op, line in merge(*[_dated(source, i) for i, source in enumerate(chain)]):
        if path != held:
            held = path
            yield path, op, line


def _dated(source: Open, number: int) -> Iterator[tuple[bytes, int, bytes, bytes]]:
    return ((path, -number, op, line) for path, op, line in ops(source(), Head()))


# Writing


class Writer:
    """A manifest being written, gzip around it; `digest` is its name after `end`."""

    def __init__(self, into: BinaryIO, head: Head) -> None:
        self._into = into
        # Level 1: digests do not compress, the rest does at any level. No time in it: same text, same bytes.
        self._packer = zlib.compressobj(1, zlib.DEFLATED, 31)
        self._made = sha256()
        self._held: list[bytes] = []
        self.changes = 0
        self.digest = ""
        text = head.object.encode("utf-8", "surrogateescape"), head.tree.encode("utf-8", "surrogateescape")
        self._held.append(
            b"%s\nobject\t%s\ntree\t%s\nmade\t%d\nparent\t%s\n"
            % (HEADS[head.how], encoded(text[0]), encoded(text[1]), head.made, head.parent.encode() or NONE)
        )

    def put(self, op: bytes, line: bytes) -> None:
        """One change; `line` without its newline."""
        self._held.append(b"%s\t%s\n" % (op, line))
        self.changes += 1
        if len(self._held) >= 2000:
            self._flush()

    def moving(self, path: bytes, reason: str, days: int) -> None:
        """A path that could not be read, or moved; it stands for nothing in the tree."""
        self._held.append(b"!\t%s\t%s\t%d\n" % (path, reason.encode(), days))

    def end(self, root: str, content: str, files: int, size: int) -> None:
        """The last line."""
        self._held.append(b"end\t%s\t%s\t%d\t%d\n" % (root.encode(), content.encode(), files, size))
        self._flush()
        self._into.write(self._packer.flush())
        self.digest = self._made.hexdigest()

    def _flush(self) -> None:
        data = b"".join(self._held)
        self._held.clear()
        self._made.update(data)
        self._into.write(self._packer.compress(data))
