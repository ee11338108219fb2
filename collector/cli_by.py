"""Whom a command acts for: an account of this collector, or openly the command line."""

from collector.cli_parts import fail
from collector.context import Context
from collector.store import accounts

COMMAND_LINE = "cli"


def must_be(context: Context, by: str, *roles: str) -> None:
    """End with exit 2 where `by` is an account of another role; the command line itself may do anything."""
    must_exist(context, by)
    with context.read() as conn:
        account = accounts.get(conn, by)
    if account is not None and account.role not in roles:
        fail(f"--by {by}: this is for {' and '.join(roles)}, not for {account.role}")


def must_exist(context: Context, by: str) -> None:
    """End with exit 2 where `by` is neither an account nor the command line: it is signed into the log."""
    if by == COMMAND_LINE:
        return
    with context.read() as conn:
        if accounts.get(conn, by) is None:
            fail(f"--by {by}: there is no such account")
