"""Real peers and mounts that answer badly, served from this process."""

import ctypes
import errno
import os
import select
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import pytest

_IN = struct.Struct("=IIQQIIII")
_OUT = struct.Struct("=IiQ")
_INIT, _STATFS = 26, 17
_LIBC = ctypes.CDLL(None, use_errno=True)


def _answer(fd: int, statfs: str) -> None:
    while True:
        try:
            request = os.read(fd, 1 << 17)
        except OSError:  # unmounted
            return
        _, opcode, unique, *_ = _IN.unpack_from(request)
        if opcode == _INIT:
            body = struct.pack("=IIIIHHII36x", 7, 31, 0, 0, 0, 0, 4096, 1)[:64]
            os.write(fd, _OUT.pack(_OUT.size + len(body), 0, unique) + body)
        elif opcode == _STATFS and statfs == "hang":
            continue
        elif opcode == _STATFS and statfs == "no_size":
            os.write(fd, _OUT.pack(_OUT.size + 80, 0, unique) + bytes(80))
        else:
            os.write(fd, _OUT.pack(_OUT.size, -errno.ESTALE, unique))


@contextmanager
def _bad_mount(path: Path, statfs: str) -> Iterator[None]:
    """Mount at `path`; statvfs there hangs, is stale, or reports no size. Needs root and /dev/fuse."""
    try:
        fd = os.open("/dev/fuse", os.O_RDWR)
    except OSError as error:
        pytest.skip(f"NOT TESTED: a mount that answers badly needs /dev/fuse: {error}")
    options = f"fd={fd},rootmode=40000,user_id=0,group_id=0".encode()
    if _LIBC.mount(b"nas:/share", os.fsencode(path), b"fuse.sshfs", 6, options):
        os.close(fd)
        pytest.skip(f"NOT TESTED: a mount that answers badly needs root: {os.strerror(ctypes.get_errno())}")
    server = threading.Thread(target=_answer, args=(fd, statfs), daemon=True)
    server.start()
    try:
        yield
    finally:
        _LIBC.umount2(os.fsencode(path), 1 | 2)  # force: ends what hangs; detach
        server.join(60)
        os.close(fd)


@pytest.fixture
def bad_mount() -> Callable[[Path, str], AbstractContextManager[None]]:
    """`with bad_mount(path, "hang" | "stale" | "no_size"):`"""
    return _bad_mount


Act = Callable[[socket.socket, threading.Event], None]


@pytest.fixture
def peer() -> Iterator[Callable[[Act], int]]:
    """`peer(act)`: a listener that does one thing to whoever connects, until the event; its port."""
    stop = threading.Event()
    threads: list[threading.Thread] = []
    listeners: list[socket.socket] = []

    def loop(listener: socket.socket, act: Act) -> None:
        while not stop.is_set():
            if not select.select([listener], [], [], 0.02)[0]:
                continue
            sock, _ = listener.accept()
            with sock, suppress(OSError):
                sock.settimeout(60)
                act(sock, stop)

    def start(act: Act) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        threads.append(threading.Thread(target=loop, args=(listener, act)))
        threads[-1].start()
        return int(listener.getsockname()[1])

    yield start
    stop.set()
    for thread in threads:
        thread.join(120)
    for listener in listeners:
        listener.close()
