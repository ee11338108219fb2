"""Real peers and mounts that answer badly, served from this process."""

import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from pathlib import Path

import pytest
from parts import loaded

_bad_mounts = loaded("sources/bad_mounts.py")


@pytest.fixture
def bad_mount() -> Callable[[Path, str], AbstractContextManager[None]]:
    """`with bad_mount(path, "hang" | "stale" | "no_size"):`"""
    return _bad_mounts.bad_mount


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
