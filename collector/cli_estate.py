"""`estate check`, `estate apply`, `estate schema`."""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import click

from collector.cli_by import must_exist
from collector.cli_parts import DIRECTORY, FILE, Group, counted, fail
from collector.context import ConfigError, open_context
from collector.estate.errors import EstateError
from collector.estate.loading import Loaded


@click.group(cls=Group)
def estate() -> None:
    """The estate file: what there is, who looks at it, what is due."""


@estate.command()
@click.argument("file", type=FILE)
@click.option("--json", "as_json", is_flag=True)
def check(file: Path, as_json: bool) -> None:
    """Check FILE; every mistake with file, line and path. Exit 1 if there is one."""
    from collector.estate.contract_notes import start_note, weights_note

    loaded = _load(file, as_json)
    estate_ = loaded.estate
    notes = [*start_note(estate_.contract, date.today()), *weights_note(estate_), *loaded.notes]
    said = {
        "estate": loaded.estate.estate,
        "digest": loaded.digest,
        "notes": notes,
        "problems": [],
    }
    if as_json:
        click.echo(json.dumps(said, ensure_ascii=False))
        return
    for note in notes:
        click.echo(f"note: {note}")
    assets, looks = counted(len(estate_.assets), "asset"), counted(len(loaded.regular), "regular look")
    click.echo(f"good: {estate_.estate}, {assets}, {looks}")


@estate.command()
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.argument("file", type=FILE)
@click.option("--dry-run", is_flag=True, help="Stop after the diff.")
@click.option("--by", default="cli", show_default=True, help="Account that applies it.")
@click.option("--json", "as_json", is_flag=True)
def apply(directory: Path, file: Path, dry_run: bool, by: str, as_json: bool) -> None:
    """Print what would change, then log FILE and a plan for every approved agent."""
    from collector.jobs import estates

    loaded = _load(file, as_json)
    try:
        with open_context(directory) as context:
            must_exist(context, by)
            changes = estates.compare(context, loaded)
            notes = estates.notes(context, loaded)
            if not as_json:
                _show(changes, notes)
            outcome = None if dry_run else estates.apply(context, loaded, by=by)
    except (ConfigError, OSError) as error:
        fail(str(error))
    except estates.RoundError as error:
        fail(str(error))
    if as_json:
        said = {
            "changes": [asdict(change) for change in changes],
            "notes": notes,
            "digest": loaded.digest,
            "applied": outcome is not None and (outcome.idx is not None or bool(outcome.agents)),
            "entry": outcome.idx if outcome else None,
            "plans": list(outcome.agents) if outcome else [],
            "not_enrolled": list(outcome.waiting) if outcome else [],
        }
        click.echo(json.dumps(said, ensure_ascii=False))
    elif outcome is not None:
        click.echo(_done(outcome.idx, outcome.agents))
        if outcome.waiting:
            click.echo(f"not enrolled yet: {', '.join(outcome.waiting)}")


@estate.command()
def schema() -> None:
    """Print the JSON Schema of the estate file, for editors."""
    from collector.estate import schema as schemas

    click.echo(schemas.text(), nl=False)


def _show(changes: list[Any], notes: list[str]) -> None:
    for change in changes:
        click.echo(str(change))
    if not changes:
        click.echo("no change")
    for note in notes:
        click.echo(f"note: {note}")


def _done(entry: int | None, agents: tuple[str, ...]) -> str:
    if entry is None and not agents:
        return "in force already: nothing was logged"
    plans = f"new plans for {', '.join(agents)}" if agents else "no approved agent yet"
    return f"applied (entry {entry}); {plans}" if entry is not None else plans


def _load(file: Path, as_json: bool) -> Loaded:
    """The estate in `file`; its mistakes are printed and exit with 1."""
    from collector.estate.catalog import installed
    from collector.estate.loading import read_estate
    from collector.notify.channels import trouble

    if not file.is_file():
        fail(f"{file}: no such file")
    try:
        return read_estate(file.name, _reader(file.parent), installed(), trouble)
    except EstateError as error:
        if as_json:
            problems = [asdict(problem) for problem in error.problems]
            click.echo(json.dumps({"problems": problems}, ensure_ascii=False))
        else:
            for problem in error.problems:
                click.echo(str(problem), err=True)
        sys.exit(1)


def _reader(folder: Path) -> Callable[[str], bytes]:
    return lambda name: (folder / name).read_bytes()
