"""RFC 9162 tree against the public vectors, the recursive definition, and hostile proofs."""

import json
from base64 import b64decode
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.wire import tree
from checks.wire.errors import WireError

DATA = Path(__file__).parent / "data"
LEAVES = [tree.leaf_hash(b"%d" % i) for i in range(600)]


def mth(leaves: list[bytes]) -> bytes:
    """RFC 9162 2.1.1, word by word."""
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256(b"").digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def hashes(texts: list[str] | None) -> list[bytes]:
    return [b64decode(text) for text in texts or []]


def inclusion_fits(case: dict) -> bool:
    leaf, root = b64decode(case["leafHash"] or ""), b64decode(case["root"] or "")
    return tree.verify_inclusion(case["leafIdx"], case["treeSize"], leaf, hashes(case["proof"]), root)


def consistency_fits(case: dict) -> bool:
    root1, root2 = b64decode(case["root1"] or ""), b64decode(case["root2"] or "")
    return tree.verify_consistency(case["size1"], case["size2"], hashes(case["proof"]), root1, root2)


# Its roots are twelve bytes of "don't care": we ask for 32-byte roots even where nothing is hashed.
SHORT_ROOTS = "sizes-are-equal-one-and-proof-is-empty.json"


def check_set(cases: dict[str, dict], fits: object) -> None:
    for name, case in cases.items():
        wanted = not case["wantErr"] and not name.endswith(SHORT_ROOTS)
        assert fits(case) is wanted, name  # type: ignore[operator]


def test_the_committed_vectors_are_judged_as_named() -> None:
    data = json.loads((DATA / "merkle_subset.json").read_text())
    check_set(data["inclusion"], inclusion_fits)
    check_set(data["consistency"], consistency_fits)


@pytest.mark.parametrize(("kind", "fits"), [("inclusion", inclusion_fits), ("consistency", consistency_fits)])
def test_all_98_public_vectors_are_judged_as_named(vectors: Path, kind: str, fits: object) -> None:
    files = sorted((vectors / "merkle/testdata" / kind).rglob("*.json"))
    assert len(files) == 98
    check_set({str(file): json.loads(file.read_text()) for file in files}, fits)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 7, 8, 9, 255, 256, 257, 511, 512, 513, 600])
def test_root_frontier_and_range_follow_the_recursive_definition(size: int) -> None:
    leaves = LEAVES[:size]
    frontier = tree.Frontier()
    frontier.extend(leaves)
    assert tree.root(leaves) == frontier.root() == tree.range_root(leaves, 0, size) == mth(leaves)
    assert frontier.size == size


@given(st.lists(st.integers(0, 300), max_size=6), st.data())
@settings(max_examples=40)
def test_chunks_of_any_size_and_single_leaves_give_the_same_frontier(
    sizes: list[int], data: st.DataObject
) -> None:
    frontier, at = tree.Frontier(), 0
    for size in sizes:
        chunk = LEAVES[at : at + size]
        if data.draw(st.booleans()):
            frontier.extend(chunk)
        else:
            for leaf in chunk:
                frontier.append(leaf)
        at += len(chunk)
        frontier = tree.Frontier.parse(frontier.serialise())
    assert (frontier.size, frontier.root()) == (at, tree.root(LEAVES[:at]))


def test_every_proof_up_to_40_leaves_is_accepted_and_no_other_index_or_size_is() -> None:
    for size in range(1, 41):
        root = tree.root(LEAVES[:size])
        for index in range(size):
            proof = tree.inclusion_proof(LEAVES[:size], index, size)
            assert tree.verify_inclusion(index, size, LEAVES[index], proof, root)
            assert (
                not tree.verify_inclusion((index + 1) % size, size, LEAVES[index], proof, root) or size == 1
            )
            old = tree.root(LEAVES[: index + 1])
            proof = tree.consistency_proof(LEAVES[:size], index + 1, size)
            assert tree.verify_consistency(index + 1, size, proof, old, root)


