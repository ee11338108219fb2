"""The questions put to Dameng (DM 8), from its published V$ views; never tried on the product itself."""

# ruff: noqa: S608  # statements are put together from this file's own constants

from agent.sources import sql_common
from agent.sources.sql_asks import Asks, Questions, timed
from agent.sources.sql_session import optional, text, whole
from checks.sql import (
    Account,
    Accounts,
    Archiver,
    Area,
    Blocker,
    Connections,
    Locks,
    Login,
    Replication,
    Settings,
    Space,
    Tally,
    Transactions,
)

_SINCE = "DATEDIFF(SS, {}, SYSDATE)"


class DamengAsks(Questions, Asks):
    """Dameng 8; statistics, jobs and backups are not asked for: those views are not known well here."""

    def login(self) -> Login:
        answer_us = timed(self.session, "SELECT 1 FROM DUAL")
        version = self.session.rows("SELECT SVR_VERSION FROM V$INSTANCE")[0][0]
        return Login("answered", text(version), self._role(), None, self.login_us, answer_us)

    def _role(self) -> str:
        found = str(self.session.rows("SELECT MODE$ FROM V$INSTANCE")[0][0]).upper()
        return {"NORMAL": "primary", "PRIMARY": "primary", "STANDBY": "standby"}.get(found, "")

    def connections(self) -> Connections:
        used, active = self.session.rows(
            "SELECT COUNT(*), COUNT(CASE WHEN STATE = 'ACTIVE' THEN 1 END) FROM V$SESSIONS"
        )[0]
        limit = self.session.rows("SELECT VALUE FROM V$PARAMETER WHERE NAME = 'MAX_SESSIONS'")[0][0]
        return Connections(whole(used), whole(limit), whole(active), None, None, None)

    def locks(self) -> Locks:
        found = self.session.rows("SELECT WAIT_FOR_ID, WAIT_TIME FROM V$TRXWAIT")
        count: dict[int, int] = {}
        for blocker, _ in found:
            count[whole(blocker) or 0] = count.get(whole(blocker) or 0, 0) + 1
        longest = max(((whole(row[1]) or 0) // 1000 for row in found), default=None)
        deadlocks = optional(self.session, "SELECT COUNT(*) FROM V$DEADLOCK_HISTORY", lambda r: r[0][0])
        blockers = tuple(Blocker(one, number, None) for one, number in sorted(count.items())[:20])
        tally = self.recall.tally("deadlocks", deadlocks) if deadlocks is not None else Tally(None)
        return Locks(len(found), longest, blockers, tally)

    def transactions(self) -> Transactions:
        number, longest = self.session.rows(
            f"SELECT COUNT(*), MAX({_SINCE.format('S.LAST_SEND_TIME')}) FROM V$TRX T"
            " JOIN V$SESSIONS S ON S.SESS_ID = T.SESS_ID WHERE T.STATUS = 'ACTIVE' AND S.SESS_ID <> SESSID"
        )[0]
        return Transactions(whole(number), whole(longest), None, None)

    def replication(self) -> Replication:
        return Replication(self._role())

    def space(self) -> Space:
        found = self.session.rows(
            "SELECT T.NAME, SUM((D.TOTAL_SIZE - D.FREE_SIZE) * D.PAGE_SIZE), SUM(D.TOTAL_SIZE * D.PAGE_SIZE)"
            " FROM V$DATAFILE D JOIN V$TABLESPACE T ON T.ID = D.GROUP_ID GROUP BY T.NAME"
        )
        return sql_common.space(
            self.recall,
            [Area("tablespace", text(name), whole(used), whole(size)) for name, used, size in found],
        )

    def settings(self) -> Settings:
        found = self.session.rows(
            "SELECT NAME, VALUE, FILE_VALUE FROM V$PARAMETER"
            " WHERE VALUE <> DEFAULT_VALUE OR FILE_VALUE <> VALUE"
        )
        items = [sql_common.setting(text(name), str(value or ""), "file") for name, value, _ in found]
        return sql_common.settings(self.recall, items, (text(n) for n, value, file in found if value != file))

    def archiver(self) -> Archiver:
        mode = self.session.rows("SELECT ARCH_MODE FROM V$DATABASE")[0][0]
        failing = optional(
            self.session, "SELECT COUNT(*) FROM V$ARCH_STATUS WHERE ARCH_STATUS <> 'VALID'", lambda r: r[0][0]
        )
        return Archiver(str(mode).upper() == "Y", last_done=0, last_failed=1 if failing else None)

    def accounts(self) -> Accounts:
        found = self.session.rows(
            "SELECT U.USERNAME, U.ACCOUNT_STATUS, (SELECT COUNT(*) FROM DBA_ROLE_PRIVS R"
            " WHERE R.GRANTEE = U.USERNAME AND R.GRANTED_ROLE = 'DBA') FROM DBA_USERS U ORDER BY 1"
        )
        made = [
            Account(text(name), ("superuser",) if dba else (), str(status).upper() == "LOCKED")
            for name, status, dba in found
        ]
        audit = self.session.rows("SELECT PARA_VALUE FROM V$DM_INI WHERE PARA_NAME = 'ENABLE_AUDIT'")
        return sql_common.accounts(self.recall, made, bool(audit) and str(audit[0][0]) != "0")
