"""`account`: people who may see the pages. A one-time password is printed once, changed at first login."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from checks.wire.numbers import EntryKind
from collector.cli_keys import account_key
from collector.cli_parts import DIRECTORY, Group, fail
from collector.context import ConfigError, open_context
from collector.store import accounts
from collector.store.accounts import AccountError, Role

T = TypeVar("T")


def _do(
    directory: Path, act: Callable[[Connection], T], event: str = "", subject: str = "", **more: str
) -> T:
    """Act on the accounts and log it, both or neither; a refusal is printed and exits with 2."""
    from collector.jobs.writer import NotDurable

    try:
        with open_context(directory) as context:
            if not event:
                with context.read() as conn:
                    return act(conn)
            made: list[T] = []
            header = {"event": event, "account": None, "by": "command line", "subject": subject, **more}
            context.append_collector_entry(
                EntryKind.COLLECTOR, header, effect=lambda conn, _: made.append(act(conn))
            )
            return made[-1]
    except AccountError as error:
        problem = f"{error.detail} ({error.code})"
    except (ConfigError, NotDurable, OSError, SQLAlchemyError) as error:
        problem = str(error)
    fail(problem)


@click.group(cls=Group)
def account() -> None:
    """Accounts of people: add, reset, list, role, disable, enable, key."""


account.add_command(account_key)


@account.command()
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.argument("name")
@click.option(
    "--role", type=click.Choice([one.value for one in Role]), default=Role.VIEWER.value, show_default=True
)
def add(directory: Path, name: str, role: str) -> None:
    """Make an account and print its one-time password."""
    password = accounts.one_time_password()
    _do(directory, lambda conn: accounts.create(conn, name, password, role), "account_added", name, role=role)
    _say(name, password)


@account.command()
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.argument("name")
def reset(directory: Path, name: str) -> None:
    """Give an account a new one-time password; its sessions end, its lock-out too."""
    password = accounts.one_time_password()

    def change(conn: Connection) -> None:
        accounts.set_password(conn, name, password, must_change=True)

    _do(directory, change, "password_reset", name)
    _say(name, password)


def _say(name: str, password: str) -> None:
    click.echo(f"account {name}, one-time password: {password}")


@account.command("list")
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def list_(directory: Path, as_json: bool) -> None:
    """Print all accounts."""
    found = _do(directory, accounts.every)
    if as_json:
        rows = [
            {"name": one.name, "role": one.role, "disabled": one.disabled, "must_change": one.must_change}
            for one in found
        ]
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    for one in found:
        notes = [
            word
            for word, said in (("disabled", one.disabled), ("one-time password", one.must_change))
            if said
        ]
        click.echo(f"{one.name}\t{one.role}\t{', '.join(notes) or 'active'}")


@account.command()
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.argument("name")
@click.argument("role", type=click.Choice([one.value for one in Role]))
def role(directory: Path, name: str, role: str) -> None:
    """Give an account another role; its sessions end."""
    _do(directory, lambda conn: accounts.set_role(conn, name, role), "role_changed", name, role=role)


@account.command()
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.argument("name")
def disable(directory: Path, name: str) -> None:
    """Keep an account out; its sessions end."""
    _do(directory, lambda conn: accounts.set_disabled(conn, name, True), "account_disabled", name)


@account.command()
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.argument("name")
def enable(directory: Path, name: str) -> None:
    """Let an account in again."""
    _do(directory, lambda conn: accounts.set_disabled(conn, name, False), "account_enabled", name)
