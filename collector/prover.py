"""A process that proves batches: signature, body, root and lines, for the server that started it.

    python -m collector.prover FD [FD …]

On each of the given sockets it answers one request after the other. A request is a list of (public key,
frame bytes), an answer a list of packed looks (two byte strings) or (error code, detail), both MessagePack
behind a u32 length. It ends when the server closes a socket, and it holds no key, no database and no
file: what a hostile batch could do to a decoder, it does here.
"""

import gc
import selectors
import signal
import socket
import sys
from struct import Struct
from typing import Any

import msgspec

from checks.wire import frame as frames
from checks.wire.errors import WireError
from collector.evidence.examine import prove
from collector.evidence.fast_header import read_header
from collector.evidence.rows import Packed, pack

LENGTH = Struct(">I")
_AT_ONCE = 65_536
Refused = tuple[str, str]

_REQUEST = msgspec.msgpack.Decoder(list[tuple[bytes, bytes]])
_ENCODER = msgspec.msgpack.Encoder()


def send(sock: socket.socket, message: object) -> None:
    """Write one message."""
    data = _ENCODER.encode(message)
    sock.sendall(LENGTH.pack(len(data)) + data)


def receive(sock: socket.socket) -> bytes | None:
    """The next message's bytes, None at the end. Only one message is ever on its way."""
    first = sock.recv(_AT_ONCE)  # most messages whole
    while 0 < len(first) < LENGTH.size:
        more = sock.recv(LENGTH.size - len(first))
        first = first + more if more else b""
    if not first:
        return None
    missing = LENGTH.unpack_from(first)[0] + LENGTH.size - len(first)
    if missing < 0:
        raise OSError("more than one message at a time")
    rest = _exactly(sock, missing) if missing else b""
    return None if rest is None else first[LENGTH.size :] + rest


def _exactly(sock: socket.socket, size: int) -> bytes | None:
    data = sock.recv(size, socket.MSG_WAITALL)
    while 0 < len(data) < size:
        more = sock.recv(size - len(data), socket.MSG_WAITALL)
        data = data + more if more else b""
    return data or None


def one(public: bytes, piece: bytes) -> Packed | Refused:
    """What one frame holds, or why it is refused."""
    try:
        frame = frames.decode(piece)
        return pack(prove(frame, read_header(frame.header), public))
    except WireError as error:
        return str(error.code), error.detail


def serve(sockets: list[socket.socket]) -> None:
    """Answer until a socket is closed."""
    waiting = selectors.DefaultSelector()
    for sock in sockets:
        waiting.register(sock, selectors.EVENT_READ)
    while True:
        for key, _ in waiting.select():
            ready: Any = key.fileobj
            data = receive(ready)
            if data is None:
                return
            send(ready, [one(public, piece) for public, piece in _REQUEST.decode(data)])


def main() -> int:
    """Entry point; the arguments are inherited descriptors."""
    # The server decides when to end: a Ctrl-C in the terminal is meant for it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sockets = [socket.socket(fileno=int(number)) for number in sys.argv[1:]]
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    try:
        serve(sockets)
    except OSError:  # the server is gone
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
