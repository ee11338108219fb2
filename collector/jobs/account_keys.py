"""Keys of people enter the log: another account enrols them; the private half never comes here."""

from typing import Any

from sqlalchemy import Connection

from checks.wire.numbers import EntryKind
from collector.context import Context
from collector.jobs import projection
from collector.jobs import said as sayings
from collector.jobs.statements import COMMAND_LINE, StatementError
from collector.statements.model import Through
from collector.statements.persons import KEY, Vouch, parse_request
from collector.statements.text import TextError, listed, unpack
from collector.store import accounts
from collector.store.accounts import Account

_NEXT = 2**53


def enrol(context: Context, file: bytes, *, by: str, through: Through = Through.SESSION) -> int:
    """Log a person's key, which `by` (another account) enrols; the entry. `file`: the request, signed by the
    new key and by those who vouch (collector/statements/persons.py). `through`: COMMAND
    where nobody logged in, but the command line named the account.

    StatementError `unvouched_key` where nobody who could has signed for it, `own_enrolment`, `key_known`,
    `role_changed`, `wrong_log`, `no_such_account`, or what is wrong with the file.
    """
    try:
        data, signatures = unpack(file)
        request = parse_request(data)
    except TextError as error:
        raise StatementError(error.code, str(error)) from None
    with context.read() as conn:
        enroller = accounts.get(conn, by)
    if by != COMMAND_LINE and (enroller is None or enroller.disabled):
        raise StatementError("no_such_account", f"there is no account {by}")
    header: dict[str, Any] = {
        "kind": KEY,
        "subject": request.account,
        "by": by,
        "role": "" if enroller is None else str(enroller.role),
        "said": data.decode(),
        "signatures": listed(signatures),
    }
    if through is Through.COMMAND:
        header["through"] = str(through)

    def guard(conn: Connection) -> None:
        persons = sayings.persons_of(conn)
        persons.log = context.origin
        try:
            key = persons.examine(_NEXT, header)
        except TextError as error:
            raise StatementError(error.code, str(error)) from None
        if key.vouch is Vouch.NONE:
            raise StatementError("unvouched_key", f"{key.account}: {key.problem}")
        _of_account(accounts.get(conn, key.account), key.account, key.role)

    return projection.log(context, [(EntryKind.STATEMENT, header, None)], guard)[0]


def _of_account(account: Account | None, name: str, role: str) -> None:
    if account is None or account.disabled:
        raise StatementError("no_such_account", f"there is no account {name}")
    if account.role != role:
        raise StatementError("role_changed", f"{name} is {account.role}, the request says {role}")
