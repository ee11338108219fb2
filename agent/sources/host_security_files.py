"""Configuration files, certificates in files, and USB devices that hold files."""

import glob
import os
import stat
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import BinaryIO

from agent.sources.host_proc import Tree, plain
from checks.hardening import FileCertificate, FileState, UsbDevice

MOST_FILES = 500
MOST_BYTES = 16 * 1024 * 1024
_USB_KINDS = {"08": "storage", "06": "image"}


def _places(tree: Tree, patterns: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    """(path as shown, where it lies; None: not there), each once. A pattern that fits nothing is no file."""
    root = tree.place("").rstrip("/")
    shown: set[str] = set()
    for pattern in patterns:
        place = root + pattern
        magic = glob.has_magic(pattern)
        found = sorted(glob.glob(place)) if magic else [place]
        for one in found:
            path = plain(one[len(root) :])
            if path not in shown and len(shown) < MOST_FILES and not os.path.isdir(one):
                shown.add(path)
                yield path, one if os.path.lexists(one) else None


def files(tree: Tree, patterns: Sequence[str]) -> Sequence[FileState]:
    """State of each file, in the order asked."""
    return [_file(path, place) for path, place in _places(tree, patterns)]


def _file(path: str, place: str | None) -> FileState:
    if place is None:
        return FileState(path, "", 0, 0, 0, 0, "missing")
    try:
        with _opened(place) as file:
            state = os.fstat(file.fileno())
            if state.st_size > MOST_BYTES:
                return FileState(path, "", state.st_size, 0, 0, 0, "too_much")
            digest = sha256(file.read(MOST_BYTES)).hexdigest()
    except PermissionError:
        return FileState(path, "", 0, 0, 0, 0, "denied")
    except FileNotFoundError:  # a link that leads nowhere
        return FileState(path, "", 0, 0, 0, 0, "missing")
    except OSError:
        return FileState(path, "", 0, 0, 0, 0, "not_a_file")
    changed = state.st_mtime_ns // 1_000_000
    return FileState(path, digest, state.st_size, stat.S_IMODE(state.st_mode), state.st_uid, changed)


def _opened(place: str) -> BinaryIO:
    """The regular file at `place`; OSError for anything else, which might never come to an end."""
    # Without O_NONBLOCK opening a pipe would wait for its writer.
    number = os.open(place, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise OSError(f"{place}: not a file")
    return os.fdopen(number, "rb")


def certificates(tree: Tree, patterns: Sequence[str]) -> Sequence[FileCertificate]:
    """The first certificate of each file."""
    return [_certificate(path, place) for path, place in _places(tree, patterns)]


def _certificate(path: str, place: str | None) -> FileCertificate:
    from ssl import PEM_cert_to_DER_cert

    from agent.sources import x509

    if place is None:
        return FileCertificate(path, None, "missing")
    try:
        with _opened(place) as file:
            data = file.read(1024 * 1024)
        begin = data.find(b"-----BEGIN CERTIFICATE-----")
        end = data.find(b"-----END CERTIFICATE-----", begin)
        if begin >= 0 and end > begin:
            text = data[begin : end + len(b"-----END CERTIFICATE-----")].decode("ascii", "replace")
            data = PEM_cert_to_DER_cert(text)
    except PermissionError:
        return FileCertificate(path, None, "denied")
    except (OSError, ValueError):
        return FileCertificate(path, None, "unreadable")
    found = x509.read(data)
    return FileCertificate(path, found if found.readable else None, "" if found.readable else "unreadable")


def usb_devices(tree: Tree) -> Sequence[UsbDevice]:
    """Mass storage and cameras that are plugged in; a machine without USB has none."""
    found = []
    for place in sorted(glob.glob(tree.place("sys/bus/usb/devices/*/bInterfaceClass"))):
        kind = _USB_KINDS.get(_line(place))
        if kind is not None:
            folder = os.path.dirname(place)
            device = os.path.join(os.path.dirname(folder), os.path.basename(folder).partition(":")[0])
            found.append(UsbDevice(_line(f"{device}/idVendor"), _line(f"{device}/idProduct"), kind))
    return found


def _line(place: str) -> str:
    try:
        with open(place, encoding="utf-8", errors="replace") as file:
            return file.readline(200).strip()
    except OSError:
        return ""
