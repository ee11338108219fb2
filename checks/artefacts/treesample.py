"""A sample of a tree in two strata: blocks of large files, and small files whole, as most files are small.

A block is compared with the digests of blocks that the source wrote beside its manifest (NAME.blocks); those
are believed because their own digest stands in the manifest.
"""

from bisect import bisect_left
from functools import partial
from typing import Protocol

from checks.artefacts.hashes import hasher
from checks.artefacts.manifest import BLOCK, BLOCKS_FROM, extra_of
from checks.artefacts.manifests import Chain, Pool, Root
from checks.artefacts.sampling import Sample, Stratum, drawn, needed
from checks.artefacts.treecompare import Compared, Pick, blocks_in, leaves_of
from checks.artefacts.treemake import Turn
from checks.places import Entry, Place


def _digest(data: bytes, how: str) -> bytes:
    made = hasher(how)
    made.update(data)
    return made.digest()


class Wanted(Protocol):
    """Parameters of a sample."""

    @property
    def sample_ppm(self) -> int:
        """Share of damage to be found."""

    @property
    def miss_ppm(self) -> int:
        """How likely it may be missed."""

    @property
    def seed(self) -> str:
        """What draws."""

    @property
    def seed_from(self) -> str:
        """Who chose it."""


class Drawn(Pick):
    """The drawn ones, met in the order of the manifest."""

    whole = False

    def __init__(self, params: Wanted, blocks: int, files: int, how: str = "sha256") -> None:
        super().__init__(Turn(0, 0))
        self._how = how
        self._params = params
        self._totals = (blocks, files)
        count = needed(params.sample_ppm, params.miss_ppm)
        self._blocks = sorted(drawn(params.seed, "blocks", blocks, count))
        self._files = set(drawn(params.seed, "files", files, count))
        self._at = [0, 0]  # blocks and small files of the manifest gone by
        self._read = [0, 0]
        self._bad = [0, 0]
        self.leaves: dict[bytes, tuple[str, int, int]] = {}  # root -> file of leaves, offset, bytes

    def large(self, first: int, count: int) -> list[int]:
        """Which of a file's blocks are drawn, as its blocks are numbered from `first` on."""
        low, high = bisect_left(self._blocks, first), bisect_left(self._blocks, first + count)
        return [one - first for one in self._blocks[low:high]]

    def passes(self, fields: list[bytes]) -> None:
        """Its blocks, or it as a whole, are the next of their stratum."""
        if fields[1] == b"f":
            size = int(fields[2])
            self._at[size <= BLOCKS_FROM] += 1 if size <= BLOCKS_FROM else blocks_in(size)

    def same(self, place: Place, entry: Entry, fields: list[bytes], found: Compared) -> bool | None:
        """Whether what was drawn of it is as it should be, None where nothing was."""
        size = int(fields[2])
        if entry.size != size:
            return None
        if size > BLOCKS_FROM:
            return self._large(place, entry, fields, found)
        if self._at[1] - 1 not in self._files:
            return None
        made = place.digest(entry, self._how)
        found.read_files += 1
        found.read_bytes += size
        return self._count(1, 1, int(made != fields[6].decode()))

    def _large(self, place: Place, entry: Entry, fields: list[bytes], found: Compared) -> bool | None:
        count = blocks_in(entry.size)
        picked = self.large(self._at[0] - count, count)
        leaves = self._leaves(place, extra_of(fields, b"b:")) if picked else b""
        if len(leaves) != 32 * count:
            return None  # nothing was drawn, or there is nothing to compare with: not counted as read
        wrong = 0
        for index in picked:
            data = place.block(entry.path, index * BLOCK, BLOCK)
            found.read_bytes += len(data)
            wrong += _digest(data, self._how) != leaves[32 * index : 32 * index + 32]
        return self._count(0, len(picked), wrong)

    def _count(self, stratum: int, read: int, wrong: int) -> bool:
        self._read[stratum] += read
        self._bad[stratum] += wrong
        return not wrong

    def _leaves(self, place: Place, root: bytes) -> bytes:
        told = bytes.fromhex(root.decode())
        if told not in self.leaves:
            return b""
        path, at, size = self.leaves[told]
        data = place.block(path, at, size)
        return data if _digest(data, self._how) == told else b""

    def sample(self) -> Sample:
        """What was drawn, for facts."""
        params = self._params
        strata = [
            Stratum(total, read, wrong)
            for total, read, wrong in zip(self._totals, self._read, self._bad, strict=True)
        ]
        return Sample(params.seed, params.seed_from, params.sample_ppm, params.miss_ppm, *strata)


def draw(params: Wanted, pool: Pool, chain: Chain, place: Place) -> Drawn:
    """Draw from the tree as its manifests say it is."""
    blocks = files = 0
    roots: set[bytes] = set()
    for _, line in pool.replayed(chain, set(), Root()):
        fields = line.split(b"\t")
        if fields[1] != b"f":
            continue
        if int(fields[2]) <= BLOCKS_FROM:
            files += 1
            continue
        blocks += blocks_in(int(fields[2]))
        if root := extra_of(fields, b"b:"):
            roots.add(bytes.fromhex(root.decode()))
    made = Drawn(params, blocks, files, chain.head.how)
    for link in chain.links:
        path = link.path[: link.path.rindex(".manifest")] + ".blocks"
        try:
            found = leaves_of(partial(place.block, path), roots)
        except OSError:
            continue  # without them no block of theirs counts as read
        made.leaves.update({root: (path, at, size) for root, (at, size) in found.items()})
    return made
