"""granian's WSGI worker inside this process: no supervisor, no second process that could outlive it."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from granian import _futures, _granian
from granian.http import HTTP1Settings
from granian.wsgi import _callback_wrapper

from collector.web.app import Wsgi

# Their type stubs lag behind their code; what is used here is covered by tests/intake.
_native: Any = _granian
_scheduler: Any = _futures._new_cbscheduler

_BACKLOG = 1024
_BACKPRESSURE = 256
_IDLE_S = 30


@contextmanager
def listening(app: Wsgi, host: str, port: int, tls: tuple[Path, Path] | None, threads: int) -> Iterator[int]:
    """Serve in the background; yields the port."""
    bound = socket.create_server(
        (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=_BACKLOG
    )
    bound.setblocking(False)
    actual = int(bound.getsockname()[1])
    holder = _native.SocketHolder(bound.detach(), False, _BACKLOG)  # the worker closes it
    stop = _native.WorkerSignal()
    cert, key = (str(tls[0].resolve()), str(tls[1].resolve())) if tls else (None, None)
    worker = _native.WSGIWorker(
        1,
        (None, holder),
        None,
        threads=1,
        blocking_threads=1,
        py_threads=threads,
        py_threads_idle_timeout=_IDLE_S,
        backpressure=_BACKPRESSURE,
        http_mode="1",
        http1_opts=HTTP1Settings(),
        ssl_enabled=tls is not None,
        ssl_cert=cert,
        ssl_key=key,
        ssl_protocol_min="tls1.2",
        metrics=(None, None),
    )
    loop = asyncio.new_event_loop()
    scheduler = _scheduler(loop, _callback_wrapper(app, {}, None), impl_asyncio=True)
    worker.serve_mtr(scheduler, loop, stop)
    try:
        yield actual
    finally:
        stop.set()
        loop.close()
