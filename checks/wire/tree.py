"""RFC 9162 Merkle tree: leaves, roots, the compact range of a growing log, proofs both ways.

    leaf = SHA-256( 0x00 || entry )        node = SHA-256( 0x01 || left || right )

Every function takes *leaf hashes*, never entries, but for `leaf_hash`. A node source is a function
(level, index) -> hash of the complete subtree over leaves [index·2^level, (index+1)·2^level).
"""

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256

from checks.wire.errors import Code, WireError
from checks.wire.numbers import HASH_SIZE

NodeSource = Callable[[int, int], bytes]

EMPTY_ROOT = sha256(b"").digest()
_MAX_SIZE = 1 << 62


def leaf_hash(entry: bytes) -> bytes:
    """Hash of one entry."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


def parents(hashes: Sequence[bytes]) -> list[bytes]:
    """The level above, for an even number of nodes: the inner loop of everything here."""
    digest, nodes = sha256, iter(hashes)
    return [digest(b"\x01" + left + right).digest() for left, right in zip(nodes, nodes, strict=True)]


def root(leaves: Sequence[bytes]) -> bytes:
    """Tree hash over leaf hashes; of none, SHA-256 of nothing."""
    if not leaves:
        return EMPTY_ROOT
    level = list(leaves)
    while len(level) > 1:
        # A last node without a sibling moves up unchanged: the same tree as RFC 9162's recursion.
        odd = [level.pop()] if len(level) & 1 else []
        level = parents(level) + odd
    return level[0]


class Frontier:
    """Compact range of a log from 0 to `size`: the roots of its complete subtrees, largest first."""

    __slots__ = ("_roots", "size")

    def __init__(self, size: int = 0, roots: Sequence[bytes] = ()) -> None:
        if not 0 <= size < _MAX_SIZE or len(roots) != size.bit_count():
            raise WireError(Code.BAD_PROOF, f"{len(roots)} hashes cannot be a frontier of {size}")
        if any(len(node) != HASH_SIZE for node in roots):
            raise WireError(Code.BAD_PROOF, "a hash of the frontier has not 32 bytes")
        self.size = size
        self._roots = list(roots)

    @property
    def roots(self) -> tuple[bytes, ...]:
        """Roots of the complete subtrees, largest first."""
        return tuple(self._roots)

    def copy(self) -> "Frontier":
        """An independent frontier of the same log."""
        return Frontier(self.size, self._roots)

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash."""
        self._push(leaf, 0)

    def _push(self, node: bytes, level: int) -> None:
        roots, carry = self._roots, self.size >> level
        while carry & 1:
            node = sha256(b"\x01" + roots.pop() + node).digest()
            carry >>= 1
        roots.append(node)
        self.size += 1 << level

    def extend(self, leaves: Sequence[bytes]) -> None:
        """Add many leaf hashes: complete aligned runs of 256 are folded at once."""
        at, end = 0, len(leaves)
        while at < end and self.size & 255:
            self._push(leaves[at], 0)
            at += 1
        while end - at >= 256:
            run = leaves[at : at + 256]
            for _ in range(8):
                run = parents(run)
            self._push(run[0], 8)
            at += 256
        for leaf in leaves[at:]:
            self._push(leaf, 0)

    def root(self) -> bytes:
        """Tree hash of the log at this size."""
        if not self._roots:
            return EMPTY_ROOT
        node = self._roots[-1]
        for left in self._roots[-2::-1]:
            node = sha256(b"\x01" + left + node).digest()
        return node

    def serialise(self) -> bytes:
        """`u64 size || 32-byte roots, largest subtree first`."""
        return self.size.to_bytes(8, "big") + b"".join(self._roots)

    @classmethod
    def parse(cls, data: bytes) -> "Frontier":
        """The frontier that `serialise` wrote."""
        size = int.from_bytes(data[:8], "big")
        if len(data) != 8 + HASH_SIZE * size.bit_count():
            raise WireError(Code.BAD_PROOF, f"{len(data)} bytes cannot be a frontier of {size}")
        return cls(size, [data[i : i + HASH_SIZE] for i in range(8, len(data), HASH_SIZE)])


