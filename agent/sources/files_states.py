"""Digests of files and the certificates in them, whatever store they lie in."""

import stat
from collections.abc import Sequence
from hashlib import sha256

from agent.sources.files_store import Store, places, shown, trouble
from checks.hardening import FileCertificate, FileState

MOST_BYTES = 16 * 1024 * 1024
_MOST_CERTIFICATE = 1024 * 1024
_BEGIN, _END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"


def states(store: Store, patterns: Sequence[str]) -> Sequence[FileState]:
    """State of each file, in the order asked."""
    return [_state(store, path) for path in places(store, patterns)]


def _state(store: Store, path: str) -> FileState:
    try:
        file, found = store.open(path)
        with file:
            if found.size > MOST_BYTES:
                return FileState(shown(path), "", found.size, 0, 0, 0, "too_much")
            digest = sha256(file.read(MOST_BYTES)).hexdigest()
    except OSError as error:
        # What cannot be opened at all (a socket) is no file either.
        word = trouble(error)
        return FileState(shown(path), "", 0, 0, 0, 0, "not_a_file" if word == "unreadable" else word)
    mode = stat.S_IMODE(found.mode)
    return FileState(shown(path), digest, found.size, mode, found.owner, found.changed_ns // 1_000_000)


def certificates(store: Store, patterns: Sequence[str]) -> Sequence[FileCertificate]:
    """The first certificate of each file (PEM or DER)."""
    return [_certificate(store, path) for path in places(store, patterns)]


def _certificate(store: Store, path: str) -> FileCertificate:
    from ssl import PEM_cert_to_DER_cert

    from agent.sources import x509

    try:
        file, _ = store.open(path)
        with file:
            data = file.read(_MOST_CERTIFICATE)
        begin = data.find(_BEGIN)
        end = data.find(_END, begin)
        if begin >= 0 and end > begin:
            data = PEM_cert_to_DER_cert(data[begin : end + len(_END)].decode("ascii", "replace"))
    except OSError as error:
        word = trouble(error)
        return FileCertificate(shown(path), None, "unreadable" if word == "not_a_file" else word)
    except ValueError:
        return FileCertificate(shown(path), None, "unreadable")
    found = x509.read(data)
    word = "" if found.readable else "unreadable"
    return FileCertificate(shown(path), found if found.readable else None, word)
