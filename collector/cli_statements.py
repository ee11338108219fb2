"""`statement`: add, sign, second, list, kinds."""

import json
import sys
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import click
from sqlalchemy.exc import SQLAlchemyError

from checks.wire.errors import WireError
from collector.cli_by import COMMAND_LINE, must_exist
from collector.cli_keys import origin, passphrase_file, signer_of
from collector.cli_parts import DIRECTORY, FILE, Group, fail
from collector.context import ConfigError, Context, open_context
from collector.statements.fields import ZONE, FieldsError, Type
from collector.statements.kind import written
from collector.statements.kinds import KINDS
from collector.statements.model import Said, Through
from collector.statements.standing import Beside, beside
from collector.statements.text import Document, Text, encode, pack, parse, sign, unpack

_BY_COMMAND = ("key_revoked",)
_OF_FIELD = ("missing_field", "unknown_field", "bad_field")


@click.group(cls=Group)
def statement() -> None:
    """Statements by people: signed with their own keys, or entered through their sessions."""


def _in(directory: Path, act: Callable[[Context], Any]) -> Any:
    """Act in a data directory; a refusal is printed with its code and exits with 2."""
    from collector.jobs.statements import StatementError

    try:
        with open_context(directory) as context:
            return act(context)
    except StatementError as error:
        fail(_why(error, error.code))
    except (ConfigError, OSError, SQLAlchemyError) as error:
        fail(str(error))


def _why(error: Exception, code: str) -> str:
    """A refusal; one of a field begins with its name, and says here that it is one."""
    more = "; `statement kinds` lists them" if code == "unknown_kind" else ""
    return f"{'--field ' if code in _OF_FIELD else ''}{error}{more} ({code})"


def _pairs(given: tuple[str, ...]) -> dict[str, str]:
    made: dict[str, str] = {}
    for item in given:
        name, equals, value = item.partition("=")
        if not equals or not name:
            fail(f"--field {item}: K=V is wanted")
        if name in made:
            fail(f"--field {item}: {name} is given twice, each field once")
        made[name] = value
    return made


def _signed(
    text: tuple[str, str, str], given: dict[str, str], document: bytes | None, key: Path, **more: Any
) -> bytes:
    """(log, kind, account) and fields as a signed statement; refusals exit with 2."""
    log, kind, by = text
    found = KINDS.get(kind)
    if found is None:
        fail(f"no statement {kind} in this version; `statement kinds` lists them (unknown_kind)")
    try:
        fields = written(found, given)
    except FieldsError as error:
        fail(_why(error, error.code))
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
@click.option("--by", help="Account that makes the statement; not needed with --signed.")
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
    by: str | None,
    key: Path | None,
    passphrase_file: Path | None,
    signed: Path | None,
    corrects: int | None,
    amendment: bool,
    as_json: bool,
) -> None:
    """Log a statement; it counts from its receipt on, and is never changed.

    KIND and its fields: `statement kinds`, each said by an account (--by) whose role may; without one:
    approval (window=ID, reason=TEXT), key_revoked, and about a backup object:
    recovery, media_tested, backup_excuse, backup_accept, backup_change, backup_epoch, backup_alias
    (docs/backups.md). Without --key it is entered through a session: this collector signs it.
    """
    from collector.jobs import derive, statements

    if (kind is None) == (signed is None):
        fail("KIND, or --signed FILE: one of the two is wanted")
    pairs = _pairs(given)
    whose = _whose(by, kind)

    def act(context: Context) -> tuple[int, bytes | None]:
        must_exist(context, whose)
        document = paper.read_bytes() if paper else None
        derive.catch_up(context)  # faults that a statement names are known from what was derived
        more = {"corrects": corrects, "amendment": amendment}
        if signed is not None:
            return statements.add_signed(context, signed.read_bytes(), by=whose, document=document), document
        name = str(kind)
        if key is not None:
            parts = (context.origin, name, whose)
            file = _signed(parts, pairs, document, key, passphrase=passphrase_file, **more)
            return statements.add_signed(context, file, by=whose, document=document), document
        wrote = partial(statements.add, context, name, pairs, by=whose, through=Through.COMMAND)
        return wrote(document=document, corrects=corrects, amendment=amendment), document

    idx, document = _in(directory, act)
    digest = sha256(document).hexdigest() if document else None
    name = kind if signed is None else parse(unpack(signed.read_bytes())[0]).kind
    if as_json:
        click.echo(json.dumps({"entry": idx, "kind": name, "document": digest}))
    else:
        click.echo(f"{name} logged as entry {idx}")