@given(st.integers(1, 600), st.data())
@settings(max_examples=60)
def test_damaged_inclusion_proofs_are_refused(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    root, leaf = tree.root(LEAVES[:size]), LEAVES[index]
    proof = tree.inclusion_proof(LEAVES[:size], index, size)
    assert tree.verify_inclusion(index, size, leaf, proof, root)
    assert not tree.verify_inclusion(index, size, leaf, [*proof, leaf], root)
    assert not tree.verify_inclusion(index, size, leaf, proof[:-1], root) or not proof
    for at in range(len(proof)):
        broken = [*proof[:at], bytes(32), *proof[at + 1 :]]
        assert not tree.verify_inclusion(index, size, leaf, broken, root)


@given(st.integers(2, 600), st.data())
@settings(max_examples=60)
def test_damaged_consistency_proofs_are_refused(size: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(1, size - 1))
    old, new = tree.root(LEAVES[:first]), tree.root(LEAVES[:size])
    proof = tree.consistency_proof(LEAVES[:size], first, size)
    assert tree.verify_consistency(first, size, proof, old, new)
    assert not tree.verify_consistency(first, size, [*proof, old], old, new)
    assert not tree.verify_consistency(first, size, proof[:-1], old, new)
    assert not tree.verify_consistency(first, size, proof, new, old)
    for at in range(len(proof)):
        broken = [*proof[:at], bytes(32), *proof[at + 1 :]]
        assert not tree.verify_consistency(first, size, broken, old, new)


@pytest.mark.parametrize(
    ("index", "size", "proof"),
    [
        (-1, 1, []),
        (0, 0, []),
        (1, 1, []),
        (0, 2**80, [bytes(32)] * 80),
        (0, 2, [b"short"]),
        (0, 2, [bytes(33)]),
        (0, 1, [bytes(32)] * 10_000),
    ],
)
def test_an_impossible_inclusion_is_false_and_no_exception(index: int, size: int, proof: list[bytes]) -> None:
    assert not tree.verify_inclusion(index, size, LEAVES[0], proof, LEAVES[0] if size != 1 else bytes(32))


@pytest.mark.parametrize(("size1", "size2"), [(0, 0), (0, 1), (-1, 1), (2, 1), (1, 2**80)])
def test_an_impossible_consistency_is_false_and_no_exception(size1: int, size2: int) -> None:
    assert not tree.verify_consistency(size1, size2, [], tree.EMPTY_ROOT, tree.EMPTY_ROOT)


def test_proofs_about_leaves_that_are_not_there_are_not_made() -> None:
    for make in (
        lambda: tree.inclusion_proof(LEAVES, 3, 3),
        lambda: tree.inclusion_proof(LEAVES, -1, 3),
        lambda: tree.consistency_proof(LEAVES, 0, 3),
        lambda: tree.consistency_proof(LEAVES, 4, 3),
    ):
        with pytest.raises(WireError) as caught:
            make()
        assert caught.value.code == "bad_proof"


@pytest.mark.parametrize(
    "data", [b"", b"\0" * 7, b"\0" * 7 + b"\3" + b"\0" * 32, b"\xff" * 8, b"\0" * 8 + b"x"]
)
def test_a_frontier_with_the_wrong_number_of_hashes_is_refused(data: bytes) -> None:
    with pytest.raises(WireError) as caught:
        tree.Frontier.parse(data)
    assert caught.value.code == "bad_proof"


def test_a_copied_frontier_goes_its_own_way() -> None:
    one = tree.Frontier()
    two = one.copy()
    two.append(LEAVES[0])
    assert (one.size, one.root(), two.size) == (0, tree.EMPTY_ROOT, 1)


@pytest.mark.parametrize(
    ("size", "roots"),
    [(-1, []), (3, [bytes(32)]), (1, []), (0, [bytes(32)]), (1, [bytes(31)]), (1 << 62, [bytes(32)])],
)
def test_a_frontier_is_not_made_from_other_hashes_than_its_size_has(size: int, roots: list[bytes]) -> None:
    with pytest.raises(WireError) as caught:
        tree.Frontier(size, roots)
    assert caught.value.code == "bad_proof"
