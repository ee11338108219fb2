"""A session with PostgreSQL or Kingbase as their questions use it.

Kingbase has PostgreSQL's catalogues under sys_ names; `{p}` stands for the prefix. Functions of sizes keep
pg_. Where a Kingbase has the pg_ names only, those are used.
"""

# ruff: noqa: S608  # statements are put together from this file's own constants

from typing import Any

from agent.sources.sql_asks import Questions
from agent.sources.sql_session import Recall, Rows, Session, optional, whole
from checks.sql import Tally


class PostgresTalk(Questions):
    """Statements with the right prefix, and what several questions need of them."""

    def __init__(self, session: Session, recall: Recall, login_us: int, platform: str) -> None:
        super().__init__(session, recall, login_us)
        self.prefix = "pg_"
        if platform == "kingbase" and not session.missing("SELECT 1 FROM sys_stat_activity LIMIT 1"):
            self.prefix = "sys_"

    def ask(self, statement: str) -> Rows:
        """Rows of a statement written with `{p}` for the catalogues' prefix."""
        return self.session.rows(statement.replace("{p}", self.prefix))

    def one(self, statement: str) -> tuple[Any, ...]:
        """Its first row."""
        return (self.ask(statement) or [(None,) * 20])[0]

    def perhaps(self, statement: str, absent: Any = None) -> Any:
        """The first column of its first row; `absent` where it may not be asked."""
        written = statement.replace("{p}", self.prefix)
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
