"""Salted lines: one can be shown, hidden or pruned, and none can be changed, moved or guessed."""

from hashlib import sha256
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.wire import lines, tree
from checks.wire.errors import WireError
from checks.wire.lines import Hidden, Shown

SEED = bytes(range(16))
LINES = [b'{"i":%d}' % i for i in range(57)]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"a", "bad_size"),
        (b"a\nb", "bad_size"),
        (b"\n", "bad_size"),
        (b"a\n\nb\n", "bad_size"),
        (b"a\n" * 4097, "too_large"),
        (b"a" * (4 * 1024 * 1024) + b"\n", "too_large"),
    ],
)
def test_a_body_that_is_not_lines_each_with_its_newline_is_refused(body: bytes, code: str) -> None:
    with pytest.raises(WireError) as caught:
        lines.split(body)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("found", "code"),
    [
        ([b""], "bad_size"),
        ([b"a\nb"], "bad_size"),
        ([b"a"] * 4097, "too_large"),
        ([b"a" * 4194304], "too_large"),
    ],
)
def test_lines_that_could_not_be_read_back_are_not_joined(found: list[bytes], code: str) -> None:
    with pytest.raises(WireError) as caught:
        lines.join(found)
    assert caught.value.code == code


def test_a_changed_moved_or_resalted_line_is_not_shown() -> None:
    root = lines.body_root(SEED, LINES)
    salt = lines.salts(SEED, len(LINES))[20]
    path = lines.line_path(SEED, LINES, 20)
    assert lines.verify_line(salt, LINES[20], 20, 57, path, root)
    assert not lines.verify_line(salt, b'{"i":21}', 20, 57, path, root)
    assert not lines.verify_line(salt, LINES[20], 21, 57, path, root)
    assert not lines.verify_line(bytes(16), LINES[20], 20, 57, path, root)
    assert not lines.verify_line(salt + b"{", LINES[20][1:], 20, 57, path, root)
    assert not lines.verify_line(salt, LINES[20], 20, 2**40, path, root)


def test_the_bytes_between_salt_and_line_cannot_be_shifted() -> None:
    assert lines.leaf(bytes(16), b"ab") == sha256(b"\0" + bytes(16) + b"ab").digest()


@pytest.mark.parametrize("count", [0, 1, 2, 3, 50, 255, 256, 257])
def test_the_root_is_that_of_the_drawn_bytes(count: int) -> None:
    found = [b"%d" % i for i in range(count)]
    salts = [sha256(b"\2" + SEED + i.to_bytes(4, "big")).digest()[:16] for i in range(count)]
    assert lines.salts(SEED, count) == salts
    leaves = [sha256(b"\0" + s + line).digest() for s, line in zip(salts, found, strict=True)]
    assert lines.body_root(SEED, found) == tree.root(leaves)


@pytest.mark.parametrize("seed", [b"", bytes(15), bytes(17)])
def test_a_seed_of_another_length_is_refused(seed: bytes) -> None:
    with pytest.raises(WireError) as caught:
        lines.body_root(seed, LINES)
    assert caught.value.code == "bad_size"


def test_more_lines_than_a_batch_holds_have_no_salts() -> None:
    with pytest.raises(WireError):
        lines.salts(SEED, 4097)
    assert len(lines.salts(SEED, 4096)) == 4096


def test_every_single_line_has_a_path_of_at_most_twelve_hashes() -> None:
    root = lines.body_root(SEED, LINES)
    salts = lines.salts(SEED, 57)
    for i, line in enumerate(LINES):
        assert lines.verify_line(salts[i], line, i, 57, lines.line_path(SEED, LINES, i), root)
    assert len(lines.line_path(SEED, [b"x"] * 4096, 0)) == 12


def test_a_partial_body_keeps_the_root_and_neither_the_hidden_line_nor_the_seed() -> None:
    parts = lines.hide(SEED, LINES, {1, 56})
    data = lines.encode_partial(parts)
    assert lines.partial_root(lines.parse_partial(data)) == lines.body_root(SEED, LINES)
    assert LINES[1] not in data and SEED not in data
    assert lines.salts(SEED, 57)[1] not in data
    assert parts[0] == Shown(lines.salts(SEED, 57)[0], LINES[0])
    assert isinstance(parts[56], Hidden)


@given(st.binary(max_size=120))
def test_any_bytes_are_a_partial_body_written_exactly_so_or_an_error(data: bytes) -> None:
    try:
        parts = lines.parse_partial(data)
    except WireError:
        return
    assert lines.encode_partial(parts) == data


def test_any_flipped_bit_of_a_partial_body_is_an_error_or_another_root(samples: ModuleType) -> None:
    found = samples.batch_lines(3)
    data = lines.encode_partial(lines.hide(SEED, found, {1}))
    root = lines.body_root(SEED, found)
    for bit in range(len(data) * 8):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        try:
            assert lines.partial_root(lines.parse_partial(bytes(flipped))) != root
        except WireError:
            continue


@pytest.mark.parametrize(
    "data", [b"\2", b"\0" * 32, b"\1" + bytes(16) + b"\0\0\0\5abc", b"\1" + bytes(20), (b"\0" * 33) * 4097]
)
def test_a_partial_body_that_is_cut_short_marked_otherwise_or_too_long_is_refused(data: bytes) -> None:
    with pytest.raises(WireError):
        lines.parse_partial(data)


LINE = st.binary(min_size=1, max_size=30).filter(lambda line: b"\n" not in line)


@given(st.lists(LINE, max_size=20))
def test_lines_come_back_from_their_body(found: list[bytes]) -> None:
    assert lines.split(lines.join(found)) == found
