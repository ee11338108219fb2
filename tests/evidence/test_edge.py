"""The right edge makes the same tree as the plain definition, however the leaves come."""

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.wire import tree
from checks.wire.tiles import tile_root
from collector.evidence.edge import Edge

LEAVES = [sha256(i.to_bytes(4, "big")).digest() for i in range(66_000)]


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 65_535, 65_536, 65_537])
def test_the_root_is_that_of_the_tree(size):
    edge = Edge()
    edge.extend(LEAVES[:size])
    assert edge.root() == tree.root(LEAVES[:size])
    assert edge.frontier().root() == edge.root()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 700), min_size=1, max_size=12))
def test_pieces_of_any_size_fill_the_same_tiles(pieces):
    edge, tiles, at = Edge(), [], 0
    for piece in pieces:
        tiles += edge.extend(LEAVES[at : at + piece])
        at += piece
        assert edge.size == at
        assert edge.root() == tree.root(LEAVES[:at])
    level0 = [tile for tile in tiles if tile.level == 0]
    assert [tile.n for tile in level0] == list(range(at // 256))
    assert b"".join(tile.data for tile in level0) == b"".join(LEAVES[: at - at % 256])


def test_a_full_tile_moves_its_root_one_level_up():
    edge = Edge()
    tiles = edge.extend(LEAVES[:65_536])
    assert [(tile.level, tile.n) for tile in tiles if tile.level] == [(1, 0)]
    above = next(tile for tile in tiles if tile.level == 1)
    assert above.data == b"".join(tile_root(tile.data) for tile in tiles if tile.level == 0)


def test_a_copy_does_not_move_with_the_original():
    edge = Edge()
    edge.extend(LEAVES[:300])
    copy = edge.copy()
    edge.extend(LEAVES[300:900])
    assert copy.root() == tree.root(LEAVES[:300])
