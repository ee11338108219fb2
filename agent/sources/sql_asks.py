"""What may be asked of a database; what a product has no answer for is `unsupported`."""

import time
from typing import Protocol

from agent.sources.sql_session import Recall, Session
from checks.api import ErrorKind, ObservationError
from checks.sql import (
    Accounts,
    Archiver,
    Backups,
    Connections,
    Jobs,
    Locks,
    Login,
    Replication,
    Settings,
    Space,
    Statistics,
    Transactions,
)


class Asks(Protocol):
    """The questions of one product over one session."""

    session: Session

    def login(self) -> Login:
        """Version, role and a timed query."""
        raise unsupported("login")

    def connections(self) -> Connections:
        """Sessions."""
        raise unsupported("connections")

    def locks(self) -> Locks:
        """Lock waits."""
        raise unsupported("locks")

    def transactions(self) -> Transactions:
        """Open transactions."""
        raise unsupported("transactions")

    def replication(self) -> Replication:
        """Role and lag."""
        raise unsupported("replication")

    def space(self) -> Space:
        """Sizes."""
        raise unsupported("space")

    def settings(self) -> Settings:
        """Parameters."""
        raise unsupported("settings")

    def statistics(self) -> Statistics:
        """Counters."""
        raise unsupported("statistics")

    def archiver(self) -> Archiver:
        """Log archiving."""
        raise unsupported("archiver")

    def jobs(self) -> Jobs:
        """Scheduler."""
        raise unsupported("jobs")

    def accounts(self) -> Accounts:
        """Accounts."""
        raise unsupported("accounts")

    def backups(self) -> Backups:
        """Backups."""
        raise unsupported("backups")


def unsupported(what: str) -> ObservationError:
    """This product, or this server's version, cannot tell."""
    return ObservationError(ErrorKind.UNSUPPORTED, f"this database does not tell its {what}")


def timed(session: Session, statement: str) -> int:
    """Microseconds of one statement."""
    begun = time.monotonic_ns()
    session.rows(statement)
    return (time.monotonic_ns() - begun) // 1000


class Questions:
    """What the questions of every product begin with."""

    def __init__(self, session: Session, recall: Recall, login_us: int) -> None:
        self.session = session
        self.recall = recall
        self.login_us = login_us
