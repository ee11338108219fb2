"""Places that answer badly: a share that never answers (FUSE, served from this process)."""

import ctypes
import os
import select
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

_IN = struct.Struct("=IIQQIIII")
_OUT = struct.Struct("=IiQ")
_INIT = 26
_LIBC = ctypes.CDLL(None, use_errno=True)


def _answer(fd: int, stop: threading.Event) -> None:
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


@contextmanager
def _dead_share(path: Path) -> Iterator[None]:
    """A share mounted at `path` whose server greets and then says nothing at all, like NFS gone dead."""
    try:
        fd = os.open("/dev/fuse", os.O_RDWR)
    except OSError as error:
        pytest.skip(f"NOT TESTED: a share that hangs needs /dev/fuse: {error}")
    options = f"fd={fd},rootmode=40000,user_id=0,group_id=0".encode()
    if _LIBC.mount(b"nas:/backup", os.fsencode(path), b"fuse.nfs", 6, options):
        os.close(fd)
        pytest.skip(f"NOT TESTED: a share that hangs needs root: {os.strerror(ctypes.get_errno())}")
    stop = threading.Event()
    server = threading.Thread(target=_answer, args=(fd, stop), daemon=True)
    server.start()
    try:
        yield
    finally:
        _LIBC.umount2(os.fsencode(path), 1 | 2)  # force: ends what hangs; detach
        stop.set()
        server.join(5)
        os.close(fd)


@pytest.fixture
def dead_share() -> Callable[[Path], AbstractContextManager[None]]:
    """`with dead_share(path):`"""
    return _dead_share
