"""waitress, for machines without granian: plain HTTP on loopback, behind somebody else's TLS."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from waitress import wasyncore
from waitress.server import create_server

from collector.web.app import Wsgi

STOP_SECONDS = 10


@contextmanager
def listening(app: Wsgi, host: str, port: int, tls: tuple[Path, Path] | None, threads: int) -> Iterator[int]:
    """Serve in the background; yields the port."""
    del tls
    server = create_server(app, host=host, port=port, threads=threads, ident=None)
    thread = threading.Thread(target=server.run, name="waitress", daemon=True)
    thread.start()
    try:
        yield int(server.effective_port)
    finally:
        server.task_dispatcher.shutdown()
        # Closing from here would pull the descriptors from under the loop's select(): it closes them itself,
        # and ends because none is left.
        server.trigger.pull_trigger(lambda: wasyncore.close_all(server._map))
        thread.join(timeout=STOP_SECONDS)
