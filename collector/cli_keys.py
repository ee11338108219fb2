"""`key`: a person's own key, made and used where he is; `account key`: enrolled by another account."""

import json
import time
from pathlib import Path
from typing import Any

import click
from sqlalchemy.exc import SQLAlchemyError

from checks.wire.errors import WireError
from checks.wire.signing import Signer
from checks.wire.token import approval_code
from collector import keyfiles
from collector.cli_by import must_exist
from collector.cli_parts import DIRECTORY, FILE, Group, fail
from collector.context import ConfigError, open_context
from collector.statements.model import Through
from collector.statements.persons import ROLES, Request, encode_request, parse_request
from collector.statements.text import PERSON_KEY, TextError, pack, sign, unpack


def _origin(_context: click.Context, _param: click.Parameter, value: str) -> str:
    if "+" in value:
        name = value.split()[-1].partition("+")[0]
        raise click.BadParameter(
            f"{value!r} holds more than the log's name: it ends before the first +: {name}"
        )
    return value


origin = click.option(
    "--log",
    required=True,
    metavar="ORIGIN",
    callback=_origin,
    help="Name of the log it is for: in the policy the word after `log`, up to the first +.",
)
"""The log that signed bytes are for."""


def signer_of(path: Path, passphrase: Path | None = None) -> Signer:
    """The key in a file; asks for its passphrase where it has one that no file holds."""
    try:
        words = None if passphrase is None else passphrase.read_bytes().rstrip(b"\r\n")
        if words is None and keyfiles.encrypted(path):
            words = str(click.prompt("passphrase", hide_input=True, err=True)).encode()
        return keyfiles.load(path, words)
    except (keyfiles.KeyFileError, OSError) as error:
        fail(str(error))


passphrase_file = click.option(
    "--passphrase-file", type=FILE, help="File with the key's passphrase; else it is asked for."
)


@click.group(cls=Group)
def key() -> None:
    """A person's own signing key: made here, never given away."""


@key.command("make")
@click.argument("file", type=FILE)
@click.option("--passphrase", is_flag=True, help="Ask for a passphrase that protects the file.")
@passphrase_file
def make_(file: Path, passphrase: bool, passphrase_file: Path | None) -> None:
    """Make a key in a new FILE that only its owner can read; print its public half and its code."""
    try:
        words = None if passphrase_file is None else passphrase_file.read_bytes().rstrip(b"\r\n")
        if words is None and passphrase:
            asked = click.prompt("passphrase", hide_input=True, confirmation_prompt=True, err=True)
            words = str(asked).encode()
        made = keyfiles.make(file, words)
    except OSError as error:
        fail(str(error))
    _tell(made)


@key.command()
@click.argument("file", type=FILE)
@passphrase_file
def show(file: Path, passphrase_file: Path | None) -> None:
    """Print the public half of a key, and the code that two people compare."""
    _tell(signer_of(file, passphrase_file))


def _tell(signer: Signer) -> None:
    click.echo(f"public  {signer.public.hex()}")
    click.echo(f"code    {approval_code(signer.public)}")


@key.command()
@click.argument("file", type=FILE)
@click.option("--account", required=True, help="Account that it is for.")
@click.option("--role", required=True, type=click.Choice(ROLES), help="The account's role.")
@origin
@click.option("--old", type=FILE, help="The account's former key: it vouches for the new one.")
@passphrase_file
def request(
    file: Path, account: str, role: str, log: str, old: Path | None, passphrase_file: Path | None
) -> None:
    """Ask for a key to be enrolled: prints the request, signed by the key itself."""
    signer = signer_of(file, passphrase_file)
    try:
        data = encode_request(Request(log, account, role, signer.public, time.time_ns() // 1_000_000))
    except WireError as error:
        fail(str(error))
    signers = [signer] if old is None else [signer, signer_of(old)]
    click.echo(pack(data, [sign(data, one, PERSON_KEY) for one in signers]))


@key.command()
@click.argument("request_file", metavar="REQUEST", type=FILE)
@click.option("--key", "own", required=True, type=FILE, help="Key of whoever vouches.")
@passphrase_file
def vouch(request_file: Path, own: Path, passphrase_file: Path | None) -> None:
    """Vouch for somebody's key with one's own, after comparing the code with him: prints the request."""
    try:
        data, signatures = unpack(request_file.read_bytes())
        asked = parse_request(data)
    except (TextError, OSError) as error:
        fail(str(error))
    signer = signer_of(own, passphrase_file)
    click.echo(f"{asked.account} ({asked.role}) at {asked.log}, code {approval_code(asked.public)}", err=True)
    click.echo(pack(data, [*signatures, sign(data, signer, PERSON_KEY)]))


# -- at the collector --------------------------------------------------------------------------------


@click.group("key", cls=Group)
def account_key() -> None:
    """Keys of people at this collector: add, list, revoke."""


@account_key.command("add")
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.argument("request_file", metavar="REQUEST", type=FILE)
@click.option("--by", required=True, help="Account that enrols it: another one than the key's.")
def add_key(directory: Path, request_file: Path, by: str) -> None:
    """Enrol a person's key from its REQUEST; logged, and printed with its code."""
    from collector.jobs import account_keys
    from collector.jobs.statements import StatementError

    try:
        with open_context(directory) as context:
            must_exist(context, by)
            file = request_file.read_bytes()
            idx = account_keys.enrol(context, file, by=by, through=Through.COMMAND)
            asked = parse_request(unpack(file)[0])
    except StatementError as error:
        fail(f"{error} ({error.code})")
    except (ConfigError, OSError, SQLAlchemyError, WireError) as error:
        fail(str(error))
    click.echo(f"{asked.account}: key enrolled as entry {idx}, code {approval_code(asked.public)}")


@account_key.command("list")
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def list_keys(directory: Path, as_json: bool) -> None:
    """Print all keys of people, with who vouched for them."""
    from collector.store import account_keys

    try:
        with open_context(directory) as context, context.read() as conn:
            rows = account_keys.every(conn)
    except (ConfigError, OSError, SQLAlchemyError) as error:
        fail(str(error))
    made: list[dict[str, Any]] = [
        {**row._asdict(), "code": approval_code(bytes.fromhex(row.public))} for row in rows
    ]
    if as_json:
        click.echo(json.dumps(made, ensure_ascii=False))
        return
    for row in made:
        state = "signs" if row["until"] is None else f"until entry {row['until']}"
        who = row["vouchers"] or f"nobody; enrolled in the name of {row['by']}, without a login"
        click.echo(f"{row['account']}\t{row['role']}\t{row['code']}\t{state}\t{row['vouch']}: {who}")


@account_key.command()
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.argument("name")
@click.option("--reason", required=True)
@click.option("--by", default="cli", show_default=True, help="An admin, or the account itself.")
def revoke(directory: Path, name: str, reason: str, by: str) -> None:
    """From here on in the log the key of account NAME signs nothing."""
    from collector.jobs import statements

    try:
        with open_context(directory) as context:
            must_exist(context, by)
            idx = statements.add(context, "key_revoked", {"account": name, "reason": reason}, by=by)
    except statements.StatementError as error:
        fail(f"{error} ({error.code})")
    except (ConfigError, OSError, SQLAlchemyError) as error:
        fail(str(error))
    click.echo(f"{name}: key revoked by entry {idx}")
