"""Samples with a stated confidence: how many blocks to read, and which ones nobody could know before.

To miss damage of a share f of all blocks with a probability of at most a, n = ceil(ln a / ln(1 - f)) of them
are drawn: (1 - f)^n <= a. Computed exactly; shares and probabilities are in parts per million.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256

PPM = 1_000_000
LEAST = 100  # smaller shares are asked for in vain: then all is to be read


def needed(share_ppm: int, miss_ppm: int) -> int:
    """How many to draw so that damage to `share_ppm` of all is missed in at most `miss_ppm` of cases."""
    if not 0 < share_ppm < PPM or not 0 < miss_ppm < PPM:
        raise ValueError("share and probability lie between 0 and 1000000 ppm")
    keep, miss = Fraction(PPM - share_ppm, PPM), Fraction(miss_ppm, PPM)
    n = max(math.ceil(math.log(miss_ppm / PPM) / math.log1p(-share_ppm / PPM)), 1)
    # The logarithms are floats: the whole number beside the exact border may be one off.
    while keep**n > miss:
        n += 1
    while n > 1 and keep ** (n - 1) <= miss:
        n -= 1
    return n


def drawn(seed: str, what: str, total: int, count: int) -> Iterator[int]:
    """`count` different numbers below `total`, in an order that only the seed decides; anybody can draw
    them again. `what` keeps strata apart."""
    seen: set[int] = set()
    count = min(count, total)
    number = 0
    while len(seen) < count:
        made = sha256(f"roundseal-sample\0{seed}\0{what}\0{number}".encode()).digest()
        number += 1
        value = int.from_bytes(made[:16], "big")
        # 2^128 is no multiple of total: what lies beyond the last whole one is drawn again.
        if value < (1 << 128) // total * total and (index := value % total) not in seen:
            seen.add(index)
            yield index


@dataclass(frozen=True, slots=True)
class Stratum:
    """One part of a sample: blocks of large files, or small files whole. Counts."""

    total: int
    read: int
    bad: int


@dataclass(frozen=True, slots=True)
class Sample:
    """What was drawn. `seed_from`: `checkpoint` (a cosigned one, of this digest), or `collector`: it chose
    the seed itself, so no confidence is claimed. `share_ppm` and `miss_ppm` are what was asked for."""

    seed: str
    seed_from: str
    share_ppm: int
    miss_ppm: int
    blocks: Stratum
    files: Stratum

    @property
    def claims(self) -> bool:
        """Whether it may be said that larger damage is ruled out."""
        if self.seed_from != "checkpoint" or not (
            LEAST <= self.share_ppm < PPM and LEAST <= self.miss_ppm < PPM
        ):
            return False
        wanted = needed(self.share_ppm, self.miss_ppm)
        return all(one.read >= min(one.total, wanted) for one in (self.blocks, self.files))