def node_source(leaves: Sequence[bytes]) -> NodeSource:
    """Node source over a list of leaf hashes; keeps every level, so many proofs cost little."""
    levels: list[Sequence[bytes]] = [leaves]
    while len(levels[-1]) > 1:
        level = levels[-1]
        levels.append(parents(level[: len(level) & ~1]))

    def get(level: int, index: int) -> bytes:
        return levels[level][index]

    return get


def _source(nodes: NodeSource | Sequence[bytes]) -> NodeSource:
    return nodes if callable(nodes) else node_source(nodes)


def _split(count: int) -> int:
    """Largest power of two below `count`."""
    return 1 << ((count - 1).bit_length() - 1)


def range_root(nodes: NodeSource | Sequence[bytes], begin: int, end: int) -> bytes:
    """Tree hash of leaves [begin, end), where begin is a multiple of a power of two >= end - begin."""
    get, roots = _source(nodes), []
    while begin < end:
        level = (end - begin).bit_length() - 1
        roots.append(get(level, begin >> level))
        begin += 1 << level
    node = roots.pop() if roots else EMPTY_ROOT
    while roots:
        node = node_hash(roots.pop(), node)
    return node


def inclusion_proof(nodes: NodeSource | Sequence[bytes], index: int, size: int) -> list[bytes]:
    """Audit path of leaf `index` in the tree of `size` leaves, from the leaf upwards."""
    if not 0 <= index < size:
        raise WireError(Code.BAD_PROOF, f"there is no leaf {index} in a tree of {size}")
    get, path, begin, end = _source(nodes), [], 0, size
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            path.append(range_root(get, middle, end))
            end = middle
        else:
            path.append(range_root(get, begin, middle))
            begin = middle
    return path[::-1]


def consistency_proof(nodes: NodeSource | Sequence[bytes], size1: int, size2: int) -> list[bytes]:
    """Proof that the tree of `size1` leaves is a prefix of the one of `size2`."""
    if not 0 < size1 <= size2:
        raise WireError(Code.BAD_PROOF, f"no consistency proof from {size1} to {size2}")
    get, path, begin, end = _source(nodes), [], 0, size2
    while size1 != end:
        middle = begin + _split(end - begin)
        if size1 <= middle:
            path.append(range_root(get, middle, end))
            end = middle
        else:
            path.append(range_root(get, begin, middle))
            begin = middle
    if begin:  # else the old root is itself the node that the verifier starts from
        path.append(range_root(get, begin, end))
    return path[::-1]


def _hashes(*hashes: bytes) -> bool:
    return all(len(node) == HASH_SIZE for node in hashes)


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether `proof` shows leaf hash `leaf` at `index` of the tree with `size` and `root`."""
    if not 0 <= index < size < _MAX_SIZE or not _hashes(leaf, root, *proof):
        return False
    last, node = size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if index & 1 or index == last:
            node = node_hash(sibling, node)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        index, last = index >> 1, last >> 1
    return last == 0 and node == root


def verify_consistency(size1: int, size2: int, proof: Sequence[bytes], root1: bytes, root2: bytes) -> bool:
    """Whether `proof` shows that tree 1 is a prefix of tree 2; from nothing, nothing is shown."""
    if not 0 < size1 <= size2 < _MAX_SIZE or not _hashes(root1, root2, *proof):
        return False
    if size1 == size2:
        return not proof and root1 == root2
    path = iter(proof)
    first, last = size1 - 1, size2 - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    start = root1 if first == 0 else next(path, None)
    if start is None:
        return False
    return _fold(path, first, last, start) == (root1, root2)


def _fold(path: Iterator[bytes], first: int, last: int, start: bytes) -> tuple[bytes, bytes] | None:
    old = new = start
    for sibling in path:
        if last == 0:
            return None
        if first & 1 or first == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        first, last = first >> 1, last >> 1
    return (old, new) if last == 0 else None
