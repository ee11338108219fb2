"""The lines of one batch as salted leaves of its own tree: any one can be shown, hidden or pruned.

    body    line || "\\n" for each line (a line is not empty and holds no "\\n"); no lines: no bytes
    salt_i  SHA-256( 0x02 || seed16 || u32be(i) )[:16]
    leaf_i  SHA-256( 0x00 || salt_i || line_i )
    root    RFC 9162 tree hash of leaf_0 … leaf_n-1

A body with hidden lines carries the salts of the shown ones, never the seed, which would give the
others' salts away:

    partial  per line: 0x01 || salt16 || u32be length || line    shown
                       0x00 || leaf32                            hidden
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from hashlib import sha256

from checks.wire import tree
from checks.wire.errors import Code, WireError
from checks.wire.numbers import HASH_SIZE, MAX_BODY, MAX_LINES, SALT_SIZE, SEED_SIZE

_INDEX: list[bytes] = []  # of lines, as far as they were wanted: all would be 200 KB in an agent


@dataclass(frozen=True, slots=True)
class Shown:
    """A line of a partial body that can be read."""

    salt: bytes
    line: bytes


@dataclass(frozen=True, slots=True)
class Hidden:
    """A line of a partial body of which only the leaf hash is left."""

    leaf: bytes


def _checked(seed: bytes, count: int) -> bytes:
    if len(seed) != SEED_SIZE:
        raise WireError(Code.BAD_SIZE, f"a seed has 16 bytes, not {len(seed)}")
    if count > MAX_LINES:
        raise WireError(Code.TOO_LARGE, f"{count} lines, at most {MAX_LINES}")
    return b"\x02" + seed


def _index(count: int) -> list[bytes]:
    """The numbers of at least that many lines, four bytes each."""
    global _INDEX
    known = _INDEX
    if len(known) < count:
        # Made anew, never added to: another thread may be reading the old one.
        known = _INDEX = [i.to_bytes(4, "big") for i in range(min(2 * count, MAX_LINES))]
    return known


def salts(seed: bytes, count: int) -> list[bytes]:
    """Salts of the lines 0 … count-1."""
    prefix, digest = _checked(seed, count), sha256
    return [digest(prefix + index).digest()[:SALT_SIZE] for index in _index(count)[:count]]


def leaf(salt: bytes, line: bytes) -> bytes:
    """Leaf hash of one line."""
    return sha256(b"\x00" + salt + line).digest()


def leaves(seed: bytes, lines: Sequence[bytes]) -> list[bytes]:
    """Leaf hashes of all lines."""
    begun, digest, made = sha256(_checked(seed, len(lines))), sha256, []
    for index, line in zip(_index(len(lines)), lines, strict=False):
        salt = begun.copy()  # cheaper than to begin anew with the seed
        salt.update(index)
        made.append(digest(b"\x00" + salt.digest()[:SALT_SIZE] + line).digest())
    return made


def body_root(seed: bytes, lines: Sequence[bytes]) -> bytes:
    """The root that the header names."""
    return tree.root(leaves(seed, lines))


def line_path(seed: bytes, lines: Sequence[bytes], index: int) -> list[bytes]:
    """Inclusion path of one line, at most 12 hashes."""
    return tree.inclusion_proof(leaves(seed, lines), index, len(lines))


def verify_line(salt: bytes, line: bytes, index: int, count: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether `line` with `salt` is line `index` of the batch of `count` lines with `root`."""
    if len(salt) != SALT_SIZE or count > MAX_LINES:
        return False
    return tree.verify_inclusion(index, count, leaf(salt, line), path, root)


def join(lines: Sequence[bytes]) -> bytes:
    """The body of these lines."""
    if len(lines) > MAX_LINES:
        raise WireError(Code.TOO_LARGE, f"{len(lines)} lines, at most {MAX_LINES}")
    if not all(lines):
        raise WireError(Code.BAD_SIZE, "a line is empty")
    body = b"".join([line + b"\n" for line in lines])
    if body.count(b"\n") != len(lines):
        raise WireError(Code.BAD_SIZE, "a line holds a newline")
    if len(body) > MAX_BODY:
        raise WireError(Code.TOO_LARGE, f"body of {len(body)} bytes, at most {MAX_BODY}")
    return body


def split(body: bytes) -> list[bytes]:
    """The lines of a body."""
    if not body:
        return []
    if len(body) > MAX_BODY:
        raise WireError(Code.TOO_LARGE, f"body of {len(body)} bytes, at most {MAX_BODY}")
    lines = body.split(b"\n")
    if lines.pop():
        raise WireError(Code.BAD_SIZE, "the last line does not end in a newline")
    if len(lines) > MAX_LINES:
        raise WireError(Code.TOO_LARGE, f"{len(lines)} lines, at most {MAX_LINES}")
    if not all(lines):
        raise WireError(Code.BAD_SIZE, f"line {lines.index(b'')} is empty")
    return lines


def hide(seed: bytes, lines: Sequence[bytes], hidden: Collection[int]) -> tuple[Shown | Hidden, ...]:
    """Partial body in which the lines with these indexes are hidden."""
    return tuple(
        Hidden(leaf(salt, line)) if index in hidden else Shown(salt, line)
        for index, (salt, line) in enumerate(zip(salts(seed, len(lines)), lines, strict=True))
    )


def partial_root(parts: Sequence[Shown | Hidden]) -> bytes:
    """Root of a partial body: that of the whole one."""
    return tree.root([p.leaf if isinstance(p, Hidden) else leaf(p.salt, p.line) for p in parts])


def encode_partial(parts: Sequence[Shown | Hidden]) -> bytes:
    """Bytes of a partial body."""
    return b"".join(
        b"\x00" + part.leaf
        if isinstance(part, Hidden)
        else b"\x01" + part.salt + len(part.line).to_bytes(4, "big") + part.line
        for part in parts
    )


def parse_partial(data: bytes) -> tuple[Shown | Hidden, ...]:
    """The partial body in `data`."""
    parts: list[Shown | Hidden] = []
    at = 0
    while at < len(data):
        if len(parts) == MAX_LINES:
            raise WireError(Code.TOO_LARGE, f"more than {MAX_LINES} lines")
        part, at = _part(data, at)
        parts.append(part)
    return tuple(parts)


def _part(data: bytes, at: int) -> tuple[Shown | Hidden, int]:
    mark, at = data[at], at + 1
    if mark == 0:
        end = at + HASH_SIZE
        part: Shown | Hidden = Hidden(data[at:end])
    elif mark == 1:
        begin = at + SALT_SIZE + 4
        end = begin + int.from_bytes(data[begin - 4 : begin], "big")
        part = Shown(data[at : at + SALT_SIZE], data[begin:end])
        if not part.line or b"\n" in part.line:
            raise WireError(Code.BAD_SIZE, "a shown line is empty or holds a newline")
    else:
        raise WireError(Code.BAD_ENCODING, f"mark {mark} in a partial body")
    if end > len(data):
        raise WireError(Code.BAD_SIZE, "a partial body ends within a line")
    return part, end
