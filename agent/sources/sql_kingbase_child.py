"""One session by Kingbase's own driver, in a process of its own: it holds all threads while it waits for the
server to let it in, and nothing but the end of the process bounds that.

Its argument: seconds after which the kernel ends it, whatever it waits for. Frames on standard input and
output: length (4 bytes, big-endian), pickle of plain values.

    -> {host, port, user, …}                 once: what connects
    -> (statement, arguments, most rows)     then each statement
    <- ("rows", [tuple, …])
    <- ("trouble", SQLSTATE, words)          words of a failed login only, as the server sent them
"""

import pickle
import signal
import struct
import sys
from datetime import datetime, timedelta, timezone
from importlib import import_module
from typing import Any, BinaryIO

HEAD = struct.Struct(">I")
MOST_FRAME = 64 << 20


def send(stream: BinaryIO, value: Any) -> None:
    """One frame."""
    data = pickle.dumps(value)
    stream.write(HEAD.pack(len(data)) + data)
    stream.flush()


def _receive(stream: BinaryIO) -> Any:
    head = stream.read(HEAD.size)
    if len(head) < HEAD.size:
        return None
    return pickle.loads(stream.read(HEAD.unpack(head)[0]))  # noqa: S301  # from the agent itself


def main() -> None:
    """Serve one session until standard input ends."""
    # Where the agent was killed nobody else ends it; what Python does at a signal would wait for the driver.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(int(sys.argv[1]))
    take, give = sys.stdin.buffer, sys.stdout.buffer
    given = _receive(take)
    ksycopg2: Any = import_module("ksycopg2")
    try:
        conn = ksycopg2.connect(**given)
        conn.autocommit = True  # the read-only transaction is the agent's own
    except (ksycopg2.Error, UnicodeDecodeError) as error:
        # Words that are no UTF-8 the driver does not even show.
        said = error.object if isinstance(error, UnicodeDecodeError) else str(error)
        send(give, ("trouble", "", said))
        return
    send(give, ("rows", []))
    while (asked := _receive(take)) is not None:
        try:
            send(give, ("rows", _rows(conn, *asked)))
        except (ksycopg2.Error, UnicodeDecodeError) as error:
            send(give, ("trouble", getattr(error, "kbcode", None) or "", ""))


def _rows(conn: Any, statement: str, given: tuple[Any, ...], most: int) -> list[tuple[Any, ...]]:
    # More than one command in a statement was refused before (sql_guard): the driver would send it.
    with conn.cursor() as cursor:
        cursor.execute(statement, given or None)
        rows = cursor.fetchmany(most) if most and cursor.description else []
    return [tuple(map(_plain, row)) for row in rows]


def _plain(value: Any) -> Any:
    """The value without types of the driver's own, which the agent has not loaded."""
    if isinstance(value, memoryview):
        return bytes(value)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.replace(tzinfo=timezone(value.utcoffset() or timedelta()))
    return value


if __name__ == "__main__":
    main()
