"""Opening the database: SQLite (WAL, FULL) or PostgreSQL, and who may write at this moment."""

import importlib
import pkgutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError

import collector.store
from collector.store import triggers
from collector.store.metadata import metadata

_BUSY_SECONDS = 30


def open_engine(url: str) -> Engine:
    """The engine of `url`, e.g. `sqlite:////data/collector.db` or `postgresql://…` (psycopg 3)."""
    if url.startswith("postgresql://"):
        url = url.replace("postgresql://", "postgresql+psycopg://", 1)
    if not url.startswith("sqlite"):
        return sqlalchemy.create_engine(
            url, pool_pre_ping=True, pool_size=12, max_overflow=12, hide_parameters=True
        )
    engine = sqlalchemy.create_engine(
        url, connect_args={"timeout": _BUSY_SECONDS}, pool_size=12, max_overflow=12, hide_parameters=True
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(dbapi: Any, _record: Any) -> None:
    """WAL with an fsync at each commit; BEGIN is ours (the driver's own starts too late for snapshots)."""
    dbapi.isolation_level = None
    # Bodies of 1 to 4 KiB leave less of a page empty in 8 KiB; a file that is there keeps the size it has.
    pages, durable = ("page_size=8192",), ("journal_mode=WAL", "synchronous=FULL")
    for pragma in (*pages, *durable, "foreign_keys=ON", "temp_store=MEMORY"):
        dbapi.execute(f"PRAGMA {pragma}")


def _begin(conn: Connection) -> None:
    # A reader that turns writer midway can only fail; a writer says so at once.
    kind = "IMMEDIATE" if conn.get_execution_options().get("roundseal_write") else "DEFERRED"
    inner: Any = conn.connection.driver_connection
    try:
        inner.execute(f"BEGIN {kind}")
    except sqlite3.Error as error:
        raise DBAPIError.instance(f"BEGIN {kind}", None, error, sqlite3.Error) from error


class WriteGate:
    """One writer at a time within this process, the intake first (SQLite's own wait is a slow poll)."""

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.Lock())
        self._busy = False
        self._first = 0

    @contextmanager
    def hold(self, first: bool) -> Iterator[None]:
        """Hold the gate; with `first`, go before everyone who waits without it."""
        with self._changed:
            self._first += first
            while self._busy or (self._first and not first):
                self._changed.wait()
            self._first -= first
            self._busy = True
        try:
            yield
        finally:
            with self._changed:
                self._busy = False
                self._changed.notify_all()


class Database:
    """An engine with its two doors: `read()` and `write()`, each one transaction."""

    def __init__(self, url: str) -> None:
        self.engine = open_engine(url)
        self.sqlite = self.engine.dialect.name == "sqlite"
        self._gate = WriteGate()
        # The one that wrote last knows the pages it has written; another would read them again.
        self._writer: Connection | None = None
        self._writing = self.engine.execution_options(roundseal_write=True)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection on one consistent snapshot; nothing is kept."""
        with self.engine.connect() as conn:
            if not self.sqlite:
                conn = conn.execution_options(isolation_level="REPEATABLE READ")
            yield conn

    @contextmanager
    def write(self, *, first: bool = False) -> Iterator[Connection]:
        """A transaction that writes: committed at the end, rolled back on any exception. Keep it short."""
        if not self.sqlite:
            with self.engine.begin() as conn:
                yield conn
            return
        with self._gate.hold(first):
            conn = self._writer or self._writing.connect()
            self._writer = None
            try:
                with conn.begin():
                    yield conn
            except BaseException:
                conn.close()  # whatever state it is in, the next one begins anew
                raise
            self._writer = conn

    def close(self) -> None:
        """Give back every connection."""
        with self._gate.hold(first=False):
            if self._writer is not None:
                self._writer.close()
                self._writer = None
        self.engine.dispose()


def create_tables(conn: Connection) -> None:
    """Create every table of every store module that is not there yet, with its triggers."""
    load_tables()
    metadata.create_all(conn)
    triggers.renew(conn)


def load_tables() -> None:
    """Import every module of the store, so that `metadata` knows all tables."""
    for module in pkgutil.iter_modules(collector.store.__path__):
        importlib.import_module(f"collector.store.{module.name}")
