"""A person's private key in a file of his own: PKCS#8 PEM, Ed25519, with a passphrase if he wants one.

It never comes to the collector; `openssl pkey -in FILE -text` reads the same file.
"""

import os
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from checks.wire.signing import Signer, new_seed


class KeyFileError(Exception):
    """The file holds no key that can be used: stable `code`, detail for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


def make(path: Path, passphrase: bytes | None = None) -> Signer:
    """A new key in a new file (0600); OSError where there is a file already, or none can be made."""
    seed = new_seed()
    protection: serialization.KeySerializationEncryption = (
        serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    )
    text = Ed25519PrivateKey.from_private_bytes(seed).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection
    )
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return Signer(seed)


def encrypted(path: Path) -> bool:
    """Whether a passphrase is wanted for it."""
    return b"ENCRYPTED" in path.read_bytes()


def load(path: Path, passphrase: bytes | None = None) -> Signer:
    """The key of a file that only its owner can read; KeyFileError for anything else."""
    if path.stat().st_mode & 0o077:
        raise KeyFileError("key_open", f"{path}: others can read it: chmod 600")
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), passphrase or None)
    except TypeError:
        raise KeyFileError("passphrase", f"{path}: with or without a passphrase? the other way") from None
    except ValueError:
        raise KeyFileError("bad_key_file", f"{path}: no private key, or a wrong passphrase") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError("bad_key_file", f"{path}: an Ed25519 key is wanted")
    return Signer(key.private_bytes_raw())
