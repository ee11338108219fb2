"""Files of age that a passphrase opens, made here as the format's text says; age itself opens them.

Of https://age-encryption.org/v1: age's own need a second of CPU a try, these are as weak as tests may be.
"""

import base64
import hashlib
import hmac
import os

import pytest
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from checks.artefacts.opening import by_passphrase

CHUNK = 65536


def derived(key: bytes, salt: bytes, info: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt, info).derive(key)


def b64(raw: bytes) -> bytes:
    return base64.b64encode(raw).rstrip(b"=")


def age(content: bytes, word: str) -> bytes:
    """A file sealed by a passphrase."""
    key, salt, nonce = os.urandom(16), os.urandom(16), os.urandom(16)
    wrap = hashlib.scrypt(
        word.encode(), salt=b"age-encryption.org/v1/scrypt" + salt, n=1 << 10, r=8, p=1, dklen=32
    )
    body = ChaCha20Poly1305(wrap).encrypt(bytes(12), key, None)
    header = b"age-encryption.org/v1\n-> scrypt %b 10\n%b\n---" % (b64(salt), b64(body))
    made = header + b" " + b64(hmac.digest(derived(key, b"", b"header"), header, "sha256")) + b"\n" + nonce
    cipher = ChaCha20Poly1305(derived(key, nonce, b"payload"))
    chunks = [content[at : at + CHUNK] for at in range(0, len(content), CHUNK)]
    for number, chunk in enumerate(chunks):
        last = number == len(chunks) - 1
        made += cipher.encrypt(number.to_bytes(11, "big") + bytes([last]), chunk, None)
    return made


@pytest.fixture
def sealed(verified, shop):
    """What is said of a file of age."""

    def run(path, *, key="ops", secrets=None):
        given = {"scheme": "age", "secret": key}
        return verified(
            "backup.archive", {"path": str(path), "sealed": given}, secrets=secrets or shop.secrets
        )

    return run


@pytest.fixture
def path(shop):
    made = shop.place / "a.tar.age"
    made.write_bytes(age(shop.tar().read_bytes(), shop.secrets["ops"]["passphrase"]))
    made.chmod(0o600)
    return made


def test_it_opens_with_its_passphrase_and_no_other(path, sealed):
    seen = sealed(path)
    assert seen.reasons == {}
    seal = seen.facts.artefacts[0].base.seal
    assert (seal.recipients, seal.opened, seal.refused, seal.inner) == (("scrypt",), "yes", "yes", "tar")
    assert seen.facts.artefacts[0].read.contents.files >= 22
    assert sealed(path, key="stranger").reasons["sealed"] == "does_not_open"


def test_armoured_too(path, sealed):
    text = base64.b64encode(path.read_bytes())
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    begin, end = (b"-----%b AGE ENCRYPTED FILE-----" % word for word in (b"BEGIN", b"END"))
    path.write_bytes(b"\n".join([begin, *lines, end, b""]))
    assert sealed(path).reasons == {}


def test_an_armour_that_is_cut_short_is_no_passphrase_file():
    assert not by_passphrase(b"-----BEGIN AGE ENCRYPTED FILE-----")
    assert not by_passphrase(b"-----BEGIN AGE ENCRYPTED FILE-----\nYWd")


def test_a_cut_and_a_flip_behind_the_right_passphrase_are_told_apart(path, sealed):
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert sealed(path).reasons["well_formed"] == "truncated"
    path.write_bytes(whole[:-CHUNK] + bytes([whole[-CHUNK] ^ 1]) + whole[1 - CHUNK :])
    assert sealed(path).reasons["sealed"] == "inner_damaged"


@pytest.mark.parametrize("word", [None, "a\nb", "\x03", "x" * 2000])
def test_one_that_is_not_held_or_that_nobody_can_type_cannot_be_told(path, shop, sealed, word):
    secrets = {"ops": {"identity": shop.secrets["ops"]["identity"]} | ({"passphrase": word} if word else {})}
    seen = sealed(path, secrets=secrets)
    told = "unsupported" if word else "no_key"
    assert (seen.reasons["sealed"], seen.reasons["well_formed"]) == (told, told)
    assert str(seen.result.state) == "unknown"
