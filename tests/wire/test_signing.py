"""Strict Ed25519: every backend gives the same verdict on every signature."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.wire import pure, signing
from checks.wire.errors import WireError
from checks.wire.signing import Backend, Signer

DATA = Path(__file__).parent / "data"
NAMES = ("pynacl", "cryptography", "pure")
BACKENDS = [signing.load_backend(name) for name in NAMES]


def verdicts(public: bytes, message: bytes, signature: bytes) -> list[bool]:
    """Verdict of the strict profile on each backend."""
    return [signing.verify_with(backend, public, message, signature) for backend in BACKENDS]


def agree_on(cases: list[dict[str, str]]) -> int:
    """How many CCTV cases are accepted; all backends must say the same on each."""
    accepted = 0
    for case in cases:
        public, signature = bytes.fromhex(case["key"]), bytes.fromhex(case["sig"])
        found = verdicts(public, case["msg"].encode(), signature)
        assert len(set(found)) == 1, case
        accepted += found[0]
    return accepted


def wycheproof(groups: list[dict]) -> int:
    count = 0
    for group in groups:
        public = bytes.fromhex(group["publicKey"]["pk"])
        for case in group["tests"]:
            found = verdicts(public, bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"]))
            assert found == [case["result"] == "valid"] * 3, case
            count += 1
    return count


def test_libraries_alone_disagree_on_keys_of_small_order_and_the_strict_profile_does_not() -> None:
    split = 0
    for public in signing.SMALL_ORDER:
        for point in signing.SMALL_ORDER:
            for message in (b"0", b"1", b"2"):  # with s = 0 it is the hash alone that decides
                arguments = public, message, point + bytes(32)
                split += len({backend.verify(*arguments) for backend in BACKENDS}) > 1
                assert verdicts(*arguments) == [False] * 3
    assert split > 0


def test_committed_hostile_signatures_are_judged_alike() -> None:
    assert wycheproof(json.loads((DATA / "wycheproof_subset.json").read_text())["testGroups"]) > 20


def test_all_914_cctv_cases_end_in_one_verdict_and_43_are_accepted(vectors: Path) -> None:
    cases = json.loads((vectors / "cctv/ed25519vectors.json").read_text())
    assert (len(cases), agree_on(cases)) == (914, 43)


def test_all_wycheproof_cases_are_judged_right_by_all_backends(vectors: Path) -> None:
    file = vectors / "wycheproof/testvectors_v1/ed25519_test.json"
    assert wycheproof(json.loads(file.read_text())["testGroups"]) == 151


def test_the_blocklist_holds_every_encoding_of_the_eight_points_of_small_order() -> None:
    assert len(signing.SMALL_ORDER) == 14
    for encoding in signing.SMALL_ORDER:
        y = (int.from_bytes(encoding, "little") & (2**255 - 1)) % pure.P
        # Eight times such a point is the neutral element (0, 1): compute with y alone.
        u, v = (y * y - 1) % pure.P, (pure.D * y * y + 1) % pure.P
        x2 = u * pow(v, -1, pure.P) % pure.P
        assert x2 == 0 or pow(x2, (pure.P - 1) // 2, pure.P) == 1
        for _ in range(3):
            t = pure.D * x2 * y * y % pure.P
            x2, y = (
                4 * x2 * y * y * pow((1 + t) ** 2, -1, pure.P) % pure.P,
                (y * y + x2) * pow(1 - t, -1, pure.P) % pure.P,
            )
        assert (x2, y) == (0, 1)


UNUSABLE = {
    "too short": b"\x01" * 31,
    "the neutral point": b"\x01" + bytes(31),
    "zero": bytes(32),
    "an unreduced y": (2**255 - 19 + 3).to_bytes(32, "little"),
    "off the curve": b"\x02" + bytes(31),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_public_key_outside_the_profile_is_refused_and_verifies_nothing(name: str) -> None:
    with pytest.raises(WireError) as caught:
        signing.check_public(UNUSABLE[name])
    assert caught.value.code == "bad_key"
    assert not signing.verify(UNUSABLE[name], b"m", bytes(64))


@pytest.mark.parametrize("backend", BACKENDS, ids=NAMES)
def test_a_signature_with_s_beyond_the_order_is_refused(backend: Backend) -> None:
    signer = Signer(b"\x07" * 32)
    good = signer.sign(b"m")
    s = int.from_bytes(good[32:], "little") + pure.L
    assert not signing.verify_with(backend, signer.public, b"m", good[:32] + s.to_bytes(32, "little"))
    assert signing.verify_with(backend, signer.public, b"m", good)


@pytest.mark.parametrize("size", [0, 63, 65, 128])
def test_a_signature_of_another_length_is_refused(size: int) -> None:
    assert not signing.verify(Signer(b"\x07" * 32).public, b"m", bytes(size))


def test_a_seed_of_another_length_is_refused() -> None:
    with pytest.raises(WireError):
        Signer(b"short")


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200))
def test_all_backends_make_the_same_key_and_signature_and_accept_it(seed: bytes, message: bytes) -> None:
    keys = {backend.public(seed) for backend in BACKENDS}
    assert len(keys) == 1
    public = keys.pop()
    signatures = {backend.sign(seed, public, message) for backend in BACKENDS}
    assert len(signatures) == 1
    assert verdicts(public, message, signatures.pop()) == [True] * 3


@given(st.integers(0, 511), st.booleans())
def test_any_flipped_bit_of_signature_or_message_is_refused(bit: int, message: bool) -> None:
    signer = Signer(b"\x09" * 32)
    text = bytes(64)
    signature = signer.sign(text)
    flipped = bytearray(text if message else signature)
    flipped[bit // 8] ^= 1 << bit % 8
    pair = (bytes(flipped), signature) if message else (text, bytes(flipped))
    assert verdicts(signer.public, *pair) == [False] * 3


@pytest.mark.parametrize("name", NAMES)
def test_the_environment_chooses_the_backend(name: str) -> None:
    code = "from checks.wire import signing; import sys; sys.stdout.write(signing.backend_name())"
    env = {**os.environ, signing.ENVIRONMENT: name}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert done.stdout == name


def test_an_unknown_backend_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(WireError, match="pynacl, cryptography, pure"):
        signing.load_backend("openssl")


def test_a_signer_never_shows_its_seed() -> None:
    assert "07" * 32 not in repr(Signer(b"\x07" * 32))


def test_the_first_vector_of_rfc_8032_comes_out() -> None:
    signer = Signer(bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
    assert signer.public.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert (
        signer.sign(b"").hex().startswith("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155")
    )
