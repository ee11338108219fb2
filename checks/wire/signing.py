"""Ed25519 in the strict profile, on whichever library is here: PyNaCl, cryptography, our own.

Accepted: 64-byte signature, s < L, A and R canonically encoded and not of small order, and the
cofactorless equation. Libraries disagree on 165 of 914 public edge cases without the pre-check and
on none with it, so intake and the buyer's verifier cannot be played against each other.
"""

import os
from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from checks.wire import pure
from checks.wire.errors import Code, WireError
from checks.wire.numbers import ALG_ED25519, KEY_ID_SIZE, SIGNATURE_SIZE

ENVIRONMENT = "ROUNDSEAL_SIGNING"  # pynacl | cryptography | pure
_L = 2**252 + 27742317777372353535851937790883648493


class Backend(NamedTuple):
    """One library: its name, and its bare sign and verify without our pre-check."""

    name: str
    sign: Callable[[bytes, bytes, bytes], bytes]  # seed, public, message
    verify: Callable[[bytes, bytes, bytes], bool]  # public, message, signature
    public: Callable[[bytes], bytes]  # seed


def _pynacl() -> Backend:
    # The library itself: `nacl.bindings` loads fifteen modules (half a megabyte in an agent) for three calls,
    # and copies every message it has checked.
    from nacl._sodium import ffi, lib  # type: ignore[import-not-found]  # compiled, without a stub

    if lib.sodium_init() < 0:
        raise ImportError("libsodium cannot be used here")
    nothing, some, read = ffi.NULL, ffi.typeof("unsigned char[]"), ffi.unpack

    def verify(public: bytes, message: bytes, signature: bytes) -> bool:
        both = _sized(signature, SIGNATURE_SIZE) + message
        return bool(lib.crypto_sign_open(nothing, nothing, both, len(both), _sized(public, 32)) == 0)

    def sign(seed: bytes, public: bytes, message: bytes) -> bytes:
        made = ffi.new(some, SIGNATURE_SIZE + len(message))
        lib.crypto_sign(made, nothing, message, len(message), _sized(seed, 32) + _sized(public, 32))
        return bytes(read(ffi.cast("char *", made), SIGNATURE_SIZE))

    def public_key(seed: bytes) -> bytes:
        public, secret = ffi.new(some, 32), ffi.new(some, 64)
        lib.crypto_sign_seed_keypair(public, secret, _sized(seed, 32))
        return bytes(read(ffi.cast("char *", public), 32))

    return Backend("pynacl", sign, verify, public_key)


def _sized(given: bytes, size: int) -> bytes:
    """`given`; the library reads that many bytes there, whatever it is handed."""
    if len(given) != size:
        raise ValueError(f"{size} bytes are wanted, not {len(given)}")
    return given


def _cryptography() -> Backend:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

    def verify(public: bytes, message: bytes, signature: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True

    def sign(seed: bytes, public: bytes, message: bytes) -> bytes:
        return Ed25519PrivateKey.from_private_bytes(seed).sign(message)

    def public_key(seed: bytes) -> bytes:
        return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()

    return Backend("cryptography", sign, verify, public_key)


def _pure() -> Backend:
    return Backend("pure", pure.sign, pure.verify, pure.public_key)


_BACKENDS = {"pynacl": _pynacl, "cryptography": _cryptography, "pure": _pure}


def load_backend(name: str) -> Backend:
    """The backend of that name; WireError if there is none, ImportError if it is not installed."""
    if name not in _BACKENDS:
        raise WireError(Code.BAD_KEY, f"{ENVIRONMENT}={name!r} is none of: {', '.join(_BACKENDS)}")
    return _BACKENDS[name]()


def _choose() -> Backend:
    wanted = os.environ.get(ENVIRONMENT, "")
    if wanted:
        return load_backend(wanted)
    for name in ("pynacl", "cryptography"):
        try:
            return load_backend(name)
        except (ImportError, OSError):  # absent, or a wheel for another libc
            continue
    return _pure()


_backend = _choose()


def backend_name() -> str:
    """Which library verifies here: pynacl, cryptography or pure."""
    return _backend.name


def _small_order() -> frozenset[bytes]:
    p = 2**255 - 19
    eight = int.from_bytes(
        bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"
    )
    # y of the eight points of small order, and the two that also fit unreduced.
    ys = (0, 1, eight, p - eight, p - 1, p, p + 1)
    return frozenset((y | sign << 255).to_bytes(32, "little") for y in ys for sign in (0, 1))


SMALL_ORDER = _small_order()  # the 14 encodings


def _canonical(point: bytes) -> bool:
    """Whether the y of this encoding is reduced, below 2^255 - 19."""
    return not (point[31] & 0x7F == 0x7F and point[0] >= 0xED and point[1:31] == b"\xff" * 30)


@lru_cache(maxsize=4096)
def _usable(public: bytes) -> bool:
    return len(public) == 32 and public not in SMALL_ORDER and _canonical(public) and pure.is_point(public)


def check_public(public: bytes) -> None:
    """Refuse, as `bad_key`, a public key that the strict profile never accepts."""
    if not _usable(bytes(public)):
        raise WireError(Code.BAD_KEY, "not a public key of the strict Ed25519 profile")


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` over `message` is good under `public`, in the strict profile."""
    return verify_with(_backend, public, message, signature)


def verify_with(backend: Backend, public: bytes, message: bytes, signature: bytes) -> bool:
    """`verify` on a backend of the caller's choice."""
    if len(signature) != SIGNATURE_SIZE or not _usable(public):
        return False
    point = signature[:32]
    if point in SMALL_ORDER or not _canonical(point):
        return False
    if int.from_bytes(signature[32:], "little") >= _L:
        return False
    return backend.verify(public, message, signature)


@lru_cache(maxsize=4096)
def key_id(public: bytes, alg: int = ALG_ED25519) -> bytes:
    """First four bytes of SHA-256(alg byte || public key): a hint for looking the key up."""
    return sha256(bytes((alg,)) + public).digest()[:KEY_ID_SIZE]


def new_seed() -> bytes:
    """32 random bytes from the system for a new key."""
    return os.urandom(32)


class Signer:
    """A private key that signs; its repr shows the public half only."""

    __slots__ = ("_seed", "key_id", "public")
    alg = ALG_ED25519

    def __init__(self, seed: bytes) -> None:
        if len(seed) != 32:
            raise WireError(Code.BAD_KEY, f"a seed has 32 bytes, not {len(seed)}")
        self._seed = bytes(seed)
        self.public: bytes = _backend.public(self._seed)
        self.key_id: bytes = key_id(self.public)

    def sign(self, message: bytes) -> bytes:
        """64-byte signature over `message`."""
        return _backend.sign(self._seed, self.public, message)

    def __repr__(self) -> str:
        return f"Signer(public={self.public.hex()})"
