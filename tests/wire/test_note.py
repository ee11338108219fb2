"""Signed notes and checkpoints: what is refused, what is ignored, and notes made by others."""

from base64 import b64encode
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.wire import checkpoint, note, tree
from checks.wire.checkpoint import Checkpoint
from checks.wire.errors import WireError
from checks.wire.signing import Signer

# The example of the Go documentation and of the specification's authors.
GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = """If you think cryptography is the answer to your problem,
then you don't know what your problem is.

— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
""".encode()

SIGNER = Signer(b"\x21" * 32)
OTHER = Signer(b"\x22" * 32)
TEXT = "one\n\ntwo 巡证\n"
KEY = note.make_vkey("log.example/a", SIGNER.public)
NOTE = note.sign(TEXT, "log.example/a", SIGNER)
LINE = NOTE.decode().rpartition("\n\n")[2]


def refused(data: bytes, keys: list[note.Vkey] | None = None) -> str:
    with pytest.raises(WireError) as caught:
        note.open_note(data, keys or [KEY])
    return caught.value.code


MALFORMED = {
    "no signatures": TEXT.encode(),
    "no blank line": ("one\n" + LINE).encode(),
    "no final newline": NOTE[:-1],
    "a blank line behind": NOTE + b"\n",
    "a carriage return": NOTE.replace(b"\n\n", b"\r\n\r\n"),
    "a tab": ("a\tb\n\n" + LINE).encode(),
    "a NUL": ("a\0b\n\n" + LINE).encode(),
    "Latin-1": b"caf\xe9\n\n" + LINE.encode(),
    "a surrogate": b"\xed\xa0\x80\n\n" + LINE.encode(),
    "no dash": NOTE.replace("— ".encode(), b""),
    "a hyphen for the dash": NOTE.replace("— ".encode(), b"- "),
    "no space after the name": NOTE.replace(b"a ", b"a"),
    "a plus in a name": NOTE + "— a+b AAAAAAA=\n".encode(),
    "an odd space in a name": NOTE + "— a\u00a0b AAAAAAA=\n".encode(),
    "an empty name": NOTE + "—  AAAAAAA=\n".encode(),
    "not base64": NOTE + "— b AAAA*AA=\n".encode(),
    "base64url": NOTE + "— b __________8=\n".encode(),
    "base64 without padding": NOTE + "— b AAAAAAA\n".encode(),
    "loose bits in base64": NOTE + "— b AAAAAAB=\n".encode(),
    "a key id without signature": NOTE + "— b AAAAAA==\n".encode(),
    "something after the signature": NOTE[:-1] + b" x\n",
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_note_is_refused_even_where_the_known_signature_is_good(name: str) -> None:
    assert refused(MALFORMED[name]) == "bad_note"


def test_a_note_that_nobody_known_signed_is_refused() -> None:
    assert refused(NOTE, [note.make_vkey("log.example/a", OTHER.public)]) == "bad_signature"
    assert refused(NOTE, [note.make_vkey("log.example/b", SIGNER.public)]) == "bad_signature"
    with pytest.raises(WireError):
        note.open_note(NOTE, [])


def test_a_bad_signature_by_a_known_key_refuses_the_note_that_another_known_key_signed() -> None:
    other = note.make_vkey("other", OTHER.public)
    bad = note.signature_line("other", other.key_id, bytes(64))
    assert refused(note.add_line(NOTE, bad), [KEY, other]) == "bad_signature"
    assert note.open_note(note.add_line(NOTE, bad), [KEY]).by == (note.Verified(KEY),)


def test_signatures_by_unknown_keys_are_ignored_even_with_a_known_name_or_a_known_id() -> None:
    same_name = note.signature_line("log.example/a", b"\0\0\0\0", b"x")
    same_id = note.signature_line("elsewhere", KEY.key_id, b"y" * 300)
    for line in (same_name, same_id):
        assert note.open_note(note.add_line(NOTE, line), [KEY]).text == TEXT


def test_sixteen_signatures_are_read_and_a_flood_is_not() -> None:
    flood = NOTE + note.signature_line("x", b"abcd", b"z").encode() * 15
    assert len(note.parse(flood).signatures) == 16
    assert len(note.parse(NOTE + note.signature_line("x", b"abcd", b"z").encode() * 99).signatures) == 100
    assert refused(NOTE + note.signature_line("x", b"abcd", b"z").encode() * 100) == "too_large"
    assert refused(b"a" * 1_000_001) == "too_large"


@given(st.integers(0, len(NOTE) * 8 - 1))
def test_any_flipped_bit_of_a_note_is_refused(bit: int) -> None:
    flipped = bytearray(NOTE)
    flipped[bit // 8] ^= 1 << bit % 8
    assert refused(bytes(flipped)) in ("bad_note", "bad_signature")


@given(st.binary(max_size=100) | st.text(alphabet="— \nabc+=A/", max_size=60).map(lambda t: t.encode()))
def test_any_bytes_are_no_note_and_no_other_error(data: bytes) -> None:
    assert refused(data) in ("bad_note", "bad_signature")


def test_notes_made_by_others_open() -> None:
    opened = note.open_note(GO_NOTE, [note.parse_vkey(GO_VKEY)])
    assert opened.text.startswith("If you think cryptography")
    assert str(note.parse_vkey(GO_VKEY)) == GO_VKEY


def test_a_text_with_blank_lines_ends_at_the_last_one() -> None:
    assert note.open_note(NOTE, [KEY]).text == TEXT


@pytest.mark.parametrize("text", ["", "no newline", "control\x07\n", "tab\t\n", "return\r\n"])
def test_a_text_that_could_not_be_opened_again_is_not_signed(text: str) -> None:
    with pytest.raises(WireError) as caught:
        note.sign(text, "log.example/a", SIGNER)
    assert caught.value.code == "bad_note"


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u3000b", "a\nb", "\x00", "\ud800"])
def test_a_name_that_cannot_stand_in_a_line_is_refused(name: str) -> None:
    with pytest.raises(WireError) as caught:
        note.make_vkey(name, SIGNER.public)
    assert caught.value.code == "bad_key"


VKEYS = {
    "nothing": "",
    "no parts": "name",
    "another id": GO_VKEY.replace("c74f20a3", "c74f20a4"),
    "an id in capitals": GO_VKEY.replace("c74f20a3", "C74F20A3"),
    "another name": GO_VKEY.replace("Peter", "Paul"),
    "a changed key": GO_VKEY.replace("ARpc", "ARpd"),
    "an unknown type": "n+00000000+" + b64encode(b"\x02" + bytes(32)).decode(),
    "a short key": "n+00000000+" + b64encode(b"\x01" + bytes(31)).decode(),
    "a key of small order": "n+00000000+" + b64encode(b"\x01\x01" + bytes(31)).decode(),
    "a newline behind": GO_VKEY + "\n",
    "not ASCII": GO_VKEY + "é",
}


@pytest.mark.parametrize("name", VKEYS)
def test_a_verifier_key_whose_parts_do_not_fit_is_refused(name: str) -> None:
    with pytest.raises(WireError) as caught:
        note.parse_vkey(VKEYS[name])
    assert caught.value.code == "bad_key"


def test_a_cosignature_carries_its_time_and_no_other_time_verifies() -> None:
    key = note.make_vkey("witness.example/w", OTHER.public, note.TYPE_COSIGNATURE)
    line = note.cosign_line(TEXT, "witness.example/w", OTHER, 1_800_000_000)
    opened = note.open_note(note.add_line(NOTE, line), [KEY, key])
    assert opened.by == (note.Verified(KEY), note.Verified(key, 1_800_000_000))
    signature = note.parse(note.add_line(NOTE, line)).signatures[1].signature
    for seconds in (1_800_000_001, 1 << 63):
        forged = note.signature_line(key.name, key.key_id, seconds.to_bytes(8, "big") + signature[8:])
        assert refused(note.add_line(NOTE, forged), [KEY, key]) == "bad_signature"
    plain = note.signature_line(key.name, key.key_id, SIGNER.sign(TEXT.encode()))
    assert refused(note.add_line(NOTE, plain), [KEY, key]) == "bad_signature"


ROOT = b64encode(bytes(range(32))).decode()
CHECKPOINTS = {
    "two lines": "o\n1\n",
    "no final newline": f"o\n1\n{ROOT}",
    "an extension line": f"o\n1\n{ROOT}\nmore\n",
    "an empty origin": f"\n1\n{ROOT}\n",
    "a leading zero": f"o\n01\n{ROOT}\n",
    "a negative size": f"o\n-1\n{ROOT}\n",
    "a plus sign": f"o\n+1\n{ROOT}\n",
    "an empty size": f"o\n\n{ROOT}\n",
    "digits of another script": f"o\n١\n{ROOT}\n",
    "a size beyond any log": f"o\n{10**19}\n{ROOT}\n",
    "a short root": "o\n1\nAAAA\n",
    "a root with loose bits": f"o\n1\n{ROOT[:-2]}9=\n",
    "an empty log with a root": f"o\n0\n{ROOT}\n",
}


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_a_checkpoint_that_is_not_written_exactly_so_is_refused(name: str) -> None:
    with pytest.raises(WireError) as caught:
        checkpoint.parse_checkpoint(CHECKPOINTS[name])
    assert caught.value.code == "bad_checkpoint"


@pytest.mark.parametrize(
    "bad", [Checkpoint("", 1, bytes(32)), Checkpoint("a\nb", 1, bytes(32)), Checkpoint("a", -1, bytes(32)),
            Checkpoint("a", 1, b"short")]
)  # fmt: skip
def test_a_checkpoint_that_could_not_be_read_is_not_written(bad: Checkpoint) -> None:
    with pytest.raises(WireError):
        checkpoint.format_checkpoint(bad)


def test_a_checkpoint_under_a_foreign_origin_or_without_the_log_is_refused(samples: ModuleType) -> None:
    log = note.make_vkey(samples.ORIGIN, samples.LOG.public)
    witness = note.make_vkey("witness.example/w", samples.WITNESS.public, note.TYPE_COSIGNATURE)
    text = checkpoint.format_checkpoint(Checkpoint("elsewhere", 1, bytes(32)))
    with pytest.raises(WireError) as caught:
        checkpoint.open_checkpoint(note.sign(text, samples.ORIGIN, samples.LOG), log)
    assert caught.value.code == "bad_checkpoint"
    text = checkpoint.format_checkpoint(Checkpoint(samples.ORIGIN, 1, bytes(32)))
    line = note.cosign_line(text, "witness.example/w", samples.WITNESS, 1)
    with pytest.raises(WireError) as caught:
        checkpoint.open_checkpoint(note.assemble(text, [line]), log, [witness])
    assert caught.value.code == "bad_signature"


def test_a_signed_checkpoint_comes_back(samples: ModuleType) -> None:
    log = note.make_vkey(samples.ORIGIN, samples.LOG.public)
    made = Checkpoint(samples.ORIGIN, 0, tree.EMPTY_ROOT)
    assert checkpoint.open_checkpoint(checkpoint.sign_checkpoint(made, samples.LOG), log)[0] == made