def _whose(by: str | None, kind: str | None) -> str:
    """The account that says it. Nobody's name is enough for what counts; what the contract's sides have no
    part in (a window's approval from before there were schemas, backups) the command line may say."""
    if by is not None:
        return by
    found = KINDS.get(kind or "")
    if found is not None and not found.older and found.name not in _BY_COMMAND:
        fail(f"--by: {kind} is said by somebody: name the account")
    return COMMAND_LINE


@statement.command("sign")
@click.argument("kind", metavar="KIND")
@_FIELD
@_PAPER
@click.option("--key", required=True, type=FILE, help="One's own key.")
@passphrase_file
@click.option("--by", required=True, help="One's account.")
@origin
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
    """Sign a statement where one is, without the collector: prints it, for `statement add --signed`.

    ORIGIN is the log's name, without which nobody else's log can take it: the first line of a checkpoint; in
    the policy (DIR/policy, `log ORIGIN+KEY-ID+KEY`) the word after `log` up to the first +.
    """
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
            return statements.second(context, entry, by=by, through=Through.COMMAND)
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
    """Print the statements that stand; where several are about one thing, which of them counts.

    Times are the contract's (Asia/Shanghai); --json has them in UTC milliseconds.
    """
    from collector.jobs import said

    def act(context: Context) -> tuple[Said, ...]:
        with context.read() as conn:
            now = context.now()
            return said.every_said(conn, now) if everything else said.all_said(conn, now)

    every = _in(directory, act)
    others = beside(every)
    found = [one for one in every if kind in (None, one.kind)]
    if as_json:
        rows = [_plain(one, others.get(one.entry)) for one in found]
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    for one in found:
        how = _HOW[one.through]
        marks = "".join(f", {word}" for word in _marks(one, others.get(one.entry)))
        fields = " ".join(f"{name}={_shown(one, name)}" for name in one.fields)
        click.echo(f"{one.entry}\t{one.kind}\t{one.by} ({one.role or '-'}, {how}{marks})\t{fields}")


_HOW = {Through.KEY: "signed", Through.SESSION: "session", Through.COMMAND: "command line"}


def _marks(one: Said, other: Beside | None) -> list[str]:
    marks = {
        "late": one.late,
        "after the seal": one.after_seal,
        "confirmed by the buyer": one.confirmed,
        "of several about this the one that counts": other is not None and other.counts == one.entry,
    }
    made = [word for word, on in marks.items() if on]
    if other is not None and other.counts != one.entry:
        made.append(f"entry {other.counts} counts" + (", disputed" if one.entry in other.disputed else ""))
    return made


def _shown(one: Said, name: str) -> object:
    """A value; instants in the contract's zone."""
    value, kind = one.fields[name], KINDS.get(one.kind)
    field = None if kind is None else kind.field(name)
    if field is None or field.type is not Type.INSTANT or type(value) is not int:
        return value
    return datetime.fromtimestamp(value / 1000, ZONE).isoformat(timespec="seconds")


def _plain(one: Said, other: Beside | None) -> dict[str, Any]:
    return {
        **{name: getattr(one, name) for name in Said.__slots__ if name not in ("fields", "seconds")},
        "fields": dict(one.fields),
        "seconds": list(one.seconds),
        "counts": other is None or other.counts == one.entry,
        "disputed": other is not None and one.entry in other.disputed,
    }


@statement.command()
@click.option("--json", "as_json", is_flag=True)
def kinds(as_json: bool) -> None:
    """Print every kind of statement with its fields and who may make it."""
    if as_json:
        from collector.jobs.judging_json import kind

        json.dump([kind(one) for one in KINDS.values()], sys.stdout, ensure_ascii=False)
        click.echo()
        return
    for one in KINDS.values():
        fields = " ".join(f.name if f.required else f"[{f.name}]" for f in one.fields)
        two = ", two persons" if one.two else ""
        click.echo(f"{one.name}\t{one.zh}\t{fields}\t({', '.join(sorted(one.who))}{two})")
