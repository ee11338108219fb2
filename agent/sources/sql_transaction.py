"""What sessions on PostgreSQL and its kin have in common, whichever way they are held."""

import time
from collections.abc import Sequence
from typing import Any, Protocol

from agent.sources.sql_session import Rows, Session
from checks.api import ErrorKind, ObservationError


class Transaction(Session, Protocol):
    """One connection inside one read-only transaction."""

    def run(self, statement: str, given: Sequence[Any], most: int) -> Rows:
        """Run one statement; its rows, at most `most` (0: it gives none)."""

    def begin(self, until: float) -> None:
        """Open it; statements end at `until` (monotonic seconds). Where it fails the session is closed."""
        left = max(int((until - time.monotonic()) * 1000), 1)
        try:
            # Not BEGIN: Kingbase's own client may take that for the first word of a PL/SQL block.
            self.run("START TRANSACTION READ ONLY", (), 0)
            self.run(f"SET LOCAL statement_timeout = {left}", (), 0)
            self.run(f"SET LOCAL lock_timeout = {min(left, 2000)}", (), 0)
        except BaseException:
            self.close()
            raise

    def rows(self, statement: str, given: Sequence[Any] = (), *, most: int = 5000) -> Rows:
        """Rows of one statement; a failed one leaves the session usable."""
        self.run("SAVEPOINT look", (), 0)
        try:
            return self.run(statement, given, most)
        except ObservationError as problem:
            if problem.kind in (ErrorKind.DENIED, ErrorKind.UNSUPPORTED):
                self.run("ROLLBACK TO SAVEPOINT look", (), 0)
            raise
