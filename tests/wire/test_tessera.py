"""A log that another implementation made: its notes, tiles and bundles, and all proofs between its sizes."""

import json
from base64 import b64decode
from pathlib import Path

import pytest

from checks.wire import checkpoint, note, tiles, tree
from checks.wire.errors import WireError
from checks.wire.tiles import ENTRIES, Tile

KEY = note.parse_vkey("example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx")


def test_the_committed_log_fits_its_checkpoints_and_a_changed_entry_does_not() -> None:
    data = json.loads((Path(__file__).parent / "data/tessera_subset.json").read_text())
    heads = [checkpoint.open_checkpoint(text.encode(), KEY)[0] for text in data["checkpoints"]]
    entries = tiles.parse_bundle(b64decode(data["bundle"]), 15)
    leaves = [tree.leaf_hash(entry) for entry in entries]
    assert leaves == tiles.hashes(b64decode(data["tile"]), 15)
    assert [head.root for head in heads] == [tree.root(leaves[:size]) for size in range(16)]
    leaves[3] = tree.leaf_hash(b"fuor")
    assert heads[15].root != tree.root(leaves)


def test_every_proof_between_its_checkpoints_holds(vectors: Path) -> None:
    place = vectors / "tessera/testdata/log"

    def read(tile: Tile) -> bytes:
        return (place / tile.path).read_bytes()

    heads = [checkpoint.open_checkpoint((place / f"checkpoint.{i}").read_bytes(), KEY)[0] for i in range(16)]
    inclusion = consistency = 0
    for new in heads[1:]:
        nodes = tiles.tile_nodes(read, new.size)
        entries = tiles.parse_bundle(read(tiles.tile_at(ENTRIES, 0, new.size)), new.size)
        for index, entry in enumerate(entries):
            proof = tree.inclusion_proof(nodes, index, new.size)
            assert tree.verify_inclusion(index, new.size, tree.leaf_hash(entry), proof, new.root)
            inclusion += 1
        for old in heads[1 : new.size]:
            proof = tree.consistency_proof(nodes, old.size, new.size)
            assert tree.verify_consistency(old.size, new.size, proof, old.root, new.root)
            assert not tree.verify_consistency(old.size, new.size, proof, new.root, old.root)
            consistency += 1
    assert (inclusion, consistency) == (120, 105)


def test_its_notes_are_refused_under_another_name(vectors: Path) -> None:
    data = (vectors / "tessera/testdata/log/checkpoint").read_bytes()
    with pytest.raises(WireError):
        checkpoint.open_checkpoint(data, note.make_vkey("example.com/log/other", KEY.public))
