"""`statement`: add, sign, second, list, kinds."""

import json
import sys
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import click
from sqlalchemy.exc import SQLAlchemyError

from checks.wire.errors import WireError
from collector.cli_by import must_exist
from collector.cli_keys import DIRECTORY, FILE, fail, passphrase_file, signer_of
from collector.context import ConfigError, Context, open_context
from collector.statements.fields import FieldsError
from collector.statements.kind import written
from collector.statements.kinds import KINDS
from collector.statements.model import Said
from collector.statements.text import Document, Text, encode, pack, sign


@click.group()
def statement() -> None:
    """Statements by people: signed with their own keys, or entered through their sessions."""


def _in(directory: Path, act: Callable[[Context], Any]) -> Any:
    """Act in a data directory; a refusal is printed with its code and exits with 2."""
    from collector.jobs.statements import StatementError

    try:
        with open_context(directory) as context:
            return act(context)
    except StatementError as error:
        fail(f"{error} ({error.code})")
    except (ConfigError, OSError, SQLAlchemyError) as error:
        fail(str(error))


def _pairs(given: tuple[str, ...]) -> dict[str, str]:
    made: dict[str, str] = {}
    for item in given:
        name, equals, value = item.partition("=")
        if not equals or name in made:
            fail(f"--field {item}: K=V is wanted, each field once")
        made[name] = value
    return made


