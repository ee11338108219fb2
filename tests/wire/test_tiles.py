"""C2SP tiles: paths, which tiles a log has, nodes from tiles, entry bundles."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.wire import tiles, tree
from checks.wire.errors import WireError
from checks.wire.tiles import ENTRIES, Tile

PATHS = {
    "tile/0/000": Tile(0, 0),
    "tile/0/x001/x234/067": Tile(0, 1234067),
    "tile/0/x001/234.p/17": Tile(0, 1234, 17),
    "tile/entries/000.p/1": Tile(ENTRIES, 0, 1),
    "tile/entries/x001/000": Tile(ENTRIES, 1000),
    "tile/7/999.p/255": Tile(7, 999, 255),
}

BAD_PATHS = [
    "", "tile", "tile/0", "tile/0/0", "tile/0/00", "tile/0/0000", "tile/00/000", "tile/01/000", "tile/8/000",
    "tile/64/000", "tile/-1/000", "tile/0/x000/001", "tile/0/001/002", "tile/0/x001", "tile/0/x1/001",
    "tile/0/000.p", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000.p/+1", "tile/0/000/",
    "/tile/0/000", "tile/0/000\n", "tile/0/٠٠٠", "tile/entries/../000", "tile//000", "tile/0/000.p/1/2",
    "tile/0/" + "x001/" * 40 + "001",
]  # fmt: skip


@pytest.mark.parametrize("path", BAD_PATHS)
def test_a_path_that_is_not_canonical_is_refused(path: str) -> None:
    with pytest.raises(WireError) as caught:
        tiles.parse_path(path)
    assert caught.value.code == "bad_tile"


@pytest.mark.parametrize("path", PATHS)
def test_paths_are_those_of_the_specification(path: str) -> None:
    assert tiles.parse_path(path) == PATHS[path]
    assert PATHS[path].path == path


def test_a_log_of_70000_has_the_tiles_that_the_specification_lists() -> None:
    found = list(tiles.tiles_of(70_000))
    assert sum(t == Tile(0, t.n) for t in found) == 273
    assert found[273:] == [Tile(0, 273, 112), Tile(1, 0), Tile(1, 1, 17), Tile(2, 0, 1)]
    assert tiles.tile_at(tiles.ENTRIES, 273, 70_000).path == "tile/entries/273.p/112"


def test_a_log_of_256_has_a_full_tile_and_a_partial_one_above_and_an_empty_log_none() -> None:
    assert list(tiles.tiles_of(256)) == [Tile(0, 0), Tile(1, 0, 1)]
    assert list(tiles.tiles_of(0)) == []


@given(st.text(alphabet="tile/entris0123456789xp.", max_size=30) | st.text(max_size=20))
def test_any_text_is_a_tile_written_exactly_so_or_an_error(text: str) -> None:
    try:
        tile = tiles.parse_path(text)
    except WireError as error:
        code = error.code
    else:
        code = "bad_tile"
        assert tile.path == text
    assert code == "bad_tile"


def full_tiles(row: list[bytes]) -> list[bytes]:
    """The full tiles over the hashes of one level."""
    return [b"".join(row[at : at + 256]) for at in range(0, len(row) - 255, 256)]


def store(leaves: list[bytes]) -> dict[str, bytes]:
    """All tiles of a log by path, built tile by tile as a log does."""
    kept: dict[str, bytes] = {}
    level, row = 0, leaves
    while row:
        for tile in tiles.tiles_of(len(leaves)):
            if tile.level == level:
                kept[tile.path] = b"".join(row[tile.n * 256 : tile.n * 256 + tile.width])
        row = [tiles.tile_root(data) for data in full_tiles(row)]
        level += 1
    return kept


LEAVES = [tree.leaf_hash(b"%d" % i) for i in range(66_000)]


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 600, 65_535, 65_536, 65_537])
def test_proofs_from_tiles_are_those_from_the_leaves(size: int) -> None:
    kept = store(LEAVES[:size])
    nodes = tiles.tile_nodes(lambda tile: kept[tile.path], size)
    root = tree.root(LEAVES[:size])
    assert tree.range_root(nodes, 0, size) == root
    for index in {0, 1 % size, size // 2, size - 1, 255 % size, 256 % size}:
        proof = tree.inclusion_proof(nodes, index, size)
        assert tree.verify_inclusion(index, size, LEAVES[index], proof, root)
        first = index + 1
        proof = tree.consistency_proof(nodes, first, size)
        assert tree.verify_consistency(first, size, proof, tree.root(LEAVES[:first]), root)


def test_a_node_or_tile_beyond_the_log_is_refused() -> None:
    nodes = tiles.tile_nodes(lambda tile: bytes(32 * tile.width), 300)
    for level, index in ((0, 300), (0, -1), (9, 0), (8, 1)):
        with pytest.raises(WireError) as caught:
            nodes(level, index)
        assert caught.value.code == "bad_tile"
    with pytest.raises(WireError):
        tiles.tile_at(0, 2, 300)


@pytest.mark.parametrize("size", [0, 31, 33, 8191, 8193])
def test_a_tile_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(WireError) as caught:
        tiles.tile_root(bytes(size))
    assert caught.value.code == "bad_tile"


@given(st.lists(st.binary(max_size=40), max_size=30))
def test_entries_come_back_from_a_bundle(entries: list[bytes]) -> None:
    assert tiles.parse_bundle(tiles.bundle(entries), len(entries)) == entries


@given(st.binary(max_size=200))
@settings(max_examples=200)
def test_any_bytes_are_a_bundle_written_exactly_so_or_an_error(data: bytes) -> None:
    try:
        entries = tiles.parse_bundle(data)
    except WireError as error:
        code = error.code
    else:
        code = "bad_tile"
        assert tiles.bundle(entries) == data
    assert code == "bad_tile"


@pytest.mark.parametrize(
    ("data", "width"), [(b"\0", None), (b"\0\5abc", None), (b"\0\1a", 2), (b"\0\0" * 257, None)]
)
def test_a_bundle_that_is_cut_short_or_has_another_width_is_refused(data: bytes, width: int | None) -> None:
    with pytest.raises(WireError) as caught:
        tiles.parse_bundle(data, width)
    assert caught.value.code == "bad_tile"


def test_an_entry_beyond_65535_bytes_fits_no_bundle() -> None:
    assert tiles.parse_bundle(tiles.bundle([bytes(65535)])) == [bytes(65535)]
    with pytest.raises(WireError):
        tiles.bundle([bytes(65536)])
