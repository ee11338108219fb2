"""A session with PostgreSQL or Kingbase as their questions use it.

Kingbase has PostgreSQL's catalogues under sys_ names; `{p}` stands for the prefix. Where a Kingbase has the
pg_ names only, those are used. Its functions have either name, or the sys_ one only.
"""

# ruff: noqa: S608  # statements are put together from this file's own constants

import re
from collections.abc import Sequence
from typing import Any

from agent.sources.sql_asks import Questions
from agent.sources.sql_session import Recall, Rows, Session, optional, whole
from checks.sql import Tally

_FUNCTION = re.compile(r"\bpg_(\w+)\(")


class PostgresTalk(Questions):
    """Statements with the right prefix, and what several questions need of them."""

    def __init__(self, session: Session, recall: Recall, login_us: int, platform: str) -> None:
        super().__init__(session, recall, login_us)
        self.prefix = self.functions = "pg_"
        if platform == "kingbase":
            if not session.missing("SELECT 1 FROM sys_stat_activity LIMIT 1"):
                self.prefix = "sys_"
            if session.missing("SELECT pg_backend_pid()"):
                self.functions = "sys_"

    def written(self, statement: str) -> str:
        """The statement with the names that this server has."""
        named = statement.replace("{p}", self.prefix)
        return named if self.functions == "pg_" else _FUNCTION.sub(rf"{self.functions}\1(", named)

    def ask(self, statement: str, given: Sequence[Any] = ()) -> Rows:
        """Rows of a statement written with `{p}` for the catalogues' prefix."""
        return self.session.rows(self.written(statement), given)

    def one(self, statement: str) -> tuple[Any, ...]:
        """Its first row."""
        return (self.ask(statement) or [(None,) * 20])[0]

    def perhaps(self, statement: str, absent: Any = None) -> Any:
        """The first column of its first row; `absent` where it may not be asked."""
        written = self.written(statement)
        return optional(self.session, written, lambda rows: rows[0][0] if rows else absent, absent)

    def hidden(self) -> int:
        """Other people's sessions whose state this account may not see."""
        name = "<insufficient privilege>"
        return whole(self.one(f"SELECT count(*) FROM {{p}}stat_activity WHERE query = '{name}'")[0]) or 0

    def standby(self) -> bool:
        """Whether it is in recovery."""
        return bool(self.one("SELECT pg_is_in_recovery()")[0])

    def tally(self, key: str, now: Any) -> Tally:
        """A counter beside its last value."""
        return self.recall.tally(key, now)
