"""Log entries and enrolment tokens: one spelling each, everything else refused."""

from dataclasses import replace
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.wire import entry, tiles, token, tree
from checks.wire.entry import Entry, Signature
from checks.wire.errors import WireError
from checks.wire.numbers import EntryKind
from checks.wire.token import Token


def sample(samples: ModuleType) -> Entry:
    sealed = samples.seal(samples.results([b"a"]), [b"a"])
    return Entry(EntryKind.BATCH, 1_800_000_010_123, sealed.header, sealed.signatures)


def test_any_flipped_bit_of_an_entry_is_refused_or_another_leaf(samples: ModuleType) -> None:
    data = entry.encode(sample(samples))
    leaf = tree.leaf_hash(data)
    for bit in range(len(data) * 8):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        try:
            found = entry.parse(bytes(flipped))
        except WireError:
            continue
        assert entry.encode(found) == bytes(flipped) and found.leaf != leaf


@given(st.binary(max_size=120) | st.binary(max_size=60).map(lambda b: b"\1\7" + bytes(8) + b"\0\1x" + b))
def test_any_bytes_are_an_entry_written_exactly_so_or_an_error(data: bytes) -> None:
    try:
        found = entry.parse(data)
    except WireError as error:
        code = error.code
    else:
        code = "bad_entry"
        assert entry.encode(found) == data
    assert code in ("bad_entry", "too_large")


@pytest.mark.parametrize(
    "change",
    [
        {"received_ms": -1},
        {"received_ms": 2**53 + 1},
        {"header": b""},
        {"header": bytes(4097)},
        {"header": bytes(65_535), "kind": EntryKind.RECORD},
        {"signatures": ()},
        {"signatures": (Signature(1, b"abcd", bytes(8193)),)},
    ],
)
def test_an_entry_that_could_not_be_read_is_not_written(samples: ModuleType, change: dict) -> None:
    with pytest.raises(WireError) as caught:
        entry.encode(replace(sample(samples), **change))
    assert caught.value.code in ("bad_entry", "too_large")


def test_an_unknown_kind_or_format_bytes_behind_and_a_late_number_are_refused(samples: ModuleType) -> None:
    data = entry.encode(sample(samples))
    late = data[:2] + b"\xff" * 8 + data[10:]
    for bad in (
        b"\2" + data[1:],
        b"\1\0" + data[2:],
        b"\1\x0e" + data[2:],
        data + b"\0",
        data[:-1],
        late,
        bytes(65_536),
    ):
        with pytest.raises(WireError):
            entry.parse(bad)


@pytest.mark.parametrize("kind", EntryKind)
def test_entries_of_every_kind_come_back_and_fit_a_bundle(samples: ModuleType, kind: EntryKind) -> None:
    header = b'{"v":1,"note":"\xe5\xb7\xa1\xe8\xaf\x81"}'
    signatures = entry.sign_statement(kind, header, samples.LOG, samples.WITNESS)
    data = entry.encode(Entry(kind, 0, header, signatures))
    assert entry.parse(data) == Entry(kind, 0, header, signatures)
    assert tiles.parse_bundle(tiles.bundle([data])) == [data]


def test_a_statement_signed_as_one_kind_is_not_signed_as_another(samples: ModuleType) -> None:
    signatures = entry.sign_statement(EntryKind.APPROVE, b"{}", samples.LOG)
    assert entry.verify_statement(EntryKind.APPROVE, b"{}", signatures, samples.LOG.public)
    assert not entry.verify_statement(EntryKind.REVOKE, b"{}", signatures, samples.LOG.public)
    assert not entry.verify_statement(EntryKind.APPROVE, b"[]", signatures, samples.LOG.public)
    assert not entry.verify_statement(EntryKind.APPROVE, b"{}", signatures, samples.AGENT.public)
    assert not entry.verify_statement(EntryKind.APPROVE, b"{}", (), samples.LOG.public)


TOKEN = Token("t1", bytes(range(16)), bytes(range(32)), bytes(range(32, 64)))
TEXT = token.make_token(TOKEN)


@pytest.mark.parametrize(
    "text",
    ["", "enrol1", TEXT.replace("enrol1", "enrol2"), TEXT + ".x", TEXT[:-1], TEXT + "A",
     TEXT.replace("t1", ""), TEXT.replace("t1", "T1"), TEXT.replace("AAEC", "AA=C"),
     TEXT.replace("AAEC", "AA+C"), TEXT.replace("AAEC", "é"), TEXT.replace(".", ":"),
     "enrol1.t1..-.", TEXT[:-1] + "9"],
)  # fmt: skip
def test_a_token_that_is_not_whole_is_refused(text: str) -> None:
    with pytest.raises(WireError) as caught:
        token.parse_token(text)
    assert caught.value.code == "bad_token"


@pytest.mark.parametrize("change", [{"id": "A"}, {"secret": b"x"}, {"vkey_hash": b""}, {"id": "a" * 33}])
def test_a_token_that_could_not_be_read_is_not_made(change: dict) -> None:
    with pytest.raises(WireError):
        token.make_token(replace(TOKEN, **change))


def test_a_token_comes_back_with_or_without_a_pin_and_hides_its_secret() -> None:
    assert token.parse_token(TEXT + "\n") == TOKEN
    bare = replace(TOKEN, spki_pin=None)
    assert token.parse_token(token.make_token(bare)) == bare
    assert repr(TOKEN.secret) not in repr(TOKEN)


def test_two_keys_have_two_approval_codes_of_six_groups(samples: ModuleType) -> None:
    codes = {token.approval_code(signer.public) for signer in (samples.AGENT, samples.NEXT)}
    assert len(codes) == 2
    assert all(len(group) == 4 and group.isdigit() for code in codes for group in code.split("-"))
    assert {code.count("-") for code in codes} == {5}