def _signed(
    text: tuple[str, str, str], given: dict[str, str], document: bytes | None, key: Path, **more: Any
) -> bytes:
    """(log, kind, account) and fields as a signed statement; refusals exit with 2."""
    log, kind, by = text
    found = KINDS.get(kind)
    if found is None:
        fail(f"no statement {kind} in this version (unknown_kind)")
    try:
        fields = written(found, given)
    except FieldsError as error:
        fail(f"{error} ({error.code})")
    named = None if document is None else Document(sha256(document).hexdigest(), len(document))
    words = more.pop("passphrase")
    try:
        data = encode(Text(log, kind, by, time.time_ns() // 1_000_000, fields, named, **more))
    except WireError as error:
        fail(str(error))
    return pack(data, [sign(data, signer_of(key, words))])


_FIELD = click.option("--field", "given", multiple=True, metavar="K=V", help="A field of the statement.")
_PAPER = click.option("--file", "paper", type=FILE, help="Document whose digest is signed with it.")
_CORRECTS = click.option(
    "--corrects", type=click.IntRange(0, 2**53 - 1), help="Entry that this statement replaces."
)
_AMENDMENT = click.option("--amendment", is_flag=True, help="For a period that is sealed already.")


@statement.command("add")
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.argument("kind", metavar="[KIND]", required=False)
@_FIELD
@_PAPER
@click.option("--by", default="cli", show_default=True, help="Account that makes the statement.")
@click.option("--key", type=FILE, help="The account's own key: the statement is signed with it.")
@passphrase_file
@click.option("--signed", type=FILE, help="A statement that was signed elsewhere (statement sign).")
@_CORRECTS
@_AMENDMENT
@click.option("--json", "as_json", is_flag=True)
def add_(
    directory: Path,
    kind: str | None,
    given: tuple[str, ...],
    paper: Path | None,
    by: str,
    key: Path | None,
    passphrase_file: Path | None,
    signed: Path | None,
    corrects: int | None,
    amendment: bool,
    as_json: bool,
) -> None:
    """Log a statement; it counts from its receipt on, and is never changed.

    KIND and its fields: `statement kinds`; approval (window=ID, reason=TEXT); about a backup object:
    recovery, media_tested, backup_excuse, backup_accept, backup_change, backup_epoch, backup_alias
    (docs/backups.md). Without --key it is entered through a session: this collector signs it.
    """
    from collector.jobs import derive, statements

    if (kind is None) == (signed is None):
        fail("KIND, or --signed FILE: one of the two is wanted")
    pairs = _pairs(given)

    def act(context: Context) -> tuple[int, bytes | None]:
        must_exist(context, by)
        document = paper.read_bytes() if paper else None
        derive.catch_up(context)  # faults that a statement names are known from what was derived
        more = {"corrects": corrects, "amendment": amendment}
        if signed is not None:
            return statements.add_signed(context, signed.read_bytes(), by=by, document=document), document
        name = str(kind)
        if key is not None:
            parts = (context.origin, name, by)
            file = _signed(parts, pairs, document, key, passphrase=passphrase_file, **more)
            return statements.add_signed(context, file, by=by, document=document), document
        return statements.add(context, name, pairs, by=by, document=document, **more), document  # type: ignore[arg-type]  # two options, by name

    idx, document = _in(directory, act)
    digest = sha256(document).hexdigest() if document else None
    if as_json:
        click.echo(json.dumps({"entry": idx, "kind": kind, "document": digest}))
    else:
        click.echo(f"{kind or 'statement'} logged as entry {idx}")


@statement.command("sign")
@click.argument("kind", metavar="KIND")
@_FIELD
@_PAPER
@click.option("--key", required=True, type=FILE, help="One's own key.")
@passphrase_file
@click.option("--by", required=True, help="One's account.")
@click.option("--log", required=True, metavar="ORIGIN", help="Origin of the log it is for.")
@_CORRECTS
@_AMENDMENT
def sign_(
    kind: str,
    given: tuple[str, ...],
    paper: Path | None,
    key: Path,
    passphrase_file: Path | None,
    by: str,
    log: str,
    corrects: int | None,
    amendment: bool,
) -> None:
    """Sign a statement where one is, without the collector: prints it, for `statement add --signed`."""
    try:
        document = paper.read_bytes() if paper else None
    except OSError as error:
        fail(str(error))
    more = {"passphrase": passphrase_file, "corrects": corrects, "amendment": amendment}
    click.echo(_signed((log, kind, by), _pairs(given), document, key, **more))


@statement.command()
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.argument("entry", metavar="ENTRY", type=click.IntRange(0))
@click.option("--by", required=True, help="Another account than the one that said it.")
@click.option("--key", type=FILE, help="That account's own key.")
@passphrase_file
def second(directory: Path, entry: int, by: str, key: Path | None, passphrase_file: Path | None) -> None:
    """Join in a statement that wants two persons."""
    from collector.jobs import statements

    def act(context: Context) -> int:
        must_exist(context, by)
        if key is None:
            return statements.second(context, entry, by=by)
        parts = (context.origin, "second", by)
        file = _signed(parts, {"entry": str(entry)}, None, key, passphrase=passphrase_file)
        return statements.add_signed(context, file, by=by)

    click.echo(f"entry {entry} joined by {by}: entry {_in(directory, act)}")


@statement.command("list")
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.option("--kind", help="Of one kind only.")
@click.option("--all", "everything", is_flag=True, help="Also what was replaced, or waits for a second.")
@click.option("--json", "as_json", is_flag=True)
def list_(directory: Path, kind: str | None, everything: bool, as_json: bool) -> None:
    """Print the statements that stand."""
    from collector.jobs import said

    def act(context: Context) -> tuple[Said, ...]:
        with context.read() as conn:
            now = context.now()
            return said.every_said(conn, now) if everything else said.all_said(conn, now)

    found = [one for one in _in(directory, act) if kind in (None, one.kind)]
    if as_json:
        click.echo(json.dumps([_plain(one) for one in found], ensure_ascii=False))
        return
    for one in found:
        how = "signed" if one.through == "key" else "session"
        marks = "".join(
            f", {word}" for word, on in (("late", one.late), ("after the seal", one.after_seal)) if on
        )
        fields = " ".join(f"{name}={value}" for name, value in one.fields.items())
        click.echo(f"{one.entry}\t{one.kind}\t{one.by} ({one.role or '-'}, {how}{marks})\t{fields}")


def _plain(one: Said) -> dict[str, Any]:
    return {
        **{name: getattr(one, name) for name in Said.__slots__ if name not in ("fields", "seconds")},
        "fields": dict(one.fields),
        "seconds": list(one.seconds),
    }


@statement.command()
@click.option("--json", "as_json", is_flag=True)
def kinds(as_json: bool) -> None:
    """Print every kind of statement with its fields and who may make it."""
    if as_json:
        rows = [
            {
                "kind": one.name,
                "zh": one.zh,
                "en": one.en,
                "who": sorted(one.who),
                "two": one.two,
                "document": one.paper,
                "fields": [
                    {"name": f.name, "type": f.type, "required": f.required, "choices": list(f.choices)}
                    for f in one.fields
                ],
            }
            for one in KINDS.values()
        ]
        json.dump(rows, sys.stdout, ensure_ascii=False)
        click.echo()
        return
    for one in KINDS.values():
        fields = " ".join(f.name if f.required else f"[{f.name}]" for f in one.fields)
        two = ", two persons" if one.two else ""
        click.echo(f"{one.name}\t{one.zh}\t{fields}\t({', '.join(sorted(one.who))}{two})")
