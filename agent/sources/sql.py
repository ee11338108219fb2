"""Databases and caches: one session a look, which can only read and ends within its deadline.

No session is kept: an idle one would take a place on the target, and the login is part of what is looked at.
Secrets: {user: …, password: …}; for TLS with a client certificate also {cert: …, key: …} (paths).
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from typing import TypeVar

from agent.secrets import Secret
from agent.sources import sql_guard
from agent.sources.means import Means
from agent.sources.memory import Memory
from agent.sources.sql_asks import Asks
from agent.sources.sql_session import Recall, Rows, Session
from checks.api import ErrorKind, ObservationError
from checks.redis import Cache, Keyspace
from checks.sql import (
    POSTGRES,
    Accounts,
    Answer,
    Archiver,
    Backups,
    Connections,
    Jobs,
    Locks,
    Login,
    Reach,
    Replication,
    Settings,
    Space,
    Statistics,
    Transactions,
)

T = TypeVar("T")


def open_sql(memory: Memory, means: Means) -> "_Databases":
    """Databases as seen from here."""
    return _Databases(memory, means)


class _Databases:
    def __init__(self, memory: Memory, means: Means) -> None:
        self._recall = Recall(memory)
        self._means = means

    def login(self, at: Reach) -> Login:
        """What a refused or silent server does is a fact; what only we lack is raised."""
        with self._way(at) as connect:
            try:
                return self._asked(at, connect, lambda asks: asks.login())
            except ObservationError as problem:
                if problem.kind in (ErrorKind.DENIED, ErrorKind.UNSUPPORTED):
                    raise
                if at.client and problem.kind is ErrorKind.UNREACHABLE:
                    raise  # the client's machine, not the server
                return Login(_OUTCOMES.get(problem.detail.partition(":")[0], str(problem.kind)))

    def connections(self, at: Reach) -> Connections:
        return self._ask(at, lambda asks: asks.connections())

    def locks(self, at: Reach) -> Locks:
        return self._ask(at, lambda asks: asks.locks())

    def transactions(self, at: Reach) -> Transactions:
        return self._ask(at, lambda asks: asks.transactions())

    def replication(self, at: Reach) -> Replication:
        return self._ask(at, lambda asks: asks.replication())

    def space(self, at: Reach) -> Space:
        return self._ask(at, lambda asks: asks.space())

    def settings(self, at: Reach) -> Settings:
        return self._ask(at, lambda asks: asks.settings())

    def statistics(self, at: Reach) -> Statistics:
        return self._ask(at, lambda asks: asks.statistics())

    def archiver(self, at: Reach) -> Archiver:
        return self._ask(at, lambda asks: asks.archiver())

    def jobs(self, at: Reach) -> Jobs:
        return self._ask(at, lambda asks: asks.jobs())

    def accounts(self, at: Reach) -> Accounts:
        return self._ask(at, lambda asks: asks.accounts())

    def backups(self, at: Reach) -> Backups:
        return self._ask(at, lambda asks: asks.backups())

    def query(self, at: Reach, name: str, *, most_rows: int) -> Answer:
        """The statement is this host's own; it is refused here before the server could."""
        try:
            statement = self._means.queries[name]
        except KeyError:
            detail = f"no query {name!r} under queries in agent.yaml"
            raise ObservationError(ErrorKind.DENIED, detail) from None
        if problem := sql_guard.objection(statement):
            raise ObservationError(ErrorKind.DENIED, f"query {name!r}: {problem}")
        return self._ask(at, lambda asks: sql_guard.answer(asks.session, statement, most_rows))

    def raw(self, at: Reach, statements: Sequence[str], *, most_rows: int) -> list[Rows | ObservationError]:
        """Rows of our own statements about the product itself, each with its error in its place."""
        found: list[Rows | ObservationError] = []
        with self._session(at) as session:
            for statement in statements:
                try:
                    found.append(session.rows(statement, most=most_rows))
                except ObservationError as problem:
                    found.append(problem)
        return found

    def redis(self, at: Reach) -> Cache:
        from agent.sources.sql_redis import look

        return look(at, self._secret(at), self._recall)

    def keyspace(self, at: Reach) -> Keyspace:
        from agent.sources.sql_redis import keyspace

        return keyspace(at, self._secret(at))

    def _secret(self, at: Reach) -> Secret:
        return self._means.secret(at.secret) if at.secret else Secret("", {})

    def _ask(self, at: Reach, question: Callable[[Asks], T]) -> T:
        if at.platform == "redis":
            raise ObservationError(ErrorKind.UNSUPPORTED, "Redis is looked at by database.redis")
        with self._way(at) as connect:
            return self._asked(at, connect, question)

    @contextmanager
    def _session(self, at: Reach) -> Iterator[Session]:
        with self._way(at) as connect, closing(connect()) as session:
            yield session

    def _asked(self, at: Reach, connect: Callable[[], Session], question: Callable[[Asks], T]) -> T:
        begun = time.monotonic_ns()
        with closing(connect()) as session:
            login_us = (time.monotonic_ns() - begun) // 1000
            return question(_asks(at.platform, session, self._recall, login_us))

    def _way(self, at: Reach) -> AbstractContextManager[Callable[[], Session]]:
        """What opens a session. By a client that is on another machine, to have reached that one."""
        secret = self._secret(at)
        if at.client:
            from agent.sources import sql_client

            return sql_client.way(at, secret, self._means)
        return nullcontext(lambda: _connect(at, secret))


# First words of our own details, as facts of a login.
_OUTCOMES = {"too many connections": "too_many_connections", "starting": "starting", "closed": "closed"}


def _connect(at: Reach, secret: Secret) -> Session:
    if at.platform in POSTGRES:
        return _postgres(at, secret)
    if at.platform == "mysql":
        from agent.sources import sql_mysql

        return sql_mysql.connect(at, secret)
    from agent.sources import sql_optional

    return sql_optional.connect(at, secret)


def _postgres(at: Reach, secret: Secret) -> Session:
    """By psycopg; a Kingbase whose way to log in that does not know, by its maker's driver."""
    from agent.sources import sql_postgres

    until = time.monotonic() + at.timeout_ms / 1000
    try:
        return sql_postgres.connect(at, secret)
    except ObservationError as problem:
        if at.platform != "kingbase" or problem.kind is not ErrorKind.UNSUPPORTED:
            raise
    from agent.sources import sql_kingbase

    return sql_kingbase.connect(at, secret, until)


def _asks(platform: str, session: Session, recall: Recall, login_us: int) -> Asks:
    if platform in POSTGRES:
        from agent.sources.sql_postgres_asks import PostgresAsks

        return PostgresAsks(session, recall, login_us, platform)
    if platform == "mysql":
        from agent.sources.sql_mysql_asks import MysqlAsks

        return MysqlAsks(session, recall, login_us)
    if platform == "oracle":
        from agent.sources.sql_oracle_asks import OracleAsks

        return OracleAsks(session, recall, login_us)
    from agent.sources.sql_dameng_asks import DamengAsks

    return DamengAsks(session, recall, login_us)
