"""A real mount that answers badly: a FUSE filesystem served from this process."""

import ctypes
import errno
import os
import select
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_IN = struct.Struct("=IIQQIIII")
_OUT = struct.Struct("=IiQ")
_INIT, _STATFS = 26, 17
_LIBC = ctypes.CDLL(None, use_errno=True)


def _answer(fd: int, how: str, stop: threading.Event) -> None:
    while not stop.is_set():
        if not select.select([fd], [], [], 0.1)[0]:
            continue
        try:
            request = os.read(fd, 1 << 17)
        except OSError:  # unmounted
            return
        _, opcode, unique, *_ = _IN.unpack_from(request)
        if opcode == _INIT:
            body = struct.pack("=IIIIHHII36x", 7, 31, 0, 0, 0, 0, 4096, 1)[:64]
            os.write(fd, _OUT.pack(_OUT.size + len(body), 0, unique) + body)
        elif how == "dead" or (opcode == _STATFS and how == "hang"):
            continue
        elif opcode == _STATFS and how == "no_size":
            os.write(fd, _OUT.pack(_OUT.size + 80, 0, unique) + bytes(80))
        else:
            os.write(fd, _OUT.pack(_OUT.size, -errno.ESTALE, unique))


@contextmanager
def bad_mount(path: Path, how: str, kind: str = "fuse.sshfs") -> Iterator[None]:
    """Mount at `path`, as of this kind of file system. Needs root and /dev/fuse.

    `how`: its server greets and then says nothing at all (dead); or its statvfs hangs (hang), has no size
    (no_size), or it is stale as all else is (stale).
    """
    try:
        fd = os.open("/dev/fuse", os.O_RDWR)
    except OSError as error:
        pytest.skip(f"NOT TESTED: a mount that answers badly needs /dev/fuse: {error}")
    options = f"fd={fd},rootmode=40000,user_id=0,group_id=0".encode()
    if _LIBC.mount(b"nas:/share", os.fsencode(path), kind.encode(), 6, options):
        os.close(fd)
        pytest.skip(f"NOT TESTED: a mount that answers badly needs root: {os.strerror(ctypes.get_errno())}")
    stop = threading.Event()
    server = threading.Thread(target=_answer, args=(fd, how, stop), daemon=True)
    server.start()
    try:
        yield
    finally:
        _LIBC.umount2(os.fsencode(path), 1 | 2)  # force: ends what hangs; detach
        stop.set()
        server.join(60)
        os.close(fd)
