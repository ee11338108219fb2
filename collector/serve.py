"""Running the server: one process, granian with four threads and TLS, or waitress on loopback."""

import gc
import importlib
import ipaddress
import logging
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask

from collector.context import Clock, ConfigError, Context, locked, open_context, system_clock
from collector.ending import ending
from collector.jobs.backup import missing
from collector.jobs.checkpoints import Publisher
from collector.jobs.draining import Drain
from collector.jobs.provers import Provers, default_count
from collector.watchdog import Watchdog
from collector.web.app import Wsgi, create_app, whole

log = logging.getLogger(__name__)
THREADS = 4
WAITING_THREADS = 16  # where others prove: threads that wait let more batches share a commit
SWITCH_S = 0.001  # a batch changes threads often: with the default each time costs 5 ms beside the deriver
STOP_S = 10


def parse_listen(text: str) -> tuple[str, int]:
    """HOST:PORT, with [brackets] around an IPv6 address."""
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not port.isdigit() or int(port) > 65535:
        raise ConfigError(f"listen {text!r}: HOST:PORT is wanted")
    return host, int(port)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@contextmanager
def running(
    context: Context, *, accept_restore: bool = False, pages: bool = True, provers: int = 0
) -> Iterator[Wsgi]:
    """All jobs of the server around the application: provers, writer, checkpoints, deriver, rounds."""
    context.provers = Provers(provers) if provers else None
    context.writer.start()
    publisher = Publisher(context)
    if accept_restore:
        publisher.accept_restore()
    jobs = _jobs(context)
    publisher.start()
    try:
        app = create_app(context, publisher, pages=pages)
        if pages:
            jobs.append(_renewing(app))
        yield whole(app)
    finally:
        publisher.stop()
        for job in reversed(jobs):
            _end(job)
        if context.provers is not None:
            context.provers.stop()


def _renewing(app: Flask) -> Any:
    """What makes figures ready behind the pages."""
    job = importlib.import_module("collector.web.renewing").Renewing(app)
    job.start()
    return job


def _end(job: Any) -> None:
    """Stop a job, but do not wait for ever: what it derives can be derived again."""
    ending = threading.Thread(target=job.stop, name="ending", daemon=True)
    ending.start()
    ending.join(STOP_S)
    if ending.is_alive():
        log.warning("%s did not stop within %d s and is left behind", type(job).__name__, STOP_S)


def _jobs(context: Context) -> list[Any]:
    """Jobs of other parts, each a class with start() and stop() made from the context."""
    started: list[Any] = []
    if not context.database.sqlite:
        drain = Drain(context)
        drain.start()
        started.append(drain)
    for module, name in (
        ("collector.jobs.derive", "Derive"),
        ("collector.jobs.rounds", "Rounds"),
        ("collector.jobs.messages", "Messages"),
    ):
        if importlib.util.find_spec(module) is None:
            continue
        job = getattr(importlib.import_module(module), name)(context)
        job.start()
        started.append(job)
        if hasattr(job, "feed"):
            context.deriver = job
            context.writer.feed = job.feed
    return started


def serve(
    directory: Path,
    *,
    listen: str | None = None,
    plain: bool = False,
    accept_restore: bool = False,
    provers: int | None = None,
    say: Callable[[str], None],
    now: Clock = system_clock,
) -> None:
    """Serve until SIGTERM or SIGINT."""
    with locked(directory), open_context(directory, now) as context:
        host, port = parse_listen(listen or context.settings.listen)
        plain = plain or not context.secure
        if plain and not is_loopback(host):
            raise ConfigError(f"plain HTTP on {host}: only a loopback address may go without TLS")
        tls = None if plain else (directory / "tls" / "cert.pem", directory / "tls" / "key.pem")
        count = default_count() if provers is None else provers
        for name in missing(directory):
            say(f"warning: {name} was left out of the backup that this was restored from: copy it here, 0600")
        for problem in _unsayable(context):
            say(f"warning: {problem}")
        with running(context, accept_restore=accept_restore, provers=count) as app:
            _run(app, (host, port), tls, WAITING_THREADS if count else THREADS, say)


def _unsayable(context: Context) -> list[str]:
    """Recipients of messages that cannot be reached as this collector is set up."""
    from collector.jobs import message_status

    with context.read() as conn:
        found = message_status.recipients(context, conn)
    return [f"notify {one.name} ({one.shown}): {one.why}" for one in found if one.why]


def _run(
    app: Wsgi,
    address: tuple[str, int],
    tls: tuple[Path, Path] | None,
    threads: int,
    say: Callable[[str], None],
) -> None:
    host, port = address
    try:
        from collector import granian_server as server
    except ImportError:
        from collector import waitress_server as server  # type: ignore[no-redef]  # the same two functions

        if tls is not None:
            raise ConfigError("granian is not installed: only plain HTTP on loopback is possible") from None
    # Decoded facts are many short-lived containers: do not walk the whole program for every few hundred.
    sys.setswitchinterval(SWITCH_S)
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    with (
        ending(signal.SIGTERM, signal.SIGINT) as stop,
        server.listening(app, host, port, tls, threads) as bound,
    ):
        say(f"listening on {'https' if tls else 'http'}://{_show(host)}:{bound}")
        Watchdog(host, bound, tls is not None).wait(stop)
    log.info("stopped")


def _show(host: str) -> str:
    return f"[{host}]" if ":" in host else host
